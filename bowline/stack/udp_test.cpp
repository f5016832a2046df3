// UDP sockets of a Stack: RFC 768, RFC 1122 section 4.1, and what users of BSD sockets expect.

#include <array>

#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using testing::kInterface;
using testing::left_address;
using testing::right_address;

const IpAddress kAny = IpAddress::any(Family::ipv4);
const IpAddress kAll = *IpAddress::parse("255.255.255.255");
const IpAddress kDirected = *IpAddress::parse("10.0.0.255");

class Udp : public ::testing::Test {
 protected:
  static UdpOptions at(const IpAddress& address, std::uint16_t port) {
    UdpOptions options;
    options.local = {address, port};
    return options;
  }
  Handle open(Stack& stack, const UdpOptions& options) {
    const auto socket = stack.open_udp(options, two_.now);
    EXPECT_TRUE(socket) << socket.error().message();
    return socket ? *socket : Handle{};
  }
  std::error_code open_error(Stack& stack, const UdpOptions& options) {
    const auto socket = stack.open_udp(options, two_.now);
    return socket ? std::error_code() : socket.error();
  }
  std::error_code send(Stack& stack, Handle socket, std::size_t size,
                       std::optional<Endpoint> to = {}) {
    const auto sent = stack.send_to(socket, testing::bytes_from(0, size), to, two_.now);
    if (!sent) return sent.error();
    EXPECT_EQ(*sent, size);
    return {};
  }
  Result<Datagram> receive(Stack& stack, Handle socket) {
    return stack.receive_from(socket, bytes_, two_.now);
  }
  std::error_code receive_error(Stack& stack, Handle socket) {
    const auto got = receive(stack, socket);
    return got ? std::error_code() : got.error();
  }
  testing::TwoStacks two_;
  std::array<std::byte, 65'536> bytes_{};
};

// RFC 768: datagrams keep their bounds, empty ones too. (A3, K126)
TEST_F(Udp, K126_DatagramsKeepTheirBounds) {
  const Handle server = open(two_.right, at(kAny, 53));
  const Handle client = open(two_.left, at(kAny, 0));
  const Endpoint to{right_address(), 53};
  for (const std::size_t size : {100U, 0U, 1'472U}) EXPECT_FALSE(send(two_.left, client, size, to));
  two_.exchange();
  for (const std::size_t size : {100U, 0U, 1'472U}) {
    const auto got = receive(two_.right, server);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->size, size);
    EXPECT_EQ(got->from.address, left_address());
    EXPECT_EQ(got->to, to);
    EXPECT_EQ(got->interface, kInterface);
    EXPECT_EQ(got->hop_limit, 64);
  }
  EXPECT_EQ(receive_error(two_.right, server), std::errc::operation_would_block);
}

// UDP does without a handshake, and repeats nothing: what is lost is lost.
TEST_F(Udp, K48_NoHandshakeAndNoRepetition) {
  const Handle server = open(two_.right, at(kAny, 53));
  const Handle client = open(two_.left, at(kAny, 0));
  ASSERT_FALSE(send(two_.left, client, 10, Endpoint{right_address(), 53}));
  EXPECT_EQ(two_.carry(two_.left, two_.right, nullptr), 1U) << "the datagram itself is first";
  EXPECT_EQ(receive(two_.right, server)->size, 10U);
  EXPECT_EQ(two_.carry(two_.right, two_.left, nullptr), 0U) << "and nothing answers it";
  ASSERT_FALSE(send(two_.left, client, 11, Endpoint{right_address(), 53}));
  EXPECT_EQ(two_.carry(two_.left, two_.right, [](const Frame&) { return false; }), 0U);
  two_.pass(1h);
  EXPECT_EQ(receive_error(two_.right, server), std::errc::operation_would_block);
  EXPECT_EQ(two_.left.next_deadline(), kNever);
}

TEST_F(Udp, WhatDoesNotFitIsCutAndSaid) {
  const Handle server = open(two_.right, at(kAny, 53));
  const Handle client = open(two_.left, at(kAny, 0));
  ASSERT_FALSE(send(two_.left, client, 100, Endpoint{right_address(), 53}));
  two_.exchange();
  const auto seen = two_.right.peek_from(server, std::span(bytes_).first(10), two_.now);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->size, 10U);
  const auto got = two_.right.receive_from(server, std::span(bytes_).first(60), two_.now);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->size, 60U);
  EXPECT_EQ(got->full_size, 100U);
  EXPECT_TRUE(got->truncated);
  EXPECT_EQ(bytes_[59], testing::byte_at(59));
  EXPECT_EQ(receive_error(two_.right, server), std::errc::operation_would_block);
}

