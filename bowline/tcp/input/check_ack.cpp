// RFC 9293 section 3.10.7.4, fifth: check the ACK field. The part that decides whether it is
// believed; what it then does is in process_ack.cpp.

#include "bowline/tcp/input/steps.hpp"

namespace bowline::inline v0::tcp {

Verdict check_ack(const TcbView& tcb, const Segment& segment) noexcept {
  if (!segment.has_ack()) return {Next::drop, Reason::no_ack_flag};
  if (tcb.state == State::syn_received) {
    // SND.UNA < SEG.ACK =< SND.NXT, else <SEQ=SEG.ACK><CTL=RST>: whoever sends this has not seen
    // our SYN.
    const bool acceptable =
        after(segment.ack, tcb.snd_una) && at_or_before(segment.ack, tcb.snd_nxt);
    return acceptable ? Verdict{} : Verdict{Next::reset_peer, Reason::send_rst_bad_ack};
  }
  // SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT, else a forger is guessing (RFC 5961 section 5.2).
  if (after(segment.ack, tcb.snd_nxt)) return {Next::challenge, Reason::ack_of_unsent};
  if (before(segment.ack, tcb.snd_una - tcb.max_snd_wnd)) {
    return {Next::challenge, Reason::ack_too_old};
  }
  return {};
}

Verdict check_segment(const TcbView& tcb, const Segment& segment, Time now,
                      Ablation ablation) noexcept {
  Verdict verdict = check_timestamps(tcb, segment, now, ablation);
  if (verdict.proceeds()) verdict = check_sequence(tcb, segment, ablation);
  if (verdict.proceeds()) verdict = check_reset(tcb, segment, ablation);
  if (verdict.proceeds()) verdict = check_syn(tcb, segment, ablation);
  if (verdict.proceeds()) verdict = check_ack(tcb, segment);
  return verdict;
}

}  // namespace bowline::inline v0::tcp
