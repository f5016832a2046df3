#include "bowline/tcp/cubic.hpp"

namespace bowline::inline v0::tcp {
namespace {

// beta = 0.7, C = 0.4 segments per cubic second (RFC 9438 sections 4.6 and 5).
constexpr std::uint64_t kBeta = 7, kBetaOf = 10;
constexpr std::uint64_t kC = 4, kCOf = 10;
// alpha = 3 * (1 - beta) / (1 + beta) = 9 / 17 (section 4.3).
constexpr std::uint64_t kAlpha = 9, kAlphaOf = 17;

constexpr std::uint32_t kLargestWindow = 0x3fffffff;
// Further from the plateau the cube is beyond any window of ours: 200 s make 3.2 million segments.
constexpr std::int64_t kFurthest = 200'000;

std::uint32_t milliseconds(Time at) noexcept {
  return static_cast<std::uint32_t>(at.time_since_epoch() / 1ms);
}

}  // namespace

std::uint32_t cube_root(std::uint64_t of) noexcept {
  std::uint64_t root = 0;
  for (int bit = 21; bit >= 0; --bit) {  // (2^22)^3 is the first beyond 64 bits
    const std::uint64_t tried = root | std::uint64_t{1} << bit;
    if (tried * tried <= of / tried) root = tried;
  }
  return static_cast<std::uint32_t>(root);
}

std::uint32_t Cubic::window_at(std::uint32_t elapsed, std::uint32_t mss) const noexcept {
  const std::int64_t from_plateau =
      std::clamp(std::int64_t{elapsed} - std::int64_t{k_}, -kFurthest, kFurthest);
  const auto distance = static_cast<std::uint64_t>(from_plateau < 0 ? -from_plateau : from_plateau);
  // C d^3 in bytes: d in ms, so 10^9 ms^3 to the cubic second, in two steps that stay in 64 bits.
  const std::uint64_t cube = distance * distance * distance;
  const std::uint64_t bytes = cube / 100'000 * kC * mss / (kCOf * 10'000);
  if (from_plateau < 0) return bytes >= w_max_ ? 0 : w_max_ - static_cast<std::uint32_t>(bytes);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(w_max_ + bytes, kLargestWindow));
}

void Cubic::begin_epoch(Time now, std::uint32_t cwnd, std::uint32_t mss) noexcept {
  epoch_ = milliseconds(now);
  w_est_ = cwnd;
  fraction_ = est_fraction_ = 0;
  // Already beyond W_max (slow start passed it, or it is not known): the plateau is here.
  w_max_ = std::max(w_max_, cwnd);
  // K = cbrt((W_max - cwnd_epoch) / C), in segments and seconds.
  const std::uint64_t below = w_max_ - cwnd;
  k_ = cube_root(below * (1'000'000'000 / kC * kCOf) / mss);
}

// Section 4.3: W_est grows by alpha segments for each window acknowledged until it has reached the
// window before the loss, and by a whole segment from then on.
void Cubic::follow_reno(std::uint32_t acked, std::uint32_t mss, std::uint32_t cwnd) noexcept {
  const std::uint64_t alpha = w_est_ < cwnd_prior_ ? kAlpha : kAlphaOf;
  const std::uint64_t parts = kAlphaOf * cwnd;
  const std::uint64_t growth = alpha * mss * acked + est_fraction_;
  w_est_ =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(w_est_ + growth / parts, kLargestWindow));
  est_fraction_ = static_cast<std::uint32_t>(growth % parts);
}

void Cubic::acked(Time now, std::uint32_t acked, Duration rtt, std::uint32_t mss,
                  std::uint32_t& cwnd) noexcept {
  if (w_est_ == kNoEpoch) begin_epoch(now, cwnd, mss);
  follow_reno(acked, mss, cwnd);
  const std::uint32_t elapsed = milliseconds(now) - epoch_;
  if (window_at(elapsed, mss) < w_est_) {  // the Reno-friendly region (section 4.3)
    cwnd = std::max(cwnd, w_est_);
    return;
  }
  // The concave and convex regions (sections 4.4 and 4.5): towards what the window should be in one
  // round trip, but by no more than half of what it is.
  const std::uint32_t in_a_round = window_at(elapsed + static_cast<std::uint32_t>(rtt / 1ms), mss);
  const std::uint32_t target = std::clamp(in_a_round, cwnd, cwnd + cwnd / 2);
  const std::uint64_t growth = std::uint64_t{target - cwnd} * acked + fraction_;
  fraction_ = static_cast<std::uint32_t>(growth % cwnd);
  cwnd += static_cast<std::uint32_t>(growth / cwnd);
}

std::uint32_t Cubic::lost(std::uint32_t cwnd, std::uint32_t in_flight, std::uint32_t mss) noexcept {
  w_est_ = kNoEpoch;
  cwnd_prior_ = cwnd;
  // Fast convergence (section 4.7): a flow that lost below its last W_max makes room for others.
  const auto reduced = static_cast<std::uint32_t>(cwnd * (kBetaOf + kBeta) / (2 * kBetaOf));
  w_max_ = cwnd < w_max_ ? reduced : cwnd;
  const auto threshold = static_cast<std::uint32_t>(in_flight * kBeta / kBetaOf);
  return std::max(threshold, 2 * mss);
}

}  // namespace bowline::inline v0::tcp
