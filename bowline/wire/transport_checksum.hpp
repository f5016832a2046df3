#pragma once

// The checksum of TCP, UDP and ICMP over a frame's pieces, in one place.

#include <cstdint>

#include "bowline/base/frame.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::wire {

/// Is the checksum over pseudo-header and `size` bytes of transport header and data right, where
/// nobody vouches for it? Of TCP, UDP and ICMP, in whatever pieces the frame comes. (RFC 9293
/// MUST-3)
[[nodiscard]] bool transport_checksum_is_right(const Frame& frame, const IpHeader& header,
                                               std::uint32_t size) noexcept;

}  // namespace bowline::inline v0::wire
