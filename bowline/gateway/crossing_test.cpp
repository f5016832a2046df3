// What crosses the gateway beside open flows: ICMP, other protocols, packets for one link alone
// (docs/gateway.md, "What crosses").

#include <gtest/gtest.h>

#include "bowline/gateway/testing/scene.hpp"

namespace bowline::gateway {
namespace {

using testing::Bytes;
using testing::Scene;

class CrossingTest : public Scene {
 protected:
  // An ICMP error from `router` to the source of `quoted`.
  static Bytes error(wire::IcmpKind kind, const Bytes& quoted, const char* router = "203.0.113.9") {
    const auto about = wire::parse_ip(quoted, static_cast<std::uint32_t>(quoted.size()));
    EXPECT_TRUE(about);
    Bytes bytes(1'024);
    wire::IpHeader ip;
    ip.source = *IpAddress::parse(router);
    ip.destination = about->source;
    ip.protocol = wire::kProtocolIcmp;
    ip.payload_size = wire::emit_icmp_error(std::span(bytes).subspan(20), kind, 1'400, ip.source,
                                            ip.destination, quoted);
    wire::emit_ip(bytes.data(), ip);
    bytes.resize(20 + ip.payload_size);
    return bytes;
  }
  static Bytes datagram(const char* from, const char* to, std::uint8_t protocol,
                        std::uint32_t size = 20) {
    Bytes bytes(20 + size);
    wire::IpHeader ip;
    ip.source = *IpAddress::parse(from);
    ip.destination = *IpAddress::parse(to);
    ip.protocol = protocol;
    ip.payload_size = size;
    wire::emit_ip(bytes.data(), ip);
    return bytes;
  }
};

// RFC 5508 section 4.2: it speaks of the packet as the other side knows it.
TEST_F(CrossingTest, AnErrorQuotesWhatItsReaderSent) {
  begin();
  open();
  const auto sent = server_says({.flags = wire::kAck,
                                 .seq = kServerIsn + 1,
                                 .ack = kClientIsn + 1,
                                 .payload = std::string(100, 'x')});
  ASSERT_EQ(sent.size(), 1U);
  const auto seen = give(Side::outside, error(wire::IcmpKind::packet_too_big, sent[0].bytes));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, Side::inside);
  EXPECT_TRUE(seen[0].intact);
  const auto icmp =
      wire::parse_icmp(Family::ipv4, std::span(seen[0].bytes).subspan(20), seen[0].ip.payload_size);
  ASSERT_TRUE(icmp && icmp->quote);
  EXPECT_EQ(icmp->quote->seq, SeqNumber(kServerIsn + 1));
  EXPECT_EQ(icmp->mtu, 1'400U);
}

TEST_F(CrossingTest, AnErrorFromInsideQuotesTheClientsAcknowledgment) {
  begin();
  open();
  const auto sent = client_says({.flags = wire::kAck,
                                 .seq = kClientIsn + 1,
                                 .ack = seen_by_client(1).raw(),
                                 .payload = "request"});
  ASSERT_EQ(sent.size(), 1U);
  const auto seen = give(Side::inside, error(wire::IcmpKind::host_unreachable, sent[0].bytes));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, Side::outside);
  EXPECT_TRUE(seen[0].intact);
  const std::size_t quoted_ack = 20 + 8 + 20 + 8;
  EXPECT_EQ(SeqNumber(load_be<std::uint32_t>(seen[0].bytes.data() + quoted_ack)), cookie + 1);
}

// RFC 5927 section 4.1.
TEST_F(CrossingTest, AnErrorAboutNothingInFlightGoesNoFurther) {
  begin();
  open();
  Bytes never = packet(server, client, {.flags = wire::kAck, .seq = 77, .payload = "x"});
  EXPECT_TRUE(give(Side::outside, error(wire::IcmpKind::port_unreachable, never)).empty());
  EXPECT_EQ(count(Reason::icmp_not_in_flight), 1U);
  ++client.port;
  never = packet(server, client, {.flags = wire::kAck, .seq = kServerIsn + 1, .payload = "x"});
  EXPECT_TRUE(give(Side::outside, error(wire::IcmpKind::port_unreachable, never)).empty());
  EXPECT_EQ(count(Reason::icmp_no_connection), 1U);
}

// About the gateway's own SYN: soft, and no affair of the client's yet.
TEST_F(CrossingTest, AnErrorAboutAnOpeningIsNotPassedOn) {
  begin();
  const auto syn = knock(full_syn());
  EXPECT_TRUE(give(Side::inside, error(wire::IcmpKind::host_unreachable, syn.bytes)).empty());
  EXPECT_EQ(proxy->usage().opening, 1U);
}

TEST_F(CrossingTest, OtherProtocolsCrossUnlessForbidden) {
  begin();
  const Bytes udp = datagram("198.51.100.7", "192.0.2.2", wire::kProtocolUdp);
  const auto seen = give(Side::outside, udp);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, Side::inside);
  EXPECT_EQ(seen[0].ip.ttl, 63);
  config.tcp_only = true;
  begin();
  EXPECT_TRUE(give(Side::outside, udp).empty());
  EXPECT_EQ(count(Reason::gateway_not_forwarded), 1U);
}

TEST_F(CrossingTest, WhatIsForOneLinkStaysThere) {
  begin();
  const std::pair<const char*, const char*> pairs[] = {
      {"198.51.100.7", "224.0.0.5"}, {"198.51.100.7", "255.255.255.255"},
      {"169.254.1.1", "192.0.2.2"},  {"127.0.0.1", "192.0.2.2"},
      {"0.0.0.0", "192.0.2.2"},      {"224.0.0.1", "192.0.2.2"}};
  for (const auto& [from, to] : pairs) {
    EXPECT_TRUE(give(Side::outside, datagram(from, to, wire::kProtocolUdp)).empty()) << from << to;
  }
  EXPECT_EQ(count(Reason::gateway_not_forwarded), std::size(pairs));
}

TEST_F(CrossingTest, TheHopLimitIsCountedDownAndRunsOut) {
  begin();
  open();
  auto say = [](std::uint8_t ttl) {
    return testing::Say{.flags = wire::kAck,
                        .seq = kServerIsn + 1,
                        .ack = kClientIsn + 1,
                        .payload = "x",
                        .ttl = ttl};
  };
  EXPECT_EQ(server_says(say(2))[0].ip.ttl, 1);
  EXPECT_TRUE(server_says(say(1)).empty());
  EXPECT_EQ(count(Reason::gateway_hop_limit), 1U);
}

// RFC 3128: what hides in fragments is not looked for.
TEST_F(CrossingTest, FragmentsOfTcpAreDropped) {
  begin();
  Bytes bytes = datagram("198.51.100.7", "192.0.2.2", wire::kProtocolTcp, 64);
  store_be<std::uint16_t>(bytes.data() + 6, 0x2000);  // more fragments
  store_be<std::uint16_t>(bytes.data() + 10, 0);
  store_be<std::uint16_t>(bytes.data() + 10, wire::sum_of(std::span(bytes).first(20)).finish());
  EXPECT_TRUE(give(Side::outside, bytes).empty());
  EXPECT_EQ(count(Reason::gateway_fragment), 1U);
}

// RFC 1858 section 2: in parts, an error would pass by what RFC 5927 asks of it. Nobody sends such:
// an error fits into one packet. Echoes may be as large as they like.
TEST_F(CrossingTest, AnErrorInPartsGoesNoFurther) {
  begin();
  const Bytes never = packet(server, client, {.flags = wire::kAck, .seq = 77, .payload = "x"});
  Bytes parts = error(wire::IcmpKind::port_unreachable, never);
  const auto cut = [](Bytes& bytes) {
    store_be<std::uint16_t>(bytes.data() + 6, 0x2000);  // more fragments
    store_be<std::uint16_t>(bytes.data() + 10, 0);
    store_be<std::uint16_t>(bytes.data() + 10, wire::sum_of(std::span(bytes).first(20)).finish());
  };
  cut(parts);
  EXPECT_TRUE(give(Side::outside, parts).empty());
  EXPECT_EQ(count(Reason::icmp_malformed), 1U);
  Bytes echo = datagram("198.51.100.7", "192.0.2.2", wire::kProtocolIcmp, 64);
  echo[20] = std::byte{8};
  cut(echo);
  EXPECT_EQ(give(Side::outside, echo).size(), 1U);
}

// RFC 1191: in the receiver's name, since the gateway has none; about the packet as it came.
TEST_F(CrossingTest, WhatIsTooBigIsToldToItsSender) {
  begin();
  open();
  proxy->set_mtu(Side::outside, 1'000);
  const Bytes large = packet(server, client,
                             {.flags = wire::kAck,
                              .seq = kServerIsn + 1,
                              .ack = kClientIsn + 1,
                              .payload = std::string(1'200, 'x')});
  const auto seen = give(Side::inside, large);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, Side::inside);
  EXPECT_EQ(seen[0].ip.source, client.address);
  EXPECT_TRUE(seen[0].intact);
  EXPECT_LT(seen[0].bytes.size(), large.size());
  const auto icmp =
      wire::parse_icmp(Family::ipv4, std::span(seen[0].bytes).subspan(20), seen[0].ip.payload_size);
  ASSERT_TRUE(icmp && icmp->quote);
  EXPECT_EQ(icmp->kind, wire::IcmpKind::packet_too_big);
  EXPECT_EQ(icmp->mtu, 1'000U);
  EXPECT_EQ(icmp->quote->seq, SeqNumber(kServerIsn + 1));
  // And both ends are told of segments that pass, from the first on.
  client.port = 50'000;
  EXPECT_EQ(client_says(full_syn())[0].options.mss, 960);
}

TEST_F(CrossingTest, MalformedPacketsAreCounted) {
  begin();
  EXPECT_TRUE(give(Side::outside, Bytes(10)).empty());
  EXPECT_TRUE(give(Side::outside, datagram("198.51.100.7", "192.0.2.2", 6, 8)).empty());
  EXPECT_EQ(count(Reason::tcp_truncated), 1U);
  client = server;  // LAND
  EXPECT_TRUE(client_says({.flags = wire::kSyn, .seq = 1}).empty());
  EXPECT_EQ(count(Reason::tcp_self_connect), 1U);
  client.address = IpAddress::v4(0xc633'6407);
  EXPECT_TRUE(client_says({.flags = wire::kSyn | wire::kFin, .seq = 1}).empty());
  EXPECT_EQ(count(Reason::tcp_bad_flags), 1U);
}

}  // namespace
}  // namespace bowline::gateway
