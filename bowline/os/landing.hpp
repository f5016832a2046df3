#pragma once

// Landing: where the next packet of a device is read to.
//
// Nobody knows beforehand how long it will be: an acknowledgment of 60 bytes, or a merged segment
// of 64 KiB. So one read scatters over a small block and larger ones behind it; what the packet did
// not reach serves again. An acknowledgment then does not pin 64 KiB, and no byte is copied twice.

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "bowline/base/buffer.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/os/virtio.hpp"

namespace bowline::inline v0::os {

/// The virtio header and the blocks that one packet is read into.
class Landing {
 public:
  /// What precedes the packet, as the kernel wrote it.
  VirtioHeader header;

  /// Gets the blocks that are missing from `pool` (the first one from `reserve`, if there is one
  /// and the pool has nothing left) and describes header and blocks for readv().
  [[nodiscard]] std::span<iovec> prepare(BufferPool& pool, BufferPool* reserve) noexcept;

  /// Makes a frame of the `size` bytes that were read behind the header. False when they filled all
  /// there was: the packet was longer, and its end is gone.
  [[nodiscard]] bool collect(std::uint32_t size, Frame& frame) noexcept;

 private:
  // 2 KiB hold any packet of an ordinary wire, and all the headers of a longer one.
  static constexpr std::array<std::uint32_t, 3> kSizes{2'048, 16'384, BufferPool::kLargest};

  std::array<Buffer, kSizes.size()> blocks_;
  std::array<iovec, kSizes.size() + 1> vectors_{};
  std::uint32_t room_ = 0;
};

/// Describes `header` and the bytes of a frame for writev().
class Gather {
 public:
  /// Both must outlive this.
  Gather(VirtioHeader& header, const Frame& frame) noexcept;

  /// What writev() is to take, in order.
  [[nodiscard]] std::span<iovec> vectors() noexcept { return std::span(vectors_).first(count_); }

 private:
  std::array<iovec, 1 + Frame::kMaxPieces> vectors_;
  std::size_t count_ = 1;
};

}  // namespace bowline::inline v0::os
