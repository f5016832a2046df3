#include "bowline/base/interval_set.hpp"

#include <gtest/gtest.h>

#include <bitset>

#include "bowline/base/testing/failing_memory.hpp"

namespace bowline {
namespace {

TEST(IntervalSet, MergesWhatOverlapsOrTouches) {
  IntervalSet set(heap_memory(), 10, 1);
  EXPECT_TRUE(set.add(SeqNumber(10), 10));
  EXPECT_TRUE(set.add(SeqNumber(40), 10));
  EXPECT_EQ(set.size(), 2U);
  EXPECT_TRUE(set.add(SeqNumber(20), 20));
  EXPECT_EQ(set.size(), 1U);
  EXPECT_TRUE(set.covers(SeqNumber(10), 40));
  EXPECT_FALSE(set.covers(SeqNumber(10), 41));
  EXPECT_FALSE(set.covers(SeqNumber(9), 2));
  EXPECT_TRUE(set.covers(SeqNumber(9), 0));
}

TEST(IntervalSet, FirstGapIsTheFirstMissingNumber) {
  IntervalSet set(heap_memory(), 10, 1);
  EXPECT_EQ(set.first_gap(SeqNumber(5)), SeqNumber(5));
  set.add(SeqNumber(5), 5);
  set.add(SeqNumber(20), 5);
  EXPECT_EQ(set.first_gap(SeqNumber(5)), SeqNumber(10));
  EXPECT_EQ(set.first_gap(SeqNumber(12)), SeqNumber(12));
  EXPECT_EQ(set.first_gap(SeqNumber(24)), SeqNumber(25));
}

TEST(IntervalSet, AtTheLimitOnlyWhatMergesIsTaken) {
  IntervalSet set(heap_memory(), 2, 1);
  EXPECT_TRUE(set.add(SeqNumber(10), 5));
  EXPECT_TRUE(set.add(SeqNumber(20), 5));
  EXPECT_FALSE(set.add(SeqNumber(30), 5));
  EXPECT_FALSE(set.contains(SeqNumber(30)));
  EXPECT_TRUE(set.add(SeqNumber(25), 5));
  EXPECT_TRUE(set.contains(SeqNumber(29)));
}

// Beside a bit for each number, across the wrap.
TEST(IntervalSet, BehavesLikeASetOfBits) {
  testing::FailingMemory memory;
  {
    const SeqNumber base(0xffffff00);
    Random random(51);
    IntervalSet set(memory, 1'000, 3);
    std::bitset<512> model;
    for (int step = 0; step < 1'500; ++step) {
      const auto start = static_cast<std::uint32_t>(random.below(490));
      const auto length = static_cast<std::uint32_t>(random.below(20));
      if (random.chance(0.02)) {
        set.remove_before(base + start);
        for (std::uint32_t i = 0; i < start; ++i) model.reset(i);
      }
      if (random.chance(0.01)) {
        set.clear();
        model.reset();
      }
      ASSERT_TRUE(set.add(base + start, length));
      for (std::uint32_t i = start; i < start + length; ++i) model.set(i);
      std::uint32_t runs = 0;
      for (std::uint32_t i = 0; i < 512; ++i) {
        ASSERT_EQ(set.contains(base + i), model.test(i)) << step << " " << i;
        if (model.test(i) && (i == 0 || !model.test(i - 1))) ++runs;
      }
      ASSERT_EQ(set.size(), runs) << "as few ranges as there are runs";
    }
  }
  EXPECT_EQ(memory.live_blocks(), 0U);
}

}  // namespace
}  // namespace bowline
