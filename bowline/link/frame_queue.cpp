#include "bowline/link/frame_queue.hpp"

#include <algorithm>
#include <memory>

namespace bowline::inline v0 {

Result<FrameQueue> FrameQueue::create(Memory& memory, std::uint32_t capacity) noexcept {
  if (capacity == 0) return fail(std::errc::invalid_argument);
  void* place = memory.allocate(std::size_t{capacity} * sizeof(Frame), alignof(Frame));
  if (place == nullptr) return fail(std::errc::not_enough_memory);
  FrameQueue queue;
  queue.memory_ = &memory;
  queue.frames_ = static_cast<Frame*>(place);
  queue.capacity_ = capacity;
  std::uninitialized_default_construct_n(queue.frames_, capacity);
  return queue;
}

FrameQueue::~FrameQueue() {
  if (frames_ == nullptr) return;
  std::destroy_n(frames_, capacity_);
  memory_->release(frames_, std::size_t{capacity_} * sizeof(Frame), alignof(Frame));
}

bool FrameQueue::push(Frame&& frame) noexcept {
  if (full()) return false;
  frames_[place(size_)] = std::move(frame);
  ++size_;
  return true;
}

std::size_t FrameQueue::pop(std::span<Frame> to) noexcept {
  const std::size_t count = std::min<std::size_t>(to.size(), size_);
  for (std::size_t i = 0; i < count; ++i) {
    to[i] = std::move(frames_[first_]);  // leaves an empty one: the place keeps nothing alive
    first_ = place(1);
  }
  size_ -= static_cast<std::uint32_t>(count);
  return count;
}

}  // namespace bowline::inline v0
