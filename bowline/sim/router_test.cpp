#include "bowline/sim/router.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/sim/simulation.hpp"
#include "bowline/sim/testing/talker.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::sim {
namespace {

using testing::Talker;
using testing::TalkerPlan;

IpAddress address(const char* text) { return *IpAddress::parse(text); }
Cidr network(const char* text) { return *Cidr::parse(text); }

/// Keeps what a node sends.
class ListOutlet final : public Outlet {
 public:
  struct Sent {
    Port port{};
    std::vector<std::byte> bytes;
  };
  void send(NodeId, Port port, Packet packet, FrameId) override {
    std::vector<std::byte> scratch;
    const auto bytes = packet.bytes(scratch);
    sent.push_back({port, {bytes.begin(), bytes.end()}});
  }
  BufferPool& pool() noexcept override { return *pool_; }
  std::vector<Sent> sent;

 private:
  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 1U << 30)};
};

/// A datagram of `payload` bytes.
struct Datagram {
  IpAddress source = address("10.0.1.9");
  IpAddress destination = address("10.0.2.9");
  std::uint32_t payload = 100;
  std::uint8_t ttl = 64;
  bool dont_fragment = true;
};
std::vector<std::byte> bytes_of(const Datagram& datagram) {
  wire::IpHeader ip;
  ip.source = datagram.source;
  ip.destination = datagram.destination;
  ip.protocol = wire::kProtocolUdp;
  ip.ttl = datagram.ttl;
  ip.dont_fragment = datagram.dont_fragment;
  ip.identification = 7;
  ip.payload_size = wire::kUdpHeaderSize + datagram.payload;
  std::vector<std::byte> bytes(wire::ip_header_size(ip.family()) + ip.payload_size);
  const std::uint32_t at = wire::emit_ip(bytes.data(), ip);
  wire::UdpHeader udp{.source_port = 1'000,
                      .destination_port = 2'000,
                      .payload_size = static_cast<std::uint16_t>(datagram.payload)};
  for (std::uint32_t i = 0; i < datagram.payload; ++i) {
    bytes[at + wire::kUdpHeaderSize + i] = static_cast<std::byte>(i * 7);
  }
  (void)wire::emit_udp(bytes.data() + at, udp);
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size);
  sum.add(std::span(bytes).subspan(at));
  udp.checksum = wire::udp_checksum_field(sum.finish());
  (void)wire::emit_udp(bytes.data() + at, udp);
  return bytes;
}

