#include "bowline/wire/ndp.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bowline/wire/arp.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/hex_literal.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/mld.hpp"
#include "bowline/wire/pretty.hpp"

namespace bowline::wire {
namespace {

const MacAddress kMac{std::byte{2}, {}, {}, {}, {}, std::byte{7}};
const IpAddress kFrom = *IpAddress::parse("fe80::1");
const IpAddress kTo = *IpAddress::parse("fe80::2");

// RFC 4291 section 2.7.1.
TEST(SolicitedNode, IsTheGroupOfTheLast24Bits) {
  EXPECT_EQ(solicited_node(*IpAddress::parse("4037::01:800:200e:8c6c")),
            *IpAddress::parse("ff02::1:ff0e:8c6c"));
}

// RFC 2464 section 7, RFC 1112 section 6.4.
TEST(GroupMac, OfBothFamilies) {
  const MacAddress v6 = ipv6_multicast_mac(std::span<const std::byte, 16>(all_nodes().raw()));
  EXPECT_EQ(v6, (MacAddress{std::byte{0x33}, std::byte{0x33}, {}, {}, {}, std::byte{1}}));
  // The highest of the 24 bits is left out.
  EXPECT_EQ(
      ipv4_multicast_mac(0xe0ff0102),
      (MacAddress{std::byte{1}, {}, std::byte{0x5e}, std::byte{0x7f}, std::byte{1}, std::byte{2}}));
}

TEST(Ndp, WhatIsWrittenIsReadBack) {
  for (const NdpType type : {NdpType::router_solicitation, NdpType::neighbour_solicitation,
                             NdpType::neighbour_advertisement}) {
    NdpMessage message;
    message.type = type;
    if (type != NdpType::router_solicitation) message.target = kTo;
    if (type == NdpType::neighbour_advertisement) {
      message.solicited = message.override_flag = true;
      message.target_mac = kMac;
    } else {
      message.source_mac = kMac;
    }
    std::vector<std::byte> bytes(kNdpMaxEmitted);
    bytes.resize(emit_ndp(bytes.data(), kFrom, kTo, message));
    const auto back = parse_ndp(bytes);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->type, type);
    EXPECT_EQ(back->target, message.target);
    EXPECT_EQ(back->source_mac, message.source_mac);
    EXPECT_EQ(back->target_mac, message.target_mac);
    EXPECT_EQ(back->solicited, message.solicited);
    EXPECT_EQ(back->override_flag, message.override_flag);
    EXPECT_FALSE(back->router);
    ChecksumSum sum =
        pseudo_header_sum(kFrom, kTo, kProtocolIcmpV6, static_cast<std::uint32_t>(bytes.size()));
    sum.add(bytes);
    EXPECT_TRUE(sum.verifies());
    // Cut anywhere it is refused, or is the same message without its option.
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto cut = parse_ndp(std::span(bytes).first(size));
      if (cut) {
        EXPECT_EQ(size, bytes.size() - 8);
      }
    }
  }
}

