// Each call finds its socket and hands on; what the call does is the socket's matter.

#include "bowline/sockets/socket_table.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "bowline/sockets/datagram_socket.hpp"
#include "bowline/sockets/descriptors.hpp"
#include "bowline/sockets/epoll.hpp"
#include "bowline/sockets/stream_socket.hpp"

namespace bowline::inline v0::sockets {
namespace {

constexpr int kTypeMask = 0xf;  // SOCK_TYPE_MASK

// Milliseconds of poll and epoll_wait; negative: for ever.
Time deadline(Time now, int timeout) noexcept {
  return timeout < 0 ? kNever : saturating_add(now, std::chrono::milliseconds(timeout));
}

}  // namespace

SocketTable::SocketTable(Stack& stack, const TableLimits& limits)
    : descriptors_(std::make_unique<Descriptors>(stack, limits)) {}
SocketTable::~SocketTable() = default;

void SocketTable::set_transmit(std::function<void()> transmit) {
  descriptors_->host.transmit = std::move(transmit);
}

// ---- opening

Outcome SocketTable::socket(int domain, int type, int protocol, Time now) {
  descriptors_->host.now = now;
  const int flags = type & ~kTypeMask;
  type &= kTypeMask;
  if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0) return failed(EINVAL);
  if (domain < 0 || domain >= AF_MAX) return failed(EAFNOSUPPORT);
  if (type > SOCK_PACKET) return failed(EINVAL);
  if (domain != AF_INET && domain != AF_INET6) return failed(EAFNOSUPPORT);
  if (protocol < 0 || protocol >= IPPROTO_MAX) return failed(EINVAL);
  std::shared_ptr<Socket> socket;
  switch (type) {
    case SOCK_STREAM:
      if (protocol != 0 && protocol != IPPROTO_TCP) return failed(EPROTONOSUPPORT);
      socket = std::make_shared<StreamSocket>(descriptors_->host, domain);
      break;
    case SOCK_DGRAM:
      if (protocol != 0 && protocol != IPPROTO_UDP) return failed(EPROTONOSUPPORT);
      socket = std::make_shared<DatagramSocket>(descriptors_->host, domain);
      break;
    case SOCK_RAW:
      return protocol == 0 ? failed(EPROTONOSUPPORT) : failed(EPERM);
    default:
      return failed(ESOCKTNOSUPPORT);
  }
  if ((flags & SOCK_NONBLOCK) != 0) socket->status_flags |= O_NONBLOCK;
  return descriptors_->add(std::move(socket), (flags & SOCK_CLOEXEC) != 0);
}

Outcome SocketTable::bind(int fd, const sockaddr* address, socklen_t length, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  return socket ? (*socket)->bind(address, length) : failed(socket.error());
}

Outcome SocketTable::listen(int fd, int backlog, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  return socket ? (*socket)->listen(backlog) : failed(socket.error());
}

Call SocketTable::accept4(int fd, sockaddr* address, socklen_t* length, int flags, Time now) {
  descriptors_->host.now = now;
  if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) != 0) return failed(EINVAL);
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error());
  const Time until =
      (*socket)->nonblocking() ? now : saturating_add(now, (*socket)->settings().receive_timeout);
  return {[this, listener = *socket, address, length, flags](
              Time at, bool may_wait) -> std::optional<Outcome> {
            descriptors_->host.now = at;
            auto accepted = listener->accept();
            if (const int* const error = std::get_if<int>(&accepted)) {
              if (*error == EAGAIN && may_wait) return std::nullopt;
              return failed(*error);
            }
            auto& connection = std::get<std::shared_ptr<Socket>>(accepted);
            if ((flags & SOCK_NONBLOCK) != 0) connection->status_flags |= O_NONBLOCK;
            const auto peer = descriptors_->host.stack.remote_endpoint(connection->handle());
            const Outcome added = descriptors_->add(connection, (flags & SOCK_CLOEXEC) != 0);
            if (added.error != 0) return added;
            if (peer) {
              if (const int error = write_address(listener->domain(), *peer, address, length)) {
                static_cast<void>(descriptors_->remove(static_cast<int>(added.value)));
                return failed(error);
              }
            }
            return added;
          },
          now, until};
}

