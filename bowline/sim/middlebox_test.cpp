#include "bowline/sim/middlebox.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/sim/simulation.hpp"
#include "bowline/wire/icmp.hpp"

namespace bowline::sim {
namespace {

IpAddress address(const char* text) { return *IpAddress::parse(text); }
Cidr network(const char* text) { return *Cidr::parse(text); }
const Endpoint kService{address("198.51.100.2"), 80};

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Two clients inside, a middlebox, a server outside. The second client's wire comes last, so that
/// the second wire of the box leads outside.
class MiddleboxTest : public ::testing::Test {
 protected:
  void build(bool nat, MiddleboxOptions options = {}, const Wire& far = {.delay = 10ms}) {
    Router& box = nat ? net.add_nat("box", options) : net.add_firewall("box", options);
    net.connect(client, network("10.0.1.2/24"), box, network("10.0.1.1/24"), {.delay = 1ms});
    if (far.mtu != 1'500) {
      Router& isp = net.add_router("isp");
      Router& core = net.add_router("core");
      net.connect(box, network("192.0.2.1/24"), isp, network("192.0.2.2/24"), {.delay = 1ms});
      net.connect(isp, network("203.0.113.1/24"), core, network("203.0.113.2/24"), far);
      net.connect(core, network("198.51.100.1/24"), server, network("198.51.100.2/24"), {});
    } else {
      net.connect(box, network("198.51.100.1/24"), server, network("198.51.100.2/24"), far);
    }
    net.connect(other, network("10.0.3.2/24"), box, network("10.0.3.1/24"), {.delay = 1ms});
    net.route_everything();
  }
  /// Opens a connection from `host` to the server.
  void open(Host& host, std::uint16_t port = 40'000, tcp::Keepalive keepalive = {}) {
    if (!listener) listener = *server.stack().listen({.local = kService}, net.now());
    const IpAddress local = host.stack().addresses(InterfaceId{0}).front().address;
    ConnectOptions options{.remote = kService, .local = Endpoint{local, port}};
    options.socket.keepalive = keepalive;
    socket = *host.stack().connect(options, net.now());
    net.run_for(1s);
    const auto accepted = server.stack().accept(listener, net.now());
    ASSERT_TRUE(accepted);
    peer = *accepted;
  }
  void write(Host& from, Handle socket_of, std::string_view text) {
    ASSERT_TRUE(from.stack().write(socket_of, std::as_bytes(std::span(text)), net.now()));
  }
  std::string read(Host& from, Handle socket_of) {
    std::array<std::byte, 10'000> bytes;
    const auto got = from.stack().read(socket_of, bytes, net.now());
    return got ? text_of(std::span(bytes).first(*got)) : got.error().message();
  }
  const MiddleboxCounters& counters() { return net.router("box").middlebox()->counters(); }

