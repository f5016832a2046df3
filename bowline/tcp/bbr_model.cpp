// What BBR knows of the path: section 5.5 of draft-ietf-ccwg-bbr.

#include <algorithm>

#include "bowline/base/mul_div.hpp"
#include "bowline/tcp/bbr.hpp"
#include "bowline/tcp/pacer.hpp"

namespace bowline::inline v0::tcp {
namespace {

constexpr std::uint32_t kLargestWindow = 0x3fffffff;
constexpr auto kSecond = static_cast<std::uint64_t>(Duration(1s).count());
constexpr Duration kMinRttFilter = 10s;
constexpr Duration kProbeRttInterval = 5s;
constexpr std::uint32_t kExtraAckedRounds = 10;
constexpr std::uint8_t kFullBwRounds = 3;

template <class T>
T seven_tenths(T of) noexcept {  // BBR.Beta
  return static_cast<T>(of / 10 * 7 + of % 10 * 7 / 10);
}

std::uint32_t to_window(std::uint64_t bytes) noexcept {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, kLargestWindow));
}

}  // namespace

// Section 5.5.10.3, near the start of ACK processing.
void Bbr::update_latest_delivery_signals(const RateSample& rs, std::uint64_t delivered) noexcept {
  loss_round_start_ = false;
  if (!rs.has_data) return;
  bw_latest_ = std::max(bw_latest_, rs.delivery_rate);
  inflight_latest_ = std::max(inflight_latest_, to_window(rs.delivered));
  if (rs.prior_delivered >= loss_round_delivered_) {
    loss_round_delivered_ = delivered;
    loss_round_start_ = true;
  }
}

// Near its end.
void Bbr::advance_latest_delivery_signals(const RateSample& rs) noexcept {
  if (!loss_round_start_) return;
  bw_latest_ = rs.delivery_rate;
  inflight_latest_ = to_window(rs.delivered);
}

void Bbr::update_congestion_signals(const RateSample& rs, std::uint64_t delivered,
                                    std::uint32_t cwnd) noexcept {
  update_max_bw(rs, delivered);
  if (!loss_round_start_) return;
  adapt_lower_bounds(cwnd);
  loss_in_round_ = false;
}

// AdaptLowerBoundsFromCongestion(): once per round, when not probing.
void Bbr::adapt_lower_bounds(std::uint32_t cwnd) noexcept {
  const bool probing =
      state_ == State::startup || state_ == State::probe_bw_refill || state_ == State::probe_bw_up;
  if (probing || !loss_in_round_) return;
  if (bw_shortterm_ == kNoRate) bw_shortterm_ = max_bw_;
  if (inflight_shortterm_ == kNoLimit) inflight_shortterm_ = cwnd;
  bw_shortterm_ = std::max(bw_latest_, seven_tenths(bw_shortterm_));
  inflight_shortterm_ = std::max(inflight_latest_, seven_tenths(inflight_shortterm_));
}

// Sections 5.5.1 and 5.5.5.
void Bbr::update_max_bw(const RateSample& rs, std::uint64_t delivered) noexcept {
  round_start_ = rs.has_data && rs.prior_delivered >= next_round_delivered_;
  if (round_start_) {
    start_round(delivered);
    ++round_count_;
    if (rounds_since_probe_up_ < kNoLimit) ++rounds_since_probe_up_;
  }
  if (rs.delivery_rate == 0) return;
  if (rs.app_limited && rs.delivery_rate < max_bw_) return;
  max_bw_filter_[1] = std::max(max_bw_filter_[1], rs.delivery_rate);
  max_bw_ = std::max(max_bw_filter_[0], max_bw_filter_[1]);
}

// Section 5.5.6. A cycle without a sample is none: what is known is not forgotten for nothing.
void Bbr::advance_max_bw_filter() noexcept {
  if (max_bw_filter_[1] == 0) return;
  max_bw_filter_ = {max_bw_filter_[1], 0};
  max_bw_ = max_bw_filter_[0];
}

// Section 5.5.9.
void Bbr::update_ack_aggregation(Time now, const RateSample& rs, std::uint32_t cwnd) noexcept {
  const auto interval =
      static_cast<std::uint64_t>(std::max<std::int64_t>((now - extra_acked_start_).count(), 0));
  std::uint64_t expected = mul_div(bw_, interval, kSecond);
  if (extra_acked_delivered_ <= expected) {
    extra_acked_delivered_ = 0;
    extra_acked_start_ = now;
    expected = 0;
  }
  extra_acked_delivered_ += rs.newly_acked;
  const std::uint64_t extra = std::min<std::uint64_t>(extra_acked_delivered_ - expected, cwnd);
  extra_acked_.update(static_cast<std::uint32_t>(extra), round_count_,
                      full_bw_reached_ ? kExtraAckedRounds : 1);
}

