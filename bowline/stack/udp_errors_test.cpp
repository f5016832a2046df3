// ICMP errors and UDP sockets: RFC 1122 section 4.1.3.3, RFC 1191, RFC 8201, RFC 5927.

#include <array>

#include "bowline/stack/testing/icmp_errors.hpp"
#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using testing::kInterface;
using testing::left_address;
using testing::right_address;
using wire::IcmpKind;

const IpAddress kRouter = IpAddress::v4(0x0a0000fe);
const Endpoint kPeer{right_address(), 53};

class UdpErrors : public ::testing::Test {
 protected:
  UdpErrors() : socket_(open(true)) {}
  Handle open(bool connected) {
    UdpOptions options;
    options.local = {IpAddress::any(Family::ipv4), 0};
    if (connected) options.remote = kPeer;
    const auto socket = two_.left.open_udp(options, two_.now);
    EXPECT_TRUE(socket);
    return socket ? *socket : Handle{};
  }
  // The first packet of a datagram of `size` bytes.
  Frame send(Handle socket, std::size_t size) {
    const auto sent = two_.left.send_to(socket, testing::bytes_from(0, size), kPeer, two_.now);
    EXPECT_TRUE(sent) << sent.error().message();
    testing::KeepingSink sink;
    static_cast<void>(two_.left.transmit(kInterface, sink, two_.now));
    return sink.whole.empty() ? Frame{} : sink.whole.front();
  }
  void router_says(IcmpKind kind, const Frame& about, std::uint32_t word = 0) {
    Frame error = testing::icmp_error(two_.left, kRouter, kind, word, about.head());
    two_.left.receive(kInterface, {&error, 1}, two_.now);
  }
  std::error_code receive_error(Handle socket) {
    std::array<std::byte, 16> bytes{};
    const auto got = two_.left.receive_from(socket, bytes, two_.now);
    return got ? std::error_code() : got.error();
  }
  std::uint64_t count(Reason reason) const { return two_.left.counters()[reason]; }
  std::uint32_t path_mtu() const { return two_.left.inspect_udp(socket_)->path_mtu; }
  // What a connection to the peer begins with.
  std::uint32_t tcp_path_mtu() {
    ConnectOptions options;
    options.remote = {right_address(), testing::kPort};
    const auto opened = two_.left.connect(options, two_.now);
    EXPECT_TRUE(opened);
    return opened ? two_.left.inspect(*opened)->path_mtu : 0U;
  }

  testing::TwoStacks two_;
  Handle socket_;
};

// RFC 1122 4.1.3.3: hard errors fail the next call of a connected socket, once.
TEST_F(UdpErrors, HardOnesFailTheNextCall) {
  struct {
    IcmpKind kind;
    std::errc error;
  } const cases[] = {{IcmpKind::port_unreachable, std::errc::connection_refused},
                     {IcmpKind::protocol_unreachable, std::errc::connection_refused},
                     {IcmpKind::prohibited, std::errc::permission_denied},
                     {IcmpKind::parameter_problem, std::errc::protocol_error}};
  for (const auto& each : cases) {
    const Frame sent = send(socket_, 10);
    static_cast<void>(testing::all_ready(two_.left));
    router_says(each.kind, sent);
    const auto ready = testing::all_ready(two_.left);
    ASSERT_EQ(ready.size(), 1U);
    EXPECT_EQ(ready[0].mask, kError | kWritable);
    EXPECT_EQ(two_.left.inspect_udp(socket_)->error, each.error);
    EXPECT_EQ(receive_error(socket_), each.error);
    EXPECT_EQ(receive_error(socket_), std::errc::operation_would_block);
    router_says(each.kind, sent);
    const auto again = two_.left.send_to(socket_, {}, std::nullopt, two_.now);
    EXPECT_EQ(again.error(), each.error) << "a send is told as well";
  }
  EXPECT_EQ(count(Reason::hard_error), 2 * std::size(cases));
}

// ... soft ones are there for whoever asks.
TEST_F(UdpErrors, SoftOnesAreToldWhenAskedFor) {
  const Frame sent = send(socket_, 10);
  for (const IcmpKind kind :
       {IcmpKind::network_unreachable, IcmpKind::host_unreachable, IcmpKind::time_exceeded}) {
    router_says(kind, sent);
    EXPECT_EQ(receive_error(socket_), std::errc::operation_would_block);
    const std::error_code error = two_.left.take_error(socket_);
    EXPECT_EQ(error, kind == IcmpKind::network_unreachable ? std::errc::network_unreachable
                                                           : std::errc::host_unreachable);
    EXPECT_FALSE(two_.left.take_error(socket_));
  }
  EXPECT_EQ(count(Reason::soft_error), 3U);
}

