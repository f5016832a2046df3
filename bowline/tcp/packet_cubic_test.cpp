// Linux's CUBIC (bictcp_update() and its relatives), by what follows from its numbers.

#include "bowline/tcp/packet_cubic.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace bowline::tcp {
namespace {

constexpr std::uint32_t kMss = 1'000;

// A connection whose window is always full and whose packets are acknowledged one by one.
struct Flow {
  PacketCubic cubic;
  std::uint32_t cwnd = 10 * kMss;
  double now = 1'000'000;  // ms
  double rtt = 100;

  void acked(std::uint32_t packets = 1) {
    cubic.acked(Time(static_cast<std::int64_t>(now) * 1ms), packets * kMss,
                static_cast<std::int64_t>(rtt) * 1ms, kMss, cwnd);
  }
  void run(double milliseconds) {
    for (const double end = now + milliseconds; now < end;) {
      now += rtt / window();
      acked();
    }
  }
  void lose() { cwnd = cubic.lost(cwnd, cwnd, kMss); }
  [[nodiscard]] std::uint32_t window() const { return cwnd / kMss; }
};

// 717/1024 of the window in whole packets, whatever of it is in flight; two at least.
TEST(PacketCubic, ALossTakesThreeTenthsOfTheWindow) {
  PacketCubic cubic;
  EXPECT_EQ(cubic.lost(10 * kMss, 0, kMss), 7 * kMss);
  EXPECT_EQ(cubic.lost(19 * kMss, 0, kMss), 13 * kMss);
  EXPECT_EQ(cubic.lost(2 * kMss, 0, kMss), 2 * kMss);
}

// RFC 9438 section 4.7: who loses below the last W_max makes room for others.
TEST(PacketCubic, ConvergesFast) {
  PacketCubic cubic;
  static_cast<void>(cubic.lost(100 * kMss, 0, kMss));
  EXPECT_EQ(cubic.w_max(), 100U);
  static_cast<void>(cubic.lost(80 * kMss, 0, kMss));
  EXPECT_EQ(cubic.w_max(), 68U) << "80 * (1024 + 717) / 2048";
}

// While no loss has said how much fits it grows by one packet for 20 or fewer, from the first on.
TEST(PacketCubic, GrowsByATwentiethAtTheLeastBeforeTheFirstLoss) {
  Flow flow;
  flow.cwnd = 100 * kMss;
  flow.rtt = 1;
  for (int i = 0; i < 19; ++i) flow.acked();
  EXPECT_EQ(flow.window(), 100U);
  flow.acked();
  EXPECT_EQ(flow.window(), 101U);
}

// The step stands for 31 ms while the window does: what Reno's estimate has come to shows later.
TEST(PacketCubic, LooksAtTheCurveEvery32Milliseconds) {
  Flow flow;
  flow.cwnd = 7 * kMss;
  flow.acked();  // the step is 20
  for (int i = 0; i < 15; ++i) {
    flow.now += 2;
    flow.acked();
  }
  EXPECT_EQ(flow.window(), 7U) << "Reno's window is 8 by now, but nobody has looked";
  flow.now += 2;
  flow.acked();
  EXPECT_EQ(flow.window(), 8U);
}

// One packet for two is the fastest that it grows.
TEST(PacketCubic, NeverGrowsByMoreThanHalfOfWhatIsAcknowledged) {
  Flow flow;
  flow.cwnd = 1'000 * kMss;
  flow.lose();
  flow.acked();
  flow.now += 60'000;  // far up the curve
  const std::uint32_t before = flow.window();
  flow.acked(100);
  EXPECT_LE(flow.window(), before + 50);
  EXPECT_GE(flow.window(), before + 40);
}

// RFC 9438 section 4.2: back at W_max after K = cbrt(0.3 W_max / C) seconds, flat around it.
TEST(PacketCubic, ClimbsBackToTheOldWindowInKSeconds) {
  Flow flow;
  flow.cwnd = 1'000 * kMss;
  flow.lose();
  const double k = std::cbrt(0.3 * 1'000 / 0.4) * 1'000;
  flow.run(k / 2);
  EXPECT_NEAR(flow.window(), 1'000 - 0.4 * std::pow(k / 2'000, 3), 15);
  flow.run(k / 2);
  EXPECT_NEAR(flow.window(), 1'000, 10);
  flow.run(k / 2);
  EXPECT_NEAR(flow.window(), 1'000 + 0.4 * std::pow(k / 2'000, 3), 15);
}

// Section 5.8: a pause is no time in which the path has shown anything.
TEST(PacketCubic, APauseDoesNotCount) {
  Flow pausing;
  pausing.cwnd = 100 * kMss;
  pausing.lose();
  Flow steady = pausing;
  steady.run(3'000);
  pausing.run(1'500);
  pausing.now += 10'000;
  pausing.cubic.resumed(Time(static_cast<std::int64_t>(pausing.now) * 1ms), 10'000ms);
  pausing.run(1'500);
  EXPECT_NEAR(pausing.window(), steady.window(), 1);
}

// After a timeout nothing is known of the path.
TEST(PacketCubic, ATimeoutForgetsEverything) {
  PacketCubic cubic;
  static_cast<void>(cubic.lost(100 * kMss, 0, kMss));
  cubic.timed_out();
  EXPECT_EQ(cubic.w_max(), 0U);
}

}  // namespace
}  // namespace bowline::tcp
