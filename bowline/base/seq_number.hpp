#pragma once

// Sequence numbers (RFC 9293 section 3.4).
//
// The number space is a circle of 2^32: "less than" has no meaning on it, only "before, as seen
// from here", and that only for numbers less than half the circle apart. The type therefore has no
// operator<. What replaces it are the questions that the RFC asks: does this number come before
// that one, does it lie in this window. Every sequence number counts one byte of data, or a SYN, or
// a FIN.

#include <cstdint>

namespace bowline::inline v0 {

/// A 32-bit sequence number. Arithmetic wraps; differences are signed and exact for numbers less
/// than 2^31 apart. (RFC 9293 section 3.4)
class SeqNumber {
 public:
  constexpr SeqNumber() noexcept = default;
  constexpr explicit SeqNumber(std::uint32_t raw) noexcept : raw_(raw) {}  ///< As in the header.

  /// The number as it stands in the header.
  [[nodiscard]] constexpr std::uint32_t raw() const noexcept { return raw_; }

  /// The number `count` further on; wraps.
  friend constexpr SeqNumber operator+(SeqNumber a, std::uint32_t count) noexcept {
    return SeqNumber(a.raw_ + count);
  }
  /// The number `count` before; wraps.
  friend constexpr SeqNumber operator-(SeqNumber a, std::uint32_t count) noexcept {
    return SeqNumber(a.raw_ - count);
  }
  /// How far `a` lies after `b`: negative when before it. Exact while they are less than 2^31
  /// apart.
  friend constexpr std::int32_t operator-(SeqNumber a, SeqNumber b) noexcept {
    return static_cast<std::int32_t>(a.raw_ - b.raw_);
  }
  /// Goes on by `count`, modulo 2^32.
  constexpr SeqNumber& operator+=(std::uint32_t count) noexcept {
    raw_ += count;
    return *this;
  }
  friend constexpr bool operator==(SeqNumber, SeqNumber) noexcept = default;

 private:
  std::uint32_t raw_ = 0;
};

/// Does `a` come before `b`? (the RFC's `a < b`)
[[nodiscard]] constexpr bool before(SeqNumber a, SeqNumber b) noexcept { return a - b < 0; }

/// Does `a` come before `b`, or is it `b`? (the RFC's `a =< b`)
[[nodiscard]] constexpr bool at_or_before(SeqNumber a, SeqNumber b) noexcept { return a - b <= 0; }

/// Does `a` come after `b`? (the RFC's `a > b`)
[[nodiscard]] constexpr bool after(SeqNumber a, SeqNumber b) noexcept { return a - b > 0; }

/// Is `a` at `b` or after it? (the RFC's `a >= b`)
[[nodiscard]] constexpr bool at_or_after(SeqNumber a, SeqNumber b) noexcept { return a - b >= 0; }

/// Does `number` lie in the `length` numbers from `start` on? Never, when `length` is 0.
[[nodiscard]] constexpr bool in_window(SeqNumber number, SeqNumber start,
                                       std::uint32_t length) noexcept {
  return number.raw() - start.raw() < length;
}

/// How many numbers from `from` up to, not including, `to`; `to` must not come before `from`.
[[nodiscard]] constexpr std::uint32_t distance(SeqNumber from, SeqNumber to) noexcept {
  return to.raw() - from.raw();
}

/// The later of the two.
[[nodiscard]] constexpr SeqNumber latest(SeqNumber a, SeqNumber b) noexcept {
  return before(a, b) ? b : a;
}

/// The earlier of the two.
[[nodiscard]] constexpr SeqNumber earliest(SeqNumber a, SeqNumber b) noexcept {
  return before(a, b) ? a : b;
}

}  // namespace bowline::inline v0
