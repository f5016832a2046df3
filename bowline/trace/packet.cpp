#include "bowline/trace/packet.hpp"

#include <algorithm>
#include <array>

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ethernet.hpp"

namespace bowline::inline v0::trace {
namespace {

// The part of an Ethernet frame that is IP; empty for anything else (ARP).
std::span<const std::byte> ip_part(std::span<const std::byte> frame, LinkKind link) noexcept {
  if (link == LinkKind::ip) return frame;
  const auto header = wire::parse_ethernet(frame);
  if (!header) return {};
  if (header->type != wire::kEtherTypeIpv4 && header->type != wire::kEtherTypeIpv6) return {};
  return frame.subspan(wire::kEthernetHeaderSize);
}

std::span<const std::byte> arp_part(std::span<const std::byte> frame, LinkKind link) noexcept {
  if (link == LinkKind::ip) return {};
  const auto header = wire::parse_ethernet(frame);
  if (!header || header->type != wire::kEtherTypeArp) return {};
  return frame.subspan(wire::kEthernetHeaderSize);
}

}  // namespace

Endpoint Packet::source() const noexcept {
  if (!ip) return {};
  return {ip->source, tcp ? tcp->header.source_port : udp ? udp->source_port : std::uint16_t{0}};
}

Endpoint Packet::destination() const noexcept {
  if (!ip) return {};
  return {ip->destination, tcp   ? tcp->header.destination_port
                           : udp ? udp->destination_port
                                 : std::uint16_t{0}};
}

Packet take_apart(std::span<const std::byte> frame, LinkKind link) noexcept {
  Packet packet;
  packet.arp = arp_part(frame, link);
  packet.ip_packet = ip_part(frame, link);
  if (packet.ip_packet.empty()) return packet;
  const auto ip =
      wire::parse_ip(packet.ip_packet, static_cast<std::uint32_t>(packet.ip_packet.size()),
                     wire::HeaderChecksum::trust);
  if (!ip) {
    packet.broken = ip.error();
    return packet;
  }
  packet.ip = *ip;
  if (ip->is_fragment()) return packet;
  const std::span<const std::byte> transport =
      packet.ip_packet.subspan(ip->header_size, ip->payload_size);
  if (ip->protocol == wire::kProtocolTcp) {
    const auto tcp = wire::parse_tcp(transport, ip->payload_size);
    if (!tcp) {
      packet.broken = tcp.error();
      return packet;
    }
    packet.tcp = *tcp;
    packet.tcp_options =
        transport.subspan(wire::kTcpHeaderSize, tcp->header_size - wire::kTcpHeaderSize);
    packet.payload = transport.subspan(tcp->header_size, tcp->payload_size);
  } else if (ip->protocol == wire::kProtocolUdp) {
    const auto udp = wire::parse_udp(transport, ip->payload_size);
    if (!udp) {
      packet.broken = udp.error();
      return packet;
    }
    packet.udp = *udp;
    packet.payload = transport.subspan(wire::kUdpHeaderSize, udp->payload_size);
  }
  return packet;
}

std::optional<Segment> segment_of(const Packet& packet) noexcept {
  if (!packet.tcp) return std::nullopt;
  const wire::TcpHeader& header = packet.tcp->header;
  return Segment{.source = packet.source(),
                 .destination = packet.destination(),
                 .seq = header.seq,
                 .ack = header.ack,
                 .flags = header.flags,
                 .window = header.window,
                 .urgent = header.urgent,
                 .length = packet.tcp->payload_size,
                 .options = packet.tcp->options};
}

std::vector<std::byte> to_packet(const Segment& segment, std::span<const std::byte> payload) {
  std::array<std::byte, wire::kTcpMaxHeaderSize> tcp;
  const wire::TcpHeader header{.source_port = segment.source.port,
                               .destination_port = segment.destination.port,
                               .seq = segment.seq,
                               .ack = segment.ack,
                               .flags = segment.flags,
                               .window = segment.window,
                               .checksum = 0,
                               .urgent = segment.urgent};
  const std::uint32_t tcp_size = wire::emit_tcp(tcp, header, segment.options);
  const IpAddress& source = segment.source.address;
  const std::uint32_t ip_size = wire::ip_header_size(source.family());
  constexpr std::uint32_t kLargest = 65'535;
  if (tcp_size == 0 || segment.length > kLargest - wire::kTcpMaxHeaderSize - ip_size) return {};
  if (source.family() != segment.destination.address.family()) return {};

  std::vector<std::byte> bytes(ip_size + tcp_size + segment.length);
  wire::IpHeader ip;
  ip.source = source;
  ip.destination = segment.destination.address;
  ip.protocol = wire::kProtocolTcp;
  ip.payload_size = tcp_size + segment.length;
  wire::emit_ip(bytes.data(), ip);
  const std::span<std::byte> transport = std::span(bytes).subspan(ip_size);
  std::ranges::copy(std::span(tcp).first(tcp_size), transport.begin());
  std::ranges::copy(payload.first(std::min<std::size_t>(payload.size(), segment.length)),
                    transport.subspan(tcp_size).begin());
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(ip.source, ip.destination, wire::kProtocolTcp, ip.payload_size);
  sum.add(transport);
  store_be<std::uint16_t>(transport.data() + wire::kTcpChecksumOffset, sum.finish());
  return bytes;
}

}  // namespace bowline::inline v0::trace
