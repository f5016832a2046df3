#pragma once

// Multicast listener discovery (RFC 3810, RFC 2710): a host says which groups it listens to, so
// that switches which look at that let the groups' frames through. The queries, and version 2's
// report.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "bowline/base/time.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::wire {

/// Types of ICMPv6.
inline constexpr std::uint8_t kMldQuery = 130;
inline constexpr std::uint8_t kMldReportV2 = 143;

/// A query (RFC 3810 section 5.1; version 1's is its first 24 bytes).
struct MldQuery {
  IpAddress group = IpAddress::any(Family::ipv6);  ///< unspecified: all groups are asked for
  Duration max_response{};                         ///< answer within
};

/// Parses a query, from its type on; nothing when it is too short or no query.
[[nodiscard]] std::optional<MldQuery> parse_mld_query(std::span<const std::byte> message) noexcept;

/// Of a record in a report (RFC 3810 section 5.2.12), those that listen to every source.
enum class MldRecord : std::uint8_t {
  mode_is_exclude = 2,    ///< the answer to a query
  change_to_exclude = 4,  ///< joined
  change_to_include = 3,  ///< left
};

/// Bytes of the IPv6 header, the hop-by-hop header with the router alert, and a report of `groups`
/// records (sections 5 and 5.2).
[[nodiscard]] constexpr std::uint32_t mld_packet_size(std::size_t groups) noexcept {
  return static_cast<std::uint32_t>(40 + 8 + 8 + 20 * groups);
}

/// Writes such a packet at `to` (mld_packet_size() bytes).
void emit_mld_report(std::byte* to, const IpAddress& source, MldRecord record,
                     std::span<const IpAddress> groups) noexcept;

}  // namespace bowline::inline v0::wire
