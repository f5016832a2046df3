#pragma once

// Ethernet II framing (RFC 894, RFC 2464): where a frame goes, whence, and what is in it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace bowline::inline v0::wire {

/// Six bytes in the order of the wire.
using MacAddress = std::array<std::byte, 6>;

inline constexpr MacAddress kMacBroadcast{std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                                          std::byte{0xff}, std::byte{0xff}, std::byte{0xff}};

/// An address of nobody's card (locally administered, IEEE 802 section 8.2), the rest of it from
/// 46 bits of `random`.
[[nodiscard]] MacAddress local_mac(std::uint64_t random) noexcept;

/// Parses "02:00:5e:10:00:01": six pairs of hexadecimal digits with ':' or '-' between them.
[[nodiscard]] std::optional<MacAddress> parse_mac(std::string_view text) noexcept;

/// The types that Bowline knows.
inline constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherTypeArp = 0x0806;
inline constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
/// The tags of VLANs (IEEE 802.1Q, 802.1ad).
inline constexpr std::uint16_t kEtherTypeVlan = 0x8100;
inline constexpr std::uint16_t kEtherTypeServiceVlan = 0x88a8;

/// Is it a group's (multicast or broadcast), and not one station's?
[[nodiscard]] constexpr bool is_group(const MacAddress& mac) noexcept {
  return (mac[0] & std::byte{1}) != std::byte{0};
}

/// Bytes, without a VLAN tag and without the check sequence, which devices keep to themselves.
inline constexpr std::uint32_t kEthernetHeaderSize = 14;

/// RFC 894.
struct EthernetHeader {
  MacAddress destination{};  ///< to whom
  MacAddress source{};       ///< from whom
  /// What follows. A number below 1536 is a length (IEEE 802.3), which IP does not use.
  std::uint16_t type = 0;
};

/// Parses the first 14 bytes; nothing when there are fewer.
[[nodiscard]] std::optional<EthernetHeader> parse_ethernet(
    std::span<const std::byte> frame) noexcept;

/// Writes 14 bytes at `to` and returns their number.
std::uint32_t emit_ethernet(std::byte* to, const EthernetHeader& header) noexcept;

/// The group address of an IPv4 multicast address (RFC 1112 6.4): 01:00:5e and its last 23 bits.
[[nodiscard]] MacAddress ipv4_multicast_mac(std::uint32_t address) noexcept;

/// The group address of an IPv6 multicast address (RFC 2464 7): 33:33 and its last four bytes.
[[nodiscard]] MacAddress ipv6_multicast_mac(std::span<const std::byte, 16> address) noexcept;

}  // namespace bowline::inline v0::wire
