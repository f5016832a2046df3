#pragma once

// BBR: a model of the path instead of a reaction to its losses (draft-ietf-ccwg-bbr, version 3 of
// the algorithm).
//
// The model is the largest delivery rate seen lately (max_bw) and the least round-trip time seen
// lately (min_rtt): their product is what fills the pipe without filling the queue. The state
// machine takes turns at probing for more of the one and for less of the other:
//
//     Startup -> Drain -> ProbeBW: DOWN -> CRUISE -> REFILL -> UP -> DOWN ...
//                           and from anywhere, every 5 s: ProbeRTT
//
// Losses bound the model, at two time scales. What was lost while probing (more than 2 %) says how
// much in flight is too much: inflight_longterm. What is lost otherwise says that the path has
// become worse for the moment: bw_shortterm and inflight_shortterm, forgotten at the next probe.
//
// Here are the events in, and the pacing rate and the congestion window out. BBR governs the window
// in recovery, too: neither PRR nor slow start has a say. Bytes, bytes a second and fractions in
// hundredths, so that a simulation gives the same bytes on every machine. The state is larger than
// what lives inline in a connection: it belongs into the cold block.

#include <array>
#include <cstdint>
#include <limits>

#include "bowline/base/seq_number.hpp"
#include "bowline/base/time.hpp"
#include "bowline/tcp/bbr_state.hpp"
#include "bowline/tcp/rate_sampler.hpp"
#include "bowline/tcp/windowed_max.hpp"

namespace bowline::inline v0::tcp {

/// What BBR is started with (section 5.2.1).
struct BbrStart {
  Time now{};
  std::uint32_t mss = 0;
  std::uint32_t initial_cwnd = 0;  ///< bytes
  Duration srtt{};                 ///< zero: there is no sample yet
  bool selective_acks = true;      ///< SACK was negotiated
  std::uint64_t seed = 0;  ///< of the waits between probes, so that flows do not march in step
};

/// An acknowledgment, when its rate sample is complete.
struct BbrAck {
  Time now{};
  std::uint32_t in_flight = 0;  ///< after it was processed: not yet delivered and not lost
  bool cwnd_limited = false;    ///< the window was full at some time in the last round trip
  bool in_recovery = false;     ///< fast recovery, or after a timeout
  bool ce_marked = false;       ///< it reports congestion by ECN
};

/// A piece that was found lost.
struct BbrLoss {
  Time now{};
  RateStamp stamp;
  SeqNumber start;
  std::uint32_t bytes = 0;
  bool in_recovery = false;  ///< was so before this loss was found
};

/// The BBR of one connection. A value.
class Bbr {
 public:
  using State = BbrState;
  static constexpr std::uint64_t kNoRate = std::numeric_limits<std::uint64_t>::max();
  static constexpr std::uint32_t kNoLimit = std::numeric_limits<std::uint32_t>::max();

  /// Starts; the window is what it is (section 5.2.1, OnInit()).
  void start(const BbrStart& with) noexcept;
  void set_mss(std::uint32_t mss) noexcept { mss_ = mss == 0 ? 1 : mss; }

  /// To be called before the first segment of a flight goes (OnTransmit()): after idle, the rate is
  /// set anew and a ProbeRTT may be over (section 5.4).
  void sending(Time now, std::uint32_t in_flight, const RateSampler& sampler,
               std::uint32_t& cwnd) noexcept;

  /// On every acknowledgment, after RateSampler::finish() and after lost() for what it showed to be
  /// lost (UpdateOnACK(), section 5.2.3). Sets `cwnd`; pacing_rate() is new as well. The sampler's
  /// application-limited mark is set during ProbeRTT.
  void acked(const BbrAck& ack, const RateSample& rs, RateSampler& sampler,
             std::uint32_t& cwnd) noexcept;

  /// For each piece that is found lost, after RateSampler::lost() (HandleLostPacket(), section
  /// 5.5.10.2).
  void lost(const BbrLoss& loss, const RateSampler& sampler, std::uint32_t cwnd) noexcept;

