#pragma once

// A queue in one block of memory that grows and never shrinks: in a steady state nothing is
// allocated, however many pass through. Copyable if `T` is; what has been taken out stays behind
// moved from.

#include <cstddef>
#include <utility>
#include <vector>

namespace bowline::inline v0::sim {

/// First in, first out.
template <class T>
class Fifo {
 public:
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }           ///< Nothing in it?
  [[nodiscard]] std::size_t size() const noexcept { return size_; }          ///< How many.
  [[nodiscard]] T& front() noexcept { return places_[first_]; }              ///< The oldest.
  [[nodiscard]] const T& front() const noexcept { return places_[first_]; }  ///< The oldest.
  /// The `index`-th, the oldest being number 0.
  [[nodiscard]] T& operator[](std::size_t index) noexcept {
    return places_[(first_ + index) & (places_.size() - 1)];
  }

  /// Appends `value`.
  void push(T value) {
    if (size_ == places_.size()) grow();
    (*this)[size_++] = std::move(value);
  }
  /// Takes out the oldest; there must be one.
  T pop() {
    T value = std::move(places_[first_]);
    first_ = (first_ + 1) & (places_.size() - 1);
    --size_;
    return value;
  }

 private:
  void grow() {
    std::vector<T> larger(places_.empty() ? 8 : 2 * places_.size());
    for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
    places_ = std::move(larger);
    first_ = 0;
  }

  std::vector<T> places_;  // a power of two of them
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace bowline::inline v0::sim
