#pragma once

// What size the path carries, found out by trying (RFC 4821, with the names of RFC 8899).
//
// Routers that drop a large packet and say nothing (a black hole) leave a connection that works for
// all but full segments. So the size in use, eff_pmtu, is one that is known to arrive, and a larger
// one is found by sending one segment of that size among the others: if it is delivered, the path
// carries it; if it alone is lost, the path does not, and that is no sign of congestion. When
// nothing arrives any more, whatever is sent, the size falls to one that nearly every path carries
// and the search begins anew, with the size that had worked so far: it may have been no black hole.
//
// Sizes are those of IP packets, headers included. What a probe is made of, and which losses were
// its own alone, is for the caller to know.

#include <algorithm>
#include <cstdint>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/settings.hpp"

namespace bowline::inline v0::tcp {

/// The sizes between which a search goes.
struct MtuBounds {
  std::uint16_t least =
      576;  ///< always carried: 576 over IPv4, 1280 over IPv6 (RFC 8200 section 5)
  std::uint16_t most = 1500;  ///< of the interface, and of the peer's MSS with the headers
};

/// What there is to send when a probe is thought of (RFC 4821 sections 7.4 and 7.5).
struct ProbeConditions {
  Time now{};
  std::uint32_t queued = 0;  ///< bytes not sent yet
  std::uint32_t window = 0;  ///< bytes that the peer's window has left
  std::uint32_t cwnd = 0;
  std::uint32_t in_flight = 0;
  bool in_recovery = false;  ///< losses under repair, or suspected
};

/// The path MTU search of one connection. A value.
class PathMtuProbe {
 public:
  /// The states of RFC 8899 section 5.2, of which DISABLED and BASE are `idle` here.
  enum class Phase : std::uint8_t {
    idle,       ///< not searching
    searching,  ///< SEARCHING: larger sizes are tried
    complete,   ///< SEARCH_COMPLETE: the size is found, until it is time to look again
    error,      ///< ERROR: nothing arrives, whatever the size
  };

  /// Begins on a path that is said to carry `path_mtu`.
  void start(MtuProbing mode, const MtuBounds& bounds, std::uint16_t path_mtu, Time now) noexcept;

  /// The size of packets to send.
  [[nodiscard]] std::uint16_t eff_pmtu() const noexcept { return eff_pmtu_; }
  [[nodiscard]] Phase phase() const noexcept { return phase_; }
  [[nodiscard]] std::uint16_t search_low() const noexcept { return eff_pmtu_; }
  [[nodiscard]] std::uint16_t search_high() const noexcept { return search_high_; }

  /// Is it worth asking due()? Not while nothing is searched for, or a probe is under way.
  [[nodiscard]] bool may_probe(Time now) const noexcept {
    return phase_ >= Phase::searching && mode_ != MtuProbing::off && !probing() && now >= next_at_;
  }
  /// The size of a probe that should go now instead of an ordinary segment; 0: none. `headers` is
  /// what of a packet is not payload. A finished search begins again after 600 s.
  [[nodiscard]] std::uint16_t due(const ProbeConditions& with,
                                  std::uint32_t headers) const noexcept;
  /// A packet of `size` went, with the numbers from `start` up to `end`, as one segment that must
  /// not be fragmented.
  void probe_sent(std::uint16_t size, SeqNumber start, SeqNumber end) noexcept;
  /// Of the probe under way: its size, its first number, and the one after its last.
  [[nodiscard]] std::uint16_t probe_size() const noexcept { return probe_size_; }
  [[nodiscard]] SeqNumber probe_start() const noexcept { return probe_start_; }
  [[nodiscard]] SeqNumber probe_end() const noexcept { return probe_end_; }
  /// A probe is under way.
  [[nodiscard]] bool probing() const noexcept { return probe_size_ != 0; }
  /// Does the probe under way have `number` in it?
  [[nodiscard]] bool probes(SeqNumber number) const noexcept {
    return probing() && in_window(number, probe_start_, distance(probe_start_, probe_end_));
  }

  /// `from` to `to` were delivered, cumulatively or by SACK. True when the size has grown: segments
  /// may be larger from now on.
  bool delivered(SeqNumber from, SeqNumber to, Time now) noexcept;

  /// The probe was found lost, by ACKs. `alone`: nothing else was lost in its window. True when the
  /// loss is the probe's own and must not be taken for congestion (RFC 4821 section 7.6.2). Its
  /// data is sent again in segments of eff_pmtu().
  bool lost(bool alone, Time now) noexcept;

  /// The retransmission timer expired for the `count`th time since anything was acknowledged, for
  /// data sent in packets of `size` at the most. True when the size has shrunk: what is outstanding
  /// is to be sent again in smaller segments.
  bool timed_out(unsigned count, std::uint16_t size, Time now) noexcept;

  /// Something was acknowledged: what is in use arrives.
  void progress(Time now) noexcept;

  /// ICMP says that the path carries `mtu` (believed by the caller). True when the size has shrunk.
  bool packet_too_big(std::uint16_t mtu, Time now) noexcept;

  /// No larger size is possible from now on: the interface has become smaller, or ICMP says so.
  void limit(std::uint16_t most, Time now) noexcept {
    most_ = std::max(std::min(most, most_), least_);
    static_cast<void>(packet_too_big(most_, now));
  }

  template <class V>
  void visit(V& v) {
    v(mode_, phase_, shrunk_, failures_, least_, most_, eff_pmtu_, search_high_, first_try_,
      probe_size_);
    // What is not set yet would tell the ISN, and the time.
    if (!V::hashing || probing()) v.local(probe_start_, probe_end_);
    if (!V::hashing || phase_ != Phase::idle) v(next_at_);
  }

 private:
  void search_from(std::uint16_t low, std::uint16_t high, std::uint16_t first, Time at) noexcept;
  void settle(Time now) noexcept;
  [[nodiscard]] std::uint16_t candidate() const noexcept;
  void abandon_probe() noexcept { probe_size_ = 0; }

  Time next_at_{};  // no probe before
  SeqNumber probe_start_;
  SeqNumber probe_end_;
  std::uint16_t least_ = 576;
  std::uint16_t most_ = 1500;
  std::uint16_t eff_pmtu_ = 576;     // search_low as well: what is in use is known to arrive
  std::uint16_t search_high_ = 576;  // the largest size that may still arrive
  std::uint16_t first_try_ = 0;      // tried before the search proper; 0: none
  std::uint16_t probe_size_ = 0;     // of the probe under way; 0: none
  std::uint8_t failures_ = 0;        // PROBE_COUNT: losses of this size, one after the other
  MtuProbing mode_ = MtuProbing::off;
  Phase phase_ = Phase::idle;
  bool shrunk_ = false;  // by timeouts, and nothing has been acknowledged since
};

}  // namespace bowline::inline v0::tcp
