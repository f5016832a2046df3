// Datagram sockets: the same calls over UDP.

#include <sys/ioctl.h>

#include "bowline/sockets/testing/two_tables.hpp"

namespace bowline::sockets {
namespace {

class Datagrams : public TwoTables {
 protected:
  void open() {
    here = made(client.socket(AF_INET, SOCK_DGRAM, 0, now()));
    there = made(server.socket(AF_INET, SOCK_DGRAM, 0, now()));
    ASSERT_EQ(server.bind(there, In("10.0.0.2", 53).get(), In::size(), now()), returned(0));
  }
};

TEST_F(Datagrams, GoThereAndBackWithTheirAddresses) {
  open();
  EXPECT_EQ(finish(client.sendto(here, "hello", 5, 0, In("10.0.0.2", 53).get(), In::size(), now())),
            returned(5));
  char text[16];
  sockaddr_in from{};
  socklen_t length = sizeof from;
  EXPECT_EQ(finish(server.recvfrom(there, text, sizeof text, 0, reinterpret_cast<sockaddr*>(&from),
                                   &length, now())),
            returned(5));
  EXPECT_EQ(from.sin_addr.s_addr, In("10.0.0.1", 0).value.sin_addr.s_addr);
  EXPECT_EQ(
      finish(server.sendto(there, "hi", 2, 0, reinterpret_cast<sockaddr*>(&from), length, now())),
      returned(2));
  EXPECT_EQ(hear(client, here), "hi");
}

TEST_F(Datagrams, NeedADestination) {
  open();
  EXPECT_EQ(client.sendto(here, "x", 1, 0, nullptr, 0, now()).outcome(), failed(EDESTADDRREQ));
  EXPECT_EQ(client.connect(here, In("10.0.0.2", 53).get(), In::size(), now()).outcome(),
            returned(0));
  EXPECT_EQ(finish(client.write(here, "x", 1, now())), returned(1));
  EXPECT_EQ(hear(server, there), "x");
}

TEST_F(Datagrams, WhatDoesNotFitIsCutOff) {
  open();
  ASSERT_EQ(client.connect(here, In("10.0.0.2", 53).get(), In::size(), now()).outcome(),
            returned(0));
  say(client, here, "abcdef");
  wire.exchange();
  int next = 0;
  EXPECT_EQ(server.ioctl(there, FIONREAD, &next, now()), returned(0));
  EXPECT_EQ(next, 6);
  char text[3];
  iovec part{text, sizeof text};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  EXPECT_EQ(finish(server.recvmsg(there, &message, MSG_PEEK, now())), returned(3));
  EXPECT_EQ(message.msg_flags & MSG_TRUNC, MSG_TRUNC);
  EXPECT_EQ(finish(server.recvmsg(there, &message, MSG_TRUNC, now())), returned(6));
  EXPECT_EQ(server.recvmsg(there, &message, MSG_DONTWAIT, now()).outcome(), failed(EAGAIN));
}

TEST_F(Datagrams, NobodyThereIsARefusalOfTheConnectedSocket) {
  open();
  ASSERT_EQ(client.connect(here, In("10.0.0.2", 99).get(), In::size(), now()).outcome(),
            returned(0));
  say(client, here, "x");
  wire.exchange();
  EXPECT_EQ(mask(client, here) & POLLERR, POLLERR);
  char byte = 0;
  EXPECT_EQ(client.recvfrom(here, &byte, 1, MSG_DONTWAIT, nullptr, nullptr, now()).outcome(),
            failed(ECONNREFUSED));
}

TEST_F(Datagrams, AnIpv6SocketSpeaksToIpv4ByMappedAddresses) {
  open();
  const int both = made(client.socket(AF_INET6, SOCK_DGRAM, 0, now()));
  EXPECT_EQ(
      finish(client.sendto(both, "x", 1, 0, In6("::ffff:10.0.0.2", 53).get(), In6::size(), now())),
      returned(1));
  EXPECT_EQ(hear(server, there), "x");
}

TEST_F(Datagrams, DoNotListen) {
  open();
  EXPECT_EQ(server.listen(there, 1, now()), failed(EOPNOTSUPP));
  EXPECT_EQ(server.accept4(there, nullptr, nullptr, 0, now()).outcome(), failed(EOPNOTSUPP));
  EXPECT_EQ(server.shutdown(there, SHUT_RD, now()), failed(ENOTCONN));
}

}  // namespace
}  // namespace bowline::sockets
