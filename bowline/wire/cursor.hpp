#pragma once

// The bounds-checked reader and writer.
//
// All input is hostile, and a length that came with it is a claim. Everything variable in a packet
// is therefore read through a Cursor, which gives zeros and remembers it once something was asked
// for that is not there. A parser reads what it needs, asks ok() once and cannot have left its
// bytes meanwhile.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <optional>
#include <span>

#include "bowline/base/byte_order.hpp"
#include "bowline/base/decision.hpp"

namespace bowline::inline v0::wire {

/// What parse(view) leaves in `view`, or the reason that it returns (a std::optional<Reason>). The
/// result is made in place: a parser with several ends would otherwise copy it out of each.
template <class View, class Parse>
[[nodiscard]] std::expected<View, Reason> parsed(Parse parse) noexcept {
  std::expected<View, Reason> result;
  if (const std::optional<Reason> refused = parse(*result)) result = std::unexpected(*refused);
  return result;
}

/// The number at `Offset` of a header of fixed size, whose bounds are checked when it is compiled:
/// for the part of a header that is there or not as a whole.
template <class T, std::size_t Offset, std::size_t Size>
[[nodiscard]] T field(std::span<const std::byte, Size> header) noexcept {
  static_assert(Size != std::dynamic_extent && Offset + sizeof(T) <= Size);
  return load_be<T>(header.data() + Offset);
}

/// Reads numbers in network order from a span, front to back. Failure is sticky: after the first
/// read beyond the end every read gives zero (or an empty span) and ok() stays false.
class Cursor {
 public:
  /// Reads from `bytes`, which must outlive the cursor.
  constexpr explicit Cursor(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  /// Has everything that was asked for so far been there?
  [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
  /// How many bytes are left; 0 after a failure.
  [[nodiscard]] constexpr std::size_t remaining() const noexcept {
    return ok_ ? bytes_.size() - offset_ : 0;
  }
  /// How many bytes have been read or skipped.
  [[nodiscard]] constexpr std::size_t offset() const noexcept { return offset_; }

  /// The next 8, 16 or 32 bits.
  std::uint8_t u8() noexcept { return number<std::uint8_t>(); }
  std::uint16_t u16() noexcept { return number<std::uint16_t>(); }  ///< Two bytes.
  std::uint32_t u32() noexcept { return number<std::uint32_t>(); }  ///< Four bytes.

  /// The next `count` bytes, as a view on the memory that is read. Empty after a failure.
  std::span<const std::byte> bytes(std::size_t count) noexcept {
    if (!take(count)) return {};
    return bytes_.subspan(offset_ - count, count);
  }
  /// A cursor of its own over the next `count` bytes, which this one leaves behind: for what has a
  /// length in front of it. It has failed already when they are not there.
  Cursor part(std::size_t count) noexcept {
    Cursor result(bytes(count));
    result.ok_ = ok_;
    return result;
  }
  /// Everything that is left.
  std::span<const std::byte> rest() noexcept { return bytes(remaining()); }
  /// Leaves out `count` bytes.
  void skip(std::size_t count) noexcept { (void)take(count); }
  /// Fails: for what is there and makes no sense.
  void fail() noexcept { ok_ = false; }

 private:
  bool take(std::size_t count) noexcept {
    if (count > remaining()) ok_ = false;
    if (!ok_) return false;
    offset_ += count;
    return true;
  }
  template <class T>
  T number() noexcept {
    return take(sizeof(T)) ? load_be<T>(bytes_.data() + offset_ - sizeof(T)) : T{0};
  }

  std::span<const std::byte> bytes_;
  std::size_t offset_ = 0;
  bool ok_ = true;
};

/// Writes numbers in network order into a span, front to back. Failure is sticky: what does not fit
/// is left out, and nothing after it is written either.
class Writer {
 public:
  /// Writes into `to`, which must outlive the writer.
  constexpr explicit Writer(std::span<std::byte> to) noexcept : to_(to) {}

  /// Did everything fit so far?
  [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
  /// How many bytes have been written.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }

  /// Writes 8, 16 or 32 bits.
  void u8(std::uint8_t value) noexcept { number(value); }
  void u16(std::uint16_t value) noexcept { number(value); }  ///< Two bytes.
  void u32(std::uint32_t value) noexcept { number(value); }  ///< Four bytes.
  /// Writes a copy of `bytes`.
  void bytes(std::span<const std::byte> bytes) noexcept {
    if (take(bytes.size()) && !bytes.empty()) {
      std::memcpy(to_.data() + size_ - bytes.size(), bytes.data(), bytes.size());
    }
  }
  /// Writes `value` `count` times.
  void fill(std::size_t count, std::byte value) noexcept {
    if (take(count) && count != 0) {
      std::memset(to_.data() + size_ - count, std::to_integer<int>(value), count);
    }
  }

 private:
  bool take(std::size_t count) noexcept {
    if (count > to_.size() - size_) ok_ = false;
    if (!ok_) return false;
    size_ += count;
    return true;
  }
  template <class T>
  void number(T value) noexcept {
    if (take(sizeof(T))) store_be<T>(to_.data() + size_ - sizeof(T), value);
  }

  std::span<std::byte> to_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace bowline::inline v0::wire
