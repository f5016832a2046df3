#include "bowline/tcp/bbr.hpp"

#include <algorithm>

#include "bowline/base/mul_div.hpp"
#include "bowline/tcp/pacer.hpp"

namespace bowline::inline v0::tcp {
namespace {

constexpr std::uint32_t kLargestWindow = 0x3fffffff;
constexpr std::uint32_t kPacingMargin = 1;  // BBR.PacingMarginPercent
constexpr auto kSecond = static_cast<std::uint64_t>(Duration(1s).count());

std::uint32_t add_to_window(std::uint32_t cwnd, std::uint32_t more) noexcept {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(std::uint64_t{cwnd} + more, std::max(cwnd, kLargestWindow)));
}

}  // namespace

void Bbr::start(const BbrStart& with) noexcept {
  *this = Bbr();
  mss_ = std::max(with.mss, 1u);
  initial_cwnd_ = with.initial_cwnd;
  selective_acks_ = with.selective_acks;
  random_ = with.seed;
  if (with.srtt > Duration::zero()) min_rtt_ = with.srtt;
  min_rtt_stamp_ = probe_rtt_min_stamp_ = extra_acked_start_ = cycle_stamp_ = with.now;
  init_pacing_rate(with.srtt);
}

void Bbr::sending(Time now, std::uint32_t in_flight, const RateSampler& sampler,
                  std::uint32_t& cwnd) noexcept {
  // HandleRestartFromIdle(), section 5.4.1.
  if (in_flight != 0 || !sampler.app_limited()) return;
  idle_restart_ = true;
  extra_acked_start_ = now;
  if (in_probe_bw()) {
    set_pacing_rate(100);
  } else if (state_ == State::probe_rtt) {
    check_probe_rtt_done(now, sampler.delivered(), cwnd);
  }
}

void Bbr::acked(const BbrAck& ack, const RateSample& rs, RateSampler& sampler,
                std::uint32_t& cwnd) noexcept {
  // UpdateOnACK(), section 5.2.3, in its order.
  if (!rtt_seen_ && rs.rtt > Duration::zero()) {
    // Section 5.6.2: "the initial C.srtt after the first non-zero RTT sample".
    if (min_rtt_ == Duration::max()) init_pacing_rate(rs.rtt);
    rtt_seen_ = true;
  }
  const std::uint64_t delivered = sampler.delivered();
  if (ack.ce_marked) note_loss(ack.in_recovery, delivered, cwnd);
  update_latest_delivery_signals(rs, delivered);
  update_congestion_signals(rs, delivered, cwnd);
  update_ack_aggregation(ack.now, rs, cwnd);
  check_full_bw_reached(rs);
  check_startup_done(ack, rs);
  check_drain_done(ack, delivered);
  // The draft leaves the response to ECN open, but asks for one (its section on ECN): while probing
  // for bandwidth a mark says what a loss rate above the threshold says.
  if (ack.ce_marked && bw_probe_sample_ && rs.has_data) {
    handle_inflight_too_high(ack.now, rs.tx_in_flight, rs.app_limited, delivered, cwnd);
  }
  if (rs.has_data) update_probe_bw(ack, rs, delivered, cwnd);
  update_min_rtt(ack.now, rs);
  check_probe_rtt(ack, rs, sampler, cwnd);
  advance_latest_delivery_signals(rs);
  bw_ = std::min(max_bw_, bw_shortterm_);  // BoundBWForModel()
  set_pacing_rate(pacing_gain());
  set_cwnd(rs, sampler, cwnd);
}

void Bbr::lost(const BbrLoss& loss, const RateSampler& sampler, std::uint32_t cwnd) noexcept {
  note_loss(loss.in_recovery, sampler.delivered(), cwnd);
  if (loss.start != lost_end_ || lost_ranges_ == 0) {
    if (lost_ranges_ < 255) ++lost_ranges_;
  }
  lost_end_ = loss.start + loss.bytes;
  if (!bw_probe_sample_) return;
  const std::uint32_t sent = loss.stamp.in_flight;
  const std::uint32_t lost = sampler.lost() - loss.stamp.lost;
  if (!inflight_too_high(lost, sent)) return;
  // InflightAtLoss(), section 5.5.10.2: within this piece, how far until 2 % were lost?
  const std::uint32_t before = sent - std::min(sent, loss.bytes);
  const std::uint32_t lost_before = lost - std::min(lost, loss.bytes);
  const std::uint32_t allowed = before / 50;  // BBR.LossThresh * inflight_prev
  const std::uint32_t prefix =
      allowed > lost_before
          ? static_cast<std::uint32_t>(std::uint64_t{allowed - lost_before} * 50 / 49)
          : 0;
  handle_inflight_too_high(loss.now, before + prefix, loss.stamp.app_limited, sampler.delivered(),
                           cwnd);
}

