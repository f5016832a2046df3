#pragma once

// Congestion window validation: a window that is not used says nothing about the path (RFC 7661).
//
// An application that sends less than the congestion window allows learns nothing of whether the
// path would take all of it. What it does learn is pipeACK: the most that was acknowledged within
// one round trip lately. While that is at least half of the window, the window is validated and all
// is as ever. Otherwise it may not grow; it is kept for five minutes, so that the application can
// go on where it was after a pause, and halved then; and a loss takes it down to what was in use.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// What one connection has shown to fit through its path. Amounts are bytes.
class WindowValidation {
 public:
  /// How long a window that is not validated is kept (section 4.4: the NVP).
  static constexpr Duration kKept = 5min;

  /// An ACK that moved SND.UNA to `una` told of `delivered` bytes that have newly arrived. `cwnd`
  /// is the window.
  void acked(Time now, SeqNumber una, SeqNumber snd_nxt, std::uint32_t delivered, Duration srtt,
             std::uint32_t cwnd) noexcept;

  /// The pipeACK variable (section 4.2): the most that was acknowledged in one round trip within
  /// the last one to two sampling periods (three round trips, at least one second); nothing while
  /// it is not measured yet.
  [[nodiscard]] std::optional<std::uint32_t> pipe_ack(Time now) const noexcept;

  /// Section 4.3: is at least half of `cwnd` in use, or nothing known to the contrary?
  [[nodiscard]] bool validated(Time now, std::uint32_t cwnd) const noexcept {
    const auto pipe = pipe_ack(now);
    return !pipe || *pipe >= cwnd / 2;
  }

  /// How many times kKept have gone by without validation since this was asked last: how often the
  /// window is to be halved (section 4.4.3).
  [[nodiscard]] unsigned take_expired(Time now, std::uint32_t cwnd) noexcept;

  /// A loss with `in_flight` bytes in the network (section 4.4.1): the window that was in use, from
  /// which reductions start, where `cwnd` is not validated; else `cwnd`. `sent_again`: the bytes
  /// that the connection has sent again so far.
  [[nodiscard]] std::uint32_t lost(Time now, std::uint32_t cwnd, std::uint32_t in_flight,
                                   std::uint64_t sent_again) noexcept;

  /// Recovery has ended: what the window may be at most, if it began without validation (section
  /// 4.4.1: half of what was in use and was not lost). What was measured is forgotten.
  [[nodiscard]] std::optional<std::uint32_t> recovered(std::uint64_t sent_again) noexcept;

  template <class V>
  void visit(V& v) {
    v(bytes_, current_, previous_, in_round_, measured_, lost_window_);
    v.excluded(round_end_, "says when a sample is taken; what counts is the samples");
    v.excluded(period_began_, "a point in time, which only says how long a sample counts");
    v.excluded(unvalidated_since_, "as period_began_: for five minutes nothing follows from it");
    v.excluded(sent_again_, "a statistic, compared with a later one");
  }

 private:
  Time period_began_{};
  Time unvalidated_since_ = kNever;
  std::uint64_t sent_again_ = 0;   // bytes sent again before the loss
  SeqNumber round_end_;            // the round ends when SND.UNA passes this
  std::uint32_t bytes_ = 0;        // delivered in the round under way
  std::uint32_t current_ = 0;      // the largest sample of the period
  std::uint32_t previous_ = 0;     // and of the one before
  std::uint32_t lost_window_ = 0;  // Max(pipeACK, LossFlightSize); 0: the window was validated
  Duration period_ = 1s;
  bool in_round_ = false;  // else the next ACK begins one
  bool measured_ = false;  // a round is over
};

}  // namespace bowline::inline v0::tcp
