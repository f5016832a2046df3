#include "bowline/dhcp/lease.hpp"

#include <bit>
#include <chrono>

namespace bowline::inline v0::dhcp {
namespace {

constexpr std::uint32_t kForEver = 0xffff'ffff;

// One that a host can have: not of "this network", loopback, a group, or class E (RFC 1122 section
// 3.2.1.3).
bool is_host_address(const IpAddress& address) noexcept {
  const std::uint32_t first = address.v4_value() >> 24U;
  return first != 0 && first != 127 && first < 224;
}

// The prefix that a mask stands for; without a mask the one of the address's old class.
std::optional<std::uint8_t> prefix_of(const Reply& reply) noexcept {
  if (!reply.mask) {
    const std::uint32_t value = reply.address.v4_value();
    return static_cast<std::uint8_t>((value >> 31U) == 0 ? 8 : (value >> 30U) == 2 ? 16 : 24);
  }
  const std::uint32_t mask = reply.mask->v4_value();
  const int ones = std::countl_one(mask);
  if (std::popcount(mask) != ones || ones == 0) return std::nullopt;
  return static_cast<std::uint8_t>(ones);
}

// Neither the network's own address nor its broadcast address, where it has those (RFC 3021: not
// with a prefix of 31 or 32).
bool is_in_network(const Cidr& address) noexcept {
  if (address.prefix >= 31) return true;
  const std::uint32_t hosts = 0xffff'ffffU >> address.prefix;
  const std::uint32_t host = address.address.v4_value() & hosts;
  return host != 0 && host != hosts;
}

}  // namespace

std::expected<Lease, Drop> make_lease(const Reply& reply, Time asked) noexcept {
  if (!reply.server || !is_host_address(*reply.server)) return std::unexpected(Drop::no_server);
  if (!is_host_address(reply.address)) return std::unexpected(Drop::bad_address);
  const auto prefix = prefix_of(reply);
  if (!prefix) return std::unexpected(Drop::bad_mask);
  Lease lease;
  lease.server = *reply.server;
  lease.address = {reply.address, *prefix};
  if (!is_in_network(lease.address)) return std::unexpected(Drop::bad_address);
  for (const IpAddress& router : reply.routers) {
    const bool on_link =
        lease.address.contains(router) && is_host_address(router) && router != reply.address;
    if (on_link) lease.routers.push_back(router);
  }
  for (const IpAddress& server : reply.name_servers) {
    if (is_host_address(server)) lease.name_servers.push_back(server);
  }
  lease.domain = reply.domain;
  if (reply.mtu && *reply.mtu >= kSmallestMtu) lease.mtu = reply.mtu;

  const std::uint32_t seconds = reply.lease_seconds.value_or(0);
  if (seconds == kForEver) return lease;
  const Duration length = std::chrono::seconds(seconds);
  if (length < kShortestLease) return std::unexpected(Drop::bad_lease);
  // RFC 2131 section 4.4.5: half of it, and seven eighths, unless the server says otherwise.
  Duration renew = length / 2;
  Duration rebind = length / 8 * 7;
  if (reply.rebind_seconds && std::chrono::seconds(*reply.rebind_seconds) < length) {
    rebind = std::chrono::seconds(*reply.rebind_seconds);
  }
  if (reply.renew_seconds) renew = std::chrono::seconds(*reply.renew_seconds);
  if (renew >= rebind || renew < kShortestLease / 2) {
    renew = length / 2;
    if (rebind <= renew) rebind = length / 8 * 7;
  }
  lease.renew_at = saturating_add(asked, renew);
  lease.rebind_at = saturating_add(asked, rebind);
  lease.expires = saturating_add(asked, length);
  return lease;
}

}  // namespace bowline::inline v0::dhcp
