#pragma once

// Network byte order: the one place where bytes become numbers.
//
// Loads and stores go through memcpy, so that they are right at any alignment and on any machine;
// the compiler makes one instruction of each.

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bowline::inline v0 {

/// `value` with its bytes turned between this machine's order and the network's.
template <std::unsigned_integral T>
[[nodiscard]] constexpr T network_order(T value) noexcept {
  if constexpr (std::endian::native == std::endian::big || sizeof(T) == 1) {
    return value;
  } else {
    return std::byteswap(value);
  }
}

/// The number that stands at `from` in network order. `from` must have sizeof(T) bytes.
template <std::unsigned_integral T>
[[nodiscard]] inline T load_be(const std::byte* from) noexcept {
  T raw;
  std::memcpy(&raw, from, sizeof(T));
  return network_order(raw);
}

/// Writes `value` at `to` in network order. `to` must have room for sizeof(T) bytes.
template <std::unsigned_integral T>
inline void store_be(std::byte* to, T value) noexcept {
  const T raw = network_order(value);
  std::memcpy(to, &raw, sizeof(T));
}

}  // namespace bowline::inline v0
