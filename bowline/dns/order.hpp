#pragma once

// In which order the addresses of a host are tried (RFC 6724 section 6, the rules that need no
// knowledge of our own addresses): those that cannot be reached last, then by the policy table's
// precedence (IPv6 before IPv4, IPv4 before unique local IPv6), then as the server gave them.

#include <cstdint>
#include <span>

#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::dns {

/// The precedence of `address` in RFC 6724's default policy table (section 2.1): 1 to 50.
[[nodiscard]] std::uint8_t precedence(const IpAddress& address) noexcept;

/// Orders `addresses` (at most 32), best first. `reachable(address)` says whether there is a way to
/// it (rule 1).
template <class Reachable>
void order_addresses(std::span<IpAddress> addresses, Reachable&& reachable) noexcept;

namespace detail {

/// Moves what has a higher rank to the front and keeps the order of equals.
void sort_by_rank(std::span<IpAddress> addresses, std::span<std::uint8_t> ranks) noexcept;

}  // namespace detail

template <class Reachable>
void order_addresses(std::span<IpAddress> addresses, Reachable&& reachable) noexcept {
  constexpr std::uint8_t kReachable = 100;  // above every precedence
  std::uint8_t ranks[32] = {};
  if (addresses.size() > std::size(ranks)) addresses = addresses.first(std::size(ranks));
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    ranks[i] = precedence(addresses[i]);
    if (reachable(addresses[i])) ranks[i] = static_cast<std::uint8_t>(ranks[i] + kReachable);
  }
  detail::sort_by_rank(addresses, std::span(ranks).first(addresses.size()));
}

}  // namespace bowline::inline v0::dns
