#include "bowline/base/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace bowline {
namespace {

// Outputs of the authors' reference code (prng.di.unimi.it): xoshiro256** from the state {1, 2, 3,
// 4} and SplitMix64 from 1234567. The same on every compiler, or a seed means nothing.
TEST(Random, IsXoshiro256StarStar) {
  Random random(std::array<std::uint64_t, 4>{1, 2, 3, 4});
  for (const std::uint64_t expected : {11520ULL, 0ULL, 1509978240ULL, 1215971899390074240ULL}) {
    EXPECT_EQ(random.next(), expected);
  }
}

TEST(Random, IsSeededBySplitMix) {
  std::uint64_t state = 1234567;
  for (const std::uint64_t expected : {6457827717110365317ULL, 3203168211198807973ULL,
                                       9817491932198370423ULL, 4593380528125082431ULL}) {
    EXPECT_EQ(split_mix(state), expected);
  }
}

TEST(Random, ZeroStateIsNotStuck) {
  Random random(std::array<std::uint64_t, 4>{});
  EXPECT_NE(random.next() | random.next(), 0U);
}

TEST(Random, ACopyContinuesTheSameStream) {
  Random random(7);
  (void)random.next();
  Random copy = random;
  EXPECT_EQ(copy, random);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(copy.next(), random.next());
  (void)copy.next();
  EXPECT_NE(copy, random);
}

TEST(Random, BelowStaysBelowAndReachesEverything) {
  Random random(1);
  EXPECT_EQ(random.below(0), 0U);
  EXPECT_EQ(random.below(1), 0U);
  std::array<int, 10> seen{};
  for (int i = 0; i < 10'000; ++i) {
    const std::size_t drawn = random.index(10);
    ASSERT_LT(drawn, 10U);
    ++seen[drawn];
  }
  // Five standard deviations (30 each) around the mean; the seed is fixed, so it cannot flicker.
  for (const int count : seen) EXPECT_NEAR(count, 1000, 150);
  const std::uint64_t large = (std::uint64_t{1} << 63) + 1;
  for (int i = 0; i < 100; ++i) EXPECT_LT(random.below(large), large);
}

TEST(Random, UnitLiesInItsIntervalAndSpreads) {
  Random random(2);
  double sum = 0;
  double least = 1;
  double most = 0;
  for (int i = 0; i < 10'000; ++i) {
    const double drawn = random.unit();
    ASSERT_GE(drawn, 0.0);
    ASSERT_LT(drawn, 1.0);
    sum += drawn;
    least = std::min(least, drawn);
    most = std::max(most, drawn);
  }
  EXPECT_NEAR(sum / 10'000, 0.5, 0.015);
  EXPECT_LT(least, 0.001);
  EXPECT_GT(most, 0.999);
}

TEST(Random, ChanceKeepsItsEnds) {
  Random random(3);
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(random.chance(0.0));
    EXPECT_TRUE(random.chance(1.0));
    hits += random.chance(0.01) ? 1 : 0;
  }
  EXPECT_NEAR(hits, 100, 50);
}

// The number of draws must not depend on what comes out, or one entity's probability would shift
// its own later choices.
TEST(Random, ChanceAlwaysDrawsOnce) {
  Random a(4);
  Random b(4);
  (void)a.chance(0.0);
  (void)b.chance(1.0);
  EXPECT_EQ(a, b);
}

TEST(Random, BytesFillsAllOfIt) {
  for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 100U}) {
    Random random(5);
    std::vector<std::byte> bytes(size + 1, std::byte{0xee});
    random.bytes(std::span(bytes).first(size));
    EXPECT_EQ(bytes[size], std::byte{0xee}) << "wrote beyond the end";
    Random word(5);
    std::uint64_t expected = 0;
    for (std::size_t i = 0; i < size; ++i, expected >>= 8) {
      if (i % 8 == 0) expected = word.next();
      EXPECT_EQ(bytes[i], static_cast<std::byte>(expected & 0xff)) << "little-endian words";
    }
  }
}

// DESIGN section 6: streams are per entity by name.
TEST(Random, NamedStreamsAreTheirOwn) {
  Random loss = Random::stream(1, "wire/a-b/loss");
  Random same = Random::stream(1, "wire/a-b/loss");
  Random delay = Random::stream(1, "wire/a-b/delay");
  Random other_run = Random::stream(2, "wire/a-b/loss");
  const std::uint64_t first = loss.next();
  EXPECT_EQ(first, same.next());
  EXPECT_NE(first, delay.next());
  EXPECT_NE(first, other_run.next());
}

// Fixed for ever: a change of this number changes every recorded simulation.
TEST(Random, TheMeaningOfASeedStays) {
  EXPECT_EQ(Random(42).next(), 1546998764402558742U);
  Random random(std::array<std::uint64_t, 4>{1, 2, 3, 4});
  EXPECT_EQ(random.below(100'000), 0U);
}

}  // namespace
}  // namespace bowline
