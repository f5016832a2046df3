#include "bowline/sockets/message.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <limits>

namespace bowline::inline v0::sockets {

std::expected<Buffers, int> Buffers::of(const iovec* parts, std::size_t count, int too_many) {
  constexpr std::size_t kMost = IOV_MAX;
  constexpr auto kMostBytes = static_cast<std::size_t>(std::numeric_limits<ssize_t>::max());
  if (count > kMost) return std::unexpected(too_many);
  if (count > 0 && parts == nullptr) return std::unexpected(EFAULT);
  Buffers buffers;
  buffers.parts_.assign(parts, parts + count);
  for (const iovec& part : buffers.parts_) {
    if (part.iov_base == nullptr && part.iov_len > 0) return std::unexpected(EFAULT);
    if (part.iov_len > kMostBytes - buffers.size_) return std::unexpected(EINVAL);
    buffers.size_ += part.iov_len;
  }
  return buffers;
}

std::span<std::byte> Buffers::at(std::size_t offset) const noexcept {
  for (const iovec& part : parts_) {
    if (offset < part.iov_len) {
      return {static_cast<std::byte*>(part.iov_base) + offset, part.iov_len - offset};
    }
    offset -= part.iov_len;
  }
  return {};
}

ControlWriter::ControlWriter(msghdr* message) noexcept : message_(message) {
  if (message != nullptr && message->msg_control != nullptr) room_ = message->msg_controllen;
}

void ControlWriter::put(int level, int type, const void* data, std::size_t size) noexcept {
  if (message_ == nullptr) return;
  if (room_ - used_ < sizeof(cmsghdr)) {
    truncated_ = true;
    return;
  }
  std::size_t length = CMSG_LEN(size);
  if (length > room_ - used_) {
    truncated_ = true;
    length = room_ - used_;
  }
  cmsghdr header{};
  header.cmsg_len = length;
  header.cmsg_level = level;
  header.cmsg_type = type;
  auto* const to = static_cast<std::byte*>(message_->msg_control) + used_;
  std::memcpy(to, &header, sizeof header);
  std::memcpy(to + sizeof header, data, length - sizeof header);
  used_ += std::min(CMSG_SPACE(size), room_ - used_);
}

void ControlWriter::finish(int& flags) noexcept {
  if (message_ == nullptr) return;
  message_->msg_controllen = used_;
  if (truncated_) flags |= MSG_CTRUNC;
}

}  // namespace bowline::inline v0::sockets
