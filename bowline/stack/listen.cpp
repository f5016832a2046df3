// What meets a listener or a half-open entry: everything before a connection has a TCB.

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

bool Stack::Core::is_full(const tcp::Listener& listener) const noexcept {
  return listener.half_open >= listener.syn_backlog || half_open.full();
}

bool Stack::Core::can_open(const tcp::Listener& listener, const IpAddress& remote) const noexcept {
  return !is_full(listener) && !hoards_half_open(remote) &&
         listener.accept_queue.size < listener.backlog;
}

tcp::Offer Stack::Core::offer_of(const tcp::Listener& listener, InterfaceId interface,
                                 const IpAddress& remote) const noexcept {
  return tcp::make_offer(config.tcp, remote.family(), mtu_towards(interface, remote),
                         listener.options.mss,
                         tcp::most_receive_buffer(listener.options, config.tcp));
}

// RFC 9293 section 3.10.7.2: LISTEN.
void Stack::Core::meet_listener(std::uint32_t number, const tcp::Segment& segment,
                                std::optional<SeqNumber> least_iss) noexcept {
  tcp::Listener& listener = listeners[number];
  // First: a RST for nothing. Second: an ACK for nothing.
  if (segment.rst()) return decisions.make(Reason::tcp_reset_ignored);
  if (segment.has_ack()) {
    if (take_cookie(number, segment)) return;
    if (may_be_turned_away(listener, segment)) return decisions.make(Reason::cookie_turned_away);
    note_probe(segment, segment.flags);
    return reset_stray(segment, Reason::send_rst_listen_ack);
  }
  // Fourth: anything but a SYN. A FIN beside it is as good as nothing: nobody opens and ends at
  // once.
  if (!segment.syn()) {
    note_probe(segment, segment.flags);
    return decisions.make(Reason::listen_no_syn);
  }
  if (segment.fin()) return decisions.make(Reason::tcp_bad_flags);

  // Third: the SYN.
  const bool queue_full = is_full(listener);
  const bool full = queue_full || hoards_half_open(segment.remote.address);
  const bool accept_full = listener.accept_queue.size >= listener.backlog;
  if (full || accept_full) ++listener.overflows;
  const bool cookie = full || config.tcp.syn_cookies == tcp::SynCookies::always;
  if (cookie) note_flood(listener, segment.remote.address);
  const Reason why_full = queue_full ? Reason::syn_queue_full : Reason::source_half_open;
  if (full && config.tcp.syn_cookies == tcp::SynCookies::never) return decisions.make(why_full);
  // A handshake that could not be accepted is better not begun: the peer asks again.
  if (accept_full) return decisions.make(Reason::accept_queue_full);
  const Family family = segment.remote.address.family();
  const tcp::Offer offer = offer_of(listener, segment.interface, segment.remote.address);
  const tcp::Negotiated agreed = tcp::negotiate(config.tcp, family, offer, segment.options);

  const bool takes_part = config.tcp.fast_open.server && listener.options.fast_open_backlog > 0;
  const tcp::FastOpenSyn fast =
      takes_part ? tcp::judge_fast_open(segment, config.tcp, fast_open_keys(listener))
                 : tcp::FastOpenSyn::plain;
  const bool outdated = fast == tcp::FastOpenSyn::outdated;
  if ((fast == tcp::FastOpenSyn::valid || outdated) &&
      open_fast(number, segment, agreed, first_number(segment, least_iss), outdated)) {
    return;
  }
  if (cookie && answer_by_cookie(number, segment, agreed, offer, least_iss)) return;
  if (full) return decisions.make(why_full);
  tcp::SynEntry entry = entry_for(number, segment, agreed, first_number(segment, least_iss));
  entry.give_cookie = fast == tcp::FastOpenSyn::asks;
  entry.cookie_experimental = entry.give_cookie && segment.options.fast_open->experimental;
  keep_entry(entry, segment, agreed.mss_raised);
}

SeqNumber Stack::Core::first_number(const tcp::Segment& syn,
                                    std::optional<SeqNumber> least) const noexcept {
  const SeqNumber iss =
      tcp::initial_sequence(secrets.isn, syn.local, syn.remote, now, config.tcp.ablation);
  // MAY-2: after TIME-WAIT the new numbers must lie beyond all old ones.
  return least && before(iss, *least) ? *least : iss;
}

