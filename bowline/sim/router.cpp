#include "bowline/sim/router.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::sim {
namespace {

constexpr std::size_t kIpv4Ttl = 8;  // RFC 791 3.1; the checksum stands in the next word
constexpr std::size_t kIpv4Checksum = 10;
constexpr std::size_t kIpv6HopLimit = 7;  // RFC 8200 3

std::uint32_t index(Port port) noexcept { return static_cast<std::uint32_t>(port); }

void count_down(std::span<std::byte> head, Family family) {
  if (family == Family::ipv6) {
    head[kIpv6HopLimit] =
        static_cast<std::byte>(std::to_integer<unsigned>(head[kIpv6HopLimit]) - 1);
    return;
  }
  const auto before = load_be<std::uint16_t>(head.data() + kIpv4Ttl);
  const auto after = static_cast<std::uint16_t>(before - 0x100);
  store_be<std::uint16_t>(head.data() + kIpv4Ttl, after);
  const auto checksum = load_be<std::uint16_t>(head.data() + kIpv4Checksum);
  store_be<std::uint16_t>(head.data() + kIpv4Checksum,
                          wire::update_checksum(checksum, before, after));
}

/// May an error be told about this packet? (RFC 1812 section 4.3.2.7, RFC 4443 section 2.4 e)
bool deserves_error(const Packet& packet, const wire::IpHeader& ip, wire::IcmpKind kind) {
  if (ip.fragment_offset != 0 || ip.source.is_unspecified() || ip.source.is_multicast()) {
    return false;
  }
  const bool too_big = kind == wire::IcmpKind::packet_too_big && !ip.destination.is_v4();
  if ((ip.destination.is_multicast() || ip.destination.is_limited_broadcast()) && !too_big) {
    return false;
  }
  if (ip.protocol != wire::kProtocolIcmp && ip.protocol != wire::kProtocolIcmpV6) return true;
  const auto icmp =
      wire::parse_icmp(ip.family(), packet.head().subspan(ip.header_size), ip.payload_size);
  return icmp && !wire::is_error(icmp->kind);
}

}  // namespace

Router::Router(NodeId id, std::string name, const RouterOptions& options)
    : Node(id, std::move(name)), icmp_(options.icmp_rate) {
  if (options.middlebox) middlebox_.emplace(*options.middlebox);
}

Result<std::unique_ptr<Node>> Router::clone() const { return std::make_unique<Router>(*this); }

// ---- addresses and routes -----------------------------------------------------------------------

Port Router::add_interface(const Cidr& address, std::uint32_t mtu) {
  const auto port = static_cast<Port>(interfaces_.size());
  interfaces_.push_back({{}, mtu});
  add_address(port, address);
  return port;
}

void Router::add_address(Port port, const Cidr& address) {
  interfaces_.at(index(port)).addresses.push_back(address);
  routes_.push_back({address, port});
}

std::span<const Cidr> Router::addresses(Port port) const {
  return interfaces_.at(index(port)).addresses;
}

void Router::add_route(const Cidr& destination, Port port, const IpAddress&) {
  // A wire has one other end, so the port says it all.
  routes_.push_back({destination, port});
}

std::optional<Port> Router::route_to(const IpAddress& destination) const {
  const Route* best = nullptr;
  for (const Route& route : routes_) {
    if (!route.destination.contains(destination)) continue;
    if (best == nullptr || route.destination.prefix > best->destination.prefix) best = &route;
  }
  if (best == nullptr) return std::nullopt;
  return best->port;
}

const IpAddress* Router::address_at(Port port, Family family) const {
  for (const Cidr& address : interfaces_[index(port)].addresses) {
    if (address.address.family() == family) return &address.address;
  }
  return nullptr;
}

bool Router::is_own(const IpAddress& address) const {
  return std::any_of(interfaces_.begin(), interfaces_.end(), [&](const Interface& interface) {
    return std::any_of(interface.addresses.begin(), interface.addresses.end(),
                       [&](const Cidr& own) { return own.address == address; });
  });
}

