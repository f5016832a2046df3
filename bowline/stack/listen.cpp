// What meets a listener, a half-open entry or a TIME-WAIT record: everything before and after a
// connection has a TCB.

#include <algorithm>
#include <cstring>
#include <utility>

#include "bowline/stack/core.hpp"
#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/fast_open.hpp"
#include "bowline/tcp/feedback.hpp"
#include "bowline/tcp/input/input.hpp"

namespace bowline::inline v0 {
namespace {

// A SYN,ACK without the SYN and what goes with it.
tcp::Reply bare_ack(tcp::Reply syn_ack) noexcept {
  const auto timestamps = syn_ack.options.timestamps;
  syn_ack.options = {};
  syn_ack.options.timestamps = timestamps;
  syn_ack.flags = wire::kAck;
  return syn_ack;
}

}  // namespace

std::uint16_t Stack::Core::syn_window(const tcp::Listener& listener) const noexcept {
  return static_cast<std::uint16_t>(
      std::min(tcp::first_receive_buffer(listener.options, config.tcp), 0xffffU));
}

// RFC 9293 section 3.10.7.2: LISTEN.
void Stack::Core::meet_listener(std::uint32_t number, const tcp::Segment& segment,
                                std::optional<SeqNumber> least_iss) noexcept {
  tcp::Listener& listener = listeners[number];
  // First: a RST for nothing. Second: an ACK for nothing.
  if (segment.rst()) return decisions.make(Reason::tcp_reset_ignored);
  if (segment.has_ack()) return reset_stray(segment, Reason::send_rst_listen_ack);
  // Fourth: anything but a SYN. A FIN beside it is as good as nothing: nobody opens and ends at
  // once.
  if (!segment.syn()) return decisions.make(Reason::listen_no_syn);
  if (segment.fin()) return decisions.make(Reason::tcp_bad_flags);

  // Third: the SYN.
  if (listener.half_open >= listener.syn_backlog || half_open.full()) {
    ++listener.overflows;
    return decisions.make(Reason::syn_queue_full);
  }
  if (listener.accept_queue.size >= listener.backlog) {
    // A handshake that could not be accepted is better not begun: the peer asks again.
    ++listener.overflows;
    return decisions.make(Reason::accept_queue_full);
  }
  const Family family = segment.remote.address.family();
  const tcp::Offer offer =
      tcp::make_offer(config.tcp, family, mtu_towards(segment.interface, segment.remote.address),
                      listener.options.mss, tcp::most_receive_buffer(listener.options, config.tcp));
  const tcp::Negotiated agreed = tcp::negotiate(config.tcp, family, offer, segment.options);

  SeqNumber iss =
      tcp::initial_sequence(secrets.isn, segment.local, segment.remote, now, config.tcp.ablation);
  // MAY-2: after TIME-WAIT the new numbers must lie beyond all old ones.
  if (least_iss && before(iss, *least_iss)) iss = *least_iss;

  const bool takes_part = config.tcp.fast_open.server && listener.options.fast_open_backlog > 0;
  const tcp::FastOpenSyn fast =
      takes_part ? tcp::judge_fast_open(segment, config.tcp, fast_open_keys(listener))
                 : tcp::FastOpenSyn::plain;
  if (fast == tcp::FastOpenSyn::valid || fast == tcp::FastOpenSyn::outdated) {
    if (open_fast(number, segment, agreed, iss, fast == tcp::FastOpenSyn::outdated)) return;
  }

  tcp::SynEntry entry;
  entry.give_cookie = fast == tcp::FastOpenSyn::asks;
  entry.cookie_experimental = entry.give_cookie && segment.options.fast_open->experimental;
  entry.remote_address = segment.remote.address.raw();
  entry.remote_port = segment.remote.port;
  entry.ipv6 = family == Family::ipv6;
  entry.local_port = segment.local.port;
  entry.local_address =
      static_cast<std::uint16_t>(ip::find_local(segment.local.address, local_addresses()));
  entry.interface = static_cast<std::uint8_t>(segment.interface);
  entry.listener = number;
  entry.irs = segment.seq;
  entry.iss = iss;
  entry.peer_mss = agreed.peer_mss;
  entry.snd_shift = agreed.snd_shift & 15U;
  entry.rcv_shift = agreed.rcv_shift & 15U;
  entry.window_scaling = agreed.window_scaling;
  entry.timestamps = agreed.timestamps;
  entry.sack = agreed.sack;
  entry.feedback = tcp::answer_to_syn(config.tcp.ecn, segment.flags);
  entry.syn_ecn = static_cast<tcp::IpEcn>(segment.ecn & wire::kEcnMask);
  if (agreed.timestamps) entry.ts_recent = segment.options.timestamps->value;
  entry.number = next_number++;

  const std::uint32_t index = half_open.add(entry, now);
  const bool added = index != kNone && tuples.insert(hash(segment.local, segment.remote),
                                                     tagged(Kind::syn_entry, index));
  if (!added) {
    if (index != kNone) half_open.remove(index);
    return decisions.make(Reason::no_memory);
  }
  ++listener.half_open;
  decisions.make(Reason::state_syn_received, decisions.frame(), entry.number, {},
                 static_cast<std::uint32_t>(tcp::State::listen),
                 static_cast<std::uint32_t>(tcp::State::syn_received));
  if (agreed.mss_raised) {
    decisions.make(Reason::mss_raised, decisions.frame(), entry.number, {});
  }
  // Data on a SYN is not kept: the peer repeats it (REQUIREMENTS A4; Fast Open is a matter of its
  // own).
  const bool believe = config.tcp.ablation.without(tcp::Mechanism::third_segment);
  if (segment.data_size > 0 && !believe) {
    decisions.make(Reason::syn_data_refused, decisions.frame(), entry.number, {});
  }
  send_syn_ack(index, Reason::send_syn_ack);
  if (believe) believe_syn(index, segment);
}

tcp::FastOpenKeys Stack::Core::fast_open_keys(const tcp::Listener& listener) const noexcept {
  if (!listener.fast_open_key) return tcp::FastOpenKeys::of(config.tcp, secrets);
  return {*listener.fast_open_key, listener.fast_open_previous_key};
}

// The two-way handshake of the experiments: what the third segment would say is taken for granted,
// and what the SYN carries is taken with it.
void Stack::Core::believe_syn(std::uint32_t index, const tcp::Segment& syn) noexcept {
  half_open.sent_again(index, now);  // counts as repeated: no round trip was measured
  const tcp::SynEntry& entry = half_open[index];
  tcp::Segment third = syn;
  third.flags = wire::kAck;
  third.seq = entry.irs + 1;
  third.ack = entry.iss + 1;
  third.window = static_cast<std::uint16_t>(syn.window >> entry.snd_shift);  // scaled from here on
  const std::uint32_t fresh = promote(index, third);
  if (fresh != kNone) settle(fresh);
}

bool Stack::Core::open_fast(std::uint32_t number, const tcp::Segment& syn,
                            const tcp::Negotiated& agreed, SeqNumber iss,
                            bool give_cookie) noexcept {
  tcp::Listener& listener = listeners[number];
  // Section 5.1: beyond it the handshake is waited for, which costs a round trip and nothing else.
  if (listener.fast_open_pending >= listener.options.fast_open_backlog) {
    ++listener.overflows;
    decisions.make(Reason::fast_open_queue_full);
    return false;
  }
  const std::uint32_t fresh =
      new_connection(syn.local, syn.remote, syn.interface, listener.options);
  if (fresh == kNone) return false;
  tcp::Connection& c = connections[fresh];
  tcp::Context ctx = context();
  c.iss = c.snd_una = c.snd_nxt = c.snd_small = iss;
  c.send_front = iss + 1;
  if (!tcp::ensure_transfer(c, ctx) || !tuples.insert(c.hash, tagged(Kind::connection, fresh))) {
    decisions.make(Reason::no_memory);
    destroy(fresh);
    return false;
  }
  c.in_table = true;
  c.number = next_number++;
  c.passive = true;
  c.listener = number;
  c.fast_open = tcp::FastOpenRole::accepted;
  c.fast_open_listener = listener.handle;
  if (give_cookie) {
    c.transfer->cookie =
        tcp::fast_open_cookie(fast_open_keys(listener).key, syn.remote.address, syn.local.address);
    c.transfer->cookie.experimental = syn.options.fast_open->experimental;
  }
  c.state = tcp::State::syn_received;
  c.irs = syn.seq;
  c.rcv_nxt = c.last_ack_sent = syn.seq + 1;
  c.rcv_edge = c.rcv_nxt + syn_window(listener);
  c.snd_wnd = c.max_snd_wnd = syn.window;
  c.snd_wl1 = syn.seq;
  c.snd_wl2 = iss;
  c.ts_offset = tcp::timestamp_offset(secrets.timestamp, c.local, c.remote);
  if (agreed.timestamps) c.ts_recent = syn.options.timestamps->value;
  c.ts_recent_at = now;
  // Of ECN no more than RFC 3168 knows: the counters of RFC 9768 begin with the handshake's end.
  tcp::Negotiated taken = agreed;
  if (tcp::answer_to_syn(config.tcp.ecn, syn.flags) != tcp::FeedbackMode::none) {
    taken.feedback = tcp::FeedbackMode::classic;
  }
  tcp::adopt(c, taken, ctx);
  tcp::decide(c, Reason::state_fast_open, ctx, static_cast<std::uint32_t>(tcp::State::listen),
              static_cast<std::uint32_t>(tcp::State::syn_received));

  ++listener.fast_open_pending;
  ++listener.accepted;
  listener.accept_queue.push_back(
      [this](std::uint32_t i) -> ListLink& { return connections[i].queue_link; }, fresh);
  note_ready(tagged(Kind::listener, number), readiness(listener), listener.ready_mask, true);
  static_cast<void>(tcp::process_text(c, syn, ctx));
  c.syn_data_acked = c.rcv_nxt != syn.seq + 1;
  settle(fresh);
  return true;
}

void Stack::Core::settle_fast_open(tcp::Connection& c) noexcept {
  if (c.state != tcp::State::closed && c.syn_outstanding()) return;
  const Handle handle = std::exchange(c.fast_open_listener, Handle{});
  tcp::Listener* listener = listeners.find(handle.index, handle.generation);
  if (listener != nullptr) --listener->fast_open_pending;
}

void Stack::Core::send_syn_ack(std::uint32_t index, Reason why) noexcept {
  const tcp::SynEntry& entry = half_open[index];
  const tcp::Listener& listener = listeners[entry.listener];
  const Endpoint remote = entry.remote();
  const auto interface = static_cast<InterfaceId>(entry.interface);
  const tcp::Offer offer =
      tcp::make_offer(config.tcp, remote.address.family(), mtu_towards(interface, remote.address),
                      listener.options.mss, tcp::most_receive_buffer(listener.options, config.tcp));
  tcp::Context ctx = context();
  const tcp::Reply both = tcp::syn_ack(entry, local_of(entry), offer, syn_window(listener),
                                       fast_open_keys(listener).key, why, ctx);
  if (config.tcp.ablation.without(tcp::Mechanism::joined_syn_ack)) {
    reply(bare_ack(both));  // "your sequence number is X" on its own (section 3.4.1, step 2)
  }
  reply(both);
}

void Stack::Core::drop_syn_entry(std::uint32_t index, Reason why) noexcept {
  const tcp::SynEntry& entry = half_open[index];
  const auto to = why == Reason::state_syn_received_timeout || why == Reason::state_listener_closed
                      ? tcp::State::closed
                      : tcp::State::listen;
  decisions.make(why, decisions.frame(), entry.number, {},
                 static_cast<std::uint32_t>(tcp::State::syn_received),
                 static_cast<std::uint32_t>(to));
  --listeners[entry.listener].half_open;
  tuples.erase(hash(local_of(entry), entry.remote()), tagged(Kind::syn_entry, index));
  half_open.remove(index);
}

// RFC 9293 section 3.10.7.4 for SYN-RECEIVED from a listener. Returns the connection that it has
// become; kNone: none.
std::uint32_t Stack::Core::meet_syn_entry(std::uint32_t index,
                                          const tcp::Segment& segment) noexcept {
  const tcp::SynEntry entry = half_open[index];
  tcp::Listener& listener = listeners[entry.listener];
  tcp::TcbView view = tcp::view_of(entry, syn_window(listener));
  view.timestamps_required = config.tcp.timestamps_required;
  const tcp::Verdict verdict = tcp::check_segment(view, segment, now, config.tcp.ablation);
  if (!verdict.proceeds()) {
    decisions.make(verdict.why, decisions.frame(), entry.number, {});
    switch (verdict.next) {
      case tcp::Next::back_to_listen:
      case tcp::Next::reset_connection:
        drop_syn_entry(index, Reason::state_reset_received);
        break;
      case tcp::Next::reset_peer:
        reset_stray(segment, verdict.why);
        break;
      case tcp::Next::repeat_syn_ack:
        if ((segment.flags & tcp::kAceFlags) == 0) half_open[index].fell_back = true;
        send_syn_ack(index, verdict.why);
        break;
      case tcp::Next::drop_and_ack:
      case tcp::Next::challenge: {
        // One for each SYN-ACK sent. A peer in TIME-WAIT, to which this acknowledgment is as
        // foreign as its own was to us, answers it in turn, and the two would go on for as long as
        // the entry and the TIME-WAIT last (found by the exploration, docs/exploration.md).
        if (half_open[index].out_of_window) break;
        half_open[index].out_of_window = true;
        if (!reply_limit.allow(now)) break;
        tcp::Context ctx = context();
        tcp::Reply ack = bare_ack(tcp::syn_ack(entry, segment.local, {}, syn_window(listener), {},
                                               Reason::send_ack_unacceptable, ctx));
        ack.seq = entry.iss + 1;
        reply(ack);
        break;
      }
      default:
        break;
    }
    return kNone;
  }
  // TCP_DEFER_ACCEPT: an ACK alone brings nothing to do; data will come, or the SYN-ACK again.
  if (entry.retries < listener.options.defer_accept && segment.data_size == 0 && !segment.fin()) {
    half_open[index].answered = true;
    decisions.make(Reason::accept_deferred, decisions.frame(), entry.number, {});
    return kNone;
  }
  if (listener.accept_queue.size >= listener.backlog) {
    // Nothing is lost: the SYN-ACK comes again, and the peer's ACK with it (REQUIREMENTS A8).
    ++listener.overflows;
    decisions.make(Reason::accept_queue_full, decisions.frame(), entry.number, {});
    return kNone;
  }
  return promote(index, segment);
}

// The third segment makes a half-open entry a connection; the segment itself is then the
// connection's first.
std::uint32_t Stack::Core::promote(std::uint32_t index, const tcp::Segment& segment) noexcept {
  const tcp::SynEntry entry = half_open[index];
  tcp::Listener& listener = listeners[entry.listener];
  const std::uint32_t fresh = new_connection(
      segment.local, segment.remote, static_cast<InterfaceId>(entry.interface), listener.options);
  if (fresh == kNone) return kNone;  // the entry stays: there may be room when the ACK is repeated
  tcp::Connection& c = connections[fresh];
  tcp::Context ctx = context();
  c.iss = c.snd_una = c.snd_nxt = c.snd_small = entry.iss;
  tcp::SentRange syn;
  // A SYN-ACK that was repeated gives no sample (Karn); otherwise it was sent when the entry last
  // waited.
  syn.transmissions = entry.retries == 0 ? 1 : 2;
  syn.sent_at = std::min(tcp::sent_time(entry, now), now);
  const tcp::Negotiated agreed = tcp::agreed(entry);
  const bool accurate = agreed.feedback == tcp::FeedbackMode::accurate;
  if (!tcp::ensure_transfer(c, ctx) || !c.transfer->sent.sent(entry.iss, 1, syn) ||
      (accurate && !c.acc_ecn.ensure(memory))) {
    decisions.make(Reason::no_memory, decisions.frame(), entry.number, {});
    destroy(fresh);
    return kNone;
  }
  half_open.remove(index);
  --listener.half_open;
  tuples.erase(c.hash, tagged(Kind::syn_entry, index));
  // Something was just taken out: there is room.
  c.in_table = tuples.insert(c.hash, tagged(Kind::connection, fresh));

  c.number = entry.number;
  c.passive = true;
  c.listener = entry.listener;
  c.state = tcp::State::syn_received;
  c.snd_nxt = entry.iss + 1;
  c.send_front = entry.iss + 1;
  c.irs = entry.irs;
  c.rcv_nxt = entry.irs + 1;
  c.rcv_edge = c.rcv_nxt + syn_window(listener);
  c.last_ack_sent = c.rcv_nxt;
  c.ts_recent = entry.ts_recent;
  c.ts_recent_at = now;
  c.ts_offset = tcp::timestamp_offset(secrets.timestamp, c.local, c.remote);
  c.syn_lost = entry.retries > 0;
  if (accurate && entry.fell_back) c.acc_ecn->handshake_fell_back();
  tcp::adopt(c, agreed, ctx);
  listener.accept_queue.push_back(
      [this](std::uint32_t i) -> ListLink& { return connections[i].queue_link; }, fresh);
  ++listener.accepted;
  note_ready(tagged(Kind::listener, c.listener), readiness(listener), listener.ready_mask, true);
  tcp::input(c, segment, ctx);
  return fresh;
}

void Stack::Core::meet_time_wait(std::uint32_t index, const tcp::Segment& segment) noexcept {
  const Duration two_msl = tcp::time_wait_length(config.tcp);
  tcp::TimeWaitRecord& record = time_waits[index];
  tcp::TcbView view = tcp::view_of(record, two_msl);
  view.timestamps_required = config.tcp.timestamps_required;
  if (reopen_time_wait(view, tagged(Kind::time_wait, index), segment)) return;
  const tcp::Verdict verdict = tcp::check_segment(view, segment, now, config.tcp.ablation);
  tcp::Context ctx = context();
  switch (verdict.next) {
    case tcp::Next::repeat_fin_ack:
      time_waits.restart(index, saturating_add(now, two_msl));
      reply(tcp::time_wait_ack(record, Reason::send_time_wait_ack, ctx));
      return;
    case tcp::Next::drop_and_ack:
    case tcp::Next::challenge:
      decisions.make(verdict.why, decisions.frame(), record.number, {});
      if (reply_limit.allow(now)) {
        reply(tcp::time_wait_ack(record,
                                 verdict.next == tcp::Next::challenge
                                     ? Reason::send_challenge_ack
                                     : Reason::send_ack_unacceptable,
                                 ctx));
      }
      return;
    case tcp::Next::proceed:
      // "Sixth: URG, should not occur; seventh: text is ignored" (section 3.10.7.4).
      decisions.make(Reason::time_wait_old_duplicate, decisions.frame(), record.number, {});
      return;
    default:
      decisions.make(verdict.why, decisions.frame(), record.number, {});
      return;
  }
}

// RFC 6191: a SYN that is newer than everything of the old connection ends TIME-WAIT, when somebody
// listens.
bool Stack::Core::reopen_time_wait(const tcp::TcbView& view, std::uint32_t tagged_index,
                                   const tcp::Segment& segment) noexcept {
  if (!config.tcp.time_wait_reuse || !tcp::may_reopen(view, segment, config.tcp)) return false;
  const std::uint32_t listener = find_listener(segment.local, hash(segment.local, segment.remote));
  if (listener == kNone) return false;
  const SeqNumber least_iss = view.snd_nxt + 1;
  const std::uint32_t index = index_of(tagged_index);
  if (kind_of(tagged_index) == Kind::time_wait) {
    const tcp::TimeWaitRecord& record = time_waits[index];
    decisions.make(Reason::state_time_wait_reuse, decisions.frame(), record.number, {},
                   static_cast<std::uint32_t>(tcp::State::time_wait),
                   static_cast<std::uint32_t>(tcp::State::closed));
    tuples.erase(hash(record.local, record.remote), tagged_index);
    time_waits.remove(index);
  } else {
    tcp::Context ctx = context();
    tcp::end(connections[index], tcp::EndReason::orderly, Reason::state_time_wait_reuse, ctx);
    settle(index);
  }
  meet_listener(listener, segment, least_iss);
  return true;
}

void Stack::Core::expire_half_open() noexcept {
  for (std::uint32_t index = half_open.due(config.tcp, now); index != kNone;
       index = half_open.due(config.tcp, now)) {
    const tcp::SynEntry& entry = half_open[index];
    // A peer that has answered is not asked again before it is the last time (defer_accept).
    const std::uint8_t deferred =
        entry.answered ? listeners[entry.listener].options.defer_accept : 0;
    const bool ends = !config.tcp.ablation.without(tcp::Mechanism::half_open_timeout);
    // Further the entry does not count: with a larger limit it would never end.
    const std::uint8_t most =
        std::min(std::max(config.tcp.syn_ack_retries, deferred), tcp::SynQueue::kMostRetries);
    if (ends && entry.retries >= most) {
      drop_syn_entry(index, Reason::state_syn_received_timeout);
      continue;
    }
    const bool asks = entry.retries + 1 >= deferred &&
                      !config.tcp.ablation.without(tcp::Mechanism::retransmission);
    half_open.sent_again(index, now);
    if (!asks) continue;
    send_syn_ack(index, Reason::retransmit_syn_ack);
  }
}

void Stack::Core::expire_time_wait() noexcept {
  while (time_waits.next_deadline() <= now) {
    const std::uint32_t index = time_waits.oldest();
    const tcp::TimeWaitRecord& record = time_waits[index];
    decisions.make(Reason::state_time_wait_over, FrameId::none, record.number, {},
                   static_cast<std::uint32_t>(tcp::State::time_wait),
                   static_cast<std::uint32_t>(tcp::State::closed));
    tuples.erase(hash(record.local, record.remote), tagged(Kind::time_wait, index));
    time_waits.remove(index);
  }
}

}  // namespace bowline::inline v0
