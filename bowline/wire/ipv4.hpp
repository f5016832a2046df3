#pragma once

// IPv4 (RFC 791). What both versions have in common, and the function to call for a packet of
// either, is in ip.hpp.

#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::wire {

/// parse_ip() for a packet whose version is known to be 4.
[[nodiscard]] std::expected<IpHeader, Reason> parse_ipv4(std::span<const std::byte> head,
                                                         std::uint32_t frame_size,
                                                         HeaderChecksum checksum) noexcept;

/// parse_quoted_ip() for a packet whose version is known to be 4.
[[nodiscard]] std::expected<IpHeader, Reason> parse_quoted_ipv4(
    std::span<const std::byte> head) noexcept;

/// emit_ip() for version 4: 20 bytes at `to`.
std::uint32_t emit_ipv4(std::byte* to, const IpHeader& header) noexcept;

}  // namespace bowline::inline v0::wire
