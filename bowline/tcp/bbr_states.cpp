// BBR's state machine: section 5.3 of draft-ietf-ccwg-bbr.

#include <algorithm>

#include "bowline/base/random.hpp"
#include "bowline/tcp/bbr.hpp"

namespace bowline::inline v0::tcp {
namespace {

constexpr std::uint32_t kLargestWindow = 0x3fffffff;
constexpr std::uint8_t kStartupLostRanges = 6;  // BBRStartupFullLossCnt
constexpr std::uint32_t kDrainRounds = 3;
constexpr std::uint32_t kRenoRounds = 63;
constexpr std::uint8_t kMostProbeUpRounds = 30;
constexpr Duration kProbeRttDuration = 200ms;

}  // namespace

// Section 5.3.1.3: at the end of a round in recovery, with at least six ranges of it lost, and more
// than 2 % (or any, where SACK does not say how many). A mark by ECN counts as much.
bool Bbr::startup_loss_is_high(const BbrAck& ack, const RateSample& rs) noexcept {
  const std::uint8_t ranges = lost_ranges_;
  if (loss_round_start_) lost_ranges_ = 0;
  if (ack.ce_marked) return true;
  if (!selective_acks_) return ack.in_recovery && ranges > 0;
  return loss_round_start_ && ack.in_recovery && ranges >= kStartupLostRanges &&
         inflight_too_high(rs.lost, rs.tx_in_flight);
}

void Bbr::check_startup_done(const BbrAck& ack, const RateSample& rs) noexcept {
  const bool high_loss = startup_loss_is_high(ack, rs);
  if (state_ != State::startup) return;
  if (high_loss) {
    undo_state_ = Undo::startup;
    full_bw_reached_ = full_bw_now_ = true;
    inflight_longterm_ = std::max({bdp_multiple(bw_, 100), inflight_latest_, min_pipe_cwnd()});
  }
  if (full_bw_reached_) enter_drain();
}

// Section 5.3.2.
void Bbr::enter_drain() noexcept {
  state_ = State::drain;
  drain_start_round_ = round_count_;
}

void Bbr::check_drain_done(const BbrAck& ack, std::uint64_t delivered) noexcept {
  if (state_ != State::drain) return;
  const bool long_enough = round_count_ - drain_start_round_ > kDrainRounds;
  if (ack.in_flight <= inflight(bw_) || long_enough) start_down(ack.now, delivered);
}

// Section 5.3.3.9, UpdateProbeBWCyclePhase().
void Bbr::update_probe_bw(const BbrAck& ack, const RateSample& rs, std::uint64_t delivered,
                          std::uint32_t cwnd) noexcept {
  if (!full_bw_reached_) return;
  if (adapt_long_term_model(ack, rs, delivered, cwnd)) return;
  switch (state_) {
    case State::probe_bw_down:
      if (time_to_probe(ack.now, cwnd)) {
        start_refill(delivered);
      } else if (time_to_cruise(ack.in_flight)) {
        state_ = State::probe_bw_cruise;
      }
      break;
    case State::probe_bw_cruise:
      if (time_to_probe(ack.now, cwnd)) start_refill(delivered);
      break;
    case State::probe_bw_refill:
      if (round_start_) {  // after one round of it
        bw_probe_sample_ = true;
        start_up(rs, delivered, cwnd);
      }
      break;
    case State::probe_bw_up:
      if (time_to_go_down(ack, rs, cwnd)) {
        prev_probe_too_high_ = false;  // no high loss, so far
        start_down(ack.now, delivered);
      }
      break;
    case State::startup:
    case State::drain:
    case State::probe_rtt:
      break;
  }
}

void Bbr::start_down(Time now, std::uint64_t delivered) noexcept {
  reset_congestion_signals();
  probe_up_acked_per_inc_ = kNoLimit;
  pick_probe_wait();
  cycle_stamp_ = now;
  ack_phase_ = AckPhase::stopping;
  start_round(delivered);
  state_ = State::probe_bw_down;
}

void Bbr::start_refill(std::uint64_t delivered) noexcept {
  reset_short_term_model();
  probe_up_rounds_ = 0;
  probe_up_acked_ = 0;
  prev_probe_precautionary_ = false;
  ack_phase_ = AckPhase::refilling;
  start_round(delivered);
  state_ = State::probe_bw_refill;
}

void Bbr::start_up(const RateSample& rs, std::uint64_t delivered, std::uint32_t cwnd) noexcept {
  ack_phase_ = AckPhase::probe_starting;
  start_round(delivered);
  reset_full_bw(rs.delivery_rate);
  state_ = State::probe_bw_up;
  raise_inflight_slope(cwnd);
}

// Section 5.3.3.8.3: two to three seconds, and 62 or 63 rounds.
void Bbr::pick_probe_wait() noexcept {
  const std::uint64_t drawn = split_mix(random_);
  rounds_since_probe_up_ = static_cast<std::uint32_t>(drawn >> 63);
  const auto second = static_cast<std::uint64_t>(Duration(1s).count());
  probe_wait_ = 2s + Duration(static_cast<std::int64_t>((drawn & 0x7fffffffffffffff) % second));
}

bool Bbr::time_to_probe(Time now, std::uint32_t cwnd) const noexcept {
  if (now > cycle_stamp_ + probe_wait_) return true;
  // As often as Reno would have grown by a window's worth of segments.
  const std::uint32_t reno_rounds = target_inflight(cwnd) / mss_;
  return rounds_since_probe_up_ >= std::min(reno_rounds, kRenoRounds);
}

bool Bbr::time_to_cruise(std::uint32_t in_flight) const noexcept {
  return in_flight <= inflight_with_headroom() && in_flight <= inflight(max_bw_);
}

bool Bbr::time_to_go_down(const BbrAck& ack, const RateSample& rs, std::uint32_t cwnd) noexcept {
  if (prev_probe_too_high_ && ack.in_flight >= inflight_longterm_) {
    prev_probe_precautionary_ = true;  // section 5.3.3.6
    return true;
  }
  if (ack.cwnd_limited && cwnd >= inflight_longterm_) {
    reset_full_bw(rs.delivery_rate);  // the rate is limited by inflight_longterm
    return false;
  }
  return full_bw_now_;
}

void Bbr::raise_inflight_slope(std::uint32_t cwnd) noexcept {
  const std::uint32_t growth = std::uint32_t{1} << probe_up_rounds_;
  if (probe_up_rounds_ < kMostProbeUpRounds) ++probe_up_rounds_;
  probe_up_acked_per_inc_ = std::max(cwnd / growth, mss_);
}

void Bbr::probe_inflight_upward(const BbrAck& ack, const RateSample& rs,
                                std::uint32_t cwnd) noexcept {
  if (!ack.cwnd_limited || cwnd < inflight_longterm_) return;
  const std::uint64_t acked = std::uint64_t{probe_up_acked_} + rs.newly_acked;
  const std::uint64_t steps = acked / probe_up_acked_per_inc_;
  probe_up_acked_ = static_cast<std::uint32_t>(acked % probe_up_acked_per_inc_);
  inflight_longterm_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      inflight_longterm_ + steps * mss_, std::max(inflight_longterm_, kLargestWindow)));
  if (round_start_) raise_inflight_slope(cwnd);
}

