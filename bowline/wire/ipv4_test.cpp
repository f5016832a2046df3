#include "bowline/wire/ipv4.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/hex_literal.hpp"

namespace bowline::wire {
namespace {

// On the heap in exactly its size, so that AddressSanitizer sees the first byte too many.
using Bytes = std::vector<std::byte>;

// A packet of 115 bytes, from 192.168.0.1 to 192.168.0.199.
constexpr auto kHeader = "4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7"_hex;

// A header with `options` in front of `payload` bytes, its lengths and checksum right.
Bytes packet_with(std::span<const std::byte> options, std::size_t payload) {
  const std::size_t header = kHeader.size() + options.size();
  Bytes bytes(header + payload);
  std::ranges::copy(options, std::ranges::copy(kHeader, bytes.begin()).out);
  bytes[0] = static_cast<std::byte>(0x40U | header / 4);
  store_be(bytes.data() + 2, static_cast<std::uint16_t>(bytes.size()));
  store_be<std::uint16_t>(bytes.data() + 10, 0);
  store_be(bytes.data() + 10, sum_of(std::span(bytes).first(header)).finish());
  return bytes;
}

std::expected<IpHeader, Reason> parse(const Bytes& bytes,
                                      HeaderChecksum checksum = HeaderChecksum::verify) {
  return parse_ip(bytes, static_cast<std::uint32_t>(bytes.size()), checksum);
}

Reason error(const Bytes& bytes, HeaderChecksum checksum = HeaderChecksum::verify) {
  const auto header = parse(bytes, checksum);
  return header ? Reason::interface_unknown : header.error();
}

TEST(Ipv4, ParsesAHeader) {
  const auto header = parse_ip(kHeader, 115);  // the payload stands in other pieces
  ASSERT_TRUE(header);
  EXPECT_EQ(header->family(), Family::ipv4);
  EXPECT_EQ(header->source, IpAddress::v4(0xc0a80001));
  EXPECT_EQ(header->destination, IpAddress::v4(0xc0a800c7));
  EXPECT_EQ(header->protocol, kProtocolUdp);
  EXPECT_EQ(header->ttl, 64);
  EXPECT_EQ(header->tos, 0);
  EXPECT_TRUE(header->dont_fragment);
  EXPECT_FALSE(header->is_fragment());
  EXPECT_EQ(header->header_size, 20);
  EXPECT_EQ(header->payload_size, 95U);
  EXPECT_EQ(header->total_size(), 115U);
}

TEST(Ipv4, EveryFieldAtItsPlace) {
  const auto header =
      parse_ip("45 b9 0014 1234 0000 7f 06 0000 01020304 05060708"_hex, 20, HeaderChecksum::trust);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->tos, 0xb9);
  EXPECT_EQ(header->tos & kEcnMask, kEcnCapable1);
  EXPECT_EQ(header->identification, 0x1234U);
  EXPECT_FALSE(header->dont_fragment);
  EXPECT_EQ(header->ttl, 127);
  EXPECT_EQ(header->protocol, kProtocolTcp);
  EXPECT_EQ(header->source.v4_value(), 0x01020304U);
  EXPECT_EQ(header->destination.v4_value(), 0x05060708U);
  EXPECT_EQ(header->payload_size, 0U);
}

TEST(Ipv4, AFrameMayBeLongerThanItsPacket) {  // Ethernet pads to 60 bytes
  Bytes bytes = packet_with({}, 6);
  bytes.resize(46);
  const auto header = parse(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->payload_size, 6U);
}

TEST(Ipv4, AFrameThatIsShorterThanItsPacketIsTruncated) {
  const Bytes bytes = packet_with({}, 100);
  EXPECT_TRUE(parse_ip(bytes, 120));
  EXPECT_EQ(parse_ip(std::span(bytes).first(119), 119).error(), Reason::ip_truncated);
}

TEST(Ipv4, EveryPrefixOfAHeaderIsTruncated) {
  const Bytes whole = packet_with("01010101 01010101"_hex, 0);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Bytes bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(error(bytes), Reason::ip_truncated) << size;
    // It does not help that the frame goes on in another piece: headers stand in the first.
    EXPECT_EQ(parse_ip(bytes, 28).error(), Reason::ip_truncated) << size;
  }
}

