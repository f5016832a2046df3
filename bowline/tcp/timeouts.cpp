#include "bowline/tcp/timeouts.hpp"

#include <algorithm>
#include <optional>

#include "bowline/tcp/fast_open.hpp"
#include "bowline/tcp/loss_recovery.hpp"
#include "bowline/tcp/path_mtu.hpp"
#include "bowline/tcp/user_calls.hpp"

namespace bowline::inline v0::tcp {
namespace {

bool is_opening(const Connection& c) noexcept {
  return c.state == State::syn_sent || c.state == State::syn_received;
}

// Anything that the peer has yet to take: data, or a FIN that is due.
bool has_something_to_deliver(const Connection& c) noexcept {
  return c.snd_una != c.snd_nxt || c.unsent() > 0 ||
         (c.fin_queued && !c.fin_sent && is_synchronized(c.state));
}

// RFC 5482; zero: none. An orphan has no user any more.
Duration user_timeout(const Connection& c, const Settings& settings) noexcept {
  if (c.orphan) return Duration::zero();
  return c.options.user_timeout != Duration::zero() ? c.options.user_timeout
                                                    : settings.user_timeout;
}

// R2 of a SYN (MUST-23) as a number of retransmissions: TCP_SYNCNT of BSD sockets; and of the
// SYN-ACK of a connection that Fast Open has made, as many as a half-open entry sends (RFC 4987
// section 3.3). Its cookie may be old, and somebody else have the address now.
std::optional<std::uint8_t> syn_repeats(const Connection& c, const Settings& settings) noexcept {
  if (c.state == State::syn_received && c.passive) return settings.syn_ack_retries;
  if (is_opening(c) && c.options.syn_retries != 0) return c.options.syn_retries;
  return std::nullopt;
}

Duration r2_of(const Connection& c, const Settings& settings) noexcept {
  if (settings.ablation.without(Mechanism::give_up)) return Duration::max();
  const Duration user = user_timeout(c, settings);
  if (user != Duration::zero()) return user;
  if (syn_repeats(c, settings)) return Duration::max();  // however long that takes
  const Duration limit = is_opening(c) ? settings.r2_syn : settings.r2_data;
  return c.orphan ? std::min(limit, settings.orphan_r2) : limit;
}

// "Broken middleboxes may swallow a Fast Open connection during or even after the handshake"
// (tcp_fastopen_active_detect_blackhole()).
void suspect_fast_open(const Connection& c, Context& context) noexcept {
  if (is_fast_open_client(c.fast_open)) context.fast_open.fell_silent(context.now);
}

void on_give_up(Connection& c, Context& context) noexcept {
  const bool opening = is_opening(c);
  constexpr std::uint8_t kThird = 2;  // from here on that was said
  if (c.retransmits <= kThird) suspect_fast_open(c, context);
  Reason why = opening ? Reason::state_syn_timeout : Reason::state_timed_out;
  if (user_timeout(c, context.settings) != Duration::zero()) why = Reason::state_user_timeout;
  if (c.has_soft_error && opening) {
    end(c, EndReason::unreachable, why, context);
  } else {
    end(c, EndReason::timed_out, why, context);
  }
}

bool gives_up_opening(const Connection& c, const Settings& settings) noexcept {
  const auto repeats = syn_repeats(c, settings);
  return repeats && c.retransmits >= *repeats;
}

// RFC 6298 5.4 to 5.7, RFC 5681 section 3.1.
void on_retransmission_timeout(Connection& c, Context& context) noexcept {
  if (!c.transfer || c.snd_una == c.snd_nxt) return;
  const bool first = c.retransmits == 0;
  if (gives_up_opening(c, context.settings)) return on_give_up(c, context);
  constexpr std::uint8_t kThird = 2;
  if (c.retransmits == kThird) suspect_fast_open(c, context);
  if (c.retransmits < 255) ++c.retransmits;
  c.tally.timed_out(first, context.now);
  if (c.retransmits == context.settings.r1) decide(c, Reason::r1_passed, context);

  const Duration until_now = rto(c, context.settings);
  c.rtt.back_off();
  const Duration doubled = rto(c, context.settings);
  decide(c, Reason::rto_backoff, context, static_cast<std::uint32_t>(until_now / 1us),
         static_cast<std::uint32_t>(doubled / 1us));

  if (is_opening(c)) {
    c.syn_lost = true;
    if (first && (c.fast_open == FastOpenRole::sends || c.fast_open == FastOpenRole::sends_bare)) {
      context.fast_open.tried(c.remote.address, true, context.now);
    }
    c.transfer->sent.mark_all_lost();
  } else {
    suspect_black_hole(c, context);  // before the window becomes one segment
    on_timeout_loss(c, first, context);
  }
  c.loss_reason = Reason::retransmit_timeout;
  c.timers.set(Timer::retransmit, saturating_add(context.now, doubled));
}

// What the interface has refused while nothing is outstanding, so that no other timer runs. Linux
// tries again by its probe timer (tcp_check_probe_timer()), and counts the user timeout from the
// first time on (tcp_probe_timer()).
bool is_refused(const Connection& c, const Settings& settings) noexcept {
  return c.refused && settings.profile == Profile::linux && c.snd_una == c.snd_nxt &&
         c.unsent() > 0;
}

// The persist timer: a probe of a shut window, or the override of silly-window avoidance
// (section 3.8.6.2.1 (4)).
void on_probe_timer(Connection& c, Context& context) noexcept {
  if (is_refused(c, context.settings)) {
    if (c.probes < 255) ++c.probes;
    c.outstanding_since = std::min(c.outstanding_since, context.now);
  } else if (c.snd_wnd == 0) {
    if (context.settings.ablation.without(Mechanism::window_probe)) return;
    c.probe_due = true;
    c.rtt.back_off();
  } else {
    c.override_due = true;
    if (c.transfer) c.transfer->queue.push_first();
  }
}

void on_keepalive_timer(Connection& c, Context& context) noexcept {
  const Keepalive& keepalive = c.options.keepalive;
  // "Reset by any traffic": the timer is looked at late instead of being moved with each segment.
  // What counts is what was received (section 3.8.4).
  const Time due = saturating_add(c.last_received_at, keepalive.idle);
  if (c.probes == 0 && due > context.now) {
    c.timers.set(Timer::keepalive, due);
    return;
  }
  // Never while data is outstanding (MUST-26): the retransmission finds a dead peer by itself.
  if (has_something_to_deliver(c)) {
    c.timers.set(Timer::keepalive, saturating_add(context.now, keepalive.idle));
    return;
  }
  if (c.probes >= keepalive.probes && context.settings.reset_when_keepalive_fails) {
    abort(c, Reason::send_rst_timeout, EndReason::keepalive_failed, Reason::state_keepalive_failed,
          context);
    return;
  }
  if (c.probes >= keepalive.probes) {
    end(c, EndReason::keepalive_failed, Reason::state_keepalive_failed, context);
    return;
  }
  ++c.probes;
  c.keepalive_due = true;
  c.timers.set(Timer::keepalive, saturating_add(context.now, keepalive.interval));
}

void on_ending_timer(Connection& c, Context& context) noexcept {
  if (c.state == State::time_wait) {
    end(c, EndReason::orderly, Reason::state_time_wait_over, context);
  } else if (c.state == State::fin_wait_2) {
    end(c, EndReason::timed_out, Reason::state_fin_wait_2_timeout, context);
  }
}

void settle_keepalive(Connection& c, Context& context) noexcept {
  const bool wanted =
      c.options.keepalive.enabled && is_synchronized(c.state) && c.state != State::time_wait;
  if (!wanted) {
    c.timers.cancel(Timer::keepalive);
  } else if (!c.timers.is_set(Timer::keepalive)) {
    c.timers.set(Timer::keepalive, saturating_add(context.now, c.options.keepalive.idle));
  } else if (c.probes == 0 && c.last_received_at == context.now) {
    // An answer to a probe: back to the long interval.
    const Time due = saturating_add(context.now, c.options.keepalive.idle);
    if (c.timers.deadline(Timer::keepalive) > due) c.timers.set(Timer::keepalive, due);
  }
}

// Is there a buffer to give back? What the application has not read, or the peer not acknowledged,
// may stay for hours, and nothing must tick meanwhile.
bool could_shed(const Connection& c) noexcept {
  const bool owes_fin = c.fin_queued && !c.fin_sent;  // the link has not taken it yet
  return c.transfer && c.transfer->idle() && !owes_fin;
}

// An idle connection owns no buffers (DESIGN section 4). Not at once: one exchange after another
// must not allocate.
void settle_shedding(Connection& c, Context& context) noexcept {
  if (!c.transfer || !is_synchronized(c.state)) {
    c.timers.cancel(Timer::shed);
  } else if (!c.timers.is_set(Timer::shed) && could_shed(c)) {
    c.timers.set(Timer::shed, saturating_add(context.now, context.settings.shed_after));
  }
}

// What waits for its turn is looked at again when pacing lets it go.
void settle_pacing(Connection& c, Context& context) noexcept {
  Time next = kNever;
  if (c.transfer && (c.unsent() > 0 || c.transfer->sent.lost() > 0)) {
    const Time may = c.transfer->pacer.next_send(context.now);
    if (may > context.now) next = may;
  }
  c.timers.set(Timer::pace, next);
}

void on_shed_timer(Connection& c, Context& context) noexcept {
  const bool quiet =
      context.now - std::max(c.last_received_at, c.last_sent_at) >= context.settings.shed_after;
  if (quiet && could_shed(c)) c.transfer.reset();
}

}  // namespace

void on_timers(Connection& c, Context& context) noexcept {
  const Time now = context.now;
  bbr_before_event(c);
  if (c.timers.take_due(Timer::give_up, now)) return on_give_up(c, context);
  if (c.timers.take_due(Timer::ending, now)) return on_ending_timer(c, context);
  if (c.timers.take_due(Timer::delayed_ack, now)) {
    c.cold = true;
    request_ack(c, Reason::send_ack_delayed);
  }
  if (c.timers.take_due(Timer::reorder, now)) on_reorder_timer(c, context);
  if (c.timers.take_due(Timer::tail_probe, now)) on_tail_probe_timer(c, context);
  if (c.timers.take_due(Timer::retransmit, now)) on_retransmission_timeout(c, context);
  // Nothing to do but to look for something to send, which follows every event.
  static_cast<void>(c.timers.take_due(Timer::pace, now));
  if (c.timers.take_due(Timer::probe, now)) on_probe_timer(c, context);
  if (c.timers.take_due(Timer::keepalive, now)) on_keepalive_timer(c, context);
  if (c.timers.take_due(Timer::shed, now)) on_shed_timer(c, context);
}

void settle_timers(Connection& c, const LinkAbility& link, Context& context) noexcept {
  if (c.state == State::closed || c.state == State::time_wait) return;
  settle_keepalive(c, context);
  settle_shedding(c, context);
  settle_pacing(c, context);

  // A SYN that is not acknowledged (a CLOSE in SYN-RECEIVED has put a FIN behind it) is no matter
  // of the window.
  const bool shut = c.snd_wnd == 0 && !c.syn_outstanding() && is_synchronized(c.state) &&
                    has_something_to_deliver(c);
  const bool withheld = !shut && is_synchronized(c.state) && c.snd_una == c.snd_nxt &&
                        c.unsent() > 0 && !c.override_due &&
                        sendable(c, link, context.settings) == 0;
  const bool refused = !shut && !withheld && is_refused(c, context.settings);
  if (shut || withheld || refused) {
    c.timers.cancel(Timer::retransmit);
    c.timers.cancel(Timer::tail_probe);
    c.timers.cancel(Timer::reorder);
    if (!c.timers.is_set(Timer::probe) && !c.probe_due) {
      constexpr Duration kAgain = 500ms;  // Linux's TCP_RESOURCE_PROBE_INTERVAL
      const Duration wait = refused && c.probes > 0
                                ? kAgain
                                : std::min(rto(c, context.settings), context.settings.probe_max);
      c.timers.set(Timer::probe, saturating_add(context.now, wait));
    }
    if (shut && c.outstanding_since == kNever) c.outstanding_since = context.now;
  } else {
    c.timers.cancel(Timer::probe);
    if (c.snd_una != c.snd_nxt && !c.timers.is_set(Timer::retransmit)) {
      c.timers.set(Timer::retransmit, saturating_add(context.now, rto(c, context.settings)));
    }
    if (c.waits != Wait::nothing && (is_opening(c) || has_something_to_deliver(c))) {
      // What cannot even be sent is not acknowledged either: R2 counts from its first turn on.
      c.outstanding_since = std::min(c.outstanding_since, context.now);
    } else if (c.snd_una == c.snd_nxt && !is_opening(c)) {
      c.outstanding_since = kNever;
    }
  }

  if (c.outstanding_since == kNever) {
    c.timers.cancel(Timer::give_up);
  } else {
    c.timers.set(Timer::give_up, saturating_add(c.outstanding_since, r2_of(c, context.settings)));
  }
}

}  // namespace bowline::inline v0::tcp