// RFC 1122 4.1.3.5, BSD: the remote of an open socket can be set, changed and taken away.
TEST_F(Udp, ConnectAndDisconnect) {
  const Handle socket = open(two_.left, at(kAny, 7));
  EXPECT_EQ(send(two_.left, socket, 1), std::errc::destination_address_required);
  EXPECT_EQ(two_.left.disconnect_udp(socket, two_.now).error(), std::errc::not_connected);
  ASSERT_TRUE(two_.left.connect_udp(socket, {right_address(), 53}, two_.now));
  EXPECT_EQ(two_.left.local_endpoint(socket), (Endpoint{left_address(), 7}));
  EXPECT_EQ(two_.left.remote_endpoint(socket), (Endpoint{right_address(), 53}));
  const Handle peer = open(two_.right, at(kAny, 53));
  const Handle stranger = open(two_.right, at(kAny, 54));
  EXPECT_FALSE(send(two_.left, socket, 3));
  EXPECT_FALSE(send(two_.right, stranger, 4, Endpoint{left_address(), 7}));
  EXPECT_FALSE(send(two_.right, peer, 5, Endpoint{left_address(), 7}));
  two_.exchange();
  EXPECT_EQ(receive(two_.right, peer)->size, 3U);
  EXPECT_EQ(receive(two_.left, socket)->size, 5U);
  EXPECT_EQ(receive_error(two_.left, socket), std::errc::operation_would_block);
  ASSERT_TRUE(two_.left.connect_udp(socket, {right_address(), 54}, two_.now));
  ASSERT_TRUE(two_.left.disconnect_udp(socket, two_.now));
  EXPECT_EQ(two_.left.local_endpoint(socket), (Endpoint{kAny, 7}));
  EXPECT_EQ(two_.left.remote_endpoint(socket).error(), std::errc::not_connected);
}

TEST_F(Udp, ConnectRefusesWhatCannotBe) {
  const Handle socket = open(two_.left, at(kAny, 7));
  const auto error = [&](const Endpoint& remote) {
    return two_.left.connect_udp(socket, remote, two_.now).error();
  };
  EXPECT_EQ(error({right_address(), 0}), std::errc::invalid_argument);
  EXPECT_EQ(error({kAny, 53}), std::errc::invalid_argument);
  EXPECT_EQ(error({*IpAddress::parse("fd00::2"), 53}), std::errc::invalid_argument);
  EXPECT_EQ(error({*IpAddress::parse("192.0.2.1"), 53}), std::errc::network_unreachable);
  EXPECT_EQ(error({kDirected, 53}), std::errc::permission_denied);
  EXPECT_EQ(error({*IpAddress::parse("224.0.0.251"), 5353}), std::errc::operation_not_supported);
  EXPECT_EQ(two_.left.remote_endpoint(socket).error(), std::errc::not_connected);
}

// Multicast is not for applications: refused where it is asked for.
TEST_F(Udp, GroupsAreRefused) {
  const IpAddress group = *IpAddress::parse("224.0.0.251");
  EXPECT_EQ(open_error(two_.left, at(group, 5353)), std::errc::operation_not_supported);
  const Handle socket = open(two_.left, at(kAny, 0));
  EXPECT_EQ(send(two_.left, socket, 1, Endpoint{group, 5353}), std::errc::operation_not_supported);
}

TEST_F(Udp, TheSamePlaceTwiceNeedsBothToAgree) {
  UdpOptions options = at(left_address(), 53);
  const Handle first = open(two_.left, options);
  EXPECT_EQ(open_error(two_.left, options), std::errc::address_in_use);
  EXPECT_EQ(open_error(two_.left, at(kAny, 53)), std::errc::address_in_use);
  ASSERT_TRUE(two_.left.close(first, two_.now));
  options.reuse_address = true;
  const Handle older = open(two_.left, options);
  const Handle newer = open(two_.left, options);
  const Handle client = open(two_.right, at(kAny, 0));
  EXPECT_FALSE(send(two_.right, client, 1, Endpoint{left_address(), 53}));
  two_.exchange();
  EXPECT_EQ(receive_error(two_.left, older), std::errc::operation_would_block);
  EXPECT_TRUE(receive(two_.left, newer)) << "the one opened last gets it";
}