// Between the two: a real port without a socket, over the wire.
TEST_F(UdpErrors, PortUnreachableFromThePeer) {
  ASSERT_TRUE(two_.left.send_to(socket_, testing::bytes_from(0, 3), std::nullopt, two_.now));
  two_.exchange();
  EXPECT_EQ(two_.right.counters()[Reason::udp_no_socket], 1U);
  EXPECT_EQ(receive_error(socket_), std::errc::connection_refused);
}

// Who speaks with many is not told whom an error is about; nobody else hears of it.
TEST_F(UdpErrors, OnlyTheConnectedSocketThatSentItIsTold) {
  const Handle other = open(false);
  const Frame sent = send(other, 10);
  router_says(IcmpKind::port_unreachable, sent);
  EXPECT_EQ(receive_error(other), std::errc::operation_would_block);
  EXPECT_EQ(receive_error(socket_), std::errc::operation_would_block);
}

// An error must quote what the socket could have sent: its ports, its address, no more bytes than
// it ever sent.
TEST_F(UdpErrors, ForgedQuotesAreNotBelieved) {
  const Frame sent = send(socket_, 100);
  std::vector<std::byte> bytes(sent.head().begin(), sent.head().end());
  const auto forged = [&](std::size_t at, std::byte value) {
    std::vector<std::byte> changed = bytes;
    changed[at] ^= value;
    router_says(IcmpKind::port_unreachable, make_frame(two_.left.pool(), changed));
    return receive_error(socket_);
  };
  EXPECT_EQ(forged(20, std::byte{1}), std::errc::operation_would_block) << "our port";
  EXPECT_EQ(forged(23, std::byte{1}), std::errc::operation_would_block) << "the peer's port";
  EXPECT_EQ(forged(19, std::byte{1}), std::errc::operation_would_block) << "the peer's address";
  EXPECT_EQ(forged(2, std::byte{4}), std::errc::operation_would_block) << "more than was sent";
  EXPECT_EQ(forged(1, std::byte{4}), std::errc::connection_refused) << "routers change the TOS";
  EXPECT_EQ(count(Reason::icmp_no_connection), 4U);
}

