#pragma once

// The IP layer's judgement of a packet that arrived (RFC 1122 section 3.2.1, RFC 8200).
//
// It returns a verdict and never calls up: whether a packet is for us, and from somebody who can
// exist. What the payload is, the Stack looks at.

#include <expected>
#include <span>

#include "bowline/base/decision.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/ip/local_address.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::ip {

/// How a packet was addressed.
enum class Cast : std::uint8_t {
  unicast,    ///< to an address of ours
  broadcast,  ///< to all on the link: 255.255.255.255, or the all-ones host of a network of ours
  foreign,    ///< to an address that is none of ours, taken for a socket that asked for such
};

/// A packet that is accepted; a fragment, perhaps.
struct Packet : wire::IpHeader {
  Cast cast = Cast::unicast;
};

/// The header of the packet in `frame`, when it is well-formed, from a possible source and for one
/// of `addresses` (on whichever interface: the weak host model, RFC 1122 section 3.3.4.2) or
/// broadcast; with `take_foreign`, for any unicast address. Else the reason to drop it.
[[nodiscard]] std::expected<Packet, Reason> accept(const Frame& frame,
                                                   std::span<const LocalAddress> addresses,
                                                   bool take_foreign = false) noexcept;

/// is_broadcast() of an IPv4 address that ends in two ones.
[[nodiscard]] bool is_one_of_the_broadcasts(const IpAddress& address,
                                            std::span<const LocalAddress> addresses) noexcept;

/// Is it 255.255.255.255, or the all-ones host of the network of one of `addresses`? Asked of every
/// packet, and nearly always answered by the last bits: a host has two at least (RFC 3021).
[[nodiscard]] inline bool is_broadcast(const IpAddress& address,
                                       std::span<const LocalAddress> addresses) noexcept {
  return address.is_v4() && (address.v4_value() & 3U) == 3 &&
         is_one_of_the_broadcasts(address, addresses);
}

/// Can this address be a source (RFC 1122 section 3.2.1.3, RFC 4291 section 2.7)? `addresses` tell
/// the broadcast addresses of our networks.
[[nodiscard]] bool is_possible_peer(const IpAddress& address,
                                    std::span<const LocalAddress> addresses) noexcept;

}  // namespace bowline::inline v0::ip
