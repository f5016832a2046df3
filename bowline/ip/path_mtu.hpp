#pragma once

// What ICMP has told of the paths: the largest packet that a destination can be reached with (RFC
// 1191, RFC 8201).
//
// A bounded memory; the oldest entry goes first, and all go after ten minutes, so that a path that
// has become wider is noticed (RFC 1191 section 6.3).

#include <array>
#include <cstdint>

#include "bowline/base/ring.hpp"
#include "bowline/base/time.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::ip {

/// MTUs by destination.
class PathMtuCache {
 public:
  PathMtuCache(Memory& memory, std::uint32_t limit) noexcept : entries_(memory), limit_(limit) {}

  /// The path to `destination` takes `mtu` bytes.
  void learn(const IpAddress& destination, std::uint32_t mtu, Time now) noexcept;
  /// The MTU of the path to `destination` over a link with `link_mtu`.
  [[nodiscard]] std::uint32_t look_up(const IpAddress& destination, std::uint32_t link_mtu,
                                      Time now) const noexcept;

  /// Is none remembered?
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

  template <class V>
  void visit(V& v) {
    v(entries_);
  }

 private:
  static constexpr Duration kLifetime = 10min;
  struct Entry {
    IpAddress destination;
    std::uint32_t mtu = 0;
    Time learnt_at{};
    template <class V>
    void visit(V& v) {
      v(destination, mtu, learnt_at);
    }
  };

  Ring<Entry> entries_;
  std::uint32_t limit_;
};

/// The MTU to believe when an ICMP error says `said` about a path that was thought to take
/// `current`; 0: do not believe it. Less than 552 over IPv4 counts as 552: forged small ones would
/// make every packet mostly header (RFC 5927 section 7). Less than 1280 over IPv6 is discarded
/// (RFC 8201 section 4).
[[nodiscard]] std::uint32_t believable_mtu(Family family, std::uint32_t said,
                                           std::uint32_t current) noexcept;

}  // namespace bowline::inline v0::ip
