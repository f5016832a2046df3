#pragma once

// A bounded queue of frames: a ring that asks for its memory once and never again.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "bowline/base/frame.hpp"
#include "bowline/base/memory.hpp"
#include "bowline/base/result.hpp"

namespace bowline::inline v0 {

/// First in, first out, at most capacity() frames. Movable; an empty one (default) has no capacity.
class FrameQueue {
 public:
  FrameQueue() noexcept = default;
  FrameQueue(FrameQueue&& other) noexcept { swap(other); }
  FrameQueue& operator=(FrameQueue&& other) noexcept {
    FrameQueue taken(std::move(other));
    swap(taken);
    return *this;
  }
  ~FrameQueue();

  /// A queue for `capacity` frames in memory from `memory`, which must outlive it. Errors:
  /// not_enough_memory; invalid_argument for a capacity of 0.
  [[nodiscard]] static Result<FrameQueue> create(Memory& memory, std::uint32_t capacity) noexcept;

  /// Appends `frame`; false (and `frame` untouched) when the queue is full.
  [[nodiscard]] bool push(Frame&& frame) noexcept;
  /// Moves the oldest frames into `to` and returns how many.
  std::size_t pop(std::span<Frame> to) noexcept;

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] bool full() const noexcept { return size_ == capacity_; }

 private:
  /// Where the frame `index` places behind the first one is (at most capacity() of them).
  [[nodiscard]] std::uint32_t place(std::uint32_t index) const noexcept {
    const std::uint32_t at = first_ + index;  // no division: it would cost more than the frame
    return at < capacity_ ? at : at - capacity_;
  }
  void swap(FrameQueue& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(frames_, other.frames_);
    std::swap(capacity_, other.capacity_);
    std::swap(first_, other.first_);
    std::swap(size_, other.size_);
  }

  Memory* memory_ = nullptr;
  Frame* frames_ = nullptr;
  std::uint32_t capacity_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace bowline::inline v0
