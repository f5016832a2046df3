#pragma once

// What a fragment must be, looked at by itself (RFC 8200 section 4.5, RFC 7112, RFC 3128).

#include <cstdint>
#include <optional>

#include "bowline/base/decision.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/ip/input.hpp"
#include "bowline/wire/icmp.hpp"

namespace bowline::inline v0::ip {

/// Why a fragment is not taken, and what its sender is told.
struct FragmentRefusal {
  Reason why = Reason::ip_bad_header;
  /// A parameter problem, pointing to byte `pointer` of the packet: ICMPv6 alone. `other`: none.
  wire::IcmpKind answer = wire::IcmpKind::other;
  std::uint32_t pointer = 0;
};

/// The rules that need no other fragment. Nothing: they are kept.
///
/// - All but the last carry a multiple of 8 bytes, and none carries nothing.
/// - None ends beyond 65,535 bytes of payload.
/// - The first one holds every header, the transport's included, so that whoever filters by ports
///   sees them (RFC 7112 section 5; RFC 3128 for TCP over IPv4).
[[nodiscard]] std::optional<FragmentRefusal> judge_fragment(const Frame& frame,
                                                            const Packet& packet) noexcept;

/// Does `payload`, which begins with a header of type `protocol`, hold all headers up to and
/// including that of the transport?
[[nodiscard]] bool holds_all_headers(Family family, std::uint8_t protocol,
                                     std::span<const std::byte> payload) noexcept;

}  // namespace bowline::inline v0::ip