  /// Fast recovery begins (OnEnterFastRecovery(), section 5.6.4.4).
  void recovery_begins(std::uint32_t cwnd) noexcept;
  /// The retransmission timer expired (OnEnterRTO()), with `in_flight` bytes that are not lost: one
  /// segment more may go. `in_recovery`: was so already.
  void timed_out(std::uint32_t in_flight, bool in_recovery, std::uint32_t& cwnd) noexcept;
  /// Recovery is over, all repaired: the window is what it was, as far as the model allows.
  void recovered(std::uint32_t& cwnd) const noexcept;
  /// Recovery was for nothing: nothing had been lost (HandleSpuriousLossDetection(), section
  /// 5.5.11.2).
  void spurious(const RateSampler& sampler, std::uint32_t& cwnd) noexcept;

  /// C.pacing_rate, bytes a second.
  [[nodiscard]] std::uint64_t pacing_rate() const noexcept { return pacing_rate_; }
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool in_probe_bw() const noexcept {
    return state_ >= State::probe_bw_down && state_ <= State::probe_bw_up;
  }
  /// The windowed maximum of the delivery rate, bytes a second.
  [[nodiscard]] std::uint64_t max_bw() const noexcept { return max_bw_; }
  /// The rate of the model: max_bw, bounded by recent losses.
  [[nodiscard]] std::uint64_t bw() const noexcept { return bw_; }
  /// kNoRate: no bound.
  [[nodiscard]] std::uint64_t bw_shortterm() const noexcept { return bw_shortterm_; }
  /// Bytes; kNoLimit: no bound. The same for the next.
  [[nodiscard]] std::uint32_t inflight_longterm() const noexcept { return inflight_longterm_; }
  [[nodiscard]] std::uint32_t inflight_shortterm() const noexcept { return inflight_shortterm_; }
  /// Duration::max() before the first sample.
  [[nodiscard]] Duration min_rtt() const noexcept { return min_rtt_; }
  [[nodiscard]] std::uint32_t extra_acked() const noexcept { return extra_acked_.best(); }
  [[nodiscard]] std::uint32_t round_count() const noexcept { return round_count_; }
  /// Has the pipe ever been full?
  [[nodiscard]] bool full_bw_reached() const noexcept { return full_bw_reached_; }

  template <class V>
  void visit(V& v) {
    v(state_, ack_phase_, undo_state_, full_bw_count_, probe_up_rounds_, lost_ranges_, round_start_,
      loss_round_start_, idle_restart_, full_bw_reached_, full_bw_now_, bw_probe_sample_,
      loss_in_round_, prev_probe_too_high_, prev_probe_precautionary_, probe_rtt_expired_,
      probe_rtt_round_done_, selective_acks_, rtt_seen_);
    v(mss_, initial_cwnd_, prior_cwnd_, inflight_longterm_, inflight_shortterm_, inflight_latest_,
      undo_inflight_longterm_, undo_inflight_shortterm_, probe_up_acked_, probe_up_acked_per_inc_,
      rounds_since_probe_up_, extra_acked_);
    v.local(lost_end_);
    v.excluded(round_count_, "a count since the beginning");
    v.excluded(drain_start_round_, "a count since the beginning");
    v.excluded(next_round_delivered_, "a count since the beginning");
    v.excluded(loss_round_delivered_, "a count since the beginning");
    v.excluded(random_, "random");
    visit_measured(v);
  }

 private:
  // See the draft's section 2 for the names.
  enum class AckPhase : std::uint8_t { init, refilling, probe_starting, probe_feedback, stopping };
  enum class Undo : std::uint8_t { none, startup, probe_bw_up };

  template <class V>
  void visit_measured(V& v) {
    for (std::uint64_t* rate :
         {&max_bw_, &max_bw_filter_[0], &max_bw_filter_[1], &bw_, &bw_shortterm_, &bw_latest_,
          &undo_bw_shortterm_, &full_bw_, &pacing_rate_, &extra_acked_delivered_}) {
      v.excluded(*rate, "measured");
    }
    for (Duration* span : {&min_rtt_, &probe_rtt_min_delay_, &probe_wait_}) {
      v.excluded(*span, "a measured or random time");
    }
    for (Time* time : {&min_rtt_stamp_, &probe_rtt_min_stamp_, &probe_rtt_done_stamp_,
                       &cycle_stamp_, &extra_acked_start_}) {
      v.excluded(*time, "a point in time, of what is measured");
    }
  }

