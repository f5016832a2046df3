#pragma once

// For the tests of sockets: two programs, each with a table over a Stack of its own, and a cable
// between them, in virtual time.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/sockets/socket_table.hpp"
#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline::inline v0::sockets {

/// "EINVAL (22)" reads better than a number in a failed test.
inline void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << outcome.value;
  if (outcome.error != 0) *out << ' ' << strerrorname_np(outcome.error);
  if (outcome.broken_pipe) *out << " SIGPIPE";
}

/// An IPv4 address as the calls want it.
struct In {
  sockaddr_in value{};
  In(const char* address, std::uint16_t port) {
    value.sin_family = AF_INET;
    value.sin_port = htons(port);
    inet_pton(AF_INET, address, &value.sin_addr);
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&value); }
  [[nodiscard]] static socklen_t size() { return sizeof(sockaddr_in); }
};

/// The same of IPv6.
struct In6 {
  sockaddr_in6 value{};
  In6(const char* address, std::uint16_t port) {
    value.sin6_family = AF_INET6;
    value.sin6_port = htons(port);
    inet_pton(AF_INET6, address, &value.sin6_addr);
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&value); }
  [[nodiscard]] static socklen_t size() { return sizeof(sockaddr_in6); }
};

/// Two programs and the cable between them.
class TwoTables : public ::testing::Test {
 protected:
  explicit TwoTables(const StackConfig& left = bowline::testing::config_with_seed(1),
                     const StackConfig& right = bowline::testing::config_with_seed(9))
      : wire(left, right) {
    const auto left6 = IpAddress::parse("fd00::1");
    const auto right6 = IpAddress::parse("fd00::2");
    EXPECT_TRUE(wire.left.add_address(bowline::testing::kInterface, {*left6, 64}));
    EXPECT_TRUE(wire.right.add_address(bowline::testing::kInterface, {*right6, 64}));
  }

  [[nodiscard]] Time now() const { return wire.now; }

  /// Lets frames pass, and time where that is what the call waits for, until it is done.
  Outcome finish(Call call) {
    wire.exchange();
    for (int i = 0; i < 100'000 && !call.resume(wire.now); ++i) {
      wire.exchange();
      if (call.resume(wire.now)) break;
      const Time next =
          std::min({call.until(), wire.left.next_deadline(), wire.right.next_deadline()});
      if (next == kNever) {
        ADD_FAILURE() << "the call would wait for ever";
        return failed(EDEADLK);
      }
      wire.now = std::max(wire.now, next);
      wire.left.advance(wire.now);
      wire.right.advance(wire.now);
      wire.exchange();
    }
    if (!call.done()) {
      ADD_FAILURE() << "the call does not end";
      return failed(EDEADLK);
    }
    wire.exchange();
    return call.outcome();
  }

  int made(const Outcome& outcome) {
    EXPECT_EQ(outcome.error, 0);
    return static_cast<int>(outcome.value);
  }
  /// A listener of the server at 10.0.0.2:80.
  int listener(int backlog = 8, int flags = 0) {
    const int fd = made(server.socket(AF_INET, SOCK_STREAM | flags, 0, now()));
    EXPECT_EQ(server.bind(fd, In("10.0.0.2", 80).get(), In::size(), now()), returned(0));
    EXPECT_EQ(server.listen(fd, backlog, now()), returned(0));
    return fd;
  }
  /// Connects a socket of the client to the server's listener, and accepts it.
  void establish() {
    if (listening < 0) listening = listener();
    here = made(client.socket(AF_INET, SOCK_STREAM, 0, now()));
    ASSERT_EQ(finish(client.connect(here, In("10.0.0.2", 80).get(), In::size(), now())),
              returned(0));
    there = made(finish(server.accept4(listening, nullptr, nullptr, 0, now())));
  }
  static void set(SocketTable& table, int fd, int level, int option, int value, Time at) {
    EXPECT_EQ(table.setsockopt(fd, level, option, &value, sizeof value, at), returned(0));
  }
  static int get(SocketTable& table, int fd, int level, int option, Time at) {
    int value = -1;
    socklen_t length = sizeof value;
    EXPECT_EQ(table.getsockopt(fd, level, option, &value, &length, at), returned(0));
    EXPECT_EQ(length, sizeof value);
    return value;
  }
  /// Sends `text`, whole.
  void say(SocketTable& table, int fd, std::string_view text, int flags = 0) {
    EXPECT_EQ(finish(table.sendto(fd, text.data(), text.size(), flags, nullptr, 0, now())),
              returned(static_cast<std::int64_t>(text.size())));
  }
  /// What one recv() of up to `most` bytes brings.
  std::string hear(SocketTable& table, int fd, std::size_t most = 4096, int flags = 0) {
    std::string text(most, '\0');
    const Outcome got =
        finish(table.recvfrom(fd, text.data(), most, flags, nullptr, nullptr, now()));
    EXPECT_EQ(got.error, 0);
    text.resize(static_cast<std::size_t>(std::max<std::int64_t>(got.value, 0)));
    return text;
  }
  /// What poll() says of one descriptor, of all that there is to ask for.
  int mask(SocketTable& table, int fd) {
    pollfd each{fd, POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM | POLLRDHUP, 0};
    EXPECT_TRUE(table.poll(&each, 1, 0, now()).done());
    return each.revents;
  }

  bowline::testing::TwoStacks wire;
  SocketTable client{wire.left};
  SocketTable server{wire.right};
  int listening = -1;
  int here = -1;
  int there = -1;
};

}  // namespace bowline::inline v0::sockets
