#pragma once

// Who counts as one source, wherever something is bounded for each source.
//
// An address of IPv4 is a host, or the NAT in front of many. An address of IPv6 is one of 2^64 that
// its host may use at will, so there the network counts. How many bits it has is configuration.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "bowline/base/limits.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::ip {

/// `address` with nothing but its first `bits` bits (of 32 or 128) left.
[[nodiscard]] inline IpAddress prefix_of(const IpAddress& address, unsigned bits) noexcept {
  const unsigned before = address.is_v4() ? 96 : 0;  // the mapped form's own
  const std::size_t kept = before + std::min(bits, 128 - before);
  std::array<std::byte, 16> raw = address.raw();
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (at * 8 >= kept) {
      raw[at] = std::byte{0};
    } else if (kept - at * 8 < 8) {
      raw[at] &= std::byte{0xff} << (8 - (kept - at * 8));
    }
  }
  if (!address.is_v4()) return IpAddress::v6(raw);
  std::uint32_t value = 0;
  for (std::size_t at = 12; at < 16; ++at) {
    value = value << 8 | std::to_integer<std::uint32_t>(raw[at]);
  }
  return IpAddress::v4(value);
}

/// How many bits of an address name a source (Limits::source_prefix_v4 and source_prefix_v6).
struct SourcePrefix {
  explicit SourcePrefix(const Limits& limits) noexcept
      : v4(limits.source_prefix_v4), v6(limits.source_prefix_v6) {}

  /// The source that `address` belongs to.
  [[nodiscard]] IpAddress of(const IpAddress& address) const noexcept {
    if (address.is_v4() && v4 >= 32) return address;
    return prefix_of(address, address.is_v4() ? v4 : v6);
  }

  std::uint8_t v4;
  std::uint8_t v6;
};

/// A hash of an address, for tables that strangers fill.
[[nodiscard]] inline std::uint64_t address_hash(const SipKey& key,
                                                const IpAddress& address) noexcept {
  const std::byte* const raw = address.raw().data();
  return siphash13(
      key, std::array<std::uint64_t, 2>{detail::load_le(raw, 8), detail::load_le(raw + 8, 8)});
}

}  // namespace bowline::inline v0::ip
