#pragma once

// The clock of production drivers. The core has none (bowline/base/time.hpp); this is where real
// time comes in.

#include <chrono>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::driver {

/// Real time since the origin of the system's monotonic clock. Never goes back, never jumps when
/// the wall clock is set; stands still while the machine is suspended.
[[nodiscard]] inline Time monotonic_now() noexcept {
  return Time(
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

}  // namespace bowline::inline v0::driver
