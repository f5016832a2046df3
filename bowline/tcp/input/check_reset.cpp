// RFC 9293 section 3.10.7.4, second: check the RST bit.

#include "bowline/tcp/input/steps.hpp"

namespace bowline::inline v0::tcp {

Verdict check_reset(const TcbView& tcb, const Segment& segment, Ablation ablation) noexcept {
  if (!segment.rst()) return {};
  // Ending TIME-WAIT early would let strays of the old connection into the next one (RFC 1337
  // section 3).
  if (tcb.state == State::time_wait) return {Next::drop, Reason::rst_in_time_wait};
  // Data can reach into the window where the number that counts, the RST's own, is old (RFC 5961
  // section 3.2, 1).
  if (before(segment.seq, tcb.rcv_nxt)) return {Next::drop, Reason::seq_out_of_window};
  // In the window is not enough: whoever is off the path could try a few thousand numbers. Only the
  // peer, asked by the challenge, knows the exact one (RFC 5961 section 3.2).
  if (segment.seq != tcb.rcv_nxt && !ablation.without(Mechanism::challenge_ack)) {
    return {Next::challenge, Reason::rst_not_exact};
  }
  if (tcb.state == State::syn_received && tcb.passive) {
    return {Next::back_to_listen, Reason::state_reset_received};
  }
  return {Next::reset_connection, Reason::state_reset_received};
}

}  // namespace bowline::inline v0::tcp