  Simulation net{1};
  Host& client = net.add_host("client");
  Host& other = net.add_host("other");
  Host& server = net.add_host("server");
  Handle listener;
  Handle socket;
  Handle peer;
};

const std::string kWouldBlock = make_error_code(std::errc::operation_would_block).message();

TEST_F(MiddleboxTest, WhatBeginsInsidePassesBothWays) {
  build(false);
  open(client);
  write(client, socket, "there");
  write(server, peer, "back");
  net.run_for(1s);
  EXPECT_EQ(read(server, peer), "there");
  EXPECT_EQ(read(client, socket), "back");
  EXPECT_EQ(server.stack().remote_endpoint(peer)->address, address("10.0.1.2"));
}

TEST_F(MiddleboxTest, WhatBeginsOutsideIsDroppedWithoutAWord) {
  build(false);
  const Endpoint inside{address("10.0.1.2"), 22};
  ASSERT_TRUE(client.stack().listen({.local = inside}, net.now()));
  const Handle knocking = *server.stack().connect({.remote = inside}, net.now());
  net.run_for(20s);
  EXPECT_EQ(client.stack().usage().half_open, 0U);
  EXPECT_EQ(server.stack().inspect(knocking)->state, tcp::State::syn_sent) << "no answer at all";
  EXPECT_GE(counters().no_flow, 3U);
}

// CLAIMS K127 (RFC 5382 section 5): a firewall forgets an idle connection, and what is written then
// goes nowhere: neither end hears a word.
TEST_F(MiddleboxTest, K127_AFirewallForgetsAnIdleConnection) {
  build(false, {.idle_limit = 300s});
  open(client);
  net.run_for(299s);
  write(client, socket, "in time");
  net.run_for(1s);
  EXPECT_EQ(read(server, peer), "in time");

  net.run_for(301s);
  write(client, socket, "too late");
  net.run_for(60s);
  EXPECT_EQ(read(server, peer), kWouldBlock);
  EXPECT_EQ(client.stack().inspect(socket)->state, tcp::State::established);
  EXPECT_GE(client.stack().inspect(socket)->retransmissions, 3U);
  EXPECT_EQ(counters().forgotten, 1U);
  EXPECT_GE(counters().no_flow, 4U);
}

// CLAIMS K127: somebody must keep it active. Here TCP's keepalive does.
TEST_F(MiddleboxTest, K127_KeepaliveHoldsTheStateOfAFirewall) {
  build(false, {.idle_limit = 300s});
  open(client, 40'000, {.enabled = true, .idle = 60s, .interval = 10s});
  net.run_for(1h);
  write(client, socket, "still there");
  net.run_for(1s);
  EXPECT_EQ(read(server, peer), "still there");
  EXPECT_EQ(counters().forgotten, 0U);
}

// REQUIREMENTS A21 (G7): or it answers with a RST, and the writer learns of it at once.
TEST_F(MiddleboxTest, ARefusalByResetIsHeardAtOnce) {
  build(false, {.idle_limit = 300s, .refusal = Refusal::reset});
  open(client);
  net.run_for(301s);
  write(client, socket, "too late");
  net.run_for(1s);
  EXPECT_EQ(read(client, socket), make_error_code(std::errc::connection_reset).message());
}

// RFC 5382 REQ-5: a connection that has been closed is remembered for a shorter time.
TEST_F(MiddleboxTest, AClosedConnectionIsForgottenSooner) {
  build(false, {.idle_limit = 1h, .transitory_limit = 60s, .most_flows = 1});
  open(client, 40'000);
  ASSERT_TRUE(client.stack().abort(socket, net.now()));
  net.run_for(59s);
  ASSERT_TRUE(client.stack().connect({.remote = kService}, net.now()));
  net.run_for(100ms);
  EXPECT_EQ(counters().full, 1U) << "there is room for one";
  net.run_for(10s);
  EXPECT_EQ(counters().forgotten, 1U);
  EXPECT_EQ(counters().opened, 2U);
}

// ---- translation --------------------------------------------------------------------------------

TEST_F(MiddleboxTest, TheOutsideSeesTheNatsAddressAlone) {
  build(true);
  open(client);
  write(client, socket, "there");
  write(server, peer, "back");
  net.run_for(1s);
  EXPECT_EQ(read(server, peer), "there") << "so the checksums are right";
  EXPECT_EQ(read(client, socket), "back");
  EXPECT_EQ(server.stack().remote_endpoint(peer)->address, address("198.51.100.1"));
  EXPECT_EQ(server.stack().remote_endpoint(peer)->port, 40'000) << "RFC 4787 REQ-3: kept if free";
}

// RFC 4787 section 4.2: two inside endpoints never share a port.
TEST_F(MiddleboxTest, TwoClientsWithOnePortAreToldApart) {
  build(true);
  open(client, 40'000);
  const Handle first = socket;
  const Handle first_peer = peer;
  open(other, 40'000);
  EXPECT_NE(server.stack().remote_endpoint(peer)->port,
            server.stack().remote_endpoint(first_peer)->port);
  write(server, first_peer, "one");
  write(server, peer, "two");
  net.run_for(1s);
  EXPECT_EQ(read(client, first), "one");
  EXPECT_EQ(read(other, socket), "two");
}

// RFC 5508 section 4.2: an ICMP error from outside reaches the inside host, in its own terms. The
// transfer needs it: a wire behind the NAT has a smaller MTU.
TEST_F(MiddleboxTest, PathMtuDiscoveryWorksThroughANat) {
  build(true, {}, {.delay = 10ms, .mtu = 900});
  open(client);
  write(client, socket, std::string(20'000, 'x'));
  net.run_for(5s);
  EXPECT_EQ(server.stack().inspect(peer)->receive_queue, 20'000U);
  EXPECT_EQ(client.stack().inspect(socket)->path_mtu, 900);
}

TEST_F(MiddleboxTest, DatagramsAreTranslated) {
  build(true, {.datagram_limit = 30s});
  const Handle to = *server.stack().open_udp({.local = {address("198.51.100.2"), 53}}, net.now());
  const Handle from = *client.stack().open_udp({.local = {address("10.0.1.2"), 5'000}}, net.now());
  const auto say = [&](Host& host, Handle socket_of, std::string_view text, Endpoint whom) {
    ASSERT_TRUE(host.stack().send_to(socket_of, std::as_bytes(std::span(text)), whom, net.now()));
    net.run_for(1s);
  };
  std::array<std::byte, 100> bytes;
  say(client, from, "question", {address("198.51.100.2"), 53});
  auto got = server.stack().receive_from(to, bytes, net.now());
  ASSERT_TRUE(got);
  EXPECT_EQ(got->from.address, address("198.51.100.1"));
  const Endpoint seen = got->from;
  say(server, to, "answer", seen);
  ASSERT_TRUE(client.stack().receive_from(from, bytes, net.now()));
  // RFC 4787 REQ-5: and forgotten when nothing passes.
  net.run_for(31s);
  say(server, to, "late", seen);
  EXPECT_FALSE(client.stack().receive_from(from, bytes, net.now()));
}

/// An ICMPv4 echo, checksums right.
std::vector<std::byte> echo(wire::IcmpKind kind, const char* from, const char* to,
                            std::uint16_t identifier) {
  wire::IpHeader ip;
  ip.source = address(from);
  ip.destination = address(to);
  ip.protocol = wire::kProtocolIcmp;
  ip.payload_size = wire::kIcmpHeaderSize;
  std::vector<std::byte> bytes(28);
  const std::uint32_t at = wire::emit_ip(bytes.data(), ip);
  (void)wire::emit_icmp_echo(bytes.data() + at, Family::ipv4, kind, identifier, 1, {});
  return bytes;
}

// RFC 5508 section 3: an echo's identifier is what a port is to the others.
TEST(Middlebox, EchoesAreTranslatedByTheirIdentifier) {
  const BufferPoolOwner pool(BufferPool::make(heap_memory(), 1U << 20));
  Middlebox nat({.translate = true});
  const IpAddress outside = address("192.0.2.1");
  const auto pass = [&](bool out, const std::vector<std::byte>& bytes) {
    Packet packet = Packet::copy_of(bytes, *pool);
    const auto ip = *wire::parse_ip(packet.head(), packet.size());
    const auto verdict = out ? nat.outbound(packet, ip, outside, Time{1s}, *pool)
                             : nat.inbound(packet, ip, outside, Time{1s}, *pool);
    EXPECT_EQ(verdict, Middlebox::Verdict::pass);
    const auto head = packet.head();
    return std::vector<std::byte>(head.begin(), head.end());
  };
  using enum wire::IcmpKind;
  EXPECT_EQ(pass(true, echo(echo_request, "10.0.0.2", "198.51.100.2", 9)),
            echo(echo_request, "192.0.2.1", "198.51.100.2", 9));
  EXPECT_EQ(pass(true, echo(echo_request, "10.0.0.3", "198.51.100.2", 9)),
            echo(echo_request, "192.0.2.1", "198.51.100.2", 1'024))
      << "9 is taken";
  EXPECT_EQ(pass(false, echo(echo_reply, "198.51.100.2", "192.0.2.1", 1'024)),
            echo(echo_reply, "198.51.100.2", "10.0.0.3", 9));
}

TEST_F(MiddleboxTest, ACopyRemembersTheSame) {
  build(true);
  open(client);
  auto fork = net.fork();
  ASSERT_TRUE(fork);
  Host& forked = (*fork)->host("client");
  const std::string_view text = "copied";
  ASSERT_TRUE(forked.stack().write(socket, std::as_bytes(std::span(text)), (*fork)->now()));
  (*fork)->run_for(1s);
  std::array<std::byte, 100> bytes;
  const auto got = (*fork)->host("server").stack().read(peer, bytes, (*fork)->now());
  ASSERT_TRUE(got);
  EXPECT_EQ(text_of(std::span(bytes).first(*got)), "copied");
  net.run_for(1s);
  EXPECT_EQ(read(server, peer), kWouldBlock);
}

}  // namespace
}  // namespace bowline::sim
