#include "bowline/sockets/message.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <limits>

namespace bowline::inline v0::sockets {

std::expected<Buffers, int> Buffers::of(const iovec* parts, std::size_t count, int too_many,
                                        bool unused) {
  constexpr std::size_t kMost = IOV_MAX;
  constexpr auto kMostBytes = static_cast<std::size_t>(std::numeric_limits<ssize_t>::max());
  if (count > kMost) return std::unexpected(too_many);
  if (count > 0 && parts == nullptr) return std::unexpected(EFAULT);
  Buffers buffers;
  buffers.parts_.assign(parts, parts + count);
  for (const iovec& part : buffers.parts_) {
    if (part.iov_base == nullptr && part.iov_len > 0 && !unused) return std::unexpected(EFAULT);
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

int wrong_control(const Outgoing& message, bool privileged) noexcept {
  constexpr int kTimestampingNew = 65;  // SO_TIMESTAMPING_NEW
  constexpr std::uint32_t kTransmitRecords = 0x1 | 0x2 | 0x100 | 0x200 | 0x40000;
  const auto* const bytes = static_cast<const std::byte*>(message.control);
  if (bytes == nullptr) return message.control_size > 0 ? EFAULT : 0;
  std::size_t at = 0;
  while (message.control_size - at >= sizeof(cmsghdr)) {
    cmsghdr header{};
    std::memcpy(&header, bytes + at, sizeof header);
    const std::size_t room = message.control_size - at;
    if (header.cmsg_len < sizeof header || header.cmsg_len > room) return EINVAL;
    std::uint32_t value = 0;
    const bool number = header.cmsg_len == CMSG_LEN(sizeof value);
    if (number) std::memcpy(&value, bytes + at + CMSG_LEN(0), sizeof value);
    if (header.cmsg_level == SOL_SOCKET) {
      switch (header.cmsg_type) {
        case SCM_RIGHTS:
        case SCM_CREDENTIALS:
          break;  // of Unix sockets, and ignored
        case SO_MARK:
          if (!privileged) return EPERM;
          if (!number) return EINVAL;
          break;
        case SO_TIMESTAMPING:
        case kTimestampingNew:
          if (!number || (value & ~kTransmitRecords) != 0) return EINVAL;
          break;
        case SO_PRIORITY:
          if (!number) return EINVAL;
          if (value > 6 && !privileged) return EPERM;
          break;
        default:
          return EINVAL;
      }
    }
    at += std::min(CMSG_ALIGN(header.cmsg_len), room);
  }
  return 0;
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