  // bbr.cpp: the events, and what comes out.
  void set_pacing_rate(std::uint32_t gain) noexcept;
  void init_pacing_rate(Duration srtt) noexcept;
  void set_cwnd(const RateSample& rs, const RateSampler& sampler, std::uint32_t& cwnd) noexcept;
  void bound_cwnd_for_model(std::uint32_t& cwnd) const noexcept;
  void save_cwnd(bool in_recovery, std::uint32_t cwnd) noexcept;
  [[nodiscard]] std::uint32_t pacing_gain() const noexcept;
  [[nodiscard]] std::uint32_t cwnd_gain() const noexcept;

  // bbr_model.cpp: what is known of the path.
  void update_latest_delivery_signals(const RateSample& rs, std::uint64_t delivered) noexcept;
  void advance_latest_delivery_signals(const RateSample& rs) noexcept;
  void update_congestion_signals(const RateSample& rs, std::uint64_t delivered,
                                 std::uint32_t cwnd) noexcept;
  void update_max_bw(const RateSample& rs, std::uint64_t delivered) noexcept;
  void advance_max_bw_filter() noexcept;
  void adapt_lower_bounds(std::uint32_t cwnd) noexcept;
  void update_ack_aggregation(Time now, const RateSample& rs, std::uint32_t cwnd) noexcept;
  void update_min_rtt(Time now, const RateSample& rs) noexcept;
  void note_loss(bool in_recovery, std::uint64_t delivered, std::uint32_t cwnd) noexcept;
  void save_state_upon_loss(bool in_recovery, std::uint32_t cwnd) noexcept;
  void start_round(std::uint64_t delivered) noexcept { next_round_delivered_ = delivered; }
  void reset_congestion_signals() noexcept;
  void reset_short_term_model() noexcept;
  void reset_full_bw(std::uint64_t baseline) noexcept;
  void check_full_bw_reached(const RateSample& rs) noexcept;
  [[nodiscard]] std::uint32_t min_pipe_cwnd() const noexcept { return 4 * mss_; }
  [[nodiscard]] std::uint32_t bdp_multiple(std::uint64_t bw, std::uint32_t gain) const noexcept;
  [[nodiscard]] std::uint32_t quantization_budget(std::uint64_t cap) const noexcept;
  [[nodiscard]] std::uint32_t inflight(std::uint64_t bw) const noexcept;
  [[nodiscard]] std::uint32_t inflight_with_headroom() const noexcept;
  [[nodiscard]] std::uint32_t target_inflight(std::uint32_t cwnd) const noexcept;
  [[nodiscard]] std::uint32_t probe_rtt_cwnd() const noexcept;
  [[nodiscard]] bool inflight_too_high(std::uint32_t lost, std::uint32_t sent) const noexcept;

