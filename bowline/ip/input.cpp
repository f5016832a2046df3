#include "bowline/ip/input.hpp"

namespace bowline::inline v0::ip {
namespace {

// The all-ones host of an IPv4 network of ours.
bool is_directed_broadcast(const IpAddress& address, const Cidr& network) noexcept {
  if (!address.is_v4() || !network.address.is_v4() || network.prefix >= 31) return false;
  const std::uint32_t host_bits = 0xffffffffU >> network.prefix;
  return network.contains(address) && (address.v4_value() & host_bits) == host_bits;
}

}  // namespace

std::size_t find_local(const IpAddress& address, std::span<const LocalAddress> addresses) noexcept {
  std::size_t i = 0;
  while (i < addresses.size() && addresses[i].cidr.address != address) ++i;
  return i;
}

bool is_possible_peer(const IpAddress& address, std::span<const LocalAddress> addresses) noexcept {
  if (address.is_unspecified() || address.is_multicast() || address.is_limited_broadcast()) {
    return false;
  }
  for (const LocalAddress& local : addresses) {
    if (is_directed_broadcast(address, local.cidr)) return false;
  }
  return true;
}

std::expected<wire::IpHeader, Reason> accept(const Frame& frame,
                                             std::span<const LocalAddress> addresses) noexcept {
  const auto trust = frame.checksum == Checksum::verified ? wire::HeaderChecksum::trust
                                                          : wire::HeaderChecksum::verify;
  auto header = wire::parse_ip(frame.head(), frame.size, trust);
  if (!header) return header;
  if (!is_possible_peer(header->source, addresses)) return std::unexpected(Reason::ip_bad_source);
  if (find_local(header->destination, addresses) == addresses.size()) {
    return std::unexpected(Reason::ip_not_ours);
  }
  if (header->is_fragment()) return std::unexpected(Reason::ip_fragment);
  return header;
}

}  // namespace bowline::inline v0::ip
