#include "bowline/tcp/congestion_control.hpp"

namespace bowline::inline v0::tcp {

void Reno::acked(const AckEvent& event, std::uint32_t mss, std::uint32_t& cwnd) noexcept {
  counted_ += event.acked;
  if (counted_ >= cwnd) {  // a window's worth: one segment more (RFC 5681 section 3.1)
    counted_ -= cwnd;
    cwnd += mss;
  }
}

void CongestionControl::choose(CongestionAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case CongestionAlgorithm::reno:
      algorithm_.emplace<Reno>();
      break;
    case CongestionAlgorithm::cubic:
      if (packets_) {
        algorithm_.emplace<PacketCubic>();
      } else {
        algorithm_.emplace<Cubic>();
      }
      break;
    case CongestionAlgorithm::bbr:
      algorithm_.emplace<BbrElsewhere>();
      break;
  }
}

void CongestionControl::choose(HyStartForm hystart) noexcept {
  if (hystart == HyStartForm::classic) {
    hystart_.emplace<ClassicHyStart>();
  } else {
    hystart_.emplace<HyStart>();
  }
}

void CongestionControl::change(CongestionAlgorithm algorithm) noexcept {
  if (algorithm == this->algorithm()) return;
  if (algorithm == CongestionAlgorithm::bbr) {
    ssthresh_ = kNoThreshold;
  } else if (is_bbr()) {
    ssthresh_ = cwnd_;
  }
  choose(algorithm);
}

void CongestionControl::start(std::uint32_t mss, std::uint32_t segments,
                              CongestionAlgorithm algorithm, HyStartForm hystart,
                              SeqNumber snd_nxt) noexcept {
  mss_ = mss;
  cwnd_ = mss * segments;
  choose(algorithm);
  choose(hystart);
  if (HyStart* const plus_plus = std::get_if<HyStart>(&hystart_)) plus_plus->start(snd_nxt);
}

void CongestionControl::slow_start(const AckEvent& event) noexcept {
  ClassicHyStart* const classic = std::get_if<ClassicHyStart>(&hystart_);
  if (classic != nullptr && algorithm() == CongestionAlgorithm::cubic &&  // Linux has it in CUBIC
      classic->acked(event, cwnd_, mss_)) {
    ssthresh_ = cwnd_;
    return avoid_congestion(event);
  }
  // HyStart++ is for the first slow start only (RFC 9406 section 4.3).
  HyStart* const hystart = std::get_if<HyStart>(&hystart_);
  if (hystart == nullptr || ssthresh_ != kNoThreshold) {
    const std::uint32_t room = ssthresh_ > cwnd_ ? ssthresh_ - cwnd_ : 0;
    cwnd_ += std::min(event.acked, room);
    // Linux goes on with the rest of it (tcp_slow_start() returns it).
    if (packets_ && event.acked > room) {
      AckEvent rest = event;
      rest.acked -= room;
      avoid_congestion(rest);
    }
    return;
  }
  if (event.rtt != Duration::zero()) hystart->sample(event.rtt);
  cwnd_ += hystart->growth(event.una, event.nxt, event.acked);
  if (hystart->phase() == HyStart::Phase::done) ssthresh_ = cwnd_;
}

void CongestionControl::acked(const AckEvent& event) noexcept {
  // A window that was not the limit says nothing about the path (RFC 7661 in short).
  constexpr std::uint32_t kLargest = 0x3fffffff;
  if (!event.cwnd_limited || cwnd_ >= kLargest || is_bbr()) return;
  if (in_slow_start()) return slow_start(event);
  avoid_congestion(event);
}

void CongestionControl::avoid_congestion(const AckEvent& event) noexcept {
  if (Cubic* const cubic = std::get_if<Cubic>(&algorithm_)) {
    cubic->acked(event.now, event.acked, event.srtt, mss_, cwnd_);
  } else if (Reno* const reno = std::get_if<Reno>(&algorithm_)) {
    reno->acked(event, mss_, cwnd_);
  } else if (PacketCubic* const linux_cubic = std::get_if<PacketCubic>(&algorithm_)) {
    linux_cubic->acked(event.now, event.acked, event.min_rtt, mss_, cwnd_);
  }
}

void CongestionControl::lost(std::uint32_t in_flight) noexcept {
  ssthresh_ = std::visit([&](auto& algorithm) { return algorithm.lost(cwnd_, in_flight, mss_); },
                         algorithm_);
  if (packets_ && !is_bbr()) ssthresh_ -= ssthresh_ % mss_;
  if (HyStart* const hystart = std::get_if<HyStart>(&hystart_)) hystart->finish();
}

void CongestionControl::timed_out(std::uint32_t in_flight, std::uint32_t left,
                                  bool first) noexcept {
  if (is_bbr()) return;
  if (first) {
    lost(in_flight);
    std::visit([](auto& algorithm) { algorithm.timed_out(); }, algorithm_);
    if (ClassicHyStart* const hystart = std::get_if<ClassicHyStart>(&hystart_)) hystart->start();
  }
  cwnd_ = left + mss_;
}

void CongestionControl::undo(const CongestionControl& before) noexcept {
  if (is_bbr()) return;
  cwnd_ = std::max(cwnd_, before.cwnd_);
  ssthresh_ = before.ssthresh_;
  algorithm_ = before.algorithm_;
  hystart_ = before.hystart_;
}

void CongestionControl::unused(std::uint32_t restart_segments) noexcept {
  give_up_unused(std::max(cwnd_ / 2, mss_ * restart_segments));
}

void CongestionControl::idle(std::uint32_t restart_segments) noexcept {
  give_up_unused(mss_ * restart_segments);
}

void CongestionControl::idle_for(unsigned timeouts, std::uint32_t restart_segments) noexcept {
  const std::uint32_t packets = (cwnd_ >> std::min(timeouts, 31U)) / std::max(mss_, 1U);
  give_up_unused(std::max(packets, restart_segments) * mss_);
}

// The window that was is no longer known to fit; that there was one is worth remembering as the
// threshold (RFC 5681 section 4.1 keeps it, RFC 7661 4.4.3 raises it to three quarters).
void CongestionControl::give_up_unused(std::uint32_t cwnd) noexcept {
  if (cwnd_ <= cwnd || is_bbr()) return;
  if (ssthresh_ != kNoThreshold) ssthresh_ = std::max(ssthresh_, cwnd_ / 4 * 3);
  cwnd_ = cwnd;
  std::visit([](auto& algorithm) { algorithm.restart(); }, algorithm_);
}

}  // namespace bowline::inline v0::tcp
