#pragma once

// Opening a packet socket on an interface that exists.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bowline/os/error.hpp"
#include "bowline/os/packet_link.hpp"
#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::os {

/// Which interface, and as whom.
struct PacketOptions {
  /// An Ethernet interface that is up: a card, a veth, a bridge's port.
  std::string interface;
  /// Our own MAC address; nothing: a random one. The card is told to take frames for it as well;
  /// one that can tell but its own apart becomes promiscuous.
  std::optional<wire::MacAddress> mac{};
  /// What Bowline's addresses will be; none of them may be the kernel's on this interface.
  std::vector<Cidr> own_addresses{};
  /// Hand the kernel segments of up to 64 KiB and unfinished checksums. False: every packet that is
  /// sent is one of the wire. (What arrives may be merged in either case.)
  bool offload = true;
  /// Is told what becomes of the interface; may be empty.
  InterfaceReport report{};
};

/// Opens the socket and joins the wire. Everything is undone when the link goes, or the process.
///
/// Errors: one line that names the interface and the remedy: no such interface, down, not Ethernet,
/// no permission (it takes CAP_NET_RAW in the interface's network namespace), a MAC address that
/// cannot be, an address that the kernel has.
[[nodiscard]] Outcome<std::unique_ptr<PacketLink>> open_packet(const PacketOptions& options);

}  // namespace bowline::inline v0::os
