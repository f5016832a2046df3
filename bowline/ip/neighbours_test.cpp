#include "bowline/ip/neighbours.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bowline/base/memory.hpp"

namespace bowline::ip {
namespace {

constexpr InterfaceId kOne{0};
constexpr InterfaceId kOther{1};
const wire::MacAddress kMac{std::byte{2}, {}, {}, {}, {}, std::byte{7}};
const wire::MacAddress kOtherMac{std::byte{2}, {}, {}, {}, {}, std::byte{8}};

IpAddress host(std::uint32_t number) { return IpAddress::v4(0x0a000000 + number); }
IpAddress host6(std::uint8_t number) {
  std::array<std::byte, 16> bytes{std::byte{0xfd}};
  bytes[15] = static_cast<std::byte>(number);
  return IpAddress::v6(bytes);
}

class Neighbours : public ::testing::Test {
 protected:
  static Limits limits() {
    Limits limits;
    limits.neighbours = 16;
    return limits;
  }
  Announcement said(const wire::MacAddress& mac, bool solicited, bool override_mac = true) {
    Announcement said;
    said.mac = mac;
    said.solicited = solicited;
    said.override_mac = override_mac;
    return said;
  }
  /// What is due until `end`, second by second.
  std::vector<NeighbourDue> run(Duration time) {
    std::vector<NeighbourDue> due;
    const Time end = now_ + time;
    while (cache_.next_deadline() <= end) {
      now_ = std::max(now_, cache_.next_deadline());
      cache_.expire(
          now_, [this](InterfaceId) -> const NeighbourTiming& { return timing_; },
          [&](std::uint32_t index, NeighbourDue what) {
            due.push_back(what);
            if (what == NeighbourDue::failed) cache_.forget(index);
          });
    }
    now_ = end;
    return due;
  }
  NeighbourTiming timing_;
  Time now_{1h};
  NeighbourCache cache_{heap_memory(), limits(), {1, 2}};
};

using Due = std::vector<NeighbourDue>;
constexpr NeighbourDue kAll = NeighbourDue::ask_all;
constexpr NeighbourDue kIt = NeighbourDue::ask_it;
constexpr NeighbourDue kFailed = NeighbourDue::failed;

// RFC 4861 section 7.2.2: asked three times, a second apart, then given up.
TEST_F(Neighbours, IncompleteIsAskedForThreeTimes) {
  const std::uint32_t index = cache_.add(kOne, host(1), now_);
  EXPECT_EQ(cache_.use(index, now_, timing_), nullptr);
  EXPECT_EQ(run(0s), Due{kAll});
  EXPECT_EQ(run(2'999ms), (Due{kAll, kAll}));
  EXPECT_EQ(run(1ms), Due{kFailed});
  EXPECT_EQ(cache_.find(kOne, host(1)), NeighbourCache::kNone);
}

// RFC 1122 section 2.3.2.1: however fast RFC 4861's clock runs, ARP asks once a second.
TEST_F(Neighbours, ArpAsksAtMostOnceASecond) {
  timing_.retrans_timer = 100ms;
  static_cast<void>(cache_.add(kOne, host(1), now_));
  EXPECT_EQ(run(999ms), Due{kAll});
  static_cast<void>(cache_.add(kOne, host6(1), now_));
  EXPECT_EQ(run(100ms).size(), 3U) << "one for IPv4, two for IPv6";
}

// Section 7.3.2: REACHABLE, STALE once ReachableTime is over, DELAY when used, PROBE, gone.
TEST_F(Neighbours, PassesThroughTheStates) {
  const std::uint32_t index = cache_.add(kOne, host(1), now_);
  EXPECT_EQ(cache_.hear(index, said(kMac, true), now_, 30s), Heard::resolved);
  EXPECT_EQ(cache_[index].state, NeighbourState::reachable);
  EXPECT_EQ(cache_.next_deadline(), kNever);
  now_ += 29s;
  EXPECT_EQ(*cache_.use(index, now_, timing_), kMac);
  EXPECT_EQ(cache_[index].state, NeighbourState::reachable);
  now_ += 1s;
  EXPECT_EQ(*cache_.use(index, now_, timing_), kMac);
  EXPECT_EQ(cache_[index].state, NeighbourState::delay);
  EXPECT_EQ(run(4'999ms), Due{});
  EXPECT_EQ(run(1ms), Due{kIt});
  EXPECT_EQ(cache_[index].state, NeighbourState::probe);
  EXPECT_EQ(*cache_.use(index, now_, timing_), kMac) << "used while it is asked";
  EXPECT_EQ(run(3s), (Due{kIt, kIt, kFailed}));
}

// Section 7.3.1.
TEST_F(Neighbours, ProgressAboveEndsTheDoubt) {
  const std::uint32_t index = cache_.add(kOne, host(1), now_);
  cache_.confirm(index, now_, 30s);
  EXPECT_EQ(cache_[index].state, NeighbourState::incomplete) << "nothing could have worked";
  EXPECT_EQ(cache_.hear(index, said(kMac, false), now_, 30s), Heard::resolved);
  EXPECT_EQ(cache_[index].state, NeighbourState::stale);
  static_cast<void>(cache_.use(index, now_, timing_));
  EXPECT_EQ(run(6s), (Due{kIt, kIt}));
  cache_.confirm(index, now_, 30s);
  EXPECT_EQ(cache_[index].state, NeighbourState::reachable);
  EXPECT_EQ(run(60s), Due{});
}

// RFC 9293 section 3.8.3, MUST-20 (b): an upper layer that makes no progress puts it in doubt, and
// section 7.3.3 asks a neighbour in doubt five seconds after it is used again.
TEST_F(Neighbours, TroubleAboveIsDoubt) {
  const std::uint32_t index = cache_.add(kOne, host(1), now_);
  cache_.doubt(index);
  EXPECT_EQ(cache_[index].state, NeighbourState::incomplete) << "it is being asked already";
  EXPECT_EQ(cache_.hear(index, said(kMac, true), now_, 30s), Heard::resolved);
  EXPECT_EQ(cache_[index].state, NeighbourState::reachable);
  cache_.doubt(index);
  EXPECT_EQ(cache_[index].state, NeighbourState::stale);
  static_cast<void>(cache_.use(index, now_, timing_));
  EXPECT_EQ(run(6s), (Due{kIt, kIt}));
}

// Section 7.2.5 (I) to (III), and section 7.2.3.
TEST_F(Neighbours, AnAddressIsReplacedOnlyByWhoeverMay) {
  const std::uint32_t index = cache_.add(kOne, host6(1), now_);
  static_cast<void>(cache_.hear(index, said(kMac, true), now_, 30s));
  EXPECT_EQ(cache_.hear(index, said(kOtherMac, true, false), now_, 30s), Heard::nothing);
  EXPECT_EQ(cache_[index].mac, kMac);
  EXPECT_EQ(cache_[index].state, NeighbourState::stale);
  EXPECT_EQ(cache_.hear(index, said(kOtherMac, false), now_, 30s), Heard::changed);
  EXPECT_EQ(cache_[index].mac, kOtherMac);
  EXPECT_EQ(cache_[index].state, NeighbourState::stale);
  EXPECT_EQ(cache_.hear(index, said(kOtherMac, true), now_, 30s), Heard::noted);
  EXPECT_EQ(cache_[index].state, NeighbourState::reachable);
}

TEST_F(Neighbours, AnAnswerWithoutAnAddressResolvesNothing) {
  const std::uint32_t index = cache_.add(kOne, host6(1), now_);
  Announcement nothing;
  nothing.solicited = true;
  EXPECT_EQ(cache_.hear(index, nothing, now_, 30s), Heard::nothing);
  EXPECT_EQ(cache_[index].state, NeighbourState::incomplete);
}

TEST_F(Neighbours, TheSameAddressOnTwoInterfacesIsTwoNeighbours) {
  const std::uint32_t one = cache_.add(kOne, host(1), now_);
  EXPECT_EQ(cache_.find(kOther, host(1)), NeighbourCache::kNone);
  const std::uint32_t other = cache_.add(kOther, host(1), now_);
  EXPECT_EQ(cache_.find(kOne, host(1)), one);
  EXPECT_EQ(cache_.find(kOther, host(1)), other);
}

// Whoever was not used for longest makes room; one that somebody waits for never does.
TEST_F(Neighbours, TheOneUnusedForLongestMakesRoom) {
  std::vector<std::uint32_t> known;
  for (std::uint32_t i = 0; i < 16; ++i) {
    known.push_back(cache_.add(kOne, host(i), now_));
    static_cast<void>(cache_.hear(known.back(), said(kMac, true), now_, 30s));
  }
  static_cast<void>(cache_.use(known[0], now_, timing_));
  EXPECT_EQ(cache_.victim(true), known[1]);
  EXPECT_EQ(cache_.add(kOne, host(99), now_), NeighbourCache::kNone) << "the bound holds";
  cache_.forget(known[1]);
  EXPECT_EQ(cache_.victim(true), NeighbourCache::kNone);
  EXPECT_NE(cache_.add(kOne, host(99), now_), NeighbourCache::kNone);
}

TEST_F(Neighbours, TheUnresolvedHaveAQuarterOfTheRoom) {
  const std::uint32_t first = cache_.add(kOne, host(1), now_);
  cache_.keep(first);  // a connection waits
  for (std::uint32_t i = 2; i <= 4; ++i) static_cast<void>(cache_.add(kOne, host(i), now_));
  EXPECT_EQ(cache_.incomplete(), 4U);
  EXPECT_EQ(cache_.victim(true), cache_.find(kOne, host(2)));
  EXPECT_EQ(cache_.victim(false), NeighbourCache::kNone) << "for one that is known there is room";
  cache_.release(first);
  cache_.forget(cache_.find(kOne, host(2)));
  cache_.forget(cache_.find(kOne, host(3)));
  EXPECT_EQ(cache_.victim(true), NeighbourCache::kNone);
}

// RFC 4861 section 6.3.2.
TEST(ReachableTime, IsARandomPartOfItsBase) {
  Random random(1);
  Duration least = 1h;
  Duration most = 0s;
  for (int i = 0; i < 1'000; ++i) {
    const Duration time = random_reachable_time(30s, random);
    least = std::min(least, time);
    most = std::max(most, time);
  }
  EXPECT_GE(least, 15s);
  EXPECT_LT(least, 16s);
  EXPECT_LE(most, 45s);
  EXPECT_GT(most, 44s);
}

}  // namespace
}  // namespace bowline::ip
