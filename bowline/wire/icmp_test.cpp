#include "bowline/wire/icmp.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/hex_literal.hpp"

namespace bowline::wire {
namespace {

// On the heap in exactly its size, so that AddressSanitizer sees the first byte too many.
using Bytes = std::vector<std::byte>;

const IpAddress kHere = IpAddress::v4(0x0a4d0002);
const IpAddress kThere = IpAddress::v4(0x0a4d0001);
const IpAddress kHere6 = *IpAddress::parse("fd00::2");
const IpAddress kThere6 = *IpAddress::parse("fd00::1");

// The first `payload` bytes of a TCP segment that we sent: port 8080 to 40000, seq 0x01020304.
Bytes sent_packet(Family family, std::size_t payload = 8) {
  constexpr auto kTcp = "1f90 9c40 01020304 05060708 5010 ffff 0000 0000"_hex;
  IpHeader header;
  header.source = family == Family::ipv4 ? kHere : kHere6;
  header.destination = family == Family::ipv4 ? kThere : kThere6;
  header.protocol = kProtocolTcp;
  header.payload_size = 1'000;
  Bytes bytes(ip_header_size(family));
  emit_ip(bytes.data(), header);
  bytes.insert(bytes.end(), kTcp.begin(),
               kTcp.begin() + static_cast<std::ptrdiff_t>(std::min(payload, kTcp.size())));
  return bytes;
}

// An error of this type and code; `word` is the second word of its header.
Bytes error_message(std::uint8_t type, std::uint8_t code, std::uint32_t word, const Bytes& quote) {
  Bytes bytes(kIcmpHeaderSize + quote.size());
  bytes[0] = std::byte{type};
  bytes[1] = std::byte{code};
  store_be(bytes.data() + 4, word);
  std::ranges::copy(quote, bytes.begin() + kIcmpHeaderSize);
  return bytes;
}

std::expected<IcmpMessage, Reason> parse(Family family, const Bytes& bytes) {
  return parse_icmp(family, bytes, static_cast<std::uint32_t>(bytes.size()));
}

TEST(Icmp, Echo) {  // RFC 792, RFC 4443 4.1
  constexpr auto kRequest = "0800 f7fd 1234 0002 6162"_hex;
  const auto request = parse_icmp(Family::ipv4, kRequest, 10);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->kind, IcmpKind::echo_request);
  EXPECT_EQ(request->identifier, 0x1234);
  EXPECT_EQ(request->sequence, 2);
  EXPECT_EQ(request->checksum, 0xf7fd);
  EXPECT_FALSE(request->quote);
  EXPECT_EQ(parse(Family::ipv4, Bytes(8))->kind, IcmpKind::echo_reply) << "eight zeros";
  EXPECT_EQ(parse_icmp(Family::ipv6, "8000 0000 1234 0002"_hex, 8)->kind, IcmpKind::echo_request);
  EXPECT_EQ(parse_icmp(Family::ipv6, "8100 0000 1234 0002"_hex, 8)->kind, IcmpKind::echo_reply);
}

TEST(Icmp, ShorterThan8BytesIsMalformed) {
  for (std::size_t size = 0; size < 8; ++size) {
    EXPECT_EQ(parse(Family::ipv4, Bytes(size)).error(), Reason::icmp_malformed) << size;
    EXPECT_EQ(parse_icmp(Family::ipv4, Bytes(20), static_cast<std::uint32_t>(size)).error(),
              Reason::icmp_malformed)
        << "padding is no message: " << size;
  }
}

TEST(Icmp, QuotedTcpSegment) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const bool v4 = family == Family::ipv4;
    const auto message =
        parse(family, error_message(v4 ? 3 : 1, v4 ? 3 : 4, 0, sent_packet(family)));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->kind, IcmpKind::port_unreachable);
    ASSERT_TRUE(message->quote);
    EXPECT_EQ(message->quote->ip.source, v4 ? kHere : kHere6);
    EXPECT_EQ(message->quote->ip.destination, v4 ? kThere : kThere6);
    EXPECT_EQ(message->quote->ip.protocol, kProtocolTcp);
    EXPECT_EQ(message->quote->source_port, 8080);
    EXPECT_EQ(message->quote->destination_port, 40000);
    EXPECT_EQ(message->quote->seq, SeqNumber(0x01020304));
  }
}

