// Packets: < [ip] flags first:last(bytes) ack n win n urg n <options>, udp (bytes), icmp ...

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "bowline/packetdrill/language/bounds.hpp"
#include "bowline/packetdrill/language/parts.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

constexpr std::int64_t kMax8 = 0xff;
constexpr std::int64_t kMax16 = 0xffff;
constexpr std::int64_t kMax20 = 0xf'ffff;
constexpr std::int64_t kMax32 = 0xffff'ffff;

// What a word of [ ] or ( ) in front of a packet says.
void parse_ip_part(Cursor& cursor, Way way, IpSpec& ip) {
  const Token token = cursor.take();
  if (token.is("noecn")) {
    ip.ecn = wire::kEcnNotCapable;
  } else if (token.is("ect0")) {
    ip.ecn = wire::kEcnCapable0;
  } else if (token.is("ect1")) {
    ip.ecn = wire::kEcnCapable1;
  } else if (token.is("ce")) {
    ip.ecn = wire::kEcnCongested;
  } else if (token.is("ect01")) {
    if (way == Way::inbound) {
      throw SyntaxError(token.position, "[ect01] is for outbound packets: say ect0 or ect1");
    }
    ip.any_ect = true;
  } else if (token.is("tos")) {
    ip.tos = static_cast<std::uint8_t>(cursor.number("a type of service", 0, kMax8));
  } else if (token.is("ttl")) {
    ip.ttl = static_cast<std::uint8_t>(cursor.number("a time to live", 1, kMax8));
  } else if (token.is("flowlabel")) {
    ip.flow_label = static_cast<std::uint32_t>(cursor.number("a flow label", 0, kMax20));
  } else {
    throw SyntaxError(
        token.position,
        "expected noecn, ect0, ect1, ect01, ce, tos, ttl or flowlabel, not " + describe(token));
  }
}

IpSpec parse_ip(Cursor& cursor, Way way) {
  IpSpec ip;
  const bool square = cursor.peek().is('[');
  if (!square && !cursor.peek().is('(')) return ip;
  cursor.take();
  do {
    parse_ip_part(cursor, way, ip);
  } while (cursor.accept(','));
  cursor.expect(square ? ']' : ')', "behind the IP header's fields");
  return ip;
}

// 8080 > 1234, in front of what else begins with a number: first:last(bytes).
void parse_ports(Cursor& cursor, PacketSpec& packet) {
  if (cursor.peek().kind != TokenKind::integer || !cursor.peek_second().is('>')) return;
  packet.source_port = static_cast<std::uint16_t>(cursor.number("a port", 0, kMax16));
  cursor.take();
  packet.destination_port = static_cast<std::uint16_t>(cursor.number("a port", 0, kMax16));
}

std::uint16_t flag_of(char letter) noexcept {
  switch (letter) {
    case 'F':
      return wire::kFin;
    case 'S':
      return wire::kSyn;
    case 'R':
      return wire::kRst;
    case 'P':
      return wire::kPsh;
    case 'U':
      return wire::kUrg;
    case 'E':
      return wire::kEce;
    case 'W':
      return wire::kCwr;
    case 'A':
      return wire::kAe;
    case '.':
      return wire::kAck;
    default:
      return 0;
  }
}

constexpr std::uint16_t kEcnFlags = wire::kEce | wire::kCwr | wire::kAe;

std::uint16_t ace_flags(unsigned ace) noexcept {
  return static_cast<std::uint16_t>(((ace & 1U) != 0 ? wire::kEce : 0) |
                                    ((ace & 2U) != 0 ? wire::kCwr : 0) |
                                    ((ace & 4U) != 0 ? wire::kAe : 0));
}

// One letter, the dot, or a digit of 0 to 7: the ACE field as a number.
void add_flag(char letter, Position position, TcpSpec& segment) {
  if (letter >= '0' && letter <= '7') {
    if (segment.ace || (segment.flags & kEcnFlags) != 0) {
      throw SyntaxError(position, "the ACE field is given twice");
    }
    segment.ace = letter != '0';
    segment.flags |= ace_flags(static_cast<unsigned>(letter - '0'));
    return;
  }
  const std::uint16_t flag = flag_of(letter);
  if (flag == 0) {
    throw SyntaxError(
        position, std::string("expected TCP flags of FSRPEWAU. and 0 to 7, not '") + letter + "'");
  }
  if (segment.ace && (flag & kEcnFlags) != 0) {
    throw SyntaxError(position, "the ACE field is given twice");
  }
  segment.flags |= flag;
}

