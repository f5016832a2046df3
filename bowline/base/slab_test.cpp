#include "bowline/base/slab.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/base/testing/failing_memory.hpp"

namespace bowline {
namespace {

using testing::FailingMemory;

// Counts itself, so that a test sees what is not destroyed, or twice.
struct Counted {
  explicit Counted(int number, int& alive) : value(number), count(&alive) { ++*count; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --*count; }
  int value;
  int* count;
};

class SlabTest : public ::testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(alive_, 0);
    EXPECT_EQ(memory_.live_blocks(), 0U);
    EXPECT_EQ(memory_.mismatches(), 0U);
  }
  FailingMemory memory_;
  int alive_ = 0;
};

TEST_F(SlabTest, HoldsNoMemoryUntilUsed) {
  const Slab<Counted> slab(memory_, 100);
  EXPECT_EQ(memory_.requests(), 0U);
  EXPECT_EQ(slab.bytes_held(), 0U);
  EXPECT_FALSE(slab.live(0));
  EXPECT_EQ(slab.generation(0), 0U);
}

TEST_F(SlabTest, GivesAFreedPlaceOutFirstWithANewGeneration) {
  Slab<Counted> slab(memory_, 100);
  const std::uint32_t a = slab.emplace(1, alive_);
  const std::uint32_t b = slab.emplace(2, alive_);
  EXPECT_NE(a, b);
  const std::uint32_t generation = slab.generation(a);
  EXPECT_NE(generation, 0U);
  EXPECT_EQ(slab.find(a, generation), &slab[a]);
  slab.erase(a);
  EXPECT_EQ(alive_, 1);
  EXPECT_FALSE(slab.live(a));
  EXPECT_EQ(slab.find(a, generation), nullptr);
  EXPECT_EQ(slab.emplace(3, alive_), a);
  EXPECT_EQ(slab.find(a, generation), nullptr) << "a handle to the former tenant";
  EXPECT_EQ(slab.find(a, slab.generation(a))->value, 3);
}

// close() ends the handle while the connection goes on as an orphan (DESIGN section 3).
TEST_F(SlabTest, RetireEndsHandlesWhileTheElementLives) {
  Slab<Counted> slab(memory_, 100);
  const std::uint32_t index = slab.emplace(5, alive_);
  const std::uint32_t generation = slab.generation(index);
  slab.retire(index);
  EXPECT_TRUE(slab.live(index));
  EXPECT_EQ(slab[index].value, 5);
  EXPECT_EQ(slab.find(index, generation), nullptr);
  EXPECT_EQ(slab.size(), 1U);
  EXPECT_EQ(alive_, 1);
}

TEST_F(SlabTest, StopsAtItsLimitAndGoesOnWhenThereIsRoom) {
  Slab<Counted> slab(memory_, 3);
  for (int i = 0; i < 3; ++i) EXPECT_NE(slab.emplace(i, alive_), slab.kNone);
  EXPECT_EQ(slab.emplace(9, alive_), slab.kNone);
  EXPECT_EQ(alive_, 3);
  slab.erase(1);
  EXPECT_EQ(slab.emplace(9, alive_), 1U);
  slab.set_limit(4);
  EXPECT_NE(slab.emplace(9, alive_), slab.kNone);
  slab.set_limit(1);
  EXPECT_EQ(slab.size(), 4U) << "a lower limit evicts nobody";
  EXPECT_EQ(slab.emplace(9, alive_), slab.kNone);
}

TEST_F(SlabTest, ElementsStayWhereTheyAreAndNoRequestIsLarge) {
  Slab<Counted> slab(memory_, 1'000'000);
  std::vector<const Counted*> places;
  for (int i = 0; i < 20'000; ++i) places.push_back(&slab[slab.emplace(i, alive_)]);
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    ASSERT_EQ(&slab[i], places[i]);
    ASSERT_EQ(slab[i].value, static_cast<int>(i));
  }
  EXPECT_LE(memory_.largest_request(), 16U << 10);
  EXPECT_EQ(slab.bytes_held(), memory_.live_bytes());
}

TEST_F(SlabTest, NoMemoryAtAnyPointLeavesItAsItWas) {
  for (std::uint64_t fail_at = 0; fail_at < 5; ++fail_at) {
    Slab<Counted> slab(memory_, 1'000'000);
    memory_.fail_at(fail_at);
    int refused = 0;
    for (int i = 0; i < 3'000; ++i) refused += slab.emplace(i, alive_) == slab.kNone ? 1 : 0;
    EXPECT_EQ(refused, 1) << "only the request that met the failure suffers";
    EXPECT_EQ(slab.size(), 2'999U);
    EXPECT_EQ(alive_, 2'999);
  }
}

TEST_F(SlabTest, MovingTakesAllAlong) {
  Slab<Counted> slab(memory_, 10);
  const std::uint32_t index = slab.emplace(8, alive_);
  const Counted* place = &slab[index];
  Slab<Counted> moved = std::move(slab);
  EXPECT_EQ(&moved[index], place);
  Slab<Counted> third(memory_, 10);
  EXPECT_NE(third.emplace(1, alive_), third.kNone);
  third = std::move(moved);
  EXPECT_EQ(third[index].value, 8);
  EXPECT_EQ(alive_, 1);
}

struct alignas(64) Line {
  std::uint64_t words[16];
};
TEST_F(SlabTest, KeepsTheAlignmentOfItsElements) {
  Slab<Line> slab(memory_, 200);
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t index = slab.emplace();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&slab[index]) % 64, 0U);
  }
}

// Random operations beside a std::map of what should live, handles and all.
TEST_F(SlabTest, BehavesLikeAMapOfHandles) {
  Random random(21);
  Slab<Counted> slab(memory_, 300);
  std::map<std::uint32_t, std::pair<std::uint32_t, int>> model;  // index -> generation, value
  std::vector<std::pair<std::uint32_t, std::uint32_t>> stale;
  for (int step = 0; step < 30'000; ++step) {
    if (random.chance(0.5)) {
      const std::uint32_t index = slab.emplace(step, alive_);
      if (model.size() == 300) {
        ASSERT_EQ(index, slab.kNone);
        continue;
      }
      ASSERT_NE(index, slab.kNone);
      ASSERT_FALSE(model.contains(index));
      model[index] = {slab.generation(index), step};
    } else if (!model.empty()) {
      auto victim = model.lower_bound(static_cast<std::uint32_t>(random.below(300)));
      if (victim == model.end()) victim = model.begin();
      stale.emplace_back(victim->first, victim->second.first);
      slab.erase(victim->first);
      model.erase(victim);
    }
    ASSERT_EQ(slab.size(), model.size());
  }
  auto expected = model.begin();
  slab.for_each([&](std::uint32_t index, const Counted& element) {
    ASSERT_NE(expected, model.end());
    EXPECT_EQ(index, expected->first) << "in the order of the numbers";
    EXPECT_EQ(element.value, expected->second.second);
    EXPECT_EQ(slab.find(index, expected->second.first), &element);
    ++expected;
  });
  EXPECT_EQ(expected, model.end());
  for (const auto& [index, generation] : stale) EXPECT_EQ(slab.find(index, generation), nullptr);
}

TEST_F(SlabTest, ForEachMayEraseWhatItIsGiven) {
  Slab<Counted> slab(memory_, 100);
  for (int i = 0; i < 10; ++i) (void)slab.emplace(i, alive_);
  slab.for_each([&slab](std::uint32_t index, Counted& element) {
    if (element.value % 2 == 0) slab.erase(index);
  });
  EXPECT_EQ(slab.size(), 5U);
}

}  // namespace
}  // namespace bowline
