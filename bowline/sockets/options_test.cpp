// getsockopt and setsockopt: values, lengths and errors as Linux has them, and what options do.

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "bowline/sockets/tcp_info.hpp"
#include "bowline/sockets/testing/two_tables.hpp"

namespace bowline::sockets {
namespace {

class Options : public TwoTables {
 protected:
  Options() { fd = made(client.socket(AF_INET, SOCK_STREAM, 0, now())); }

  Outcome set_int(int level, int option, int value) {
    return client.setsockopt(fd, level, option, &value, sizeof value, now());
  }
  int get_int(int level, int option) { return get(client, fd, level, option, now()); }
  TcpInfo info(SocketTable& table, int of) {
    TcpInfo value;
    socklen_t length = sizeof value;
    EXPECT_EQ(table.getsockopt(of, IPPROTO_TCP, TCP_INFO, &value, &length, now()), returned(0));
    EXPECT_EQ(length, sizeof value);
    return value;
  }

  int fd = -1;
};

TEST_F(Options, BuffersAreDoubledAndBounded) {
  EXPECT_EQ(set_int(SOL_SOCKET, SO_SNDBUF, 20'000), returned(0));
  EXPECT_EQ(get_int(SOL_SOCKET, SO_SNDBUF), 40'000);
  EXPECT_EQ(set_int(SOL_SOCKET, SO_SNDBUF, 1), returned(0));
  EXPECT_EQ(get_int(SOL_SOCKET, SO_SNDBUF), 4608);
  EXPECT_EQ(set_int(SOL_SOCKET, SO_RCVBUF, 1), returned(0));
  EXPECT_EQ(get_int(SOL_SOCKET, SO_RCVBUF), 2304);
  EXPECT_EQ(set_int(SOL_SOCKET, SO_SNDBUF, 100 << 20), returned(0));
  EXPECT_EQ(get_int(SOL_SOCKET, SO_SNDBUF), 425'984);
  EXPECT_EQ(set_int(SOL_SOCKET, SO_SNDBUFFORCE, 1 << 20), returned(0));
  EXPECT_EQ(get_int(SOL_SOCKET, SO_SNDBUF), 2 << 20);
  client.limits().net_admin = false;
  EXPECT_EQ(set_int(SOL_SOCKET, SO_RCVBUFFORCE, 1 << 20), failed(EPERM));
}

TEST_F(Options, UnknownOnesAreNoProtocolOption) {
  EXPECT_EQ(set_int(IPPROTO_TCP, 99, 1), failed(ENOPROTOOPT));
  EXPECT_EQ(set_int(SOL_SOCKET, 999, 1), failed(ENOPROTOOPT));
  EXPECT_EQ(set_int(IPPROTO_IP, 999, 1), failed(ENOPROTOOPT));
  EXPECT_EQ(set_int(IPPROTO_IPV6, IPV6_V6ONLY, 1), failed(ENOPROTOOPT));  // of an AF_INET socket
  EXPECT_EQ(set_int(1234, 1, 1), failed(ENOPROTOOPT));
  for (const int told : {SO_TYPE, SO_ERROR, SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN, SO_SNDLOWAT}) {
    EXPECT_EQ(set_int(SOL_SOCKET, told, 1), failed(ENOPROTOOPT));
  }
  int value = 0;
  EXPECT_EQ(client.setsockopt(77, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value, now()),
            failed(EBADF));
}

TEST_F(Options, LengthsAreChecked) {
  int value = 1;
  EXPECT_EQ(client.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 3, now()), failed(EINVAL));
  EXPECT_EQ(client.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, 1, now()), failed(EINVAL));
  EXPECT_EQ(client.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, nullptr, 4, now()), failed(EFAULT));
  EXPECT_EQ(client.setsockopt(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value, now()),
            failed(EINVAL));
  EXPECT_EQ(client.setsockopt(fd, IPPROTO_IP, IP_TTL, &value, 1, now()), returned(0));
  unsigned char bytes[2] = {};
  socklen_t length = sizeof bytes;
  EXPECT_EQ(client.getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, bytes, &length, now()), returned(0));
  EXPECT_EQ(length, 2u);
  EXPECT_EQ(client.getsockopt(fd, IPPROTO_IP, IP_TTL, bytes, &length, now()), returned(0));
  EXPECT_EQ(length, 1u);  // a byte is enough for it
  length = static_cast<socklen_t>(-1);
  EXPECT_EQ(client.getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &length, now()), failed(EINVAL));
}

TEST_F(Options, RangesOfTcp) {
  struct Case {
    int option;
    int bad;
    int good;
    int reads;
  };
  for (const Case& each :
       {Case{TCP_MAXSEG, 87, 1000, 1000}, Case{TCP_MAXSEG, 32768, 88, 88},
        Case{TCP_KEEPIDLE, 0, 32767, 32767}, Case{TCP_KEEPIDLE, 32768, 1, 1},
        Case{TCP_KEEPINTVL, 0, 7, 7}, Case{TCP_KEEPCNT, 128, 127, 127}, Case{TCP_SYNCNT, 0, 3, 3},
        Case{TCP_SYNCNT, 128, 127, 127}, Case{TCP_USER_TIMEOUT, -1, 5000, 5000},
        Case{TCP_INQ, 2, 1, 1}, Case{TCP_SAVE_SYN, 3, 1, 1}, Case{TCP_FASTOPEN, -1, 5, 5}}) {
    EXPECT_EQ(set_int(IPPROTO_TCP, each.option, each.bad), failed(EINVAL)) << each.option;
    EXPECT_EQ(set_int(IPPROTO_TCP, each.option, each.good), returned(0)) << each.option;
    EXPECT_EQ(get_int(IPPROTO_TCP, each.option), each.reads) << each.option;
  }
  EXPECT_EQ(set_int(IPPROTO_TCP, TCP_DEFER_ACCEPT, 5), returned(0));
  EXPECT_EQ(get_int(IPPROTO_TCP, TCP_DEFER_ACCEPT), 7);  // 1 + 2 + 4 s
  EXPECT_EQ(set_int(IPPROTO_TCP, TCP_LINGER2, 500), returned(0));
  EXPECT_EQ(get_int(IPPROTO_TCP, TCP_LINGER2), 120);
  EXPECT_EQ(set_int(IPPROTO_TCP, TCP_LINGER2, -7), returned(0));
  EXPECT_EQ(get_int(IPPROTO_TCP, TCP_LINGER2), -1);
  EXPECT_EQ(set_int(IPPROTO_TCP, TCP_WINDOW_CLAMP, 1), returned(0));
  EXPECT_EQ(get_int(IPPROTO_TCP, TCP_WINDOW_CLAMP), 1152);
  EXPECT_EQ(set_int(IPPROTO_TCP, TCP_REPAIR, 1), failed(EPERM));
  EXPECT_EQ(set_int(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1), failed(EOPNOTSUPP));
}

TEST_F(Options, CongestionControlGoesByName) {
  EXPECT_EQ(client.setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "vegas", 5, now()), failed(ENOENT));
  EXPECT_EQ(client.setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "", 0, now()), failed(EINVAL));
  EXPECT_EQ(client.setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "bbr", 3, now()), returned(0));
  char name[32];
  socklen_t length = sizeof name;
  EXPECT_EQ(client.getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &length, now()), returned(0));
  EXPECT_EQ(length, 16u);
  EXPECT_STREQ(name, "bbr");
}

