// RFC 3522 and 3708 (what is needless), and what RFC 4015 gives back.

#include "bowline/tcp/undo.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

constexpr std::uint32_t kMss = 1'000;

class UndoTest : public ::testing::Test {
 protected:
  UndoTest() {
    congestion_.start(kMss, 10, CongestionAlgorithm::cubic, HyStartForm::plus_plus, SeqNumber(0));
    undo_.begin(congestion_, Time(1s));
    congestion_.lost(10 * kMss);
    congestion_.recovered();
  }
  CongestionControl congestion_;
  Undo undo_;
};

TEST_F(UndoTest, NothingSentAgainIsNoMistake) { EXPECT_FALSE(undo_.was_spurious()); }

// RFC 3708 section 2: all of them must have been needless.
TEST_F(UndoTest, EveryRetransmissionMustHaveBeenNeedless) {
  undo_.retransmitted();
  undo_.retransmitted();
  undo_.needless(1);
  EXPECT_FALSE(undo_.was_spurious());
  undo_.needless(1);
  EXPECT_TRUE(undo_.was_spurious());
}

TEST_F(UndoTest, MoreProofsThanRetransmissionsAreNoCredit) {
  undo_.retransmitted();
  undo_.needless(5);
  undo_.retransmitted();
  EXPECT_FALSE(undo_.was_spurious());
}

// RFC 4015 section 3.2: window and threshold are as before; a second reduction keeps the first.
TEST_F(UndoTest, GivesBackWhatWasBeforeTheFirstReduction) {
  undo_.begin(congestion_, Time(1s));
  congestion_.timed_out(5 * kMss, 0, true);
  ASSERT_EQ(congestion_.cwnd(), kMss);
  congestion_.undo(undo_.before());
  EXPECT_EQ(congestion_.cwnd(), 10 * kMss);
  EXPECT_GT(congestion_.ssthresh(), 1U << 30);
}

}  // namespace
}  // namespace bowline::tcp
