// Stream sockets: what the calls return in which state, as Linux's TCP has it.

#include <fcntl.h>
#include <netinet/tcp.h>

#include <utility>
#include <vector>

#include "bowline/sockets/testing/two_tables.hpp"

namespace bowline::sockets {
namespace {

using Stream = TwoTables;

constexpr int kIn = POLLIN | POLLRDNORM;
constexpr int kOut = POLLOUT | POLLWRNORM;

TEST_F(Stream, TalksBothWays) {
  establish();
  say(client, here, "ping");
  EXPECT_EQ(hear(server, there), "ping");
  say(server, there, "pong");
  EXPECT_EQ(hear(client, here), "pong");
}

TEST_F(Stream, DescriptorsAreTheLowestFree) {
  EXPECT_EQ(client.socket(AF_INET, SOCK_STREAM, 0, now()), returned(3));
  EXPECT_EQ(client.socket(AF_INET6, SOCK_DGRAM, 0, now()), returned(4));
  EXPECT_EQ(finish(client.close(3, now())), returned(0));
  EXPECT_EQ(client.socket(AF_INET, SOCK_STREAM, 0, now()), returned(3));
  EXPECT_EQ(finish(client.close(99, now())), failed(EBADF));
}

TEST_F(Stream, ANonBlockingConnectTellsOfItsProgress) {
  listening = listener();
  const int fd = made(client.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, now()));
  const In to("10.0.0.2", 80);
  EXPECT_EQ(client.connect(fd, to.get(), In::size(), now()).outcome(), failed(EINPROGRESS));
  EXPECT_EQ(client.connect(fd, to.get(), In::size(), now()).outcome(), failed(EALREADY));
  EXPECT_EQ(mask(client, fd), 0);
  wire.exchange();
  EXPECT_EQ(mask(client, fd), kOut);
  EXPECT_EQ(get(client, fd, SOL_SOCKET, SO_ERROR, now()), 0);
  EXPECT_EQ(client.connect(fd, to.get(), In::size(), now()).outcome(), returned(0));
  EXPECT_EQ(client.connect(fd, to.get(), In::size(), now()).outcome(), failed(EISCONN));
}

TEST_F(Stream, ARefusalIsToldOnceAndTheSocketMayTryAgain) {
  const int fd = made(client.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, now()));
  const In to("10.0.0.2", 80);
  EXPECT_EQ(client.connect(fd, to.get(), In::size(), now()).outcome(), failed(EINPROGRESS));
  wire.exchange();
  EXPECT_EQ(mask(client, fd), kIn | kOut | POLLRDHUP | POLLHUP | POLLERR);
  EXPECT_EQ(get(client, fd, SOL_SOCKET, SO_ERROR, now()), ECONNREFUSED);
  EXPECT_EQ(get(client, fd, SOL_SOCKET, SO_ERROR, now()), 0);
  EXPECT_EQ(client.connect(fd, to.get(), In::size(), now()).outcome(), failed(ECONNABORTED));
  EXPECT_EQ(mask(client, fd), kOut | POLLHUP);
  listening = listener();
  EXPECT_EQ(client.connect(fd, to.get(), In::size(), now()).outcome(), failed(EINPROGRESS));
}

TEST_F(Stream, ABlockingConnectIsRefused) {
  const int fd = made(client.socket(AF_INET, SOCK_STREAM, 0, now()));
  EXPECT_EQ(finish(client.connect(fd, In("10.0.0.2", 80).get(), In::size(), now())),
            failed(ECONNREFUSED));
}

TEST_F(Stream, ConnectJudgesTheAddress) {
  const int fd = made(client.socket(AF_INET, SOCK_STREAM, 0, now()));
  const In to("10.0.0.2", 80);
  EXPECT_EQ(client.connect(fd, to.get(), 1, now()).outcome(), failed(EINVAL));
  EXPECT_EQ(client.connect(fd, to.get(), 8, now()).outcome(), failed(EINVAL));
  EXPECT_EQ(client.connect(fd, In6("fd00::2", 80).get(), In6::size(), now()).outcome(),
            failed(EAFNOSUPPORT));
  EXPECT_EQ(client.connect(fd, In("172.16.0.1", 80).get(), In::size(), now()).outcome(),
            failed(ENETUNREACH));
  EXPECT_EQ(client.connect(fd, In("224.0.0.1", 80).get(), In::size(), now()).outcome(),
            failed(ENETUNREACH));
}