TEST_F(Options, TimeoutsAreTimes) {
  timeval value{1, 1'000'000};
  EXPECT_EQ(client.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value, now()),
            failed(EDOM));
  value.tv_usec = 500'000;
  EXPECT_EQ(client.setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &value, sizeof value, now()),
            returned(0));
  timeval read{};
  socklen_t length = sizeof read;
  EXPECT_EQ(client.getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &read, &length, now()), returned(0));
  EXPECT_EQ(read.tv_sec, 1);
  EXPECT_EQ(read.tv_usec, 500'000);
}

// TCP_SYNCNT: 1 retransmission after 1 s, given up 2 s later (or 3 s: RFC 6298 5.7).
TEST_F(Options, SynCountEndsTheAttempt) {
  EXPECT_EQ(set_int(IPPROTO_TCP, TCP_SYNCNT, 1), returned(0));
  std::size_t syns = 0;
  wire.to_right = [&syns](const Frame&) { return ++syns, false; };
  const Time before = now();
  EXPECT_EQ(finish(client.connect(fd, In("10.0.0.2", 80).get(), In::size(), now())),
            failed(ETIMEDOUT));
  EXPECT_EQ(syns, 2u);
  EXPECT_LT(now(), before + 10s);
}

TEST_F(Options, WindowClampBoundsTheWindow) {
  EXPECT_EQ(set_int(IPPROTO_TCP, TCP_WINDOW_CLAMP, 5000), returned(0));
  listening = listener();
  ASSERT_EQ(finish(client.connect(fd, In("10.0.0.2", 80).get(), In::size(), now())), returned(0));
  there = made(finish(server.accept4(listening, nullptr, nullptr, 0, now())));
  EXPECT_LE(info(server, there).snd_wnd, 5000u);
  EXPECT_GT(info(server, there).snd_wnd, 4000u);
}

