// RFC 9293 section 3.10.7.4, fourth: check the SYN bit.

#include "bowline/tcp/input/steps.hpp"

namespace bowline::inline v0::tcp {

Verdict check_syn(const TcbView& tcb, const Segment& segment, Ablation ablation) noexcept {
  if (!segment.syn()) return {};
  // The peer's SYN once more, in front of something new or acknowledging ours: it lies before the
  // window and is trimmed off (3.10.7.4 first, last paragraph).
  if (tcb.state == State::syn_received && before(segment.seq, tcb.rcv_nxt)) return {};
  // A half-open entry has nothing to lose: the peer has started over.
  if (tcb.state == State::syn_received && tcb.passive) {
    return {Next::back_to_listen, Reason::syn_in_window};
  }
  // RFC 793 page 71: "if the SYN is in the window it is an error".
  if (ablation.without(Mechanism::challenge_ack)) {
    return {Next::reset_connection, Reason::state_reset_received};
  }
  // An old duplicate, a restarted peer, or a forger: the challenge tells them apart (RFC 5961
  // section 4.2).
  return {Next::challenge, Reason::syn_in_window};
}

}  // namespace bowline::inline v0::tcp
