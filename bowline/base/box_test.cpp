#include "bowline/base/box.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bowline/base/testing/failing_memory.hpp"

namespace bowline {
namespace {

TEST(Box, MakesItsValueOnDemandAndGivesItBack) {
  testing::FailingMemory memory;
  {
    Box<std::string> box;
    EXPECT_FALSE(box);
    ASSERT_TRUE(box.ensure(memory, "cold"));
    EXPECT_EQ(*box, "cold");
    ASSERT_TRUE(box.ensure(memory, "another")) << "is there already";
    EXPECT_EQ(box->size(), 4U);
    EXPECT_EQ(memory.live_blocks(), 1U);
    box.reset();
    EXPECT_EQ(memory.live_blocks(), 0U);
    EXPECT_EQ(box.get(), nullptr);
    ASSERT_TRUE(box.ensure(memory, "again"));
    Box<std::string> moved = std::move(box);
    EXPECT_EQ(*moved, "again");
    box = std::move(moved);
    EXPECT_EQ(*box, "again");
  }
  EXPECT_EQ(memory.live_blocks(), 0U);
  EXPECT_EQ(memory.mismatches(), 0U);
}

TEST(Box, WithoutMemoryItStaysEmpty) {
  testing::FailingMemory memory;
  memory.fail_at(0);
  Box<int> box;
  EXPECT_FALSE(box.ensure(memory, 1));
  EXPECT_FALSE(box);
}

}  // namespace
}  // namespace bowline
