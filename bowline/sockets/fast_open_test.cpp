// Fast Open (RFC 7413) by Linux's calls: MSG_FASTOPEN, TCP_FASTOPEN, TCP_FASTOPEN_CONNECT.

#include <netinet/tcp.h>

#include "bowline/sockets/testing/two_tables.hpp"

namespace bowline::sockets {
namespace {

StackConfig with_fast_open(std::uint64_t seed) {
  StackConfig config = bowline::testing::config_with_seed(seed);
  config.tcp.fast_open.client = config.tcp.fast_open.server = true;
  return config;
}

class FastOpen : public TwoTables {
 protected:
  FastOpen() : TwoTables(with_fast_open(1), with_fast_open(9)) {
    listening = made(server.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, now()));
    EXPECT_EQ(server.bind(listening, to.get(), In::size(), now()), returned(0));
    set(server, listening, IPPROTO_TCP, TCP_FASTOPEN, 5, now());
    EXPECT_EQ(server.listen(listening, 8, now()), returned(0));
  }
  int fresh(int flags = 0) { return made(client.socket(AF_INET, SOCK_STREAM | flags, 0, now())); }
  Call send(int fd, std::string_view text) {
    return client.sendto(fd, text.data(), text.size(), MSG_FASTOPEN, to.get(), In::size(), now());
  }
  // The first connection asks for a cookie and gets it.
  void get_cookie() {
    const int fd = fresh();
    EXPECT_EQ(finish(send(fd, "first")), returned(5));
    EXPECT_EQ(finish(client.close(fd, now())), returned(0));
    const int first = made(server.accept4(listening, nullptr, nullptr, 0, now()).outcome());
    EXPECT_EQ(hear(server, first), "first");
    EXPECT_EQ(finish(server.close(first, now())), returned(0));
  }

  const In to{"10.0.0.2", 80};
};

TEST_F(FastOpen, WithoutACookieItIsAConnectionInProgress) {
  const int fd = fresh(SOCK_NONBLOCK);
  EXPECT_EQ(send(fd, "x").outcome(), failed(EINPROGRESS));
}

TEST_F(FastOpen, WithACookieTheDataIsThereBeforeTheHandshakeIsDone) {
  get_cookie();
  const int fd = fresh(SOCK_NONBLOCK);
  EXPECT_EQ(send(fd, "second").outcome(), returned(6));
  static_cast<void>(wire.carry(wire.left, wire.right, nullptr));  // the SYN alone
  there = made(server.accept4(listening, nullptr, nullptr, 0, now()).outcome());
  EXPECT_EQ(mask(server, there) & POLLIN, POLLIN);
  char text[16];
  EXPECT_EQ(server.read(there, text, sizeof text, now()).outcome(), returned(6));
  EXPECT_EQ(server.write(there, "reply", 5, now()).outcome(), returned(5));
  wire.exchange();
  EXPECT_EQ(hear(client, fd), "reply");
}

TEST_F(FastOpen, ConnectWaitsForTheFirstWrite) {
  get_cookie();
  const int fd = fresh(SOCK_NONBLOCK);
  set(client, fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1, now());
  EXPECT_EQ(client.connect(fd, to.get(), In::size(), now()).outcome(), returned(0));
  EXPECT_EQ(client.connect(fd, to.get(), In::size(), now()).outcome(), failed(EISCONN));
  EXPECT_FALSE(wire.left.has_output(bowline::testing::kInterface));
  EXPECT_EQ(mask(client, fd), POLLOUT | POLLWRNORM);
  EXPECT_EQ(client.write(fd, "third", 5, now()).outcome(), returned(5));
  wire.exchange();
  there = made(server.accept4(listening, nullptr, nullptr, 0, now()).outcome());
  EXPECT_EQ(hear(server, there), "third");
}

// A listener's own key: a cookie of the stack's means nothing to it.
TEST_F(FastOpen, AListenerMayHaveAKeyOfItsOwn) {
  get_cookie();
  const std::string key = "0123456789abcdef";
  EXPECT_EQ(server.setsockopt(listening, IPPROTO_TCP, TCP_FASTOPEN_KEY, key.data(), 16, now()),
            returned(0));
  EXPECT_EQ(server.setsockopt(listening, IPPROTO_TCP, TCP_FASTOPEN_KEY, key.data(), 15, now()),
            failed(EINVAL));
  char told[32];
  socklen_t length = sizeof told;
  EXPECT_EQ(server.getsockopt(listening, IPPROTO_TCP, TCP_FASTOPEN_KEY, told, &length, now()),
            returned(0));
  EXPECT_EQ(std::string(told, length), key);
  const int fd = fresh(SOCK_NONBLOCK);
  EXPECT_EQ(send(fd, "second").outcome(), returned(6));
  static_cast<void>(wire.carry(wire.left, wire.right, nullptr));  // the SYN alone
  EXPECT_EQ(server.accept4(listening, nullptr, nullptr, 0, now()).outcome(), failed(EAGAIN));
}

// tcp_sendmsg_fastopen(): EALREADY while it opens, nothing special afterwards.
TEST_F(FastOpen, TheFlagMeansNothingOnceItIsOpen) {
  get_cookie();
  const int fd = fresh(SOCK_NONBLOCK);
  EXPECT_EQ(send(fd, "one").outcome(), returned(3));
  EXPECT_EQ(send(fd, "two").outcome(), failed(EALREADY));
  wire.exchange();
  EXPECT_EQ(send(fd, "three").outcome(), returned(5));
  EXPECT_EQ(send(fd, "four").outcome(), failed(EISCONN));
}

TEST_F(FastOpen, TheErrors) {
  const int fd = fresh();
  EXPECT_EQ(client.sendto(fd, "x", 1, MSG_FASTOPEN, nullptr, 0, now()).outcome(), failed(EINVAL));
  EXPECT_EQ(finish(client.connect(fd, to.get(), In::size(), now())), returned(0));
  EXPECT_EQ(send(fd, "x").outcome(), failed(EISCONN));
}

// Without the setting of the stack the flag is not supported, as on Linux with tcp_fastopen=0.
TEST_F(TwoTables, FastOpenIsOffUnlessTheStackHasIt) {
  const int fd = made(client.socket(AF_INET, SOCK_STREAM, 0, now()));
  EXPECT_EQ(client.sendto(fd, "x", 1, MSG_FASTOPEN, In("10.0.0.2", 80).get(), In::size(), now())
                .outcome(),
            failed(EOPNOTSUPP));
}

}  // namespace
}  // namespace bowline::sockets
