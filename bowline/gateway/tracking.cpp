// How far the connection of an open flow has come, by segments that may be forged: they count only
// where they fit what is known (RFC 5961).

#include <algorithm>

#include "bowline/gateway/syn_proxy.hpp"

namespace bowline::inline v0::gateway {
namespace {

constexpr Duration kChallengeEvery =
    500ms;  // as often as Linux answers such (tcp_invalid_ratelimit)

// Is it something that a sender could say who knows the connection? Its numbers reach the window,
// or lie as little before it as an older segment's may; the same holds for what it acknowledges
// (RFC 5961 section 5.2), here in the receiver's own numbers.
bool fits(const FlowEnd& sender, const FlowEnd& receiver, const Segment& segment,
          SeqNumber ack) noexcept {
  const SeqNumber first = receiver.acked - std::max(receiver.largest_window, 1U);
  // A FIN, and the byte of a probe, may lie behind a window that is full.
  const SeqNumber last = latest(receiver.edge, receiver.acked + 1) + 1;
  return at_or_after(segment.end(), first) && at_or_before(segment.end(), last) &&
         at_or_after(ack, sender.acked - sender.largest_window) && at_or_before(ack, receiver.next);
}

}  // namespace

/// Could its receiver accept the number of this RST? Or, since his last ACK may be on its way
/// still, is it the next that passes? (RFC 5961 section 3.2)
bool SynProxy::reaches_window(Flow& flow, const Segment& segment) noexcept {
  const FlowEnd& sender = flow.end(segment.from);
  const FlowEnd& receiver = flow.end(across(segment.from));
  const std::uint32_t window = std::max(distance(receiver.acked, receiver.edge), 1U);
  return segment.seq() == sender.next || in_window(segment.seq(), receiver.acked, window);
}

/// A SYN on a flow that is open. None from outside goes inside: where the server would challenge
/// its sender (RFC 5961 section 4.2), the gateway does.
bool SynProxy::meet_syn(std::uint32_t index, const Segment& segment) noexcept {
  Flow& flow = flows_[index];
  const bool answers = segment.has(wire::kAck);
  if (!flow.translated && (answers || segment.from == Side::inside)) return false;  // a repeat
  if (segment.from == Side::inside) {
    if (answers && segment.seq() == flow.initial) {
      send_ack(flow, Side::inside, Reason::gateway_confirm);  // our ACK was lost
    } else {
      drop(Reason::gateway_no_flow);
    }
    return true;
  }
  const bool over = flow.state == FlowState::time_wait || flow.state == FlowState::reset;
  if (over && !answers) {
    answer_syn(segment);
    return true;
  }
  drop(Reason::syn_in_window);
  if (now_ >= flow.next_challenge) {
    flow.next_challenge = now_ + kChallengeEvery;
    send_ack(flow, Side::outside, Reason::send_challenge_ack);
  } else {
    drop(Reason::send_challenge_suppressed);
  }
  return true;
}

void SynProxy::note(std::uint32_t index, const Segment& segment) noexcept {
  Flow& flow = flows_[index];
  FlowEnd& sender = flow.end(segment.from);
  FlowEnd& receiver = flow.end(across(segment.from));
  if (segment.has(wire::kRst)) {
    // Believed is the one number that is expected (RFC 5961 section 3.2). Any other is challenged,
    // and its sender, if he is the true one, answers that with the right one.
    if (segment.seq() != receiver.acked && segment.seq() != sender.next) return;
    flow.reset_by = segment.from;
    return flows_.set_state(index, FlowState::reset, now_);
  }
  const bool from_outside = segment.from == Side::outside;
  const SeqNumber ack = from_outside ? segment.ack() - flow.seq_shift : segment.ack();
  if (!fits(sender, receiver, segment, ack)) return;
  if (at_or_after(segment.end(), sender.next)) {
    sender.next = segment.end();
    if (segment.has(wire::kFin)) sender.finished = true;
  }
  if (at_or_after(ack, sender.acked) && segment.tcp.options.timestamps) {
    sender.timestamp = segment.tcp.options.timestamps->value;
  }
  sender.acknowledge(ack, std::uint32_t{segment.tcp.header.window} << sender.shift);

  // Who answers a RST by anything else has not believed it (RFC 5961 section 3.2).
  FlowState state = flow.state;
  const bool disbelieved = state == FlowState::reset && segment.from != flow.reset_by;
  if (state == FlowState::reset && !disbelieved) return;
  if (disbelieved || state == FlowState::established) {
    state = sender.finished || receiver.finished ? FlowState::closing : FlowState::established;
  }
  const bool both = sender.finished && receiver.finished;
  if (both && sender.acked == receiver.next && receiver.acked == sender.next) {
    // TIME-WAIT begins anew with a repeated FIN, and with nothing else.
    if (state == FlowState::time_wait && !segment.has(wire::kFin)) return;
    state = FlowState::time_wait;
  }
  flows_.set_state(index, state, now_);
}

}  // namespace bowline::inline v0::gateway
