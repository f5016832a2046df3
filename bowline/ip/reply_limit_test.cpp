#include "bowline/ip/reply_limit.hpp"

#include <gtest/gtest.h>

#include <set>

namespace bowline::ip {
namespace {

Limits replies(std::uint32_t each) {
  Limits limits;
  limits.stateless_replies_per_second = each;
  return limits;
}

int allowed(ReplyLimit& limit, const IpAddress& to, int asked, Time now) {
  int count = 0;
  for (int i = 0; i < asked; ++i) count += limit.allow(to, now) ? 1 : 0;
  return count;
}

const IpAddress kStranger = IpAddress::v4(0xc6336401);

// RFC 4443 2.4 f: bursts go through and a flood does not.
TEST(ReplyLimit, LetsSoManyASecondThrough) {
  ReplyLimit limit(replies(100), {1, 2});
  EXPECT_EQ(allowed(limit, kStranger, 1'000, Time(1h)), 100);
  EXPECT_EQ(allowed(limit, kStranger, 1'000, Time(1h) + 999ms), 0);
  EXPECT_EQ(allowed(limit, kStranger, 1'000, Time(1h) + 1s), 100);
}

TEST(ReplyLimit, ZeroLetsNothingThrough) {
  ReplyLimit limit(replies(0), {1, 2});
  EXPECT_EQ(allowed(limit, kStranger, 10, Time(1h)), 0);
}

// CVE-2016-5696, CVE-2020-25705: what others are answered changes nothing for the one who looks,
// but by the chance of one counter in 256, which is another one in each second.
TEST(ReplyLimit, NobodySeesWhatOthersGet) {
  ReplyLimit limit(replies(100), {1, 2});
  int shared = 0;
  for (int second = 0; second < 1'000; ++second) {
    const Time now = Time(1h) + 1s * second;
    EXPECT_EQ(allowed(limit, IpAddress::v4(0x0a000001), 100, now), 100);  // the victim's share
    if (allowed(limit, kStranger, 100, now) < 100) ++shared;
  }
  EXPECT_LT(shared, 20) << "4 expected";
}

// Nor do neighbours in one network of IPv6, which is one source everywhere else.
TEST(ReplyLimit, NeighboursInANetworkSeeNothingOfEachOther) {
  const IpAddress victim = *IpAddress::parse("2001:db8::1");
  const IpAddress neighbour = *IpAddress::parse("2001:db8::2");
  ReplyLimit limit(replies(100), {1, 2});
  int shared = 0;
  for (int second = 0; second < 1'000; ++second) {
    const Time now = Time(1h) + 1s * second;
    EXPECT_EQ(allowed(limit, victim, 100, now), 100);
    if (allowed(limit, neighbour, 100, now) < 100) ++shared;
  }
  EXPECT_LT(shared, 20) << "4 expected";
}

// The counters are chosen by a secret and by the second: who has met somebody in one second has
// not in the next.
TEST(ReplyLimit, WhoSharesACounterIsNewEachSecond) {
  ReplyLimit limit(replies(1), {3, 4});
  std::set<std::uint32_t> met_before;
  int met_again = 0;
  for (int second = 0; second < 20; ++second) {
    const Time now = Time(1h) + 1s * second;
    ASSERT_TRUE(limit.allow(IpAddress::v4(0x0a000001), now));
    std::set<std::uint32_t> met;
    ReplyLimit copy = limit;
    for (std::uint32_t i = 0; i < 512; ++i) {
      ReplyLimit alone = copy;
      if (!alone.allow(IpAddress::v4(0xc6336400 + i), now)) met.insert(i);
    }
    for (const std::uint32_t i : met) met_again += met_before.contains(i) ? 1 : 0;
    met_before = met;
  }
  EXPECT_LE(met_again, 3) << "2 of 512 share it each second; hardly ever the same";
}

TEST(ReplyLimit, AFloodFromEverywhereIsBoundedByTheCounters) {
  ReplyLimit limit(replies(10), {1, 2});
  int count = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    count += limit.allow(IpAddress::v4(0x0b000000 + i), Time(1h)) ? 1 : 0;
  }
  EXPECT_EQ(count, 10 * static_cast<int>(ReplyLimit::kCounters));
}

}  // namespace
}  // namespace bowline::ip