// RFC 1191 3: message too long is told, and remembered for the destination.
TEST_F(UdpErrors, TooBigTeachesThePathMtu) {
  EXPECT_EQ(path_mtu(), 1'500U);
  const Frame sent = send(socket_, 1'400);
  router_says(IcmpKind::packet_too_big, sent, 1'000);
  EXPECT_EQ(receive_error(socket_), std::errc::message_size);
  EXPECT_EQ(path_mtu(), 1'000U);
  EXPECT_EQ(count(Reason::path_mtu), 1U);
  // From now on in fragments that fit.
  ASSERT_TRUE(two_.left.send_to(socket_, testing::bytes_from(0, 1'400), std::nullopt, two_.now));
  testing::KeepingSink sink;
  static_cast<void>(two_.left.transmit(kInterface, sink, two_.now));
  ASSERT_EQ(sink.whole.size(), 2U);
  EXPECT_LE(sink.whole[0].size, 1'000U);
  ASSERT_TRUE(two_.left.set_udp_options(socket_, {.dont_fragment = true}));
  EXPECT_EQ(
      two_.left.send_to(socket_, testing::bytes_from(0, 1'400), std::nullopt, two_.now).error(),
      std::errc::message_size);
  EXPECT_TRUE(two_.left.send_to(socket_, testing::bytes_from(0, 972), std::nullopt, two_.now));
}

// ... for sockets that are not connected, too, though they are not told.
TEST_F(UdpErrors, TooBigTeachesWithoutAConnection) {
  const Handle other = open(false);
  router_says(IcmpKind::packet_too_big, send(other, 1'400), 1'000);
  EXPECT_EQ(receive_error(other), std::errc::operation_would_block);
  EXPECT_EQ(path_mtu(), 1'000U);
}

// RFC 5927 section 7.2: what quotes a datagram has no sequence number in flight to show, so it says
// nothing to TCP, true or forged ("PMTUD is not Panacea", NDSS 2022).
TEST_F(UdpErrors, TooBigNeverReachesTcp) {
  router_says(IcmpKind::packet_too_big, send(socket_, 1'400), 1'000);
  ASSERT_EQ(path_mtu(), 1'000U);
  EXPECT_EQ(tcp_path_mtu(), 1'500U);
}

// ... and what TCP has learnt for certain is good for datagrams.
TEST_F(UdpErrors, WhatTcpLearnsIsTakenForDatagrams) {
  two_.establish();
  ASSERT_TRUE(two_.left.write(two_.client, testing::bytes_from(0, 1'400), two_.now));
  testing::KeepingSink sink;
  static_cast<void>(two_.left.transmit(kInterface, sink, two_.now));
  ASSERT_EQ(sink.whole.size(), 1U);
  router_says(IcmpKind::packet_too_big, sink.whole.front(), 1'000);
  EXPECT_EQ(tcp_path_mtu(), 1'000U);
  EXPECT_EQ(path_mtu(), 1'000U);
}

// Nobody teaches us of a destination to which we have not sent so much, whatever else the socket
// has sent and to whom: a DHCP client's socket would otherwise do for the path to anybody.
TEST_F(UdpErrors, TooBigTeachesOnlyWhereSoMuchWasSent) {
  const Handle other = open(false);
  Frame large = send(other, 1'400);
  std::vector<std::byte> bytes(large.head().begin(), large.head().end());
  bytes[19] = std::byte{77};  // to 10.0.0.77
  router_says(IcmpKind::packet_too_big, make_frame(two_.left.pool(), bytes), 1'000);
  ASSERT_TRUE(two_.left.connect_udp(other, {IpAddress::v4(0x0a00004d), 53}, two_.now));
  EXPECT_EQ(two_.left.inspect_udp(other)->path_mtu, 1'500U) << "nothing was sent there";
  // More than was sent: 1,428 bytes.
  bytes.assign(large.head().begin(), large.head().end());
  bytes[3] = std::byte{0x95};
  router_says(IcmpKind::packet_too_big, make_frame(two_.left.pool(), bytes), 1'000);
  EXPECT_EQ(path_mtu(), 1'500U);
  // So long ago that nobody would tell us today.
  two_.now += 11min;
  router_says(IcmpKind::packet_too_big, large, 1'000);
  EXPECT_EQ(path_mtu(), 1'500U);
  EXPECT_EQ(count(Reason::path_mtu), 0U);
}

// A claim below the least is raised to 552, and what it quotes must have been larger than that.
TEST_F(UdpErrors, TooBigIsComparedWithWhatWillBeBelieved) {
  const Frame sent = send(socket_, 0);  // 28 bytes
  router_says(IcmpKind::packet_too_big, sent, 27);
  EXPECT_EQ(path_mtu(), 1'500U);
  EXPECT_EQ(count(Reason::path_mtu_ignored), 1U);
  router_says(IcmpKind::packet_too_big, send(socket_, 600), 27);
  EXPECT_EQ(path_mtu(), 552U);
}

// RFC 5927 7: what cannot be true is ignored.
TEST_F(UdpErrors, TooBigThatCannotBe) {
  const Frame sent = send(socket_, 800);
  router_says(IcmpKind::packet_too_big, sent, 1'000);
  EXPECT_EQ(path_mtu(), 1'500U) << "it was not too big for that";
  router_says(IcmpKind::packet_too_big, sent, 9'000);
  EXPECT_EQ(path_mtu(), 1'500U);
  std::vector<std::byte> bytes(sent.head().begin(), sent.head().end());
  bytes[6] &= std::byte{0xbf};  // DF off: a router would have cut it
  router_says(IcmpKind::packet_too_big, make_frame(two_.left.pool(), bytes), 600);
  EXPECT_EQ(path_mtu(), 1'500U);
  EXPECT_EQ(count(Reason::path_mtu_ignored), 3U);
  EXPECT_EQ(receive_error(socket_), std::errc::operation_would_block);
}

// A new peer inherits nothing of the old one's errors.
TEST_F(UdpErrors, ConnectingAnewForgetsTheError) {
  router_says(IcmpKind::port_unreachable, send(socket_, 10));
  ASSERT_TRUE(two_.left.connect_udp(socket_, {right_address(), 54}, two_.now));
  EXPECT_EQ(receive_error(socket_), std::errc::operation_would_block);
}

}  // namespace
}  // namespace bowline
