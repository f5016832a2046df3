#pragma once

// The calls of sockets with two who answer them: the kernel over loopback, and we over a cable.
// What they return can be compared.

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "bowline/sockets/testing/two_tables.hpp"

namespace bowline::inline v0::sockets {

/// Of a connection.
enum class Side { client, server };

/// The calls, of whoever answers them. Nothing here waits.
class Calls {
 public:
  Calls() = default;
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;
  virtual ~Calls() = default;
  virtual Outcome socket(Side side, int domain, int type) = 0;
  virtual Outcome bind(Side side, int fd) = 0;  // to any free port
  virtual Outcome listen(Side side, int fd, int backlog) = 0;
  virtual Outcome accept(Side side, int fd) = 0;
  virtual Outcome connect(Side side, int fd, sa_family_t family, socklen_t length) = 0;
  virtual Outcome send(Side side, int fd, std::size_t size, int flags) = 0;
  virtual Outcome receive(Side side, int fd, std::size_t size, int flags) = 0;
  virtual Outcome shutdown(Side side, int fd, int how) = 0;
  virtual Outcome close(Side side, int fd) = 0;
  virtual Outcome poll(Side side, int fd) = 0;  // the value is the mask
  virtual Outcome peer(Side side, int fd) = 0;
  virtual Outcome count(Side side, int fd, unsigned long request) = 0;  // the value is the number
  virtual Outcome get(Side side, int fd, int level, int option, void* value, socklen_t* length) = 0;
  virtual Outcome set(Side side, int fd, int level, int option, const void* value,
                      socklen_t length) = 0;
  // A byte with control messages.
  virtual Outcome send_with(Side side, int fd, void* control, std::size_t size) = 0;
  // By recvmsg, of a buffer that is null.
  virtual Outcome receive_into_nothing(Side side, int fd, std::size_t size, int flags) = 0;
  // What is under way arrives.
  virtual void settle() = 0;

  Outcome number(Side side, int fd, int level, int option) {
    int value = 0;
    socklen_t length = sizeof value;
    const Outcome got = get(side, fd, level, option, &value, &length);
    return got.error != 0 ? got : returned(value);
  }

 protected:
  const msghdr* with_control(void* control, std::size_t size) {
    part_ = {byte_, sizeof byte_};
    message_ = {};
    message_.msg_iov = &part_;
    message_.msg_iovlen = 1;
    message_.msg_control = control;
    message_.msg_controllen = size;
    return &message_;
  }
  msghdr* into_nothing(std::size_t size) {
    part_ = {nullptr, size};
    message_ = {};
    message_.msg_iov = &part_;
    message_.msg_iovlen = 1;
    return &message_;
  }

 private:
  char byte_[1] = {'x'};
  iovec part_{};
  msghdr message_{};
};

/// All that poll() can be asked for.
inline constexpr short kEverything =
    POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM | POLLRDHUP;

/// The kernel, over loopback.
class Kernel final : public Calls {
 public:
  ~Kernel() override {
    for (const int fd : open_) ::close(fd);
  }
  // Is there a loopback interface that is up?
  static bool works() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const In to("127.0.0.1", 1);
    const bool up = fd >= 0 && ::connect(fd, to.get(), In::size()) == -1 && errno == ECONNREFUSED;
    ::close(fd);
    return up;
  }

