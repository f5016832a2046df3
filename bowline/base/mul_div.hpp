#pragma once

// a * b / c without losing the upper half of the product.
//
// Rates times spans of time pass 64 bits: 100 Gbit/s over a minute's round trip in nanoseconds do.
// Not every processor that we build for has an integer of 128 bits, so the product is taken apart
// here. In the common case, that it fits into 64 bits, this is one multiplication and one division.

#include <cstdint>
#include <limits>

namespace bowline::inline v0 {

/// floor(`a` * `b` / `c`), exact; the largest number where the result is beyond 64 bits or `c` is
/// 0.
[[nodiscard]] constexpr std::uint64_t mul_div(std::uint64_t a, std::uint64_t b,
                                              std::uint64_t c) noexcept {
  constexpr std::uint64_t kLow = 0xffffffff;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  if (c == 0) return kMost;
  // The schoolbook product, in halves of 32 bits.
  const std::uint64_t low_low = (a & kLow) * (b & kLow);
  const std::uint64_t middle = (a >> 32) * (b & kLow) + (low_low >> 32);
  const std::uint64_t other = (a & kLow) * (b >> 32) + (middle & kLow);
  const std::uint64_t high = (a >> 32) * (b >> 32) + (middle >> 32) + (other >> 32);
  const std::uint64_t low = other << 32 | (low_low & kLow);
  if (high == 0) return low / c;
  if (high >= c) return kMost;
  // Long division, bit by bit; the remainder stays below c.
  std::uint64_t rest = high;
  std::uint64_t quotient = 0;
  for (int bit = 63; bit >= 0; --bit) {
    const bool carry = rest >> 63 != 0;
    rest = rest << 1 | (low >> bit & 1);
    if (carry || rest >= c) {
      rest -= c;
      quotient |= std::uint64_t{1} << bit;
    }
  }
  return quotient;
}

}  // namespace bowline::inline v0
