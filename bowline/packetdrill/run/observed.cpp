#include "bowline/packetdrill/run/observed.hpp"

#include <algorithm>
#include <array>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/tcp_option.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

using Failed = std::unexpected<std::string>;

bool checksum_is_right(const wire::IpHeader& ip, std::span<const std::byte> transport) {
  wire::ChecksumSum sum = wire::sum_of(transport);
  if (ip.protocol != wire::kProtocolIcmp) {
    sum.add_sum(wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol,
                                        static_cast<std::uint32_t>(transport.size())));
  }
  return sum.verifies();
}

std::expected<void, std::string> observe_tcp(std::span<const std::byte> transport,
                                             Observed& result) {
  const auto view = wire::parse_tcp(transport, static_cast<std::uint32_t>(transport.size()));
  if (!view) return Failed("a malformed TCP header");
  const wire::TcpHeader& header = view->header;
  TcpSpec segment;
  segment.flags = header.flags;
  segment.seq = header.seq.raw();
  segment.ack = header.ack.raw();
  segment.window = header.window;
  segment.urgent = header.urgent;
  segment.length = view->payload_size;
  const auto options =
      transport.subspan(wire::kTcpHeaderSize, view->header_size - wire::kTcpHeaderSize);
  for (const std::byte byte : options)
    segment.options.push_back(std::to_integer<std::uint8_t>(byte));
  result.source_port = header.source_port;
  result.destination_port = header.destination_port;
  const auto payload = transport.subspan(view->header_size);
  result.payload.assign(payload.begin(), payload.end());
  result.layer = std::move(segment);
  return {};
}

std::expected<void, std::string> observe_udp(std::span<const std::byte> transport,
                                             Observed& result) {
  const auto header = wire::parse_udp(transport, static_cast<std::uint32_t>(transport.size()));
  if (!header) return Failed("a malformed UDP header");
  result.source_port = header->source_port;
  result.destination_port = header->destination_port;
  const auto payload = transport.subspan(8);
  result.payload.assign(payload.begin(), payload.end());
  result.layer = UdpSpec{.length = static_cast<std::uint32_t>(payload.size())};
  return {};
}

std::expected<void, std::string> observe_icmp(std::span<const std::byte> transport,
                                              Observed& result) {
  if (transport.size() < wire::kIcmpHeaderSize) return Failed("a malformed ICMP header");
  IcmpSpec message;
  message.type = message.type_v6 = std::to_integer<std::uint8_t>(transport[0]);
  message.code = message.code_v6 = std::to_integer<std::uint8_t>(transport[1]);
  result.layer = std::move(message);
  return {};
}

std::string hex(std::uint64_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), kDigits[value % 16]);
    value /= 16;
  } while (value > 0);
  return "0x" + text;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

std::uint64_t big_endian(std::span<const std::uint8_t> bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8U | byte;
  return value;
}

std::string acc_ecn_text(const RawOption& option) {
  const bool order1 = option.kind == wire::tcp_option::kAccEcn1;
  const std::array<std::string_view, 3> names = {order1 ? "e1b" : "e0b", "ceb",
                                                 order1 ? "e0b" : "e1b"};
  std::string text = "ECN";
  for (std::size_t i = 0; i < 3 && 3 * i + 3 <= option.value.size(); ++i) {
    text += ' ' + std::string(names[i]) + ' ' +
            std::to_string(big_endian(option.value.subspan(3 * i, 3)));
  }
  return text;
}

std::string option_text(const RawOption& option) {
  namespace kind = wire::tcp_option;
  const auto number = [&] { return std::to_string(big_endian(option.value)); };
  switch (option.kind) {
    case kind::kEnd:
      return "eol";
    case kind::kNop:
      return "nop";
    case kind::kMss:
      return "mss " + number();
    case kind::kWindowScale:
      return "wscale " + number();
    case kind::kSackPermitted:
      return "sackOK";
    case kind::kSack: {
      std::string text = "sack";
      for (std::size_t i = 0; i + 8 <= option.value.size(); i += 8) {
        text += ' ' + std::to_string(big_endian(option.value.subspan(i, 4))) + ':' +
                std::to_string(big_endian(option.value.subspan(i + 4, 4)));
      }
      return text;
    }
    case kind::kTimestamps:
      if (option.value.size() != 8) break;
      return "TS val " + std::to_string(big_endian(option.value.first(4))) + " ecr " +
             std::to_string(big_endian(option.value.subspan(4)));
    case kind::kFastOpen:
      return option.value.empty() ? "FO" : "FO " + hex(option.value);
    case kind::kMd5:
      return "md5 " + hex(option.value);
    case kind::kAccEcn0:
    case kind::kAccEcn1:
      return acc_ecn_text(option);
    case 254:
      if (option.value.size() < 2 || big_endian(option.value.first(2)) != 0xf989) break;
      return option.value.size() == 2 ? "FOEXP" : "FOEXP " + hex(option.value.subspan(2));
    default:
      break;
  }
  return "kind " + std::to_string(option.kind) +
         (option.value.empty() ? "" : " " + hex(option.value));
}

