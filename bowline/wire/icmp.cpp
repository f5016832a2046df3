#include "bowline/wire/icmp.hpp"

#include <algorithm>
#include <array>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/cursor.hpp"

namespace bowline::inline v0::wire {
namespace {

// Types of ICMP (RFC 792).
constexpr std::uint8_t kV4EchoReply = 0;
constexpr std::uint8_t kV4Unreachable = 3;
constexpr std::uint8_t kV4EchoRequest = 8;
constexpr std::uint8_t kV4TimeExceeded = 11;
constexpr std::uint8_t kV4ParameterProblem = 12;

// Types of ICMPv6 (RFC 4443).
constexpr std::uint8_t kV6Unreachable = 1;
constexpr std::uint8_t kV6PacketTooBig = 2;
constexpr std::uint8_t kV6TimeExceeded = 3;
constexpr std::uint8_t kV6ParameterProblem = 4;
constexpr std::uint8_t kV6EchoRequest = 128;
constexpr std::uint8_t kV6EchoReply = 129;
constexpr std::uint8_t kV6CodeUnknownNextHeader = 1;
constexpr std::uint8_t kV6CodeIncompleteHeaders = 3;  // RFC 7112 5

// Of time exceeded, in both.
constexpr std::uint8_t kCodeReassembly = 1;

// Codes of "destination unreachable" (RFC 792, RFC 1122 3.2.2.1).
constexpr std::array kV4UnreachableKinds{
    IcmpKind::network_unreachable,   // 0
    IcmpKind::host_unreachable,      // 1
    IcmpKind::protocol_unreachable,  // 2
    IcmpKind::port_unreachable,      // 3
    IcmpKind::packet_too_big,        // 4 fragmentation needed and DF set
    IcmpKind::host_unreachable,      // 5 source route failed
    IcmpKind::network_unreachable,   // 6 network unknown
    IcmpKind::host_unreachable,      // 7 host unknown
    IcmpKind::host_unreachable,      // 8 source host isolated
    IcmpKind::prohibited,            // 9 network, by an administrator
    IcmpKind::prohibited,            // 10 host, by an administrator
    IcmpKind::network_unreachable,   // 11 for this type of service
    IcmpKind::host_unreachable,      // 12 for this type of service
    IcmpKind::prohibited,            // 13 communication, by an administrator (RFC 1812 5.2.7.1)
    IcmpKind::prohibited,            // 14 host precedence violation
    IcmpKind::prohibited,            // 15 precedence cutoff
};
// The same of RFC 4443 3.1.
constexpr std::array kV6UnreachableKinds{
    IcmpKind::network_unreachable,  // 0 no route
    IcmpKind::prohibited,           // 1 by an administrator
    IcmpKind::network_unreachable,  // 2 beyond the scope of the source
    IcmpKind::host_unreachable,     // 3 address unreachable
    IcmpKind::port_unreachable,     // 4
    IcmpKind::prohibited,           // 5 source address failed a policy
    IcmpKind::prohibited,           // 6 route is there to reject
};

// A code that was assigned after this was written is the mildest of them.
template <std::size_t kSize>
IcmpKind at_or_soft(const std::array<IcmpKind, kSize>& kinds, std::uint8_t code) noexcept {
  return code < kSize ? kinds[code] : IcmpKind::network_unreachable;
}

IcmpKind kind_of(Family family, std::uint8_t type, std::uint8_t code) noexcept {
  if (family == Family::ipv4) {
    switch (type) {
      case kV4EchoReply:
        return IcmpKind::echo_reply;
      case kV4EchoRequest:
        return IcmpKind::echo_request;
      case kV4Unreachable:
        return at_or_soft(kV4UnreachableKinds, code);
      case kV4TimeExceeded:
        return code == kCodeReassembly ? IcmpKind::reassembly_timeout : IcmpKind::time_exceeded;
      case kV4ParameterProblem:
        return IcmpKind::parameter_problem;
      default:
        return IcmpKind::other;
    }
  }
  switch (type) {
    case kV6EchoRequest:
      return IcmpKind::echo_request;
    case kV6EchoReply:
      return IcmpKind::echo_reply;
    case kV6Unreachable:
      return at_or_soft(kV6UnreachableKinds, code);
    case kV6PacketTooBig:
      return IcmpKind::packet_too_big;
    case kV6TimeExceeded:
      return code == kCodeReassembly ? IcmpKind::reassembly_timeout : IcmpKind::time_exceeded;
    case kV6ParameterProblem:
      if (code == kV6CodeUnknownNextHeader) return IcmpKind::protocol_unreachable;
      return code == kV6CodeIncompleteHeaders ? IcmpKind::incomplete_headers
                                              : IcmpKind::parameter_problem;
    default:
      return IcmpKind::other;
  }
}

// RFC 792 promises eight bytes of the payload, which is the ports and TCP's sequence number.
std::optional<IcmpQuote> parse_quote(Family family, std::span<const std::byte> bytes) noexcept {
  const auto header = parse_quoted_ip(bytes);
  if (!header || header->family() != family) return std::nullopt;
  IcmpQuote quote;
  quote.ip = *header;
  const bool has_ports = header->protocol == kProtocolTcp || header->protocol == kProtocolUdp;
  if (!has_ports || header->fragment_offset != 0) return quote;
  Cursor cursor(bytes.subspan(header->header_size));
  quote.source_port = cursor.u16();
  quote.destination_port = cursor.u16();
  const std::uint32_t next = cursor.u32();
  if (!cursor.ok()) return std::nullopt;
  if (header->protocol == kProtocolTcp) quote.seq = SeqNumber(next);
  return quote;
}

}  // namespace

std::expected<IcmpMessage, Reason> parse_icmp(Family family, std::span<const std::byte> head,
                                              std::uint32_t size) noexcept {
  if (head.size() > size) head = head.first(size);
  if (head.size() < kIcmpHeaderSize) return std::unexpected(Reason::icmp_malformed);
  const auto bytes = head.first<kIcmpHeaderSize>();
  IcmpMessage message;
  message.family = family;
  message.type = field<std::uint8_t, 0>(bytes);
  message.code = field<std::uint8_t, 1>(bytes);
  message.checksum = field<std::uint16_t, 2>(bytes);
  message.kind = kind_of(family, message.type, message.code);
  if (message.kind == IcmpKind::echo_request || message.kind == IcmpKind::echo_reply) {
    message.identifier = field<std::uint16_t, 4>(bytes);
    message.sequence = field<std::uint16_t, 6>(bytes);
  }
  if (message.kind == IcmpKind::packet_too_big) {
    // RFC 1191 4 gives IPv4's the lower half of the word; the upper half was unused and still is.
    message.mtu =
        family == Family::ipv4 ? field<std::uint16_t, 6>(bytes) : field<std::uint32_t, 4>(bytes);
  }
  if (is_error(message.kind)) {
    message.quote = parse_quote(family, head.subspan(kIcmpHeaderSize));
    if (!message.quote) return std::unexpected(Reason::icmp_malformed);
  }
  return message;
}

IcmpTypeCode icmp_type_code(Family family, IcmpKind kind) noexcept {
  const bool v4 = family == Family::ipv4;
  switch (kind) {
    case IcmpKind::echo_request:
      return {v4 ? kV4EchoRequest : kV6EchoRequest, 0};
    case IcmpKind::echo_reply:
      return {v4 ? kV4EchoReply : kV6EchoReply, 0};
    case IcmpKind::network_unreachable:
      return {v4 ? kV4Unreachable : kV6Unreachable, 0};
    case IcmpKind::host_unreachable:
      return v4 ? IcmpTypeCode{kV4Unreachable, 1} : IcmpTypeCode{kV6Unreachable, 3};
    case IcmpKind::protocol_unreachable:
      return v4 ? IcmpTypeCode{kV4Unreachable, 2}
                : IcmpTypeCode{kV6ParameterProblem, kV6CodeUnknownNextHeader};
    case IcmpKind::port_unreachable:
      return v4 ? IcmpTypeCode{kV4Unreachable, 3} : IcmpTypeCode{kV6Unreachable, 4};
    case IcmpKind::prohibited:
      return v4 ? IcmpTypeCode{kV4Unreachable, 13} : IcmpTypeCode{kV6Unreachable, 1};
    case IcmpKind::packet_too_big:
      return v4 ? IcmpTypeCode{kV4Unreachable, 4} : IcmpTypeCode{kV6PacketTooBig, 0};
    case IcmpKind::time_exceeded:
      return {v4 ? kV4TimeExceeded : kV6TimeExceeded, 0};
    case IcmpKind::reassembly_timeout:
      return {v4 ? kV4TimeExceeded : kV6TimeExceeded, kCodeReassembly};
    case IcmpKind::parameter_problem:
      return {v4 ? kV4ParameterProblem : kV6ParameterProblem, 0};
    case IcmpKind::incomplete_headers:  // IPv4 has no such code
      return v4 ? IcmpTypeCode{kV4ParameterProblem, 0}
                : IcmpTypeCode{kV6ParameterProblem, kV6CodeIncompleteHeaders};
    case IcmpKind::other:
      break;
  }
  return {};
}

std::uint32_t emit_icmp_echo(std::byte* to, Family family, IcmpKind kind, std::uint16_t identifier,
                             std::uint16_t sequence, ChecksumSum rest) noexcept {
  const auto [type, code] = icmp_type_code(family, kind);
  store_be(to, type);
  store_be(to + 1, code);
  store_be<std::uint16_t>(to + 2, 0);
  store_be(to + 4, identifier);
  store_be(to + 6, sequence);
  ChecksumSum sum = sum_of({to, kIcmpHeaderSize});
  sum.add_sum(rest);
  store_be(to + 2, sum.finish());
  return kIcmpHeaderSize;
}

std::uint32_t emit_icmp_error(std::span<std::byte> to, IcmpKind kind, std::uint32_t word,
                              const IpAddress& source, const IpAddress& destination,
                              std::span<const std::byte> offending) noexcept {
  const Family family = source.family();
  const std::uint32_t limit = family == Family::ipv4 ? kIpv4MinMtu : kIpv6MinMtu;
  const std::size_t room = std::min<std::size_t>(to.size(), limit - ip_header_size(family));
  if (room < kIcmpHeaderSize) return 0;
  const auto quote = offending.first(std::min(offending.size(), room - kIcmpHeaderSize));

  // IPv4 has the pointer of a parameter problem in the first byte of the word (RFC 792).
  if (family == Family::ipv4 && kind == IcmpKind::parameter_problem) word <<= 24U;

  const auto [type, code] = icmp_type_code(family, kind);
  Writer writer(to);
  writer.u8(type);
  writer.u8(code);
  writer.u16(0);
  writer.u32(word);
  writer.bytes(quote);
  const auto size = static_cast<std::uint32_t>(writer.size());

  ChecksumSum sum = sum_of(to.first(size));
  if (family == Family::ipv6) {
    sum.add_sum(pseudo_header_sum(source, destination, kProtocolIcmpV6, size));
  }
  store_be(to.data() + 2, sum.finish());
  return size;
}

}  // namespace bowline::inline v0::wire