void Stack::Core::keep_entry(tcp::SynEntry entry, const tcp::Segment& syn,
                             bool mss_raised) noexcept {
  entry.number = next_number++;
  const std::uint32_t index = half_open.add(entry, now);
  const bool counted = index != kNone && sources.add(syn.remote.address, ip::Holding::half_open);
  if (!counted || !tuples.insert(syn.flow, tagged(Kind::syn_entry, index))) {
    if (counted) sources.remove(syn.remote.address, ip::Holding::half_open);
    if (index != kNone) half_open.remove(index);
    return decisions.make(Reason::no_memory);
  }
  tcp::Listener& listener = listeners[entry.listener];
  ++listener.half_open;
  // So full a queue gives its entries little time, and need never be quite full for that (RFC 4987
  // section 3.3): a flood is to be seen from here on.
  if (tcp::is_crowded(listener.half_open, listener.syn_backlog)) {
    note_flood(listener, syn.remote.address);
  }
  decisions.make(Reason::state_syn_received, decisions.frame(), entry.number, {},
                 static_cast<std::uint32_t>(tcp::State::listen),
                 static_cast<std::uint32_t>(tcp::State::syn_received));
  if (mss_raised) decisions.make(Reason::mss_raised, decisions.frame(), entry.number, {});
  // Data on a SYN is not kept: the peer repeats it (REQUIREMENTS A4; Fast Open is a matter of its
  // own).
  const bool believe = config.tcp.ablation.without(tcp::Mechanism::third_segment);
  if (syn.data_size > 0 && !believe) {
    decisions.make(Reason::syn_data_refused, decisions.frame(), entry.number, {});
  }
  send_syn_ack(index, Reason::send_syn_ack);
  if (believe) believe_syn(index, syn);
}

