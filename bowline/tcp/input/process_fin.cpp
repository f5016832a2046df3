// RFC 9293 section 3.10.7.4, eighth: check the FIN bit.

#include "bowline/tcp/input/input.hpp"

namespace bowline::inline v0::tcp {

void process_fin(Connection& c, const Segment& segment, Context& context) noexcept {
  if (!segment.fin() || c.fin_received) return;
  const SeqNumber fin = segment.data_seq() + segment.data_size;
  if (fin == c.rcv_nxt) return take_fin(c, context);
  // It came before the data in front of it, or that did not fit: it counts when the hole is filled.
  if (after(fin, c.rcv_nxt) && at_or_before(fin, c.rcv_edge) && !c.peer_fin_pending) {
    c.peer_fin_pending = true;
    c.fin_seq_peer = fin;
    request_ack(c, Reason::send_ack_out_of_order);
  }
}

void take_fin(Connection& c, Context& context) noexcept {
  c.rcv_nxt += 1;
  c.rcv_edge = latest(c.rcv_edge, c.rcv_nxt);
  c.fin_received = true;
  c.peer_fin_pending = false;
  request_ack(c, Reason::send_ack_fin);
  switch (c.state) {
    case State::established:
      set_state(c, State::close_wait, Reason::state_fin_received, context);
      break;
    case State::fin_wait_1:
      // Had it acknowledged our FIN, the fifth step would have led to FIN-WAIT-2 already.
      set_state(c, State::closing, Reason::state_fin_received, context);
      break;
    case State::fin_wait_2:
      set_state(c, State::time_wait, Reason::state_fin_received, context);
      break;
    default:
      break;
  }
}

}  // namespace bowline::inline v0::tcp