Call SocketTable::connect(int fd, const sockaddr* address, socklen_t length, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error());
  return (*socket)->connect(address, length);
}

Outcome SocketTable::getsockname(int fd, sockaddr* address, socklen_t* length, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error());
  const auto local = (*socket)->local().value_or(Endpoint{any_of((*socket)->domain()), 0});
  if (address == nullptr) return failed(EFAULT);
  const int error = write_address((*socket)->domain(), local, address, length);
  return error == 0 ? returned(0) : failed(error);
}

Outcome SocketTable::getpeername(int fd, sockaddr* address, socklen_t* length, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error());
  const auto remote = (*socket)->remote();
  if (!remote) return failed(ENOTCONN);
  if (address == nullptr) return failed(EFAULT);
  const int error = write_address((*socket)->domain(), *remote, address, length);
  return error == 0 ? returned(0) : failed(error);
}

// ---- transfer

Call SocketTable::read(int fd, void* to, std::size_t size, Time now) {
  const iovec part{to, size};
  return readv(fd, &part, 1, now);
}

Call SocketTable::readv(int fd, const iovec* to, int count, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error() == ENOTSOCK ? EINVAL : socket.error());
  auto bytes = Buffers::of(to, static_cast<std::size_t>(count), EINVAL);
  if (!bytes) return failed(bytes.error());
  if (bytes->size() == 0) return returned(0);  // "match SYS5 behaviour", says sock_read_iter()
  Incoming message;
  message.bytes = std::move(*bytes);
  return (*socket)->receive(std::move(message));
}

Call SocketTable::recvfrom(int fd, void* to, std::size_t size, int flags, sockaddr* address,
                           socklen_t* length, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error());
  if (to == nullptr && size > 0 && !(*socket)->discards(flags)) return failed(EFAULT);
  Incoming message;
  message.bytes = Buffers(to, size);
  message.from = address;
  message.from_length = length;
  message.flags = flags;
  return (*socket)->receive(std::move(message));
}

Call SocketTable::recvmsg(int fd, msghdr* message, int flags, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error());
  if (message == nullptr) return failed(EFAULT);
  auto bytes =
      Buffers::of(message->msg_iov, message->msg_iovlen, EMSGSIZE, (*socket)->discards(flags));
  if (!bytes) return failed(bytes.error());
  Incoming incoming;
  incoming.bytes = std::move(*bytes);
  incoming.from = static_cast<sockaddr*>(message->msg_name);
  incoming.from_length = &message->msg_namelen;
  incoming.message = message;
  incoming.flags = flags;
  return (*socket)->receive(std::move(incoming));
}

Call SocketTable::write(int fd, const void* from, std::size_t size, Time now) {
  const iovec part{const_cast<void*>(from), size};
  return writev(fd, &part, 1, now);
}

Call SocketTable::writev(int fd, const iovec* from, int count, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error() == ENOTSOCK ? EINVAL : socket.error());
  auto bytes = Buffers::of(from, static_cast<std::size_t>(count), EINVAL);
  if (!bytes) return failed(bytes.error());
  Outgoing message;
  message.bytes = std::move(*bytes);
  return (*socket)->send(std::move(message));
}

Call SocketTable::sendto(int fd, const void* from, std::size_t size, int flags,
                         const sockaddr* address, socklen_t length, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error());
  if (address != nullptr && length > sizeof(sockaddr_storage)) return failed(EINVAL);
  if (from == nullptr && size > 0) return failed(EFAULT);
  Outgoing message;
  message.bytes = Buffers(from, size);
  message.to = address;
  message.to_length = length;
  message.flags = flags;
  return (*socket)->send(std::move(message));
}

