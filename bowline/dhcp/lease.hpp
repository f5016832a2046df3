#pragma once

// A lease: an address for a while, and what a server said of the network it belongs to. What a
// server says is checked before it becomes one: a host that takes any address, mask or router is
// anybody's who answers faster than the true server.

#include <cstdint>
#include <expected>
#include <optional>

#include "bowline/base/fixed_vector.hpp"
#include "bowline/base/time.hpp"
#include "bowline/dhcp/drop.hpp"
#include "bowline/dhcp/message.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::dhcp {

/// The shortest lease that is taken: less would be all renewing.
inline constexpr Duration kShortestLease = 30s;
/// The smallest MTU that a server may set (RFC 791 section 3.1: every host takes 576 bytes). A
/// smaller one is an attack on throughput and is passed over.
inline constexpr std::uint16_t kSmallestMtu = 576;

/// An address, and until when.
struct Lease {
  Cidr address;                            ///< with the prefix of its network
  IpAddress server;                        ///< who gave it
  FixedVector<IpAddress, 4> routers;       ///< on the same link, most preferred first
  FixedVector<IpAddress, 8> name_servers;  ///< to ask for names
  NameText domain;                         ///< to search names in; empty: none
  std::optional<std::uint16_t> mtu;  ///< for the link, at least kSmallestMtu; nothing: its own
  Time renew_at = kNever;            ///< T1
  Time rebind_at = kNever;           ///< T2
  Time expires = kNever;             ///< kNever: it does not

  friend bool operator==(const Lease&, const Lease&) noexcept = default;
  template <class V>
  void visit(V& v) {
    v(address, server, routers, name_servers, domain, mtu, renew_at, rebind_at, expires);
  }
};

/// The lease that `reply` (an offer or ack) gives to who asked at `asked` (RFC 2131 section 4.4.1:
/// it runs from then). Routers that are not on the link, and T1 and T2 that do not come in their
/// order within the lease, are passed over. Errors: no_server to bad_lease.
[[nodiscard]] std::expected<Lease, Drop> make_lease(const Reply& reply, Time asked) noexcept;

}  // namespace bowline::inline v0::dhcp
