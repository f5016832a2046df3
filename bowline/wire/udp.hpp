#pragma once

// The UDP header (RFC 768).

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "bowline/base/decision.hpp"

namespace bowline::inline v0::wire {

/// Bytes.
inline constexpr std::uint32_t kUdpHeaderSize = 8;
/// Where the checksum stands in the header: Frame::checksum_offset.
inline constexpr std::uint16_t kUdpChecksumOffset = 6;

/// The four fields; the length as that of the data behind the header.
struct UdpHeader {
  std::uint16_t source_port = 0;       ///< sender's; 0: none
  std::uint16_t destination_port = 0;  ///< receiver's
  /// Bytes of data: the header's length field less 8.
  std::uint16_t payload_size = 0;
  /// 0: the sender made none, which IPv4 allows and IPv6 does not (RFC 8200 8.1).
  std::uint16_t checksum = 0;
};

/// Parses the UDP header at the start of `head`; the datagram has `segment_size` bytes as IP
/// counts. What the length field leaves out at the end is not part of the datagram. The checksum is
/// not verified. Error: udp_malformed.
[[nodiscard]] std::expected<UdpHeader, Reason> parse_udp(std::span<const std::byte> head,
                                                         std::uint32_t segment_size) noexcept;

/// Writes the 8 bytes at `to` and returns their number. payload_size must be at most 65,527.
std::uint32_t emit_udp(std::byte* to, const UdpHeader& header) noexcept;

/// A computed checksum as it goes into the field: 0 would say that there is none, and all ones mean
/// the same number (RFC 768).
[[nodiscard]] constexpr std::uint16_t udp_checksum_field(std::uint16_t checksum) noexcept {
  return checksum == 0 ? 0xffff : checksum;
}

}  // namespace bowline::inline v0::wire
