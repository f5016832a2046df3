#pragma once

// The round-trip time and the timeout that follows from it (RFC 6298).
//
// A smoothed mean and a smoothed deviation; the timeout is the mean and four deviations. Which
// samples are honest (Karn's rule, timestamps) is for the caller to know: this unit knows nothing
// of segments. The backoff lives here too, because it is undone by the same samples.

#include <algorithm>
#include <cstdint>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::tcp {

/// The bounds between which the timeout stays.
struct RtoBounds {
  Duration initial = 1s;  ///< before the first sample (RFC 6298 2.1)
  Duration least = 200ms;
  Duration most = 60s;
  Duration least_variance{};  ///< four deviations count for at least so much
};

/// srtt, rttvar, rto and the smallest RTT of one path. A value; 48 bytes.
class RttEstimator {
 public:
  /// Takes one sample, not negative (RFC 6298 2.2 and 2.3, with 1/8 and 1/4 as there), and ends the
  /// backoff.
  void sample(Duration rtt) noexcept;
  /// The same, measured at `now`, for min_rtt() as well.
  void sample(Duration rtt, Time now) noexcept;
  /// The timeout doubles (RFC 6298 5.5), up to `most`.
  void back_off() noexcept {
    if (backoff_ < kMostBackoff) ++backoff_;
  }
  /// New data was acknowledged: the next timeout is the estimate's own again.
  void end_backoff() noexcept { backoff_ = 0; }
  /// The timeout now: the estimate within its bounds, doubled for each backoff.
  [[nodiscard]] Duration rto(const RtoBounds& bounds) const noexcept;

  [[nodiscard]] bool has_sample() const noexcept { return srtt_ != Duration::zero(); }
  /// Zero before the first sample.
  [[nodiscard]] Duration srtt() const noexcept { return srtt_; }
  [[nodiscard]] Duration rttvar() const noexcept { return rttvar_; }
  /// The smallest RTT of the last five to ten minutes (RFC 8985 section 6.2 wants a windowed
  /// minimum: paths change); zero: none.
  [[nodiscard]] Duration min_rtt() const noexcept {
    return before_ != Duration::zero() ? std::min(least_, before_) : least_;
  }
  /// How often the timeout has doubled since the last end of the backoff.
  [[nodiscard]] std::uint8_t backoff() const noexcept { return backoff_; }

  template <class V>
  void visit(V& v) {
    v.excluded(srtt_, "the exploration pins the RTO");
    v.excluded(rttvar_, "the exploration pins the RTO");
    v.excluded(least_, "a measured time");
    v.excluded(before_, "a measured time");
    v.excluded(since_, "a measured time");
    v(backoff_);
  }

 private:
  static constexpr std::uint8_t kMostBackoff = 32;

  Duration srtt_{};
  Duration rttvar_{};
  Duration least_{};   // since since_; zero: none
  Duration before_{};  // in the five minutes before that; zero: none
  Time since_{};
  std::uint8_t backoff_ = 0;
};

}  // namespace bowline::inline v0::tcp