TEST_F(Stream, AFreshSocketIsWritableAndHungUp) {
  const int fd = made(client.socket(AF_INET, SOCK_STREAM, 0, now()));
  EXPECT_EQ(mask(client, fd), kOut | POLLHUP);
  char byte = 0;
  EXPECT_EQ(client.recvfrom(fd, &byte, 1, 0, nullptr, nullptr, now()).outcome(), failed(ENOTCONN));
  Outcome pipe = failed(EPIPE);
  EXPECT_EQ(client.sendto(fd, &byte, 1, MSG_NOSIGNAL, nullptr, 0, now()).outcome(), pipe);
  pipe.broken_pipe = true;
  EXPECT_EQ(client.write(fd, &byte, 1, now()).outcome(), pipe);
  EXPECT_EQ(client.shutdown(fd, SHUT_RDWR, now()), failed(ENOTCONN));
  EXPECT_EQ(client.shutdown(fd, 3, now()), failed(EINVAL));
  EXPECT_EQ(client.accept4(fd, nullptr, nullptr, 0, now()).outcome(), failed(EINVAL));
}

TEST_F(Stream, AListenerIsReadableWhenAConnectionWaits) {
  listening = listener(8, SOCK_NONBLOCK);
  EXPECT_EQ(mask(server, listening), 0);
  EXPECT_EQ(server.accept4(listening, nullptr, nullptr, 0, now()).outcome(), failed(EAGAIN));
  const int fd = made(client.socket(AF_INET, SOCK_STREAM, 0, now()));
  ASSERT_EQ(finish(client.connect(fd, In("10.0.0.2", 80).get(), In::size(), now())), returned(0));
  EXPECT_EQ(mask(server, listening), kIn);
  sockaddr_in peer{};
  socklen_t length = sizeof peer;
  const int accepted = made(server
                                .accept4(listening, reinterpret_cast<sockaddr*>(&peer), &length,
                                         SOCK_NONBLOCK | SOCK_CLOEXEC, now())
                                .outcome());
  EXPECT_EQ(length, sizeof peer);
  EXPECT_EQ(peer.sin_addr.s_addr, In("10.0.0.1", 0).value.sin_addr.s_addr);
  EXPECT_EQ(server.fcntl(accepted, F_GETFL, 0, now()), returned(O_RDWR | O_NONBLOCK));
  EXPECT_EQ(server.fcntl(accepted, F_GETFD, 0, now()), returned(FD_CLOEXEC));
  EXPECT_EQ(server.accept4(listening, nullptr, nullptr, 1, now()).outcome(), failed(EINVAL));
  char byte = 0;
  EXPECT_EQ(server.read(listening, &byte, 1, now()).outcome(), failed(ENOTCONN));
}

TEST_F(Stream, ThePeersEndIsReadableAndHalfHungUp) {
  establish();
  EXPECT_EQ(mask(server, there), kOut);
  say(client, here, "last");
  EXPECT_EQ(client.shutdown(here, SHUT_WR, now()), returned(0));
  wire.exchange();
  EXPECT_EQ(mask(server, there), kIn | kOut | POLLRDHUP);
  EXPECT_EQ(hear(server, there), "last");
  EXPECT_EQ(hear(server, there), "");
  EXPECT_EQ(server.shutdown(there, SHUT_WR, now()), returned(0));
  EXPECT_EQ(mask(server, there) & POLLHUP, POLLHUP);
  char byte = 0;
  EXPECT_EQ(client.sendto(here, &byte, 1, MSG_NOSIGNAL, nullptr, 0, now()).outcome(),
            failed(EPIPE));
}

TEST_F(Stream, AResetIsToldOnceThenTheEnd) {
  establish();
  const linger now_or_never{1, 0};
  ASSERT_EQ(
      client.setsockopt(here, SOL_SOCKET, SO_LINGER, &now_or_never, sizeof now_or_never, now()),
      returned(0));
  EXPECT_EQ(finish(client.close(here, now())), returned(0));
  wire.exchange();
  EXPECT_EQ(mask(server, there), kIn | kOut | POLLRDHUP | POLLHUP | POLLERR);
  char byte = 0;
  EXPECT_EQ(server.read(there, &byte, 1, now()).outcome(), failed(ECONNRESET));
  EXPECT_EQ(server.read(there, &byte, 1, now()).outcome(), returned(0));
  EXPECT_EQ(server.sendto(there, &byte, 1, MSG_NOSIGNAL, nullptr, 0, now()).outcome(),
            failed(EPIPE));
}

