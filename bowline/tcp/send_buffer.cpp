#include "bowline/tcp/send_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace bowline::inline v0::tcp {
namespace {

// A segment of 64 KiB should be few pieces, and a lone small write should not hold a large block.
std::uint32_t block_for(std::size_t bytes) noexcept {
  constexpr std::uint32_t kLargeBlock = 65'536;
  constexpr std::uint32_t kSmallBlock = 2'048;
  if (bytes >= 16'384) return kLargeBlock;
  return bytes > kSmallBlock ? static_cast<std::uint32_t>(bytes) : kSmallBlock;
}

}  // namespace

std::uint32_t SendBuffer::append(std::span<const std::byte> bytes, std::uint32_t room,
                                 BufferPool& pool) noexcept {
  if (bytes.size() > room) bytes = bytes.first(room);
  std::uint32_t taken = fill_tail(bytes);
  while (taken < bytes.size()) {
    const std::span<const std::byte> rest = bytes.subspan(taken);
    tail_ = pool.allocate_payload(block_for(rest.size()));
    if (!tail_) break;
    const auto count =
        static_cast<std::uint32_t>(std::min<std::size_t>(rest.size(), tail_.capacity()));
    std::memcpy(tail_.data(), rest.data(), count);
    tail_used_ = count;
    if (!append_chunk(tail_.slice(0, count))) {
      tail_.reset();
      break;
    }
    taken += count;
  }
  return taken;
}

std::uint32_t SendBuffer::fill_tail(std::span<const std::byte> bytes) noexcept {
  if (!tail_ || chunks_.empty()) return 0;
  const auto count = static_cast<std::uint32_t>(
      std::min<std::size_t>(bytes.size(), tail_.capacity() - tail_used_));
  if (count == 0) return 0;
  std::memcpy(tail_.data() + tail_used_, bytes.data(), count);
  Chunk& last = chunks_.back();
  const std::uint32_t shown = last.bytes.size();
  last.bytes = tail_.slice(tail_used_ - shown, shown + count);
  tail_used_ += count;
  end_ += count;
  return count;
}

bool SendBuffer::append_owned(Slice bytes) noexcept {
  if (bytes.empty()) return true;
  if (!append_chunk(std::move(bytes))) return false;
  tail_.reset();
  return true;
}

bool SendBuffer::append_chunk(Slice bytes) noexcept {
  const std::uint32_t size = bytes.size();
  if (!chunks_.push_back({std::move(bytes), end_})) return false;
  end_ += size;
  return true;
}

void SendBuffer::release(std::uint32_t count) noexcept {
  front_ += std::min(count, size());
  while (!chunks_.empty()) {
    Chunk& first = chunks_.front();
    const std::uint32_t gone = front_ - first.start;
    if (gone < first.bytes.size()) break;
    chunks_.pop_front();
  }
  if (chunks_.empty()) tail_.reset();
}

void SendBuffer::drop_end(std::uint32_t count) noexcept {
  end_ -= std::min(count, size());
  while (!chunks_.empty()) {
    Chunk& last = chunks_.back();
    const std::uint32_t kept = end_ - last.start;
    if (static_cast<std::int32_t>(kept) > 0) {
      last.bytes = last.bytes.part(0, std::min(last.bytes.size(), kept));
      break;
    }
    chunks_.erase(chunks_.size() - 1);
  }
  tail_.reset();  // the room behind the last chunk is not behind the end any more
}

std::uint32_t SendBuffer::chunk_at(std::uint32_t position) const noexcept {
  std::uint32_t low = 0;
  std::uint32_t high = chunks_.size();
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    const auto from_start = static_cast<std::int32_t>(position - chunks_[middle].start);
    (from_start >= 0 ? low : high) = middle;
  }
  return low;
}

std::uint32_t SendBuffer::gather(std::uint32_t offset, std::uint32_t length,
                                 Frame& frame) const noexcept {
  if (offset >= size()) return 0;
  length = std::min(length, size() - offset);
  std::uint32_t gathered = 0;
  for (std::uint32_t i = chunk_at(front_ + offset); gathered < length; ++i) {
    const Chunk& chunk = chunks_[i];
    const std::uint32_t skip = front_ + offset + gathered - chunk.start;
    const std::uint32_t count = std::min(chunk.bytes.size() - skip, length - gathered);
    if (!frame.append(chunk.bytes.part(skip, count))) break;
    gathered += count;
  }
  return gathered;
}

}  // namespace bowline::inline v0::tcp
