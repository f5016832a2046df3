#pragma once

// Pacing: when the next piece may go, so that a window leaves spread over its round trip.
//
// An earliest departure time, as in draft-ietf-ccwg-bbr section 5.6.2: each piece moves it on by
// what the piece takes at the rate. Single segments would cost a timer each, so a piece is a
// quantum: what the rate makes in a millisecond, two segments at least and 64 KiB at most (section
// 5.6.3). A timer that fires late, or an application that pauses for a moment, is made up for by a
// millisecond's worth, no more: in any span of time T there go at most
//
//     rate * (T + 1 ms) + one quantum
//
// beside the initial window, which goes as one burst (RFC 6928 asks for no pacing of it, and there
// is no round-trip time yet to spread it over).

#include <cstdint>
#include <limits>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// What may go in one piece at `rate` bytes a second: whole segments of `mss`, two at least.
[[nodiscard]] std::uint32_t send_quantum(std::uint64_t rate, std::uint32_t mss) noexcept;

/// The pacing rate, in bytes a second, for a window that a loss-based congestion control sets:
/// twice a window per round trip while it may double in one (below half of `ssthresh`), 1.2 times
/// later, so that pacing never holds back the growth (as Linux's tcp_update_pacing_rate does).
/// `in_flight` counts where it is larger, which it is during a reduction. 0 (no pacing) before
/// there is an `srtt`.
[[nodiscard]] std::uint64_t window_pacing_rate(std::uint32_t cwnd, std::uint32_t ssthresh,
                                               std::uint32_t in_flight, Duration srtt) noexcept;

/// The pacing of one connection. A value.
class Pacer {
 public:
  /// What allowance() says when nothing is paced.
  static constexpr std::uint32_t kUnlimited = std::numeric_limits<std::uint32_t>::max();

  /// Pacing begins with a burst of `unpaced` bytes: the initial window.
  void start(std::uint32_t unpaced) noexcept { unpaced_ = unpaced; }

  /// From `now` on, `bytes_per_second`; 0: no pacing. A wait under way is shortened or lengthened
  /// as the rate changes: what was sent has been sent, the rest goes at the new rate.
  void set_rate(std::uint64_t bytes_per_second, Time now) noexcept;

  /// When the next piece may go: `now` or later.
  [[nodiscard]] Time next_send(Time now) const noexcept {
    return allowance_open(now) ? now : next_;
  }

  /// How many bytes may go at `now`, 0 before next_send(): a quantum, what is left of the initial
  /// burst, or kUnlimited. Ask again after sent(): a timer that was late leaves room for more.
  [[nodiscard]] std::uint32_t allowance(Time now, std::uint32_t mss) const noexcept;

  /// `bytes` (first sent or again) left at `now`. More than the allowance is no error (a probe, a
  /// retransmission that must not wait): it only delays what follows. `halve_late`:
  /// Settings::halve_late_gaps.
  void sent(std::uint32_t bytes, Time now, bool halve_late = false) noexcept;

  /// Bytes a second; 0: no pacing.
  [[nodiscard]] std::uint64_t rate() const noexcept { return rate_; }

  template <class V>
  void visit(V& v) {
    v(unpaced_);
    v.excluded(rate_, "follows from measured times, and says only when, not what");
    v.excluded(next_, "a point in time that follows from the rate");
  }

 private:
  [[nodiscard]] bool allowance_open(Time now) const noexcept {
    return rate_ == 0 || unpaced_ != 0 || next_ <= now;
  }

  std::uint64_t rate_ = 0;
  Time next_{};                // C.next_send_time
  std::uint32_t unpaced_ = 0;  // left of the initial burst
};

}  // namespace bowline::inline v0::tcp
