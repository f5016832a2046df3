// RFC 9438's formulas, against floating point.

#include "bowline/tcp/cubic.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace bowline::tcp {
namespace {

constexpr std::uint32_t kMss = 1'448;

Time at(std::int64_t milliseconds) { return Time(Duration(milliseconds * 1ms)); }

/// A connection whose window is always full: acknowledges one segment after another, a window in
/// each round trip.
struct Flow {
  Cubic cubic;
  std::uint32_t cwnd = 0;
  double now = 0;  // ms
  double rtt = 100;

  void lose() { cwnd = cubic.lost(cwnd, cwnd, kMss); }
  void run(double milliseconds) {
    const double end = now + milliseconds;
    while (now < end) {
      now += rtt * kMss / cwnd;
      cubic.acked(at(static_cast<std::int64_t>(now)), kMss,
                  Duration(static_cast<std::int64_t>(rtt * 1e6)), kMss, cwnd);
    }
  }
  [[nodiscard]] double segments() const { return static_cast<double>(cwnd) / kMss; }
};

Flow flow_of(std::uint32_t segments, double rtt = 100) {
  Flow flow;
  flow.cwnd = segments * kMss;
  flow.rtt = rtt;
  return flow;
}

TEST(CubeRoot, IsTheLargestNumberWhoseCubeFits) {
  for (const std::uint64_t n : {0ULL, 1ULL, 7ULL, 8ULL, 26ULL, 27ULL, 1'000'000ULL - 1,
                                1'000'000ULL, 0xffffffffffffffffULL}) {
    // The cube of a number of 22 bits may need more than 64: it is compared by division.
    const auto cube_fits = [n](std::uint64_t a) { return a == 0 || a * a <= n / a; };
    const std::uint64_t root = cube_root(n);
    EXPECT_TRUE(cube_fits(root)) << n;
    EXPECT_FALSE(cube_fits(root + 1)) << n;
  }
}

// Section 4.6: beta is 0.7, and ssthresh no less than two segments.
// 9438-4.6a
TEST(Cubic, ALossTakesThreeTenths) {
  Cubic cubic;
  EXPECT_EQ(cubic.lost(1'000'000, 1'000'000, kMss), 700'000U);
  EXPECT_EQ(cubic.lost(1'000, 1'000, kMss), 2 * kMss);
}

// Section 4.6: what is reduced is what was in flight.
// 9438-4.6a
TEST(Cubic, TheThresholdIsOfWhatWasInFlight) {
  Cubic cubic;
  EXPECT_EQ(cubic.lost(1'000'000, 500'000, kMss), 350'000U);
  EXPECT_EQ(cubic.w_max(), 1'000'000U);
}

// Section 4.7: a loss below the last W_max sets W_max to cwnd * (1 + beta) / 2.
// 9438-4.7a
TEST(Cubic, FastConvergence) {
  Cubic cubic;
  static_cast<void>(cubic.lost(1'000'000, 1'000'000, kMss));
  static_cast<void>(cubic.lost(800'000, 800'000, kMss));
  EXPECT_EQ(cubic.w_max(), 680'000U);
}

// Section 4.2, figure 1: W_cubic(t) = C (t - K)^3 + W_max, on a path where Reno is far slower.
// 9438-4.2a
TEST(Cubic, FollowsTheCube) {
  Flow flow = flow_of(1'000);
  flow.lose();
  const double began = flow.now;
  const double k = std::cbrt(1'000 * 0.3 / 0.4);
  for (int second = 1; second <= 20; ++second) {
    flow.run(began + second * 1'000 - flow.now);
    // What it steers for is the window of one round trip later, reached one round trip later.
    const double t = (flow.now - began) / 1'000;
    const double wanted = 0.4 * std::pow(t - k, 3) + 1'000;
    EXPECT_NEAR(flow.segments(), wanted, wanted * 0.02) << second << " s";
  }
}

// Section 4.4: concave up to W_max, flat around it; section 4.5: convex beyond.
TEST(Cubic, IsFlatAtThePlateau) {
  Flow flow = flow_of(1'000);
  flow.lose();
  const double k = std::cbrt(1'000 * 0.3 / 0.4) * 1'000;
  flow.run(k - 1'000);
  const double before = flow.segments();
  flow.run(2'000);
  EXPECT_LT(flow.segments() - before, 3) << "C * 1^3, twice, and a rounding";
  flow.run(4'000);
  EXPECT_GT(flow.segments(), 1'040);
}

// Section 4.3: on a short path with a small window, no slower than Reno: in the average window
// 9/17 of a segment for each round trip, and a whole one beyond the window before the loss.
// 9438-4.3a
TEST(Cubic, IsNoSlowerThanReno) {
  Flow flow = flow_of(40, 10);
  flow.lose();
  ASSERT_NEAR(flow.segments(), 28, 0.1);
  flow.run(10 * 10);
  EXPECT_NEAR(flow.segments(), 28 + 10 * 9.0 / 17, 1.0);
  flow.run(20 * 10);
  EXPECT_GT(flow.segments(), 40);
  const double beyond = flow.segments();
  flow.run(10 * 10);
  EXPECT_NEAR(flow.segments(), beyond + 10, 1.0);
}

// Section 4.2: the target is at most one and a half times the window.
// 9438-4.2b
TEST(Cubic, GrowsByAHalfInARoundTripAtMost) {
  Flow flow = flow_of(10);
  flow.cubic.acked(at(0), kMss, 100ms, kMss, flow.cwnd);
  const std::uint32_t before = flow.cwnd;
  flow.cubic.acked(at(100'000), before, 100ms, kMss, flow.cwnd);  // the clock ran, no ACK came
  EXPECT_LE(flow.cwnd, before + before / 2 + kMss);
}

// Section 4.8: after a timeout the plateau is where slow start ends.
// 9438-4.8a
TEST(Cubic, AfterATimeoutThePlateauIsWhereSlowStartEnds) {
  Flow flow = flow_of(1'000);
  flow.lose();
  flow.cubic.timed_out();
  flow.cwnd = 500 * kMss;
  flow.run(500);
  EXPECT_EQ(flow.cubic.w_max(), 500 * kMss);
  EXPECT_NEAR(flow.segments(), 503, 3.0);
}

// No window and no time makes it overflow or shrink.
TEST(Cubic, ExtremesNeitherOverflowNorShrink) {
  Cubic cubic;
  std::uint32_t cwnd = 0x3fffffff;
  static_cast<void>(cubic.lost(cwnd, cwnd, 1));
  for (std::int64_t ms = 0; ms < 5'000'000'000; ms += 400'000'000) {
    const std::uint32_t before = cwnd;
    cubic.acked(at(ms), 0x3fffffff, 3'600s, 1, cwnd);
    EXPECT_GE(cwnd, before);
    if (cwnd > 0x3fffffff) cwnd = 0x3fffffff;
  }
}

}  // namespace
}  // namespace bowline::tcp