// Section 5.3.4.3.
void Bbr::update_min_rtt(Time now, const RateSample& rs) noexcept {
  probe_rtt_expired_ = now > probe_rtt_min_stamp_ + kProbeRttInterval;
  if (rs.rtt >= Duration::zero() && (rs.rtt < probe_rtt_min_delay_ || probe_rtt_expired_)) {
    probe_rtt_min_delay_ = rs.rtt;
    probe_rtt_min_stamp_ = now;
  }
  const bool min_rtt_expired = now > min_rtt_stamp_ + kMinRttFilter;
  if (probe_rtt_min_delay_ < min_rtt_ || min_rtt_expired) {
    min_rtt_ = probe_rtt_min_delay_;
    min_rtt_stamp_ = probe_rtt_min_stamp_;
  }
}

// Section 5.5.10.2.
void Bbr::note_loss(bool in_recovery, std::uint64_t delivered, std::uint32_t cwnd) noexcept {
  if (!loss_in_round_) {
    loss_round_delivered_ = delivered;
    save_state_upon_loss(in_recovery, cwnd);
  }
  loss_in_round_ = true;
}

// Section 5.5.11.1.
void Bbr::save_state_upon_loss(bool in_recovery, std::uint32_t cwnd) noexcept {
  save_cwnd(in_recovery, cwnd);
  undo_state_ = Undo::none;
  undo_bw_shortterm_ = bw_shortterm_;
  undo_inflight_shortterm_ = inflight_shortterm_;
  undo_inflight_longterm_ = inflight_longterm_;
}

void Bbr::reset_congestion_signals() noexcept {
  loss_in_round_ = false;
  bw_latest_ = 0;
  inflight_latest_ = 0;
}

void Bbr::reset_short_term_model() noexcept {
  bw_shortterm_ = kNoRate;
  inflight_shortterm_ = kNoLimit;
}

void Bbr::reset_full_bw(std::uint64_t baseline) noexcept {
  full_bw_ = baseline;
  full_bw_count_ = 0;
  full_bw_now_ = false;
}

// Section 5.3.1.2: three rounds in which the rate did not grow by a quarter.
void Bbr::check_full_bw_reached(const RateSample& rs) noexcept {
  if (full_bw_now_ || !round_start_ || rs.app_limited) return;
  if (rs.delivery_rate >= full_bw_ + full_bw_ / 4) {
    reset_full_bw(rs.delivery_rate);
    return;
  }
  if (++full_bw_count_ < kFullBwRounds) return;
  full_bw_now_ = full_bw_reached_ = true;
}

// Section 5.6.4.2.
std::uint32_t Bbr::bdp_multiple(std::uint64_t bw, std::uint32_t gain) const noexcept {
  if (min_rtt_ == Duration::max()) return initial_cwnd_;
  const std::uint64_t bdp = mul_div(bw, static_cast<std::uint64_t>(min_rtt_.count()), kSecond);
  return to_window(mul_div(bdp, gain, 100));
}

std::uint32_t Bbr::quantization_budget(std::uint64_t cap) const noexcept {
  cap = std::max<std::uint64_t>(cap, 3ull * send_quantum(pacing_rate_, mss_));  // offload_budget
  cap = std::max<std::uint64_t>(cap, min_pipe_cwnd());
  if (state_ == State::probe_bw_up) cap += 2ull * mss_;
  return to_window(cap);
}

std::uint32_t Bbr::inflight(std::uint64_t bw) const noexcept {
  return quantization_budget(bdp_multiple(bw, 100));
}

// Section 5.3.3.9: BBR.Headroom is 0.15.
std::uint32_t Bbr::inflight_with_headroom() const noexcept {
  if (inflight_longterm_ == kNoLimit) return kNoLimit;
  const auto share = static_cast<std::uint32_t>(std::uint64_t{inflight_longterm_} * 15 / 100);
  const std::uint32_t headroom = std::max(mss_, share);
  return std::max(inflight_longterm_ - std::min(inflight_longterm_, headroom), min_pipe_cwnd());
}

std::uint32_t Bbr::target_inflight(std::uint32_t cwnd) const noexcept {
  return std::min(bdp_multiple(bw_, 100), cwnd);
}

std::uint32_t Bbr::probe_rtt_cwnd() const noexcept {
  return std::max(bdp_multiple(bw_, 50), min_pipe_cwnd());
}

// Section 5.5.10.2: BBR.LossThresh is 2 %.
bool Bbr::inflight_too_high(std::uint32_t lost, std::uint32_t sent) const noexcept {
  return std::uint64_t{lost} * 50 > sent || (lost > 0 && !selective_acks_);
}

}  // namespace bowline::inline v0::tcp
