#pragma once

// Text into the caller's memory: what the core has instead of strings and streams. Nothing is
// allocated, and what does not fit is cut off.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace bowline::inline v0::wire {

/// Appends to a span of characters, up to its end.
class Text {
 public:
  /// Writes to `to`, which must outlive it. No zero is written at the end.
  explicit Text(std::span<char> to) noexcept : to_(to) {}

  /// What has been written.
  [[nodiscard]] std::string_view view() const noexcept { return {to_.data(), size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }  ///< Characters so far.

  /// Appends it, if there is room.
  void add(char c) noexcept {
    if (size_ < to_.size()) to_[size_++] = c;
  }
  /// Appends as much of it as there is room for.
  void add(std::string_view text) noexcept {
    size_ += text.copy(to_.data() + size_, to_.size() - size_);
  }
  /// `value` in decimal.
  void decimal(std::uint64_t value) noexcept { number(value, 10); }
  /// `value` in hexadecimal, lower case, without leading zeros.
  void hex(std::uint64_t value) noexcept { number(value, 16); }
  /// Two hexadecimal digits for each byte.
  void hex(std::span<const std::byte> bytes) noexcept {
    for (const std::byte byte : bytes) {
      number(std::to_integer<unsigned>(byte >> 4U), 16);
      number(std::to_integer<unsigned>(byte & std::byte{0x0f}), 16);
    }
  }

 private:
  void number(std::uint64_t value, int base) noexcept {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
    add(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
  }

  std::span<char> to_;
  std::size_t size_ = 0;
};

}  // namespace bowline::inline v0::wire