std::string sequence_text(const TcpSpec& segment) {
  return std::to_string(segment.seq) + ':' + std::to_string(segment.seq + segment.length) + '(' +
         std::to_string(segment.length) + ')';
}

constexpr std::array<std::string_view, 4> kEcnNames = {"noecn", "ect1", "ect0", "ce"};

// The fields in front of the layer. `any_*`: what the script leaves open prints as nothing.
Field ip_field(const IpSpec& expected) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "[" : ",") + part; };
  if (expected.any_ect) add("ect01");
  if (expected.ecn) add(std::string(kEcnNames[*expected.ecn]));
  if (expected.tos) add("tos " + hex(*expected.tos));
  if (expected.ttl) add("ttl " + std::to_string(*expected.ttl));
  if (expected.flow_label) add("flowlabel " + hex(*expected.flow_label));
  if (!text.empty()) text += ']';
  return {.name = "IP header", .text = text, .any = text.empty()};
}

IpSpec ip_of(const Observed& sent, const IpSpec& expected) {
  IpSpec ip;
  const auto ecn = static_cast<std::uint8_t>(sent.ip.tos & wire::kEcnMask);
  ip.any_ect = expected.any_ect && (ecn == wire::kEcnCapable0 || ecn == wire::kEcnCapable1);
  if (expected.ecn || (expected.any_ect && !ip.any_ect)) ip.ecn = ecn;
  if (expected.tos) ip.tos = sent.ip.tos;
  if (expected.ttl) ip.ttl = sent.ip.ttl;
  if (expected.flow_label) ip.flow_label = *expected.flow_label;  // compared by meaning, elsewhere
  return ip;
}

void add_tcp(const TcpSpec& segment, bool ace, bool any_window, bool any_options,
             std::vector<Field>& fields) {
  fields.push_back({.name = "flags", .text = flags_text(segment.flags, ace)});
  fields.push_back({.name = "sequence numbers", .text = sequence_text(segment)});
  fields.push_back({.name = "acknowledgment",
                    .text = (segment.flags & wire::kAck) != 0 || segment.ack != 0
                                ? "ack " + std::to_string(segment.ack)
                                : ""});
  fields.push_back({.name = "window",
                    .text = segment.window ? "win " + std::to_string(*segment.window) : "",
                    .any = any_window});
  fields.push_back({.name = "urgent pointer",
                    .text = segment.urgent != 0 ? "urg " + std::to_string(segment.urgent) : ""});
  const std::string options = options_text(segment.options);
  fields.push_back({.name = "options",
                    .text = segment.any_options ? "<...>"
                            : options.empty()   ? ""
                                                : '<' + options + '>',
                    .any = any_options});
}

std::string udp_text(const UdpSpec& datagram) {
  return "udp (" + std::to_string(datagram.length) + ')';
}

std::string icmp_text(const IcmpSpec& message, AddressMode mode) {
  const bool v6 = mode == AddressMode::ipv6;
  return "icmp type_" + std::to_string(v6 ? message.type_v6 : message.type) + " code_" +
         std::to_string(v6 ? message.code_v6 : message.code);
}

Field port_field(std::uint16_t source, std::uint16_t destination, bool any) {
  return {.name = "ports",
          .text = any ? "" : std::to_string(source) + " > " + std::to_string(destination),
          .any = any};
}

}  // namespace

std::expected<Observed, std::string> observe(std::span<const std::byte> packet) {
  const auto ip = wire::parse_ip(packet, static_cast<std::uint32_t>(packet.size()));
  if (!ip)
    return Failed("a packet with a malformed IP header: " + std::string(info(ip.error()).name));
  Observed result{.ip = *ip};
  result.ip_options = ip->header_size != wire::ip_header_size(ip->family());
  if (ip->total_size() != packet.size()) return Failed("a packet with a wrong length");
  if (ip->is_fragment()) return Failed("a fragment");
  const auto transport = packet.subspan(ip->header_size);
  std::expected<void, std::string> layer = Failed("a packet of an unknown protocol");
  if (ip->protocol == wire::kProtocolTcp) layer = observe_tcp(transport, result);
  if (ip->protocol == wire::kProtocolUdp) layer = observe_udp(transport, result);
  if (ip->protocol == wire::kProtocolIcmp || ip->protocol == wire::kProtocolIcmpV6) {
    layer = observe_icmp(transport, result);
  }
  if (!layer) return Failed(layer.error());
  if (!checksum_is_right(*ip, transport)) return Failed("a packet with a wrong checksum");
  return result;
}

