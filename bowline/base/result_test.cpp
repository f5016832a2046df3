#include "bowline/base/result.hpp"

#include <gtest/gtest.h>

namespace bowline {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(std::errc::invalid_argument);
  return number / 2;
}

Result<int> quarter(int number) {
  BOWLINE_TRY(once, half(number));
  BOWLINE_TRY(twice, half(once));
  return twice;
}

Status must_be_even(int number) {
  if (number % 2 != 0) return fail(std::make_error_code(std::errc::result_out_of_range));
  return {};
}

Status both_even(int a, int b) {
  BOWLINE_CHECK(must_be_even(a));
  BOWLINE_CHECK(must_be_even(b));
  return {};
}

TEST(Result, TryGivesTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(12), 3);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error(), std::errc::invalid_argument);
  EXPECT_FALSE(quarter(5));
}

TEST(Result, CheckReturnsTheFirstError) {
  EXPECT_TRUE(both_even(2, 4));
  ASSERT_FALSE(both_even(2, 3));
  EXPECT_EQ(both_even(2, 3).error(), std::errc::result_out_of_range);
  EXPECT_FALSE(both_even(1, 4));
}

// Every edge maps errors by one table, so they are all of one category.
TEST(Result, ErrorsAreOfTheGenericCategory) {
  EXPECT_EQ(fail(std::errc::not_connected).error().category(), std::generic_category());
}

}  // namespace
}  // namespace bowline
