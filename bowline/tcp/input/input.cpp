// RFC 9293 section 3.10.7: SEGMENT ARRIVES, for a connection.

#include "bowline/tcp/input/input.hpp"
#include "bowline/tcp/feedback.hpp"

namespace bowline::inline v0::tcp {
namespace {

// Somebody who does not know our numbers guesses at them; or somebody who does, and so is the peer,
// acknowledges what he cannot have. Such segments are answered as ever: many of them are told of.
void suspect(Connection& c, const Verdict& verdict, const Segment& segment,
             Context& context) noexcept {
  const bool by_peer = verdict.why == Reason::ack_of_unsent && segment.seq == c.rcv_nxt;
  if (by_peer) {
    if (c.suspicion.lied(context.now)) decide(c, Reason::alarm_optimistic_ack, context);
  } else if (c.suspicion.guessed(context.now)) {
    decide(c, Reason::alarm_blind_attack, context);
  }
}

// The probe of section 3.8.4, <SEQ=SND.NXT-1>: only the true peer knows that number.
bool is_keepalive(const Connection& c, const Segment& segment) noexcept {
  return segment.len() == 0 && segment.has_ack() && segment.seq + 1 == c.rcv_nxt &&
         at_or_after(segment.ack, c.snd_una) && at_or_before(segment.ack, c.snd_nxt);
}

// What a step said instead of "proceed" is done.
void carry_out(Connection& c, const Verdict& verdict, const Segment& segment,
               Context& context) noexcept {
  if (verdict.next != Next::reset_connection) decide(c, verdict.why, context);
  switch (verdict.next) {
    case Next::proceed:
    case Next::drop:
      if (segment.rst() && verdict.why == Reason::seq_out_of_window)
        suspect(c, verdict, segment, context);
      break;
    case Next::drop_and_ack:
      // Data and FINs are always answered, or a retransmission would starve; bare ACKs within the
      // limit, or two confused peers would acknowledge each other for ever; and SYNs, which are
      // challenged wherever they lie (RFC 5961 section 4.2). A keepalive is no bare ACK: a forger
      // who uses the limit up must not make the peer believe that we are gone.
      if (segment.syn()) suspect(c, verdict, segment, context);
      if (segment.len() > 0 && !segment.syn()) {
        note_duplicate(c, segment.data_seq(), segment.data_seq() + segment.data_size);
        request_ack(c, Reason::send_ack_unacceptable);
        start_quick_acks(c, context.settings);
      } else if (is_keepalive(c, segment)) {
        request_ack(c, Reason::send_ack_unacceptable);
      } else {
        request_challenge_ack(c, context);
      }
      break;
    case Next::challenge:
      suspect(c, verdict, segment, context);
      // RFC 5961 section 5 has these answered. In ESTABLISHED Linux has long let an ACK of what was
      // never sent go without a word (tcp_rcv_established()), and what was written for it expects
      // no answer. (Its latest versions do answer: 6.18.44 does.)
      if (verdict.why == Reason::ack_of_unsent && c.state == State::established &&
          context.settings.profile == Profile::linux) {
        break;
      }
      request_challenge_ack(c, context);
      break;
    case Next::repeat_syn_ack:
      c.transfer->sent.mark_all_lost();
      break;
    case Next::repeat_fin_ack:
      c.timers.set(Timer::ending, saturating_add(context.now, time_wait_length(context.settings)));
      request_ack(c, Reason::send_time_wait_ack);
      break;
    case Next::reset_peer:
      context.replies.reply(reset_for(segment, verdict.why));
      break;
    case Next::reset_connection:
    case Next::back_to_listen:
      // (An application may hold it already, which RFC 7413 let it have; it was not refused.)
      if (c.state == State::syn_received && c.fast_open != FastOpenRole::accepted) {
        end(c, EndReason::refused, Reason::state_refused, context);
      } else {
        end(c, EndReason::reset, Reason::state_reset_received, context);
      }
      break;
  }
}

}  // namespace

TcbView view_of(const Connection& c) noexcept {
  TcbView view;
  view.state = c.state;
  // What Fast Open has made has an application: a new SYN does not unmake it (RFC 5961 section 4).
  view.passive = c.passive && c.fast_open != FastOpenRole::accepted;
  view.irs = c.irs;
  view.rcv_nxt = c.rcv_nxt;
  view.rcv_wnd = c.rcv_wnd();
  view.snd_una = c.snd_una;
  view.snd_nxt = c.snd_nxt;
  view.max_snd_wnd = c.max_snd_wnd;
  view.timestamps = c.timestamps;
  view.ts_recent = c.ts_recent;
  view.ts_recent_at = c.ts_recent_at;
  return view;
}

void input(Connection& c, const Segment& segment, Context& context) noexcept {
  ++c.segments_received;
  if (segment.data_size > 0) {
    ++c.tally.data_segments_received;
    c.tally.data_received_at = context.now;
  }
  if (segment.has_ack()) c.tally.ack_received_at = context.now;
  if (!input_fast(c, segment, context)) input_slowly(c, segment, context);
}

void input_slowly(Connection& c, const Segment& segment, Context& context) noexcept {
  if (c.state == State::closed) return;
  if (c.state == State::syn_sent) return input_syn_sent(c, segment, context);

  TcbView view = view_of(c);
  view.timestamps_required = context.settings.timestamps_required;
  const Verdict verdict = check_segment(view, segment, context.now, context.settings.ablation);
  if (!verdict.proceeds()) return carry_out(c, verdict, segment, context);
  c.last_received_at = context.now;
  c.probes = 0;
  update_ts_recent(c, segment, context.now);
  note_marks(c, segment);

  if (c.state == State::syn_received) {
    establish(c, segment, Reason::state_handshake_done, context);
    // The SYN of a SYN-ACK in a simultaneous open came before: Linux says so.
    if (segment.syn() && context.settings.profile == Profile::linux) {
      note_duplicate(c, segment.seq, segment.seq + 1);
      request_ack(c, Reason::send_ack_unacceptable);
    }
  }
  process_ack(c, segment, context);
  if (c.state == State::closed) return;
  process_urgent(c, segment);
  if (!process_text(c, segment, context)) return;
  process_fin(c, segment, context);
}

void update_ts_recent(Connection& c, const Segment& segment, Time now) noexcept {
  if (!c.timestamps || !segment.options.timestamps) return;
  const std::uint32_t value = segment.options.timestamps->value;
  const bool newer = static_cast<std::int32_t>(value - c.ts_recent) >= 0;
  const bool outdated = now - c.ts_recent_at >= 24 * 24h;
  if ((newer || outdated) && at_or_before(segment.seq, c.last_ack_sent)) {
    c.ts_recent = value;
    c.ts_recent_at = now;
  }
}

}  // namespace bowline::inline v0::tcp