/// A router with three networks; the second has a small MTU.
class RouterTest : public ::testing::Test {
 protected:
  explicit RouterTest(const RouterOptions& options = {}) : router_(NodeId{0}, "router", options) {
    router_.add_interface(network("10.0.1.1/24"), 1'500);
    router_.add_interface(network("10.0.2.1/24"), 1'000);
    router_.add_interface(network("10.0.3.1/24"), 1'500);
    router_.add_address(Port{0}, network("fd00:1::1/64"));
    router_.add_address(Port{2}, network("fd00:3::1/64"));
    router_.add_address(Port{1}, network("fd00:2::1/64"));
  }
  void arrive(const std::vector<std::byte>& bytes, Port port = Port{0}) {
    router_.arrive(port, Packet::copy_of(bytes, outlet_.pool()), Time{1s}, outlet_);
  }
  /// The only packet that the router sent: an ICMP error with a right checksum, to `to`.
  std::optional<wire::IcmpMessage> error_to(const IpAddress& to) {
    if (outlet_.sent.size() != 1) return std::nullopt;
    const auto& bytes = outlet_.sent[0].bytes;
    const auto ip = wire::parse_ip(bytes, static_cast<std::uint32_t>(bytes.size()));
    if (!ip || ip->destination != to) return std::nullopt;
    const auto message = std::span(bytes).subspan(ip->header_size);
    wire::ChecksumSum sum;
    if (!to.is_v4()) {
      sum = wire::pseudo_header_sum(ip->source, ip->destination, ip->protocol, ip->payload_size);
    }
    sum.add(message);
    EXPECT_TRUE(sum.verifies());
    const auto icmp = wire::parse_icmp(ip->family(), message, ip->payload_size);
    if (!icmp) return std::nullopt;
    return *icmp;
  }

  ListOutlet outlet_;
  Router router_;
};

// RFC 1812 section 5.2.1.2: the hop limit is counted down, the checksum kept right.
TEST_F(RouterTest, ForwardsWithOneHopLess) {
  for (const bool ipv6 : {false, true}) {
    outlet_.sent.clear();
    Datagram datagram;
    if (ipv6) {
      datagram.source = address("fd00:1::9");
      datagram.destination = address("fd00:2::9");
    }
    const auto before = bytes_of(datagram);
    arrive(before);
    ASSERT_EQ(outlet_.sent.size(), 1U);
    EXPECT_EQ(outlet_.sent[0].port, Port{1});
    datagram.ttl = 63;
    EXPECT_EQ(outlet_.sent[0].bytes, bytes_of(datagram));
  }
}

// RFC 1812 section 5.2.4.3.
TEST_F(RouterTest, TheLongestPrefixWins) {
  router_.add_route(network("10.0.0.0/8"), Port{2}, address("10.0.3.2"));
  router_.add_route(network("10.0.2.9/32"), Port{0}, address("10.0.1.2"));
  arrive(bytes_of({.destination = address("10.9.9.9")}));
  arrive(bytes_of({.destination = address("10.0.2.9")}));
  arrive(bytes_of({.destination = address("10.0.2.8")}));
  ASSERT_EQ(outlet_.sent.size(), 3U);
  EXPECT_EQ(outlet_.sent[0].port, Port{2});
  EXPECT_EQ(outlet_.sent[1].port, Port{0});
  EXPECT_EQ(outlet_.sent[2].port, Port{1});
}

// RFC 1812 section 5.3.1, RFC 4443 section 3.3.
TEST_F(RouterTest, TellsThatThePacketHasExpired) {
  arrive(bytes_of({.ttl = 1}));
  const auto error = error_to(address("10.0.1.9"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, wire::IcmpKind::time_exceeded);
  ASSERT_TRUE(error->quote);
  EXPECT_EQ(error->quote->source_port, 1'000);
  EXPECT_EQ(error->quote->ip.ttl, 1) << "as it came";
  EXPECT_EQ(router_.counters().expired, 1U);
}

// RFC 1191 section 4, RFC 4443 section 3.2: the MTU of the next wire.
TEST_F(RouterTest, TellsWhatFitsTheNextWire) {
  arrive(bytes_of({.payload = 1'200}));
  const auto error = error_to(address("10.0.1.9"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, wire::IcmpKind::packet_too_big);
  EXPECT_EQ(error->mtu, 1'000U);
}

TEST_F(RouterTest, TellsWhatFitsTheNextWireInIpv6) {
  arrive(bytes_of({.source = address("fd00:1::9"),
                   .destination = address("fd00:2::9"),
                   .payload = 1'300,
                   .dont_fragment = false}));
  const auto error = error_to(address("fd00:1::9"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, wire::IcmpKind::packet_too_big);
  EXPECT_EQ(error->mtu, 1'000U);
}

// RFC 1812 section 4.3.3.1.
TEST_F(RouterTest, TellsThatItHasNoRoute) {
  arrive(bytes_of({.destination = address("192.0.2.1")}));
  const auto error = error_to(address("10.0.1.9"));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, wire::IcmpKind::network_unreachable);
}

// RFC 1812 section 4.3.2.7.
TEST_F(RouterTest, NoErrorIsToldAboutAnError) {
  arrive(bytes_of({.ttl = 1}));
  ASSERT_EQ(outlet_.sent.size(), 1U);
  std::vector<std::byte> error = outlet_.sent[0].bytes;
  outlet_.sent.clear();
  // The error itself, on its way to somebody unknown.
  const IpAddress nowhere = address("192.0.2.1");
  std::copy(nowhere.bytes().begin(), nowhere.bytes().end(), error.begin() + 16);
  store_be<std::uint16_t>(error.data() + 10, std::uint16_t{0});
  store_be<std::uint16_t>(error.data() + 10, wire::sum_of(std::span(error).first(20)).finish());
  arrive(error);
  EXPECT_EQ(router_.counters().no_route, 1U);
  EXPECT_TRUE(outlet_.sent.empty());
}

// RFC 1812 section 4.3.2.8.
TEST_F(RouterTest, ErrorsAreLimited) {
  for (int i = 0; i < 1'500; ++i) arrive(bytes_of({.ttl = 1}));
  EXPECT_EQ(router_.counters().icmp_sent, 1'000U);
  EXPECT_EQ(router_.counters().expired, 1'500U);
}

// RFC 791 section 3.2; RFC 1812 section 4.2.2.7.
TEST_F(RouterTest, FragmentsWhatMayBeFragmented) {
  const Datagram datagram{.payload = 1'400, .ttl = 64, .dont_fragment = false};
  const auto whole = bytes_of(datagram);
  arrive(whole);
  ASSERT_EQ(outlet_.sent.size(), 2U);
  std::vector<std::byte> together;
  for (const auto& fragment : outlet_.sent) {
    EXPECT_LE(fragment.bytes.size(), 1'000U);
    const auto ip =
        wire::parse_ip(fragment.bytes, static_cast<std::uint32_t>(fragment.bytes.size()));
    ASSERT_TRUE(ip) << "its checksum is right, too";
    EXPECT_EQ(ip->fragment_offset, together.size());
    EXPECT_EQ(ip->identification, 7U);
    EXPECT_EQ(ip->ttl, 63);
    EXPECT_EQ(ip->more_fragments, &fragment != &outlet_.sent.back());
    together.insert(together.end(), fragment.bytes.begin() + ip->header_size, fragment.bytes.end());
  }
  EXPECT_TRUE(std::equal(together.begin(), together.end(), whole.begin() + 20, whole.end()));
}

TEST_F(RouterTest, WhatIsDamagedIsDropped) {
  auto bytes = bytes_of({});
  bytes[8] ^= std::byte{1};  // the hop limit: the header's checksum does not fit
  arrive(bytes);
  arrive({});
  EXPECT_EQ(router_.counters().malformed, 2U);
  EXPECT_TRUE(outlet_.sent.empty());
}

// ---- with hosts ---------------------------------------------------------------------------------

/// client - r1 - r2 - server; the wire between the routers is the given one.
struct Chain {
  explicit Chain(const Wire& middle, const RouterOptions& options = {}, std::uint64_t seed = 1)
      : net(seed) {
    Host& client = net.add_host("client");
    Router& r1 = net.add_router("r1", options);
    Router& r2 = net.add_router("r2");
    Host& server = net.add_host("server");
    const Wire edge{.rate = 100_mbps, .delay = 1ms};
    net.connect(client, network("10.0.1.2/24"), r1, network("10.0.1.1/24"), edge);
    net.connect(r1, network("10.0.9.1/30"), r2, network("10.0.9.2/30"), middle);
    net.connect(r2, network("10.0.2.1/24"), server, network("10.0.2.2/24"), edge);
    net.route_everything();
    TalkerPlan serving;
    serving.local = {address("10.0.2.2"), 80};
    serving.send_key = 2;
    serving.send_bytes = 50'000;
    serving.receive_key = 1;
    serving.receive_bytes = 100'000;
    server.start(std::make_unique<Talker>(serving, net.random("server")));
    TalkerPlan calling;
    calling.connect = serving.local;
    calling.send_key = 1;
    calling.send_bytes = 100'000;
    calling.receive_key = 2;
    calling.receive_bytes = 50'000;
    client.start(std::make_unique<Talker>(calling, net.random("client")));
  }
  static const Talker& talker(Simulation& net, const char* host) {
    return static_cast<const Talker&>(net.host(host).actor(0));
  }
  static bool done(Simulation& net) {
    return talker(net, "client").done() && talker(net, "server").done();
  }
  Simulation net;
};

TEST(SimRouter, HostsTalkOverTwoOfThem) {
  Chain chain({.rate = 10_mbps, .delay = 20ms});
  EXPECT_TRUE(chain.net.run_until([&] { return Chain::done(chain.net); }, Time{1min}));
  EXPECT_EQ(Chain::talker(chain.net, "server").failure(), "");
  EXPECT_GT(chain.net.router("r1").counters().forwarded, 100U);
}

// RFC 1191: the sender learns the path's MTU from the router and goes on with smaller segments.
TEST(SimRouter, TheSenderLearnsThePathMtu) {
  Chain chain({.rate = 10_mbps, .delay = 20ms, .mtu = 1'000});
  EXPECT_TRUE(chain.net.run_until([&] { return Chain::done(chain.net); }, Time{1min}));
  EXPECT_EQ(Chain::talker(chain.net, "server").failure(), "");
  EXPECT_GE(chain.net.router("r1").counters().icmp_sent, 1U);
  EXPECT_GE(chain.net.router("r2").counters().too_big, 1U) << "the server's as well";
}

TEST(SimRouter, ACopyOfASimulationCopiesItsRouters) {
  Chain chain({.rate = 10_mbps, .delay = 20ms, .loss = 1_percent});
  chain.net.run_until(Time{150ms});
  auto fork = chain.net.fork();
  ASSERT_TRUE(fork);
  EXPECT_TRUE(chain.net.run_until([&] { return Chain::done(chain.net); }, Time{1min}));
  EXPECT_TRUE((*fork)->run_until([&] { return Chain::done(**fork); }, Time{1min}));
  EXPECT_EQ(chain.net.now(), (*fork)->now());
  EXPECT_EQ(chain.net.router("r1").counters().forwarded,
            (*fork)->router("r1").counters().forwarded);
}

}  // namespace
}  // namespace bowline::sim
