#pragma once

// Neighbour discovery for IPv6 (RFC 4861): the five messages of ICMPv6 by which hosts and routers
// on one link find each other, and their options.
//
// Parsing checks what sections 6.1 and 7.1 demand of the bytes (lengths, codes, targets, options);
// what they demand of the packet around them (hop limit, addresses) is judged by ip/ndp_rules.hpp.

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "bowline/base/decision.hpp"
#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::wire {

/// The types of ICMPv6 that are neighbour discovery.
enum class NdpType : std::uint8_t {
  router_solicitation = 133,
  router_advertisement = 134,
  neighbour_solicitation = 135,
  neighbour_advertisement = 136,
  redirect = 137,
};

/// Is this type of ICMPv6 neighbour discovery?
[[nodiscard]] constexpr bool is_ndp(std::uint8_t type) noexcept {
  return type >= static_cast<std::uint8_t>(NdpType::router_solicitation) &&
         type <= static_cast<std::uint8_t>(NdpType::redirect);
}

/// A prefix that a router advertises (section 4.6.2).
struct PrefixInformation {
  Cidr prefix;                  ///< as it came: bits behind its length may be set
  bool on_link = false;         ///< its addresses are reached without a router
  bool autonomous = false;      ///< hosts may form addresses of it (RFC 4862)
  std::uint32_t valid = 0;      ///< seconds; all ones: for ever
  std::uint32_t preferred = 0;  ///< seconds; all ones: for ever
};

/// "For ever" as a lifetime in seconds.
inline constexpr std::uint32_t kNdpInfinity = 0xffffffff;

/// A message; which fields mean something depends on the type.
struct NdpMessage {
  NdpType type = NdpType::neighbour_solicitation;   ///< which of the five
  IpAddress target = IpAddress::any(Family::ipv6);  ///< solicitation, advertisement, redirect
  bool router = false;                              ///< neighbour advertisement: R
  bool solicited = false;                           ///< S
  bool override_flag = false;                       ///< O
  std::uint8_t hop_limit = 0;                       ///< router advertisement; 0: not said
  std::uint16_t router_lifetime = 0;                ///< seconds; 0: no default router
  std::uint32_t reachable_time = 0;                 ///< milliseconds; 0: not said
  std::uint32_t retrans_timer = 0;                  ///< milliseconds; 0: not said
  std::optional<MacAddress> source_mac;             ///< the sender's link-layer address
  std::optional<MacAddress> target_mac;             ///< the target's
  std::uint32_t mtu = 0;                            ///< 0: not said
  /// Further ones of the same advertisement are left out.
  std::array<PrefixInformation, 16> prefixes{};
  std::uint8_t prefix_count = 0;  ///< how many of `prefixes` there are
};

/// The longest message that emit_ndp() writes.
inline constexpr std::uint32_t kNdpMaxEmitted = 32;

/// Parses an ICMPv6 message of a type of neighbour discovery. The checksum is not looked at.
/// Options that are not known are skipped (section 4.6). Errors: neighbour_discovery_malformed.
[[nodiscard]] std::expected<NdpMessage, Reason> parse_ndp(
    std::span<const std::byte> message) noexcept;

/// Writes a router solicitation, a neighbour solicitation or a neighbour advertisement with its
/// link-layer address option and the checksum at `to` (kNdpMaxEmitted bytes) and returns its size;
/// 0 for the other types.
std::uint32_t emit_ndp(std::byte* to, const IpAddress& source, const IpAddress& destination,
                       const NdpMessage& message) noexcept;

/// The solicited-node group of an IPv6 address (RFC 4291 section 2.7.1).
[[nodiscard]] IpAddress solicited_node(const IpAddress& address) noexcept;

/// All nodes and all routers on the link, all MLDv2-capable routers (RFC 4291 section 2.7.1, RFC
/// 3810 section 5.2.14).
[[nodiscard]] IpAddress all_nodes() noexcept;
[[nodiscard]] IpAddress all_routers() noexcept;
[[nodiscard]] IpAddress all_mld_routers() noexcept;

}  // namespace bowline::inline v0::wire
