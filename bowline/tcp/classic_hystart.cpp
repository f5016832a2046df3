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
Duration burst_allowance(Duration rtt, std::uint32_t cwnd) noexcept {
  constexpr std::uint64_t kBursts = 4ULL * 65'536;
  const auto srtt = static_cast<std::uint64_t>(std::clamp<Duration>(rtt, 0ns, 60s).count());
  const std::uint64_t needed = kBursts * srtt / (2ULL * std::max(cwnd, 1U));
  return std::min<Duration>(Duration(static_cast<std::int64_t>(needed)), 1ms);
}

}  // namespace

bool ClassicHyStart::train_is_long(const AckEvent& event, std::uint32_t cwnd) noexcept {
  if (event.now - last_ack_ > kTrainGap) return false;
  last_ack_ = event.now;
  Duration longest = event.min_rtt + burst_allowance(event.srtt, cwnd);
  if (!event.paced) longest /= 2;
  return event.now - round_began_ > longest;
}

bool ClassicHyStart::delay_has_grown(const AckEvent& event) noexcept {
  round_min_ = round_min_ == Duration::zero() ? event.rtt : std::min(round_min_, event.rtt);
  if (samples_ < kSamples) {
    ++samples_;
    return false;
  }
  return round_min_ >
         event.min_rtt + std::clamp<Duration>(event.min_rtt / 8, kLeastGrowth, kMostGrowth);
}

bool ClassicHyStart::acked(const AckEvent& event, std::uint32_t cwnd, std::uint32_t mss) noexcept {
  // Below that window Linux does not even begin a round (cubictcp_acked(), from 5.16 to 6.13; later
  // it does).
  if (event.rtt == Duration::zero() || cwnd < kLowWindow * mss) return false;
  if (!in_round_ || after(event.una, round_end_)) {
    in_round_ = true;
    round_end_ = event.nxt;
    round_began_ = last_ack_ = event.now;
    round_min_ = Duration::zero();
    samples_ = 0;
  }
  const bool train = train_is_long(event, cwnd);
  return delay_has_grown(event) || train;
}

}  // namespace bowline::inline v0::tcp
