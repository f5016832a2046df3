#pragma once

// Randomness from the operating system: the seed of everything a Stack keeps secret.

#include <array>
#include <cstdint>

#include "bowline/base/result.hpp"
#include "bowline/wire/ethernet.hpp"

namespace bowline::inline v0::os {

/// 256 bits from the kernel's generator (getrandom), for StackConfig::seed. Blocks only while a
/// machine that has just been switched on gathers entropy. Errors: function_not_supported on a
/// kernel without it.
[[nodiscard]] Result<std::array<std::uint64_t, 4>> random_seed();

/// A MAC address for a link of our own: locally administered, random. Errors: as random_seed().
[[nodiscard]] Result<wire::MacAddress> random_mac();

}  // namespace bowline::inline v0::os
