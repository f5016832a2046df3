#include "bowline/base/index_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/testing/failing_memory.hpp"

namespace bowline {
namespace {

using testing::FailingMemory;

constexpr auto kAny = [](std::uint32_t) { return true; };

std::uint64_t hash_of(std::uint64_t key) {
  return siphash13(SipKey{1, 2}, std::array<std::uint64_t, 1>{key});
}

class IndexTableTest : public ::testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(memory_.live_blocks(), 0U);
    EXPECT_EQ(memory_.mismatches(), 0U);
  }
  [[nodiscard]] static bool holds(const IndexTable& table, std::uint64_t hash,
                                  std::uint32_t index) {
    return table.find(hash, [index](std::uint32_t i) { return i == index; }) == index;
  }
  FailingMemory memory_;
};

static_assert(sizeof(detail::IndexBucket) == 64, "one cache line a bucket");

TEST_F(IndexTableTest, EmptyHoldsNothingAndNoMemory) {
  IndexTable table(memory_, 100);
  EXPECT_EQ(table.find(1, kAny), IndexTable::kNone);
  EXPECT_FALSE(table.erase(1, 2));
  table.prefetch(1);
  EXPECT_EQ(memory_.requests(), 0U);
}

TEST_F(IndexTableTest, FindsWhatTheOwnerRecognises) {
  IndexTable table(memory_, 100);
  // Three elements under one hash: the key in the element decides.
  for (const std::uint32_t index : {7U, 8U, 9U}) ASSERT_TRUE(table.insert(hash_of(1), index));
  for (const std::uint32_t index : {7U, 8U, 9U}) EXPECT_TRUE(holds(table, hash_of(1), index));
  EXPECT_FALSE(holds(table, hash_of(1), 10));
  EXPECT_EQ(table.find(hash_of(2), kAny), IndexTable::kNone);
  EXPECT_TRUE(table.erase(hash_of(1), 8));
  EXPECT_FALSE(table.erase(hash_of(1), 8));
  EXPECT_FALSE(holds(table, hash_of(1), 8));
  EXPECT_TRUE(holds(table, hash_of(1), 9));
  EXPECT_EQ(table.size(), 2U);
}

TEST_F(IndexTableTest, StopsAtItsLimit) {
  IndexTable table(memory_, 3);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_TRUE(table.insert(hash_of(i), i));
  EXPECT_FALSE(table.insert(hash_of(3), 3));
  EXPECT_TRUE(table.erase(hash_of(0), 0));
  EXPECT_TRUE(table.insert(hash_of(3), 3));
}