TEST(Ipv4, HeaderLengthBelowFiveWords) {
  for (unsigned words = 0; words < 5; ++words) {
    Bytes bytes = packet_with({}, 20);
    bytes[0] = static_cast<std::byte>(0x40U | words);
    EXPECT_EQ(error(bytes, HeaderChecksum::trust), Reason::ip_bad_header) << words;
  }
}

TEST(Ipv4, TotalLengthBelowTheHeaderLength) {
  Bytes bytes = packet_with("01010101"_hex, 10);
  for (std::uint16_t total = 0; total < 24; ++total) {
    store_be(bytes.data() + 2, total);
    EXPECT_EQ(error(bytes, HeaderChecksum::trust), Reason::ip_bad_header) << total;
  }
}

TEST(Ipv4, AWrongChecksumIsSeenUnlessTheLinkVouches) {  // RFC 1122 3.2.1.2
  for (std::size_t bit = 0; bit < 160; ++bit) {
    if (bit < 8 || (bit >= 16 && bit < 32)) continue;  // version, lengths: other errors come first
    Bytes bytes = packet_with({}, 0);
    bytes[bit / 8] ^= static_cast<std::byte>(0x80U >> bit % 8);
    EXPECT_EQ(error(bytes), Reason::ip_bad_checksum) << "bit " << bit;
    EXPECT_TRUE(parse(bytes, HeaderChecksum::trust)) << "bit " << bit;
  }
}

TEST(Ipv4, ChecksumCoversTheOptions) {
  Bytes bytes = packet_with("94040000"_hex, 0);  // router alert
  EXPECT_TRUE(parse(bytes));
  bytes[23] = std::byte{1};
  EXPECT_EQ(error(bytes), Reason::ip_bad_checksum);
}

// MUST-50
TEST(Ipv4, OptionsAreSkipped) {  // RFC 1122 3.2.1.8: unknown ones are ignored
  const auto whole = parse(packet_with("01 07 07 04 00000000 99 03 00 00"_hex, 8));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->header_size, 32);
  EXPECT_EQ(whole->payload_size, 8U);
  EXPECT_FALSE(whole->source_routed);
}

TEST(Ipv4, SourceRoutesAreTold) {
  EXPECT_TRUE(parse(packet_with("83 07 04 01020304 00"_hex, 0))->source_routed);
  EXPECT_TRUE(parse(packet_with("89 07 04 01020304 00"_hex, 0))->source_routed);
  EXPECT_FALSE(parse(packet_with("00 83 07 04 01020304"_hex, 0))->source_routed)
      << "behind the end of the list";
}

TEST(Ipv4, MalformedOptions) {
  EXPECT_EQ(error(packet_with("07000000"_hex, 8)), Reason::ip_bad_header) << "length 0";
  EXPECT_EQ(error(packet_with("07010000"_hex, 8)), Reason::ip_bad_header) << "length 1";
  EXPECT_EQ(error(packet_with("07050000"_hex, 8)), Reason::ip_bad_header) << "beyond the header";
  EXPECT_EQ(error(packet_with("01010107"_hex, 8)), Reason::ip_bad_header) << "no length";
}

TEST(Ipv4, Fragments) {  // RFC 791 3.2
  Bytes bytes = packet_with({}, 16);
  store_be<std::uint16_t>(bytes.data() + 6, 0x2000);
  auto header = parse(bytes, HeaderChecksum::trust);
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->is_fragment());
  EXPECT_TRUE(header->more_fragments);
  EXPECT_EQ(header->fragment_offset, 0);

  store_be<std::uint16_t>(bytes.data() + 6, 0x00b9);
  header = parse(bytes, HeaderChecksum::trust);
  ASSERT_TRUE(header);
  EXPECT_TRUE(header->is_fragment());
  EXPECT_FALSE(header->more_fragments);
  EXPECT_FALSE(header->dont_fragment);
  EXPECT_EQ(header->fragment_offset, 185 * 8);
}

