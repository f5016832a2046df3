// The two signs that end slow start in Linux's CUBIC.

#include "bowline/tcp/classic_hystart.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

constexpr std::uint32_t kMss = 1'000;
constexpr Duration kRtt = 80ms;

/// A round trip's acknowledgments, one segment each.
struct Acks {
  ClassicHyStart hystart;
  Time now{1s};
  SeqNumber una{0xffff'ff00};  // the numbers wrap
  std::uint32_t cwnd = 40 * kMss;
  bool paced = false;

  // How many of `count` ACKs, `gap` apart, with RTTs of `rtt`, come before slow start ends; `count`
  // if it goes on.
  int round(int count, Duration gap, Duration rtt) {
    const SeqNumber end = una + static_cast<std::uint32_t>(count + 1) * kMss;
    for (int i = 0; i < count; ++i) {
      una += kMss;
      AckEvent event;
      event.now = now;
      event.rtt = rtt;
      event.srtt = event.min_rtt = kRtt;
      event.paced = paced;
      event.una = una;
      event.nxt = end;
      if (hystart.acked(event, cwnd, kMss)) {
        return i;
      }
      now += gap;
    }
    una += 2 * kMss;  // the next round
    return count;
  }
};

TEST(ClassicHyStart, AShortTrainOfEvenRttsGoesOn) {
  Acks acks;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(acks.round(30, 1ms, kRtt), 30);
    acks.now += 40ms;
  }
}

// Half of the smallest RTT (and half a millisecond for bursts), without pacing.
TEST(ClassicHyStart, ATrainOfHalfTheRttEndsIt) {
  Acks acks;
  EXPECT_EQ(acks.round(100, 1ms, kRtt), 41);
}

TEST(ClassicHyStart, PacedItIsAWholeOne) {
  Acks acks;
  acks.paced = true;
  EXPECT_EQ(acks.round(100, 1ms, kRtt), 82);
}

TEST(ClassicHyStart, AcksFarApartAreNoTrain) {
  Acks acks;
  EXPECT_EQ(acks.round(100, 3ms, kRtt), 100);
}

// An eighth of the smallest RTT, 4 to 16 ms, and not before eight samples.
TEST(ClassicHyStart, GrownRttsEndItAfterEightSamples) {
  Acks acks;
  EXPECT_EQ(acks.round(20, 1ms, kRtt + kRtt / 8 + 1ms), 8);
}

TEST(ClassicHyStart, LessThanAnEighthIsNoise) {
  Acks acks;
  EXPECT_EQ(acks.round(20, 1ms, kRtt + kRtt / 8), 20);
}

// The samples of a round are its own.
TEST(ClassicHyStart, EachRoundIsJudgedByItself) {
  Acks acks;
  EXPECT_EQ(acks.round(5, 1ms, kRtt + 40ms), 5);
  EXPECT_EQ(acks.round(5, 1ms, kRtt + 40ms), 5);
  EXPECT_EQ(acks.round(20, 1ms, kRtt + 40ms), 8);
}

TEST(ClassicHyStart, ASmallWindowGrowsInAnyCase) {
  Acks acks;
  acks.cwnd = 15 * kMss;
  EXPECT_EQ(acks.round(100, 1ms, 2 * kRtt), 100);
}

// Linux 5.16 to 6.13: the first round begins with the window from which on it counts.
TEST(ClassicHyStart, TheFirstRoundBeginsWithALargeWindow) {
  Acks acks;
  acks.cwnd = 15 * kMss;
  const SeqNumber end = acks.una + 30 * kMss;
  EXPECT_EQ(acks.round(10, 1ms, kRtt + 40ms), 10);
  acks.cwnd = 16 * kMss;
  AckEvent event;
  event.rtt = kRtt + 40ms;
  event.srtt = event.min_rtt = kRtt;
  event.nxt = end;
  int samples = 0;
  for (; samples < 20; ++samples) {
    event.now = acks.now += 3ms;
    event.una = acks.una += kMss;
    if (acks.hystart.acked(event, acks.cwnd, kMss)) break;
  }
  EXPECT_EQ(samples, 8) << "what came before is not counted";
}

}  // namespace
}  // namespace bowline::tcp