  Outcome socket(Side, int domain, int type) override {
    const Outcome made = outcome(::socket(domain, type, 0));
    if (made.error == 0) open_.push_back(static_cast<int>(made.value));
    return made;
  }
  Outcome bind(Side side, int fd) override {
    const In any("127.0.0.1", 0);
    const Outcome bound = outcome(::bind(fd, any.get(), In::size()));
    sockaddr_in got{};
    socklen_t length = sizeof got;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&got), &length);
    if (bound.error == 0 && side == Side::server) port_ = ntohs(got.sin_port);
    return bound;
  }
  Outcome listen(Side, int fd, int backlog) override { return outcome(::listen(fd, backlog)); }
  Outcome accept(Side, int fd) override {
    const Outcome made = outcome(::accept4(fd, nullptr, nullptr, SOCK_NONBLOCK));
    if (made.error == 0) open_.push_back(static_cast<int>(made.value));
    return made;
  }
  Outcome connect(Side, int fd, sa_family_t family, socklen_t length) override {
    In to("127.0.0.1", port_);
    to.value.sin_family = family;
    return outcome(::connect(fd, to.get(), length));
  }
  Outcome send(Side, int fd, std::size_t size, int flags) override {
    const std::vector<char> bytes(size);
    return outcome(::send(fd, bytes.data(), size, flags | MSG_NOSIGNAL | MSG_DONTWAIT));
  }
  Outcome receive(Side, int fd, std::size_t size, int flags) override {
    std::vector<char> bytes(size);
    return outcome(::recv(fd, bytes.data(), size, flags | MSG_DONTWAIT));
  }
  Outcome shutdown(Side, int fd, int how) override { return outcome(::shutdown(fd, how)); }
  Outcome close(Side, int fd) override {
    std::erase(open_, fd);
    return outcome(::close(fd));
  }
  Outcome poll(Side, int fd) override {
    pollfd each{fd, kEverything, 0};
    const Outcome got = outcome(::poll(&each, 1, 0));
    return got.error != 0 ? got : returned(each.revents);
  }
  Outcome peer(Side, int fd) override {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    return outcome(::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length));
  }
  Outcome count(Side, int fd, unsigned long request) override {
    int value = 0;
    const Outcome got = outcome(::ioctl(fd, request, &value));
    return got.error != 0 ? got : returned(value);
  }
  Outcome get(Side, int fd, int level, int option, void* value, socklen_t* length) override {
    return outcome(::getsockopt(fd, level, option, value, length));
  }
  Outcome set(Side, int fd, int level, int option, const void* value, socklen_t length) override {
    return outcome(::setsockopt(fd, level, option, value, length));
  }
  Outcome send_with(Side, int fd, void* control, std::size_t size) override {
    return outcome(::sendmsg(fd, with_control(control, size), MSG_DONTWAIT | MSG_NOSIGNAL));
  }
  Outcome receive_into_nothing(Side, int fd, std::size_t size, int flags) override {
    return outcome(::recvmsg(fd, into_nothing(size), flags | MSG_DONTWAIT));
  }
  // Loopback delivers within the call that sends.
  void settle() override {}

 private:
  static Outcome outcome(long value) { return value == -1 ? failed(errno) : returned(value); }
  std::vector<int> open_;
  std::uint16_t port_ = 1;  // nobody listens there
};

/// We, over a cable.
class Ours final : public Calls {
 public:
  /// `privileged`: as a process with CAP_NET_ADMIN.
  explicit Ours(bool privileged = false)
      : client_(wire_.left, limits(privileged)), server_(wire_.right, limits(privileged)) {}