TEST(Ipv4, AFragmentMustEndWithinTheLargestPacket) {
  Bytes bytes = packet_with({}, 16);
  store_be<std::uint16_t>(bytes.data() + 6, 8187);  // 65496 + 20 + 16 = 65532
  EXPECT_TRUE(parse(bytes, HeaderChecksum::trust));
  store_be<std::uint16_t>(bytes.data() + 6, 8188);
  EXPECT_EQ(error(bytes, HeaderChecksum::trust), Reason::ip_bad_header);
}

TEST(Ipv4, OtherVersions) {
  EXPECT_EQ(error({}), Reason::ip_truncated);
  for (unsigned version = 0; version < 16; ++version) {
    if (version == 4 || version == 6) continue;
    Bytes bytes = packet_with({}, 0);
    bytes[0] = static_cast<std::byte>(version << 4U | 5U);
    EXPECT_EQ(error(bytes), Reason::ip_bad_version) << version;
  }
}

TEST(Ipv4, AQuotedPacketNeedsNotBeThere) {
  Bytes bytes = packet_with({}, 1'000);
  bytes.resize(28);
  bytes[8] = std::byte{1};  // a router took from the TTL and did not mend the checksum
  EXPECT_EQ(error(bytes), Reason::ip_truncated);
  const auto header = parse_quoted_ip(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->payload_size, 1'000U);
  EXPECT_EQ(header->header_size, 20);
  bytes.resize(19);
  EXPECT_EQ(parse_quoted_ip(bytes).error(), Reason::ip_truncated);
  EXPECT_EQ(parse_quoted_ip({}).error(), Reason::ip_truncated);
  EXPECT_EQ(parse_quoted_ip("55"_hex).error(), Reason::ip_bad_version);
}

TEST(Ipv4, AQuotedLengthMayBeNonsense) {  // some stacks leave it in the wrong byte order
  Bytes bytes = packet_with({}, 8);
  store_be<std::uint16_t>(bytes.data() + 2, 3);
  const auto header = parse_quoted_ip(bytes);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->payload_size, 0U);
}

TEST(Ipv4, EmitsTheHeaderWithItsChecksum) {
  const IpHeader header = parse_ip(kHeader, 115).value();
  Bytes to(20);
  EXPECT_EQ(emit_ip(to.data(), header), 20U);
  EXPECT_EQ(to, Bytes(kHeader.begin(), kHeader.end()));
}

TEST(Ipv4, WhatIsEmittedParsesToTheSame) {
  IpHeader header;
  header.source = IpAddress::v4(0x01020304);
  header.destination = IpAddress::v4(0xfffefdfc);
  header.protocol = kProtocolTcp;
  header.ttl = 255;
  header.tos = 0xff;
  header.dont_fragment = false;
  header.more_fragments = true;
  header.fragment_offset = 1480;
  header.identification = 0xffff;
  header.payload_size = 64'000;
  Bytes to(20);
  EXPECT_EQ(emit_ip(to.data(), header), 20U);
  const auto again = parse_ip(to, 64'020);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->source, header.source);
  EXPECT_EQ(again->destination, header.destination);
  EXPECT_EQ(again->protocol, header.protocol);
  EXPECT_EQ(again->ttl, header.ttl);
  EXPECT_EQ(again->tos, header.tos);
  EXPECT_EQ(again->dont_fragment, header.dont_fragment);
  EXPECT_EQ(again->more_fragments, header.more_fragments);
  EXPECT_EQ(again->fragment_offset, header.fragment_offset);
  EXPECT_EQ(again->identification, header.identification);
  EXPECT_EQ(again->payload_size, header.payload_size);
}

TEST(Ipv4, TheLargestPacket) {
  IpHeader header;
  header.payload_size = 65'515;
  Bytes to(20);
  emit_ip(to.data(), header);
  const auto again = parse_ip(to, 65'535);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->total_size(), 65'535U);
}

}  // namespace
}  // namespace bowline::wire