TEST(Icmp, EveryShorterQuoteIsMalformed) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const Bytes whole = sent_packet(family);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes quote(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const auto message = parse(family, error_message(3, 1, 0, quote));
      ASSERT_FALSE(message) << size;
      EXPECT_EQ(message.error(), Reason::icmp_malformed);
    }
  }
}

TEST(Icmp, AQuoteOfTheOtherFamilyIsMalformed) {
  EXPECT_FALSE(parse(Family::ipv4, error_message(3, 1, 0, sent_packet(Family::ipv6))));
  EXPECT_FALSE(parse(Family::ipv6, error_message(1, 0, 0, sent_packet(Family::ipv4))));
}

TEST(Icmp, OtherProtocolsAndLaterFragmentsHaveNoPorts) {
  Bytes quote = sent_packet(Family::ipv4, 0);
  quote[9] = std::byte{kProtocolIcmp};
  auto message = parse(Family::ipv4, error_message(3, 1, 0, quote));
  ASSERT_TRUE(message) << "no ports are needed, so none need be there";
  EXPECT_EQ(message->quote->source_port, 0);

  quote = sent_packet(Family::ipv4, 8);
  store_be<std::uint16_t>(quote.data() + 6, 185);
  message = parse(Family::ipv4, error_message(3, 1, 0, quote));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->quote->source_port, 0) << "these eight bytes are from the middle";
  EXPECT_EQ(message->quote->seq, SeqNumber(0));
}

TEST(Icmp, QuotedUdpHasPortsAndNoSequenceNumber) {
  Bytes quote = sent_packet(Family::ipv4, 8);
  quote[9] = std::byte{kProtocolUdp};
  const auto message = parse(Family::ipv4, error_message(3, 3, 0, quote));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->quote->destination_port, 40000);
  EXPECT_EQ(message->quote->seq, SeqNumber(0));
}

