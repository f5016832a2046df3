#include "bowline/packetdrill/run/build.hpp"

#include <algorithm>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/icmp.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

constexpr std::size_t kQuotedTransport = 8;  // bytes of it: ports, and TCP's sequence number
constexpr std::size_t kUdpHeaderSize = 8;

using Bytes = std::vector<std::byte>;

std::uint8_t protocol_of(const PacketSpec& packet, Family family) noexcept {
  if (std::holds_alternative<TcpSpec>(packet.layer)) return wire::kProtocolTcp;
  if (std::holds_alternative<UdpSpec>(packet.layer)) return wire::kProtocolUdp;
  return family == Family::ipv4 ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
}

std::uint8_t tos_of(const IpSpec& ip) noexcept {
  if (ip.tos) return *ip.tos;
  return ip.ecn.value_or(0);
}

Bytes with_ip_header(const Bytes& transport, const IpSpec& ip, std::uint8_t protocol,
                     const IpAddress& from, const IpAddress& to) {
  const wire::IpHeader header{.source = from,
                              .destination = to,
                              .protocol = protocol,
                              .ttl = ip.ttl.value_or(255),
                              .tos = tos_of(ip),
                              .flow_label = ip.flow_label.value_or(0),
                              .payload_size = static_cast<std::uint32_t>(transport.size())};
  Bytes packet(wire::ip_header_size(from.family()));
  wire::emit_ip(packet.data(), header);
  packet.insert(packet.end(), transport.begin(), transport.end());
  return packet;
}

void put_checksum(Bytes& transport, std::size_t at, std::uint8_t protocol, const IpAddress& from,
                  const IpAddress& to) {
  wire::ChecksumSum sum = wire::sum_of(transport);
  if (protocol != wire::kProtocolIcmp) {
    sum.add_sum(
        wire::pseudo_header_sum(from, to, protocol, static_cast<std::uint32_t>(transport.size())));
  }
  std::uint16_t checksum = sum.finish();
  if (protocol == wire::kProtocolUdp) checksum = wire::udp_checksum_field(checksum);
  store_be<std::uint16_t>(transport.data() + at, checksum);
}

Bytes build_tcp(const TcpSpec& segment, const Endpoint& from, const Endpoint& to) {
  Bytes bytes(wire::kTcpHeaderSize + segment.options.size() + segment.length);
  const wire::TcpHeader header{.source_port = from.port,
                               .destination_port = to.port,
                               .seq = SeqNumber(segment.seq),
                               .ack = SeqNumber(segment.ack),
                               .flags = segment.flags,
                               .window = segment.window.value_or(0),
                               .checksum = 0,
                               .urgent = segment.urgent};
  wire::emit_tcp_plain(bytes.data(), header,
                       static_cast<std::uint32_t>(wire::kTcpHeaderSize + segment.options.size()));
  std::ranges::transform(segment.options, bytes.begin() + wire::kTcpHeaderSize,
                         [](std::uint8_t byte) { return std::byte{byte}; });
  put_checksum(bytes, wire::kTcpChecksumOffset, wire::kProtocolTcp, from.address, to.address);
  return bytes;
}

Bytes build_udp(const UdpSpec& datagram, const Endpoint& from, const Endpoint& to) {
  Bytes bytes(kUdpHeaderSize + datagram.length);
  store_be<std::uint16_t>(bytes.data(), from.port);
  store_be<std::uint16_t>(bytes.data() + 2, to.port);
  store_be<std::uint16_t>(bytes.data() + 4, static_cast<std::uint16_t>(bytes.size()));
  put_checksum(bytes, 6, wire::kProtocolUdp, from.address, to.address);
  return bytes;
}

// The packet of ours that an ICMP error is about: its IP header and eight bytes.
Bytes build_quote(const IcmpSpec& message, const Endpoint& ours, const Endpoint& theirs) {
  Bytes start(kQuotedTransport);
  store_be<std::uint16_t>(start.data(), ours.port);
  store_be<std::uint16_t>(start.data() + 2, theirs.port);
  std::size_t header = wire::kTcpHeaderSize;
  if (message.quotes_udp) {
    header = kUdpHeaderSize;
    store_be<std::uint16_t>(start.data() + 4,
                            static_cast<std::uint16_t>(kUdpHeaderSize + message.length));
  } else {
    store_be<std::uint32_t>(start.data() + 4, message.seq);
  }
  const wire::IpHeader ip{.source = ours.address,
                          .destination = theirs.address,
                          .protocol = message.quotes_udp ? wire::kProtocolUdp : wire::kProtocolTcp,
                          .payload_size = static_cast<std::uint32_t>(header + message.length)};
  Bytes quote(wire::ip_header_size(ours.address.family()));
  wire::emit_ip(quote.data(), ip);
  quote.insert(quote.end(), start.begin(), start.end());
  return quote;
}

Bytes build_icmp(const IcmpSpec& message, const Endpoint& from, const Endpoint& to) {
  const bool v6 = from.address.family() == Family::ipv6;
  Bytes bytes(wire::kIcmpHeaderSize);
  bytes[0] = std::byte{v6 ? message.type_v6 : message.type};
  bytes[1] = std::byte{v6 ? message.code_v6 : message.code};
  if (message.echo_id != 0) {
    store_be<std::uint16_t>(bytes.data() + 4, message.echo_id);
  } else if (v6) {
    store_be<std::uint32_t>(bytes.data() + 4, message.mtu);
  } else {
    store_be<std::uint16_t>(bytes.data() + 6, static_cast<std::uint16_t>(message.mtu));
  }
  if (message.quotes) {
    const Bytes quote = build_quote(message, to, from);
    bytes.insert(bytes.end(), quote.begin(), quote.end());
  } else if (message.length > bytes.size()) {
    bytes.resize(message.length);
  }
  put_checksum(bytes, 2, v6 ? wire::kProtocolIcmpV6 : wire::kProtocolIcmp, from.address,
               to.address);
  return bytes;
}

}  // namespace

std::vector<std::byte> build_packet(const PacketSpec& packet, const Endpoint& from,
                                    const Endpoint& to) {
  Bytes transport;
  if (const auto* const tcp = std::get_if<TcpSpec>(&packet.layer)) {
    transport = build_tcp(*tcp, from, to);
  } else if (const auto* const udp = std::get_if<UdpSpec>(&packet.layer)) {
    transport = build_udp(*udp, from, to);
  } else {
    transport = build_icmp(std::get<IcmpSpec>(packet.layer), from, to);
  }
  return with_ip_header(transport, packet.ip, protocol_of(packet, from.address.family()),
                        from.address, to.address);
}

}  // namespace bowline::inline v0::packetdrill
