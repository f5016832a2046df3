#pragma once

// Makes the bytes of a packet that a script lets arrive.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bowline/packetdrill/language/script.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::packetdrill {

/// The packet that `packet` describes, whose numbers are those of the wire by now, from `from` to
/// `to`; with checksums. Payload is zeros. An ICMP error quotes a packet from `to` to `from`.
[[nodiscard]] std::vector<std::byte> build_packet(const PacketSpec& packet, const Endpoint& from,
                                                  const Endpoint& to);

}  // namespace bowline::inline v0::packetdrill
