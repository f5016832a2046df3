#pragma once

// Identifications of what we fragment: nobody may predict them (RFC 7739 section 3), and none may
// come again while fragments of the last one that had it can be under way (RFC 6864 section 4.2,
// RFC 8200 section 4.5).
//
// RFC 7739 section 5.3: a keyed hash of the pair of addresses, plus a counter. Pairs share counters
// by another hash, so that there are few of them; each pair sees its own numbers rise, and nobody
// sees those of others. Packets that are not fragmented need no identification at all (RFC 6864
// section 4.1) and have 0.

#include <array>
#include <cstdint>

#include "bowline/base/siphash.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::ip {

/// Draws identifications.
class Identifications {
 public:
  explicit constexpr Identifications(SipKey key) noexcept : key_(key) {}

  /// The identification of the next datagram of `protocol` from `source` to `destination` that is
  /// sent in fragments. IPv4 has the lower 16 bits.
  [[nodiscard]] std::uint32_t next(const IpAddress& source, const IpAddress& destination,
                                   std::uint8_t protocol) noexcept;

  template <class V>
  void visit(V& v) {
    v.excluded(counters_, "names for fragments");
  }

 private:
  static constexpr std::size_t kCounters = 256;

  SipKey key_;
  std::array<std::uint32_t, kCounters> counters_{};
};

}  // namespace bowline::inline v0::ip