tcp::SynEntry Stack::Core::entry_for(std::uint32_t listener, const tcp::Segment& syn,
                                     const tcp::Negotiated& agreed, SeqNumber iss) const noexcept {
  tcp::SynEntry entry;
  entry.remote_address = syn.remote.address.raw();
  entry.remote_port = syn.remote.port;
  entry.ipv6 = syn.remote.address.family() == Family::ipv6;
  entry.local_port = syn.local.port;
  entry.local_address =
      static_cast<std::uint16_t>(ip::find_local(syn.local.address, local_addresses()));
  entry.interface = static_cast<std::uint8_t>(syn.interface);
  entry.listener = listener;
  entry.irs = syn.seq;
  entry.iss = iss;
  entry.peer_mss = agreed.peer_mss;
  entry.snd_shift = agreed.snd_shift & 15U;
  entry.rcv_shift = agreed.rcv_shift & 15U;
  entry.window_scaling = agreed.window_scaling;
  entry.timestamps = agreed.timestamps;
  entry.sack = agreed.sack;
  entry.feedback = tcp::answer_to_syn(config.tcp.ecn, syn.flags);
  entry.syn_ecn = static_cast<tcp::IpEcn>(syn.ecn & wire::kEcnMask);
  if (agreed.timestamps) entry.ts_recent = syn.options.timestamps->value;
  return entry;
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

void Stack::Core::send_syn_ack(std::uint32_t index, Reason why) noexcept {
  const tcp::SynEntry& entry = half_open[index];
  const tcp::Listener& listener = listeners[entry.listener];
  const Endpoint remote = entry.remote();
  const auto interface = static_cast<InterfaceId>(entry.interface);
  const tcp::Offer offer = offer_of(listener, interface, remote.address);
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
  sources.remove(entry.remote().address, ip::Holding::half_open);
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
        if (segment.rst()) note_probe(segment, wire::kSyn);  // a SYN scan of an open port
        drop_syn_entry(index,
                       segment.rst() ? Reason::state_reset_received : Reason::state_syn_in_window);
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
        if (!reply_limit.allow(segment.remote.address, now)) break;
        tcp::Context ctx = context();
        tcp::Reply ack = bare_ack(tcp::syn_ack(entry, segment.local, {}, syn_window(listener), {},
                                               Reason::send_ack_unacceptable, ctx));
        ack.seq = entry.iss + 1;
        // As in TIME-WAIT (stack/time_wait.cpp): it must not be longer than what draws it.
        if (!segment.options.timestamps) ack.options.timestamps.reset();
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
  // A SYN-ACK that was repeated gives no sample (Karn).
  const std::uint32_t fresh = connection_of(entry, segment, entry.retries == 0);
  if (fresh == kNone) return kNone;  // the entry stays: there may be room when the ACK is repeated
  tcp::Connection& c = connections[fresh];
  half_open.remove(index);
  sources.remove(segment.remote.address, ip::Holding::half_open);
  --listeners[entry.listener].half_open;
  tuples.erase(c.hash, tagged(Kind::syn_entry, index));
  // Something was just taken out: there is room.
  c.in_table = tuples.insert(c.hash, tagged(Kind::connection, fresh));
  hand_up(fresh, segment);
  return fresh;
}

std::uint32_t Stack::Core::connection_of(const tcp::SynEntry& entry, const tcp::Segment& segment,
                                         bool measured) noexcept {
  tcp::Listener& listener = listeners[entry.listener];
  const std::uint32_t fresh =
      new_passive_connection(listener, segment, static_cast<InterfaceId>(entry.interface));
  if (fresh == kNone) return kNone;
  tcp::Connection& c = connections[fresh];
  tcp::Context ctx = context();
  c.iss = c.snd_una = c.snd_nxt = c.snd_small = entry.iss;
  tcp::SentRange syn;
  syn.transmissions = measured ? 1 : 2;
  // It was sent when the entry last waited.
  syn.sent_at = measured ? std::min(tcp::sent_time(entry, now), now) : now;
  const tcp::Negotiated agreed = tcp::agreed(entry);
  const bool accurate = agreed.feedback == tcp::FeedbackMode::accurate;
  if (!tcp::ensure_transfer(c, ctx) || !c.transfer->sent.sent(entry.iss, 1, syn) ||
      (accurate && !c.acc_ecn.ensure(memory))) {
    decisions.make(Reason::no_memory, decisions.frame(), entry.number, {});
    destroy(fresh);
    return kNone;
  }
  c.number = entry.number;
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
  c.ts_offset = tcp::timestamp_offset(secrets.tuple, c.local, c.remote);
  c.syn_lost = entry.retries > 0;
  if (accurate && entry.fell_back) c.acc_ecn->handshake_fell_back();
  tcp::adopt(c, agreed, ctx);
  return fresh;
}

void Stack::Core::queue_for_accept(std::uint32_t fresh) noexcept {
  const std::uint32_t number = connections[fresh].listener;
  tcp::Listener& listener = listeners[number];
  listener.accept_queue.push_back(
      [this](std::uint32_t i) -> ListLink& { return connections[i].queue_link; }, fresh);
  ++listener.accepted;
  note_ready(tagged(Kind::listener, number), readiness(listener), listener.ready_mask, true);
}

void Stack::Core::hand_up(std::uint32_t fresh, const tcp::Segment& segment) noexcept {
  tcp::Connection& c = connections[fresh];
  tcp::Context ctx = context();
  queue_for_accept(fresh);
  listeners[c.listener].flood.finished();
  tcp::input(c, segment, ctx);
}

void Stack::Core::expire_half_open() noexcept {
  for (std::uint32_t index = half_open.due(config.tcp, now); index != kNone;
       index = half_open.due(config.tcp, now)) {
    const tcp::SynEntry& entry = half_open[index];
    // A peer that has answered is not asked again before it is the last time (defer_accept).
    const std::uint8_t deferred =
        entry.answered ? listeners[entry.listener].options.defer_accept : 0;
    const bool ends = !config.tcp.ablation.without(tcp::Mechanism::half_open_timeout);
    const tcp::Listener& listener = listeners[entry.listener];
    const std::uint8_t repeats =
        tcp::syn_ack_repeats(config.tcp, listener.half_open, listener.syn_backlog);
    // Further the entry does not count: with a larger limit it would never end.
    const std::uint8_t most = std::min(std::max(repeats, deferred), tcp::SynQueue::kMostRetries);
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

}  // namespace bowline::inline v0
