#pragma once

// The units in which a network is described: `10_mbps`, `1_percent`, `64_KiB`; delays are `20ms`.
//
// Rates and chances are types of their own, so that a loss of 1 cannot be read as one percent by
// one person and as certainty by another. All arithmetic is exact in integers, or in doubles whose
// result every compiler agrees on: a seed gives the same run everywhere.

#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::sim {

/// How fast a wire takes bits. Default: unlimited.
struct Rate {
  std::uint64_t bits_per_second = 0;  ///< 0: unlimited

  /// How long `bytes` (at most 1 GiB) take, rounded up to the nanosecond.
  [[nodiscard]] constexpr Duration time_for(std::uint32_t bytes) const noexcept {
    if (bits_per_second == 0) return Duration::zero();
    const std::uint64_t bit_nanos = std::uint64_t{bytes} * 8 * 1'000'000'000;  // below 2^63
    return Duration(
        static_cast<Duration::rep>((bit_nanos + bits_per_second - 1) / bits_per_second));
  }
  friend constexpr bool operator==(const Rate&, const Rate&) noexcept = default;
};

/// How often something happens to a packet. Default: never.
struct Chance {
  double probability = 0;  ///< 0: never, 1: always
  friend constexpr bool operator==(const Chance&, const Chance&) noexcept = default;
};

constexpr Rate operator""_kbps(unsigned long long count) noexcept { return {count * 1'000}; }
constexpr Rate operator""_mbps(unsigned long long count) noexcept { return {count * 1'000'000}; }
constexpr Rate operator""_gbps(unsigned long long count) noexcept {
  return {count * 1'000'000'000};
}
constexpr Chance operator""_percent(unsigned long long count) noexcept {
  return {static_cast<double>(count) / 100};
}
constexpr Chance operator""_percent(long double count) noexcept {
  return {static_cast<double>(count) / 100};
}
/// Bytes.
constexpr std::uint32_t operator""_KiB(unsigned long long count) noexcept {
  return static_cast<std::uint32_t>(count << 10);
}
constexpr std::uint32_t operator""_MiB(unsigned long long count) noexcept {
  return static_cast<std::uint32_t>(count << 20);
}

}  // namespace bowline::inline v0::sim
