#include "bowline/tcp/buffer_tuning.hpp"

#include <gtest/gtest.h>

#include "bowline/base/random.hpp"

namespace bowline::tcp {
namespace {

constexpr std::uint32_t kMss = 1'000;
constexpr std::uint32_t kFirst = 64'000;
constexpr std::uint32_t kLimit = 8'000'000;
constexpr Time kStart = Time(4s);
constexpr SeqNumber kSeq{0xffffff00};

ReceiveTuning started() {
  ReceiveTuning tuning;
  tuning.start(kFirst, kLimit, kSeq, kFirst, kMss, kStart);
  return tuning;
}

TEST(ReceiveTuning, NothingGrowsBeforeItIsStarted) {
  ReceiveTuning tuning;
  tuning.echoed(1ms);
  EXPECT_FALSE(tuning.started());
  EXPECT_FALSE(tuning.read(100'000, kMss, Time(10s)));
  EXPECT_EQ(tuning.buffer(), 0U);
}

TEST(ReceiveTuning, NothingGrowsBeforeARoundTripIsKnown) {
  ReceiveTuning tuning = started();
  EXPECT_FALSE(tuning.read(1'000'000, kMss, kStart + 10s));
  EXPECT_EQ(tuning.buffer(), kFirst);
}

TEST(ReceiveTuning, TwiceWhatWasTakenInARoundTripAndMoreWhileItGrows) {
  ReceiveTuning tuning = started();
  tuning.echoed(100ms);
  EXPECT_FALSE(tuning.read(20'000, kMss, kStart + 50ms)) << "the round trip is not over";
  EXPECT_TRUE(tuning.read(20'000, kMss, kStart + 100ms));
  // 40000 taken, 10000 before: 2 * 40000 + 16000, and twice that times 3.
  EXPECT_EQ(tuning.buffer(), 96'000u + 2 * 3 * 96'000u);
  EXPECT_FALSE(tuning.read(40'000, kMss, kStart + 200ms)) << "no more than before";
  EXPECT_FALSE(tuning.read(41'000, kMss, kStart + 300ms)) << "the buffer holds it already";
}

TEST(ReceiveTuning, WhatTheApplicationLeavesDoesNotCount) {
  ReceiveTuning tuning = started();
  tuning.echoed(10ms);
  for (int i = 1; i <= 1'000; ++i) {
    EXPECT_FALSE(tuning.read(10'000, kMss, kStart + i * 10ms));
  }
  EXPECT_EQ(tuning.buffer(), kFirst);
}

TEST(ReceiveTuning, NeverBeyondTheLimitNorSmallerThanItWas) {
  ReceiveTuning tuning = started();
  tuning.echoed(100ms);
  EXPECT_TRUE(tuning.read(0xffffffff, kMss, kStart + 1s));
  EXPECT_EQ(tuning.buffer(), kLimit);
  tuning.set_limit(1'000);
  EXPECT_FALSE(tuning.read(0xffffffff, kMss, kStart + 2s));
  EXPECT_EQ(tuning.buffer(), kLimit) << "a window does not shrink (RFC 9293 SHLD-14)";
  ReceiveTuning large;
  large.start(kFirst, 1'000, kSeq, kFirst, kMss, kStart);
  EXPECT_EQ(large.buffer(), kFirst);
}

TEST(ReceiveTuning, TimestampsAreSmoothed) {
  ReceiveTuning tuning = started();
  tuning.echoed(80ms);
  EXPECT_EQ(tuning.rtt(), 80ms);
  tuning.echoed(160ms);
  EXPECT_EQ(tuning.rtt(), 90ms);
  tuning.echoed(Duration::zero());
  EXPECT_GT(tuning.rtt(), Duration::zero());
}

// Without timestamps: how long a window's worth takes; the least of it.
TEST(ReceiveTuning, AWindowsWorthTakesARoundTrip) {
  ReceiveTuning tuning = started();
  tuning.arrived(kSeq + (kFirst - 1), kFirst, kStart + 50ms);
  EXPECT_EQ(tuning.rtt(), Duration::zero());
  tuning.arrived(kSeq + kFirst, kFirst, kStart + 60ms);
  EXPECT_EQ(tuning.rtt(), 60ms);
  tuning.arrived(kSeq + 2 * kFirst, kFirst, kStart + 500ms);
  EXPECT_EQ(tuning.rtt(), 60ms) << "the sender had paused";
  tuning.arrived(kSeq + 3 * kFirst, kFirst, kStart + 540ms);
  EXPECT_EQ(tuning.rtt(), 40ms);
  tuning.echoed(30ms);
  tuning.arrived(kSeq + 4 * kFirst, kFirst, kStart + 545ms);
  EXPECT_EQ(tuning.rtt(), 30ms) << "timestamps know better";
}

// A sender in slow start over a long, fast path, an application that reads at once: the window is
// never what holds the sender back.
TEST(ReceiveTuning, ASlowStartIsNotHeldBack) {
  for (const bool timestamps : {true, false}) {
    ReceiveTuning tuning = started();
    SeqNumber rcv_nxt = kSeq;
    Time now = kStart;
    std::uint64_t cwnd = 10 * kMss;
    const std::uint64_t bdp = 1'250'000;  // 100 Mbit/s, 100 ms
    for (int round = 0; round < 12; ++round) {
      const std::uint64_t can_send = std::min(cwnd, bdp);
      if (timestamps) {
        EXPECT_GE(tuning.buffer(), can_send) << "round " << round;
      }
      const auto sent =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(can_send, tuning.buffer()));
      for (std::uint32_t bytes = 0; bytes < sent; bytes += kMss) {
        const Time at = now + 100ms * bytes / sent;
        rcv_nxt += kMss;
        if (timestamps) tuning.echoed(100ms);
        (void)tuning.read(kMss, kMss, at);
        tuning.arrived(rcv_nxt, tuning.buffer(), at);
      }
      now += 100ms;
      cwnd += sent;
    }
    EXPECT_GE(tuning.buffer(), bdp) << timestamps;
  }
}

TEST(ReceiveTuning, AnyEventsKeepTheInvariants) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const auto any = [&] { return static_cast<std::uint32_t>(random.next() >> random.below(64)); };
    ReceiveTuning tuning;
    const std::uint32_t first = any(), limit = any();
    Time now = kStart;
    tuning.start(first, limit, SeqNumber(any()), any(), any() & 0xffff, now);
    std::uint32_t before = tuning.buffer();
    for (int i = 0; i < 1'000; ++i) {
      now += Duration(static_cast<std::int64_t>(random.next() >> (20 + random.below(40))) / 1'000);
      switch (random.below(3)) {
        case 0:
          tuning.echoed(Duration(static_cast<std::int64_t>(any()) - 1'000));
          break;
        case 1:
          tuning.arrived(SeqNumber(any()), any(), now);
          break;
        default: {
          const bool grown = tuning.read(any(), any() & 0xffff, now);
          ASSERT_EQ(grown, tuning.buffer() > before);
        }
      }
      ASSERT_GE(tuning.buffer(), before);
      ASSERT_LE(tuning.buffer(), std::max(first, limit));
      ASSERT_GE(tuning.rtt(), Duration::zero());
      before = tuning.buffer();
    }
  }
}

// As Linux's tcp_sndbuf_expand: two windows (three for BBR), ten segments at least, never less than
// there is.
TEST(SendTuning, TwoWindows) {
  EXPECT_EQ(expanded_send_buffer(16'000, 100'000, kMss, kLimit), 200'000u);
  EXPECT_EQ(expanded_send_buffer(16'000, 100'000, kMss, kLimit, 3), 300'000u);
  EXPECT_EQ(expanded_send_buffer(16'000, kMss, kMss, kLimit), 20'000u) << "after a timeout";
  EXPECT_EQ(expanded_send_buffer(500'000, 100'000, kMss, kLimit), 500'000u);
  EXPECT_EQ(expanded_send_buffer(16'000, 0x3fffffff, kMss, kLimit), kLimit);
  EXPECT_EQ(expanded_send_buffer(16'000, 100'000, kMss, 1'000), 16'000u);
  EXPECT_EQ(expanded_send_buffer(0, 0xffffffff, 0xffffffff, 0xffffffff, 3), 0xffffffffu);
}

}  // namespace
}  // namespace bowline::tcp