  // bbr_states.cpp: the state machine.
  void check_startup_done(const BbrAck& ack, const RateSample& rs) noexcept;
  [[nodiscard]] bool startup_loss_is_high(const BbrAck& ack, const RateSample& rs) noexcept;
  void enter_drain() noexcept;
  void check_drain_done(const BbrAck& ack, std::uint64_t delivered) noexcept;
  void update_probe_bw(const BbrAck& ack, const RateSample& rs, std::uint64_t delivered,
                       std::uint32_t cwnd) noexcept;
  [[nodiscard]] bool adapt_long_term_model(const BbrAck& ack, const RateSample& rs,
                                           std::uint64_t delivered, std::uint32_t cwnd) noexcept;
  void start_down(Time now, std::uint64_t delivered) noexcept;
  void start_refill(std::uint64_t delivered) noexcept;
  void start_up(const RateSample& rs, std::uint64_t delivered, std::uint32_t cwnd) noexcept;
  void pick_probe_wait() noexcept;
  [[nodiscard]] bool time_to_probe(Time now, std::uint32_t cwnd) const noexcept;
  [[nodiscard]] bool time_to_cruise(std::uint32_t in_flight) const noexcept;
  [[nodiscard]] bool time_to_go_down(const BbrAck& ack, const RateSample& rs,
                                     std::uint32_t cwnd) noexcept;
  void raise_inflight_slope(std::uint32_t cwnd) noexcept;
  void probe_inflight_upward(const BbrAck& ack, const RateSample& rs, std::uint32_t cwnd) noexcept;
  void handle_inflight_too_high(Time now, std::uint32_t tx_in_flight, bool app_limited,
                                std::uint64_t delivered, std::uint32_t cwnd) noexcept;
  void check_probe_rtt(const BbrAck& ack, const RateSample& rs, RateSampler& sampler,
                       std::uint32_t& cwnd) noexcept;
  void handle_probe_rtt(const BbrAck& ack, RateSampler& sampler, std::uint32_t& cwnd) noexcept;
  void check_probe_rtt_done(Time now, std::uint64_t delivered, std::uint32_t& cwnd) noexcept;

  std::uint64_t pacing_rate_ = 0;
  // The data rate model.
  std::uint64_t max_bw_ = 0;
  std::array<std::uint64_t, 2> max_bw_filter_{};  // the previous ProbeBW cycle and this one
  std::uint64_t bw_ = 0;
  std::uint64_t bw_shortterm_ = kNoRate;
  std::uint64_t bw_latest_ = 0;
  std::uint64_t undo_bw_shortterm_ = 0;
  std::uint64_t full_bw_ = 0;
  // Rounds.
  std::uint64_t next_round_delivered_ = 0;
  std::uint64_t loss_round_delivered_ = 0;
  std::uint64_t extra_acked_delivered_ = 0;
  std::uint64_t random_ = 0;
  // Times.
  Duration min_rtt_ = Duration::max();
  Duration probe_rtt_min_delay_ = Duration::max();
  Duration probe_wait_{};
  Time min_rtt_stamp_{};
  Time probe_rtt_min_stamp_{};
  Time probe_rtt_done_stamp_ = kNever;  // kNever: the draft's 0
  Time cycle_stamp_{};
  Time extra_acked_start_{};
  // The data volume model.
  WindowedMax extra_acked_;
  std::uint32_t mss_ = 0;
  std::uint32_t initial_cwnd_ = 0;
  std::uint32_t prior_cwnd_ = 0;
  std::uint32_t inflight_longterm_ = kNoLimit;
  std::uint32_t inflight_shortterm_ = kNoLimit;
  std::uint32_t inflight_latest_ = 0;
  std::uint32_t undo_inflight_longterm_ = 0;
  std::uint32_t undo_inflight_shortterm_ = 0;
  std::uint32_t probe_up_acked_ = 0;
  std::uint32_t probe_up_acked_per_inc_ = kNoLimit;
  std::uint32_t rounds_since_probe_up_ = 0;
  std::uint32_t round_count_ = 0;
  std::uint32_t drain_start_round_ = 0;
  SeqNumber lost_end_;  // of the piece last found lost
  State state_ = State::startup;
  AckPhase ack_phase_ = AckPhase::init;
  Undo undo_state_ = Undo::none;
  std::uint8_t full_bw_count_ = 0;
  std::uint8_t probe_up_rounds_ = 0;
  std::uint8_t lost_ranges_ = 0;  // discontiguous, in this round; stays at 255
  bool round_start_ = false;
  bool loss_round_start_ = false;
  bool idle_restart_ = false;
  bool full_bw_reached_ = false;
  bool full_bw_now_ = false;
  bool bw_probe_sample_ = false;
  bool loss_in_round_ = false;
  bool prev_probe_too_high_ = false;
  bool prev_probe_precautionary_ = false;
  bool probe_rtt_expired_ = false;
  bool probe_rtt_round_done_ = false;
  bool selective_acks_ = true;
  bool rtt_seen_ = false;
};

}  // namespace bowline::inline v0::tcp