// SEW, S., P., ., -, .5, S.5: a word, a point, a point with a number, or '-' for none at all.
void parse_flags(Cursor& cursor, TcpSpec& segment) {
  const Token& next = cursor.peek();
  if (cursor.accept('-')) return;
  if (next.kind != TokenKind::word && !next.is('.') && next.kind != TokenKind::decimal) {
    cursor.fail("TCP flags ('S.', '.', 'P.', '-'), 'udp' or 'icmp'");
  }
  if (next.kind == TokenKind::word) {
    Token token = cursor.take();
    for (const char letter : token.text) {
      add_flag(letter, token.position, segment);
      ++token.position.column;
    }
  }
  if (cursor.accept('.')) {
    segment.flags |= wire::kAck;
  } else if (cursor.peek().kind == TokenKind::decimal) {
    const Token token = cursor.take();
    if (!token.text.starts_with('.') || token.text.size() != 2) {
      throw SyntaxError(token.position,
                        "expected '.' and one digit of 0 to 7, not '" + token.text + "'");
    }
    for (const char letter : token.text) add_flag(letter, token.position, segment);
  }
}

struct IcmpName {
  std::string_view name;
  int v4 = -1;  // -1: not in this family
  int v6 = -1;
};

constexpr std::array kIcmpTypes = {
    IcmpName{"echo_reply", 0, 129},         IcmpName{"unreachable", 3, 1},
    IcmpName{"source_quench", 4, -1},       IcmpName{"redirect", 5, -1},
    IcmpName{"echo_request", 8, 128},       IcmpName{"time_exceeded", 11, 3},
    IcmpName{"parameter_problem", 12, 4},   IcmpName{"timestamp_request", 13, -1},
    IcmpName{"timestamp_reply", 14, -1},    IcmpName{"information_request", 15, -1},
    IcmpName{"information_reply", 16, -1},  IcmpName{"address_mask_request", 17, -1},
    IcmpName{"address_mask_reply", 18, -1}, IcmpName{"packet_too_big", -1, 2},
};

constexpr std::array kIcmpCodes = {
    IcmpName{"net_unreachable", 0, 0},
    IcmpName{"host_unreachable", 1, -1},
    IcmpName{"protocol_unreachable", 2, -1},
    IcmpName{"port_unreachable", 3, 4},
    IcmpName{"frag_needed", 4, -1},
    IcmpName{"source_route_failed", 5, -1},
    IcmpName{"net_unknown", 6, -1},
    IcmpName{"host_unknown", 7, -1},
    IcmpName{"source_host_isolated", 8, -1},
    IcmpName{"net_prohibited", 9, -1},
    IcmpName{"host_prohibited", 10, -1},
    IcmpName{"net_unreachable_for_tos", 11, -1},
    IcmpName{"host_unreachable_for_tos", 12, -1},
    IcmpName{"packet_filtered", 13, -1},
    IcmpName{"precedence_violation", 14, -1},
    IcmpName{"precedence_cutoff", 15, -1},
    IcmpName{"no_route", -1, 0},
    IcmpName{"admin_prohibited", -1, 1},
    IcmpName{"not_neighbour", -1, 2},
    IcmpName{"address_unreachable", -1, 3},
    IcmpName{"exceeded_hop_limit", -1, 0},
    IcmpName{"exceeded_frag_time", -1, 1},
    IcmpName{"header_field", -1, 0},
    IcmpName{"unknown_next_header", -1, 1},
    IcmpName{"unknown_option", -1, 2},
};

// A name of `table`, or PREFIX and a number, the same in both families.
IcmpName read_icmp_name(const Token& token, std::span<const IcmpName> table,
                        std::string_view prefix, const char* what) {
  const auto found = std::ranges::find(table, token.text, &IcmpName::name);
  if (token.kind == TokenKind::word && found != table.end()) return *found;
  if (token.kind == TokenKind::word && token.text.starts_with(prefix)) {
    const std::string_view digits = std::string_view(token.text).substr(prefix.size());
    std::uint8_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc{} && end == digits.data() + digits.size()) {
      return {token.text, value, value};
    }
  }
  throw SyntaxError(token.position, std::string("expected ") + what + ", not " + describe(token));
}

}  // namespace

void parse_sequence(Cursor& cursor, std::uint32_t& seq, std::uint32_t& length) {
  const Position begin = cursor.peek().position;
  const std::int64_t first = cursor.number("a sequence number", 0, kMax32);
  cursor.expect(':', "between the first and the last sequence number");
  const std::int64_t last = cursor.number("a sequence number", 0, kMax32);
  cursor.expect('(', "and the number of bytes behind the sequence numbers");
  const std::int64_t size = cursor.number("the number of bytes", 0, kMax16);
  cursor.expect(')', "behind the number of bytes");
  if (static_cast<std::uint32_t>(first + size) != static_cast<std::uint32_t>(last)) {
    throw SyntaxError(begin, "sequence numbers and length disagree: " + std::to_string(first) +
                                 " + " + std::to_string(size) + " is not " + std::to_string(last));
  }
  seq = static_cast<std::uint32_t>(first);
  length = static_cast<std::uint32_t>(size);
}