TEST_F(Stream, ABlockingWriteOfMuchDataKeepsItsProgress) {
  establish();
  std::vector<char> much(1 << 20, 'x');
  set(client, here, SOL_SOCKET, SO_SNDBUF, 32768, now());
  Call writing = client.write(here, much.data(), much.size(), now());
  EXPECT_FALSE(writing.done());
  std::size_t read = 0;
  std::vector<char> to(65536);
  for (int i = 0; i < 10'000 && read < much.size(); ++i) {
    wire.pass(1ms);
    writing.resume(now());
    const auto got =
        server.recvfrom(there, to.data(), to.size(), MSG_DONTWAIT, nullptr, nullptr, now())
            .outcome();
    if (got.value > 0) read += static_cast<std::size_t>(got.value);
  }
  EXPECT_EQ(read, much.size());
  ASSERT_TRUE(writing.done());
  EXPECT_EQ(writing.outcome(), returned(1 << 20));
}

TEST_F(Stream, AWriteThatDoesNotBlockTakesWhatFits) {
  establish();
  set(client, here, SOL_SOCKET, SO_SNDBUF, 32768, now());
  std::vector<char> much(1 << 20, 'x');
  const auto first =
      client.sendto(here, much.data(), much.size(), MSG_DONTWAIT, nullptr, 0, now()).outcome();
  EXPECT_EQ(first, returned(32768));
  EXPECT_EQ(mask(client, here), 0);
  EXPECT_EQ(client.sendto(here, much.data(), 1, MSG_DONTWAIT, nullptr, 0, now()).outcome(),
            failed(EAGAIN));
}

TEST_F(Stream, PeekLeavesWaitAllWaitsTruncDiscards) {
  establish();
  say(client, here, "abcdef");
  EXPECT_EQ(hear(server, there, 3, MSG_PEEK), "abc");
  EXPECT_EQ(hear(server, there, 2), "ab");
  std::string all(6, '\0');
  Call waiting = server.recvfrom(there, all.data(), 6, MSG_WAITALL, nullptr, nullptr, now());
  EXPECT_FALSE(waiting.done());
  say(client, here, "gh");
  EXPECT_EQ(finish(std::move(waiting)), returned(6));
  EXPECT_EQ(all, "cdefgh");
  say(client, here, "12345");
  EXPECT_EQ(server.recvfrom(there, nullptr, 3, MSG_TRUNC, nullptr, nullptr, now()).outcome(),
            returned(3));
  EXPECT_EQ(hear(server, there), "45");
}

TEST_F(Stream, AReadTimesOut) {
  establish();
  const timeval limit{0, 250'000};
  ASSERT_EQ(server.setsockopt(there, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit, now()),
            returned(0));
  char byte = 0;
  const Time before = now();
  Call reading = server.read(there, &byte, 1, now());
  EXPECT_FALSE(reading.done());
  EXPECT_EQ(reading.until(), before + 250ms);
  EXPECT_EQ(finish(std::move(reading)), failed(EAGAIN));
  EXPECT_EQ(now(), before + 250ms);
}

TEST_F(Stream, BindReservesThePort) {
  const int first = made(client.socket(AF_INET, SOCK_STREAM, 0, now()));
  const int second = made(client.socket(AF_INET, SOCK_STREAM, 0, now()));
  const In here80("10.0.0.1", 80);
  EXPECT_EQ(client.bind(first, here80.get(), In::size(), now()), returned(0));
  EXPECT_EQ(client.bind(first, here80.get(), In::size(), now()), failed(EINVAL));
  EXPECT_EQ(client.bind(second, here80.get(), In::size(), now()), failed(EADDRINUSE));
  EXPECT_EQ(client.bind(second, In("0.0.0.0", 80).get(), In::size(), now()), failed(EADDRINUSE));
  EXPECT_EQ(client.bind(second, In("10.0.0.9", 80).get(), In::size(), now()),
            failed(EADDRNOTAVAIL));
  EXPECT_EQ(client.bind(second, In6("fd00::1", 80).get(), In6::size(), now()),
            failed(EAFNOSUPPORT));
  EXPECT_EQ(client.bind(second, here80.get(), 8, now()), failed(EINVAL));
  set(client, first, SOL_SOCKET, SO_REUSEADDR, 1, now());
  EXPECT_EQ(finish(client.close(first, now())), returned(0));
  EXPECT_EQ(client.bind(second, here80.get(), In::size(), now()), returned(0));
}

TEST_F(Stream, AnIpv6ListenerTakesIpv4AsMapped) {
  const int fd = made(server.socket(AF_INET6, SOCK_STREAM, 0, now()));
  ASSERT_EQ(server.bind(fd, In6("::", 80).get(), In6::size(), now()), returned(0));
  ASSERT_EQ(server.listen(fd, 1, now()), returned(0));
  for (const bool v6 : {false, true}) {
    const int to = made(client.socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0, now()));
    const Outcome connected =
        v6 ? finish(client.connect(to, In6("fd00::2", 80).get(), In6::size(), now()))
           : finish(client.connect(to, In("10.0.0.2", 80).get(), In::size(), now()));
    ASSERT_EQ(connected, returned(0));
    sockaddr_in6 peer{};
    socklen_t length = sizeof peer;
    made(finish(server.accept4(fd, reinterpret_cast<sockaddr*>(&peer), &length, 0, now())));
    const In6 expected(v6 ? "fd00::1" : "::ffff:10.0.0.1", 0);
    EXPECT_EQ(std::memcmp(&peer.sin6_addr, &expected.value.sin6_addr, sizeof peer.sin6_addr), 0);
  }
}