Call SocketTable::sendmsg(int fd, const msghdr* message, int flags, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error());
  if (message == nullptr) return failed(EFAULT);
  auto bytes = Buffers::of(message->msg_iov, message->msg_iovlen, EMSGSIZE);
  if (!bytes) return failed(bytes.error());
  Outgoing outgoing;
  outgoing.bytes = std::move(*bytes);
  outgoing.to = static_cast<const sockaddr*>(message->msg_name);
  outgoing.to_length = message->msg_namelen;
  outgoing.control = message->msg_control;
  outgoing.control_size = message->msg_controllen;
  outgoing.flags = flags;
  return (*socket)->send(std::move(outgoing));
}

// ---- ending

Outcome SocketTable::shutdown(int fd, int how, Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  return socket ? (*socket)->shutdown(how) : failed(socket.error());
}

Call SocketTable::close(int fd, Time now) {
  descriptors_->host.now = now;
  const auto file = descriptors_->remove(fd);
  if (!file) return failed(EBADF);
  const auto socket = std::dynamic_pointer_cast<Socket>(file);
  if (!socket || socket->descriptors > 0) return returned(0);
  return socket->close();
}

// ---- options

Outcome SocketTable::getsockopt(int fd, int level, int option, void* value, socklen_t* length,
                                Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error());
  return (*socket)->get_option(level, option, {value, length});
}

Outcome SocketTable::setsockopt(int fd, int level, int option, const void* value, socklen_t length,
                                Time now) {
  descriptors_->host.now = now;
  const auto socket = descriptors_->socket(fd);
  if (!socket) return failed(socket.error());
  return (*socket)->set_option(level, option, {value, length});
}

Outcome SocketTable::fcntl(int fd, int command, long argument, Time now) {
  descriptors_->host.now = now;
  const auto file = descriptors_->file(fd);
  if (!file) return failed(EBADF);
  switch (command) {
    case F_GETFL:
      return returned(file->status_flags);
    case F_SETFL:
      file->status_flags =
          (file->status_flags & ~O_NONBLOCK) | (static_cast<int>(argument) & O_NONBLOCK);
      return returned(0);
    case F_GETFD:
      return returned(descriptors_->close_on_exec(fd) ? FD_CLOEXEC : 0);
    case F_SETFD:
      descriptors_->close_on_exec(fd) = (argument & FD_CLOEXEC) != 0;
      return returned(0);
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: {
      const TableLimits& limits = descriptors_->host.limits;
      if (argument < 0 || argument >= limits.first_descriptor + limits.descriptors) {
        return failed(EINVAL);
      }
      return descriptors_->add(file, command == F_DUPFD_CLOEXEC, static_cast<int>(argument));
    }
    default:
      return failed(EINVAL);
  }
}

Outcome SocketTable::ioctl(int fd, unsigned long request, void* argument, Time now) {
  descriptors_->host.now = now;
  const auto file = descriptors_->file(fd);
  if (!file) return failed(EBADF);
  switch (request) {
    case FIONBIO:
      if (argument == nullptr) return failed(EFAULT);
      file->status_flags &= ~O_NONBLOCK;
      if (*static_cast<const int*>(argument) != 0) file->status_flags |= O_NONBLOCK;
      return returned(0);
    case FIOCLEX:
    case FIONCLEX:
      descriptors_->close_on_exec(fd) = request == FIOCLEX;
      return returned(0);
    default:
      break;
  }
  const auto socket = std::dynamic_pointer_cast<Socket>(file);
  if (!socket) return failed(ENOTTY);
  return socket->control(request, static_cast<int*>(argument)).value_or(failed(ENOTTY));
}

Outcome SocketTable::dup(int fd, Time now) {
  descriptors_->host.now = now;
  const auto file = descriptors_->file(fd);
  return file ? descriptors_->add(file, false) : failed(EBADF);
}