// The most closely bound one gets a datagram that several want.
TEST_F(Udp, ConnectedBeforeBoundBeforeAny) {
  UdpOptions options = at(kAny, 53);
  options.reuse_address = true;
  UdpOptions connected = options;
  const Handle client = open(two_.right, at(right_address(), 7));
  connected.remote = Endpoint{right_address(), 7};
  const Handle with_peer = open(two_.left, connected);
  options.local.address = left_address();
  const Handle bound = open(two_.left, options);
  options.local.address = kAny;
  const Handle any = open(two_.left, options);
  for (const Handle expected : {with_peer, bound, any}) {
    EXPECT_FALSE(send(two_.right, client, 1, Endpoint{left_address(), 53}));
    two_.exchange();
    EXPECT_TRUE(receive(two_.left, expected));
    ASSERT_TRUE(two_.left.close(expected, two_.now));
  }
}

// SO_BROADCAST, RFC 1122 3.3.6: to all on the link, when the application has said that it means it;
// received by each socket that listens on any address there.
TEST_F(Udp, Broadcast) {
  UdpOptions shared = at(kAny, 53);
  shared.reuse_address = true;
  const Handle one = open(two_.right, shared);
  const Handle two = open(two_.right, shared);
  const Handle bound = open(two_.right, at(right_address(), 54));
  const Handle sender = open(two_.left, at(kAny, 0));
  EXPECT_EQ(send(two_.left, sender, 1, Endpoint{kAll, 53}), std::errc::permission_denied);
  EXPECT_EQ(send(two_.left, sender, 1, Endpoint{kDirected, 53}), std::errc::permission_denied);
  ASSERT_TRUE(two_.left.set_udp_options(sender, {.broadcast = true}));
  for (const IpAddress& address : {kAll, kDirected}) {
    EXPECT_FALSE(send(two_.left, sender, 9, Endpoint{address, 53}));
    EXPECT_FALSE(send(two_.left, sender, 9, Endpoint{address, 54}));
    two_.exchange();
    for (const Handle socket : {one, two}) {
      const auto got = receive(two_.right, socket);
      ASSERT_TRUE(got);
      EXPECT_EQ(got->size, 9U);
      EXPECT_EQ(got->from.address, left_address());
      EXPECT_EQ(got->to.address, address);
    }
    EXPECT_EQ(receive_error(two_.right, bound), std::errc::operation_would_block);
  }
  EXPECT_EQ(two_.right.counters()[Reason::send_icmp_unreachable], 0U)
      << "no error about a broadcast (RFC 1122 3.2.2)";
}

// RFC 9293 3.9.2.3 MUST-57: TCP has two parties; a SYN to all of them is silently dropped.
TEST_F(Udp, K26_BroadcastIsNotForTcp) {
  two_.listen();
  const Endpoint from{left_address(), 5'000};
  Frame frame = testing::syn_frame(two_.right, from, {kDirected, testing::kPort}, 1'000);
  two_.right.receive(kInterface, {&frame, 1}, two_.now);
  EXPECT_EQ(two_.right.counters()[Reason::tcp_multicast], 1U);
  EXPECT_EQ(two_.right.usage().half_open, 0U);
  EXPECT_FALSE(two_.right.has_output(kInterface));
}

// RFC 2131 section 4.1: a client without an address broadcasts from 0.0.0.0 and hears the answer,
// even one that is sent to the address that it is about to get.
TEST_F(Udp, ClientThatConfiguresItsInterface) {
  auto bare = Stack::create(testing::config_with_seed(3));
  ASSERT_TRUE(bare);
  ASSERT_TRUE(bare->add_interface({}));
  UdpOptions options = at(kAny, 68);
  options.socket.broadcast = true;
  options.configures_interface = true;
  EXPECT_EQ(open_error(*bare, options), std::errc::invalid_argument) << "of which interface?";
  options.interface = kInterface;
  const Handle client = open(*bare, options);
  const Handle server = open(two_.right, at(kAny, 67));
  ASSERT_FALSE(send(*bare, client, 300, Endpoint{kAll, 67}));
  EXPECT_EQ(two_.carry(*bare, two_.right, nullptr), 1U);
  const auto asked = receive(two_.right, server);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->from, (Endpoint{kAny, 68}));
  EXPECT_EQ(asked->to, (Endpoint{kAll, 67}));

  const Endpoint offered{*IpAddress::parse("10.0.0.77"), 68};
  ASSERT_FALSE(send(two_.right, server, 250, offered));
  EXPECT_EQ(two_.carry(two_.right, *bare, nullptr), 1U);
  const auto answered = receive(*bare, client);
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->to, offered);
  // Nobody else hears what is not ours, and without the socket nobody does.
  ASSERT_TRUE(bare->close(client, two_.now));
  ASSERT_FALSE(send(two_.right, server, 250, offered));
  EXPECT_EQ(two_.carry(two_.right, *bare, nullptr), 1U);
  EXPECT_EQ(bare->counters()[Reason::ip_not_ours], 1U);
}

