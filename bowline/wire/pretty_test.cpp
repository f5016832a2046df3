#include "bowline/wire/pretty.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/hex_literal.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::wire {
namespace {

using Bytes = std::vector<std::byte>;

std::string line(std::span<const std::byte> packet, std::size_t size = 0) {
  std::array<char, kMaxPretty> buffer;
  return std::string(pretty(buffer, packet, size));
}

// An IP packet of `protocol` from `from` to `to`, which are addresses of one family.
Bytes packet(std::string_view from, std::string_view to, std::uint8_t protocol,
             std::span<const std::byte> payload) {
  IpHeader header;
  header.source = *IpAddress::parse(from);
  header.destination = *IpAddress::parse(to);
  header.protocol = protocol;
  header.payload_size = static_cast<std::uint32_t>(payload.size());
  Bytes bytes(ip_header_size(header.family()));
  emit_ip(bytes.data(), header);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

Bytes tcp(std::span<const std::byte> segment) { return packet("10.0.0.1", "10.0.0.2", 6, segment); }

// CLAIMS.md, "The traced example of 002", as tcpdump 4.99 prints it with -n -t -S.
TEST(Pretty, TheTracedExample) {
  EXPECT_EQ(line(packet("192.168.1.116", "192.168.1.123", 6,
                        "0d091e6cd828aec4000000005002ffff79400000"_hex)),
            "IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [S], seq 3626544836, win 65535, "
            "length 0");
  EXPECT_EQ(line(packet("192.168.1.123", "192.168.1.116", 6,
                        "1e6c0d0967ac0416d828aec55012ffff0d6d0000"_hex)),
            "IP 192.168.1.123.7788 > 192.168.1.116.3337: Flags [S.], seq 1739326486, ack "
            "3626544837, win 65535, length 0");
  EXPECT_EQ(line(packet("192.168.1.116", "192.168.1.123", 6,
                        "0d091e6cd828aec567ac04175010ffff0d6e0000"_hex)),
            "IP 192.168.1.116.3337 > 192.168.1.123.7788: Flags [.], ack 1739326487, win 65535, "
            "length 0");
}

TEST(Pretty, Options) {
  EXPECT_EQ(line(tcp("04d2 0050 00000001 00000000 a002 ffff 0000 0000"
                     "020405b4 0402 080a 00000064 00000000 01 030307"_hex)),
            "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [S], seq 1, win 65535, options [mss "
            "1460,sackOK,TS val 100 ecr 0,nop,wscale 7], length 0");
  EXPECT_EQ(
      line(tcp("04d2 0050 00000001 00000002 d010 ffff 0000 0000"
               "0101 0512 00000001 00000002 00000003 00000004 220a 0102030405060708 0101"_hex)),
      "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [.], ack 2, win 65535, options [nop,nop,sack 2 "
      "{1:2}{3:4},tfo  cookie 0102030405060708,nop,nop], length 0");
  EXPECT_EQ(
      line(tcp("04d2 0050 00000001 00000002 8010 ffff 0000 0000 2202 fd06abcdef01 4c02 0000"_hex)),
      "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [.], ack 2, win 65535, options [tfo  "
      "cookiereq,unknown-253 0xabcdef01,unknown-76,eol], length 0");
}

TEST(Pretty, BadOptionsAreShownAsFarAsTheyGo) {
  EXPECT_EQ(line(tcp("04d2 0050 00000001 00000002 7010 ffff 0000 0000 020405b4 08ff0101 41"_hex)),
            "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [.], seq 1:2, ack 2, win 65535, options [mss "
            "1460,bad opt], length 1");
  EXPECT_EQ(line(tcp("04d2 0050 00000001 00000002 6010 ffff 0000 0000 0300 0101"_hex)),
            "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [.], ack 2, win 65535, options [bad opt], "
            "length 0");
}

TEST(Pretty, FlagsAndData) {
  EXPECT_EQ(line(tcp("04d2 0050 ffffffff 00000002 51ff 0001 0000 0009 4142"_hex)),
            "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [FSRP.UEWe], seq 4294967295:1, ack 2, win 1, "
            "urg 9, length 2");
  EXPECT_EQ(line(tcp("04d2 0050 00000001 00000002 5000 0001 0000 0000"_hex)),
            "IP 10.0.0.1.1234 > 10.0.0.2.80: Flags [none], win 1, length 0");
}

TEST(Pretty, Ipv6) {
  EXPECT_EQ(
      line(packet("fd00::1", "fd00::2", 6, "04d2 0050 00000001 00000000 5004 0000 0000 0000"_hex)),
      "IP6 fd00::1.1234 > fd00::2.80: Flags [R], seq 1, win 0, length 0");
}

TEST(Pretty, UdpAndIcmp) {
  EXPECT_EQ(line(packet("10.0.0.1", "10.0.0.2", 17, "0035 1000 000b 0000 010203"_hex)),
            "IP 10.0.0.1.53 > 10.0.0.2.4096: UDP, length 3");
  EXPECT_EQ(line(packet("10.0.0.1", "10.0.0.2", 1, "0800 0000 0007 0008 61"_hex)),
            "IP 10.0.0.1 > 10.0.0.2: ICMP echo request, id 7, seq 8, length 9");
  EXPECT_EQ(line(packet("fd00::1", "fd00::2", 58, "8100 0000 0007 0008"_hex)),
            "IP6 fd00::1 > fd00::2: ICMP6, echo reply, id 7, seq 8, length 8");
  EXPECT_EQ(line(packet("10.0.0.1", "10.0.0.2", 1, "0d00 0000 0007 0008"_hex)),
            "IP 10.0.0.1 > 10.0.0.2: ICMP type 13, code 0, length 8");
}

TEST(Pretty, IcmpErrorsNameThePacketTheyAreAbout) {
  const Bytes offending =
      packet("10.0.0.2", "10.0.0.1", 6, "0050 04d2 00000009 00000000 5010 0000 0000 0000"_hex);
  Bytes message(600);
  message.resize(emit_icmp_error(message, IcmpKind::packet_too_big, 1400,
                                 *IpAddress::parse("10.0.0.254"), *IpAddress::parse("10.0.0.2"),
                                 offending));
  EXPECT_EQ(line(packet("10.0.0.254", "10.0.0.2", 1, message)),
            "IP 10.0.0.254 > 10.0.0.2: ICMP packet too big, mtu 1400, about (10.0.0.2.80 > "
            "10.0.0.1.1234: seq 9), length 48");
}

TEST(Pretty, WhatCannotBeParsedSaysWhy) {
  EXPECT_EQ(line({}), "IP [ip_truncated], length 0");
  EXPECT_EQ(line("5500"_hex), "IP [ip_bad_version], length 2");
  EXPECT_EQ(line(tcp("04d2 0050 0000"_hex)), "IP 10.0.0.1 > 10.0.0.2: [tcp_truncated], length 6");
  EXPECT_EQ(line(tcp("04d2 0050 00000001 00000002 4010 ffff 0000 0000"_hex)),
            "IP 10.0.0.1 > 10.0.0.2: [tcp_bad_offset], length 20");
  EXPECT_EQ(line(packet("10.0.0.1", "10.0.0.2", 17, "0035 1000 0007 0000"_hex)),
            "IP 10.0.0.1 > 10.0.0.2: [udp_malformed], length 8");
  EXPECT_EQ(line(packet("10.0.0.1", "10.0.0.2", 1, "0301 0000 00000000"_hex)),
            "IP 10.0.0.1 > 10.0.0.2: ICMP [icmp_malformed], length 8");
  EXPECT_EQ(line(packet("10.0.0.1", "10.0.0.2", 132, "00"_hex)),
            "IP 10.0.0.1 > 10.0.0.2: protocol 132, length 1");
}

TEST(Pretty, Fragments) {
  Bytes bytes = packet("10.0.0.1", "10.0.0.2", 6, Bytes(16));
  store_be<std::uint16_t>(bytes.data() + 6, 0x2003);
  EXPECT_EQ(line(bytes), "IP 10.0.0.1 > 10.0.0.2: fragment, id 0, offset 24, more, length 16");
}

TEST(Pretty, TheFirstPieceOfAPacketWillDo) {
  Bytes bytes = packet("10.0.0.1", "10.0.0.2", 6, Bytes(1'020));
  store_be<std::uint16_t>(bytes.data() + 32, 0x5010);
  EXPECT_EQ(line(std::span(bytes).first(40), bytes.size()),
            "IP 10.0.0.1.0 > 10.0.0.2.0: Flags [.], seq 0:1000, ack 0, win 0, length 1000");
}

TEST(Pretty, IsCutWhereTheMemoryEnds) {
  const Bytes bytes = tcp("04d2 0050 00000001 00000002 5010 ffff 0000 0000"_hex);
  const std::string whole = line(bytes);
  for (std::size_t room = 0; room < whole.size(); ++room) {
    std::vector<char> buffer(room);
    EXPECT_EQ(pretty(buffer, bytes), whole.substr(0, room));
  }
}

TEST(Pretty, EveryLineHasRoom) {
  // 40 no-operations are the longest options; the longest addresses are IPv6's.
  Bytes segment(60, std::byte{1});
  segment[12] = std::byte{0xf1};
  segment[13] = std::byte{0xff};
  const std::string text = line(packet("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                       "fdff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 6, segment));
  EXPECT_LT(text.size(), kMaxPretty);
  EXPECT_TRUE(text.ends_with(", length 0"));
}

}  // namespace
}  // namespace bowline::wire
