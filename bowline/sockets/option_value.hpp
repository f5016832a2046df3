#pragma once

// The buffers of getsockopt and setsockopt, with the kernel's rules about their length.

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>

#include "bowline/sockets/outcome.hpp"

namespace bowline::inline v0::sockets {

/// Where getsockopt writes: as much as the caller has room for, and how much that was.
class OptionTarget {
 public:
  /// `length`: room on the way in, bytes written on the way out.
  OptionTarget(void* value, socklen_t* length) noexcept : value_(value), length_(length) {}

  /// Is there anything wrong with the buffer? Its errno, or 0: EFAULT, EINVAL (negative length;
  /// IPPROTO_IPV6 takes that for a large one).
  [[nodiscard]] int wrong(bool length_is_unsigned = false) const noexcept {
    if (length_ == nullptr) return EFAULT;
    if (static_cast<int>(*length_) < 0 && !length_is_unsigned) return EINVAL;
    return value_ == nullptr && *length_ > 0 ? EFAULT : 0;
  }
  /// Room, in bytes.
  [[nodiscard]] std::size_t room() const noexcept { return *length_; }
  /// Writes the first bytes of `data`.
  [[nodiscard]] Outcome put(const void* data, std::size_t size) noexcept {
    const std::size_t count = size < room() ? size : room();
    if (count > 0) std::memcpy(value_, data, count);
    *length_ = static_cast<socklen_t>(count);
    return returned(0);
  }
  /// Writes an int.
  [[nodiscard]] Outcome put(int value) noexcept { return put(&value, sizeof value); }
  /// What fits in a byte is given in a byte to whoever has no room for an int (IPPROTO_IP).
  [[nodiscard]] Outcome put_int_or_byte(int value) noexcept {
    if (room() == 0 || room() >= sizeof value || value < 0 || value > 255) return put(value);
    const auto byte = static_cast<unsigned char>(value);
    return put(&byte, sizeof byte);
  }
  /// Writes a flag.
  [[nodiscard]] Outcome put(bool value) noexcept { return put(value ? 1 : 0); }

 private:
  void* value_;
  socklen_t* length_;
};

/// What setsockopt reads.
class OptionSource {
 public:
  /// `length` bytes of `value`.
  OptionSource(const void* value, socklen_t length) noexcept : value_(value), length_(length) {}

  /// Is there anything wrong with the buffer? Its errno, or 0.
  [[nodiscard]] int wrong() const noexcept {
    if (static_cast<int>(length_) < 0) return EINVAL;
    return value_ == nullptr && length_ > 0 ? EFAULT : 0;
  }
  /// Bytes there are.
  [[nodiscard]] std::size_t size() const noexcept { return length_; }
  /// The buffer.
  [[nodiscard]] const void* data() const noexcept { return value_; }
  /// The value as a T; nothing when it is too short.
  template <class T>
  [[nodiscard]] std::optional<T> as() const noexcept {
    if (length_ < sizeof(T) || value_ == nullptr) return std::nullopt;
    T value{};
    std::memcpy(&value, value_, sizeof value);
    return value;
  }

 private:
  const void* value_;
  socklen_t length_;
};

}  // namespace bowline::inline v0::sockets
