#pragma once

// A cable made of a pair of Unix sockets: packets of at most the MTU, with a descriptor at either
// end, so that the two stacks may live on two threads and a reactor has something to wait for.

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "bowline/link/link.hpp"

namespace bowline::net::test {

/// One end.
class SocketPairLink final : public Link {
 public:
  explicit SocketPairLink(int descriptor) noexcept : descriptor_(descriptor) {}
  ~SocketPairLink() override { ::close(descriptor_); }
  SocketPairLink(const SocketPairLink&) = delete;
  SocketPairLink& operator=(const SocketPairLink&) = delete;

  [[nodiscard]] LinkInfo info() const noexcept override { return {}; }
  [[nodiscard]] int descriptor() const noexcept override { return descriptor_; }
  [[nodiscard]] bool blocked() const noexcept override { return blocked_; }

  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
    blocked_ = false;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      std::array<iovec, Frame::kMaxPieces> parts{};
      for (std::size_t k = 0; k < frames[i].piece_count; ++k) {
        const Slice& piece = frames[i].pieces[k];
        parts[k] = {const_cast<std::byte*>(piece.data()), piece.size()};
      }
      if (::writev(descriptor_, parts.data(), frames[i].piece_count) < 0 &&
          (errno == EAGAIN || errno == ENOBUFS)) {
        blocked_ = true;
        return i;
      }
    }
    return frames.size();
  }

  [[nodiscard]] std::size_t receive(std::span<Frame> frames, BufferPool& pool,
                                    Time now) noexcept override {
    std::size_t count = 0;
    while (count < frames.size()) {
      const Buffer buffer = pool.allocate(2048);
      if (!buffer) break;
      const ssize_t size = ::recv(descriptor_, buffer.data(), buffer.capacity(), 0);
      if (size <= 0) break;
      Frame frame;
      static_cast<void>(frame.append(buffer.slice(0, static_cast<std::uint32_t>(size))));
      frame.arrival = now;
      frames[count++] = std::move(frame);
    }
    return count;
  }

 private:
  int descriptor_;
  bool blocked_ = false;
};

/// Both ends.
inline std::pair<std::shared_ptr<Link>, std::shared_ptr<Link>> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  return {std::make_shared<SocketPairLink>(ends[0]), std::make_shared<SocketPairLink>(ends[1])};
}

}  // namespace bowline::net::test
