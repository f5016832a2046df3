#pragma once

// Bytes as a person writes them: "4500 003c"_hex is an array, checked when it is compiled. For
// golden packets in tests, here and in the layers above.

#include <algorithm>
#include <array>
#include <cstddef>

namespace bowline::inline v0::wire {

namespace detail {

template <std::size_t Size>
struct HexText {
  // NOLINTNEXTLINE(google-explicit-constructor): a literal becomes one
  consteval HexText(const char (&literal)[Size]) { std::copy_n(literal, Size, text); }

  static constexpr int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }
  /// How many digits there are; -1 when something is neither a digit nor a space or line break.
  [[nodiscard]] constexpr int digits() const {
    int count = 0;
    for (std::size_t i = 0; i + 1 < Size; ++i) {
      if (text[i] == ' ' || text[i] == '\n') continue;
      if (digit(text[i]) < 0) return -1;
      ++count;
    }
    return count;
  }

  char text[Size];
};

}  // namespace detail

inline namespace literals {

/// The bytes of a text of hexadecimal digits; spaces and line breaks are for the reader. An odd
/// number of digits, or another character, does not compile.
template <detail::HexText kText>
[[nodiscard]] consteval auto operator""_hex() {
  static_assert(kText.digits() >= 0, "only hexadecimal digits, spaces and line breaks");
  static_assert(kText.digits() % 2 == 0, "two digits make a byte");
  std::array<std::byte, static_cast<std::size_t>(kText.digits()) / 2> bytes{};
  std::size_t count = 0;
  for (const char c : kText.text) {
    const int digit = kText.digit(c);
    if (digit < 0) continue;
    bytes[count / 2] = (bytes[count / 2] << 4U) | static_cast<std::byte>(digit);
    ++count;
  }
  return bytes;
}

}  // namespace literals

}  // namespace bowline::inline v0::wire
