#pragma once

// The send buffer: what the application has written and the peer has not yet acknowledged.
//
// A row of slices. Bytes are copied in once (or lent, and then not at all) and stay where they are:
// a segment, and its retransmission, point at them. The buffer counts from its front and knows no
// sequence numbers; which byte is which number is the connection's matter.

#include <cstddef>
#include <cstdint>
#include <span>

#include "bowline/base/buffer.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/base/ring.hpp"

namespace bowline::inline v0::tcp {

/// Bytes in order, appended at the end, released at the front.
class SendBuffer {
 public:
  explicit SendBuffer(Memory& memory) noexcept : chunks_(memory) {}

  /// Copies as much of `bytes` as `room` and memory allow; returns how many bytes that were.
  std::uint32_t append(std::span<const std::byte> bytes, std::uint32_t room,
                       BufferPool& pool) noexcept;
  /// Appends `bytes` without copying; false when memory ran out.
  [[nodiscard]] bool append_owned(Slice bytes) noexcept;
  /// Lets go of the first `count` bytes (at most all).
  void release(std::uint32_t count) noexcept;
  /// Lets go of the last `count` bytes (at most all).
  void drop_end(std::uint32_t count) noexcept;
  /// Appends to `frame` the slices that hold `length` bytes from `offset` on, as far as they exist
  /// and frame has pieces left; returns the bytes appended.
  std::uint32_t gather(std::uint32_t offset, std::uint32_t length, Frame& frame) const noexcept;

  /// Bytes from the front to the end.
  [[nodiscard]] std::uint32_t size() const noexcept { return end_ - front_; }
  [[nodiscard]] bool empty() const noexcept { return end_ == front_; }

  template <class V>
  void visit(V& v) {
    v(front_, end_, chunks_, tail_, tail_used_);
  }

 private:
  // Positions run on for ever and wrap; only distances from front_ mean anything.
  struct Chunk {
    Slice bytes;
    std::uint32_t start = 0;
    template <class V>
    void visit(V& v) {
      v(bytes, start);
    }
  };

  [[nodiscard]] std::uint32_t chunk_at(std::uint32_t position) const noexcept;
  [[nodiscard]] bool append_chunk(Slice bytes) noexcept;
  std::uint32_t fill_tail(std::span<const std::byte> bytes) noexcept;

  Ring<Chunk> chunks_;
  Buffer tail_;  // the block of the last chunk, while it has room behind its bytes
  std::uint32_t tail_used_ = 0;
  std::uint32_t front_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace bowline::inline v0::tcp
