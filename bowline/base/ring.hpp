#pragma once

// A ring: a queue that can be indexed.
//
// Send and receive queues are rows of slices: appended at the end, let go at the front, looked into
// in between. A ring does that with one block of memory. It gives a large one back when it is
// empty; a small one it keeps, so that a queue that fills and empties with each burst does not
// allocate.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "bowline/base/memory.hpp"

namespace bowline::inline v0 {

/// A growable queue of `T` over Memory, indexed from its front. Growth moves every element, in
/// amortised constant time; the caller bounds the size. Move-only.
template <class T>
class Ring {
 public:
  explicit Ring(Memory& memory) noexcept : memory_(&memory) {}
  Ring(Ring&& other) noexcept
      : memory_(other.memory_),
        places_(std::exchange(other.places_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)),
        head_(std::exchange(other.head_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  Ring& operator=(Ring&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(places_, other.places_);
    std::swap(capacity_, other.capacity_);
    std::swap(head_, other.head_);
    std::swap(size_, other.size_);
    return *this;
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring() { clear(); }

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Element `index` from the front; `index` must be below size().
  [[nodiscard]] T& operator[](std::uint32_t index) noexcept { return *place(index); }
  [[nodiscard]] const T& operator[](std::uint32_t index) const noexcept { return *place(index); }
  [[nodiscard]] T& front() noexcept { return *place(0); }
  [[nodiscard]] T& back() noexcept { return *place(size_ - 1); }
  [[nodiscard]] const T& front() const noexcept { return *place(0); }
  [[nodiscard]] const T& back() const noexcept { return *place(size_ - 1); }

  /// Makes room for `count` more, so that as many push_back() cannot fail. False when memory ran
  /// out.
  [[nodiscard]] bool reserve_more(std::uint32_t count) noexcept {
    return size_ + count <= capacity_ || grow(size_ + count);
  }
  /// Appends `value`; false, and nothing happens, when memory ran out.
  template <class U = T>
  [[nodiscard]] bool push_back(U&& value) noexcept {
    if (size_ == capacity_ && !grow(size_ + 1)) return false;
    ++size_;
    std::construct_at(place(size_ - 1), std::forward<U>(value));
    return true;
  }
  /// The front and what stands behind it in memory, `most` elements at most: all, but where the row
  /// goes round the end.
  [[nodiscard]] std::span<T> front_run(std::uint32_t most) noexcept {
    return {places_ + head_, std::min({most, size_, capacity_ - head_})};
  }
  /// Removes the front; there must be one. With the last element the memory of more than kKept
  /// goes back.
  void pop_front() noexcept {
    std::destroy_at(place(0));
    head_ = (head_ + 1) & (capacity_ - 1);
    if (--size_ == 0 && capacity_ > kKept) release();
  }
  /// Removes the first `count`; there must be as many.
  void pop_front(std::uint32_t count) noexcept {
    for (std::uint32_t i = 0; i < count; ++i) std::destroy_at(place(i));
    head_ = capacity_ == 0 ? 0 : (head_ + count) & (capacity_ - 1);
    size_ -= count;
    if (size_ == 0 && capacity_ > kKept) release();
  }
  /// Removes element `index`, which must be below size(); those behind it move up.
  void erase(std::uint32_t index) noexcept {
    for (std::uint32_t i = index; i + 1 < size_; ++i) *place(i) = std::move(*place(i + 1));
    std::destroy_at(place(size_ - 1));
    if (--size_ == 0 && capacity_ > kKept) release();
  }
  void clear() noexcept {
    for (std::uint32_t i = 0; i < size_; ++i) std::destroy_at(place(i));
    size_ = 0;
    release();
  }

  template <class V>
  void visit(V& v) {
    std::uint32_t count = size_;
    v(count);
    if constexpr (V::loading) {
      clear();
      for (std::uint32_t i = 0; i < count && !v.failed(); ++i) {
        T value{};
        v(value);
        if (!push_back(std::move(value))) return v.fail();
      }
    } else {
      for (std::uint32_t i = 0; i < count; ++i) v((*this)[i]);
    }
  }

 private:
  static constexpr std::uint32_t kKept = 64;  // two batches of received frames

  [[nodiscard]] T* place(std::uint32_t index) const noexcept {
    return places_ + ((head_ + index) & (capacity_ - 1));
  }
  void release() noexcept {
    if (places_ != nullptr) memory_->release(places_, capacity_ * sizeof(T), alignof(T));
    places_ = nullptr;
    capacity_ = head_ = 0;
  }
  [[nodiscard]] bool grow(std::uint32_t least) noexcept {
    const std::uint32_t larger = std::bit_ceil(least < 4 ? 4 : least);
    void* memory = memory_->allocate(larger * sizeof(T), alignof(T));
    if (memory == nullptr) return false;
    T* places = static_cast<T*>(memory);
    for (std::uint32_t i = 0; i < size_; ++i) {
      std::construct_at(places + i, std::move(*place(i)));
      std::destroy_at(place(i));
    }
    const std::uint32_t size = size_;
    release();
    places_ = places;
    capacity_ = larger;
    size_ = size;
    return true;
  }

  Memory* memory_;
  T* places_ = nullptr;
  std::uint32_t capacity_ = 0;
  std::uint32_t head_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace bowline::inline v0
