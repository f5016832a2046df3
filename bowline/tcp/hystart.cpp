#include "bowline/tcp/hystart.hpp"

namespace bowline::inline v0::tcp {
namespace {

// Section 4.3's constants.
constexpr std::uint32_t kMinRttThreshold = 4'000;  // us
constexpr std::uint32_t kMaxRttThreshold = 16'000;
constexpr std::uint32_t kMinRttDivisor = 8;
constexpr std::uint8_t kSamples = 8;
constexpr std::uint32_t kCssGrowthDivisor = 4;
constexpr std::uint8_t kCssRounds = 5;

}  // namespace

void HyStart::start(SeqNumber snd_nxt) noexcept {
  *this = HyStart();
  window_end_ = snd_nxt;
}

void HyStart::sample(Duration rtt) noexcept {
  if (phase_ == Phase::done) return;
  const auto microseconds =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(rtt / 1us, 0, kNone - 1));
  current_min_ = std::min(current_min_, microseconds);
  if (samples_ < 255) ++samples_;
  judge();
}

void HyStart::judge() noexcept {
  if (samples_ < kSamples) return;
  if (phase_ == Phase::conservative) {
    if (current_min_ >= baseline_) return;
    baseline_ = kNone;
    phase_ = Phase::slow_start;  // the growth was noise
    return;
  }
  if (current_min_ == kNone || last_min_ == kNone) return;
  const std::uint32_t threshold =
      std::clamp(last_min_ / kMinRttDivisor, kMinRttThreshold, kMaxRttThreshold);
  if (current_min_ - std::min(current_min_, last_min_) < threshold) return;
  baseline_ = current_min_;
  css_rounds_ = 0;
  phase_ = Phase::conservative;
}

std::uint32_t HyStart::growth(SeqNumber una, SeqNumber snd_nxt, std::uint32_t acked) noexcept {
  // L, the most that one ACK may add, is infinite where data is paced (section 4.3), as it is here;
  // one ACK often stands for a whole merged burst.
  const std::uint32_t growth = phase_ == Phase::conservative ? acked / kCssGrowthDivisor : acked;
  if (at_or_after(una, window_end_)) {
    last_min_ = current_min_;
    current_min_ = kNone;
    samples_ = 0;
    window_end_ = snd_nxt;
    // The round in which it began counts, however little of it was left.
    if (phase_ == Phase::conservative && ++css_rounds_ >= kCssRounds) phase_ = Phase::done;
  }
  return growth;
}

}  // namespace bowline::inline v0::tcp
