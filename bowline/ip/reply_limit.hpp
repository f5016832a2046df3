#pragma once

// The limit on stateless replies (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f), of which
// nobody sees more than his own part.
//
// A limit on all replies together is a counter that a stranger can read: he asks as often as it
// allows, sends a packet in somebody else's name in between, and counts whether one answer less
// comes back. So it tells whether that packet was answered, that is, whether a connection or a port
// is there (CVE-2016-5696 by challenge ACKs, CVE-2020-25705 by ICMP errors). Here each address has
// a count of its own, in one of a few counters that a keyed hash chooses anew every second: to
// share one with somebody else is luck, cannot be known, and is over with the second. The whole
// address counts, not its network: neighbours in one /64 would read each other's.
//
// Who owns very many addresses can still use up every counter, and then sees when one of them was
// used by somebody else: that takes so many packets within a second as all counters let through,
// half a million by default, and each is answered to him.
//
// So the bound on all of them together is that of one address times the counters. It needs no
// better one: every reply answers a packet that is no smaller, and the ring of the interface bounds
// those that wait.

#include <array>
#include <cstdint>

#include "bowline/base/limits.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/base/time.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::ip {

/// Counts the replies of this second, by address.
class ReplyLimit {
 public:
  /// Counters: an address shares its own with another for a second out of so many.
  static constexpr std::size_t kCounters = 256;

  /// Lets Limits::stateless_replies_per_second through to each address. `key` is a secret.
  ReplyLimit(const Limits& limits, SipKey key) noexcept
      : each_(limits.stateless_replies_per_second), key_(key) {}

  /// May a packet from `address` be answered at `now`? Then it counts.
  [[nodiscard]] bool allow(const IpAddress& address, Time now) noexcept {
    const std::int64_t second = now.time_since_epoch() / 1s;
    if (second != second_ && total_ > 0) counts_.fill(0);
    if (second != second_) total_ = 0;
    second_ = second;
    const std::byte* const raw = address.raw().data();
    const std::uint64_t hash = siphash13(
        key_, std::array<std::uint64_t, 3>{detail::load_le(raw, 8), detail::load_le(raw + 8, 8),
                                           static_cast<std::uint64_t>(second)});
    std::uint32_t& count = counts_[hash % kCounters];
    if (count >= each_) return false;
    ++count;
    ++total_;
    return true;
  }

  template <class V>
  void visit(V& v) {
    v(second_, total_);
    if (total_ > 0) v(counts_);
  }

 private:
  std::uint32_t each_;
  SipKey key_;
  std::int64_t second_ = 0;
  std::uint64_t total_ = 0;  // of this second, all sources together
  std::array<std::uint32_t, kCounters> counts_{};
};

}  // namespace bowline::inline v0::ip
