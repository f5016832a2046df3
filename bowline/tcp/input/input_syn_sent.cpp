// RFC 9293 section 3.10.7.3: SEGMENT ARRIVES in SYN-SENT.

#include <algorithm>

#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/fast_open.hpp"
#include "bowline/tcp/feedback.hpp"
#include "bowline/tcp/input/input.hpp"
#include "bowline/tcp/window.hpp"

namespace bowline::inline v0::tcp {
namespace {

// First: check the ACK bit. True when the segment may go on; `acceptable` says whether it
// acknowledges our SYN.
bool check_ack_of_syn(Connection& c, const Segment& segment, bool& acceptable,
                      Context& context) noexcept {
  acceptable = false;
  if (!segment.has_ack()) return true;
  // SND.UNA < SEG.ACK =< SND.NXT; below ISS or above SND.NXT it answers a connection that we do not
  // have: the client's part against old duplicates (section 3.5, figure 8).
  if (at_or_before(segment.ack, c.snd_una) || after(segment.ack, c.snd_nxt)) {
    if (segment.rst()) {
      decide(c, Reason::rst_bad_ack, context);
    } else {
      decide(c, Reason::ack_of_unsent, context);
      if (segment.syn() && context.settings.ablation.without(Mechanism::syn_ack_refusal)) {
        return false;
      }
      context.replies.reply(reset_for(segment, Reason::send_rst_bad_ack));
    }
    return false;
  }
  acceptable = true;
  return true;
}

// The peer's SYN (with or without an ACK of ours) is taken: IRS, RCV.NXT, windows, options.
void take_syn(Connection& c, const Segment& segment, Context& context) noexcept {
  // What our SYN offered counts from here on. (Before, RCV.NXT meant nothing.)
  const std::uint32_t offered = announce_window(c, context.settings, true).field;
  c.irs = segment.seq;
  c.rcv_nxt = segment.seq + 1;
  c.rcv_edge = c.rcv_nxt + offered;
  c.last_ack_sent = c.rcv_nxt;
  const Offer offer = make_offer(context.settings, c.remote.address.family(), c.path_mtu,
                                 c.options.mss, most_receive_buffer(c.options, context.settings));
  Negotiated agreed =
      negotiate(context.settings, c.remote.address.family(), offer, segment.options);
  if (agreed.mss_raised) decide(c, Reason::mss_raised, context);
  agreed.feedback = agree_on_feedback(c, segment, context);
  adopt(c, agreed, context);
  if (c.timestamps) {
    c.ts_recent = segment.options.timestamps->value;
    c.ts_recent_at = context.now;
  }
}

// RFC 7413 sections 4.1.3 and 4.2.1: what the SYN-ACK says of Fast Open is remembered, and what it
// left of the data on our SYN goes again at once.
void take_fast_open_answer(Connection& c, const Segment& segment, bool sent_data,
                           Context& context) noexcept {
  if (c.fast_open == FastOpenRole::none) return;
  // A cookie that was not asked for is none (tcp_rcv_fastopen_synack()); and where the SYN went
  // again, without the option, its answer says nothing about who knows it.
  wire::FastOpenCookie cookie;
  if (c.fast_open != FastOpenRole::sends_bare && segment.options.fast_open) {
    cookie = *segment.options.fast_open;
  }
  const bool in_vain = c.fast_open == FastOpenRole::asks && !c.syn_lost;
  context.fast_open.learn(c.remote.address, cookie, c.peer_mss, in_vain);
  if (!sent_data) return;
  c.syn_data_acked = c.snd_una == c.snd_nxt;
  if (c.syn_data_acked) c.tally.delivered = 1;  // the SYN and its data were one packet
  // (That it was lost was noted when its time was up.)
  if (after(segment.ack, c.iss + 1)) context.fast_open.tried(c.remote.address, false, context.now);
  if (c.syn_data_acked || !c.transfer) return;
  c.transfer->sent.mark_all_lost();
  c.loss_reason = Reason::retransmit_fast_open;
}

// What the application will write at once takes the acknowledgment along; for so long it waits
// ("save one ACK", tcp_rcv_synsent_state_process()).
void acknowledge_with_data(Connection& c, Context& context) noexcept {
  constexpr Duration kMost = 200ms;  // TCP_DELACK_MAX
  c.timers.set(Timer::delayed_ack, context.now + kMost);
  start_quick_acks(c, context.settings);
  c.last_data_at = context.now;
}

// A SYN-ACK that answers a SYN of a time at which none was sent is not the peer's.
bool echoes_another_time(const Connection& c, const Segment& segment, Context& context) noexcept {
  if (!context.settings.check_syn_echo || !context.settings.timestamps) return false;
  if (!segment.options.timestamps || segment.options.timestamps->echo == 0) return false;
  const std::uint32_t first =
      timestamp_clock(std::min(c.outstanding_since, context.now)) + c.ts_offset;
  const std::uint32_t last = timestamp_clock(context.now) + c.ts_offset;
  return segment.options.timestamps->echo - first > last - first;
}

}  // namespace

void input_syn_sent(Connection& c, const Segment& segment, Context& context) noexcept {
  bool acknowledged = false;
  if (!check_ack_of_syn(c, segment, acknowledged, context)) return;

  if (acknowledged && echoes_another_time(c, segment, context)) {
    decide(c, Reason::timestamp_of_no_syn, context);
    if (!segment.rst()) context.replies.reply(reset_for(segment, Reason::send_rst_bad_ack));
    return;
  }

  // Second: check the RST bit. Only one that acknowledges our SYN comes from somebody who saw it.
  if (segment.rst()) {
    if (acknowledged) {
      end(c, EndReason::refused, Reason::state_refused, context);
    } else {
      decide(c, Reason::rst_bad_ack, context);
    }
    return;
  }

  // Fourth: check the SYN bit; fifth: if neither SYN nor RST, drop.
  if (!segment.syn()) {
    decide(c, Reason::syn_sent_no_syn, context);
    return;
  }
  take_syn(c, segment, context);
  c.last_received_at = context.now;
  if (acknowledged) {
    const bool sent_data = c.snd_nxt != c.iss + 1;
    establish(c, segment, Reason::state_syn_acked, context);
    process_ack(c, segment, context);
    take_fast_open_answer(c, segment, sent_data, context);
    if (c.options.data_follows) {
      acknowledge_with_data(c, context);
    } else {
      request_ack(c, Reason::send_handshake_ack);
    }
    process_urgent(c, segment);
    if (!process_text(c, segment, context)) return;
    process_fin(c, segment, context);
    return;
  }
  // Both sides opened at once (section 3.5, figure 7): our SYN goes out again, now with an ACK.
  // Data and FIN of this segment are left to the peer's retransmission: nothing may be delivered
  // before ESTABLISHED.
  if (segment.data_size > 0) decide(c, Reason::syn_data_refused, context);
  c.snd_wnd = segment.window;
  c.max_snd_wnd = segment.window;
  c.snd_wl1 = segment.seq;
  c.snd_wl2 = c.iss;  // it acknowledges nothing
  set_state(c, State::syn_received, Reason::state_simultaneous_open, context);
  c.transfer->sent.mark_all_lost();
}

}  // namespace bowline::inline v0::tcp
