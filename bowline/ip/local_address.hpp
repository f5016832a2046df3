#pragma once

// An address of this host: to which interface it was given, and whether it may be used yet.
//
// On a link that others share an address is ours only when nobody else has it: it is tentative
// until that was asked (RFC 4862 section 5.4, RFC 5227 section 2.1), and a duplicate if somebody
// answered.

#include <cstddef>
#include <span>

#include "bowline/base/handle.hpp"
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

/// An address of this host and the interface that it was given to.
struct LocalAddress {
  Cidr cidr;                                     ///< the address and its prefix
  InterfaceId interface{};                       ///< whose it is
  AddressState state = AddressState::preferred;  ///< may it be used?

  /// Are packets to and from it ours?
  [[nodiscard]] bool usable() const noexcept {
    return state == AddressState::preferred || state == AddressState::deprecated;
  }

  template <class V>
  void visit(V& v) {
    v(cidr, interface, state);
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
