#pragma once

// The IP layer's judgement of a packet that arrived (RFC 1122 section 3.2.1, RFC 8200).
//
// It returns a verdict and never calls up: whether a packet is for us, and from somebody who can
// exist. What the payload is, the Stack looks at.

#include <expected>
#include <span>

#include "bowline/base/decision.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::ip {

/// An address of this host and the interface that it was given to.
struct LocalAddress {
  Cidr cidr;
  InterfaceId interface{};
};

/// The header of the packet in `frame`, when it is well-formed, from a possible source and for one
/// of `addresses` (on whichever interface: the weak host model, RFC 1122 section 3.3.4.2). Else the
/// reason to drop it.
[[nodiscard]] std::expected<wire::IpHeader, Reason> accept(
    const Frame& frame, std::span<const LocalAddress> addresses) noexcept;

/// Can this address be a source (RFC 1122 section 3.2.1.3, RFC 4291 section 2.7)? `addresses` tell
/// the broadcast addresses of our networks.
[[nodiscard]] bool is_possible_peer(const IpAddress& address,
                                    std::span<const LocalAddress> addresses) noexcept;

/// The number of `address` among `addresses`; their count when it is none of them.
[[nodiscard]] std::size_t find_local(const IpAddress& address,
                                     std::span<const LocalAddress> addresses) noexcept;

}  // namespace bowline::inline v0::ip