TEST(Icmp, NextHopMtu) {
  // RFC 1191 4: the lower half of the word; what stands in the upper one is no part of it.
  EXPECT_EQ(parse(Family::ipv4, error_message(3, 4, 0xffff'0578, sent_packet(Family::ipv4)))->mtu,
            1400U);
  EXPECT_EQ(parse(Family::ipv4, error_message(3, 4, 0, sent_packet(Family::ipv4)))->mtu, 0U);
  // RFC 4443 3.2: all of it.
  EXPECT_EQ(parse(Family::ipv6, error_message(2, 0, 0x10500, sent_packet(Family::ipv6)))->mtu,
            0x10500U);
  EXPECT_EQ(parse(Family::ipv4, error_message(3, 1, 1400, sent_packet(Family::ipv4)))->mtu, 0U)
      << "of no other kind";
}

TEST(Icmp, KindsOfIpv4) {  // RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1
  const auto kind = [](std::uint8_t type, std::uint8_t code) {
    return parse(Family::ipv4, error_message(type, code, 0, sent_packet(Family::ipv4)))->kind;
  };
  EXPECT_EQ(kind(3, 0), IcmpKind::network_unreachable);
  EXPECT_EQ(kind(3, 1), IcmpKind::host_unreachable);
  EXPECT_EQ(kind(3, 2), IcmpKind::protocol_unreachable);
  EXPECT_EQ(kind(3, 3), IcmpKind::port_unreachable);
  EXPECT_EQ(kind(3, 4), IcmpKind::packet_too_big);
  EXPECT_EQ(kind(3, 5), IcmpKind::host_unreachable);
  EXPECT_EQ(kind(3, 9), IcmpKind::prohibited);
  EXPECT_EQ(kind(3, 13), IcmpKind::prohibited);
  EXPECT_EQ(kind(3, 15), IcmpKind::prohibited);
  EXPECT_EQ(kind(3, 16), IcmpKind::network_unreachable);
  EXPECT_EQ(kind(3, 255), IcmpKind::network_unreachable);
  EXPECT_EQ(kind(11, 0), IcmpKind::time_exceeded);
  EXPECT_EQ(kind(11, 1), IcmpKind::reassembly_timeout);
  EXPECT_EQ(kind(12, 0), IcmpKind::parameter_problem);
  EXPECT_EQ(kind(4, 0), IcmpKind::other) << "source quench: RFC 6633, RFC 9293 MUST-55";
  EXPECT_EQ(kind(5, 1), IcmpKind::other) << "redirect";
  EXPECT_EQ(kind(13, 0), IcmpKind::other);
}

TEST(Icmp, KindsOfIpv6) {  // RFC 4443 3
  const auto kind = [](std::uint8_t type, std::uint8_t code) {
    return parse(Family::ipv6, error_message(type, code, 0, sent_packet(Family::ipv6)))->kind;
  };
  EXPECT_EQ(kind(1, 0), IcmpKind::network_unreachable);
  EXPECT_EQ(kind(1, 1), IcmpKind::prohibited);
  EXPECT_EQ(kind(1, 3), IcmpKind::host_unreachable);
  EXPECT_EQ(kind(1, 4), IcmpKind::port_unreachable);
  EXPECT_EQ(kind(1, 6), IcmpKind::prohibited);
  EXPECT_EQ(kind(1, 7), IcmpKind::network_unreachable);
  EXPECT_EQ(kind(2, 0), IcmpKind::packet_too_big);
  EXPECT_EQ(kind(3, 0), IcmpKind::time_exceeded);
  EXPECT_EQ(kind(3, 1), IcmpKind::reassembly_timeout);
  EXPECT_EQ(kind(4, 0), IcmpKind::parameter_problem);
  EXPECT_EQ(kind(4, 1), IcmpKind::protocol_unreachable);
  EXPECT_EQ(kind(4, 3), IcmpKind::incomplete_headers);
  EXPECT_EQ(kind(135, 0), IcmpKind::other);
}

TEST(Icmp, TypeAndCodeOfEveryKindParseToTheKind) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    for (int i = 0; i < static_cast<int>(IcmpKind::other); ++i) {
      const auto kind = static_cast<IcmpKind>(i);
      if (family == Family::ipv4 && kind == IcmpKind::incomplete_headers) continue;  // has none
      const auto [type, code] = icmp_type_code(family, kind);
      EXPECT_EQ(parse(family, error_message(type, code, 0, sent_packet(family)))->kind, kind) << i;
    }
  }
}

TEST(Icmp, EmitsAnEchoReply) {
  constexpr auto kData = "616263"_hex;
  Bytes bytes(8);
  EXPECT_EQ(
      emit_icmp_echo(bytes.data(), Family::ipv4, IcmpKind::echo_reply, 0x1234, 2, sum_of(kData)),
      8U);
  bytes.insert(bytes.end(), kData.begin(), kData.end());
  EXPECT_TRUE(sum_of(bytes).verifies());
  const auto reply = parse(Family::ipv4, bytes);
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->kind, IcmpKind::echo_reply);
  EXPECT_EQ(reply->identifier, 0x1234);
  EXPECT_EQ(reply->sequence, 2);
}

TEST(Icmp, ChecksumOfIpv6CoversThePseudoHeader) {  // RFC 4443 2.3
  constexpr auto kData = "616263"_hex;
  const ChecksumSum pseudo = pseudo_header_sum(kHere6, kThere6, kProtocolIcmpV6, 11);
  ChecksumSum rest = pseudo;
  rest.add(kData);
  Bytes bytes(8);
  emit_icmp_echo(bytes.data(), Family::ipv6, IcmpKind::echo_reply, 1, 2, rest);
  bytes.insert(bytes.end(), kData.begin(), kData.end());
  EXPECT_EQ(bytes[0], std::byte{129});
  EXPECT_FALSE(sum_of(bytes).verifies());
  ChecksumSum all = pseudo;
  all.add(bytes);
  EXPECT_TRUE(all.verifies());
}

