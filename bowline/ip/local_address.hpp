#pragma once

// An address of this host: to which interface it was given, and whether it may be used yet.
//
// On a link that others share an address is ours only when nobody else has it: it is tentative
// until that was asked (RFC 4862 section 5.4, RFC 5227 section 2.1), and a duplicate if somebody
// answered. What is due for it, and when, is said by address_check.hpp.

#include <cstddef>
#include <span>

#include "bowline/base/handle.hpp"
#include "bowline/base/time.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0 {

/// How far an address is from being used (RFC 4862 section 2).
enum class AddressState : std::uint8_t {
  none,        ///< it was taken away
  tentative,   ///< asked for; whether somebody else has it is being found out
  preferred,   ///< ours, for everything
  deprecated,  ///< ours, but not for new connections
  duplicate,   ///< somebody else has it: not used
};

}  // namespace bowline::inline v0

namespace bowline::inline v0::ip {

/// Where an address comes from.
enum class AddressOrigin : std::uint8_t {
  configured,
  link_local,  ///< made by ourselves (RFC 4862 section 5.3)
  advertised,  ///< of a prefix that a router advertised (section 5.5)
};

/// An address of this host and the interface that it was given to.
struct LocalAddress {
  Cidr cidr;                                         ///< the address and its prefix
  InterfaceId interface{};                           ///< whose it is
  AddressState state = AddressState::preferred;      ///< may it be used?
  AddressOrigin origin = AddressOrigin::configured;  ///< who gave it
  std::uint8_t probes = 0;                           ///< questions asked
  std::uint8_t announcements = 0;                    ///< that were made
  std::uint8_t conflicts = 0;                        ///< DAD_Counter (RFC 7217 section 5)
  Time due = kNever;                                 ///< when the next question or announcement is
  Time conflict_at = kNever;                         ///< when it was last defended
  Time preferred_until = kNever;                     ///< deprecated afterwards
  Time valid_until = kNever;                         ///< taken away afterwards

  /// Are packets to and from it ours?
  [[nodiscard]] bool usable() const noexcept {
    return state == AddressState::preferred || state == AddressState::deprecated;
  }
  /// Is it, or will it be unless somebody has it?
  [[nodiscard]] bool hoped_for() const noexcept {
    return usable() || state == AddressState::tentative;
  }

  template <class V>
  void visit(V& v) {
    v(cidr, interface, state, origin, probes, announcements, conflicts, due, conflict_at,
      preferred_until, valid_until);
  }
};

/// The number of `address` among `addresses`, if it is usable; their count when it is none of
/// them.
[[nodiscard]] inline std::size_t find_local(const IpAddress& address,
                                            std::span<const LocalAddress> addresses) noexcept {
  std::size_t i = 0;
  while (i < addresses.size() && !(addresses[i].cidr.address == address && addresses[i].usable())) {
    ++i;
  }
  return i;
}

}  // namespace bowline::inline v0::ip
