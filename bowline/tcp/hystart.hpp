#pragma once

// HyStart++: leaving slow start before it overshoots (RFC 9406).
//
// Once in each round trip the smallest RTT is compared with that of the round before. If it has
// grown by more than noise, the queue is filling: slow start goes on at a quarter of its pace
// (conservative slow start). Should the RTT come down again within five rounds, it was noise, and
// full slow start is resumed; else the window is where it should stay, and ssthresh is set to it.

#include <algorithm>
#include <cstdint>
#include <limits>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// The slow start of one connection. RTTs are kept in microseconds: 16 us to 71 minutes.
class HyStart {
 public:
  enum class Phase : std::uint8_t { slow_start, conservative, done };

  /// Slow start begins, or begins again after a timeout, with `snd_nxt` as it is now. Only the
  /// first slow start of a connection has no ssthresh to go by; section 4.3 asks for HyStart++
  /// there and leaves the later ones free: they have a threshold, and run without it.
  void start(SeqNumber snd_nxt) noexcept;

  /// `rtt` was measured: one sample of the round under way.
  void sample(Duration rtt) noexcept;

  /// An ACK that moved SND.UNA to `una` brought `acked` bytes: the growth of the window that it
  /// allows, in bytes. Ends a round when `una` has passed what was sent at its start.
  [[nodiscard]] std::uint32_t growth(SeqNumber una, SeqNumber snd_nxt,
                                     std::uint32_t acked) noexcept;

  [[nodiscard]] Phase phase() const noexcept { return phase_; }
  /// A loss, or the threshold, has ended slow start by itself.
  void finish() noexcept { phase_ = Phase::done; }

  template <class V>
  void visit(V& v) {
    v(phase_, css_rounds_);
    v.excluded(window_end_, "says when the RTTs are compared, which are left out as well");
    v.excluded(last_min_, "a measured time");
    v.excluded(current_min_, "a measured time");
    v.excluded(baseline_, "a measured time");
    v.excluded(samples_, "how many measured times");
  }

 private:
  void judge() noexcept;

  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  SeqNumber window_end_;
  std::uint32_t last_min_ = kNone;     // lastRoundMinRTT
  std::uint32_t current_min_ = kNone;  // currentRoundMinRTT
  std::uint32_t baseline_ = kNone;     // cssBaselineMinRtt
  std::uint8_t samples_ = 0;           // rttSampleCount; stays at 255
  std::uint8_t css_rounds_ = 0;
  Phase phase_ = Phase::slow_start;
};

}  // namespace bowline::inline v0::tcp
