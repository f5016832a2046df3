#include "bowline/base/fixed_vector.hpp"

#include <gtest/gtest.h>

#include "bowline/base/buffer.hpp"
#include "bowline/base/visit.hpp"

namespace bowline {
namespace {

TEST(FixedVector, TakesWhatFitsAndSaysWhenItDoesNot) {
  FixedVector<int, 2> list;
  EXPECT_TRUE(list.empty());
  EXPECT_TRUE(list.push_back(7));
  EXPECT_TRUE(list.push_back(8));
  EXPECT_TRUE(list.full());
  EXPECT_FALSE(list.push_back(9));
  EXPECT_EQ(list.size(), 2U);
  EXPECT_EQ(list[1], 8);
  EXPECT_TRUE(list.contains(7));
  EXPECT_FALSE(list.contains(9));
}

TEST(FixedVector, IsEqualByItsElementsAndNotByWhatStoodThereBefore) {
  FixedVector<int, 3> one;
  FixedVector<int, 3> other;
  one.push_back(1);
  other.push_back(5);
  EXPECT_FALSE(one == other);
  other.clear();
  other.push_back(1);
  EXPECT_EQ(one, other);
}

TEST(FixedVector, IsSavedAndLoadedWithinItsBound) {
  const BufferPoolOwner pool(BufferPool::make(heap_memory(), 1U << 20));
  FixedVector<std::uint32_t, 3> list;
  list.push_back(1);
  list.push_back(2);
  SaveVisitor saved(heap_memory());
  save(saved, list);
  FixedVector<std::uint32_t, 3> copy;
  LoadVisitor load(saved.bytes(), *pool);
  load(copy);
  EXPECT_TRUE(load.complete());
  EXPECT_EQ(copy, list);
  FixedVector<std::uint32_t, 1> small;
  LoadVisitor too_small(saved.bytes(), *pool);
  too_small(small);
  EXPECT_TRUE(too_small.failed());
  EXPECT_TRUE(small.empty());
}

}  // namespace
}  // namespace bowline
