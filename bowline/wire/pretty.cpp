#include "bowline/wire/pretty.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "bowline/wire/cursor.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/ndp.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/tcp_option.hpp"
#include "bowline/wire/text.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0::wire {
namespace {

void append(Text& text, const IpAddress& address) noexcept {
  std::array<char, IpAddress::kMaxText> buffer;
  text.add(std::string_view(buffer.data(), address.format(buffer)));
}

// tcpdump joins the port to the address by a dot, in both families.
void append(Text& text, const IpAddress& address, std::uint16_t port) noexcept {
  append(text, address);
  text.add('.');
  text.decimal(port);
}

void append_number(Text& text, std::string_view label, std::uint64_t number) noexcept {
  text.add(label);
  text.decimal(number);
}

void append_flags(Text& text, std::uint16_t flags) noexcept {
  constexpr std::array<std::pair<std::uint16_t, char>, 9> kLetters{{{kFin, 'F'},
                                                                    {kSyn, 'S'},
                                                                    {kRst, 'R'},
                                                                    {kPsh, 'P'},
                                                                    {kAck, '.'},
                                                                    {kUrg, 'U'},
                                                                    {kEce, 'E'},
                                                                    {kCwr, 'W'},
                                                                    {kAe, 'e'}}};
  if (flags == 0) text.add("none");
  for (const auto& [flag, letter] : kLetters) {
    if ((flags & flag) != 0) text.add(letter);
  }
}

void append_sack(Text& text, Cursor value) noexcept {
  append_number(text, "sack ", value.remaining() / 8);
  text.add(' ');
  while (value.remaining() >= 8) {
    append_number(text, "{", value.u32());
    append_number(text, ":", value.u32());
    text.add('}');
  }
}

// One option that has a length, `value` being what stands behind that.
void append_option(Text& text, std::uint8_t kind, Cursor value) noexcept {
  const std::size_t size = value.remaining();
  if (kind == tcp_option::kMss && size == 2) {
    append_number(text, "mss ", value.u16());
  } else if (kind == tcp_option::kWindowScale && size == 1) {
    append_number(text, "wscale ", value.u8());
  } else if (kind == tcp_option::kSackPermitted && size == 0) {
    text.add("sackOK");
  } else if (kind == tcp_option::kSack && size > 0 && size % 8 == 0) {
    append_sack(text, value);
  } else if (kind == tcp_option::kTimestamps && size == 8) {
    append_number(text, "TS val ", value.u32());
    append_number(text, " ecr ", value.u32());
  } else if (kind == tcp_option::kFastOpen) {
    text.add(size == 0 ? "tfo  cookiereq" : "tfo  cookie ");
    text.hex(value.rest());
  } else {
    append_number(text, "unknown-", kind);
    if (size > 0) text.add(" 0x");
    text.hex(value.rest());
  }
}

// The options as they stand, not as parse_tcp() understands them: what is wrong should be seen.
void append_options(Text& text, std::span<const std::byte> bytes) noexcept {
  Cursor cursor(bytes);
  text.add(", options [");
  while (cursor.remaining() > 0) {
    if (cursor.offset() > 0) text.add(',');
    const std::uint8_t kind = cursor.u8();
    if (kind == tcp_option::kEnd) {
      text.add("eol");
      break;
    }
    if (kind == tcp_option::kNop) {
      text.add("nop");
      continue;
    }
    const std::uint8_t length = cursor.u8();
    const Cursor value = length < 2 ? Cursor({}) : cursor.part(length - 2U);
    if (length < 2 || !value.ok()) {
      text.add("bad opt");
      break;
    }
    append_option(text, kind, value);
  }
  text.add(']');
}

void append_addresses(Text& text, const IpHeader& ip) noexcept {
  append(text, ip.source);
  text.add(" > ");
  append(text, ip.destination);
  text.add(": ");
}

void append_endpoints(Text& text, const IpHeader& ip, std::uint16_t source,
                      std::uint16_t destination) noexcept {
  append(text, ip.source, source);
  text.add(" > ");
  append(text, ip.destination, destination);
  text.add(": ");
}

void append_reason(Text& text, Reason reason) noexcept {
  text.add('[');
  text.add(info(reason).name);
  text.add("], ");
}

void append_tcp(Text& text, const IpHeader& ip, std::span<const std::byte> head) noexcept {
  // Fields are worth seeing even where the options are not: parse without them then.
  auto view = parse_tcp(head, ip.payload_size);
  if (!view && view.error() == Reason::tcp_bad_option) {
    std::array<std::byte, kTcpHeaderSize> plain;
    std::copy_n(head.begin(), plain.size(), plain.begin());
    const std::uint32_t size = std::to_integer<std::uint32_t>(plain[12] >> 4U) * 4;
    plain[12] = (plain[12] & std::byte{0x0f}) | std::byte{0x50};
    view = parse_tcp(plain, ip.payload_size);
    view->header_size = size;
    view->payload_size = ip.payload_size - size;
  }
  if (!view) {
    append_addresses(text, ip);
    append_reason(text, view.error());
    append_number(text, "length ", ip.payload_size);
    return;
  }
  const TcpHeader& header = view->header;
  append_endpoints(text, ip, header.source_port, header.destination_port);
  text.add("Flags [");
  append_flags(text, header.flags);
  text.add(']');
  if (view->payload_size > 0 || (header.flags & (kSyn | kFin | kRst)) != 0) {
    append_number(text, ", seq ", header.seq.raw());
    if (view->payload_size > 0) {
      append_number(text, ":", (header.seq + view->payload_size).raw());
    }
  }
  if (header.has(kAck)) append_number(text, ", ack ", header.ack.raw());
  append_number(text, ", win ", header.window);
  if (header.has(kUrg)) append_number(text, ", urg ", header.urgent);
  if (view->header_size > kTcpHeaderSize) {
    append_options(text, head.subspan(kTcpHeaderSize, view->header_size - kTcpHeaderSize));
  }
  append_number(text, ", length ", view->payload_size);
}

void append_udp(Text& text, const IpHeader& ip, std::span<const std::byte> head) noexcept {
  const auto header = parse_udp(head, ip.payload_size);
  if (!header) {
    append_addresses(text, ip);
    append_reason(text, header.error());
    append_number(text, "length ", ip.payload_size);
    return;
  }
  append_endpoints(text, ip, header->source_port, header->destination_port);
  append_number(text, "UDP, length ", header->payload_size);
}

std::string_view words(IcmpKind kind) noexcept {
  switch (kind) {
    case IcmpKind::echo_request:
      return "echo request";
    case IcmpKind::echo_reply:
      return "echo reply";
    case IcmpKind::network_unreachable:
      return "network unreachable";
    case IcmpKind::host_unreachable:
      return "host unreachable";
    case IcmpKind::protocol_unreachable:
      return "protocol unreachable";
    case IcmpKind::port_unreachable:
      return "port unreachable";
    case IcmpKind::prohibited:
      return "prohibited";
    case IcmpKind::packet_too_big:
      return "packet too big";
    case IcmpKind::time_exceeded:
      return "time exceeded";
    case IcmpKind::reassembly_timeout:
      return "reassembly time exceeded";
    case IcmpKind::parameter_problem:
      return "parameter problem";
    case IcmpKind::incomplete_headers:
      return "headers incomplete in the first fragment";
    case IcmpKind::other:
      break;
  }
  return "";
}

// The same words for both families, where tcpdump has different ones; and the quoted packet, which
// is what one wants to know, in brackets.
void append_icmp(Text& text, const IpHeader& ip, std::span<const std::byte> head) noexcept {
  append_addresses(text, ip);
  text.add(ip.family() == Family::ipv4 ? "ICMP " : "ICMP6, ");
  const auto message = parse_icmp(ip.family(), head, ip.payload_size);
  if (!message) {
    append_reason(text, message.error());
  } else if (ip.family() == Family::ipv6 && is_ndp(message->type)) {
    std::array<char, kMaxPretty> words;
    text.add(pretty_ndp(words, head.first(std::min<std::size_t>(head.size(), ip.payload_size))));
    text.add(", ");
  } else if (message->kind == IcmpKind::other) {
    append_number(text, "type ", message->type);
    append_number(text, ", code ", message->code);
    text.add(", ");
  } else {
    text.add(words(message->kind));
    if (!is_error(message->kind)) {
      append_number(text, ", id ", message->identifier);
      append_number(text, ", seq ", message->sequence);
    }
    if (message->kind == IcmpKind::packet_too_big) append_number(text, ", mtu ", message->mtu);
    if (const auto& quote = message->quote) {
      text.add(", about (");
      append(text, quote->ip.source, quote->source_port);
      text.add(" > ");
      append(text, quote->ip.destination, quote->destination_port);
      if (quote->ip.protocol == kProtocolTcp) append_number(text, ": seq ", quote->seq.raw());
      text.add(')');
    }
    text.add(", ");
  }
  append_number(text, "length ", ip.payload_size);
}

void append_fragment(Text& text, const IpHeader& ip) noexcept {
  append_addresses(text, ip);
  append_number(text, "fragment, id ", ip.identification);
  append_number(text, ", offset ", ip.fragment_offset);
  text.add(ip.more_fragments ? ", more, " : ", last, ");
  append_number(text, "length ", ip.payload_size);
}

}  // namespace

std::string_view pretty(std::span<char> to, std::span<const std::byte> packet,
                        std::size_t size) noexcept {
  if (size == 0) size = packet.size();
  Text text(to);
  const auto ip = parse_ip(packet, static_cast<std::uint32_t>(size), HeaderChecksum::trust);
  if (!ip) {
    text.add("IP ");
    append_reason(text, ip.error());
    append_number(text, "length ", size);
    return text.view();
  }
  text.add(ip->family() == Family::ipv4 ? "IP " : "IP6 ");
  const auto head = packet.subspan(ip->header_size);
  if (ip->is_fragment()) {
    append_fragment(text, *ip);
  } else if (ip->protocol == kProtocolTcp) {
    append_tcp(text, *ip, head);
  } else if (ip->protocol == kProtocolUdp) {
    append_udp(text, *ip, head);
  } else if (ip->protocol == (ip->family() == Family::ipv4 ? kProtocolIcmp : kProtocolIcmpV6)) {
    append_icmp(text, *ip, head);
  } else {
    append_addresses(text, *ip);
    append_number(text, "protocol ", ip->protocol);
    append_number(text, ", length ", ip->payload_size);
  }
  return text.view();
}

}  // namespace bowline::inline v0::wire
