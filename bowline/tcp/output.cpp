#include "bowline/tcp/output.hpp"

#include <algorithm>

#include "bowline/tcp/allowance.hpp"
#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/feedback.hpp"
#include "bowline/tcp/loss_recovery.hpp"
#include "bowline/tcp/packet_sending.hpp"
#include "bowline/tcp/path_mtu.hpp"

namespace bowline::inline v0::tcp {
namespace {

bool may_send_data(const Connection& c) noexcept {
  return c.transfer &&
         (c.state == State::established || c.may_send_early() || c.state == State::close_wait ||
          c.state == State::fin_wait_1 || c.state == State::closing || c.state == State::last_ack);
}

// The FIN goes when the last byte does (section 3.10.4).
bool fin_due(const Connection& c) noexcept {
  return c.fin_queued && !c.fin_sent &&
         (c.state == State::fin_wait_1 || c.state == State::closing || c.state == State::last_ack);
}

std::uint16_t urgent_flag(const Connection& c, SeqNumber seq) noexcept {
  return c.urgent_send && after(c.snd_up, seq) ? wire::kUrg : std::uint16_t{0};
}

Plan syn_plan(const Connection& c, std::uint32_t range, bool fresh,
              const Settings& settings) noexcept {
  Plan plan;
  plan.seq = c.iss;
  plan.range = range;
  plan.fresh = fresh;
  if (c.state == State::syn_sent) {
    plan.flags = wire::kSyn | flags_of_syn(c, settings);
    plan.why = fresh ? Reason::send_syn : Reason::retransmit_syn;
    // RFC 7413 section 4.2.1. Repeated, the SYN goes without: what dropped it may dislike the data.
    if (fresh) plan.data = std::min<std::uint32_t>(c.unsent_on_syn(), c.syn_data_room);
  } else if (fresh) {
    plan.flags = wire::kSyn | wire::kAck | (c.ecn.active() ? wire::kEce : std::uint16_t{0});
    plan.why = Reason::send_syn_ack;
  } else {
    plan.flags = wire::kSyn | wire::kAck;
    plan.why = c.retransmits > 0 ? Reason::retransmit_syn_ack : Reason::send_syn_ack_simultaneous;
  }
  return plan;
}

// The first `most` bytes of range `id` once more.
Plan repeat(const Connection& c, std::uint32_t id, Reason why, std::uint32_t most) noexcept {
  const auto& node = c.transfer->sent[id];
  const std::uint32_t fin = node.value.fin ? 1 : 0;
  const std::uint32_t data = std::min<std::uint32_t>(node.length - fin, most);
  Plan plan;
  plan.seq = node.start;
  plan.data = data;
  plan.range = id;
  plan.fin = fin == 1 && data + fin == node.length;
  plan.flags = wire::kAck | urgent_flag(c, plan.seq);
  if (plan.fin) plan.flags |= wire::kFin;
  if (node.value.pushed && data + fin == node.length) plan.flags |= wire::kPsh;
  if (data > c.snd_mss) {
    plan.packet = c.snd_mss;
    plan.flags |= wire::kPsh;  // a frame of several, as Settings::push_bursts has it
  }
  plan.why = data == 0 && why == Reason::retransmit_timeout ? Reason::retransmit_fin : why;
  return plan;
}

// Retransmissions go out packet by packet: each is a decision of its own. But Linux repeats frames
// as they were, as far as the window lets them (tcp_xmit_retransmit_queue()).
std::uint32_t most_repeated(const Connection& c, const LinkAbility& link, std::uint32_t allowance,
                            const Settings& settings) noexcept {
  const std::uint32_t mss = c.snd_mss;
  if (!settings.packet_queue || !settings.push_bursts || settings.pacing) return mss;
  const std::uint32_t packets = std::min(allowance / mss, packets_by_rate(c, settings));
  return std::clamp(packets * mss, mss, most_payload(c, link));
}

std::optional<Plan> plan_retransmission(const Connection& c, const LinkAbility& link,
                                        const Settings& settings, Time now) noexcept {
  const SentRanges& sent = c.transfer->sent;
  const std::uint32_t id = sent.first_lost();
  if (id == SentRanges::kNone) return std::nullopt;
  if (settings.ablation.without(Mechanism::retransmission)) return std::nullopt;
  // "The segment at the front of the retransmission queue" (section 3.10.8) is the SYN; what a
  // CLOSE in SYN-RECEIVED put behind it waits. No window holds it back.
  if (c.syn_outstanding()) {
    return sent[id].start == c.iss ? std::optional(syn_plan(c, id, false, settings)) : std::nullopt;
  }
  // While the window is shut, probes repeat what is outstanding (MUST-35).
  if (c.snd_wnd == 0 && is_synchronized(c.state)) return std::nullopt;
  const std::uint32_t allowance = congestion_allowance(c, settings);
  const std::uint32_t wanted = std::min<std::uint32_t>(sent[id].length, c.snd_mss);
  if (allowance < wanted || c.transfer->pacer.allowance(now, c.snd_mss) == 0) return std::nullopt;
  return repeat(c, id, c.loss_reason, most_repeated(c, link, allowance, settings));
}

// MUST-61: PSH where the application ended, that is, at the end of what is queued; or, where
// Linux's packets are kept, at the end of those that it marks.
bool ends_push(const Connection& c, std::uint32_t data, const Settings& settings) noexcept {
  if (data == 0) return false;
  const PacketQueue& queue = c.transfer->queue;
  return settings.packet_queue && !queue.empty() ? queue.pushed_at(data) : data == c.unsent();
}

// RFC 8985 section 7.3: one segment of new data, if there is any that the peer's window takes; else
// the last segment once more. The congestion window does not hold it back.
std::optional<Plan> plan_tail_probe(const Connection& c, const Settings& settings) noexcept {
  if (!c.transfer->tail_probe_due) return std::nullopt;
  std::uint32_t fresh = std::min({c.unsent(), window_allowance(c), std::uint32_t{c.snd_mss}});
  if (settings.packet_queue && !c.transfer->queue.empty()) {
    const std::uint32_t wanted =
        std::min<std::uint32_t>(c.transfer->queue.front().length, c.snd_mss);
    fresh = wanted > fresh ? 0 : wanted;  // tcp_snd_wnd_test()
  }
  if (fresh > 0 && c.transfer->sent.has_room() && may_send_data(c)) {
    Plan plan;
    plan.seq = c.snd_nxt;
    plan.data = fresh;
    plan.fresh = true;
    plan.flags = wire::kAck | urgent_flag(c, c.snd_nxt);
    if (ends_push(c, fresh, settings)) plan.flags |= wire::kPsh;
    plan.why = Reason::send_tail_probe;
    return plan;
  }
  const std::uint32_t last = c.transfer->sent.last();
  if (last == SentRanges::kNone) return std::nullopt;
  if (settings.ablation.without(Mechanism::retransmission)) return std::nullopt;
  return repeat(c, last, Reason::retransmit_tail_probe, c.snd_mss);
}

// As much of `data` as pacing lets go now: whole segments, if it is not all.
std::uint32_t paced(const Connection& c, std::uint32_t data, Time now) noexcept {
  const std::uint32_t allowance = c.transfer->pacer.allowance(now, c.snd_mss);
  if (data <= allowance || allowance == 0) return std::min(data, allowance);
  const std::uint32_t whole = allowance - allowance % c.snd_mss;
  return std::min(data, std::max<std::uint32_t>(whole, c.snd_mss));
}

std::optional<Plan> plan_data(const Connection& c, const LinkAbility& link,
                              const Settings& settings, Time now) noexcept {
  if (!may_send_data(c) || !c.transfer->sent.has_room()) return std::nullopt;
  std::uint32_t data = paced(c, sendable(c, link, settings), now);
  if (settings.packet_queue && data > 0 && defers(c, settings, now)) return std::nullopt;
  if (settings.size_bursts && data > c.snd_mss) {
    const std::uint32_t packets = std::min(packets_by_rate(c, settings), packets_by_window(c));
    data = std::min(data, packets * c.snd_mss);
  }
  if (data >= c.snd_mss) {
    if (auto probe = plan_path_probe(c, c.unsent(), window_allowance(c), now)) return probe;
  }
  // CWR is one packet's: it ends the echo of what was marked before (RFC 3168 section 6.1.2).
  if (c.ecn.answer_due()) data = std::min<std::uint32_t>(data, c.snd_mss);
  const std::uint32_t unsent = c.unsent();
  const bool fin = fin_due(c) && data == unsent;
  if (data == 0 && !fin) return std::nullopt;
  Plan plan;
  plan.seq = c.snd_nxt;
  plan.data = data;
  plan.fresh = true;
  plan.flags = wire::kAck | urgent_flag(c, c.snd_nxt);
  plan.why = fin ? Reason::send_fin : Reason::send_data;
  if (ends_push(c, data, settings)) {
    plan.flags |= wire::kPsh;
    if (!fin) plan.why = Reason::send_data_push;
  }
  if (fin) {
    plan.fin = true;
    plan.flags |= wire::kFin;
  }
  if (data > 0 && c.ecn.answer_due()) plan.flags |= wire::kCwr;
  if (data > c.snd_mss) {
    plan.packet = c.snd_mss;
    if (settings.push_bursts) plan.flags |= wire::kPsh;
  }
  return plan;
}

// RFC 9293 section 3.8.6.1: a byte of new data, or, in Linux's manner, an old number that asks for
// an ACK.
std::optional<Plan> plan_probe(const Connection& c, const Settings& settings) noexcept {
  if (!c.probe_due || !c.transfer) return std::nullopt;
  Plan plan;
  plan.flags = wire::kAck;
  plan.why = Reason::send_window_probe;
  if (settings.profile == Profile::linux) {
    plan.seq = c.snd_una - 1;
  } else if (const std::uint32_t first = c.transfer->sent.first(); first != SentRanges::kNone) {
    const auto& node = c.transfer->sent[first];
    plan.seq = node.start;
    plan.fin = node.value.fin && node.length == 1;
    plan.data = plan.fin ? 0 : 1;
    plan.range = first;
  } else {
    plan.seq = c.snd_nxt;
    plan.fresh = true;
    plan.data = std::min(c.unsent(), 1U);
    plan.fin = plan.data == 0;
    if (plan.fin && !fin_due(c)) return std::nullopt;
    if (!c.transfer->sent.has_room()) return std::nullopt;
  }
  if (plan.fin) plan.flags |= wire::kFin;
  return plan;
}

Plan plan_control(const Connection& c, Reason why, SeqNumber seq) noexcept {
  Plan plan;
  plan.why = why;
  plan.seq = seq;
  plan.flags = wire::kAck | urgent_flag(c, seq);
  return plan;
}

// How much of the congestion window the round trip under way has needed: all of it, or the most
// that was outstanding at once (Linux's tcp_cwnd_validate()).
void note_window_use(Connection& c) noexcept {
  const bool filled = c.transfer->sent.in_network() + c.snd_mss > c.congestion.cwnd();
  const bool more = !c.window_filled && c.outstanding() > c.most_in_flight;
  if (!filled && !more && before(c.snd_una, c.most_in_flight_at)) return;
  c.window_filled = filled;
  c.most_in_flight = c.outstanding();
  c.most_in_flight_at = c.snd_nxt;
}

}  // namespace

std::uint32_t sendable(const Connection& c, const LinkAbility& link,
                       const Settings& settings) noexcept {
  const std::uint32_t unsent = c.unsent();
  if (unsent == 0) return 0;
  if (settings.packet_queue && !c.transfer->queue.empty()) {
    return sendable_packet(c, link, settings);
  }
  const std::uint32_t window = window_allowance(c);
  const std::uint32_t usable = std::min(window, congestion_allowance(c, settings));
  const std::uint32_t fits = std::min({unsent, usable, most_payload(c, link)});
  if (fits == 0) return 0;

  // Full segments always go (section 3.8.6.2.1, 1); of several, the last may be a small one only if
  // that may go.
  const std::uint32_t full = fits - fits % c.snd_mss;
  const bool all = fits == unsent;
  const std::uint32_t small = fits % c.snd_mss;
  if (small == 0) return fits;

  // A SYN-ACK under way is no data that a small segment could wait for (Fast Open sends behind it).
  const SeqNumber first = c.syn_outstanding() ? c.send_front : c.snd_una;
  const bool idle = first == c.snd_nxt && full == 0;
  // Section 3.7.4: a small segment waits for what is in flight.
  const bool nagle =
      !c.options.no_delay && !idle && (!settings.nagle_by_minshall || c.small_outstanding());
  const bool corked = (c.options.cork || c.more_coming) && !c.fin_queued;
  // Section 3.8.6.2.1 (2) and (3): all that there is, or half of the largest window that the peer
  // ever had.
  const bool worthwhile = all || (fits >= c.max_snd_wnd / 2 && fits == window);
  if (c.override_due || (worthwhile && !corked && (!nagle || (all && c.fin_queued)))) return fits;
  return full;
}

void note_holdup(Connection& c, const Settings& settings, Time now) noexcept {
  Holdup held = Holdup::idle;
  const std::uint32_t unsent = c.unsent();
  if (unsent > 0 || (is_synchronized(c.state) && c.snd_una != c.snd_nxt)) held = Holdup::network;
  const std::uint32_t next = std::min<std::uint32_t>(unsent, c.snd_mss);
  if (is_synchronized(c.state) && unsent > 0 && window_allowance(c) < next &&
      (c.snd_una == c.snd_nxt || congestion_allowance(c, settings) >= next)) {
    held = Holdup::peer_window;
  } else if (c.tally.wants_room && unsent == 0 && held == Holdup::network && c.transfer) {
    const bool network_full = settings.packet_queue && window_is_used(c);
    if (!is_writable(c, settings) && !network_full) held = Holdup::send_buffer;
  }
  if (held != c.tally.held || held != Holdup::idle) c.tally.hold(held, now);
}

std::optional<Plan> next_segment(const Connection& c, const LinkAbility& link,
                                 const Settings& settings, Time now) noexcept {
  if (c.state == State::closed || c.state == State::listen) return std::nullopt;
  if (!is_synchronized(c.state) && c.snd_nxt == c.iss) {
    return c.transfer ? std::optional(syn_plan(c, SentRanges::kNone, true, settings))
                      : std::nullopt;
  }
  if (c.transfer) {
    if (auto plan = plan_probe(c, settings)) return plan;
    if (auto plan = plan_tail_probe(c, settings)) return plan;
    // RFC 5682 section 3 step 2 b: new data first; and if there is any, nothing is repeated before
    // its acknowledgment has said whether that is needed.
    const bool new_data_first = c.transfer->forward_rto == ForwardRto::probing;
    if (new_data_first) {
      if (auto plan = plan_data(c, link, settings, now)) return plan;
    }
    const bool waits = new_data_first && after(c.snd_nxt, c.transfer->recovery.point());
    if (!waits) {
      if (auto plan = plan_retransmission(c, link, settings, now)) return plan;
    }
    if (!new_data_first) {
      if (auto plan = plan_data(c, link, settings, now)) return plan;
    }
  }
  if (c.state == State::syn_sent) return std::nullopt;
  // The probe has a number that the peer has acknowledged, so that it must answer (section 3.8.4).
  if (c.keepalive_due) return plan_control(c, Reason::send_keepalive, c.snd_nxt - 1);
  if (c.ack_now) return plan_control(c, c.ack_reason, c.snd_nxt);
  return std::nullopt;
}

void commit(Connection& c, const Plan& plan, std::uint32_t data, Context& context) noexcept {
  const bool whole = data == plan.data;
  const bool syn = (plan.flags & wire::kSyn) != 0;
  const std::uint32_t length = data + (syn ? 1U : 0U) + (plan.fin && whole ? 1U : 0U);
  ++c.segments_sent;
  c.last_sent_at = context.now;
  c.refused = false;
  if (data > 0) {
    const std::uint32_t mss = std::max<std::uint32_t>(c.snd_mss, 1);
    c.tally.data_segments_sent += (data + mss - 1) / mss;
    c.tally.data_sent_at = context.now;
  }

  if (data > 0) {
    if (c.transfer->sent.in_network() == 0) {
      c.congestion.resumed(context.now, context.now - c.last_payload_at);
    }
    c.last_payload_at = context.now;
  }
  std::optional<RateStamp> stamp;
  if (c.bbr && length > 0) stamp = bbr_sending(c, length, context.now);

  if (plan.fresh) {
    SentRange how;
    how.sent_at = context.now;
    how.fin = plan.fin && whole;
    // Where the application ended, not where a frame did: that is what a repeat ends with, too.
    how.pushed = whole && (syn ? data == c.unsent_on_syn() : ends_push(c, data, context.settings));
    // has_room() was asked by the plan; a full memory shows as a frame that is sent but not
    // accounted for, so it is counted as not sent at all and comes again.
    if (!c.transfer->sent.sent(c.snd_nxt, length, how, stamp ? &*stamp : nullptr)) {
      decide(c, Reason::no_memory, context);
      return;
    }
    c.transfer->queue.sent(data);
    // A SYN is acknowledged and repeated without the data on it.
    if (syn && data > 0) c.transfer->sent.split_tail(data);
    c.snd_nxt += length;
    if (!syn) note_window_use(c);
    c.bytes_sent += data;
    // (What goes on a SYN is as large as it may be there.)
    if (data % c.snd_mss != 0 && !plan.path_probe && !syn) c.snd_small = c.snd_nxt;
    if (plan.path_probe && whole) path_probe_sent(c, plan);
    c.fin_sent = c.fin_sent || how.fin;
  } else if (plan.range != SentRanges::kNone) {
    // The repair of the first hole gets a timeout of its own (RFC 6675 section 5), or a long
    // recovery would end in one.
    if (plan.range == c.transfer->sent.first()) c.timers.cancel(Timer::retransmit);
    static_cast<void>(
        c.transfer->sent.sent_again(plan.range, length, context.now, stamp ? &*stamp : nullptr));
    const std::uint32_t mss = std::max<std::uint32_t>(c.snd_mss, 1);
    const std::uint32_t packets = std::max((data + mss - 1) / mss, 1U);
    c.transfer->undo.retransmitted(packets);
    c.retransmissions += packets;
    c.bytes_retransmitted += data;
  }
  if (c.transfer && c.transfer->recovery.active()) c.transfer->recovery.sent(length);
  if (c.transfer && c.transfer->reduction.active()) c.transfer->reduction.sent(length);
  if (stamp) bbr_sent(c);
  if (c.transfer && length > 0) {
    c.transfer->pacer.sent(length, context.now, context.settings.halve_late_gaps && !c.bbr);
  }
  if (length > 0 && c.outstanding_since == kNever) c.outstanding_since = context.now;
  if (length > 0 && !c.timers.is_set(Timer::retransmit) && !c.timers.is_set(Timer::probe)) {
    c.timers.set(Timer::retransmit, saturating_add(context.now, rto(c, context.settings)));
  }
  if (c.transfer && c.transfer->tail_probe_due) {
    c.transfer->tail_probe_due = false;
    c.transfer->tail_probe.sent(c.snd_nxt, !plan.fresh);
  }
  if (plan.fresh && length > 0) c.timers.set(Timer::tail_probe, tail_probe_time(c, context));
  if ((plan.flags & (wire::kCwr | wire::kSyn)) == wire::kCwr) c.ecn.answered();
  if (plan.why == Reason::send_window_probe) c.probe_due = false;
  if (plan.why == Reason::send_keepalive) c.keepalive_due = false;
  note_holdup(c, context.settings, context.now);
  c.override_due = false;
  // An answer so soon: the next acknowledgment can ride on one.
  if (data > 0 && plan.fresh && c.last_data_at != Time{} &&
      context.now - c.last_data_at < context.settings.delayed_ack) {
    c.answers = true;
  }
  if ((plan.flags & wire::kAck) == 0) return;
  if (c.unacked_bytes > 0 && c.quick_acks > 0) --c.quick_acks;

  // Whatever carries an ACK settles what was owed; data that carries one shows that waiting for it
  // pays.
  if (c.unacked_bytes > 0 && data > 0) c.cold = false;
  const Announcement window = announce_window(c, context.settings, syn, context.scarce);
  if (window.edge == c.rcv_nxt && c.rcv_edge != c.rcv_nxt) decide(c, Reason::window_zero, context);
  c.rcv_edge = window.edge;
  if (c.acc_ecn) c.acc_ecn->acknowledged(plan.acc_ecn_option);
  c.ack_now = c.extra_acks > 0;
  if (c.extra_acks > 0) --c.extra_acks;
  c.unacked_bytes = 0;
  c.last_ack_sent = c.rcv_nxt;
  c.dsack_left = c.dsack_right;  // once is enough (RFC 2883 section 4)
  c.timers.cancel(Timer::delayed_ack);
}

}  // namespace bowline::inline v0::tcp
