#include "bowline/tcp/connection.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/path_mtu.hpp"

namespace bowline::inline v0::tcp {

static_assert(offsetof(Connection, ready_link) <= 128,
              "what every segment touches: two cache lines");

std::uint32_t Connection::unsent() const noexcept {
  if (!transfer) return 0;
  const SeqNumber end = send_front + transfer->send.size();
  if (!after(end, snd_nxt)) return 0;
  // Before the SYN has gone SND.NXT stands in front of it, and a SYN is not data.
  return std::min(distance(snd_nxt, end), transfer->send.size());
}

SeqNumber Connection::fin_seq() const noexcept {
  return transfer ? send_front + transfer->send.size() : send_front;
}

bool ensure_transfer(Connection& c, Context& context) noexcept {
  if (c.transfer) return true;
  if (!c.transfer.ensure(context.memory, context.memory, context.limits, &context.ranges,
                         context.random.next())) {
    return false;
  }
  c.transfer->recovery.leave(c.snd_una);
  c.transfer->reduction.leave(c.snd_una);
  start_pacing(c, context.now);
  if (is_synchronized(c.state)) start_receive_tuning(c, context);
  return true;
}

void decide(const Connection& c, Reason why, Context& context, std::uint32_t from,
            std::uint32_t to) noexcept {
  context.decisions.make(why, context.decisions.frame(), c.number, c.handle, from, to);
}

void set_state(Connection& c, State to, Reason why, Context& context) noexcept {
  assert(is_legal_transition(c.state, to));
  const State from = c.state;
  c.state = to;
  decide(c, why, context, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to));
  if (to == State::time_wait) {
    c.timers.cancel_all();
    c.timers.set(Timer::ending, saturating_add(context.now, time_wait_length(context.settings)));
  }
}

void end(Connection& c, EndReason how, Reason why, Context& context) noexcept {
  c.timers.cancel_all();
  c.ended = how;
  c.ack_now = c.probe_due = c.keepalive_due = false;
  set_state(c, State::closed, why, context);
  if (!c.transfer) return;
  // What had arrived may still be read; what was to be sent is let go (lent memory included).
  c.transfer->send.release(c.transfer->send.size());
  c.transfer->queue.clear();
  static_cast<void>(c.transfer->sent.acknowledge(c.snd_nxt));
}

void request_ack(Connection& c, Reason why) noexcept {
  if (c.ack_now) return;
  c.ack_now = true;
  c.ack_reason = why;
}

void request_challenge_ack(Connection& c, Context& context) noexcept {
  if (context.now - c.challenge_window >= 1s) {
    c.challenge_window = context.now;
    c.challenge_acks = 0;
  }
  if (c.challenge_acks >= context.settings.challenge_acks_per_second) {
    decide(c, Reason::send_challenge_suppressed, context);
    return;
  }
  ++c.challenge_acks;
  request_ack(c, Reason::send_challenge_ack);
}

void adopt(Connection& c, const Negotiated& agreed, Context& context) noexcept {
  c.peer_mss = agreed.peer_mss;
  c.window_scaling = agreed.window_scaling;
  c.snd_shift = agreed.snd_shift;
  c.rcv_shift = agreed.rcv_shift;
  c.timestamps = agreed.timestamps;
  c.sack = agreed.sack;
  if (agreed.feedback != FeedbackMode::none) c.ecn.start(agreed.feedback, c.snd_nxt);
  set_path_mtu(c, c.path_mtu);
  start_congestion(c, context);
}

RtoBounds rto_bounds(const Connection& c, const Settings& settings) noexcept {
  const bool opening = c.state == State::syn_sent || c.state == State::syn_received;
  // RFC 6298 5.7: after a lost SYN, data starts with a timeout of 3 seconds.
  const Duration initial =
      c.syn_lost && !opening ? settings.rto_initial_after_loss : settings.rto_initial;
  const Duration least_variance = settings.rto_min_above_rtt ? settings.rto_min : Duration::zero();
  return {initial, settings.rto_min, settings.rto_max, least_variance};
}

Duration rto(const Connection& c, const Settings& settings) noexcept {
  return c.rtt.rto(rto_bounds(c, settings));
}

}  // namespace bowline::inline v0::tcp