bool Router::is_outside(Port port) const {
  return middlebox_ && index(port) == middlebox_->options().outside;
}

// ---- packets ------------------------------------------------------------------------------------

FrameId Router::arrive(Port port, Packet packet, Time now, Outlet& outlet) {
  auto ip = wire::parse_ip(packet.head(), packet.size());
  if (!ip) {
    ++counters_.malformed;
    return FrameId::none;
  }
  const Packet offending = packet;  // as it came: errors speak of that

  if (is_outside(port)) {
    if (!admit(port, port, packet, *ip, now, outlet)) return FrameId::none;
    ip = wire::parse_ip(packet.head(), packet.size());
  }
  if (is_own(ip->destination)) {
    ++counters_.for_itself;
    return FrameId::none;
  }
  const std::optional<Port> to = route_to(ip->destination);
  if (!to) {
    ++counters_.no_route;
    tell(port, offending, wire::IcmpKind::network_unreachable, 0, now, outlet);
    return FrameId::none;
  }
  if (ip->ttl <= 1) {
    ++counters_.expired;
    tell(port, offending, wire::IcmpKind::time_exceeded, 0, now, outlet);
    return FrameId::none;
  }
  const std::uint32_t mtu = interfaces_[index(*to)].mtu;
  const bool whole = packet.size() <= mtu;
  if (!whole && (ip->dont_fragment || ip->family() == Family::ipv6)) {
    ++counters_.too_big;
    tell(port, offending, wire::IcmpKind::packet_too_big, mtu, now, outlet);
    return FrameId::none;
  }
  if (is_outside(*to) && !is_outside(port)) {
    if (!admit(port, *to, packet, *ip, now, outlet)) return FrameId::none;
  }
  count_down(packet.writable_head(outlet.pool()), ip->family());
  if (whole) {
    forward(*to, std::move(packet), outlet);
  } else {
    forward_fragments(*to, packet, *ip, outlet);
  }
  return FrameId::none;
}

bool Router::admit(Port from, Port to, Packet& packet, const wire::IpHeader& ip, Time now,
                   Outlet& outlet) {
  const IpAddress* const outside = address_at(to, ip.family());
  // A NAT without an outside address of this family does not translate it: it refuses.
  Middlebox::Verdict verdict = Middlebox::Verdict::drop;
  const Packet before = packet;
  if (outside != nullptr) {
    verdict = from == to ? middlebox_->inbound(packet, ip, *outside, now, outlet.pool())
                         : middlebox_->outbound(packet, ip, *outside, now, outlet.pool());
  }
  if (verdict == Middlebox::Verdict::pass) return true;
  ++counters_.refused;
  if (verdict == Middlebox::Verdict::reset) reset_sender(from, before, ip, outlet);
  return false;
}

void Router::forward(Port to, Packet packet, Outlet& outlet) {
  ++counters_.forwarded;
  outlet.send(id(), to, std::move(packet), FrameId::none);
}

/// RFC 791 section 3.2, the fragmentation procedure; options go into every fragment as they are.
void Router::forward_fragments(Port to, Packet packet, const wire::IpHeader& ip, Outlet& outlet) {
  const std::span<const std::byte> whole = packet.writable(outlet.pool());
  const std::uint32_t room = (interfaces_[index(to)].mtu - ip.header_size) / 8 * 8;
  for (std::uint32_t at = 0; at < ip.payload_size; at += room) {
    const std::uint32_t size = std::min(room, ip.payload_size - at);
    const bool more = at + size < ip.payload_size || ip.more_fragments;
    std::vector<std::byte> bytes(whole.begin(), whole.begin() + ip.header_size);
    const auto data = whole.subspan(ip.header_size + at, size);
    bytes.insert(bytes.end(), data.begin(), data.end());
    const auto offset = static_cast<std::uint16_t>((ip.fragment_offset + at) / 8);
    store_be<std::uint16_t>(bytes.data() + 2, static_cast<std::uint16_t>(bytes.size()));
    store_be<std::uint16_t>(bytes.data() + 6,
                            static_cast<std::uint16_t>(offset | (more ? 0x2000U : 0U)));
    store_be<std::uint16_t>(bytes.data() + kIpv4Checksum, std::uint16_t{0});
    store_be<std::uint16_t>(bytes.data() + kIpv4Checksum,
                            wire::sum_of(std::span(bytes).first(ip.header_size)).finish());
    forward(to, Packet::copy_of(bytes, outlet.pool()), outlet);
  }
}

