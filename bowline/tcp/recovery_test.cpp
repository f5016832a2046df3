#include "bowline/tcp/recovery.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bowline::tcp {
namespace {

constexpr std::uint32_t kMss = 1'000;
const SeqNumber kPoint(77);

Recovery entered(std::uint32_t flight_segments, std::uint32_t ssthresh_segments) {
  Recovery recovery;
  recovery.enter(kPoint, flight_segments * kMss, ssthresh_segments * kMss);
  return recovery;
}

// 9937-6.1a 9937-6.2d
TEST(Recovery, LastsUntilWhatWasInFlightIsAcknowledged) {
  Recovery recovery = entered(20, 10);
  EXPECT_TRUE(recovery.active());
  EXPECT_EQ(recovery.point(), kPoint);
  recovery.leave(kPoint + 5);
  EXPECT_FALSE(recovery.active());
  EXPECT_EQ(recovery.point(), kPoint + 5);
}

// RFC 9937 section 6.2: the first retransmission goes out whatever the count says.
// 9937-6.2c
TEST(Recovery, FirstRepairIsAlwaysAllowed) {
  Recovery recovery = entered(20, 10);
  EXPECT_EQ(recovery.allowance(kMss), kMss);
  recovery.sent(kMss);
  EXPECT_EQ(recovery.allowance(kMss), 0U);
}

// RFC 9937 section 8, the first example (and RFC 6937 section 3.1): 20 segments in flight, ssthresh
// 10, the first is lost. Data goes out for every second ACK, evenly, and the pipe ends at ssthresh.
// 9937-6.2a
TEST(Recovery, HalvesEvenlyOverOneRoundTrip) {
  Recovery recovery = entered(20, 10);
  recovery.sent(kMss);             // the fast retransmit
  std::uint32_t pipe = 18 * kMss;  // 20 less the lost one and two duplicates, plus the repeat
  std::uint32_t sent = 1;
  std::uint32_t longest_pause = 0;
  std::uint32_t pause = 0;
  // Three duplicate ACKs have come before; 16 more follow.
  for (std::uint32_t acks = 1; acks <= 16; ++acks) {
    pipe -= kMss;
    recovery.acked(kMss, pipe, kMss, false);
    const std::uint32_t due = recovery.allowance(kMss) / kMss;
    ASSERT_LE(due, 1U) << "no bursts";
    pause = due == 0 ? pause + 1 : 0;
    longest_pause = std::max(longest_pause, pause);
    if (due == 0) continue;
    recovery.sent(kMss);
    pipe += kMss;
    ++sent;
  }
  EXPECT_EQ(sent, 9U) << "one for two, and the last to keep the pipe at ssthresh";
  EXPECT_LE(longest_pause, 3U) << "no half-window silence";
  EXPECT_EQ(pipe, 10 * kMss);
}

// RFC 9937 section 6.1: SndCnt = CEIL(prr_delivered * ssthresh / RecoverFS) - prr_out.
TEST(Recovery, ProportionIsThatOfTheWindows) {
  Recovery recovery = entered(10, 7);  // CUBIC's 0.7
  recovery.sent(kMss);
  recovery.acked(5 * kMss, 8 * kMss, kMss, false);
  EXPECT_EQ(recovery.allowance(kMss), 2'500U);  // 5000 * 7 / 10 - 1000
}

// RFC 9937 section 6.1, the other branch: below ssthresh, as much as was delivered, and one segment
// more for an ACK that makes progress without a new loss (SafeACK), but not above ssthresh.
// 9937-6.2b
TEST(Recovery, GrowsBackWhenTheNetworkIsEmptier) {
  Recovery recovery = entered(20, 10);
  recovery.sent(kMss);
  recovery.acked(2 * kMss, 4 * kMss, kMss, false);
  EXPECT_EQ(recovery.allowance(kMss), 2 * kMss) << "conservative: packet for packet";
  Recovery safe = entered(20, 10);
  safe.sent(kMss);
  safe.acked(2 * kMss, 4 * kMss, kMss, true);
  EXPECT_EQ(safe.allowance(kMss), 3 * kMss) << "SafeACK: slow start";
  Recovery bounded = entered(20, 10);
  bounded.sent(kMss);
  bounded.acked(8 * kMss, 9 * kMss, kMss, false);
  EXPECT_EQ(bounded.allowance(kMss), kMss) << "MIN(ssthresh - inflight, ...)";
}

// RFC 6582 3.2 step 5: each partial ACK lets the next hole be repaired at once.
TEST(Recovery, PartialAckRepairsTheNextHole) {
  Recovery recovery = entered(20, 2);
  recovery.sent(kMss);
  recovery.acked(kMss, 18 * kMss, kMss, true);
  EXPECT_EQ(recovery.allowance(kMss), kMss);
  recovery.sent(kMss);
  EXPECT_EQ(recovery.allowance(kMss), 0U);
}

// RFC 9937 section 7: over the whole of recovery no more goes out than was delivered, but for what
// SafeACK adds below ssthresh.
TEST(Recovery, NeverSendsMoreThanWasDeliveredAboveTheThreshold) {
  for (std::uint32_t flight = 4; flight < 60; ++flight) {
    Recovery recovery = entered(flight, flight / 2);
    std::uint32_t sent = kMss;
    std::uint32_t delivered = 0;
    recovery.sent(kMss);
    for (std::uint32_t i = 1; i < flight; ++i) {
      delivered += kMss;
      recovery.acked(kMss, flight * kMss, kMss, false);
      const std::uint32_t due = recovery.allowance(kMss);
      recovery.sent(due);
      sent += due;
      ASSERT_LE(sent, delivered + kMss);
    }
    EXPECT_EQ(sent, std::max(kMss, (delivered * (flight / 2) + flight - 1) / flight));
  }
}

// RFC 9937 section 6.1: cwnd is pipe + SndCnt; before anything was sent the repair is let out.
TEST(Recovery, TheWindowIsWhatIsInTheNetworkAndWhatMayBeSent) {
  Recovery recovery = entered(10, 7);
  recovery.acked(kMss, 6 * kMss, kMss, false);
  EXPECT_EQ(recovery.window(), 7 * kMss);
  recovery.sent(kMss);
  recovery.acked(2 * kMss, 5 * kMss, kMss, false);
  EXPECT_EQ(recovery.window(), 7 * kMss);
}

}  // namespace
}  // namespace bowline::tcp
