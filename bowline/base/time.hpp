#pragma once

// Time inside the stack.
//
// The core has no clock: whoever drives it says what time it is, with every call. So one and the
// same engine runs against the kernel's monotonic clock, in virtual time, or backwards through a
// recorded trace. The type is std::chrono's, over a clock that deliberately has no now(): code in
// the core that tries to look at the time does not compile.

#include <chrono>
#include <cstdint>

namespace bowline::inline v0 {

/// The time line of a Stack: nanoseconds from an origin that the driver chooses. It has no `now()`,
/// because time is an argument (DESIGN section 3). Never goes back.
struct StackClock {
  using rep = std::int64_t;                                ///< Counts nanoseconds.
  using period = std::nano;                                ///< One nanosecond.
  using duration = std::chrono::duration<rep, period>;     ///< Duration.
  using time_point = std::chrono::time_point<StackClock>;  ///< Time.
  static constexpr bool is_steady = true;                  ///< It never goes back.
};

/// A span of time, in nanoseconds.
using Duration = StackClock::duration;

/// A point on the time line of a Stack. The origin is the driver's; only differences mean anything.
using Time = StackClock::time_point;

/// Later than every point in time: the deadline of a timer that is not set.
inline constexpr Time kNever = Time::max();

/// `at + after` that stays at `kNever` where the sum would pass it (a user may configure a timeout
/// of "practically never"). Both sides may be anything not negative.
[[nodiscard]] constexpr Time saturating_add(Time at, Duration after) noexcept {
  return after > kNever - at ? kNever : at + after;
}

// The literals of <chrono>, one by one: `20ms` is how the field writes a delay.
using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""ns;

}  // namespace bowline::inline v0
