#include "tests/attack/forge/packets.hpp"

#include <algorithm>
#include <array>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/pretty.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline::attack {
namespace {

constexpr std::size_t kUdpChecksum = 6;
constexpr std::size_t kIcmpChecksum = 2;
constexpr std::size_t kIpv4Checksum = 10;

void sign_ipv4(Bytes& packet, std::size_t header_size) {
  store_be<std::uint16_t>(packet.data() + kIpv4Checksum, std::uint16_t{0});
  const auto sum = wire::sum_of(std::span(packet).first(header_size)).finish();
  store_be<std::uint16_t>(packet.data() + kIpv4Checksum, sum);
}

}  // namespace

Bytes around(const IpAddress& from, const IpAddress& to, std::uint8_t protocol, Bytes transport,
             std::size_t checksum_offset) {
  wire::IpHeader header;
  header.source = from;
  header.destination = to;
  header.protocol = protocol;
  header.payload_size = static_cast<std::uint32_t>(transport.size());
  if (transport.size() >= checksum_offset + 2) {
    wire::ChecksumSum sum;
    if (protocol != wire::kProtocolIcmp) {
      sum = wire::pseudo_header_sum(from, to, protocol, header.payload_size);
    }
    store_be<std::uint16_t>(transport.data() + checksum_offset, std::uint16_t{0});
    sum.add(transport);
    store_be<std::uint16_t>(transport.data() + checksum_offset, sum.finish());
  }
  Bytes packet(wire::ip_header_size(header.family()));
  wire::emit_ip(packet.data(), header);
  packet.insert(packet.end(), transport.begin(), transport.end());
  return packet;
}

Bytes packet(const Tcp& segment) {
  wire::TcpHeader header;
  header.source_port = segment.from.port;
  header.destination_port = segment.to.port;
  header.seq = segment.seq;
  header.ack = segment.ack;
  header.flags = segment.flags;
  header.window = segment.window;
  header.urgent = segment.urgent;
  Bytes bytes(wire::kTcpMaxHeaderSize);
  if (segment.raw_options.empty()) {
    bytes.resize(wire::emit_tcp(bytes, header, segment.options));
  } else {
    const auto size = wire::kTcpHeaderSize + static_cast<std::uint32_t>(segment.raw_options.size());
    wire::emit_tcp_plain(bytes.data(), header, size);
    std::ranges::copy(segment.raw_options, bytes.begin() + wire::kTcpHeaderSize);
    bytes.resize(size);
  }
  bytes.insert(bytes.end(), segment.payload.begin(), segment.payload.end());
  return around(segment.from.address, segment.to.address, wire::kProtocolTcp, std::move(bytes),
                wire::kTcpChecksumOffset);
}

Bytes udp(const Endpoint& from, const Endpoint& to, std::size_t size) {
  Bytes bytes(wire::kUdpHeaderSize + size);
  wire::emit_udp(bytes.data(), {from.port, to.port, static_cast<std::uint16_t>(size), 0});
  return around(from.address, to.address, wire::kProtocolUdp, std::move(bytes), kUdpChecksum);
}

Bytes echo_request(const IpAddress& from, const IpAddress& to, std::size_t size) {
  const bool v4 = from.is_v4();
  Bytes bytes(wire::kIcmpHeaderSize + size);
  wire::emit_icmp_echo(bytes.data(), from.family(), wire::IcmpKind::echo_request, 1, 1, {});
  return around(from, to, v4 ? wire::kProtocolIcmp : wire::kProtocolIcmpV6, std::move(bytes),
                kIcmpChecksum);
}

Bytes icmp_error(const IpAddress& router, const IpAddress& to, wire::IcmpKind kind,
                 std::uint32_t word, std::span<const std::byte> offending) {
  Bytes bytes(wire::kIpv6MinMtu);
  bytes.resize(wire::emit_icmp_error(bytes, kind, word, router, to, offending));
  const auto protocol = router.is_v4() ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
  return around(router, to, protocol, std::move(bytes), kIcmpChecksum);
}

