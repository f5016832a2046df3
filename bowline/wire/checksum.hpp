#pragma once

// The Internet checksum (RFC 1071): the one's complement of the one's-complement sum of 16-bit
// words.
//
// That sum does not depend on the order of its terms nor on byte order (RFC 1071 section 2), so it
// is gathered in this machine's own order, many bytes at a time, and put right once, at the end. It
// also adds up: the sum over a packet is that over its pieces, and a sum made while an
// application's bytes were copied in serves when they are sent.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::wire {

/// A one's-complement sum in the making. Copy it freely: it is two words.
class ChecksumSum {
 public:
  constexpr ChecksumSum() noexcept = default;

  /// A sum that was stored as what partial() gave, over `length` bytes.
  [[nodiscard]] static constexpr ChecksumSum from_partial(std::uint16_t partial,
                                                          std::size_t length) noexcept {
    ChecksumSum result;
    result.sum_ = network_order(partial);
    result.odd_ = (length & 1U) != 0;
    return result;
  }

  /// Appends `bytes`. Any length: where the bytes so far are odd in number, the first of these is
  /// the second half of a word.
  void add(std::span<const std::byte> bytes) noexcept;

  /// Adds the 16 bits of `value` (host order), as a field that stands at an even offset. Does not
  /// change where the next add() goes on, nor do the others of this kind: these are terms, not
  /// appended bytes.
  constexpr void add_word(std::uint16_t value) noexcept { add_native(network_order(value)); }
  /// Adds 32 bits (host order), two words.
  constexpr void add_word32(std::uint32_t value) noexcept { add_native(network_order(value)); }
  /// Adds 64 bits that were loaded from a packet as they are (this machine's order), four words.
  constexpr void add_native(std::uint64_t value) noexcept {
    sum_ += value;
    sum_ += static_cast<std::uint64_t>(sum_ < value);  // the carry comes round to the other end
  }

  /// Adds the terms of `other`, as fields that stand at even offsets: headers and pseudo-headers,
  /// in any order.
  constexpr void add_sum(const ChecksumSum& other) noexcept { add_native(other.sum_); }

  /// Appends the bytes that `other` is the sum of, wherever this one ends: RFC 1071 section 2(B).
  constexpr void append_sum(const ChecksumSum& other) noexcept {
    append_native(other.sum_, other.odd_ ? 1 : 0);
  }
  /// Appends `length` bytes whose sum, in this machine's order, is `sum`.
  constexpr void append_native(std::uint64_t sum, std::size_t length) noexcept {
    add_native(odd_ ? swapped(fold(sum)) : sum);
    odd_ = odd_ != ((length & 1U) != 0);
  }

  /// The sum in 16 bits (host order), not complemented: what a link is given to complete
  /// (Checksum::partial), and a form to store.
  [[nodiscard]] constexpr std::uint16_t partial() const noexcept {
    return network_order(fold(sum_));
  }
  /// The checksum (host order): what goes into the field, which counted as zero until now.
  [[nodiscard]] constexpr std::uint16_t finish() const noexcept {
    return static_cast<std::uint16_t>(~partial());
  }
  /// Is the sum, taken over everything and the checksum field as well, that of an intact packet?
  [[nodiscard]] constexpr bool verifies() const noexcept { return finish() == 0; }

 private:
  static constexpr std::uint16_t fold(std::uint64_t sum) noexcept {
    sum = (sum & 0xffff'ffffU) + (sum >> 32U);  // 33 bits
    sum = (sum & 0xffffU) + ((sum >> 16U) & 0xffffU) + (sum >> 32U);
    sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>((sum & 0xffffU) + (sum >> 16U));
  }
  static constexpr std::uint16_t swapped(std::uint16_t value) noexcept {
    return static_cast<std::uint16_t>(value << 8U | value >> 8U);
  }

  std::uint64_t sum_ = 0;
  bool odd_ = false;
};

/// The sum over `bytes`.
[[nodiscard]] inline ChecksumSum sum_of(std::span<const std::byte> bytes) noexcept {
  ChecksumSum sum;
  sum.add(bytes);
  return sum;
}

/// Copies `from` to `to` (which must have room and not overlap it) and sums it in the same pass.
[[nodiscard]] ChecksumSum copy_and_sum(std::byte* to, std::span<const std::byte> from) noexcept;

/// The sum of the pseudo-header that TCP, UDP and ICMPv6 put in front of themselves: 12 bytes for
/// IPv4 (RFC 9293 3.1), 40 for IPv6 (RFC 8200 8.1). Both addresses must be of one family; `length`
/// is that of the transport header and data, below 65,536 for IPv4.
[[nodiscard]] inline ChecksumSum pseudo_header_sum(const IpAddress& source,
                                                   const IpAddress& destination,
                                                   std::uint8_t protocol,
                                                   std::uint32_t length) noexcept {
  ChecksumSum sum;
  const auto word = [](const IpAddress& address, std::size_t at) noexcept {
    std::uint64_t raw;
    std::memcpy(&raw, address.raw().data() + at, sizeof raw);
    return raw;
  };
  if (source.is_v4()) {
    sum.add_word32(source.v4_value());
    sum.add_word32(destination.v4_value());
  } else {
    sum.add_native(word(source, 0));
    sum.add_native(word(source, 8));
    sum.add_native(word(destination, 0));
    sum.add_native(word(destination, 8));
  }
  sum.add_word32(length);
  sum.add_word(protocol);
  return sum;
}

/// The checksum (host order) of a packet in which a 16-bit field changed from `before` to `after`,
/// given its checksum until then. (RFC 1624 section 3, equation 3; right for a checksum of 0 as
/// well)
[[nodiscard]] constexpr std::uint16_t update_checksum(std::uint16_t checksum, std::uint16_t before,
                                                      std::uint16_t after) noexcept {
  ChecksumSum sum;
  sum.add_word(static_cast<std::uint16_t>(~checksum));
  sum.add_word(static_cast<std::uint16_t>(~before));
  sum.add_word(after);
  return sum.finish();
}

}  // namespace bowline::inline v0::wire
