// RFC 9293 section 3.10.7.4, fifth: what an acknowledgment does. With RFC 5681 and 6582 (duplicate
// ACKs, recovery), RFC 6298 (samples and the timer) and the states that wait for our FIN's
// acknowledgment.

#include <algorithm>

#include "bowline/tcp/input/input.hpp"

namespace bowline::inline v0::tcp {
namespace {

// RFC 6298 section 3 (Karn): a number sent twice gives no sample, unless the peer's echo says which
// of the two it was.
void sample_rtt(Connection& c, const Segment& segment, const AckedRanges& acked) noexcept {
  if (!acked.any_retransmitted) {
    c.rtt.sample(std::max(segment.arrival - acked.latest_sent_at, Duration::zero()));
  } else if (c.timestamps && segment.options.timestamps && segment.options.timestamps->echo != 0) {
    const std::uint32_t sent = segment.options.timestamps->echo - c.ts_offset;
    const std::uint32_t elapsed = timestamp_clock(segment.arrival) - sent;
    constexpr std::uint32_t kPlausible = 600'000;  // ms; a lying echo must not set the timer
    if (elapsed < kPlausible) c.rtt.sample(elapsed * Duration(1ms));
  }
}

void release_acknowledged(Connection& c, SeqNumber ack) noexcept {
  if (!after(ack, c.send_front)) return;
  Transfer& transfer = *c.transfer;
  const std::uint32_t count = std::min(distance(c.send_front, ack), transfer.send.size());
  transfer.send.release(count);
  c.send_front += count;
}

// RFC 6298 5.2 and 5.3: everything acknowledged, off; something, on anew.
void restart_timers(Connection& c, Context& context) noexcept {
  c.retransmits = 0;
  if (c.snd_una == c.snd_nxt) {
    c.timers.cancel(Timer::retransmit);
    c.outstanding_since = kNever;
  } else {
    c.timers.set(Timer::retransmit, saturating_add(context.now, rto(c, context.settings)));
    c.outstanding_since = context.now;
  }
}

void enter_recovery(Connection& c, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  const std::uint32_t before_loss = c.congestion.cwnd();
  const std::uint32_t in_flight = transfer.sent.in_network();
  c.congestion.lost(in_flight);
  transfer.recovery.enter(c.snd_nxt, in_flight, c.congestion.ssthresh());
  static_cast<void>(transfer.sent.mark_first_lost(c.snd_mss));
  c.loss_reason = Reason::retransmit_fast;
  decide(c, Reason::cwnd_fast_recovery, context, before_loss, c.congestion.ssthresh());
}

// What is thought to be in the network: without SACK each duplicate ACK stands for a segment that
// has left it.
std::uint32_t pipe(const Connection& c) noexcept {
  const std::uint32_t in_network = c.transfer->sent.in_network();
  if (c.sack) return in_network;
  return in_network - std::min(in_network, std::uint32_t{c.dup_acks} * c.snd_mss);
}

// A duplicate ACK as RFC 5681 section 2 defines it: nothing new in it, data outstanding, the window
// unchanged.
bool is_duplicate(const Connection& c, const Segment& segment) noexcept {
  // The answers to window probes look the same and mean nothing of the kind.
  return segment.ack == c.snd_una && c.snd_una != c.snd_nxt && segment.len() == 0 &&
         c.snd_wnd != 0 && (static_cast<std::uint32_t>(segment.window) << c.snd_shift) == c.snd_wnd;
}

std::uint32_t note_sacks(Connection& c, const Segment& segment) noexcept {
  if (!c.sack) return 0;
  std::uint32_t newly = 0;
  for (const wire::SackBlock& block : segment.options.sack_blocks()) {
    // Blocks outside what is outstanding are lies, or D-SACKs (RFC 2883): neither marks anything.
    if (!before(block.left, block.right) || before(block.left, c.snd_una) ||
        after(block.right, c.snd_nxt)) {
      continue;
    }
    newly += c.transfer->sent.mark_sacked(block.left, block.right);
  }
  c.delivered += newly;
  return newly;
}

void on_duplicate(Connection& c, std::uint32_t newly_sacked, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  if (c.dup_acks < 255) ++c.dup_acks;
  if (transfer.recovery.active()) {
    const std::uint32_t delivered = c.sack ? newly_sacked : c.snd_mss;
    transfer.recovery.acked(delivered, pipe(c), c.snd_mss, false);
    return;
  }
  // RFC 5681 section 3.2 step 2, RFC 6582 section 3.2 step 2: not again for what a recovery or a
  // timeout already covers.
  if (c.dup_acks >= context.settings.duplicate_ack_threshold &&
      at_or_after(c.snd_una, transfer.recovery.point())) {
    enter_recovery(c, context);
  }
}

void on_progress_in_recovery(Connection& c, const AckedRanges& acked, std::uint32_t newly_sacked,
                             Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  if (at_or_after(c.snd_una, transfer.recovery.point())) {
    transfer.recovery.leave(transfer.recovery.point());
    c.dup_acks = 0;
    const std::uint32_t until_now = c.congestion.cwnd();
    c.congestion.recovered();
    decide(c, Reason::cwnd_recovered, context, until_now, c.congestion.cwnd());
    return;
  }
  // A partial ACK: the segment after it is lost, too (RFC 6582 section 3.2 step 5).
  static_cast<void>(transfer.sent.mark_first_lost(c.snd_mss));
  c.loss_reason = Reason::retransmit_partial_ack;
  const std::uint32_t counted = c.sack ? 0 : std::uint32_t{c.dup_acks} * c.snd_mss;
  const std::uint32_t delivered =
      acked.newly_delivered > counted ? acked.newly_delivered - counted : 0;
  c.dup_acks -= static_cast<std::uint8_t>(
      std::min<std::uint32_t>(c.dup_acks, acked.bytes / std::max<std::uint32_t>(c.snd_mss, 1)));
  transfer.recovery.acked(delivered + newly_sacked, pipe(c), c.snd_mss, true);
}

void on_new_ack(Connection& c, const Segment& segment, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  const std::uint32_t in_flight = transfer.sent.in_network();
  const AckedRanges acked = transfer.sent.acknowledge(segment.ack);
  c.snd_una = segment.ack;
  c.delivered += acked.newly_delivered;
  release_acknowledged(c, segment.ack);
  sample_rtt(c, segment, acked);
  const std::uint32_t newly_sacked = note_sacks(c, segment);
  restart_timers(c, context);
  if (c.urgent_send && at_or_after(c.snd_una, c.snd_up)) c.urgent_send = false;

  if (transfer.recovery.active()) {
    on_progress_in_recovery(c, acked, newly_sacked, context);
    return;
  }
  c.dup_acks = 0;
  const std::uint32_t cwnd = c.congestion.cwnd();
  const bool limited =
      cwnd < c.congestion.ssthresh() ? in_flight >= cwnd / 2 : in_flight + 2U * c.snd_mss >= cwnd;
  c.congestion.acked({context.now, acked.newly_delivered, in_flight, limited});
}

// The states that wait for the acknowledgment of our FIN.
void on_fin_acknowledged(Connection& c, Context& context) noexcept {
  switch (c.state) {
    case State::fin_wait_1:
      set_state(c, State::fin_wait_2, Reason::state_fin_acked, context);
      if (c.orphan) {
        c.timers.set(Timer::ending, saturating_add(context.now, context.settings.fin_wait_2));
      }
      break;
    case State::closing:
      set_state(c, State::time_wait, Reason::state_fin_acked, context);
      break;
    case State::last_ack:
      end(c, EndReason::orderly, Reason::state_fin_acked, context);
      break;
    default:
      break;
  }
}

// What a shut window refused (the probe's byte, or data that was under way when it shut) goes again
// at once.
void on_window_open(Connection& c, std::uint32_t window, Context& context) noexcept {
  decide(c, Reason::window_peer_open, context, 0, window);
  c.rtt.end_backoff();
  c.timers.cancel(Timer::probe);
  if (!c.transfer || c.snd_una == c.snd_nxt) return;
  c.transfer->sent.mark_all_lost();
  c.loss_reason = Reason::retransmit_window_open;
}

}  // namespace

void update_send_window(Connection& c, const Segment& segment, Context& context) noexcept {
  // "If SND.UNA =< SEG.ACK =< SND.NXT, the send window should be updated", but never by a segment
  // older than the one that set it last: SND.WL1 < SEG.SEQ, or the same SEQ and SND.WL2 =< SEG.ACK.
  if (before(segment.ack, c.snd_una)) return;
  if (!before(c.snd_wl1, segment.seq) &&
      !(c.snd_wl1 == segment.seq && at_or_before(c.snd_wl2, segment.ack))) {
    return;
  }
  const std::uint32_t window =
      segment.syn() ? segment.window : static_cast<std::uint32_t>(segment.window) << c.snd_shift;
  if (window == 0 && c.snd_wnd != 0) decide(c, Reason::window_peer_zero, context, c.snd_wnd, 0);
  if (window != 0 && c.snd_wnd == 0) on_window_open(c, window, context);
  if (before(segment.ack + window, c.snd_wl2 + c.snd_wnd)) {
    // Shrinking is bad manners and must be survived (SHLD-14, MUST-34).
    decide(c, Reason::window_peer_shrunk, context, c.snd_wnd, window);
  }
  c.snd_wnd = window;
  c.snd_wl1 = segment.seq;
  c.snd_wl2 = segment.ack;
  c.max_snd_wnd = std::max(c.max_snd_wnd, window);
}

void process_ack(Connection& c, const Segment& segment, Context& context) noexcept {
  if (after(segment.ack, c.snd_una)) {
    on_new_ack(c, segment, context);
  } else if (c.transfer && c.snd_una != c.snd_nxt) {
    const std::uint32_t newly_sacked = note_sacks(c, segment);
    if (is_duplicate(c, segment) || newly_sacked > 0) on_duplicate(c, newly_sacked, context);
  }
  update_send_window(c, segment, context);
  // A peer that answers is alive, though it may keep its window shut for ever (MUST-37). But nobody
  // waits for an orphan's data: its time is bounded.
  if (c.snd_wnd == 0 && c.snd_una != c.snd_nxt && !c.orphan) c.outstanding_since = context.now;
  if (c.fin_acked()) on_fin_acknowledged(c, context);
}

}  // namespace bowline::inline v0::tcp