TEST_F(Stream, CloseLingersUntilTheFinIsAcknowledged) {
  establish();
  const linger ten{1, 10};
  ASSERT_EQ(client.setsockopt(here, SOL_SOCKET, SO_LINGER, &ten, sizeof ten, now()), returned(0));
  bool cut = true;
  wire.to_right = [&cut](const Frame&) { return !cut; };
  const Time before = now();
  Call closing = client.close(here, now());
  EXPECT_FALSE(closing.done());
  wire.pass(1s);
  EXPECT_FALSE(closing.resume(now()));
  cut = false;
  EXPECT_EQ(finish(std::move(closing)), returned(0));
  EXPECT_LT(now(), before + 10s);
}

TEST_F(Stream, ConnectToNobodyDissolvesTheConnection) {
  establish();
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  EXPECT_EQ(client.connect(here, &nobody, sizeof nobody, now()).outcome(), returned(0));
  wire.exchange();
  EXPECT_EQ(get(client, here, SOL_SOCKET, SO_ERROR, now()), ECONNRESET);
  EXPECT_EQ(mask(server, there) & POLLERR, POLLERR);
  EXPECT_EQ(finish(client.connect(here, In("10.0.0.2", 80).get(), In::size(), now())), returned(0));
}

// Linux shares a port among listeners that have SO_REUSEPORT: each connection is for one of them.
TEST_F(Stream, TwoListenersShareAPortWhenBothSaySo) {
  std::vector<int> listeners;
  for (int i = 0; i < 2; ++i) {
    const int fd = made(server.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, now()));
    set(server, fd, SOL_SOCKET, SO_REUSEPORT, 1, now());
    EXPECT_EQ(server.bind(fd, In("10.0.0.2", 80).get(), In::size(), now()), returned(0));
    EXPECT_EQ(server.listen(fd, 64, now()), returned(0));
    listeners.push_back(fd);
  }
  constexpr int kFlows = 40;
  for (int i = 0; i < kFlows; ++i) {
    const int fd = made(client.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, now()));
    static_cast<void>(client.connect(fd, In("10.0.0.2", 80).get(), In::size(), now()));
  }
  wire.exchange();
  int accepted = 0;
  for (const int fd : listeners) {
    int here_alone = 0;
    while (server.accept4(fd, nullptr, nullptr, 0, now()).outcome().error == 0) ++here_alone;
    EXPECT_GT(here_alone, 0);
    accepted += here_alone;
  }
  EXPECT_EQ(accepted, kFlows);
}

// inet_csk_listen_start(): who has SO_REUSEADDR may listen where a connection of an old listener,
// which had it too, goes on.
TEST_F(Stream, AListenerComesBackWhileItsConnectionsGoOn) {
  const auto listen = [this] {
    const int fd = made(server.socket(AF_INET, SOCK_STREAM, 0, now()));
    set(server, fd, SOL_SOCKET, SO_REUSEADDR, 1, now());
    EXPECT_EQ(server.bind(fd, In("10.0.0.2", 80).get(), In::size(), now()), returned(0));
    return std::pair(fd, server.listen(fd, 8, now()));
  };
  const auto [first, listens] = listen();
  EXPECT_EQ(listens, returned(0));
  listening = first;
  establish();
  EXPECT_EQ(finish(server.close(first, now())), returned(0));
  const auto [second, listens_again] = listen();
  EXPECT_EQ(listens_again, returned(0));
  say(client, here, "still here");
  EXPECT_EQ(hear(server, there), "still here");
}

}  // namespace
}  // namespace bowline::sockets