// A client need not say that it configures anything to broadcast from an interface without
// addresses.
TEST_F(Udp, WithoutAnAddressBroadcastsComeFromNowhere) {
  auto bare = Stack::create(testing::config_with_seed(3));
  ASSERT_TRUE(bare);
  ASSERT_TRUE(bare->add_interface({}));
  const Handle client = open(*bare, at(kAny, 68));
  ASSERT_TRUE(bare->set_udp_options(client, {.broadcast = true}));
  ASSERT_FALSE(send(*bare, client, 1, Endpoint{kAll, 67}));
  EXPECT_EQ(send(*bare, client, 1, Endpoint{right_address(), 67}), std::errc::network_unreachable);
}

// RFC 1122 4.1.3.5: the application may choose the source.
TEST_F(Udp, SourceCanBeChosen) {
  const IpAddress second = *IpAddress::parse("10.0.0.9");
  ASSERT_TRUE(two_.left.add_address(kInterface, {second, 24}));
  const Handle server = open(two_.right, at(kAny, 53));
  const Handle client = open(two_.left, at(kAny, 7));
  UdpMessage message;
  message.to = Endpoint{right_address(), 53};
  message.source = second;
  ASSERT_TRUE(two_.left.send_message(client, testing::bytes_from(0, 3), message, two_.now));
  two_.exchange();
  EXPECT_EQ(receive(two_.right, server)->from, (Endpoint{second, 7}));
  const auto error = [&] {
    return two_.left.send_message(client, testing::bytes_from(0, 3), message, two_.now).error();
  };
  message.source = right_address();
  EXPECT_EQ(error(), std::errc::address_not_available);
  message.source = kAny;
  EXPECT_EQ(error(), std::errc::address_not_available);
  message.source.reset();
  message.interface = InterfaceId{5};
  EXPECT_EQ(error(), std::errc::invalid_argument);
}

TEST_F(Udp, HopLimitAndTrafficClassReachThePeer) {
  const Handle server = open(two_.right, at(kAny, 53));
  UdpOptions options = at(kAny, 0);
  options.socket = {.hop_limit = 3, .traffic_class = 0xb8};
  const Handle client = open(two_.left, options);
  ASSERT_FALSE(send(two_.left, client, 1, Endpoint{right_address(), 53}));
  two_.exchange();
  const auto got = receive(two_.right, server);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->hop_limit, 3);
  EXPECT_EQ(got->traffic_class, 0xb8);
  EXPECT_EQ(two_.left.udp_options(client), options.socket);
}

// RFC 768: over IPv4 a sender may leave the checksum out; RFC 8200 8.1: over IPv6 it may not. One
// that is there must be right, over either.
TEST_F(Udp, Checksums) {
  const IpAddress left_v6 = *IpAddress::parse("fd00::1");
  const IpAddress right_v6 = *IpAddress::parse("fd00::2");
  ASSERT_TRUE(two_.left.add_address(kInterface, {left_v6, 64}));
  ASSERT_TRUE(two_.right.add_address(kInterface, {right_v6, 64}));
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const bool v4 = family == Family::ipv4;
    const Handle server = open(two_.right, at(IpAddress::any(family), 53));
    const Handle client = open(two_.left, at(IpAddress::any(family), 0));
    const Endpoint to{v4 ? right_address() : right_v6, 53};
    // The two bytes of the checksum become what `change` makes of them.
    const auto arrives = [&](auto&& change) {
      EXPECT_FALSE(send(two_.left, client, 21, to));
      testing::KeepingSink sink;
      static_cast<void>(two_.left.transmit(kInterface, sink, two_.now));
      std::vector<std::byte> bytes(sink.whole.at(0).size);
      EXPECT_TRUE(sink.whole[0].copy_to(0, bytes));
      change(std::span(bytes).subspan(wire::ip_header_size(family) + 6U, 2));
      Frame frame = make_frame(two_.right.pool(), bytes);
      two_.right.receive(kInterface, {&frame, 1}, two_.now);
      return !receive_error(two_.right, server);
    };
    EXPECT_TRUE(arrives([](std::span<std::byte>) {}));
    EXPECT_FALSE(arrives([](std::span<std::byte> field) { field[0] ^= std::byte{1}; }));
    EXPECT_EQ(arrives([](std::span<std::byte> field) { field[0] = field[1] = std::byte{0}; }), v4);
  }
  EXPECT_EQ(two_.right.counters()[Reason::udp_bad_checksum], 2U);
  EXPECT_EQ(two_.right.counters()[Reason::udp_no_checksum], 1U);
}