// An advertisement as radvd sends it: lifetime, prefix, MTU and address; RFC 4861 section 4.2.
TEST(Ndp, ReadsARouterAdvertisement) {
  std::vector<std::byte> bytes(16 + 8 + 8 + 32);
  const auto put = [&](std::size_t at, std::initializer_list<int> values) {
    for (const int value : values) bytes[at++] = static_cast<std::byte>(value);
  };
  put(0, {134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0x75, 0x30, 0, 0, 0x03, 0xe8});
  put(16, {1, 1, 2, 0, 0, 0, 0, 7});
  put(24, {5, 1, 0, 0, 0, 0, 0x05, 0xdc});
  put(32, {3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 0, 0, 0x38, 0x40, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8});
  const auto message = parse_ndp(bytes);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->router_lifetime, 1'800);
  EXPECT_EQ(message->reachable_time, 30'000U);
  EXPECT_EQ(message->retrans_timer, 1'000U);
  EXPECT_EQ(message->source_mac, kMac);
  EXPECT_EQ(message->mtu, 1'500U);
  ASSERT_EQ(message->prefix_count, 1);
  EXPECT_EQ(message->prefixes[0].prefix, *Cidr::parse("2001:db8::/64"));
  EXPECT_TRUE(message->prefixes[0].on_link && message->prefixes[0].autonomous);
  EXPECT_EQ(message->prefixes[0].valid, 86'400U);
  EXPECT_EQ(message->prefixes[0].preferred, 14'400U);
}

// Section 4.6: unknown options are passed over, one of length zero spoils all.
TEST(Ndp, OptionsAreSkippedOrRefused) {
  std::vector<std::byte> bytes(24 + 16);
  bytes[0] = std::byte{135};
  bytes[24] = std::byte{200};
  bytes[25] = std::byte{2};
  EXPECT_TRUE(parse_ndp(bytes).has_value());
  bytes[25] = std::byte{0};
  EXPECT_FALSE(parse_ndp(bytes).has_value());
  bytes[25] = std::byte{3};
  EXPECT_FALSE(parse_ndp(bytes).has_value()) << "longer than the message";
}

// As tcpdump prints them.
TEST(PrettyLink, SaysWhoIsAskedFor) {
  std::array<char, kMaxPretty> text{};
  std::array<std::byte, kArpSize> arp{};
  ArpPacket packet;
  packet.sender_mac = kMac;
  packet.sender_ip = *IpAddress::parse("10.0.0.1");
  packet.target_ip = *IpAddress::parse("10.0.0.2");
  emit_arp(arp.data(), packet);
  EXPECT_EQ(pretty_arp(text, arp), "ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28");
  packet.operation = ArpOperation::reply;
  emit_arp(arp.data(), packet);
  EXPECT_EQ(pretty_arp(text, arp), "ARP, Reply 10.0.0.1 is-at 02:00:00:00:00:07, length 28");
  EXPECT_EQ(pretty_arp(text, std::span(arp).first(27)), "ARP, malformed, length 28");

  std::array<std::byte, kIpv6HeaderSize + kNdpMaxEmitted> bytes{};
  NdpMessage message;
  message.target = kTo;
  message.source_mac = kMac;
  IpHeader ip;
  ip.source = kFrom;
  ip.destination = kTo;
  ip.protocol = kProtocolIcmpV6;
  ip.payload_size = emit_ndp(bytes.data() + kIpv6HeaderSize, kFrom, kTo, message);
  emit_ip(bytes.data(), ip);
  EXPECT_EQ(pretty(text, bytes),
            "IP6 fe80::1 > fe80::2: ICMP6, neighbor solicitation, who has fe80::2, length 32");
}

TEST(Mld, AReportIsAPacketWithARouterAlert) {
  const std::array groups{solicited_node(kFrom), solicited_node(kTo)};
  std::vector<std::byte> packet(mld_packet_size(groups.size()));
  emit_mld_report(packet.data(), kFrom, MldRecord::mode_is_exclude, groups);
  const auto ip = parse_ip(packet, static_cast<std::uint32_t>(packet.size()));
  ASSERT_TRUE(ip.has_value());
  EXPECT_EQ(ip->protocol, kProtocolIcmpV6);
  EXPECT_EQ(ip->ttl, 1);
  EXPECT_EQ(ip->destination, *IpAddress::parse("ff02::16"));
  ChecksumSum sum =
      pseudo_header_sum(ip->source, ip->destination, kProtocolIcmpV6, ip->payload_size);
  sum.add(std::span(packet).subspan(ip->header_size));
  EXPECT_TRUE(sum.verifies());
}

// RFC 3810 section 5.1.3.
TEST(Mld, AQuerySaysHowLongTheAnswerMayTake) {
  std::vector<std::byte> query(28);
  query[0] = std::byte{130};
  query[4] = std::byte{0x27};
  query[5] = std::byte{0x10};
  EXPECT_EQ(parse_mld_query(query)->max_response, 10s);
  query[4] = std::byte{0x80};
  query[5] = std::byte{0};
  EXPECT_EQ(parse_mld_query(query)->max_response, 32'768ms);
  EXPECT_FALSE(parse_mld_query(std::span(query).first(23)).has_value());
}

}  // namespace
}  // namespace bowline::wire