std::vector<RawOption> split_options(std::span<const std::uint8_t> options) {
  std::vector<RawOption> result;
  while (!options.empty()) {
    const std::uint8_t kind = options[0];
    if (kind == wire::tcp_option::kEnd || kind == wire::tcp_option::kNop) {
      result.push_back({.kind = kind, .value = {}});
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) break;
    result.push_back({.kind = kind, .value = options.subspan(2, options[1] - 2U)});
    options = options.subspan(options[1]);
  }
  return result;
}

std::string options_text(std::span<const std::uint8_t> options) {
  std::string text;
  for (const RawOption& option : split_options(options)) {
    if (!text.empty()) text += ',';
    text += option_text(option);
  }
  return text;
}

std::string flags_text(std::uint16_t flags, bool ace) {
  constexpr std::array kLetters = {std::pair{wire::kFin, 'F'}, std::pair{wire::kSyn, 'S'},
                                   std::pair{wire::kRst, 'R'}, std::pair{wire::kPsh, 'P'},
                                   std::pair{wire::kUrg, 'U'}};
  constexpr std::array kEcn = {std::pair{wire::kEce, 'E'}, std::pair{wire::kCwr, 'W'},
                               std::pair{wire::kAe, 'A'}};
  std::string text;
  for (const auto& [flag, letter] : kLetters) {
    if ((flags & flag) != 0) text += letter;
  }
  unsigned number = 0;
  for (std::size_t i = 0; i < kEcn.size(); ++i) {
    if ((flags & kEcn[i].first) == 0) continue;
    number |= 1U << i;
    if (!ace) text += kEcn[i].second;
  }
  if ((flags & wire::kAck) != 0) text += '.';
  if (ace) text += std::to_string(number);
  return text.empty() ? "-" : text;
}

std::vector<Field> fields_of(const PacketSpec& expected, AddressMode mode) {
  std::vector<Field> fields;
  fields.push_back(ip_field(expected.ip));
  const bool any_ports = expected.source_port == 0 && expected.destination_port == 0;
  fields.push_back(port_field(expected.source_port, expected.destination_port, any_ports));
  if (const auto* const tcp = std::get_if<TcpSpec>(&expected.layer)) {
    add_tcp(*tcp, tcp->ace, !tcp->window, tcp->any_options, fields);
  } else if (const auto* const udp = std::get_if<UdpSpec>(&expected.layer)) {
    fields.push_back({.name = "datagram", .text = udp_text(*udp)});
  } else {
    fields.push_back(
        {.name = "message", .text = icmp_text(std::get<IcmpSpec>(expected.layer), mode)});
  }
  return fields;
}

std::vector<Field> fields_of(const Observed& sent, const PacketSpec& expected) {
  std::vector<Field> fields;
  fields.push_back(ip_field(ip_of(sent, expected.ip)));
  const bool any_ports = expected.source_port == 0 && expected.destination_port == 0;
  fields.push_back(port_field(sent.source_port, sent.destination_port, any_ports));
  const AddressMode mode = sent.ip.source.is_v4() ? AddressMode::ipv4 : AddressMode::ipv6;
  if (const auto* const tcp = std::get_if<TcpSpec>(&sent.layer)) {
    const auto* const wanted = std::get_if<TcpSpec>(&expected.layer);
    add_tcp(*tcp, wanted != nullptr && wanted->ace, wanted != nullptr && !wanted->window,
            wanted != nullptr && wanted->any_options, fields);
  } else if (const auto* const udp = std::get_if<UdpSpec>(&sent.layer)) {
    fields.push_back({.name = "datagram", .text = udp_text(*udp)});
  } else {
    fields.push_back({.name = "message", .text = icmp_text(std::get<IcmpSpec>(sent.layer), mode)});
  }
  return fields;
}

std::string to_text(const Observed& sent) {
  std::string text;
  for (const Field& field : fields_of(sent, PacketSpec{})) {
    if (field.text.empty()) continue;
    if (!text.empty()) text += ' ';
    text += field.text;
  }
  return text;
}

}  // namespace bowline::inline v0::packetdrill
