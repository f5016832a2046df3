#include "bowline/base/time.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace bowline {
namespace {

TEST(Time, NeverIsLaterThanEveryTime) {
  EXPECT_LT(Time(Duration::max() - 1ns), kNever);
  EXPECT_LT(Time(24h * 365 * 200), kNever);
}

TEST(Time, SaturatingAddIsPlusWhereItFits) {
  EXPECT_EQ(saturating_add(Time(5s), 250ms), Time(5s + 250ms));
  EXPECT_EQ(saturating_add(Time(5s), 0ns), Time(5s));
}

TEST(Time, SaturatingAddStopsAtNever) {
  EXPECT_EQ(saturating_add(Time(5s), Duration::max()), kNever);
  EXPECT_EQ(saturating_add(kNever, 1ns), kNever);
  EXPECT_EQ(saturating_add(kNever, 0ns), kNever);
  EXPECT_EQ(saturating_add(kNever - 7ns, 7ns), kNever);
  EXPECT_EQ(saturating_add(kNever - 7ns, 6ns), kNever - 1ns);
}

// DESIGN section 3: the core has no clock, time is an argument.
template <class Clock>
concept TellsTheTime = requires { Clock::now(); };
static_assert(!TellsTheTime<StackClock>);
static_assert(TellsTheTime<std::chrono::steady_clock>);

// Times of different clocks do not mix by accident.
static_assert(!std::is_convertible_v<std::chrono::steady_clock::time_point, Time>);
static_assert(!std::is_convertible_v<std::int64_t, Time>);

}  // namespace
}  // namespace bowline
