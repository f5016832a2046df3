#pragma once

// IP addresses and endpoints: the values that name a host and a service on it (RFC 9293
// section 3.4.1: a connection is two of the latter). One 16-byte form for both families, so that
// keys compare as words; an IPv4 address stands in it as its mapped form ::ffff:a.b.c.d with the
// family beside it.

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "bowline/base/byte_order.hpp"

namespace bowline::inline v0 {

/// Which IP.
enum class Family : std::uint8_t { ipv4 = 4, ipv6 = 6 };

/// An IPv4 or IPv6 address. Default: 0.0.0.0.
class IpAddress {
 public:
  constexpr IpAddress() noexcept { bytes_[10] = bytes_[11] = std::byte{0xff}; }

  /// The IPv4 address with this value (host order: 10.77.0.2 is 0x0a4d0002).
  [[nodiscard]] static constexpr IpAddress v4(std::uint32_t value) noexcept {
    // By the word: a packet's addresses pass here a dozen times, and byte by byte it shows.
    IpAddress address;
    auto words = std::bit_cast<std::array<std::uint32_t, 4>>(address.bytes_);
    words[3] = network_order(value);
    address.bytes_ = std::bit_cast<std::array<std::byte, 16>>(words);
    return address;
  }
  /// The IPv6 address with these 16 bytes in network order.
  [[nodiscard]] static constexpr IpAddress v6(std::span<const std::byte, 16> bytes) noexcept {
    IpAddress address;
    for (std::size_t i = 0; i < 16; ++i) address.bytes_[i] = bytes[i];
    address.family_ = Family::ipv6;
    return address;
  }
  /// The unspecified address of `family`: 0.0.0.0 or ::.
  [[nodiscard]] static constexpr IpAddress any(Family family) noexcept {
    IpAddress address;
    if (family == Family::ipv6) {
      address.bytes_ = {};
      address.family_ = Family::ipv6;
    }
    return address;
  }
  /// Reads "10.77.0.2" or "fd00::2" (RFC 4291 2.2, no zone). Nothing when it is neither.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text) noexcept;

  [[nodiscard]] constexpr Family family() const noexcept { return family_; }  ///< IPv4 or IPv6.
  /// IPv4?
  [[nodiscard]] constexpr bool is_v4() const noexcept { return family_ == Family::ipv4; }
  /// The IPv4 address as a number in host order; 0 for IPv6.
  [[nodiscard]] constexpr std::uint32_t v4_value() const noexcept {
    if (!is_v4()) return 0;
    return network_order(std::bit_cast<std::array<std::uint32_t, 4>>(bytes_)[3]);
  }
  /// The address in network order: 4 or 16 bytes.
  [[nodiscard]] constexpr std::span<const std::byte> bytes() const noexcept {
    return is_v4() ? std::span<const std::byte>(bytes_).subspan(12)
                   : std::span<const std::byte>(bytes_);
  }
  /// All 16 bytes, IPv4 in its mapped form: for keys and hashes.
  [[nodiscard]] constexpr const std::array<std::byte, 16>& raw() const noexcept { return bytes_; }

  /// All zero?
  [[nodiscard]] constexpr bool is_unspecified() const noexcept { return *this == any(family_); }
  [[nodiscard]] bool is_loopback() const noexcept;   ///< 127.0.0.0/8 or ::1.
  [[nodiscard]] bool is_multicast() const noexcept;  ///< 224.0.0.0/4 or ff00::/8.
  /// 255.255.255.255 (a subnet's broadcast address depends on its interface).
  [[nodiscard]] bool is_limited_broadcast() const noexcept;
  [[nodiscard]] bool is_link_local() const noexcept;  ///< 169.254.0.0/16 or fe80::/10.
  /// Are the first `length` bits of both the same? `length` counts the family's own bits (0 to 32
  /// or 128).
  [[nodiscard]] bool same_prefix(const IpAddress& other, unsigned length) const noexcept;

  /// Longest text form, without a terminating zero.
  static constexpr std::size_t kMaxText = 45;
  /// Writes the text form (RFC 5952) to `to` and returns its length.
  std::size_t format(std::span<char, kMaxText> to) const noexcept;

  template <class V>
  void visit(V& v) {
    v(bytes_, family_);
  }

  friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) noexcept {
    // Two words each: every received segment compares a few addresses, and byte by byte it shows.
    return a.words() == b.words() && a.family_ == b.family_;
  }
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) noexcept = default;

 private:
  using Words = std::pair<std::uint64_t, std::uint64_t>;
  [[nodiscard]] constexpr Words words() const noexcept {
    const auto both = std::bit_cast<std::array<std::uint64_t, 2>>(bytes_);
    return {both[0], both[1]};
  }

  std::array<std::byte, 16> bytes_{};
  Family family_ = Family::ipv4;
};

/// An address and a port.
struct Endpoint {
  IpAddress address;       ///< which host
  std::uint16_t port = 0;  ///< which of its services

  template <class V>
  void visit(V& v) {
    v(address, port);
  }
  friend constexpr bool operator==(const Endpoint&, const Endpoint&) noexcept = default;
  friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) noexcept = default;
};

/// An address with the length of its network prefix: "10.77.0.2/24".
struct Cidr {
  IpAddress address;         ///< any of the network's
  std::uint8_t prefix = 32;  ///< leading bits that name the network

  template <class V>
  void visit(V& v) {
    v(address, prefix);
  }
  /// Reads "10.77.0.2/24" or "fd00::2/64"; without a length, that of a single host.
  [[nodiscard]] static std::optional<Cidr> parse(std::string_view text) noexcept;
  /// Is `other` of this network? Never, of another family.
  [[nodiscard]] bool contains(const IpAddress& other) const noexcept {
    return other.family() == address.family() && address.same_prefix(other, prefix);
  }
  friend constexpr bool operator==(const Cidr&, const Cidr&) noexcept = default;
};

}  // namespace bowline::inline v0
