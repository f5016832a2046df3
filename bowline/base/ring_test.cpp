#include "bowline/base/ring.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "bowline/base/random.hpp"
#include "bowline/base/testing/failing_memory.hpp"

namespace bowline {
namespace {

class RingTest : public ::testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(memory_.live_blocks(), 0U);
    EXPECT_EQ(memory_.mismatches(), 0U);
  }
  testing::FailingMemory memory_;
};

// Strings long enough to own memory, so that a sanitizer sees what is destroyed twice or never.
std::string text(int number) { return "an element with the number " + std::to_string(number); }

TEST_F(RingTest, BehavesLikeADeque) {
  Random random(61);
  Ring<std::string> ring(memory_);
  std::deque<std::string> model;
  for (int step = 0; step < 20'000; ++step) {
    // Waves, so that it grows round its end, empties and begins anew.
    if (random.chance((step / 500) % 2 == 0 ? 0.6 : 0.35)) {
      ASSERT_TRUE(ring.push_back(text(step)));
      model.push_back(text(step));
    } else if (!model.empty() && random.chance(0.1)) {
      const auto at = static_cast<std::uint32_t>(random.below(model.size()));
      ring.erase(at);
      model.erase(model.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (!model.empty()) {
      ring.pop_front();
      model.pop_front();
    }
    ASSERT_EQ(ring.size(), model.size());
    ASSERT_EQ(ring.empty(), model.empty());
    if (model.empty()) continue;
    ASSERT_EQ(ring.front(), model.front());
    ASSERT_EQ(ring.back(), model.back());
    const auto middle = static_cast<std::uint32_t>(random.below(model.size()));
    ASSERT_EQ(ring[middle], model[middle]);
  }
}

TEST_F(RingTest, SeveralLeaveTheFrontTogether) {
  Ring<std::unique_ptr<int>> ring(memory_);
  ring.pop_front(0);
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(ring.push_back(std::make_unique<int>(i)));
  ring.pop_front(5);
  for (int i = 6; i < 10; ++i) ASSERT_TRUE(ring.push_back(std::make_unique<int>(i)));
  ring.pop_front(4);  // round the end
  ASSERT_EQ(ring.size(), 1U);
  EXPECT_EQ(*ring.front(), 9);
}

TEST_F(RingTest, WithoutMemoryNothingHappens) {
  Ring<std::string> ring(memory_);
  memory_.fail_at(0);
  EXPECT_FALSE(ring.push_back(text(0)));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(ring.push_back(text(i)));
  memory_.fail_at(0);
  EXPECT_FALSE(ring.push_back(text(4)));
  EXPECT_EQ(ring.size(), 4U);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ring[static_cast<std::uint32_t>(i)], text(i));
}

TEST_F(RingTest, ReservedRoomCannotFail) {
  Ring<int> ring(memory_);
  ASSERT_TRUE(ring.reserve_more(100));
  memory_.fail_from(0);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(ring.push_back(i));
}

TEST_F(RingTest, GivesALargeBlockBackWhenEmpty) {
  Ring<int> ring(memory_);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(ring.push_back(i));
  for (int i = 0; i < 100; ++i) ring.pop_front();
  EXPECT_EQ(memory_.live_blocks(), 0U);
  ASSERT_TRUE(ring.push_back(1));
  ring.clear();
  EXPECT_EQ(memory_.live_blocks(), 0U);
}

TEST_F(RingTest, MovingTakesAllAlong) {
  Ring<std::string> ring(memory_);
  ASSERT_TRUE(ring.push_back(text(1)));
  Ring<std::string> moved = std::move(ring);
  EXPECT_EQ(moved.front(), text(1));
  Ring<std::string> third(memory_);
  ASSERT_TRUE(third.push_back(text(2)));
  third = std::move(moved);
  EXPECT_EQ(third.front(), text(1));
}

}  // namespace
}  // namespace bowline