  Outcome socket(Side side, int domain, int type) override {
    return table(side).socket(domain, type, 0, wire_.now);
  }
  Outcome bind(Side side, int fd) override {
    const In any(side == Side::client ? "10.0.0.1" : "10.0.0.2", 0);
    const Outcome bound = table(side).bind(fd, any.get(), In::size(), wire_.now);
    sockaddr_in got{};
    socklen_t length = sizeof got;
    table(side).getsockname(fd, reinterpret_cast<sockaddr*>(&got), &length, wire_.now);
    if (bound.error == 0 && side == Side::server) port_ = ntohs(got.sin_port);
    return bound;
  }
  Outcome listen(Side side, int fd, int backlog) override {
    return table(side).listen(fd, backlog, wire_.now);
  }
  Outcome accept(Side side, int fd) override {
    return table(side).accept4(fd, nullptr, nullptr, SOCK_NONBLOCK, wire_.now).outcome();
  }
  Outcome connect(Side side, int fd, sa_family_t family, socklen_t length) override {
    In to("10.0.0.2", port_);
    to.value.sin_family = family;
    return table(side).connect(fd, to.get(), length, wire_.now).outcome();
  }
  Outcome send(Side side, int fd, std::size_t size, int flags) override {
    const std::vector<char> bytes(size);
    return table(side)
        .sendto(fd, bytes.data(), size, flags | MSG_NOSIGNAL | MSG_DONTWAIT, nullptr, 0, wire_.now)
        .outcome();
  }
  Outcome receive(Side side, int fd, std::size_t size, int flags) override {
    std::vector<char> bytes(size);
    return table(side)
        .recvfrom(fd, bytes.data(), size, flags | MSG_DONTWAIT, nullptr, nullptr, wire_.now)
        .outcome();
  }
  Outcome shutdown(Side side, int fd, int how) override {
    return table(side).shutdown(fd, how, wire_.now);
  }
  Outcome close(Side side, int fd) override { return table(side).close(fd, wire_.now).outcome(); }
  Outcome poll(Side side, int fd) override {
    pollfd each{fd, kEverything, 0};
    const Outcome got = table(side).poll(&each, 1, 0, wire_.now).outcome();
    return got.error != 0 ? got : returned(each.revents);
  }
  Outcome peer(Side side, int fd) override {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    return table(side).getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length, wire_.now);
  }
  Outcome count(Side side, int fd, unsigned long request) override {
    int value = 0;
    const Outcome got = table(side).ioctl(fd, request, &value, wire_.now);
    return got.error != 0 ? got : returned(value);
  }
  Outcome get(Side side, int fd, int level, int option, void* value, socklen_t* length) override {
    return table(side).getsockopt(fd, level, option, value, length, wire_.now);
  }
  Outcome set(Side side, int fd, int level, int option, const void* value,
              socklen_t length) override {
    return table(side).setsockopt(fd, level, option, value, length, wire_.now);
  }
  Outcome send_with(Side side, int fd, void* control, std::size_t size) override {
    return table(side)
        .sendmsg(fd, with_control(control, size), MSG_DONTWAIT | MSG_NOSIGNAL, wire_.now)
        .outcome();
  }
  Outcome receive_into_nothing(Side side, int fd, std::size_t size, int flags) override {
    return table(side).recvmsg(fd, into_nothing(size), flags | MSG_DONTWAIT, wire_.now).outcome();
  }
  void settle() override { wire_.exchange(); }

 private:
  SocketTable& table(Side side) { return side == Side::client ? client_ : server_; }
  static StackConfig as_linux(std::uint64_t seed) {
    StackConfig config = bowline::testing::config_with_seed(seed);
    config.tcp = tcp::Settings::of(tcp::Profile::linux);
    return config;
  }
  static TableLimits limits(bool privileged) {
    TableLimits limits;
    limits.net_admin = privileged;
    return limits;
  }
  bowline::testing::TwoStacks wire_{as_linux(1), as_linux(9)};
  SocketTable client_;
  SocketTable server_;
  std::uint16_t port_ = 1;
};

/// A socket in some state, and the side that has it.
struct Subject {
  Side side = Side::client;
  int fd = -1;
};

/// The value of a call that must work.
inline int made(const Outcome& outcome) {
  EXPECT_EQ(outcome.error, 0);
  return static_cast<int>(outcome.value);
}

/// A listener of the server.
inline int listener(Calls& calls) {
  const int fd = made(calls.socket(Side::server, AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
  made(calls.bind(Side::server, fd));
  made(calls.listen(Side::server, fd, 8));
  return fd;
}

/// Both ends of a connection.
struct Pair {
  int client;
  int server;
};

/// A connection.
inline Pair connected(Calls& calls) {
  const int listening = listener(calls);
  const int fd = made(calls.socket(Side::client, AF_INET, SOCK_STREAM | SOCK_NONBLOCK));
  static_cast<void>(calls.connect(Side::client, fd, AF_INET, In::size()));
  calls.settle();
  made(calls.connect(Side::client, fd, AF_INET, In::size()));
  return {fd, made(calls.accept(Side::server, listening))};
}

/// Closes `fd` by a reset.
inline void reset(Calls& calls, Side side, int fd) {
  const linger now_or_never{1, 0};
  made(calls.set(side, fd, SOL_SOCKET, SO_LINGER, &now_or_never, sizeof now_or_never));
  made(calls.close(side, fd));
  calls.settle();
}

}  // namespace bowline::inline v0::sockets
