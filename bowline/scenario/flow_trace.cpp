#include "bowline/scenario/flow_trace.hpp"

#include <algorithm>

namespace bowline::inline v0::scenario {

// The place in the stream of a number near the highest that was sent: the stream may be longer than
// the numbering.
std::uint64_t FlowTrace::place(SeqNumber number) const noexcept {
  const auto low = static_cast<std::uint32_t>(next_);
  const std::uint32_t offset = number.raw() - first_->raw();
  const auto ahead = static_cast<std::int32_t>(offset - low);
  const auto place = static_cast<std::int64_t>(next_) + ahead;
  return place < 0 ? 0 : static_cast<std::uint64_t>(place);
}

void FlowTrace::sent(const trace::Segment& segment, Time now) {
  if (segment.has(wire::kSyn)) {
    first_ = segment.seq + 1;
    we_scale_ = segment.options.window_scale.has_value();
    return;
  }
  if (!first_ || segment.length == 0) return;
  ++segments_;
  const std::uint64_t begin = place(segment.seq);
  const std::uint64_t end = begin + segment.length;
  if (end > next_) {
    // A zero-window probe or a repacketised retransmission may begin with old bytes.
    bars_.add({now, std::max(begin, next_), end});
    timed_.push_back({end, now, begin < next_});
    next_ = end;
    if (begin >= bars_.entries().back().begin) return;
  }
  ++retransmissions_;
  retransmitted_bytes_ += end - begin;
  if (repeats_.size() < most_repeats_) repeats_.push_back({now, begin, end});
  // Karn: what is sent twice gives no sample (RFC 6298 section 3).
  for (auto it = std::upper_bound(timed_.begin(), timed_.end(), begin,
                                  [](std::uint64_t at, const Timed& t) { return at < t.end; });
       it != timed_.end(); ++it) {
    it->again = true;
    if (it->end >= end) break;
  }
}

void FlowTrace::arrived(const trace::Segment& segment, Time now) {
  if (segment.has(wire::kSyn)) {
    peer_scales_ = segment.options.window_scale.has_value();
    shift_ = segment.options.window_scale.value_or(0);
  }
  if (!first_ || !segment.has(wire::kAck) || segment.has(wire::kRst)) return;
  const std::uint64_t ack = place(segment.ack);
  // The window of a SYN is never scaled (RFC 7323 section 2.2).
  const bool scaled = peer_scales_ && we_scale_ && !segment.has(wire::kSyn);
  const std::uint64_t window = std::uint64_t{segment.window} << (scaled ? shift_ : 0);
  acks_.add({now, ack, ack + window});
  for (const wire::SackBlock& block : segment.options.sack_blocks()) {
    sacks_.add({now, place(block.left), place(block.right)});
  }
  sample(ack, now);
}

void FlowTrace::sample(std::uint64_t ack, Time now) {
  bool again = false;
  std::optional<Time> latest;
  while (!timed_.empty() && timed_.front().end <= ack) {
    again |= timed_.front().again;
    latest = timed_.front().at;
    timed_.pop_front();
  }
  // An acknowledgment that jumps over a mended hole was not caused by the latest segment below it.
  if (!latest || again) return;
  const Duration rtt = now - *latest;
  rtt_min_ = rtts_.count() == 0 ? rtt : std::min(rtt_min_, rtt);
  rtt_max_ = std::max(rtt_max_, rtt);
  rtt_sum_ += rtt;
  rtts_.add({now, rtt});
}

void FlowTrace::state(const ConnectionView& view, Time now) {
  cwnd_max_ = std::max(cwnd_max_, view.cwnd);
  cwnd_.add({now, view.cwnd, view.in_flight});
}

}  // namespace bowline::inline v0::scenario
