#pragma once

// What the transfer calls move: a list of buffers, an address, control messages. All ten calls
// (read, readv, recv, recvfrom, recvmsg and their counterparts) become one of these two.

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <expected>
#include <span>
#include <vector>

namespace bowline::inline v0::sockets {

/// A list of buffers, seen as one row of bytes.
class Buffers {
 public:
  /// Nothing.
  Buffers() = default;
  /// One buffer.
  Buffers(const void* data, std::size_t size)
      : parts_{{const_cast<void*>(data), size}}, size_(size) {}
  /// Copies the list. Errors: EINVAL (more bytes than an ssize_t can say), `too_many` for a bad
  /// count, EFAULT (no list, or no buffer, unless `unused`: nothing will be written to it).
  [[nodiscard]] static std::expected<Buffers, int> of(const iovec* parts, std::size_t count,
                                                      int too_many, bool unused = false);

  /// Bytes in all.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// What lies in one piece from `offset` on; empty at the end.
  [[nodiscard]] std::span<std::byte> at(std::size_t offset) const noexcept;

 private:
  std::vector<iovec> parts_;
  std::size_t size_ = 0;
};

/// What a call sends.
struct Outgoing {
  Buffers bytes;                  ///< the data
  const sockaddr* to = nullptr;   ///< null: none given
  socklen_t to_length = 0;        ///< of it
  const void* control = nullptr;  ///< control messages
  std::size_t control_size = 0;   ///< of them
  int flags = 0;                  ///< MSG_…
};

/// What is wrong with the control messages of `message` to a stream socket: sock_cmsg_send(). An
/// errno; 0: nothing. `privileged`: as whoever has CAP_NET_ADMIN.
[[nodiscard]] int wrong_control(const Outgoing& message, bool privileged) noexcept;

/// Where a call receives into.
struct Incoming {
  Buffers bytes;                     ///< the data
  sockaddr* from = nullptr;          ///< null: not asked for
  socklen_t* from_length = nullptr;  ///< of it
  msghdr* message = nullptr;         ///< of recvmsg: control messages and flags go there
  int flags = 0;                     ///< MSG_…
};

/// Appends control messages to a msghdr by the kernel's rules (put_cmsg): what does not fit is cut
/// off, and MSG_CTRUNC says so.
class ControlWriter {
 public:
  /// Into the buffer of `message`; null: nobody wants any.
  explicit ControlWriter(msghdr* message) noexcept;
  /// One control message.
  void put(int level, int type, const void* data, std::size_t size) noexcept;
  /// Sets msg_controllen to what was written, and adds to `flags` what msg_flags is to say.
  void finish(int& flags) noexcept;

 private:
  msghdr* message_;
  std::size_t room_ = 0;
  std::size_t used_ = 0;
  bool truncated_ = false;
};

}  // namespace bowline::inline v0::sockets
