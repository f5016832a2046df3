#include "bowline/tcp/rack.hpp"

#include <algorithm>

namespace bowline::inline v0::tcp {
namespace {

// RACK_sent_after() of section 6.2: by time, and within one instant by number.
bool sent_after(Time a, SeqNumber a_end, Time b, SeqNumber b_end) noexcept {
  return a > b || (a == b && after(a_end, b_end));
}

}  // namespace

bool Rack::delivered(const Delivered& part) noexcept {
  const SentRange& how = part.how;
  bool overtaken = false;
  // Step 3: what lies below something that had arrived and was sent once only, was overtaken.
  if (!has_fack_ || after(part.end, fack_)) {
    fack_ = part.end;
    has_fack_ = true;
  } else if (before(part.end, fack_) && !how.retransmitted()) {
    reordering_seen_ = overtaken = true;
  }
  // Step 2: is the acknowledgment that of the last transmission?
  const Duration rtt = now_ - how.sent_at;
  // (The echo counts in milliseconds, so it may stand up to one before the instant that it means.)
  const bool echoes_earlier = echo_ != Time{} && echo_ + 1ms <= how.sent_at;
  if (how.retransmitted() && (rtt < min_rtt_ || echoes_earlier)) return overtaken;
  if (rtt_of_any_) rtt_ = std::max(rtt, Duration::zero());
  if (!any_delivered_ || sent_after(how.sent_at, part.end, sent_at_, end_)) {
    any_delivered_ = true;
    rtt_ = std::max(rtt, Duration::zero());
    sent_at_ = how.sent_at;
    end_ = part.end;
  }
  return overtaken;
}

void Rack::on_dsack(SeqNumber snd_una, SeqNumber snd_nxt) noexcept {
  if (in_dsack_round_ && before(snd_una, dsack_round_)) return;
  in_dsack_round_ = true;
  dsack_round_ = snd_nxt;
  if (window_multiple_ < 255) ++window_multiple_;
  persist_ = 16;
}

void Rack::on_needless_repair(Duration late) noexcept {
  reordering_seen_ = true;
  const Duration step = min_rtt_ / 4;
  if (late <= Duration::zero() || step <= Duration::zero()) return;
  const auto multiple = std::min<std::int64_t>(late / step + 1, 255);
  window_multiple_ = std::max(window_multiple_, static_cast<std::uint8_t>(multiple));
  persist_ = 16;
}

void Rack::on_recovered() noexcept {
  if (persist_ > 0) --persist_;
  if (persist_ == 0) window_multiple_ = 1;
}

Duration Rack::reordering_window(const RackPath& path) const noexcept {
  if (!reordering_seen_ && path.hurried) return Duration::zero();
  return std::min(path.min_rtt / 4 * window_multiple_, path.srtt);
}

bool Rack::sent_before_delivered(const SentRanges::Map::Node& node) const noexcept {
  return any_delivered_ && sent_after(sent_at_, end_, node.value.sent_at, node.end());
}

}  // namespace bowline::inline v0::tcp