TEST(Icmp, EmitsAnErrorThatParsesBack) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const bool v4 = family == Family::ipv4;
    // The offending packet came from there to us, but the quote is what matters here.
    const Bytes offending = sent_packet(family, 20);
    Bytes to(1'500);
    to.resize(emit_icmp_error(to, IcmpKind::packet_too_big, 1400, v4 ? kHere : kHere6,
                              v4 ? kThere : kThere6, offending));
    ASSERT_EQ(to.size(), 8 + offending.size());
    ChecksumSum sum;
    if (!v4) sum = pseudo_header_sum(kHere6, kThere6, kProtocolIcmpV6, 68);
    sum.add(to);
    EXPECT_TRUE(sum.verifies());
    const auto message = parse(family, to);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->kind, IcmpKind::packet_too_big);
    EXPECT_EQ(message->mtu, 1400U);
    EXPECT_TRUE(std::equal(offending.begin(), offending.end(), to.begin() + 8));
  }
}

TEST(Icmp, AnErrorQuotesAsMuchAsItsPacketMayHold) {  // RFC 1812 4.3.2.3, RFC 4443 2.4c
  Bytes offending = sent_packet(Family::ipv4);
  offending.resize(2'000);
  Bytes to(2'000);
  EXPECT_EQ(emit_icmp_error(to, IcmpKind::port_unreachable, 0, kHere, kThere, offending),
            576U - 20);
  EXPECT_EQ(emit_icmp_error(to, IcmpKind::port_unreachable, 0, kHere6, kThere6, offending),
            1280U - 40);
}

TEST(Icmp, ChecksumOfAnErrorOfOddLength) {
  for (std::size_t payload = 8; payload <= 20; ++payload) {
    Bytes to(100);
    to.resize(emit_icmp_error(to, IcmpKind::port_unreachable, 0, kHere6, kThere6,
                              sent_packet(Family::ipv6, payload)));
    ChecksumSum sum =
        pseudo_header_sum(kHere6, kThere6, kProtocolIcmpV6, static_cast<std::uint32_t>(to.size()));
    sum.add(to);
    EXPECT_TRUE(sum.verifies()) << payload;
  }
}

TEST(Icmp, AnErrorStaysInTheRoomThatItHas) {
  const Bytes offending = sent_packet(Family::ipv4, 20);
  for (std::size_t room = 0; room < 48; ++room) {
    Bytes to(room);
    EXPECT_EQ(emit_icmp_error(to, IcmpKind::port_unreachable, 0, kHere, kThere, offending),
              room < 8 ? 0 : room);
  }
}

TEST(Icmp, PointerOfAParameterProblem) {  // RFC 792: a byte; RFC 4443 3.4: a word
  Bytes to(100);
  (void)emit_icmp_error(to, IcmpKind::parameter_problem, 20, kHere, kThere,
                        sent_packet(Family::ipv4));
  EXPECT_EQ(load_be<std::uint32_t>(to.data() + 4), 20U << 24U);
  (void)emit_icmp_error(to, IcmpKind::parameter_problem, 40, kHere6, kThere6,
                        sent_packet(Family::ipv6));
  EXPECT_EQ(load_be<std::uint32_t>(to.data() + 4), 40U);
}

TEST(Icmp, WhichKindsAreErrors) {
  EXPECT_FALSE(is_error(IcmpKind::echo_request));
  EXPECT_FALSE(is_error(IcmpKind::echo_reply));
  EXPECT_FALSE(is_error(IcmpKind::other));
  EXPECT_TRUE(is_error(IcmpKind::packet_too_big));
  EXPECT_TRUE(is_error(IcmpKind::parameter_problem));
}

}  // namespace
}  // namespace bowline::wire
