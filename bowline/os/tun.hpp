#pragma once

// Opening a TUN or TAP device, and setting up the kernel's side of it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bowline/os/error.hpp"
#include "bowline/os/tun_link.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::os {

/// Which device, and what the kernel's side of it shall be.
struct TunOptions {
  /// 1 to 15 characters. An interface of that name that is there already must be a device of the
  /// right kind that nobody uses and that this user may use (`ip tuntap add NAME mode tun user
  /// USER`): it is attached.
  std::string name = "bowline0";
  /// The kernel's addresses on it, with the prefix that both ends share; see peer_of(). An address
  /// that it has already stays.
  std::vector<Cidr> peer_addresses{};
  /// Bytes, 68 to 65535 (TAP: 65521; at least 1280 where IPv6 is to work). An attached interface
  /// keeps its own MTU. When the kernel's side changes, the link follows.
  std::uint32_t mtu = 1'500;
  /// Packets that the kernel keeps for us while we are busy, or another has the processor; what
  /// comes then is lost. A device of the kernel's own choice has 500, which a flood of 200,000 a
  /// second fills in 2.5 ms, less than a turn of the scheduler. An attached interface keeps its
  /// own.
  std::uint32_t queue = 4'096;
  /// Let the kernel hand over merged segments and unfinished checksums. False: every packet is one
  /// of the wire, as a capture from outside would have it.
  bool offload = true;
  /// TAP: our own MAC address; nothing: a random one. The kernel's side has another.
  std::optional<wire::MacAddress> mac{};
  /// Is told what becomes of the interface; may be empty.
  InterfaceReport report{};
};

/// Opens the device, creating it unless it exists, gives it the addresses and brings it up. It
/// vanishes with the returned link, or with the process (unless it was attached).
///
/// Errors: one line that names the device and the remedy: no /dev/net/tun, no permission, a name
/// that is too long or taken, a device in use, an address that the kernel refuses.
[[nodiscard]] Outcome<std::unique_ptr<TunLink>> create_tun(const TunOptions& options);

/// The same with a TAP device: Ethernet frames. The kernel gives its side a link-local IPv6 address
/// as it does on any Ethernet. Errors: as create_tun(); a MAC address that is a group's, all zero
/// or the kernel's own.
[[nodiscard]] Outcome<std::unique_ptr<TunLink>> create_tap(const TunOptions& options);

/// Errors: a MAC address that no single interface can have (a group's, or all zero).
[[nodiscard]] Outcome<void> check_mac(const wire::MacAddress& mac);

/// The kernel's address where Bowline's is `own`: the first other host of its prefix. Nothing when
/// the prefix has no other.
[[nodiscard]] std::optional<Cidr> peer_of(const Cidr& own);

}  // namespace bowline::inline v0::os