// Memory is bounded for each socket; what does not fit is counted where users look.
TEST_F(Udp, FullQueueDropsAndCounts) {
  UdpOptions options = at(kAny, 53);
  options.socket.receive_buffer = 10'000;
  const Handle server = open(two_.right, options);
  const Handle client = open(two_.left, at(kAny, 0));
  for (int i = 0; i < 30; ++i) {
    ASSERT_FALSE(send(two_.left, client, 1'000, Endpoint{right_address(), 53}));
  }
  two_.exchange();
  const auto view = two_.right.inspect_udp(server);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->receive_limit, 10'000U);
  EXPECT_LE(view->receive_cost, view->receive_limit);
  EXPECT_GT(view->dropped, 0U);
  EXPECT_EQ(view->receive_datagrams + view->dropped, 30U);
  EXPECT_EQ(view->receive_queue, view->receive_datagrams * 1'000U);
  EXPECT_EQ(two_.right.counters()[Reason::udp_queue_full], view->dropped);
  EXPECT_EQ(two_.left.inspect_udp(client)->datagrams_sent, 30U);
}

// ... and for all together: Limits::buffer_bytes.
TEST(UdpMemory, QueuesOfAllSocketsTogetherAreBounded) {
  StackConfig config = testing::config_with_seed(9);
  config.limits.buffer_bytes = 512U << 10;
  testing::TwoStacks two(testing::config_with_seed(1), config);
  UdpOptions options;
  std::vector<Handle> servers;
  for (std::uint16_t port = 1; port <= 4; ++port) {
    options.local = {kAny, port};
    servers.push_back(*two.right.open_udp(options, two.now));
  }
  options.local.port = 0;
  const Handle client = *two.left.open_udp(options, two.now);
  for (std::uint16_t i = 0; i < 400; ++i) {
    const Endpoint to{right_address(), static_cast<std::uint16_t>(1 + i % 4)};
    ASSERT_TRUE(two.left.send_to(client, testing::bytes_from(0, 1'472), to, two.now));
    two.exchange();
  }
  EXPECT_LE(two.right.usage().buffer_bytes, config.limits.buffer_bytes);
  std::uint64_t dropped = 0;
  std::uint64_t waiting = 0;
  for (const Handle server : servers) {
    const auto view = two.right.inspect_udp(server);
    EXPECT_LT(view->receive_cost, view->receive_limit) << "it is not its own limit that it met";
    dropped += view->dropped;
    waiting += view->receive_datagrams;
  }
  EXPECT_EQ(dropped + waiting, 400U);
  EXPECT_GT(dropped, 100U);
  EXPECT_EQ(two.right.counters()[Reason::no_memory], dropped);
  // What is read makes room.
  std::array<std::byte, 2'000> bytes{};
  ASSERT_TRUE(two.right.receive_from(servers[0], bytes, two.now));
  ASSERT_TRUE(two.left.send_to(client, std::span(bytes).first(1'472), Endpoint{right_address(), 2},
                               two.now));
  two.exchange();
  EXPECT_EQ(two.right.counters()[Reason::no_memory], dropped);
}

TEST_F(Udp, EverySocketAndListenerIsListed) {
  const Handle udp = open(two_.right, at(kAny, 53));
  two_.listen();
  std::vector<Handle> seen;
  two_.right.for_each_udp(
      [](void* context, const UdpView& view) {
        static_cast<std::vector<Handle>*>(context)->push_back(view.handle);
      },
      &seen);
  two_.right.for_each_listener(
      [](void* context, const ListenerView& view) {
        EXPECT_EQ(view.local.port, testing::kPort);
        static_cast<std::vector<Handle>*>(context)->push_back(view.handle);
      },
      &seen);
  EXPECT_EQ(seen, (std::vector{udp, *two_.listener}));
}

}  // namespace
}  // namespace bowline
