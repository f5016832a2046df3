#include "bowline/wire/ipv6.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/hex_literal.hpp"

namespace bowline::wire {
namespace {

// On the heap in exactly its size, so that AddressSanitizer sees the first byte too many.
using Bytes = std::vector<std::byte>;

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kDestination = 60;
constexpr std::uint8_t kNone = 59;

// A packet from fd00::1 to fd00::2 whose first next header is `next`, with `rest` behind the fixed
// header.
Bytes packet(std::uint8_t next, std::span<const std::byte> rest) {
  constexpr auto kFixed =
      "6000 0000 0000 0040 fd000000000000000000000000000001 fd000000000000000000000000000002"_hex;
  Bytes bytes(kFixed.size() + rest.size());
  std::ranges::copy(rest, std::ranges::copy(kFixed, bytes.begin()).out);
  bytes[6] = std::byte{next};
  store_be(bytes.data() + 4, static_cast<std::uint16_t>(rest.size()));
  return bytes;
}

std::expected<IpHeader, Reason> parse(const Bytes& bytes) {
  return parse_ip(bytes, static_cast<std::uint32_t>(bytes.size()));
}

Reason error(const Bytes& bytes) {
  const auto header = parse(bytes);
  return header ? Reason::interface_unknown : header.error();
}

TEST(Ipv6, ParsesAHeader) {
  Bytes bytes = packet(kProtocolTcp, "0102030405"_hex);
  bytes[0] = std::byte{0x6b};
  bytes[1] = std::byte{0x91};
  bytes[2] = std::byte{0x23};
  bytes[3] = std::byte{0x45};
  const auto header = parse(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->family(), Family::ipv6);
  EXPECT_EQ(header->source, *IpAddress::parse("fd00::1"));
  EXPECT_EQ(header->destination, *IpAddress::parse("fd00::2"));
  EXPECT_EQ(header->tos, 0xb9);
  EXPECT_EQ(header->flow_label, 0x12345U);
  EXPECT_EQ(header->protocol, kProtocolTcp);
  EXPECT_EQ(header->ttl, 64);
  EXPECT_EQ(header->header_size, 40);
  EXPECT_EQ(header->payload_size, 5U);
  EXPECT_TRUE(header->dont_fragment);
  EXPECT_FALSE(header->is_fragment());
}

TEST(Ipv6, EveryPrefixOfAHeaderIsTruncated) {
  const Bytes whole = packet(kProtocolTcp, "00"_hex);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(error(bytes), Reason::ip_truncated) << size;
  }
}

TEST(Ipv6, AFrameMayBeLongerThanItsPacket) {
  Bytes bytes = packet(kProtocolTcp, "0102"_hex);
  bytes.resize(bytes.size() + 10);
  const auto header = parse(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->payload_size, 2U);
}

TEST(Ipv6, WalksOverExtensionHeaders) {  // RFC 8200 4.1, in its order
  const auto header = parse(packet(kHopByHop,
                                   "3c00 0104 00000000"                  // hop-by-hop: PadN
                                   "2b01 010c 000000000000000000000000"  // destination: PadN
                                   "3c00 0400 00000000"   // routing, no segments left
                                   "0600 0000 0000 0000"  // destination: Pad1 six times
                                   "abcdef"_hex));
  ASSERT_TRUE(header) << info(header.error()).name;
  EXPECT_EQ(header->protocol, kProtocolTcp);
  EXPECT_EQ(header->header_size, 40 + 8 + 16 + 8 + 8);
  EXPECT_EQ(header->payload_size, 3U);
}

TEST(Ipv6, UnknownOptionsAreSkippedOrRefusedAsTheySay) {  // RFC 8200 4.2
  for (const std::uint8_t type : {kHopByHop, kDestination}) {
    Bytes bytes = packet(type, "0600 1e04 00000000"_hex);
    EXPECT_TRUE(parse(bytes)) << "00: skip over it";
    for (const unsigned action : {0x40U, 0x80U, 0xc0U}) {
      bytes[42] = static_cast<std::byte>(action | 0x1eU);
      EXPECT_EQ(error(bytes), Reason::ip_bad_extension) << action;
    }
  }
}

TEST(Ipv6, JumbogramsAreRefused) {  // RFC 2675
  Bytes bytes = packet(kHopByHop, "0600 c204 00010000"_hex);
  EXPECT_EQ(error(bytes), Reason::ip_bad_extension);
  store_be<std::uint16_t>(bytes.data() + 4, 0);
  EXPECT_EQ(error(bytes), Reason::ip_bad_extension);
}

TEST(Ipv6, MalformedExtensionHeaders) {
  EXPECT_EQ(error(packet(kHopByHop, {})), Reason::ip_bad_extension) << "not there";
  EXPECT_EQ(error(packet(kHopByHop, "0600 0000"_hex)), Reason::ip_bad_extension) << "half there";
  EXPECT_EQ(error(packet(kHopByHop, "0601 0104 00000000"_hex)), Reason::ip_bad_extension)
      << "length beyond the packet";
  EXPECT_EQ(error(packet(kDestination, "0600 0105 00000000"_hex)), Reason::ip_bad_extension)
      << "option beyond its header";
  EXPECT_EQ(error(packet(kDestination, "0600 0103 00000001"_hex)), Reason::ip_bad_extension)
      << "an option without a length byte";
  EXPECT_EQ(error(packet(kRouting, "0600 0000"_hex)), Reason::ip_bad_extension);
  EXPECT_EQ(error(packet(kFragment, "0600 0000 000000"_hex)), Reason::ip_bad_extension);
}

TEST(Ipv6, ExtensionHeadersDoNotReachIntoThePadding) {
  Bytes bytes = packet(kHopByHop, "0600 0104 00000000 aa"_hex);
  EXPECT_TRUE(parse(bytes));
  store_be<std::uint16_t>(bytes.data() + 4, 7);  // the packet ends within the extension header
  EXPECT_EQ(error(bytes), Reason::ip_bad_extension);
}

TEST(Ipv6, HopByHopOptionsStandInFrontOrNowhere) {  // RFC 8200 4.1
  EXPECT_EQ(error(packet(kDestination, "0000 0104 00000000 0600 0104 00000000"_hex)),
            Reason::ip_bad_extension);
}

TEST(Ipv6, ARoutingHeaderWithSegmentsLeftIsNotForAHost) {  // RFC 8200 4.4, RFC 5095
  EXPECT_EQ(error(packet(kRouting, "0600 0001 00000000"_hex)), Reason::ip_bad_extension);
  EXPECT_TRUE(parse(packet(kRouting, "0600 0000 00000000"_hex)));
}

TEST(Ipv6, ChainsOfExtensionHeadersEnd) {
  Bytes chain;
  for (int i = 0; i < 8; ++i) {
    const auto one = "3c00 0104 00000000"_hex;
    chain.insert(chain.end(), one.begin(), one.end());
  }
  chain[7 * 8] = std::byte{kProtocolTcp};
  EXPECT_TRUE(parse(packet(kDestination, chain)));
  chain[7 * 8] = std::byte{kDestination};
  const auto last = "0600 0104 00000000"_hex;
  chain.insert(chain.end(), last.begin(), last.end());
  EXPECT_EQ(error(packet(kDestination, chain)), Reason::ip_bad_extension);
}

TEST(Ipv6, Fragments) {  // RFC 8200 4.5
  const auto first = parse(packet(kFragment, "0600 0001 89abcdef 0102030405060708"_hex));
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->is_fragment());
  EXPECT_TRUE(first->more_fragments);
  EXPECT_EQ(first->fragment_offset, 0);
  EXPECT_EQ(first->identification, 0x89abcdefU);
  EXPECT_EQ(first->protocol, kProtocolTcp);
  EXPECT_EQ(first->header_size, 48);
  EXPECT_EQ(first->payload_size, 8U);