// More entries in one bucket than it has places, and all of them found.
TEST_F(IndexTableTest, ManyEntriesUnderOneHash) {
  IndexTable table(memory_, 1'000);
  for (std::uint32_t i = 0; i < 500; ++i) ASSERT_TRUE(table.insert(42, i));
  for (std::uint32_t i = 0; i < 500; ++i) EXPECT_TRUE(holds(table, 42, i));
  for (std::uint32_t i = 0; i < 500; i += 2) EXPECT_TRUE(table.erase(42, i));
  for (std::uint32_t i = 0; i < 500; ++i) EXPECT_EQ(holds(table, 42, i), i % 2 == 1);
  for (std::uint32_t i = 1; i < 500; i += 2) EXPECT_TRUE(table.erase(42, i));
  EXPECT_EQ(table.longest_search(), 1U) << "nothing is left behind";
}

// Random operations beside std::unordered_multimap, with few distinct hashes so that they collide.
TEST_F(IndexTableTest, BehavesLikeAMultimap) {
  for (const std::uint64_t distinct : {50ULL, 5'000ULL, ~0ULL}) {
    Random random(31);
    IndexTable table(memory_, 8'000);
    std::unordered_multimap<std::uint64_t, std::uint32_t> model;
    std::vector<std::pair<std::uint64_t, std::uint32_t>> entries;
    for (std::uint32_t step = 0; step < 40'000; ++step) {
      // Waves: mostly in, mostly out, so that it grows, empties and grows again.
      const bool in = random.chance((step / 8'000) % 2 == 0 ? 0.8 : 0.2);
      if (in && model.size() < 8'000) {
        const std::uint64_t hash = hash_of(random.below(distinct));
        ASSERT_TRUE(table.insert(hash, step));
        model.emplace(hash, step);
        entries.emplace_back(hash, step);
      } else if (!entries.empty()) {
        std::swap(entries[random.index(entries.size())], entries.back());
        const auto [hash, index] = entries.back();
        entries.pop_back();
        ASSERT_TRUE(holds(table, hash, index));
        ASSERT_TRUE(table.erase(hash, index));
        ASSERT_FALSE(holds(table, hash, index));
        const auto [from, to] = model.equal_range(hash);
        model.erase(std::find_if(from, to, [index](const auto& e) { return e.second == index; }));
      }
      ASSERT_EQ(table.size(), model.size());
      if (step % 1'000 != 0) continue;
      for (const auto& [hash, index] : model) ASSERT_TRUE(holds(table, hash, index));
      for (int i = 0; i < 100; ++i) {
        const std::uint64_t hash = hash_of(~random.below(distinct));
        ASSERT_EQ(table.find(hash, kAny) != IndexTable::kNone, model.contains(hash));
      }
    }
  }
}

// Everything stays findable at every step of growing, and no step asks for much memory.
TEST_F(IndexTableTest, GrowsInSmallSteps) {
  IndexTable table(memory_, 1'000'000);
  std::uint64_t most_at_once = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const std::uint64_t before = memory_.requests();
    ASSERT_TRUE(table.insert(hash_of(i), i));
    most_at_once = std::max<std::uint64_t>(most_at_once, memory_.requests() - before);
    ASSERT_TRUE(holds(table, hash_of(i), i));
    ASSERT_TRUE(holds(table, hash_of(i / 2), i / 2));
    const std::uint32_t earlier = static_cast<std::uint32_t>(i * 7919ULL % (i + 1));
    ASSERT_TRUE(holds(table, hash_of(earlier), earlier));
  }
  EXPECT_LE(memory_.largest_request(), 16U << 10);
  EXPECT_LE(most_at_once, 2U) << "a directory and a chunk";
  for (std::uint32_t i = 0; i < 100'000; ++i) ASSERT_TRUE(holds(table, hash_of(i), i));
  EXPECT_EQ(table.bytes_held(), memory_.live_bytes());
  EXPECT_LE(table.longest_search(), 12U);
}

// Erased at every stage of growing: nothing is left behind, in whichever array the entries were.
TEST_F(IndexTableTest, EmptiedWhileItGrowsItIsAsNew) {
  for (std::uint32_t most = 1; most < 400; most += 7) {
    IndexTable table(memory_, 1'000'000);
    for (std::uint32_t i = 0; i < most; ++i) ASSERT_TRUE(table.insert(hash_of(i % 20), i));
    for (std::uint32_t i = 0; i < most; ++i) ASSERT_TRUE(table.erase(hash_of(i % 20), i));
    EXPECT_EQ(table.size(), 0U);
    EXPECT_EQ(table.longest_search(), 1U) << most;
  }
}

// No tombstones: a table that has seen millions of connections come and go is as good as new.
TEST_F(IndexTableTest, ChurnDoesNotDegradeIt) {
  IndexTable table(memory_, 10'000);
  for (std::uint32_t i = 0; i < 5'000; ++i) ASSERT_TRUE(table.insert(hash_of(i), i));
  const std::size_t bytes = table.bytes_held();
  for (std::uint32_t i = 5'000; i < 500'000; ++i) {
    ASSERT_TRUE(table.erase(hash_of(i - 5'000), i - 5'000));
    ASSERT_TRUE(table.insert(hash_of(i), i));
  }
  EXPECT_EQ(table.size(), 5'000U);
  // Of 1,024 buckets. With tombstones, or counts that only rise, a search would go through all of
  // them.
  EXPECT_LE(table.longest_search(), 40U);
  EXPECT_LE(table.bytes_held(), bytes * 2);
}

TEST_F(IndexTableTest, WithoutMemoryToGrowItFillsWhatItHas) {
  IndexTable table(memory_, 100'000);
  std::uint32_t in = 0;
  for (; in < 1'000; ++in) ASSERT_TRUE(table.insert(hash_of(in), in));
  memory_.fail_from(0);
  while (table.insert(hash_of(in), in)) ++in;
  EXPECT_GT(in, 1'000U);
  for (std::uint32_t i = 0; i < in; ++i) ASSERT_TRUE(holds(table, hash_of(i), i));
  EXPECT_FALSE(holds(table, hash_of(in), in)) << "what was refused is not in";
  EXPECT_LE(table.longest_search(), 64U);
  memory_.fail_never();
  for (std::uint32_t tries = 0; !table.insert(hash_of(in), in); ++tries) ASSERT_LT(tries, 1'000U);
  while (++in < 50'000) ASSERT_TRUE(table.insert(hash_of(in), in));
  for (std::uint32_t i = 0; i < in; ++i) ASSERT_TRUE(holds(table, hash_of(i), i));
}

TEST_F(IndexTableTest, AFailureAtAnyRequestIsBridged) {
  for (std::uint64_t fail_at = 0; fail_at < 12; ++fail_at) {
    IndexTable table(memory_, 100'000);
    memory_.fail_at(fail_at);
    std::vector<std::uint32_t> in;
    for (std::uint32_t i = 0; i < 4'000; ++i) {
      if (table.insert(hash_of(i), i)) in.push_back(i);
    }
    EXPECT_GE(in.size(), 3'999U);
    EXPECT_EQ(table.size(), in.size());
    for (const std::uint32_t i : in) ASSERT_TRUE(holds(table, hash_of(i), i));
  }
}

TEST_F(IndexTableTest, MovingTakesAllAlong) {
  IndexTable table(memory_, 100);
  for (std::uint32_t i = 0; i < 60; ++i) ASSERT_TRUE(table.insert(hash_of(i), i));
  IndexTable moved = std::move(table);
  IndexTable third(memory_, 1);
  ASSERT_TRUE(third.insert(1, 1));
  third = std::move(moved);
  for (std::uint32_t i = 0; i < 60; ++i) EXPECT_TRUE(holds(third, hash_of(i), i));
}

}  // namespace
}  // namespace bowline
