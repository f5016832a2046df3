// RFC 9293 section 3.10.7.4, fifth: what an acknowledgment does. What it says is in ack_news.cpp,
// what follows for losses and the congestion window in loss_recovery.cpp; here are the timer
// (RFC 6298 5.2 and 5.3), the send window, and the states that wait for our FIN's acknowledgment.

#include <algorithm>

#include "bowline/tcp/allowance.hpp"
#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/input/ack_news.hpp"
#include "bowline/tcp/input/input.hpp"
#include "bowline/tcp/loss_recovery.hpp"
#include "bowline/tcp/path_mtu.hpp"
#include "bowline/tcp/user_calls.hpp"

namespace bowline::inline v0::tcp {
namespace {

// RFC 6298 5.2 and 5.3: everything acknowledged, off; something, on anew.
void restart_timers(Connection& c, Context& context) noexcept {
  c.retransmits = 0;
  c.tally.progressed(context.now);
  if (c.snd_una == c.snd_nxt) {
    c.timers.cancel(Timer::retransmit);
    c.timers.cancel(Timer::tail_probe);
    c.outstanding_since = kNever;
  } else {
    c.timers.set(Timer::retransmit, saturating_add(context.now, rto(c, context.settings)));
    c.outstanding_since = context.now;
  }
}

void on_acknowledgment(Connection& c, const Segment& segment, Context& context) noexcept {
  const AckNews news = take_acknowledgment(c, segment, context);
  if (news.progress()) {
    restart_timers(c, context);
    path_progress(c, context);
  }
  respond_to_acknowledgment(c, news, context);
  if (news.delivered > 0) c.timers.set(Timer::tail_probe, tail_probe_time(c, context));
  // Where a third of the buffer is not free the application waits for room, and does not ask again
  // by itself.
  if (context.settings.packet_queue) return;  // review_send_room() does it
  const std::uint32_t limit = send_limit(c, context.settings);
  if (news.progress() && c.transfer->send.size() > limit - limit / 3) tune_send_buffer(c, context);
}

// The states that wait for the acknowledgment of our FIN.
void on_fin_acknowledged(Connection& c, Context& context) noexcept {
  switch (c.state) {
    case State::fin_wait_1:
      if (context.settings.ablation.without(Mechanism::half_close)) {
        return end(c, EndReason::orderly, Reason::state_fin_acked, context);
      }
      set_state(c, State::fin_wait_2, Reason::state_fin_acked, context);
      if (c.orphan) wait_for_peers_fin(c, context);
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

std::uint32_t offered_window(const Connection& c, const Segment& segment,
                             const Settings& settings) noexcept {
  if (settings.ablation.without(Mechanism::flow_control)) return kNoBound;
  return segment.syn() ? segment.window : static_cast<std::uint32_t>(segment.window) << c.snd_shift;
}

void update_send_window(Connection& c, const Segment& segment, Context& context) noexcept {
  // "If SND.UNA =< SEG.ACK =< SND.NXT, the send window should be updated", but never by a segment
  // older than the one that set it last: SND.WL1 < SEG.SEQ, or the same SEQ and SND.WL2 =< SEG.ACK.
  if (before(segment.ack, c.snd_una)) return;
  if (!before(c.snd_wl1, segment.seq) &&
      !(c.snd_wl1 == segment.seq && at_or_before(c.snd_wl2, segment.ack))) {
    return;
  }
  const std::uint32_t window = offered_window(c, segment, context.settings);
  if (window == 0 && c.snd_wnd != 0) decide(c, Reason::window_peer_zero, context, c.snd_wnd, 0);
  if (window != 0 && c.snd_wnd == 0) on_window_open(c, window, context);
  if (before(segment.ack + window, c.snd_wl2 + c.snd_wnd)) {
    // Shrinking is bad manners and must be survived (SHLD-14, MUST-34).
    decide(c, Reason::window_peer_shrunk, context, c.snd_wnd, window);
  }
  const bool changed = c.snd_wnd != window;
  c.snd_wnd = window;
  c.snd_wl1 = segment.seq;
  c.snd_wl2 = segment.ack;
  c.max_snd_wnd = std::max(c.max_snd_wnd, window);
  // What waited for the window may have waited long (tcp_ack_update_window()).
  if (changed && context.settings.packet_queue && c.unsent() > 0) review_window(c, context);
}

void process_ack(Connection& c, const Segment& segment, Context& context) noexcept {
  if (c.transfer && c.snd_una != c.snd_nxt) on_acknowledgment(c, segment, context);
  update_send_window(c, segment, context);
  if (context.settings.packet_queue) {
    // tcp_data_snd_check(): MSG_MORE held back the write's own push alone.
    c.more_coming = false;
    c.room_due = true;
  }
  // A peer that answers is alive, though it may keep its window shut for ever (MUST-37). But nobody
  // waits for an orphan's data: its time is bounded.
  if (c.snd_wnd == 0 && c.snd_una != c.snd_nxt && !c.orphan) c.outstanding_since = context.now;
  if (c.fin_acked()) on_fin_acknowledged(c, context);
}

}  // namespace bowline::inline v0::tcp