TcpSpec parse_tcp_segment(Cursor& cursor, Way way) {
  TcpSpec segment;
  const Position begin = cursor.peek().position;
  parse_flags(cursor, segment);
  parse_sequence(cursor, segment.seq, segment.length);
  if (cursor.accept("ack")) {
    segment.ack = static_cast<std::uint32_t>(cursor.number("an ack number", 0, kMax32));
  }
  if (cursor.accept("win")) {
    segment.window = static_cast<std::uint16_t>(cursor.number("a window", 0, kMax16));
  } else if (way == Way::inbound) {
    cursor.fail("'win' and a window, which an inbound segment must have");
  }
  if (cursor.accept("urg")) {
    segment.urgent = static_cast<std::uint16_t>(cursor.number("an urgent pointer", 0, kMax16));
  }
  if (cursor.peek().is('<')) parse_tcp_options(cursor, way, segment);
  const std::size_t most = kMax16 - wire::kIpv4HeaderSize - wire::kTcpHeaderSize;
  if (segment.length + segment.options.size() > most) {
    throw SyntaxError(begin, "the segment is larger than an IP packet can be");
  }
  return segment;
}

IcmpSpec parse_icmp(Cursor& cursor) {
  const Token name = cursor.take();
  const IcmpName type = read_icmp_name(name, kIcmpTypes, "type_", "an ICMP type");
  IcmpSpec message{.name = name.text};
  IcmpName code{"", 0, 0};
  if (cursor.peek().kind == TokenKind::word && !cursor.peek().is("mtu") &&
      !cursor.peek().is("id")) {
    const Token token = cursor.take();
    code = read_icmp_name(token, kIcmpCodes, "code_", "an ICMP code");
    message.name += ' ' + token.text;
  }
  message.for_v4 = type.v4 >= 0 && code.v4 >= 0;
  message.for_v6 = type.v6 >= 0 && code.v6 >= 0;
  if (!message.for_v4 && !message.for_v6) {
    throw SyntaxError(name.position, "no ICMP message has this type with this code");
  }
  message.type = static_cast<std::uint8_t>(std::max(type.v4, 0));
  message.code = static_cast<std::uint8_t>(std::max(code.v4, 0));
  message.type_v6 = static_cast<std::uint8_t>(std::max(type.v6, 0));
  message.code_v6 = static_cast<std::uint8_t>(std::max(code.v6, 0));
  if (cursor.accept("mtu")) {
    message.mtu = static_cast<std::uint32_t>(cursor.number("an MTU", 0, kMax32));
  }
  if (cursor.accept("id")) {
    message.echo_id = static_cast<std::uint16_t>(cursor.number("an identifier", 0, kMax16));
  }
  const bool echo = type.name.starts_with("echo_");
  message.quotes = !echo;
  if (!cursor.accept('[')) return message;
  message.quotes = true;
  if (cursor.accept("udp")) {
    message.quotes_udp = true;
    cursor.expect('(', "and the number of bytes behind 'udp'");
    message.length = static_cast<std::uint32_t>(cursor.number("the number of bytes", 0, kMax16));
    cursor.expect(')', "behind the number of bytes");
  } else if (cursor.accept("raw")) {
    message.quotes = false;
    cursor.expect('(', "and the number of bytes behind 'raw'");
    message.length = static_cast<std::uint32_t>(
        cursor.number("the number of bytes, the header's 8 among them", 8, kMax16 - 48));
    cursor.expect(')', "behind the number of bytes");
  } else {
    parse_sequence(cursor, message.seq, message.length);
  }
  cursor.expect(']', "behind the packet that is quoted");
  return message;
}

PacketSpec parse_packet(Cursor& cursor) {
  PacketSpec packet;
  packet.way = cursor.take().is('<') ? Way::inbound : Way::outbound;
  packet.ip = parse_ip(cursor, packet.way);
  for (const char* const tunnel : {"ipv4", "ipv6", "gre", "GREv0", "mpls", "encap"}) {
    if (cursor.peek().is(tunnel)) cursor.fail("a TCP, UDP or ICMP packet (no tunnels are known)");
  }
  parse_ports(cursor, packet);
  if (cursor.accept("udp")) {
    parse_ports(cursor, packet);
    UdpSpec datagram;
    cursor.expect('(', "and the number of bytes behind 'udp'");
    datagram.length =
        static_cast<std::uint32_t>(cursor.number("the number of bytes", 0, kMax16 - 48));
    cursor.expect(')', "behind the number of bytes");
    packet.layer = datagram;
  } else if (cursor.accept("icmp")) {
    packet.layer = parse_icmp(cursor);
  } else {
    packet.layer = parse_tcp_segment(cursor, packet.way);
  }
  return packet;
}

}  // namespace bowline::inline v0::packetdrill
