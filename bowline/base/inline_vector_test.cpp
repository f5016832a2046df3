#include "bowline/base/inline_vector.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace bowline {
namespace {

/// Counts how many of its kind exist.
class Counted {
 public:
  Counted(int& alive, int initial) : value(initial), alive_(alive) { ++alive_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --alive_; }

  int value;

 private:
  int& alive_;
};

TEST(InlineVector, OnlyWhatWasPutInExists) {
  int alive = 0;
  {
    InlineVector<Counted, 4> vector;
    EXPECT_TRUE(vector.empty());
    EXPECT_EQ(alive, 0);
    vector.emplace_back(alive, 1);
    vector.emplace_back(alive, 2);
    EXPECT_EQ(alive, 2);
    EXPECT_FALSE(vector.full());
    vector.pop_back();
    EXPECT_EQ(alive, 1);
    EXPECT_EQ(vector[0].value, 1);
  }
  EXPECT_EQ(alive, 0);
}

TEST(InlineVector, GoesInOrderAndCanBeUsedAgain) {
  InlineVector<std::unique_ptr<int>, 3> vector;
  for (int i = 0; i < 3; ++i) vector.emplace_back(std::make_unique<int>(i));
  EXPECT_TRUE(vector.full());
  int expected = 0;
  for (const auto& element : vector) EXPECT_EQ(*element, expected++);
  EXPECT_EQ(expected, 3);
  EXPECT_EQ(vector.span().size(), 3U);
  vector.clear();
  EXPECT_TRUE(vector.empty());
  vector.emplace_back(std::make_unique<int>(7));
  EXPECT_EQ(*vector[0], 7);
}

}  // namespace
}  // namespace bowline
