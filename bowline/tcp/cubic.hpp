#pragma once

// CUBIC: the window as a cubic function of the time since the last loss (RFC 9438).
//
// After a loss at W_max it climbs steeply, grows flat around W_max, where the loss was, and then
// faster and faster: by the clock, not by the round trips, so that long paths are not starved by
// short ones. Where Reno would be faster (short paths, small windows) it follows an estimate of
// Reno's window.
//
// All arithmetic is in integers, so that a simulation gives the same bytes on every machine: times
// in milliseconds, windows in bytes, C = 4/10 and beta = 7/10 as fractions.

#include <algorithm>
#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// The state of one connection's CUBIC, 28 bytes: windows in bytes, times in 32-bit milliseconds
/// of the Stack's clock, which wrap after 49 days (no epoch lasts that long without a loss or an
/// idle restart ending it; if one did, it would only begin anew).
class Cubic {
 public:
  /// `acked` bytes were delivered in congestion avoidance with the window as the limit: grows
  /// `cwnd` (RFC 9438 sections 4.2 to 4.5). `rtt` is the smoothed round-trip time.
  void acked(Time now, std::uint32_t acked, Duration rtt, std::uint32_t mss,
             std::uint32_t& cwnd) noexcept;

  /// A loss (or an ECN mark) with the window at `cwnd` and `in_flight` bytes under way: remembers
  /// W_max, with fast convergence (section 4.7), and returns the slow-start threshold (section
  /// 4.6).
  [[nodiscard]] std::uint32_t lost(std::uint32_t cwnd, std::uint32_t in_flight,
                                   std::uint32_t mss) noexcept;

  /// The retransmission timer expired, or the connection was idle: the next growth begins an epoch
  /// of its own (sections 4.8 and 5.8).
  void restart() noexcept { w_est_ = kNoEpoch; }
  /// As restart(), and what was known of the path is forgotten (a timeout, section 4.8: W_max is
  /// what cwnd is when slow start ends).
  void timed_out() noexcept {
    w_est_ = kNoEpoch;
    w_max_ = 0;
  }

  /// W_max, in bytes; 0: none yet.
  [[nodiscard]] std::uint32_t w_max() const noexcept { return w_max_; }

  /// W_cubic(t) = C * (t - K)^3 + W_max (section 4.2, figure 1), in bytes, at `milliseconds` since
  /// the epoch began; never below 0.
  [[nodiscard]] std::uint32_t window_at(std::uint32_t milliseconds,
                                        std::uint32_t mss) const noexcept;

  template <class V>
  void visit(V& v) {
    v(w_max_, cwnd_prior_, w_est_, fraction_, est_fraction_);
    v.excluded(k_, "follows from w_max_ and the window with which the epoch began");
    v.excluded(epoch_, "a point in time, which only says how fast the window grows");
  }

 private:
  static constexpr std::uint32_t kNoEpoch = 0;  // no window is so small
  void begin_epoch(Time now, std::uint32_t cwnd, std::uint32_t mss) noexcept;
  void follow_reno(std::uint32_t acked, std::uint32_t mss, std::uint32_t cwnd) noexcept;

  std::uint32_t w_max_ = 0;
  std::uint32_t cwnd_prior_ = 0;    // the window before the last reduction
  std::uint32_t k_ = 0;             // ms from the beginning of the epoch to the plateau
  std::uint32_t epoch_ = 0;         // ms: when it began
  std::uint32_t w_est_ = kNoEpoch;  // Reno's window, estimated (section 4.3)
  std::uint32_t fraction_ = 0;      // of a byte of growth, in parts of cwnd
  std::uint32_t est_fraction_ = 0;  // of a byte of w_est_, in parts of 17 * cwnd
};

/// The integer cube root, rounded down.
[[nodiscard]] std::uint32_t cube_root(std::uint64_t of) noexcept;

}  // namespace bowline::inline v0::tcp
