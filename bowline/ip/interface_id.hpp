#pragma once

// Interface identifiers that are stable in a network and say nothing elsewhere (RFC 7217): the
// lower 64 bits of an IPv6 address as a keyed hash of the network and the interface.

#include <cstdint>

#include "bowline/base/siphash.hpp"
#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::ip {

/// The address of `prefix` (its first 64 bits) for the interface with `mac`. `conflicts` counts the
/// duplicates that were met (DAD_Counter). Reserved identifiers (RFC 5453) are passed over.
[[nodiscard]] IpAddress stable_address(const SipKey& key, const IpAddress& prefix,
                                       const wire::MacAddress& mac,
                                       std::uint8_t conflicts) noexcept;

}  // namespace bowline::inline v0::ip
