#pragma once

// An open file: what descriptors refer to. Several may refer to one (dup), and so may calls under
// way; it is closed when the last descriptor goes.

#include <fcntl.h>

#include <cstdint>
#include <memory>

namespace bowline::inline v0::sockets {

/// How often something has happened to a file that could wake whoever waits for it, by kind. Edge
/// triggered epoll compares these counts (Linux's wake-up keys).
struct News {
  std::uint64_t readable = 0;  ///< data, a connection or a datagram came (EPOLLIN, EPOLLPRI)
  std::uint64_t writable = 0;  ///< there is room again (EPOLLOUT)
  std::uint64_t state = 0;     ///< it opened, ended or failed: wakes everybody
};

/// What a descriptor stands for.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  /// What it is ready for: bits of EPOLLIN and so on, which are those of POLLIN.
  [[nodiscard]] virtual std::uint32_t poll_mask() = 0;

  /// O_RDWR and O_NONBLOCK (F_GETFL).
  int status_flags = O_RDWR;
  /// What has happened to it.
  News news;
  /// Descriptors that refer to it.
  int descriptors = 0;

  [[nodiscard]] bool nonblocking() const noexcept { return (status_flags & O_NONBLOCK) != 0; }
};

}  // namespace bowline::inline v0::sockets