  const auto later = parse(packet(kFragment, "0600 05a8 00000001 3c3c"_hex));
  ASSERT_TRUE(later);
  EXPECT_TRUE(later->is_fragment());
  EXPECT_EQ(later->fragment_offset, 0x05a8);
}

TEST(Ipv6, WhatFollowsAFragmentHeaderIsNotWalked) {
  // The destination options of a later fragment are bytes from the middle of something.
  const auto later = parse(packet(kFragment, "3c00 0008 00000001 3c3c"_hex));
  ASSERT_TRUE(later);
  EXPECT_EQ(later->protocol, kDestination);
}

TEST(Ipv6, AnAtomicFragmentIsNone) {  // RFC 6946
  const auto header = parse(packet(kFragment, "3c00 0000 00000001 0600 0104 00000000 aa"_hex));
  ASSERT_TRUE(header);
  EXPECT_FALSE(header->is_fragment());
  EXPECT_EQ(header->protocol, kProtocolTcp);
  EXPECT_EQ(header->header_size, 56);
  EXPECT_EQ(header->payload_size, 1U);
}

// Its sender is to be told (RFC 8200 4.5), so it is for reassembly to refuse.
TEST(Ipv6, AFragmentMayClaimToEndBeyondTheLargestPacket) {
  const auto header = parse(packet(kFragment, "0600 fff8 00000001 0102030405060708"_hex));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->fragment_offset + header->payload_size, 0x10000U);
}

