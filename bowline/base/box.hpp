#pragma once

// A box: one object that is there only when needed.

#include <memory>
#include <new>
#include <utility>

#include "bowline/base/memory.hpp"

namespace bowline::inline v0 {

/// Owns a `T` that is made from Memory on demand and given back when no longer needed. Move-only.
template <class T>
class Box {
 public:
  constexpr Box() noexcept = default;
  Box(Box&& other) noexcept
      : memory_(std::exchange(other.memory_, nullptr)),
        value_(std::exchange(other.value_, nullptr)) {}
  Box& operator=(Box&& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(value_, other.value_);
    return *this;
  }
  ~Box() { reset(); }

  /// Makes the `T` if it is not there. False when memory ran out.
  template <class... A>
  [[nodiscard]] bool ensure(Memory& memory, A&&... arguments) noexcept {
    if (value_ != nullptr) return true;
    void* place = memory.allocate(sizeof(T), alignof(T));
    if (place == nullptr) return false;
    memory_ = &memory;
    value_ = std::construct_at(static_cast<T*>(place), std::forward<A>(arguments)...);
    return true;
  }
  void reset() noexcept {
    if (value_ == nullptr) return;
    std::destroy_at(value_);
    memory_->release(value_, sizeof(T), alignof(T));
    value_ = nullptr;
  }
  [[nodiscard]] explicit operator bool() const noexcept { return value_ != nullptr; }
  [[nodiscard]] T& operator*() const noexcept { return *value_; }
  [[nodiscard]] T* operator->() const noexcept { return value_; }
  [[nodiscard]] T* get() const noexcept { return value_; }

 private:
  Memory* memory_ = nullptr;
  T* value_ = nullptr;
};

}  // namespace bowline::inline v0
