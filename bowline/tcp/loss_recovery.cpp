#include "bowline/tcp/loss_recovery.hpp"

#include <algorithm>

#include "bowline/tcp/allowance.hpp"
#include "bowline/tcp/path_mtu.hpp"

namespace bowline::inline v0::tcp {
namespace {

RackPath path_of(const Connection& c, const Context& context) noexcept {
  const Transfer& transfer = *c.transfer;
  const std::uint32_t threshold = context.settings.duplicate_ack_threshold;
  RackPath path;
  path.min_rtt = c.rtt.min_rtt();
  path.srtt = c.rtt.srtt();
  // DupThresh segments are reported (RFC 6675's IsLost(): more than DupThresh - 1 full ones), or so
  // many ACKs reported something.
  path.hurried = transfer.recovery.active() || in_timeout_recovery(c) || c.dup_acks >= threshold ||
                 transfer.sent.sacked() > (threshold - 1) * c.snd_mss;
  return path;
}

// RFC 8985 section 6.2 step 5, and the timer for what is not due yet.
std::uint32_t detect_loss(Connection& c, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  const Rack::Loss loss =
      transfer.rack.detect_loss(transfer.sent, path_of(c, context), context.now,
                                [&](std::uint32_t id) { bbr_lost(c, id, context.now); });
  c.timers.set(Timer::reorder, saturating_add(loss.next, context.settings.timer_slack));
  if (loss.bytes > 0) c.loss_reason = Reason::retransmit_rack;
  return loss.bytes;
}

// The reductions of this episode were for nothing (RFC 4015 section 3.2): the window as it was, and
// what was held for lost is under way.
void undo(Connection& c, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  const std::uint32_t cwnd = c.congestion.cwnd();
  c.congestion.undo(transfer.undo.before());
  bbr_spurious(c);
  transfer.undo.end();
  transfer.sent.unmark_lost();
  transfer.recovery.leave(c.snd_una);
  transfer.reduction.leave(c.snd_una);
  transfer.forward_rto = ForwardRto::off;
  c.dup_acks = 0;
  c.retransmits = 0;
  c.rtt.end_backoff();
  decide(c, Reason::cwnd_undone, context, cwnd, c.congestion.cwnd());
}

// RFC 5682 section 3, after a timeout. True: the timeout was spurious.
bool forward_rto_says_spurious(Connection& c, const AckNews& news) noexcept {
  Transfer& transfer = *c.transfer;
  switch (transfer.forward_rto) {
    case ForwardRto::off:
      return false;
    case ForwardRto::waiting:
      // Step 2 a: a duplicate, or all is acknowledged: nothing can be said.
      if (!news.progress() || !in_timeout_recovery(c)) break;
      transfer.forward_rto = ForwardRto::probing;  // step 2 b: new data next
      return false;
    case ForwardRto::probing:
      // Step 3 b: something that was sent once only has arrived after all.
      if (news.original_arrived) return true;
      break;  // step 3 a
  }
  transfer.forward_rto = ForwardRto::off;
  return false;
}

bool was_spurious(Connection& c, const AckNews& news) noexcept {
  Undo& undo = c.transfer->undo;
  if (news.dsack) ++c.tally.duplicate_sacks;
  const bool forward = forward_rto_says_spurious(c, news);
  // Timestamps tell sooner than D-SACKs; counting both would count a packet twice.
  if (c.timestamps) {
    undo.needless(news.needless);
  } else if (news.dsack) {
    undo.needless(1);
  }
  return undo.active() && (forward || ((news.needless > 0 || news.dsack) && undo.was_spurious()));
}

// RFC 8985 section 7.4.2: the probe filled a hole at the end; that was a loss like any other. (To
// BBR one lost segment says nothing: it looks at rates of loss.)
void on_tail_loss(Connection& c, const AckNews& news, Context& context) noexcept {
  const std::uint32_t cwnd = c.congestion.cwnd();
  c.congestion.lost(news.in_flight);
  c.congestion.recovered();
  decide(c, Reason::cwnd_tail_loss, context, cwnd, c.congestion.cwnd());
}

// RFC 3168 section 6.1.2: a mark counts as a loss, but nothing needs to be repaired. Once in a
// round trip, and not where the window is reduced already.
bool is_marked(Connection& c, const AckNews& news) noexcept {
  return news.marks > 0 && !c.transfer->recovery.active() && !in_timeout_recovery(c) &&
         c.ecn.reduces(c.snd_una, c.snd_nxt);
}

void on_congestion_mark(Connection& c, const AckNews& news, Context& context) noexcept {
  const std::uint32_t cwnd = c.congestion.cwnd();
  c.congestion.lost(news.in_flight);
  if (context.settings.reduce_gradually) {
    c.transfer->reduction.enter(c.snd_nxt, cwnd, c.congestion.ssthresh());
  } else {
    c.congestion.recovered();
  }
  decide(c, Reason::cwnd_ecn, context, cwnd, c.congestion.ssthresh());
}

// The reduction that a mark has begun goes on until something is acknowledged that was sent after
// it. Nothing is repaired, so that no progress lets out more than was delivered.
void reduce_further(Connection& c, const AckNews& news, Context& context) noexcept {
  Recovery& reduction = c.transfer->reduction;
  if (!after(c.snd_una, reduction.point())) {
    return reduction.acked(news.delivered, c.transfer->sent.in_network(), c.snd_mss, false,
                           context.settings.count_packets);
  }
  reduction.leave(c.snd_una);
  const std::uint32_t cwnd = c.congestion.cwnd();
  c.congestion.recovered();
  decide(c, Reason::cwnd_recovered, context, cwnd, c.congestion.cwnd());
}

// `told`: so many packets were reported to have arrived before, by duplicate ACKs.
void grow_window(Connection& c, const AckNews& news, std::uint32_t told,
                 Context& context) noexcept {
  const std::uint32_t cwnd = c.congestion.cwnd();
  // Nothing else held the data back. And RFC 7661 section 4.3: what is not validated does not grow.
  // (In slow start the measure lags by the round trip in which the window doubles: there the half
  // that is in flight is the sign.)
  const bool used = news.in_flight >= cwnd / 2;
  bool limited = c.congestion.in_slow_start() ? used
                                              : news.in_flight + 2U * c.snd_mss >= cwnd &&
                                                    c.validation.validated(context.now, cwnd);
  std::uint32_t acked = news.delivered;
  if (context.settings.count_packets) {
    // Linux's tcp_may_raise_cwnd().
    if ((!news.progress() && c.reordering == 0) || news.packets == 0) return;
    limited = window_is_used(c);
    acked = (news.packets > told ? news.packets - told : 1) * c.snd_mss;
  }
  c.congestion.acked({.now = context.now,
                      .acked = acked,
                      .in_flight = news.in_flight,
                      .cwnd_limited = limited,
                      .rtt = news.rtt,
                      .srtt = c.rtt.srtt(),
                      .min_rtt = c.rtt.min_rtt(),
                      .paced = context.settings.pacing,
                      .una = c.snd_una,
                      .nxt = c.snd_nxt});
}

// With SACK: RFC 8985 says what is lost, RFC 9937 how fast it is repaired. False: nothing but
// progress outside recovery.
bool recover_by_rack(Connection& c, const AckNews& news, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  if (news.sacked > 0) {
    if (c.dup_acks < 255) ++c.dup_acks;
  } else if (news.progress() && transfer.sent.sacked() == 0) {
    c.dup_acks = 0;
  }
  const std::uint32_t lost = detect_loss(c, context);
  Recovery& recovery = transfer.recovery;
  if (!recovery.active()) {
    if (lost == 0 || in_timeout_recovery(c) || only_the_probe_is_lost(c, context)) return false;
    enter_recovery(c, news.in_flight, context);
  } else if (at_or_after(c.snd_una, recovery.point())) {
    leave_recovery(c, context);
    if (lost == 0) return true;
    enter_recovery(c, news.in_flight, context);
  }
  recovery.acked(news.delivered, transfer.sent.in_network(), c.snd_mss,
                 news.progress() && lost == 0, context.settings.count_packets);
  return true;
}

}  // namespace

bool in_timeout_recovery(const Connection& c) noexcept {
  return !c.transfer->recovery.active() && before(c.snd_una, c.transfer->recovery.point());
}

void enter_recovery(Connection& c, std::uint32_t in_flight, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  const std::uint32_t cwnd = c.congestion.cwnd();
  if (context.settings.count_packets) in_flight = cwnd;
  transfer.undo.end();
  transfer.undo.begin(c.congestion, context.now);
  transfer.tail_probe.cancel();
  c.congestion.limit(c.validation.lost(context.now, cwnd, in_flight, c.bytes_retransmitted));
  // A mark has reduced the window in this round trip already.
  if (transfer.reduction.active()) {
    transfer.reduction.leave(c.snd_una);
  } else {
    c.congestion.lost(in_flight);
  }
  transfer.recovery.enter(c.snd_nxt, in_flight, c.congestion.ssthresh());
  c.ecn.reduced(c.snd_nxt);  // RFC 3168 section 6.1.2: CWR tells of this reduction as well
  bbr_recovery_begins(c);
  if (c.bbr) return decide(c, Reason::cwnd_bbr_loss, context, cwnd, c.congestion.cwnd());
  decide(c, Reason::cwnd_fast_recovery, context, cwnd, c.congestion.ssthresh());
}

void leave_recovery(Connection& c, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  transfer.recovery.leave(transfer.recovery.point());
  transfer.rack.on_recovered();
  c.dup_acks = 0;
  const std::uint32_t cwnd = c.congestion.cwnd();
  c.congestion.recovered();
  if (const auto window = c.validation.recovered(c.bytes_retransmitted)) {
    c.congestion.limit(*window);
  }
  decide(c, Reason::cwnd_recovered, context, cwnd, c.congestion.cwnd());
}

void respond_to_acknowledgment(Connection& c, const AckNews& news, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  if (context.settings.window_validation) {  // without measurements every window is validated
    c.validation.acked(context.now, c.snd_una, c.snd_nxt, news.delivered, c.rtt.srtt(),
                       c.congestion.cwnd());
  }
  if (news.dsack) transfer.rack.on_dsack(c.snd_una, c.snd_nxt);
  if (news.needless > 0 || (news.dsack && transfer.undo.any())) {
    transfer.rack.on_needless_repair(news.late);
  }
  if (was_spurious(c, news)) undo(c, context);
  if (transfer.tail_probe.acknowledged(news.ack, news.dsack_of_last, news.sacked > 0,
                                       news.progress())) {
    on_tail_loss(c, news, context);
  }
  // Without SACK Linux counts what duplicate ACKs stand for, when they come, and not again when it
  // is acknowledged (tcp_remove_reno_sacks()).
  const std::uint32_t told = c.sack ? 0 : c.dup_acks;
  const bool recovering =
      c.sack ? recover_by_rack(c, news, context) : recover_by_duplicates(c, news, context);
  const bool marked = !recovering && is_marked(c, news);
  if (c.bbr) return bbr_acknowledged(c, news, marked, context);
  if (marked) on_congestion_mark(c, news, context);
  if (transfer.reduction.active()) {
    if (!recovering) reduce_further(c, news, context);
  } else if (!marked && !recovering && news.delivered > 0) {
    grow_window(c, news, told, context);
  }
  if (context.settings.pacing) {
    transfer.pacer.set_rate(pacing_rate(c, news.in_flight), context.now);
  }
}

void on_reorder_timer(Connection& c, Context& context) noexcept {
  if (!c.transfer || !c.sack || c.snd_una == c.snd_nxt) return;
  Transfer& transfer = *c.transfer;
  const std::uint32_t in_flight = transfer.sent.in_network();
  const std::uint32_t lost = detect_loss(c, context);
  if (lost == 0 || in_timeout_recovery(c)) return;
  if (!transfer.recovery.active() && only_the_probe_is_lost(c, context)) return;
  if (!transfer.recovery.active()) enter_recovery(c, in_flight, context);
  transfer.recovery.acked(0, transfer.sent.in_network(), c.snd_mss, false,
                          context.settings.count_packets);
}

Time tail_probe_time(const Connection& c, const Context& context) noexcept {
  const Transfer& transfer = *c.transfer;
  // Section 7.2: not in recovery, nothing reported out of order (RACK has its own timer then), one
  // probe at a time.
  if (!context.settings.tail_probe || !c.sack || !is_synchronized(c.state) || c.syn_outstanding() ||
      c.snd_una == c.snd_nxt || transfer.recovery.active() || in_timeout_recovery(c) ||
      transfer.sent.sacked() > 0 || transfer.sent.lost() > 0 || transfer.tail_probe.outstanding() ||
      c.snd_wnd == 0) {
    return kNever;
  }
  const bool one_segment = transfer.sent.outstanding() <= c.snd_mss;
  const Duration slack = one_segment ? Duration::zero() : context.settings.timer_slack;
  const Time probe = saturating_add(context.now, probe_timeout(c.rtt.srtt(), one_segment) + slack);
  const Time timeout = c.timers.deadline(Timer::retransmit);
  // A timeout that comes sooner does the same and more.
  if (probe >= timeout && !context.settings.probe_before_timeout) return kNever;
  return std::min<Time>(probe, timeout);
}

void on_tail_probe_timer(Connection& c, Context& context) noexcept {
  if (!c.transfer || c.snd_una == c.snd_nxt || c.snd_wnd == 0) return;
  Transfer& transfer = *c.transfer;
  if (transfer.recovery.active() || in_timeout_recovery(c)) return;
  transfer.tail_probe_due = true;
  transfer.sent.split_tail(c.snd_mss);  // where it repeats, it repeats one segment
  c.timers.set(Timer::retransmit, saturating_add(context.now, rto(c, context.settings)));
}

void on_timeout_loss(Connection& c, bool first, Context& context) noexcept {
  Transfer& transfer = *c.transfer;
  const std::uint32_t cwnd = c.congestion.cwnd();
  const std::uint32_t in_flight = transfer.sent.in_network();
  // A second timeout for the same data says that the first was none by mistake.
  if (first) {
    if (!transfer.recovery.active()) transfer.undo.end();
    transfer.undo.begin(c.congestion, context.now);
    transfer.forward_rto = ForwardRto::waiting;
  } else {
    transfer.forward_rto = ForwardRto::off;
  }
  // What stands first is reported as received: the peer has thrown it away (RFC 2018 section 8).
  if (const std::uint32_t front = transfer.sent.first(); transfer.sent[front].value.sacked) {
    decide(c, Reason::sack_taken_back, context, transfer.sent.sacked());
    transfer.sent.forget_sacks();
  }
  const auto tell = [&](std::uint32_t id) { bbr_lost(c, id, context.now); };
  if (c.sack) {
    transfer.rack.mark_timed_out(transfer.sent, path_of(c, context), context.now, tell);
  } else {
    transfer.sent.mark_all_lost(tell);
  }
  transfer.tail_probe.cancel();
  transfer.tail_probe_due = false;
  transfer.recovery.leave(c.snd_nxt);
  transfer.reduction.leave(c.snd_una);
  c.timers.cancel(Timer::reorder);
  c.timers.cancel(Timer::tail_probe);
  c.dup_acks = 0;
  c.congestion.timed_out(in_flight, transfer.sent.in_network(), first);
  bbr_timed_out(c);
  decide(c, c.bbr ? Reason::cwnd_bbr_timeout : Reason::cwnd_timeout, context, cwnd,
         c.congestion.cwnd());
}

}  // namespace bowline::inline v0::tcp
