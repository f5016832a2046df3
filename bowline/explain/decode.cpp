#include "bowline/explain/decode.hpp"

#include <algorithm>

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/cursor.hpp"

namespace bowline::inline v0::explain {
namespace {

using wire::Cursor;

constexpr std::uint16_t kVlan = 0x8100;          // IEEE 802.1Q
constexpr std::uint16_t kProviderVlan = 0x88a8;  // 802.1ad
constexpr std::uint16_t kOldProviderVlan = 0x9100;

constexpr bool is_vlan(std::uint16_t type) noexcept {
  return type == kVlan || type == kProviderVlan || type == kOldProviderVlan;
}

// 0x0800 or 0x86dd by the first four bits of what stands there.
std::uint16_t type_by_version(std::span<const std::byte> bytes) noexcept {
  if (bytes.empty()) return 0;
  const auto version = std::to_integer<unsigned>(bytes[0]) >> 4U;
  return version == 4   ? wire::kEtherTypeIpv4
         : version == 6 ? wire::kEtherTypeIpv6
                        : std::uint16_t{0};
}

// BSD's address families; IPv6 has another number on each of them.
std::uint16_t type_of_family(std::uint32_t family) noexcept {
  switch (family) {
    case 2:
      return wire::kEtherTypeIpv4;
    case 10:
    case 24:
    case 28:
    case 30:
      return wire::kEtherTypeIpv6;
    default:
      return 0;
  }
}

// The way by the packet type of a cooked header: 4 was sent by this machine, 0 came for it.
std::optional<trace::Way> cooked_way(unsigned type) noexcept {
  if (type == 4) return trace::Way::out;
  if (type <= 3) return trace::Way::in;
  return std::nullopt;
}

// Reads the link header; the cursor then stands at the network layer's.
void read_link(Cursor& cursor, LinkType link, Decoded& decoded) noexcept {
  switch (link) {
    case LinkType::ethernet:
      if (const auto header = wire::parse_ethernet(cursor.bytes(wire::kEthernetHeaderSize))) {
        decoded.ethernet = *header;
        decoded.ether_type = header->type;
      }
      break;
    case LinkType::null: {
      const std::uint32_t family = cursor.u32();
      // In the order of the machine that captured: the families are small numbers.
      decoded.ether_type = type_of_family(family > 0xffff ? family >> 24U : family);
      break;
    }
    case LinkType::loop:
      decoded.ether_type = type_of_family(cursor.u32());
      break;
    case LinkType::linux_sll: {
      const auto type = cursor.u16();
      cursor.skip(12);
      decoded.ether_type = cursor.u16();
      if (!decoded.way) decoded.way = cooked_way(type);
      break;
    }
    case LinkType::linux_sll2: {
      decoded.ether_type = cursor.u16();
      cursor.skip(8);
      const auto type = cursor.u8();
      cursor.skip(9);
      if (!decoded.way) decoded.way = cooked_way(type);
      break;
    }
    case LinkType::raw:
    case LinkType::raw_12:
    case LinkType::raw_14:
    case LinkType::ipv4:
    case LinkType::ipv6: {
      Cursor look = cursor;
      decoded.ether_type = type_by_version(look.rest());
      break;
    }
  }
  while (cursor.ok() && is_vlan(decoded.ether_type) && decoded.vlan_count < decoded.vlans.size()) {
    const std::uint16_t control = cursor.u16();
    decoded.vlans[decoded.vlan_count++] = {decoded.ether_type, control};
    decoded.ether_type = cursor.u16();
  }
}

ChecksumState verify(const wire::IpHeader& ip, std::span<const std::byte> transport,
                     std::uint16_t field) noexcept {
  if (ip.is_fragment() || transport.size() < ip.payload_size) return ChecksumState::unknown;
  const wire::ChecksumSum pseudo =
      wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size);
  wire::ChecksumSum sum = pseudo;
  sum.add(transport.first(ip.payload_size));
  if (sum.verifies()) return ChecksumState::right;
  return field == pseudo.partial() ? ChecksumState::to_device : ChecksumState::wrong;
}

void read_tcp(Decoded& decoded) noexcept {
  const std::uint32_t size = decoded.ip->payload_size;
  const std::span<const std::byte> head = decoded.transport;
  auto tcp = wire::parse_tcp(head, size);
  if (!tcp && head.size() < size && head.size() >= wire::kTcpHeaderSize) {
    // Cut by the snap length within the options: the fixed header is worth having alone.
    std::array<std::byte, wire::kTcpHeaderSize> fixed;
    std::ranges::copy(head.first(wire::kTcpHeaderSize), fixed.begin());
    const std::uint32_t header_size = (std::to_integer<std::uint32_t>(fixed[12]) >> 4U) * 4;
    fixed[12] = std::byte{0x50} | (fixed[12] & std::byte{0x0f});
    if (header_size > head.size() && header_size <= size) {
      tcp = wire::parse_tcp(fixed, wire::kTcpHeaderSize);
      if (tcp) {
        tcp->header_size = header_size;
        tcp->payload_size = size - header_size;
        decoded.options_cut = true;
      }
    }
  }
  if (!tcp) {
    if (head.size() < size && head.size() < wire::kTcpMaxHeaderSize) {
      decoded.headers_cut = true;
    } else {
      decoded.broken = tcp.error();
    }
    return;
  }
  decoded.tcp = *tcp;
  decoded.payload_size = tcp->payload_size;
  if (decoded.options_cut) {
    decoded.payload = {};  // it would lie behind the cut
  } else {
    decoded.tcp_options =
        head.subspan(wire::kTcpHeaderSize, tcp->header_size - wire::kTcpHeaderSize);
    decoded.payload =
        head.subspan(tcp->header_size)
            .first(std::min<std::size_t>(head.size() - tcp->header_size, tcp->payload_size));
  }
  decoded.checksum = verify(*decoded.ip, head, tcp->header.checksum);
}

void read_udp(Decoded& decoded) noexcept {
  const std::span<const std::byte> head = decoded.transport;
  if (head.size() < wire::kUdpHeaderSize && head.size() < decoded.ip->payload_size) {
    decoded.headers_cut = true;
    return;
  }
  const auto udp = wire::parse_udp(head, decoded.ip->payload_size);
  if (!udp) {
    decoded.broken = udp.error();
    return;
  }
  decoded.udp = *udp;
  decoded.payload_size = udp->payload_size;
  const std::size_t there = head.size() - wire::kUdpHeaderSize;
  decoded.payload =
      head.subspan(wire::kUdpHeaderSize).first(std::min<std::size_t>(there, udp->payload_size));
  decoded.checksum =
      udp->checksum == 0 ? ChecksumState::none : verify(*decoded.ip, head, udp->checksum);
}

void read_icmp(Decoded& decoded) noexcept {
  const std::span<const std::byte> head = decoded.transport;
  const std::uint32_t size = decoded.ip->payload_size;
  const auto icmp = wire::parse_icmp(decoded.ip->family(), head, size);
  if (!icmp) {
    if (head.size() < size) {
      decoded.headers_cut = true;
    } else {
      decoded.broken = icmp.error();
    }
    return;
  }
  decoded.icmp = *icmp;
  decoded.payload_size = size - std::min(size, wire::kIcmpHeaderSize);
  decoded.payload = head.subspan(std::min<std::size_t>(head.size(), wire::kIcmpHeaderSize));
}

void read_ip(Decoded& decoded, std::uint32_t size) noexcept {
  const auto ip = wire::parse_ip(decoded.ip_bytes, size, wire::HeaderChecksum::trust);
  if (!ip) {
    // The longest header of the two is where an honest cut may fall.
    if (decoded.ip_bytes.size() < size && decoded.ip_bytes.size() < wire::kIpv4MaxHeaderSize) {
      decoded.headers_cut = true;
    } else {
      decoded.broken = ip.error();
    }
    return;
  }
  decoded.ip = *ip;
  if (ip->family() == Family::ipv4) {
    const auto sum = wire::sum_of(decoded.ip_bytes.first(ip->header_size));
    decoded.ip_checksum = sum.verifies() ? ChecksumState::right : ChecksumState::wrong;
  }
  const std::span<const std::byte> behind = decoded.ip_bytes.subspan(ip->header_size);
  decoded.transport = behind.first(std::min<std::size_t>(behind.size(), ip->payload_size));
  decoded.payload_size = ip->payload_size;
  decoded.payload = decoded.transport;
  if (ip->is_fragment()) return;
  switch (ip->protocol) {
    case wire::kProtocolTcp:
      read_tcp(decoded);
      break;
    case wire::kProtocolUdp:
      read_udp(decoded);
      break;
    case wire::kProtocolIcmp:
    case wire::kProtocolIcmpV6:
      read_icmp(decoded);
      break;
    default:
      break;
  }
}

}  // namespace

Decoded decode(const CapturedPacket& packet) noexcept {
  Decoded decoded;
  decoded.way = packet.way;
  Cursor cursor(packet.bytes);
  read_link(cursor, packet.link, decoded);
  if (!cursor.ok()) {
    decoded.headers_cut = true;
    return decoded;
  }
  decoded.link_size = static_cast<std::uint32_t>(cursor.offset());
  const std::span<const std::byte> network = cursor.rest();
  const std::uint32_t size = packet.size - decoded.link_size;
  if (decoded.ether_type == wire::kEtherTypeArp) {
    decoded.arp = wire::parse_arp(network);
    return decoded;
  }
  if (decoded.ether_type != wire::kEtherTypeIpv4 && decoded.ether_type != wire::kEtherTypeIpv6) {
    decoded.payload = network;
    decoded.payload_size = size;
    return decoded;
  }
  decoded.ip_bytes = network;
  read_ip(decoded, size);
  return decoded;
}

}  // namespace bowline::inline v0::explain
