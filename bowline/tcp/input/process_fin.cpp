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

namespace {

// The two-way close of the experiments: the FIN is acknowledged, and that is the end of both
// directions.
void close_both(Connection& c, Context& context) noexcept {
  Reply ack;
  ack.local = c.local;
  ack.remote = c.remote;
  ack.interface = c.interface;
  ack.seq = c.snd_nxt;
  ack.ack = c.rcv_nxt;
  ack.flags = wire::kAck;
  ack.why = Reason::send_ack_fin;
  ack.connection = c.number;
  if (c.timestamps) {
    ack.options.timestamps = {timestamp_clock(context.now) + c.ts_offset, c.ts_recent};
  }
  context.replies.reply(ack);
  end(c, EndReason::orderly, Reason::state_fin_received, context);
}

// The three-way close of the experiments: our FIN goes with the ACK of the peer's. What was not
// sent by now finds no room any more.
void answer_with_fin(Connection& c, Context& context) noexcept {
  if (!ensure_transfer(c, context)) return;
  c.transfer->send.drop_end(c.unsent());
  c.transfer->queue.clear();
  c.fin_queued = true;
  set_state(c, State::last_ack, Reason::state_close, context);
}

}  // namespace

void take_fin(Connection& c, Context& context) noexcept {
  c.rcv_nxt += 1;
  c.rcv_edge = latest(c.rcv_edge, c.rcv_nxt);
  c.fin_received = true;
  c.peer_fin_pending = false;
  request_ack(c, Reason::send_ack_fin);
  switch (c.state) {
    case State::established:
      if (context.settings.ablation.without(Mechanism::half_close)) return close_both(c, context);
      set_state(c, State::close_wait, Reason::state_fin_received, context);
      if (context.settings.ablation.without(Mechanism::separate_fin_ack)) {
        answer_with_fin(c, context);
      }
      break;
    case State::fin_wait_1:
      // Had it acknowledged our FIN, the fifth step would have led to FIN-WAIT-2 already.
      set_state(c,
                context.settings.ablation.without(Mechanism::closing_state) ? State::time_wait
                                                                            : State::closing,
                Reason::state_fin_received, context);
      break;
    case State::fin_wait_2:
      set_state(c, State::time_wait, Reason::state_fin_received, context);
      break;
    default:
      break;
  }
}

}  // namespace bowline::inline v0::tcp