Bytes with_ipv4_options(const Bytes& packet, std::span<const std::byte> options) {
  Bytes longer(packet.begin(), packet.begin() + wire::kIpv4HeaderSize);
  longer.insert(longer.end(), options.begin(), options.end());
  const std::size_t header_size = longer.size();
  longer.insert(longer.end(), packet.begin() + wire::kIpv4HeaderSize, packet.end());
  longer[0] = static_cast<std::byte>(0x40U | header_size / 4);
  store_be<std::uint16_t>(longer.data() + 2, static_cast<std::uint16_t>(longer.size()));
  sign_ipv4(longer, header_size);
  return longer;
}

Bytes with_ipv6_extensions(const Bytes& packet, std::uint8_t first,
                           std::span<const std::byte> headers) {
  constexpr std::size_t kNextHeader = 6;
  Bytes longer(packet.begin(), packet.begin() + wire::kIpv6HeaderSize);
  longer.insert(longer.end(), headers.begin(), headers.end());
  longer.insert(longer.end(), packet.begin() + wire::kIpv6HeaderSize, packet.end());
  longer[kNextHeader] = std::byte{first};
  store_be<std::uint16_t>(longer.data() + 4,
                          static_cast<std::uint16_t>(longer.size() - wire::kIpv6HeaderSize));
  return longer;
}

Bytes packet(const Fragment& fragment) {
  wire::IpHeader header;
  header.source = fragment.from;
  header.destination = fragment.to;
  header.protocol = fragment.protocol;
  header.dont_fragment = false;
  header.more_fragments = fragment.more;
  header.fragment_offset = static_cast<std::uint16_t>(fragment.offset);
  header.identification = fragment.id;
  header.payload_size = static_cast<std::uint32_t>(fragment.payload.size());
  Bytes bytes(wire::ip_fragment_header_size(header.family()));
  wire::emit_ip_fragment(bytes.data(), header);
  bytes.insert(bytes.end(), fragment.payload.begin(), fragment.payload.end());
  return bytes;
}

std::vector<Bytes> cut(const Bytes& whole, std::uint32_t each, std::uint32_t id) {
  const auto header = wire::parse_ip(whole, static_cast<std::uint32_t>(whole.size()));
  std::vector<Bytes> pieces;
  if (!header) return pieces;
  for (std::uint32_t offset = 0; offset < header->payload_size; offset += each) {
    const std::uint32_t size = std::min(each, header->payload_size - offset);
    const auto begin = whole.begin() + header->header_size + offset;
    pieces.push_back(packet(Fragment{.from = header->source,
                                     .to = header->destination,
                                     .protocol = header->protocol,
                                     .id = id,
                                     .offset = offset,
                                     .more = offset + size < header->payload_size,
                                     .payload = Bytes(begin, begin + size)}));
  }
  return pieces;
}

std::optional<Seen> read(std::span<const std::byte> packet) {
  const auto ip = wire::parse_ip(packet, static_cast<std::uint32_t>(packet.size()));
  if (!ip) return std::nullopt;
  Seen seen{.ip = *ip, .tcp = {}, .icmp = {}};
  const auto transport = packet.subspan(ip->header_size, ip->payload_size);
  if (ip->protocol == wire::kProtocolTcp) {
    const auto tcp = wire::parse_tcp(transport, ip->payload_size);
    if (!tcp) return std::nullopt;
    seen.tcp = *tcp;
  } else if (ip->protocol == wire::kProtocolIcmp || ip->protocol == wire::kProtocolIcmpV6) {
    const auto icmp = wire::parse_icmp(ip->family(), transport, ip->payload_size);
    if (!icmp) return std::nullopt;
    seen.icmp = *icmp;
  }
  return seen;
}

std::string line(std::span<const std::byte> packet) {
  std::array<char, wire::kMaxPretty> text{};
  return std::string(wire::pretty(text, packet));
}

}  // namespace bowline::attack
