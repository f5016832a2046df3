#pragma once

// What ICMP has told of the paths: the largest packet that a destination can be reached with (RFC
// 1191, RFC 8201).
//
// Anybody can send such a message, so what it must quote decides who may believe it. One about a
// segment has to quote a sequence number in flight (RFC 5927 section 4.1). One about a datagram has
// nothing of the kind to show: it is believed only where so large a datagram was sent lately, and
// by datagrams alone. Else whoever knows one port of a UDP socket could make every new TCP
// connection crawl that goes wherever he likes ("PMTUD is not Panacea", NDSS 2022).

#include <algorithm>
#include <cstdint>

#include "bowline/ip/destination_table.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::ip {

/// MTUs by destination.
class PathMtuCache {
 public:
  PathMtuCache(Memory& memory, std::uint32_t limit, SipKey key) noexcept
      : table_(memory, limit, key) {}

  /// The path to `destination` takes `mtu` bytes. Without memory that is not remembered: the
  /// connection itself still knows.
  void learn(const IpAddress& destination, std::uint32_t mtu, Time now) noexcept {
    table_.set(destination, mtu, now);
  }
  /// The MTU of the path to `destination` over a link with `link_mtu`.
  [[nodiscard]] std::uint32_t look_up(const IpAddress& destination, std::uint32_t link_mtu,
                                      Time now) const noexcept {
    return std::min(table_.find(destination, now).value_or(link_mtu), link_mtu);
  }
  /// Is anything remembered of the path to `destination`? Costs nothing while nothing is of any.
  [[nodiscard]] bool knows(const IpAddress& destination, Time now) const noexcept {
    return !table_.empty(now) && table_.find(destination, now).has_value();
  }

  template <class V>
  void visit(V& v) {
    v(table_);
  }

 private:
  DestinationTable table_;
};

/// The least that an ICMP error can make us believe of a path: 552 over IPv4, for forged small ones
/// would make every packet mostly header (RFC 5927 section 7); 1280 over IPv6, where no link takes
/// less (RFC 8201 section 4).
[[nodiscard]] constexpr std::uint32_t least_path_mtu(Family family) noexcept {
  return family == Family::ipv4 ? 552 : wire::kIpv6MinMtu;
}

/// The MTU to believe when an ICMP error says `said` about a path that was thought to take
/// `current`; 0: do not believe it. Less than the least counts as that over IPv4, and is discarded
/// over IPv6 (RFC 8201 section 4).
[[nodiscard]] std::uint32_t believable_mtu(Family family, std::uint32_t said,
                                           std::uint32_t current) noexcept;

/// How large the packets of datagrams were that went to each destination lately: what an error
/// about one can honestly quote.
class SentSizes {
 public:
  SentSizes(Memory& memory, std::uint32_t limit, SipKey key) noexcept
      : table_(memory, limit, key) {}

  /// A packet of `size` bytes goes to `destination`. One that no error can call too big is not
  /// remembered, so that most datagrams cost nothing here.
  void note(const IpAddress& destination, std::uint32_t size, Time now) noexcept {
    if (size > least_path_mtu(destination.family())) table_.raise(destination, size, now);
  }
  /// Has one of `size` bytes, or more, gone there within the last ten minutes?
  [[nodiscard]] bool reach(const IpAddress& destination, std::uint32_t size,
                           Time now) const noexcept {
    return table_.find(destination, now).value_or(0) >= size;
  }

  template <class V>
  void visit(V& v) {
    v(table_);
  }

 private:
  DestinationTable table_;
};

}  // namespace bowline::inline v0::ip
