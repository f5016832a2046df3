#include "bowline/base/frame.hpp"

#include <cstring>

namespace bowline::inline v0 {

bool Frame::copy_to(std::uint32_t offset, std::span<std::byte> to) const noexcept {
  if (offset > size || to.size() > size - offset) return false;
  std::byte* out = to.data();
  std::size_t left = to.size();
  for (std::size_t i = 0; i < piece_count && left > 0; ++i) {
    const std::span<const std::byte> piece = pieces[i].bytes();
    if (offset >= piece.size()) {
      offset -= static_cast<std::uint32_t>(piece.size());
      continue;
    }
    const std::size_t here = piece.size() - offset;
    const std::size_t count = here < left ? here : left;
    std::memcpy(out, piece.data() + offset, count);
    out += count;
    left -= count;
    offset = 0;
  }
  return true;
}

Frame make_frame(BufferPool& pool, std::span<const std::byte> bytes) noexcept {
  Frame frame;
  frame.append(pool.copy(bytes));
  return frame;
}

}  // namespace bowline::inline v0
