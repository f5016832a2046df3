#pragma once

// ARP for IPv4 on Ethernet (RFC 826), the only pair of address kinds that it is used for today.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::wire {

enum class ArpOperation : std::uint16_t { request = 1, reply = 2 };

/// Bytes.
inline constexpr std::uint32_t kArpSize = 28;

/// RFC 826, for Ethernet and IPv4.
struct ArpPacket {
  ArpOperation operation = ArpOperation::request;  ///< ar$op
  MacAddress sender_mac{};                         ///< ar$sha
  IpAddress sender_ip;                             ///< ar$spa
  /// Unknown, and all zero, in a request.
  MacAddress target_mac{};
  IpAddress target_ip;  ///< ar$tpa
};

/// Parses a packet; nothing when it is short, not IPv4 on Ethernet, or neither request nor reply.
[[nodiscard]] std::optional<ArpPacket> parse_arp(std::span<const std::byte> packet) noexcept;

/// Writes 28 bytes at `to` and returns their number. Both addresses must be IPv4.
std::uint32_t emit_arp(std::byte* to, const ArpPacket& packet) noexcept;

}  // namespace bowline::inline v0::wire