TEST_F(Options, DeferAcceptWaitsForData) {
  listening = listener(8, SOCK_NONBLOCK);
  set(server, listening, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5, now());
  ASSERT_EQ(finish(client.connect(fd, In("10.0.0.2", 80).get(), In::size(), now())), returned(0));
  EXPECT_EQ(server.accept4(listening, nullptr, nullptr, 0, now()).outcome(), failed(EAGAIN));
  say(client, fd, "here");
  wire.exchange();
  there = made(server.accept4(listening, nullptr, nullptr, 0, now()).outcome());
  EXPECT_EQ(hear(server, there), "here");
}

TEST_F(Options, DeferAcceptDoesNotWaitForEver) {
  listening = listener(8, SOCK_NONBLOCK);
  set(server, listening, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1, now());
  ASSERT_EQ(finish(client.connect(fd, In("10.0.0.2", 80).get(), In::size(), now())), returned(0));
  EXPECT_EQ(server.accept4(listening, nullptr, nullptr, 0, now()).outcome(), failed(EAGAIN));
  wire.pass(5s);
  made(server.accept4(listening, nullptr, nullptr, 0, now()).outcome());
}

TEST_F(Options, NegativeLinger2ResetsInsteadOfFinWait2) {
  establish();
  set(client, here, IPPROTO_TCP, TCP_LINGER2, -1, now());
  EXPECT_EQ(finish(client.close(here, now())), returned(0));
  wire.exchange();
  EXPECT_EQ(mask(server, there) & POLLHUP, POLLHUP);
  EXPECT_EQ(wire.left.usage().connections, 0u);
}

TEST_F(Options, NotSentLowWaterHoldsTheWriterBack) {
  establish();
  set(client, here, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 1000, now());
  const std::string much(5000, 'x');
  EXPECT_EQ(
      client.sendto(here, much.data(), much.size(), MSG_DONTWAIT, nullptr, 0, now()).outcome(),
      returned(1000));
  EXPECT_EQ(mask(client, here), 0);
  wire.exchange();
  EXPECT_EQ(mask(client, here), POLLOUT | POLLWRNORM);
}

TEST_F(Options, MoreHoldsAPartialSegmentBack) {
  establish();
  say(client, here, "abc", MSG_MORE);
  EXPECT_EQ(server.recvfrom(there, nullptr, 0, MSG_DONTWAIT, nullptr, nullptr, now()).outcome(),
            failed(EAGAIN));
  say(client, here, "def");
  EXPECT_EQ(hear(server, there), "abcdef");
}

TEST_F(Options, QueuesAreToldByIoctl) {
  establish();
  int count = -1;
  wire.to_right = [](const Frame&) { return false; };
  say(client, here, "12345");
  EXPECT_EQ(client.ioctl(here, SIOCOUTQ, &count, now()), returned(0));
  EXPECT_EQ(count, 5);
  EXPECT_EQ(client.ioctl(here, SIOCOUTQNSD, &count, now()), returned(0));
  EXPECT_EQ(count, 0);
  wire.to_right = nullptr;
  wire.pass(2s);
  EXPECT_EQ(server.ioctl(there, FIONREAD, &count, now()), returned(0));
  EXPECT_EQ(count, 5);
  EXPECT_EQ(server.ioctl(listening, FIONREAD, &count, now()), failed(EINVAL));
  EXPECT_EQ(server.ioctl(there, 0x1234, &count, now()), failed(ENOTTY));
}

TEST_F(Options, InqComesAsAControlMessage) {
  establish();
  set(server, there, IPPROTO_TCP, TCP_INQ, 1, now());
  say(client, here, "abcdef");
  wire.exchange();
  char text[2];
  iovec part{text, sizeof text};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ASSERT_EQ(server.recvmsg(there, &message, 0, now()).outcome(), returned(2));
  EXPECT_EQ(message.msg_flags, 0);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  ASSERT_NE(header, nullptr);
  EXPECT_EQ(header->cmsg_level, SOL_TCP);
  EXPECT_EQ(header->cmsg_type, TCP_CM_INQ);
  int left = 0;
  std::memcpy(&left, CMSG_DATA(header), sizeof left);
  EXPECT_EQ(left, 4);
  message.msg_controllen = 4;
  ASSERT_EQ(server.recvmsg(there, &message, 0, now()).outcome(), returned(2));
  EXPECT_EQ(message.msg_flags, MSG_CTRUNC);
}