// ---- what it says itself ------------------------------------------------------------------------

void Router::tell(Port port, const Packet& offending, wire::IcmpKind kind, std::uint32_t word,
                  Time now, Outlet& outlet) {
  const auto ip = wire::parse_ip(offending.head(), offending.size());
  const IpAddress* const source = address_at(port, ip->family());
  if (source == nullptr || !deserves_error(offending, *ip, kind) || !icmp_.allow(now)) return;

  std::vector<std::byte> scratch;
  std::vector<std::byte> bytes(wire::kIpv6MinMtu);
  wire::IpHeader header;
  header.source = *source;
  header.destination = ip->source;
  header.protocol = ip->family() == Family::ipv4 ? wire::kProtocolIcmp : wire::kProtocolIcmpV6;
  const std::uint16_t header_size = wire::ip_header_size(ip->family());
  header.payload_size =
      wire::emit_icmp_error(std::span(bytes).subspan(header_size), kind, word, header.source,
                            header.destination, offending.bytes(scratch));
  if (header.payload_size == 0) return;
  (void)wire::emit_ip(bytes.data(), header);
  bytes.resize(header_size + header.payload_size);
  ++counters_.icmp_sent;
  outlet.send(id(), port, Packet::copy_of(bytes, outlet.pool()), FrameId::none);
}

/// A RST as the other end would send it for a segment of no connection (RFC 9293 section 3.10.7.1).
void Router::reset_sender(Port port, const Packet& offending, const wire::IpHeader& ip,
                          Outlet& outlet) {
  const auto tcp = wire::parse_tcp(offending.head().subspan(ip.header_size), ip.payload_size);
  if (!tcp) return;
  wire::TcpHeader reset;
  reset.source_port = tcp->header.destination_port;
  reset.destination_port = tcp->header.source_port;
  if (tcp->header.has(wire::kAck)) {
    reset.seq = tcp->header.ack;
    reset.flags = wire::kRst;
  } else {
    const std::uint32_t length = tcp->payload_size + (tcp->header.has(wire::kSyn) ? 1U : 0U) +
                                 (tcp->header.has(wire::kFin) ? 1U : 0U);
    reset.ack = tcp->header.seq + length;
    reset.flags = wire::kRst | wire::kAck;
  }
  wire::IpHeader header;
  header.source = ip.destination;
  header.destination = ip.source;
  header.protocol = wire::kProtocolTcp;
  header.payload_size = wire::kTcpHeaderSize;
  wire::ChecksumSum sum = wire::pseudo_header_sum(header.source, header.destination,
                                                  wire::kProtocolTcp, wire::kTcpHeaderSize);
  sum.add_sum(wire::tcp_plain_sum(reset));
  reset.checksum = sum.finish();

  std::vector<std::byte> bytes(wire::ip_header_size(ip.family()) + wire::kTcpHeaderSize);
  const std::uint32_t at = wire::emit_ip(bytes.data(), header);
  (void)wire::emit_tcp_plain(bytes.data() + at, reset);
  outlet.send(id(), port, Packet::copy_of(bytes, outlet.pool()), FrameId::none);
}

}  // namespace bowline::inline v0::sim
