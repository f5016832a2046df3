#include "bowline/ip/input.hpp"

namespace bowline::inline v0::ip {
namespace {

// The all-ones host of an IPv4 network of ours.
bool is_directed_broadcast(const IpAddress& address, const Cidr& network) noexcept {
  if (!address.is_v4() || !network.address.is_v4() || network.prefix >= 31) return false;
  const std::uint32_t host_bits = 0xffffffffU >> network.prefix;
  return (address.v4_value() & host_bits) == host_bits && network.contains(address);
}

}  // namespace

bool is_one_of_the_broadcasts(const IpAddress& address,
                              std::span<const LocalAddress> addresses) noexcept {
  if (address.is_limited_broadcast()) return true;
  for (const LocalAddress& local : addresses) {
    if (local.usable() && is_directed_broadcast(address, local.cidr)) return true;
  }
  return false;
}

bool is_possible_peer(const IpAddress& address, std::span<const LocalAddress> addresses) noexcept {
  return !address.is_unspecified() && !address.is_multicast() && !is_broadcast(address, addresses);
}

std::expected<Packet, Reason> accept(const Frame& frame, std::span<const LocalAddress> addresses,
                                     bool take_foreign) noexcept {
  const auto trust = frame.checksum == Checksum::verified ? wire::HeaderChecksum::trust
                                                          : wire::HeaderChecksum::verify;
  const auto header = wire::parse_ip(frame.head(), frame.size, trust);
  if (!header) return std::unexpected(header.error());
  Packet packet{*header};
  // RFC 1122 section 3.2.1.3 (a): "this host on this network" is a source only of one that is being
  // configured, and such a one broadcasts (RFC 2131 section 4.1).
  const bool being_configured =
      packet.source == IpAddress::any(Family::ipv4) && packet.destination.is_limited_broadcast();
  if (!being_configured && !is_possible_peer(packet.source, addresses)) {
    return std::unexpected(Reason::ip_bad_source);
  }
  if (find_local(packet.destination, addresses) == addresses.size()) {
    if (is_broadcast(packet.destination, addresses)) {
      packet.cast = Cast::broadcast;
    } else if (take_foreign && !packet.destination.is_multicast()) {
      packet.cast = Cast::foreign;
    } else {
      return std::unexpected(Reason::ip_not_ours);
    }
  }
  return packet;
}

}  // namespace bowline::inline v0::ip
