#pragma once

// CUBIC as Linux computes it: the function of RFC 9438, followed packet by packet.
//
// tcp/cubic.hpp follows the RFC in bytes. Linux counts packets: the window grows by one for each
// `step` packets that are acknowledged, and the step follows from the cubic function, from the
// estimate of Reno's window and from a bound (one packet for two); while the window stays as it is,
// it is worked out every 32 ms (bictcp_update()). Neither is better than the other, but whoever
// watches the window of a Linux sender, as scripts do, sees just these numbers.
//
// To the outside windows are in bytes as everywhere, whole packets; times are in Linux's ticks of a
// millisecond.

#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// The state of one connection's CUBIC, in packets: 28 bytes.
class PacketCubic {
 public:
  /// `acked` bytes were delivered in congestion avoidance with the window as the limit: grows
  /// `cwnd`. `min_rtt` is the smallest round-trip time known.
  void acked(Time now, std::uint32_t acked, Duration min_rtt, std::uint32_t mss,
             std::uint32_t& cwnd) noexcept;
  /// A loss (or an ECN mark) with the window at `cwnd`, whatever of it is in flight: remembers
  /// W_max, with fast convergence, and returns the slow-start threshold
  /// (bictcp_recalc_ssthresh()).
  [[nodiscard]] std::uint32_t lost(std::uint32_t cwnd, std::uint32_t in_flight,
                                   std::uint32_t mss) noexcept;
  /// The retransmission timer expired: what was known of the path is forgotten (bictcp_reset()).
  void timed_out() noexcept { *this = PacketCubic(); }
  /// The window was given up for not being used: resumed() sees to the time.
  void restart() noexcept {}
  /// Data goes out after nothing was in the network for `idle`: time in which nothing was sent does
  /// not count (RFC 9438 section 5.8; cubictcp_cwnd_event()).
  void resumed(Time now, Duration idle) noexcept;

  /// W_max in packets; 0: none yet.
  [[nodiscard]] std::uint32_t w_max() const noexcept { return w_max_; }

  template <class V>
  void visit(V& v) {
    v(w_max_, began_with_, acked_, reno_, step_, counted_, looked_at_cwnd_);
    v.excluded(epoch_, "a point in time, which only says how fast the window grows");
    v.excluded(looked_at_, "as epoch_");
  }

 private:
  static constexpr std::uint32_t kNoEpoch = 0;
  void look(std::uint32_t now, std::uint32_t packets, Duration min_rtt,
            std::uint32_t cwnd) noexcept;
  void begin_epoch(std::uint32_t now, std::uint32_t packets, std::uint32_t cwnd) noexcept;
  void follow_reno(std::uint32_t cwnd, std::uint32_t& step) noexcept;
  [[nodiscard]] std::uint32_t window_at(std::uint64_t ticks) const noexcept;

  std::uint32_t w_max_ = 0;
  std::uint32_t epoch_ = kNoEpoch;    // the tick at which it began
  std::uint32_t began_with_ = 0;      // the window at that time
  std::uint32_t acked_ = 0;           // packets, not yet counted into reno_
  std::uint32_t reno_ = 0;            // Reno's window, estimated (RFC 9438 section 4.3)
  std::uint16_t step_ = 0;            // packets acknowledged for one more in the window
  std::uint16_t counted_ = 0;         // of these, acknowledged so far
  std::uint16_t looked_at_ = 0;       // when step_ was worked out: the low bits of the tick, and
  std::uint16_t looked_at_cwnd_ = 0;  // with which window: its low bits
};

}  // namespace bowline::inline v0::tcp
