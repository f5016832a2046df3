// epoll over stream sockets: level and edge triggered, EPOLLONESHOT, and the errors of epoll_ctl.

#include <netinet/tcp.h>

#include <optional>

#include "bowline/sockets/testing/two_tables.hpp"

namespace bowline::sockets {
namespace {

class Polling : public TwoTables {
 protected:
  Polling() { ep = made(server.epoll_create1(0, now())); }

  Outcome control(int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    return server.epoll_ctl(ep, operation, fd, &event, now());
  }
  /// The events of `there`; nothing when none are reported.
  std::optional<std::uint32_t> events() {
    epoll_event event{};
    const Outcome got = server.epoll_wait(ep, &event, 1, 0, now()).outcome();
    if (got.value != 1) return std::nullopt;
    EXPECT_EQ(event.data.fd, there);
    return std::uint32_t{event.events};
  }

  int ep = -1;
};

TEST_F(Polling, LevelTriggeredIsToldAsLongAsItIsTrue) {
  establish();
  ASSERT_EQ(control(EPOLL_CTL_ADD, there, EPOLLIN), returned(0));
  EXPECT_EQ(events(), std::nullopt);
  say(client, here, "ab");
  EXPECT_EQ(events(), EPOLLIN);
  EXPECT_EQ(events(), EPOLLIN);
  EXPECT_EQ(hear(server, there), "ab");
  EXPECT_EQ(events(), std::nullopt);
}

TEST_F(Polling, EdgeTriggeredIsToldOnceForEachArrival) {
  establish();
  set(client, here, IPPROTO_TCP, TCP_NODELAY, 1, now());
  ASSERT_EQ(control(EPOLL_CTL_ADD, there, EPOLLIN | EPOLLET), returned(0));
  say(client, here, "a");
  EXPECT_EQ(events(), EPOLLIN);
  EXPECT_EQ(events(), std::nullopt);
  say(client, here, "b");
  EXPECT_EQ(events(), EPOLLIN);
  EXPECT_EQ(events(), std::nullopt);
  EXPECT_EQ(hear(server, there), "ab");
}

TEST_F(Polling, AnArrivalIsNoNewsForWhoeverWaitsForRoom) {
  establish();
  ASSERT_EQ(control(EPOLL_CTL_ADD, there, EPOLLOUT | EPOLLET), returned(0));
  EXPECT_EQ(events(), EPOLLOUT);
  EXPECT_EQ(events(), std::nullopt);
  say(client, here, "a");
  EXPECT_EQ(events(), std::nullopt);
}

TEST_F(Polling, WithBothTheWholeMaskIsTold) {
  establish();
  ASSERT_EQ(control(EPOLL_CTL_ADD, there, EPOLLIN | EPOLLOUT | EPOLLET), returned(0));
  EXPECT_EQ(events(), EPOLLOUT);
  say(client, here, "a");
  EXPECT_EQ(events(), EPOLLIN | EPOLLOUT);
}

TEST_F(Polling, RoomAfterAFullBufferIsAnEdge) {
  establish();
  set(server, there, SOL_SOCKET, SO_SNDBUF, 32768, now());
  ASSERT_EQ(control(EPOLL_CTL_ADD, there, EPOLLOUT | EPOLLET), returned(0));
  EXPECT_EQ(events(), EPOLLOUT);
  std::vector<char> much(1 << 20, 'x');
  const auto sent =
      server.sendto(there, much.data(), much.size(), MSG_DONTWAIT, nullptr, 0, now()).outcome();
  EXPECT_EQ(sent, returned(32768));
  EXPECT_EQ(events(), std::nullopt);
  wire.exchange();
  EXPECT_EQ(events(), EPOLLOUT);
  EXPECT_EQ(events(), std::nullopt);
}

TEST_F(Polling, OneShotIsArmedAnewByModify) {
  establish();
  set(client, here, IPPROTO_TCP, TCP_NODELAY, 1, now());
  ASSERT_EQ(control(EPOLL_CTL_ADD, there, EPOLLIN | EPOLLONESHOT), returned(0));
  say(client, here, "a");
  EXPECT_EQ(events(), EPOLLIN);
  say(client, here, "b");
  EXPECT_EQ(events(), std::nullopt);
  ASSERT_EQ(control(EPOLL_CTL_MOD, there, EPOLLIN | EPOLLONESHOT), returned(0));
  EXPECT_EQ(events(), EPOLLIN);
}

TEST_F(Polling, HangUpAndErrorAreToldUnasked) {
  establish();
  ASSERT_EQ(control(EPOLL_CTL_ADD, there, 0), returned(0));
  EXPECT_EQ(client.shutdown(here, SHUT_WR, now()), returned(0));
  wire.exchange();
  EXPECT_EQ(events(), std::nullopt);
  ASSERT_EQ(control(EPOLL_CTL_MOD, there, EPOLLRDHUP), returned(0));
  EXPECT_EQ(events(), EPOLLRDHUP);
  ASSERT_EQ(control(EPOLL_CTL_MOD, there, 0), returned(0));
  EXPECT_EQ(server.shutdown(there, SHUT_WR, now()), returned(0));
  wire.exchange();
  EXPECT_EQ(events(), EPOLLHUP);
}

TEST_F(Polling, TheErrorsOfControl) {
  establish();
  epoll_event event{};
  EXPECT_EQ(control(EPOLL_CTL_ADD, there, EPOLLIN), returned(0));
  EXPECT_EQ(control(EPOLL_CTL_ADD, there, EPOLLIN), failed(EEXIST));
  EXPECT_EQ(control(EPOLL_CTL_DEL, there, 0), returned(0));
  EXPECT_EQ(control(EPOLL_CTL_DEL, there, 0), failed(ENOENT));
  EXPECT_EQ(control(EPOLL_CTL_MOD, there, 0), failed(ENOENT));
  EXPECT_EQ(control(EPOLL_CTL_ADD, 77, 0), failed(EBADF));
  EXPECT_EQ(control(17, there, 0), failed(EINVAL));
  EXPECT_EQ(control(EPOLL_CTL_ADD, ep, 0), failed(EINVAL));
  EXPECT_EQ(server.epoll_ctl(there, EPOLL_CTL_ADD, ep, &event, now()), failed(EINVAL));
  EXPECT_EQ(server.epoll_ctl(ep, EPOLL_CTL_ADD, there, nullptr, now()), failed(EFAULT));
  EXPECT_EQ(server.epoll_wait(ep, &event, 0, 0, now()).outcome(), failed(EINVAL));
  EXPECT_EQ(server.epoll_wait(there, &event, 1, 0, now()).outcome(), failed(EINVAL));
  EXPECT_EQ(server.epoll_wait(77, &event, 1, 0, now()).outcome(), failed(EBADF));
  EXPECT_EQ(server.epoll_create1(1, now()), failed(EINVAL));
}

TEST_F(Polling, InstancesInACircleAreALoop) {
  const int other = made(server.epoll_create1(0, now()));
  epoll_event event{};
  event.events = EPOLLIN;
  EXPECT_EQ(server.epoll_ctl(ep, EPOLL_CTL_ADD, other, &event, now()), returned(0));
  EXPECT_EQ(server.epoll_ctl(other, EPOLL_CTL_ADD, ep, &event, now()), failed(ELOOP));
}

TEST_F(Polling, AnInstanceWithSomethingToTellIsReadable) {
  establish();
  ASSERT_EQ(control(EPOLL_CTL_ADD, there, EPOLLIN), returned(0));
  EXPECT_EQ(mask(server, ep), 0);
  say(client, here, "a");
  EXPECT_EQ(mask(server, ep), POLLIN | POLLRDNORM);
}

TEST_F(Polling, AWaitEndsWithAnEventOrItsTime) {
  establish();
  ASSERT_EQ(control(EPOLL_CTL_ADD, there, EPOLLIN), returned(0));
  epoll_event event{};
  const Time before = now();
  EXPECT_EQ(finish(server.epoll_wait(ep, &event, 1, 30, now())), returned(0));
  EXPECT_EQ(now(), before + 30ms);
  Call waiting = server.epoll_wait(ep, &event, 1, -1, now());
  EXPECT_FALSE(waiting.done());
  EXPECT_EQ(waiting.until(), kNever);
  say(client, here, "a");
  EXPECT_TRUE(waiting.resume(now()));
  EXPECT_EQ(waiting.outcome(), returned(1));
}

TEST_F(Polling, AClosedDescriptorIsNoLongerWatched) {
  establish();
  ASSERT_EQ(control(EPOLL_CTL_ADD, there, EPOLLIN), returned(0));
  say(client, here, "a");
  EXPECT_EQ(finish(server.close(there, now())), returned(0));
  EXPECT_EQ(events(), std::nullopt);
}

}  // namespace
}  // namespace bowline::sockets
