// RFC 3522 (Eifel detection by timestamps) and RFC 3708 (by D-SACK), and what RFC 4015 gives back.

#include "bowline/tcp/undo.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

constexpr std::uint32_t kMss = 1'000;

class UndoTest : public ::testing::Test {
 protected:
  UndoTest() {
    congestion_.start(kMss, 10, CongestionAlgorithm::cubic, SeqNumber(0));
    undo_.begin(congestion_);
    congestion_.lost(10 * kMss);
    congestion_.recovered();
  }
  CongestionControl congestion_;
  Undo undo_;
};

TEST_F(UndoTest, NothingSentAgainIsNoMistake) { EXPECT_FALSE(undo_.was_spurious(Time(1s))); }

// RFC 3522 section 3.2 step 5: the echo is older than the first retransmission.
TEST_F(UndoTest, AnOlderEchoAnswersTheOriginal) {
  undo_.retransmitted(Time(2s));
  undo_.retransmitted(Time(3s));
  EXPECT_FALSE(undo_.was_spurious(Time(2s)));
  EXPECT_FALSE(undo_.was_spurious(Time{})) << "no echo, no evidence";
  EXPECT_TRUE(undo_.was_spurious(Time(1'999ms)));
}

// The clock of timestamps ticks in milliseconds.
TEST_F(UndoTest, AnEchoFromTheSameMillisecondProvesNothing) {
  undo_.retransmitted(Time(2s + 700us));
  EXPECT_FALSE(undo_.was_spurious(Time(2s)));
}

// RFC 3708 section 2: every retransmission came twice.
TEST_F(UndoTest, DsacksOfAllRetransmissions) {
  undo_.retransmitted(Time(2s));
  undo_.retransmitted(Time(2s));
  undo_.duplicate_reported();
  EXPECT_FALSE(undo_.was_spurious(Time{}));
  undo_.duplicate_reported();
  EXPECT_TRUE(undo_.was_spurious(Time{}));
}

// RFC 4015 section 3.2: window and threshold are as before; a second reduction keeps the first.
TEST_F(UndoTest, GivesBackWhatWasBeforeTheFirstReduction) {
  undo_.begin(congestion_);
  congestion_.timed_out(5 * kMss, 0, true);
  ASSERT_EQ(congestion_.cwnd(), kMss);
  congestion_.undo(undo_.before());
  EXPECT_EQ(congestion_.cwnd(), 10 * kMss);
  EXPECT_GT(congestion_.ssthresh(), 1U << 30);
}

}  // namespace
}  // namespace bowline::tcp
