#include "bowline/tcp/pacer.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "bowline/base/random.hpp"

namespace bowline::tcp {
namespace {

constexpr std::uint32_t kMss = 1'000;
constexpr Time kStart = Time(5s);

/// Sends all that may go at `now`, in quanta; returns the bytes.
std::uint32_t send_all(Pacer& pacer, Time now, std::uint32_t mss = kMss) {
  std::uint32_t total = 0;
  while (const std::uint32_t allowed = pacer.allowance(now, mss)) {
    pacer.sent(allowed, now);
    total += allowed;
  }
  return total;
}

TEST(Pacer, WithoutARateNothingWaits) {
  Pacer pacer;
  EXPECT_EQ(pacer.allowance(kStart, kMss), Pacer::kUnlimited);
  pacer.sent(10'000'000, kStart);
  EXPECT_EQ(pacer.next_send(kStart), kStart);
}

// draft-ietf-ccwg-bbr 5.6.2: next_send_time = max(now, next_send_time) + size / rate.
TEST(Pacer, APieceDelaysTheNextByWhatItTakes) {
  Pacer pacer;
  pacer.set_rate(1'000'000, kStart);
  EXPECT_EQ(send_all(pacer, kStart), 2'000u);
  EXPECT_EQ(pacer.next_send(kStart), kStart + 1ms) << "after idle there is a millisecond's credit";
  EXPECT_EQ(pacer.allowance(kStart + 1ms - 1ns, kMss), 0u);
  EXPECT_EQ(pacer.allowance(kStart + 1ms, kMss), 2 * kMss);
  pacer.sent(2 * kMss, kStart + 1ms);
  EXPECT_EQ(pacer.next_send(kStart + 1ms), kStart + 3ms) << "two segments at a megabyte a second";
}

// 5.6.3: min(rate * 1 ms, 64 KBytes), at least 2 * SMSS.
TEST(Pacer, TheQuantumIsAMillisecondsWorthWithinBounds) {
  EXPECT_EQ(send_quantum(1, kMss), 2'000u);
  EXPECT_EQ(send_quantum(1'000'000, kMss), 2'000u);
  EXPECT_EQ(send_quantum(12'500'000, kMss), 12'000u) << "whole segments of 12500 bytes";
  EXPECT_EQ(send_quantum(12'500'000'000, 1'460), 64'240u);
  EXPECT_EQ(send_quantum(12'500'000'000, 60'000), 120'000u) << "two segments, however large";
}

TEST(Pacer, ALateTimerIsMadeUpForByAMillisecondsWorth) {
  Pacer pacer;
  pacer.set_rate(10'000'000, kStart);
  (void)send_all(pacer, kStart);
  const Time late = pacer.next_send(kStart) + 400us;
  (void)send_all(pacer, late);
  EXPECT_EQ(pacer.next_send(late), late + 600us) << "one quantum, and the wait is shorter";
  const Time idle = late + 1h;
  EXPECT_EQ(pacer.next_send(idle), idle) << "never later than needed after idle";
  EXPECT_EQ(send_all(pacer, idle), 20'000u) << "one quantum and the credit, not an hour's worth";
}

// RFC 6928: the initial window is sent as it is.
TEST(Pacer, TheInitialWindowGoesAtOnce) {
  Pacer pacer;
  pacer.start(10 * kMss);
  pacer.set_rate(100'000, kStart);
  EXPECT_EQ(pacer.allowance(kStart, kMss), 10 * kMss);
  pacer.sent(9 * kMss, kStart);
  EXPECT_EQ(pacer.next_send(kStart), kStart);
  pacer.sent(2 * kMss, kStart);
  EXPECT_EQ(pacer.next_send(kStart), kStart + 9ms) << "the eleventh segment takes 10 ms";
}

TEST(Pacer, AChangedRateAppliesToTheWaitUnderWay) {
  Pacer pacer;
  pacer.set_rate(1'000'000, kStart);
  pacer.sent(11'000, kStart);
  ASSERT_EQ(pacer.next_send(kStart), kStart + 10ms);
  pacer.set_rate(2'000'000, kStart + 4ms);
  EXPECT_EQ(pacer.next_send(kStart + 4ms), kStart + 7ms);
  pacer.set_rate(1'000'000, kStart + 5ms);
  EXPECT_EQ(pacer.next_send(kStart + 5ms), kStart + 9ms);
  pacer.set_rate(0, kStart + 6ms);
  EXPECT_EQ(pacer.next_send(kStart + 6ms), kStart + 6ms);
}

TEST(Pacer, WhatMustNotWaitOnlyDelaysTheRest) {
  Pacer pacer;
  pacer.set_rate(1'000'000, kStart);
  pacer.sent(6'000, kStart);
  pacer.sent(1'000, kStart + 1ms);
  EXPECT_EQ(pacer.next_send(kStart + 1ms), kStart + 6ms);
}

// As Linux: 200 % while the window may double in a round trip, 120 % later.
TEST(Pacer, TheRateOfAWindow) {
  EXPECT_EQ(window_pacing_rate(10'000, 0x7fffffff, 0, 100ms), 200'000u);
  EXPECT_EQ(window_pacing_rate(49'999, 100'000, 0, 100ms), 999'980u);
  EXPECT_EQ(window_pacing_rate(50'000, 100'000, 0, 100ms), 600'000u);
  EXPECT_EQ(window_pacing_rate(10'000, 5'000, 20'000, 100ms), 240'000u) << "during a reduction";
  EXPECT_EQ(window_pacing_rate(10'000, 5'000, 0, Duration::zero()), 0u) << "no sample yet";
  EXPECT_EQ(window_pacing_rate(1, 1, 0, 100s), 1u) << "0 would be no pacing";
  EXPECT_GT(window_pacing_rate(0x3fffffff, 0x7fffffff, 0, 1ns), std::uint64_t{1} << 60);
}

// Every span of time T has at most rate * (T + 1 ms) and one quantum in it, whatever the caller
// does within its allowances; and a caller that never sleeps longer than asked reaches the rate.
TEST(Pacer, AnySpanOfTimeIsBounded) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    const std::uint64_t rate = 1 + (random.next() >> (30 + random.below(33)));
    const auto mss = static_cast<std::uint32_t>(1 + random.below(9'000));
    const bool punctual = random.chance(0.5);
    Pacer pacer;
    pacer.set_rate(rate, kStart);
    Time now = kStart;
    std::uint64_t total = 0;
    std::deque<std::pair<Time, std::uint64_t>> before;  // when, and the bytes before
    for (int i = 0; i < 500; ++i) {
      if (!punctual && random.chance(0.2))
        now += Duration(static_cast<std::int64_t>(random.below(3'000'000)));
      now = pacer.next_send(now);
      const std::uint32_t allowed = pacer.allowance(now, mss);
      ASSERT_GT(allowed, 0u);
      const auto piece = static_cast<std::uint32_t>(1 + random.below(allowed));
      before.emplace_back(now, total);
      if (before.size() > 50) before.pop_front();
      total += piece;
      pacer.sent(piece, now);
      for (const auto& [when, bytes] : before) {
        const long double span = static_cast<long double>((now - when + 1ms).count()) / 1e9L;
        const long double most = span * static_cast<long double>(rate) + send_quantum(rate, mss);
        ASSERT_LE(static_cast<long double>(total - bytes), most + 1) << "seed " << seed;
      }
    }
    const long double took = static_cast<long double>((now - kStart).count()) / 1e9L;
    if (punctual && took > 0.1L) {
      // A nanosecond is lost to rounding with each piece.
      EXPECT_GE(static_cast<long double>(total) / static_cast<long double>(rate) * 1.001L + 1e-6L,
                took)
          << "seed " << seed;
    }
  }
}

// Linux, tcp_update_skb_after_send(): what is late is made up for by half a gap at the most.
TEST(Pacer, ALateFrameHalvesTheGapBehindIt) {
  Pacer pacer;
  const Time start{1s};
  pacer.set_rate(1'000'000, start);
  pacer.sent(10'000, start, true);  // long idle before
  EXPECT_EQ(pacer.next_send(start), start + 5ms);
  pacer.sent(10'000, start + 5ms, true);  // in time
  EXPECT_EQ(pacer.next_send(start + 5ms), start + 15ms);
  pacer.sent(10'000, start + 17ms, true);  // 2 ms late
  EXPECT_EQ(pacer.next_send(start + 17ms), start + 25ms);
}

TEST(Pacer, ExtremesStayInRange) {
  Pacer pacer;
  pacer.set_rate(1, kStart);
  for (int i = 0; i < 10; ++i) pacer.sent(0xffffffff, kStart);
  EXPECT_GT(pacer.next_send(kStart), kStart);
  pacer.set_rate(std::numeric_limits<std::uint64_t>::max(), kStart);
  EXPECT_LE(pacer.next_send(kStart), kStart + 1ns);
  pacer.sent(0xffffffff, kStart);
  EXPECT_LE(pacer.next_send(kStart), kStart + 2ns);
}

}  // namespace
}  // namespace bowline::tcp
