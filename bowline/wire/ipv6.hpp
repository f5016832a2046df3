#pragma once

// IPv6 (RFC 8200). What both versions have in common, and the function to call for a packet of
// either, is in ip.hpp.

#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::wire {

/// parse_ip() for a packet whose version is known to be 6.
[[nodiscard]] std::expected<IpHeader, Reason> parse_ipv6(std::span<const std::byte> head,
                                                         std::uint32_t frame_size) noexcept;

/// parse_quoted_ip() for a packet whose version is known to be 6.
[[nodiscard]] std::expected<IpHeader, Reason> parse_quoted_ipv6(
    std::span<const std::byte> head) noexcept;

/// emit_ip() for version 6: 40 bytes at `to`.
std::uint32_t emit_ipv6(std::byte* to, const IpHeader& header) noexcept;

/// emit_ip_fragment() for version 6: 48 bytes at `to`.
std::uint32_t emit_ipv6_fragment(std::byte* to, const IpHeader& header) noexcept;

}  // namespace bowline::inline v0::wire
