#include "bowline/base/memory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "bowline/base/testing/failing_memory.hpp"

namespace bowline {
namespace {

TEST(HeapMemory, AlignsAsAsked) {
  for (const std::size_t alignment : {1U, 8U, 16U, 64U, 4096U}) {
    void* memory = heap_memory().allocate(100, alignment);
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % alignment, 0U);
    std::memset(memory, 1, 100);
    heap_memory().release(memory, 100, alignment);
  }
}

// The helper that all tests of running out of memory rely on.
TEST(FailingMemory, RefusesTheRequestItWasToldTo) {
  testing::FailingMemory memory;
  memory.fail_at(1);
  void* first = memory.allocate(10, 8);
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(memory.allocate(10, 8), nullptr);
  void* third = memory.allocate(10, 64);
  EXPECT_NE(third, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(third) % 64, 0U);
  EXPECT_EQ(memory.requests(), 3U);
  EXPECT_EQ(memory.refused(), 1U);
  EXPECT_EQ(memory.live_blocks(), 2U);
  EXPECT_EQ(memory.live_bytes(), 20U);
  memory.release(first, 10, 8);
  memory.release(third, 10, 64);
  EXPECT_EQ(memory.live_blocks(), 0U);
  EXPECT_EQ(memory.peak_bytes(), 20U);
  EXPECT_EQ(memory.mismatches(), 0U);
}

TEST(FailingMemory, RefusesFromARequestOnOrBeyondALimit) {
  testing::FailingMemory memory;
  memory.fail_from(0);
  EXPECT_EQ(memory.allocate(1, 1), nullptr);
  EXPECT_EQ(memory.allocate(1, 1), nullptr);
  memory.fail_never();
  memory.set_limit(100);
  EXPECT_EQ(memory.allocate(101, 1), nullptr);
  void* block = memory.allocate(100, 1);
  EXPECT_NE(block, nullptr);
  EXPECT_EQ(memory.allocate(1, 1), nullptr);
  memory.release(block, 100, 1);
}

TEST(FailingMemory, NoticesABlockThatComesBackDifferent) {
  testing::FailingMemory memory;
  void* block = memory.allocate(16, 8);
  memory.release(block, 15, 8);
  memory.release(block, 16, 16);
  EXPECT_EQ(memory.mismatches(), 2U);
  EXPECT_EQ(memory.live_blocks(), 1U);
  memory.release(block, 16, 8);
  EXPECT_EQ(memory.live_blocks(), 0U);
}

}  // namespace
}  // namespace bowline
