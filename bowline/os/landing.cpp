#include "bowline/os/landing.hpp"

#include <algorithm>

namespace bowline::inline v0::os {

std::span<iovec> Landing::prepare(BufferPool& pool, BufferPool* reserve) noexcept {
  vectors_[0] = {.iov_base = &header, .iov_len = sizeof header};
  std::size_t count = 1;
  room_ = 0;
  for (std::size_t i = 0; i < kSizes.size(); ++i) {
    if (!blocks_[i]) blocks_[i] = pool.allocate(kSizes[i]);
    if (!blocks_[i] && i == 0 && reserve != nullptr) blocks_[i] = reserve->allocate(kSizes[i]);
    if (!blocks_[i]) break;
    vectors_[count++] = {.iov_base = blocks_[i].data(), .iov_len = kSizes[i]};
    room_ += kSizes[i];
  }
  return std::span(vectors_).first(count);
}

bool Landing::collect(std::uint32_t size, Frame& frame) noexcept {
  if (size >= room_) return false;
  frame = Frame{};
  for (std::size_t i = 0; size > 0; ++i) {
    const std::uint32_t here = std::min(size, kSizes[i]);
    frame.append(blocks_[i].slice(0, here));
    blocks_[i].reset();
    size -= here;
  }
  return true;
}

Gather::Gather(VirtioHeader& header, const Frame& frame) noexcept {
  vectors_[0] = {.iov_base = &header, .iov_len = sizeof header};
  for (; count_ <= frame.piece_count; ++count_) {
    // Nobody writes to what writev() and sendmsg() are given; their interface predates const.
    const Slice& piece = frame.pieces[count_ - 1];
    vectors_[count_] = {.iov_base = const_cast<std::byte*>(piece.data()), .iov_len = piece.size()};
  }
}

}  // namespace bowline::inline v0::os
