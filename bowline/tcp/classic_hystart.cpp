#include "bowline/tcp/classic_hystart.hpp"

#include <algorithm>

namespace bowline::inline v0::tcp {
namespace {

// The values of Linux's module parameters.
constexpr std::uint32_t kLowWindow = 16;  // segments: below, slow start goes on in any case
constexpr Duration kTrainGap = 2ms;       // ACKs further apart are no train
constexpr std::uint8_t kSamples = 8;      // of a round, before its RTTs count
constexpr Duration kLeastGrowth = 4ms;
constexpr Duration kMostGrowth = 16ms;

// What bursts on the way add to a train: four of 64 KiB at the rate of two windows in a round trip.
Duration burst_allowance(const SlowStartAck& ack) noexcept {
  constexpr std::uint64_t kBursts = 4ULL * 65'536;
  const auto srtt = static_cast<std::uint64_t>(std::clamp<Duration>(ack.srtt, 0ns, 60s).count());
  const std::uint64_t needed = kBursts * srtt / (2ULL * std::max(ack.cwnd, 1U));
  return std::min<Duration>(Duration(static_cast<std::int64_t>(needed)), 1ms);
}

}  // namespace

bool ClassicHyStart::train_is_long(const SlowStartAck& ack) noexcept {
  if (ack.now - last_ack_ > kTrainGap) return false;
  last_ack_ = ack.now;
  Duration longest = ack.min_rtt + burst_allowance(ack);
  if (!ack.paced) longest /= 2;
  return ack.now - round_began_ > longest;
}

bool ClassicHyStart::delay_has_grown(const SlowStartAck& ack) noexcept {
  round_min_ = round_min_ == Duration::zero() ? ack.rtt : std::min(round_min_, ack.rtt);
  if (samples_ < kSamples) {
    ++samples_;
    return false;
  }
  return round_min_ >
         ack.min_rtt + std::clamp<Duration>(ack.min_rtt / 8, kLeastGrowth, kMostGrowth);
}

bool ClassicHyStart::acked(const SlowStartAck& ack) noexcept {
  if (!in_round_ || after(ack.una, round_end_)) {
    in_round_ = true;
    round_end_ = ack.nxt;
    round_began_ = last_ack_ = ack.now;
    round_min_ = Duration::zero();
    samples_ = 0;
  }
  if (ack.cwnd < kLowWindow * ack.mss) return false;
  const bool train = train_is_long(ack);
  return delay_has_grown(ack) || train;
}

}  // namespace bowline::inline v0::tcp