bool Bbr::adapt_long_term_model(const BbrAck& ack, const RateSample& rs, std::uint64_t delivered,
                                std::uint32_t cwnd) noexcept {
  if (ack_phase_ == AckPhase::probe_starting && round_start_) {
    ack_phase_ = AckPhase::probe_feedback;
  }
  if (ack_phase_ == AckPhase::stopping && round_start_) {
    bw_probe_sample_ = false;
    ack_phase_ = AckPhase::init;
    if (in_probe_bw() && !rs.app_limited) advance_max_bw_filter();
    if (in_probe_bw() && prev_probe_precautionary_ && !prev_probe_too_high_) {
      start_refill(delivered);  // section 5.3.3.6: the cautious probe did no harm
      return true;
    }
  }
  if (inflight_too_high(rs.lost, rs.tx_in_flight) || inflight_longterm_ == kNoLimit) return false;
  inflight_longterm_ = std::max(inflight_longterm_, rs.tx_in_flight);
  if (state_ == State::probe_bw_up) probe_inflight_upward(ack, rs, cwnd);
  return false;
}

// Section 5.5.10.2.
void Bbr::handle_inflight_too_high(Time now, std::uint32_t tx_in_flight, bool app_limited,
                                   std::uint64_t delivered, std::uint32_t cwnd) noexcept {
  prev_probe_too_high_ = true;
  bw_probe_sample_ = false;  // react once to each probe
  if (!app_limited) {
    const auto bound = static_cast<std::uint32_t>(std::uint64_t{target_inflight(cwnd)} * 7 / 10);
    inflight_longterm_ = std::max(tx_in_flight, bound);
  }
  if (state_ == State::probe_bw_up) {
    undo_state_ = Undo::probe_bw_up;
    start_down(now, delivered);
  }
}

// Section 5.3.4.3.
void Bbr::check_probe_rtt(const BbrAck& ack, const RateSample& rs, RateSampler& sampler,
                          std::uint32_t& cwnd) noexcept {
  if (state_ != State::probe_rtt && probe_rtt_expired_ && !idle_restart_) {
    state_ = State::probe_rtt;
    save_cwnd(ack.in_recovery, cwnd);
    probe_rtt_done_stamp_ = kNever;
    ack_phase_ = AckPhase::stopping;
    start_round(sampler.delivered());
  }
  if (state_ == State::probe_rtt) handle_probe_rtt(ack, sampler, cwnd);
  if (rs.delivered > 0) idle_restart_ = false;
}

void Bbr::handle_probe_rtt(const BbrAck& ack, RateSampler& sampler, std::uint32_t& cwnd) noexcept {
  sampler.mark_app_limited(ack.in_flight);  // low samples during ProbeRTT say nothing of the path
  if (probe_rtt_done_stamp_ == kNever) {
    if (ack.in_flight > probe_rtt_cwnd()) return;
    probe_rtt_done_stamp_ = ack.now + kProbeRttDuration;
    probe_rtt_round_done_ = false;
    start_round(sampler.delivered());
    return;
  }
  if (round_start_) probe_rtt_round_done_ = true;
  if (probe_rtt_round_done_) check_probe_rtt_done(ack.now, sampler.delivered(), cwnd);
}

void Bbr::check_probe_rtt_done(Time now, std::uint64_t delivered, std::uint32_t& cwnd) noexcept {
  if (probe_rtt_done_stamp_ == kNever || now <= probe_rtt_done_stamp_) return;
  probe_rtt_min_stamp_ = now;  // schedules the next
  recovered(cwnd);
  // Section 5.3.4.4.
  reset_short_term_model();
  if (full_bw_reached_) {
    start_down(now, delivered);
    state_ = State::probe_bw_cruise;
  } else {
    state_ = State::startup;
  }
}

}  // namespace bowline::inline v0::tcp
