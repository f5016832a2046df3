#pragma once

// A short list as a value: at most so many elements, in place, copied with its owner.
//
// For what protocols bound anyway (name servers, addresses of an answer, options of a reply) and
// the core has no std::vector for. What does not fit is refused and the caller says what that
// means. InlineVector is its sister for batches, whose elements need not exist before they are put
// in.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace bowline::inline v0 {

/// At most `kCapacity` elements of type `T`, which must have a default.
template <class T, std::size_t kCapacity>
class FixedVector {
  static_assert(kCapacity <= 0xffff'ffff);

 public:
  constexpr FixedVector() noexcept = default;

  /// Appends `value`; false, and nothing happens, when it is full.
  constexpr bool push_back(const T& value) noexcept {
    if (full()) return false;
    places_[size_++] = value;
    return true;
  }
  constexpr void clear() noexcept {
    for (T& place : *this) place = T{};
    size_ = 0;
  }

  [[nodiscard]] constexpr T& operator[](std::size_t index) noexcept { return places_[index]; }
  [[nodiscard]] constexpr const T& operator[](std::size_t index) const noexcept {
    return places_[index];
  }
  [[nodiscard]] constexpr const T& front() const noexcept { return places_[0]; }
  [[nodiscard]] constexpr T* begin() noexcept { return places_.data(); }
  [[nodiscard]] constexpr T* end() noexcept { return places_.data() + size_; }
  [[nodiscard]] constexpr const T* begin() const noexcept { return places_.data(); }
  [[nodiscard]] constexpr const T* end() const noexcept { return places_.data() + size_; }
  [[nodiscard]] constexpr std::span<const T> span() const noexcept { return {begin(), size_}; }
  [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
  [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] constexpr bool full() const noexcept { return size_ == kCapacity; }

  /// Is `value` among them?
  [[nodiscard]] constexpr bool contains(const T& value) const noexcept {
    for (const T& each : *this) {
      if (each == value) return true;
    }
    return false;
  }

  friend constexpr bool operator==(const FixedVector& a, const FixedVector& b) noexcept {
    if (a.size_ != b.size_) return false;
    for (std::size_t i = 0; i < a.size_; ++i) {
      if (!(a.places_[i] == b.places_[i])) return false;
    }
    return true;
  }

  template <class V>
  void visit(V& v) {
    std::uint32_t size = size_;
    v(size);
    if constexpr (V::loading) {
      clear();
      if (size > kCapacity) return v.fail();
      size_ = size;
    }
    for (T& element : *this) v(element);
  }

 private:
  std::array<T, kCapacity> places_{};
  std::uint32_t size_ = 0;
};

}  // namespace bowline::inline v0