// ---- readiness

Call SocketTable::poll(pollfd* descriptors, nfds_t count, int timeout, Time now) {
  descriptors_->host.now = now;
  if (count > static_cast<nfds_t>(descriptors_->host.limits.descriptors)) return failed(EINVAL);
  if (descriptors == nullptr && count > 0) return failed(EFAULT);
  return {[this, row = std::span(descriptors, count)](Time at,
                                                      bool may_wait) -> std::optional<Outcome> {
            descriptors_->host.now = at;
            int ready = 0;
            for (pollfd& each : row) {
              each.revents = 0;
              if (each.fd < 0) continue;
              const auto file = descriptors_->file(each.fd);
              const std::uint32_t wanted =
                  static_cast<std::uint16_t>(each.events) | POLLERR | POLLHUP;
              each.revents = static_cast<short>(file ? file->poll_mask() & wanted : POLLNVAL);
              if (each.revents != 0) ++ready;
            }
            if (ready == 0 && may_wait) return std::nullopt;
            return returned(ready);
          },
          now, deadline(now, timeout)};
}

Outcome SocketTable::epoll_create1(int flags, Time now) {
  descriptors_->host.now = now;
  if ((flags & ~EPOLL_CLOEXEC) != 0) return failed(EINVAL);
  return descriptors_->add(std::make_shared<Epoll>(), (flags & EPOLL_CLOEXEC) != 0);
}

Outcome SocketTable::epoll_ctl(int epoll, int operation, int fd, epoll_event* event, Time now) {
  descriptors_->host.now = now;
  if (operation != EPOLL_CTL_DEL && event == nullptr) return failed(EFAULT);
  const auto watcher = descriptors_->file(epoll);
  const auto watched = descriptors_->file(fd);
  if (!watcher || !watched) return failed(EBADF);
  const auto instance = std::dynamic_pointer_cast<Epoll>(watcher);
  if (!instance || watched == watcher) return failed(EINVAL);
  descriptors_->host.collect_news();
  int error = EINVAL;
  if (operation == EPOLL_CTL_ADD) error = instance->add(fd, watched, *event);
  if (operation == EPOLL_CTL_MOD) error = instance->modify(fd, watched, *event);
  if (operation == EPOLL_CTL_DEL) error = instance->remove(fd, watched);
  return error == 0 ? returned(0) : failed(error);
}

Call SocketTable::epoll_wait(int epoll, epoll_event* events, int most, int timeout, Time now) {
  descriptors_->host.now = now;
  const auto file = descriptors_->file(epoll);
  if (!file) return failed(EBADF);
  constexpr int kMost = 0x7fffffff / static_cast<int>(sizeof(epoll_event));
  if (most <= 0 || most > kMost) return failed(EINVAL);
  if (events == nullptr) return failed(EFAULT);
  const auto instance = std::dynamic_pointer_cast<Epoll>(file);
  if (!instance) return failed(EINVAL);
  return {[this, instance, events, most](Time at, bool may_wait) -> std::optional<Outcome> {
            descriptors_->host.now = at;
            descriptors_->host.collect_news();
            const int count = instance->collect(events, most);
            if (count == 0 && may_wait) return std::nullopt;
            return returned(count);
          },
          now, deadline(now, timeout)};
}

// ---- for whoever stands in for the kernel

bool SocketTable::owns(int fd) const noexcept { return descriptors_->file(fd) != nullptr; }

Handle SocketTable::handle(int fd) const noexcept {
  const auto socket = descriptors_->socket(fd);
  return socket ? (*socket)->handle() : Handle{};
}

Stack& SocketTable::stack() const noexcept { return descriptors_->host.stack; }
TableLimits& SocketTable::limits() noexcept { return descriptors_->host.limits; }

}  // namespace bowline::inline v0::sockets
