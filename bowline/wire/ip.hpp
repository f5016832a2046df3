#pragma once

// The IP header, both versions: one view of what the layers above need.
//
// Parsing walks over everything that may stand between the fixed header and the transport's
// (options in IPv4, extension headers in IPv6) and gives what is common; which packets a host takes
// is not decided here but in ip/. The two formats are in ipv4.cpp and ipv6.cpp.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "bowline/base/decision.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::wire {

/// Protocol numbers (IPv6: next header values).
inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint8_t kProtocolIcmpV6 = 58;

/// The fixed headers' sizes in bytes, and so those that Bowline emits.
inline constexpr std::uint16_t kIpv4HeaderSize = 20;
inline constexpr std::uint16_t kIpv6HeaderSize = 40;
/// The header that IPv6 puts in front of a fragment (RFC 8200 4.5).
inline constexpr std::uint16_t kIpv6FragmentHeaderSize = 8;
/// The longest IPv4 header: 15 words (RFC 791 3.1).
inline constexpr std::uint16_t kIpv4MaxHeaderSize = 60;

/// The packet size that every host must take (RFC 791 3.1), and every IPv6 link must carry (RFC
/// 8200 5).
inline constexpr std::uint32_t kIpv4MinMtu = 576;
inline constexpr std::uint32_t kIpv6MinMtu = 1280;

/// The two bits of ECN in the traffic class (RFC 3168 5): IpHeader::tos & kEcnMask.
inline constexpr std::uint8_t kEcnMask = 0x03;
inline constexpr std::uint8_t kEcnNotCapable = 0x00;
inline constexpr std::uint8_t kEcnCapable1 = 0x01;
inline constexpr std::uint8_t kEcnCapable0 = 0x02;
inline constexpr std::uint8_t kEcnCongested = 0x03;

/// The size in bytes of the header that emit_ip() writes.
[[nodiscard]] constexpr std::uint16_t ip_header_size(Family family) noexcept {
  return family == Family::ipv4 ? kIpv4HeaderSize : kIpv6HeaderSize;
}

/// An IPv4 or IPv6 header. Both addresses are of one family, which is the header's.
struct IpHeader {
  IpAddress source;       ///< sender
  IpAddress destination;  ///< receiver
  /// The transport: for IPv6 the next header field of the last extension header.
  std::uint8_t protocol = 0;
  /// Time to live or hop limit.
  std::uint8_t ttl = 64;
  /// Type of service or traffic class: DSCP in the upper six bits, ECN in the lower two.
  std::uint8_t tos = 0;
  /// Must not be cut on its way (IPv4; always true for IPv6).
  bool dont_fragment = true;
  /// Further fragments follow this one.
  bool more_fragments = false;
  /// It has an IPv6 fragment header, if only one that says "first and last" (RFC 6946).
  bool has_fragment_header = false;
  /// A source route option is in it (IPv4 loose or strict; RFC 1122 3.2.1.8).
  bool source_routed = false;
  /// Where this fragment's payload stands in the whole packet's, in bytes.
  std::uint16_t fragment_offset = 0;
  /// Groups fragments: 16 bits in IPv4, 32 in IPv6, there only with a fragment header.
  std::uint32_t identification = 0;
  /// 20 bits, IPv6 only (RFC 6437).
  std::uint32_t flow_label = 0;
  /// Bytes in front of the transport header: fixed header, options, extension headers.
  std::uint16_t header_size = 0;
  /// Bytes of transport header and data; padding of the frame does not count.
  std::uint32_t payload_size = 0;

  /// IPv4 or IPv6.
  [[nodiscard]] constexpr Family family() const noexcept { return source.family(); }
  /// A part of a larger packet?
  [[nodiscard]] constexpr bool is_fragment() const noexcept {
    return more_fragments || fragment_offset != 0;
  }
  /// Bytes of the whole packet.
  [[nodiscard]] constexpr std::uint32_t total_size() const noexcept {
    return header_size + payload_size;
  }
};

/// Whether parse_ip() looks at the header checksum of IPv4.
enum class HeaderChecksum : std::uint8_t {
  verify,  ///< a wrong one is an error (RFC 1122 3.2.1.2)
  trust,   ///< the link has looked, or vouches for it
};

/// Parses the IP header at the start of `head`, the first piece of a frame of `frame_size` bytes.
/// Every header must stand in `head`, the payload need not. A frame may be longer than its packet
/// (Ethernet pads): payload_size is the packet's.
///
/// Errors: ip_truncated, ip_bad_version, ip_bad_header (lengths and options of IPv4),
/// ip_bad_checksum, ip_bad_extension (IPv6: malformed, out of order, more than a host need bear, an
/// unfinished routing header, a jumbogram, an option that says "discard me" where it is not known).
///
/// Fragments are parsed as far as they go, and one of IPv6 may claim to end beyond the largest
/// packet; a first and only fragment (RFC 6946) is no fragment.
[[nodiscard]] std::expected<IpHeader, Reason> parse_ip(
    std::span<const std::byte> head, std::uint32_t frame_size,
    HeaderChecksum checksum = HeaderChecksum::verify) noexcept;

/// The same without the length of the payload: for the packet that an ICMP error quotes, of which
/// only the first bytes are there. payload_size is what the header claims, and the checksum is not
/// looked at, since routers change what it covers. Extension headers must be within `head` all the
/// same.
[[nodiscard]] std::expected<IpHeader, Reason> parse_quoted_ip(
    std::span<const std::byte> head) noexcept;

/// The size in bytes of the headers that emit_ip_fragment() writes: IPv6 has one of its own for
/// fragments.
[[nodiscard]] constexpr std::uint16_t ip_fragment_header_size(Family family) noexcept {
  return family == Family::ipv4 ? kIpv4HeaderSize : kIpv6HeaderSize + kIpv6FragmentHeaderSize;
}

/// Writes the headers of a fragment, as emit_ip() does for a whole packet, and returns their size.
/// fragment_offset (a multiple of 8), more_fragments and identification are in them; payload_size
/// is the fragment's own.
std::uint32_t emit_ip_fragment(std::byte* to, const IpHeader& header) noexcept;

/// Writes the header without options or extension headers to `to` and returns its size, 20 or 40.
/// `to` must have room for it. header_size of `header` is not looked at; payload_size must be below
/// 65,516 for IPv4 and 65,536 for IPv6; the IPv4 checksum is filled in. IPv6 has no fragment fields
/// here.
std::uint32_t emit_ip(std::byte* to, const IpHeader& header) noexcept;

}  // namespace bowline::inline v0::wire
