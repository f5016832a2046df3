#pragma once

// Who has which port of TCP: the rule by which bind(2) says EADDRINUSE.
//
// The Stack knows listeners and connections; a socket that is bound and neither listens nor is
// connected is known here alone. Two sockets may share a port when their addresses differ, when
// both say SO_REUSEADDR and the one that has it does not listen, or when both say SO_REUSEPORT.

#include <cstdint>
#include <unordered_map>

#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::sockets {

/// One socket's claim to a port. It is entered by address: it must not move while it is.
struct PortClaim {
  Endpoint local;              ///< the unspecified address: all of its family
  bool dual = false;           ///< of both families: :: without IPV6_V6ONLY
  bool reuse_address = false;  ///< SO_REUSEADDR
  bool reuse_port = false;     ///< SO_REUSEPORT
  bool listening = false;      ///< its socket listens
};

/// All claims of a table.
class Ports {
 public:
  /// Enters `claim`, which must outlive its entry.
  void enter(const PortClaim& claim);
  /// Takes it out again; nothing when it was never entered.
  void leave(const PortClaim& claim);
  /// Does any other claim stand against `claim`?
  [[nodiscard]] bool conflict(const PortClaim& claim) const;
  /// Has anybody a claim to `port`, apart from `mine`?
  [[nodiscard]] bool taken(std::uint16_t port, const PortClaim* mine = nullptr) const;

 private:
  std::unordered_multimap<std::uint16_t, const PortClaim*> claims_;
};

}  // namespace bowline::inline v0::sockets
