#include "bowline/ip/rate_limit.hpp"

#include <gtest/gtest.h>

namespace bowline::ip {
namespace {

int allowed(RateLimit& limit, int asked, Time now) {
  int count = 0;
  for (int i = 0; i < asked; ++i) count += limit.allow(now) ? 1 : 0;
  return count;
}

// RFC 4443 2.4 f: a token bucket, so that bursts go through and a flood does not.
TEST(RateLimit, LetsABurstThroughAndNoMore) {
  RateLimit limit(100);
  EXPECT_EQ(allowed(limit, 1'000, Time(1h)), 100);
}

TEST(RateLimit, FillsAtItsRate) {
  RateLimit limit(100);
  Time now(1h);
  EXPECT_EQ(allowed(limit, 1'000, now), 100);
  EXPECT_EQ(allowed(limit, 1'000, now + 9ms), 0);
  EXPECT_EQ(allowed(limit, 1'000, now + 10ms), 1);
  EXPECT_EQ(allowed(limit, 1'000, now + 510ms), 50);
}

// Asked all the time, it still lets through what its rate says: parts of a token are not lost.
TEST(RateLimit, PartsOfATokenAreKept) {
  RateLimit limit(100);
  Time now(1h);
  EXPECT_EQ(allowed(limit, 1'000, now), 100);
  int count = 0;
  for (int i = 1; i <= 1'000; ++i) count += allowed(limit, 5, now + i * 15ms);
  EXPECT_EQ(count, 1'500) << "15 seconds";
}

TEST(RateLimit, RestFillsItNoFurtherThanABurst) {
  RateLimit limit(10);
  EXPECT_EQ(allowed(limit, 100, Time(1h)), 10);
  EXPECT_EQ(allowed(limit, 100, Time(1'000h)), 10);
}

TEST(RateLimit, ZeroLetsNothingThrough) {
  RateLimit limit(0);
  EXPECT_EQ(allowed(limit, 100, Time(1h)), 0);
}

}  // namespace
}  // namespace bowline::ip
