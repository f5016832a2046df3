#pragma once

// A vector within its owner: room for so many elements, of which only those exist that were put in.
//
// For batches on the stack of a function: an std::array would construct sixteen frames where one is
// on its way.

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace bowline::inline v0 {

/// At most `kCapacity` elements of type `T`, in place. Neither copied nor moved.
template <class T, std::size_t kCapacity>
class InlineVector {
 public:
  InlineVector() noexcept {}  // leaves the places alone
  InlineVector(const InlineVector&) = delete;
  InlineVector& operator=(const InlineVector&) = delete;
  ~InlineVector() { clear(); }

  /// Appends a `T` made from `arguments`. There must be room.
  template <class... A>
  T& emplace_back(A&&... arguments) noexcept {
    T* made = std::construct_at(places_ + size_, std::forward<A>(arguments)...);
    ++size_;
    return *made;
  }
  /// Removes the last element; there must be one.
  void pop_back() noexcept { std::destroy_at(places_ + --size_); }
  void clear() noexcept {
    std::destroy_n(places_, size_);
    size_ = 0;
  }

  [[nodiscard]] T& operator[](std::size_t index) noexcept { return places_[index]; }
  [[nodiscard]] std::span<T> span() noexcept { return {places_, size_}; }
  [[nodiscard]] T* begin() noexcept { return places_; }
  [[nodiscard]] T* end() noexcept { return places_ + size_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bool full() const noexcept { return size_ == kCapacity; }

 private:
  union {
    T places_[kCapacity];
  };
  std::size_t size_ = 0;
};

}  // namespace bowline::inline v0