void Bbr::recovery_begins(std::uint32_t cwnd) noexcept {
  save_cwnd(false, cwnd);
  // Where the loss that starts recovery was told first, its state has been saved already, before
  // the response to it.
  if (!loss_in_round_) save_state_upon_loss(false, cwnd);
}

void Bbr::timed_out(std::uint32_t in_flight, bool in_recovery, std::uint32_t& cwnd) noexcept {
  save_cwnd(in_recovery, cwnd);
  if (!loss_in_round_) save_state_upon_loss(in_recovery, cwnd);
  // The draft counts packets here: "a value that will allow 1 C.SMSS to be transmitted".
  cwnd = add_to_window(in_flight, mss_);
}

void Bbr::recovered(std::uint32_t& cwnd) const noexcept { cwnd = std::max(cwnd, prior_cwnd_); }

void Bbr::spurious(const RateSampler& sampler, std::uint32_t& cwnd) noexcept {
  recovered(cwnd);
  loss_in_round_ = false;
  reset_full_bw(0);
  bw_shortterm_ = std::max(bw_shortterm_, undo_bw_shortterm_);
  inflight_shortterm_ = std::max(inflight_shortterm_, undo_inflight_shortterm_);
  inflight_longterm_ = std::max(inflight_longterm_, undo_inflight_longterm_);
  if (undo_state_ == Undo::startup && state_ != State::startup) {
    full_bw_reached_ = false;
    if (state_ != State::probe_rtt) state_ = State::startup;
  } else if (undo_state_ == Undo::probe_bw_up && state_ != State::probe_bw_up) {
    if (state_ != State::probe_rtt) start_refill(sampler.delivered());
  }
  undo_state_ = Undo::none;
}

// The table of section 5.6.1, in hundredths.
std::uint32_t Bbr::pacing_gain() const noexcept {
  switch (state_) {
    case State::startup:
      return 277;  // 4 ln 2
    case State::drain:
      return 50;
    case State::probe_bw_down:
      return 90;
    case State::probe_bw_up:
      return 125;
    case State::probe_bw_cruise:
    case State::probe_bw_refill:
    case State::probe_rtt:
      break;
  }
  return 100;
}

std::uint32_t Bbr::cwnd_gain() const noexcept {
  if (state_ == State::probe_bw_up) return 225;
  return state_ == State::probe_rtt ? 50 : 200;
}

// Section 5.6.2.
void Bbr::init_pacing_rate(Duration srtt) noexcept {
  const auto span =
      static_cast<std::uint64_t>(srtt > Duration::zero() ? srtt.count() : Duration(1ms).count());
  pacing_rate_ = std::max<std::uint64_t>(
      mul_div(std::uint64_t{initial_cwnd_} * pacing_gain(), kSecond / 100, span), 1);
}

void Bbr::set_pacing_rate(std::uint32_t gain) noexcept {
  if (bw_ == 0) return;  // nothing is known yet
  const std::uint64_t rate =
      std::max<std::uint64_t>(mul_div(bw_, gain * (100 - kPacingMargin), 10'000), 1);
  if (full_bw_reached_ || rate > pacing_rate_) pacing_rate_ = rate;
}

// Sections 5.6.4.2 and 5.6.4.6.
void Bbr::set_cwnd(const RateSample& rs, const RateSampler& sampler, std::uint32_t& cwnd) noexcept {
  const std::uint32_t max_inflight =
      quantization_budget(std::uint64_t{bdp_multiple(bw_, cwnd_gain())} + extra_acked_.best());
  const std::uint32_t grown = add_to_window(cwnd, rs.newly_acked);
  if (full_bw_reached_) {
    cwnd = std::min(grown, max_inflight);
  } else if (cwnd < max_inflight || sampler.delivered() < initial_cwnd_) {
    cwnd = grown;
  }
  cwnd = std::max(cwnd, min_pipe_cwnd());
  if (state_ == State::probe_rtt) cwnd = std::min(cwnd, probe_rtt_cwnd());
  bound_cwnd_for_model(cwnd);
}

// Section 5.6.4.7.
void Bbr::bound_cwnd_for_model(std::uint32_t& cwnd) const noexcept {
  std::uint32_t cap = kNoLimit;
  if (state_ == State::probe_rtt || state_ == State::probe_bw_cruise) {
    cap = inflight_with_headroom();
  } else if (in_probe_bw()) {
    cap = inflight_longterm_;
  }
  cap = std::max(std::min(cap, inflight_shortterm_), min_pipe_cwnd());
  cwnd = std::min(cwnd, cap);
}

void Bbr::save_cwnd(bool in_recovery, std::uint32_t cwnd) noexcept {
  const bool good = !in_recovery && state_ != State::probe_rtt;
  prior_cwnd_ = good ? cwnd : std::max(prior_cwnd_, cwnd);
}

}  // namespace bowline::inline v0::tcp
