#include "bowline/tcp/secrets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace bowline::tcp {
namespace {

const Endpoint kLocal{IpAddress::v4(0x0a000001), 80};
const Endpoint kRemote{IpAddress::v4(0x0a000002), 40'000};

SipKey key() { return Secrets::derive({1, 2, 3, 4}).isn; }

// RFC 9293 3.4.1 MUST-8: a clock that ticks about every 4 microseconds.
TEST(Secrets, K54_IsnClockTicksEveryFourMicroseconds) {
  const SeqNumber start = initial_sequence(key(), kLocal, kRemote, Time(1h));
  EXPECT_EQ(initial_sequence(key(), kLocal, kRemote, Time(1h) + 3us) - start, 0);
  EXPECT_EQ(initial_sequence(key(), kLocal, kRemote, Time(1h) + 4us) - start, 1);
  EXPECT_EQ(initial_sequence(key(), kLocal, kRemote, Time(1h) + 1s) - start, 250'000);
}

// RFC 9293 3.4.1: the space is gone round in 2^32 * 4 us, about 4.77 hours.
TEST(Secrets, K54_IsnWrapsAfterALap) {
  const Duration lap = (std::int64_t{1} << 32) * Duration(4us);
  EXPECT_EQ(initial_sequence(key(), kLocal, kRemote, Time(1h)),
            initial_sequence(key(), kLocal, kRemote, Time(1h) + lap));
}

// RFC 6528 section 3: successive connections of one four-tuple have rising numbers, so that a new
// incarnation is told from the old one's strays.
TEST(Secrets, K55_IncarnationsOfOneTupleRise) {
  SeqNumber last = initial_sequence(key(), kLocal, kRemote, Time(1h));
  for (int i = 1; i <= 1'000; ++i) {
    const SeqNumber next = initial_sequence(key(), kLocal, kRemote, Time(1h) + i * 10ms);
    ASSERT_TRUE(after(next, last));
    last = next;
  }
}

// RFC 6528 section 3 (SHLD-1, MUST-9): without the key, one connection's number tells nothing of
// another's. The offsets of neighbouring ports spread over the whole space.
TEST(Secrets, K54_NumbersOfDifferentTuplesAreSpread) {
  std::vector<int> buckets(64);
  std::set<std::uint32_t> seen;
  constexpr int kPorts = 6'400;
  for (int i = 0; i < kPorts; ++i) {
    const Endpoint remote{kRemote.address, static_cast<std::uint16_t>(1'024 + i)};
    const SeqNumber isn = initial_sequence(key(), kLocal, remote, Time(1h));
    ++buckets[isn.raw() >> 26];
    seen.insert(isn.raw());
  }
  EXPECT_GT(seen.size(), kPorts - 10U);
  // 100 expected in each; the standard deviation is 10.
  EXPECT_GT(*std::ranges::min_element(buckets), 50);
  EXPECT_LT(*std::ranges::max_element(buckets), 150);
}

TEST(Secrets, K55_AnotherKeyGivesOtherNumbers) {
  const SipKey other = Secrets::derive({1, 2, 3, 5}).isn;
  int same = 0;
  for (std::uint16_t port = 1; port < 200; ++port) {
    const Endpoint remote{kRemote.address, port};
    if (initial_sequence(key(), kLocal, remote, Time(1h)) ==
        initial_sequence(other, kLocal, remote, Time(1h))) {
      ++same;
    }
  }
  EXPECT_EQ(same, 0);
}

// Each of the four parts counts, and so does the direction.
TEST(Secrets, WholeTupleCounts) {
  const SeqNumber isn = initial_sequence(key(), kLocal, kRemote, Time(1h));
  const auto differs = [&](const Endpoint& local, const Endpoint& remote) {
    return initial_sequence(key(), local, remote, Time(1h)) != isn;
  };
  EXPECT_TRUE(differs({kLocal.address, 81}, kRemote));
  EXPECT_TRUE(differs({IpAddress::v4(0x0a000003), 80}, kRemote));
  EXPECT_TRUE(differs(kLocal, {kRemote.address, 40'001}));
  EXPECT_TRUE(differs(kLocal, {IpAddress::v4(0x0a000004), 40'000}));
  EXPECT_TRUE(differs(kRemote, kLocal));
}

// DESIGN section 8: separate keys.
TEST(Secrets, KeysAreSeparate) {
  const Secrets secrets = Secrets::derive({1, 2, 3, 4});
  const std::array keys{secrets.isn, secrets.tuple, secrets.port, secrets.syn_cookie};
  std::set<std::uint64_t> words;
  for (const SipKey& each : keys) {
    words.insert(each.k0);
    words.insert(each.k1);
  }
  for (const std::uint64_t word : derive_random_seed({1, 2, 3, 4})) words.insert(word);
  EXPECT_EQ(words.size(), 12U);
}

// RFC 7323 5.4: 1 ms to 1 s for each tick.
TEST(Secrets, TimestampClockCountsMilliseconds) {
  EXPECT_EQ(timestamp_clock(Time(5s)), 5'000U);
  EXPECT_EQ(timestamp_clock(Time(5s) + 999us), 5'000U);
}

TEST(Secrets, TimestampOffsetsDifferByTuple) {
  const SipKey secret = Secrets::derive({1, 2, 3, 4}).tuple;
  EXPECT_NE(timestamp_offset(secret, kLocal, kRemote),
            timestamp_offset(secret, kLocal, {kRemote.address, 40'001}));
  EXPECT_EQ(timestamp_offset(secret, kLocal, kRemote), timestamp_offset(secret, kLocal, kRemote));
}

}  // namespace
}  // namespace bowline::tcp