TEST_F(Options, InfoTellsWhatHappened) {
  establish();
  say(client, here, std::string(3000, 'x'));
  EXPECT_EQ(hear(server, there).size(), 3000u);
  wire.pass(100ms);
  const TcpInfo sender = info(client, here);
  EXPECT_EQ(sender.state, TCP_ESTABLISHED);
  EXPECT_EQ(sender.bytes_sent, 3000u);
  EXPECT_EQ(sender.bytes_acked, 3001u);  // and our SYN
  EXPECT_EQ(sender.data_segs_out, 3u);
  EXPECT_EQ(sender.unacked, 0u);
  EXPECT_EQ(sender.last_data_sent, 100u);
  EXPECT_EQ(sender.options & TCPI_OPT_SACK, TCPI_OPT_SACK);
  const TcpInfo receiver = info(server, there);
  EXPECT_EQ(receiver.bytes_received, 3000u);
  EXPECT_EQ(receiver.data_segs_in, 3u);
  EXPECT_EQ(receiver.bytes_acked, 0u);
  EXPECT_EQ(receiver.last_data_recv, 100u);
  EXPECT_EQ(info(client, fd).state, TCP_CLOSE);
  EXPECT_EQ(info(server, listening).state, TCP_LISTEN);
  EXPECT_EQ(info(server, listening).sacked, 8u);
}

TEST_F(Options, InfoTellsOfTimeoutsAndWhatHeldTheSenderUp) {
  establish();
  wire.to_right = [](const Frame&) { return false; };
  say(client, here, "lost");
  wire.pass(900ms);
  const TcpInfo during = info(client, here);
  EXPECT_GE(during.retransmits, 1u);
  EXPECT_EQ(during.ca_state, 4u);  // TCP_CA_Loss
  EXPECT_EQ(during.total_rto, during.retransmits);
  EXPECT_EQ(during.total_rto_recoveries, 1u);
  EXPECT_EQ(during.unacked, 1u);
  EXPECT_EQ(during.busy_time, 900'000u);
  wire.to_right = nullptr;
  wire.pass(5s);
  const TcpInfo after = info(client, here);
  EXPECT_EQ(after.retransmits, 0u);
  EXPECT_GT(after.total_rto_time, 0u);
  EXPECT_EQ(after.bytes_retrans, 4u * after.total_retrans);
}

TEST_F(Options, InfoTellsHowLongThePeersWindowWasShut) {
  listening = listener();
  set(server, listening, SOL_SOCKET, SO_RCVBUF, 4096, now());
  establish();
  const std::string much(20'000, 'x');
  EXPECT_EQ(
      client.sendto(here, much.data(), much.size(), MSG_DONTWAIT, nullptr, 0, now()).outcome(),
      returned(20'000));
  wire.pass(1s);
  const TcpInfo sender = info(client, here);
  EXPECT_GT(sender.rwnd_limited, 900'000u);
  EXPECT_LE(sender.rwnd_limited, sender.busy_time);
  EXPECT_GT(sender.notsent_bytes, 0u);
}

// ---- urgent data

TEST_F(Options, TheUrgentByteLeavesTheStream) {
  establish();
  say(client, here, "abcU", MSG_OOB);
  say(client, here, "def");
  wire.pass(1s);
  EXPECT_EQ(mask(server, there) & POLLPRI, POLLPRI);
  char byte = 0;
  int mark = -1;
  EXPECT_EQ(server.ioctl(there, SIOCATMARK, &mark, now()), returned(0));
  EXPECT_EQ(mark, 0);
  EXPECT_EQ(hear(server, there), "abc");  // up to the mark
  EXPECT_EQ(server.ioctl(there, SIOCATMARK, &mark, now()), returned(0));
  EXPECT_EQ(mark, 1);
  EXPECT_EQ(server.recvfrom(there, &byte, 1, MSG_OOB, nullptr, nullptr, now()).outcome(),
            returned(1));
  EXPECT_EQ(byte, 'U');
  EXPECT_EQ(server.recvfrom(there, &byte, 1, MSG_OOB, nullptr, nullptr, now()).outcome(),
            failed(EINVAL));
  EXPECT_EQ(mask(server, there) & POLLPRI, 0);
  EXPECT_EQ(hear(server, there), "def");
}

TEST_F(Options, TheUrgentByteStaysInlineWhenAskedFor) {
  establish();
  set(server, there, SOL_SOCKET, SO_OOBINLINE, 1, now());
  say(client, here, "abcU", MSG_OOB);
  wire.exchange();
  char byte = 0;
  EXPECT_EQ(server.recvfrom(there, &byte, 1, MSG_OOB, nullptr, nullptr, now()).outcome(),
            failed(EINVAL));
  EXPECT_EQ(hear(server, there), "abc");
  EXPECT_EQ(hear(server, there), "U");
}

}  // namespace
}  // namespace bowline::sockets
