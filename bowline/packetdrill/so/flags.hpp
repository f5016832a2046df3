#pragma once

// What the runner says of the network through --so_flags.
//
// Packetdrill knows the addresses of its scripts, and tells them to nobody: the library under test
// learns them from this one string,
// `local=192.168.0.1,prefix=16,remote=192.0.2.1,mtu=1500,ip=ipv4`.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::packetdrill {

/// Which addresses a script is run with.
enum class IpMode : std::uint8_t {
  ipv4,    ///< AF_INET sockets, IPv4 packets
  mapped,  ///< AF_INET6 sockets with ::ffff: addresses, IPv4 packets
  ipv6,    ///< AF_INET6 sockets, IPv6 packets
};

/// The network of a script.
struct NetworkFlags {
  IpMode mode = IpMode::ipv4;  ///< which addresses
  IpAddress local;             ///< the stack's
  std::uint8_t prefix = 0;     ///< bits of its network
  IpAddress remote;            ///< the peer's
  std::uint32_t mtu = 1500;    ///< of the interface
};

/// Reads `text`, in which every key may be missing: then it has the value that packetdrill's own
/// scripts are run with in that mode. The error is one line that says what is wrong and what is
/// expected.
[[nodiscard]] std::expected<NetworkFlags, std::string> parse_flags(std::string_view text);

}  // namespace bowline::inline v0::packetdrill
