#pragma once

// BSD socket calls over a Stack, with Linux's return values and errno.
//
// A SocketTable is what a process is to the kernel: a table of descriptors, and behind them sockets
// and epoll instances. Each member function is the system call of its name, with the same
// arguments, the structures and constants of Linux's headers, and the time. Calls that may block
// return a Call, all others the Outcome.
//
// The caller owns the Stack, moves its frames and its time, and gives the table every call; nobody
// else may take the Stack's poll_ready(), which the table turns into poll masks and epoll events.
// Everything runs on the Stack's thread. What each call, option and flag does, and what differs
// from Linux, is in docs/sockets.md.
//
//     SocketTable table(stack);
//     const int fd = int(table.socket(AF_INET, SOCK_STREAM, 0, now).value);
//     Call call = table.connect(fd, address, length, now);
//     while (!call.done()) { wait_for_the_stack_or(call.until()); call.resume(now); }

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "bowline/base/time.hpp"
#include "bowline/sockets/call.hpp"
#include "bowline/sockets/outcome.hpp"
#include "bowline/sockets/table_limits.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::sockets {

/// The descriptors of one program over one Stack.
class SocketTable {
 public:
  /// Sockets of `stack`, which must outlive this and must not be moved meanwhile.
  explicit SocketTable(Stack& stack, const TableLimits& limits = {});
  /// Closes what is open, at the time of the last call.
  ~SocketTable();
  /// `transmit` is called in the middle of a write, where Linux has filled a packet and sends what
  /// it may before it goes on; it should call the Stack's transmit(). Only with
  /// tcp::Settings::packet_queue; without it all of a write is queued before anything leaves.
  void set_transmit(std::function<void()> transmit);
  SocketTable(const SocketTable&) = delete;
  SocketTable& operator=(const SocketTable&) = delete;

  // ---- opening
  // ------------------------------------------------------------------------------------

  /// socket(2): AF_INET and AF_INET6, SOCK_STREAM and SOCK_DGRAM, with SOCK_NONBLOCK and
  /// SOCK_CLOEXEC.
  Outcome socket(int domain, int type, int protocol, Time now);
  /// bind(2).
  Outcome bind(int fd, const sockaddr* address, socklen_t length, Time now);
  /// listen(2).
  Outcome listen(int fd, int backlog, Time now);
  /// accept(2), accept4(2): `address` and `length` may both be null.
  Call accept4(int fd, sockaddr* address, socklen_t* length, int flags, Time now);
  /// connect(2).
  Call connect(int fd, const sockaddr* address, socklen_t length, Time now);
  /// getsockname(2).
  Outcome getsockname(int fd, sockaddr* address, socklen_t* length, Time now);
  /// getpeername(2).
  Outcome getpeername(int fd, sockaddr* address, socklen_t* length, Time now);

  // ---- transfer
  // -----------------------------------------------------------------------------------

  /// read(2).
  Call read(int fd, void* to, std::size_t size, Time now);
  /// readv(2).
  Call readv(int fd, const iovec* to, int count, Time now);
  /// recv(2), recvfrom(2): `address` and `length` may both be null.
  Call recvfrom(int fd, void* to, std::size_t size, int flags, sockaddr* address, socklen_t* length,
                Time now);
  /// recvmsg(2).
  Call recvmsg(int fd, msghdr* message, int flags, Time now);
  /// write(2).
  Call write(int fd, const void* from, std::size_t size, Time now);
  /// writev(2).
  Call writev(int fd, const iovec* from, int count, Time now);
  /// send(2), sendto(2): `address` may be null.
  Call sendto(int fd, const void* from, std::size_t size, int flags, const sockaddr* address,
              socklen_t length, Time now);
  /// sendmsg(2).
  Call sendmsg(int fd, const msghdr* message, int flags, Time now);

  // ---- ending
  // -------------------------------------------------------------------------------------

  /// shutdown(2).
  Outcome shutdown(int fd, int how, Time now);
  /// close(2): waits only with SO_LINGER. The descriptor is free at once.
  Call close(int fd, Time now);

  // ---- options
  // ------------------------------------------------------------------------------------

  /// getsockopt(2).
  Outcome getsockopt(int fd, int level, int option, void* value, socklen_t* length, Time now);
  /// setsockopt(2).
  Outcome setsockopt(int fd, int level, int option, const void* value, socklen_t length, Time now);
  /// fcntl(2): F_GETFL, F_SETFL, F_GETFD, F_SETFD, F_DUPFD, F_DUPFD_CLOEXEC.
  Outcome fcntl(int fd, int command, long argument, Time now);
  /// ioctl(2): FIONREAD, SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK, FIONBIO, FIOCLEX, FIONCLEX.
  Outcome ioctl(int fd, unsigned long request, void* argument, Time now);
  /// dup(2): the lowest free descriptor for the same open file.
  Outcome dup(int fd, Time now);

  // ---- readiness
  // ----------------------------------------------------------------------------------

  /// poll(2); `timeout` in milliseconds, negative: for ever.
  Call poll(pollfd* descriptors, nfds_t count, int timeout, Time now);
  /// epoll_create1(2): EPOLL_CLOEXEC.
  Outcome epoll_create1(int flags, Time now);
  /// epoll_ctl(2).
  Outcome epoll_ctl(int epoll, int operation, int fd, epoll_event* event, Time now);
  /// epoll_wait(2); `timeout` in milliseconds, negative: for ever.
  Call epoll_wait(int epoll, epoll_event* events, int most, int timeout, Time now);

  // ---- for whoever stands in for the kernel
  // -------------------------------------------------------

  /// Is `fd` one of this table's?
  [[nodiscard]] bool owns(int fd) const noexcept;
  /// The Stack's socket behind `fd`; names nothing when there is none (yet, or any more).
  [[nodiscard]] Handle handle(int fd) const noexcept;
  /// The Stack.
  [[nodiscard]] Stack& stack() const noexcept;
  /// Its bounds; may be changed at any time.
  [[nodiscard]] TableLimits& limits() noexcept;

 private:
  class Descriptors;
  std::unique_ptr<Descriptors> descriptors_;
};

}  // namespace bowline::inline v0::sockets