TEST(Ipv6, EmitsAFragment) {
  IpHeader header;
  header.source = *IpAddress::parse("fd00::1");
  header.destination = *IpAddress::parse("fd00::2");
  header.protocol = kProtocolUdp;
  header.fragment_offset = 1'448;
  header.more_fragments = true;
  header.identification = 0x01020304;
  header.payload_size = 16;
  Bytes bytes(ip_fragment_header_size(Family::ipv6) + 16U);
  EXPECT_EQ(emit_ip_fragment(bytes.data(), header), 48U);
  const auto read = parse_ip(bytes, static_cast<std::uint32_t>(bytes.size()));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->has_fragment_header);
  EXPECT_TRUE(read->more_fragments);
  EXPECT_EQ(read->fragment_offset, 1'448);
  EXPECT_EQ(read->identification, 0x01020304U);
  EXPECT_EQ(read->protocol, kProtocolUdp);
  EXPECT_EQ(read->payload_size, 16U);
}

TEST(Ipv6, NoNextHeader) {
  const auto header = parse(packet(kNone, {}));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->protocol, kNone);
  EXPECT_EQ(header->payload_size, 0U);
}

TEST(Ipv6, AQuotedPacketNeedsNotBeThere) {
  Bytes bytes = packet(kDestination, "0600 0104 00000000 0102030405060708"_hex);
  store_be<std::uint16_t>(bytes.data() + 4, 1'000);
  EXPECT_EQ(error(bytes), Reason::ip_truncated);
  auto header = parse_quoted_ip(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->header_size, 48);
  EXPECT_EQ(header->payload_size, 992U);
  store_be<std::uint16_t>(bytes.data() + 4, 3);
  header = parse_quoted_ip(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->payload_size, 0U);
  bytes.resize(47);
  EXPECT_EQ(parse_quoted_ip(bytes).error(), Reason::ip_bad_extension);
}

TEST(Ipv6, WhatIsEmittedParsesToTheSame) {
  IpHeader header;
  header.source = *IpAddress::parse("2001:db8::1");
  header.destination = *IpAddress::parse("ff02::1:ff00:2");
  header.protocol = kProtocolIcmpV6;
  header.ttl = 255;
  header.tos = 0xfe;
  header.flow_label = 0xfffff;
  header.payload_size = 65'535;
  Bytes to(40);
  EXPECT_EQ(emit_ip(to.data(), header), 40U);
  const auto again = parse_ip(to, 65'575);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->source, header.source);
  EXPECT_EQ(again->destination, header.destination);
  EXPECT_EQ(again->protocol, header.protocol);
  EXPECT_EQ(again->ttl, header.ttl);
  EXPECT_EQ(again->tos, header.tos);
  EXPECT_EQ(again->flow_label, header.flow_label);
  EXPECT_EQ(again->payload_size, header.payload_size);
}

}  // namespace
}  // namespace bowline::wire
