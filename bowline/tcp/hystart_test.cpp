// RFC 9406 section 4, by scripts of round trips.

#include "bowline/tcp/hystart.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

constexpr std::uint32_t kMss = 1'000;

/// A sender in slow start whose rounds have as many ACKs and RTTs as the test says.
struct Sender {
  HyStart hystart;
  SeqNumber una{1'000};
  SeqNumber nxt{11'000};
  std::uint32_t grown = 0;

  Sender() { hystart.start(nxt); }

  /// `samples` ACKs of a segment each with this RTT; the last of them ends the round.
  void round(Duration rtt, int samples = 10) {
    grown = 0;
    for (int i = 0; i < samples; ++i) {
      una = i + 1 < samples ? una + kMss : nxt;
      if (i + 1 == samples) nxt += 20 * kMss;
      hystart.sample(rtt);
      grown += hystart.growth(una, nxt, kMss);
    }
  }
};

using Phase = HyStart::Phase;

// Section 4.2: without growth of the RTT slow start goes on, at its full pace.
TEST(HyStart, AConstantRttChangesNothing) {
  Sender sender;
  for (int i = 0; i < 20; ++i) sender.round(50ms);
  EXPECT_EQ(sender.hystart.phase(), Phase::slow_start);
  EXPECT_EQ(sender.grown, 10 * kMss);
}

// Section 4.3: L is infinite with pacing.
TEST(HyStart, AMergedAckCountsWhole) {
  Sender sender;
  EXPECT_EQ(sender.hystart.growth(sender.una + 1, sender.nxt, 50 * kMss), 50 * kMss);
}

// "if (currentRoundMinRTT >= (lastRoundMinRTT + RttThresh))": an eighth, between 4 and 16 ms.
TEST(HyStart, AnEighthMoreEntersConservativeSlowStart) {
  Sender below;
  below.round(80ms);
  below.round(89ms);
  EXPECT_EQ(below.hystart.phase(), Phase::slow_start);
  Sender sender;
  sender.round(80ms);
  sender.round(90ms);
  EXPECT_EQ(sender.hystart.phase(), Phase::conservative);
}

TEST(HyStart, TheThresholdLiesBetween4And16Milliseconds) {
  Sender fast;
  fast.round(1ms);
  fast.round(4ms);
  EXPECT_EQ(fast.hystart.phase(), Phase::slow_start);
  fast.round(8ms);
  EXPECT_EQ(fast.hystart.phase(), Phase::conservative);
  Sender slow;
  slow.round(800ms);
  slow.round(816ms);
  EXPECT_EQ(slow.hystart.phase(), Phase::conservative);
}

// N_RTT_SAMPLE: fewer than eight samples judge nothing.
TEST(HyStart, SevenSamplesAreTooFew) {
  Sender sender;
  sender.round(50ms, 7);
  sender.round(90ms, 7);
  EXPECT_EQ(sender.hystart.phase(), Phase::slow_start);
  sender.round(150ms, 8);
  EXPECT_EQ(sender.hystart.phase(), Phase::conservative);
}

// CSS_GROWTH_DIVISOR: a quarter of the pace.
TEST(HyStart, ConservativeSlowStartGrowsByAQuarter) {
  Sender sender;
  sender.round(50ms);
  sender.round(60ms);
  sender.round(60ms);
  EXPECT_EQ(sender.grown, 10 * kMss / 4);
}

// "If currentRoundMinRTT < cssBaselineMinRtt": it was noise, slow start is resumed.
TEST(HyStart, ASmallerRttResumesSlowStart) {
  Sender sender;
  sender.round(50ms);
  sender.round(60ms);
  sender.round(59ms);
  EXPECT_EQ(sender.hystart.phase(), Phase::slow_start);
  sender.round(50ms);
  EXPECT_EQ(sender.grown, 10 * kMss);
}

// CSS_ROUNDS: after five rounds, the partial one at its beginning included, slow start is over.
TEST(HyStart, FiveRoundsEndIt) {
  Sender sender;
  sender.round(50ms);
  sender.round(60ms);
  for (int i = 0; i < 3; ++i) sender.round(60ms);
  EXPECT_EQ(sender.hystart.phase(), Phase::conservative);
  sender.round(60ms);
  EXPECT_EQ(sender.hystart.phase(), Phase::done);
}

TEST(HyStart, ALossEndsIt) {
  Sender sender;
  sender.hystart.finish();
  sender.round(50ms);
  sender.round(500ms);
  EXPECT_EQ(sender.hystart.phase(), Phase::done);
}

}  // namespace
}  // namespace bowline::tcp
