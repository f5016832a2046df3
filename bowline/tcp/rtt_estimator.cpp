#include "bowline/tcp/rtt_estimator.hpp"

namespace bowline::inline v0::tcp {

void RttEstimator::sample(Duration rtt) noexcept {
  // A sample of nothing (virtual time, a link in memory) still is a sample.
  const Duration r = std::max(rtt, Duration(1));
  if (!has_sample()) {
    srtt_ = r;  // RFC 6298 2.2
    rttvar_ = r / 2;
  } else {
    const Duration error = srtt_ > r ? srtt_ - r : r - srtt_;
    rttvar_ += (error - rttvar_) / 4;  // RFC 6298 2.3: beta = 1/4, from the old srtt
    srtt_ = std::max(srtt_ + (r - srtt_) / 8, Duration(1));  // alpha = 1/8
  }
  backoff_ = 0;
}

void RttEstimator::sample(Duration rtt, Time now) noexcept {
  constexpr Duration kWindow = 5min;
  sample(rtt);
  const Duration r = std::max(rtt, Duration(1));
  if (least_ != Duration::zero() && now - since_ >= kWindow) {
    before_ = now - since_ >= 2 * kWindow ? Duration::zero() : least_;
    least_ = Duration::zero();
  }
  if (least_ == Duration::zero()) since_ = now;
  least_ = least_ == Duration::zero() ? r : std::min(least_, r);
}

Duration RttEstimator::rto(const RtoBounds& bounds) const noexcept {
  // RFC 6298 2.2: max(G, 4 * rttvar); the clock granularity G is a nanosecond here, the floor does
  // its work.
  const Duration estimate =
      has_sample() ? srtt_ + std::max(4 * rttvar_, bounds.least_variance) : bounds.initial;
  Duration rto = std::clamp(estimate, bounds.least, bounds.most);
  for (unsigned i = 0; i < backoff_ && rto < bounds.most; ++i) rto *= 2;
  return std::min(rto, bounds.most);
}

}  // namespace bowline::inline v0::tcp
