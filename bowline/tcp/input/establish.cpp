// The moment at which a handshake is done (RFC 9293 sections 3.10.7.3 fourth and 3.10.7.4 fifth).

#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/input/input.hpp"
#include "bowline/tcp/path_mtu.hpp"

namespace bowline::inline v0::tcp {

void establish(Connection& c, const Segment& segment, Reason why, Context& context) noexcept {
  // "set SND.WND <- SEG.WND, SND.WL1 <- SEG.SEQ, SND.WL2 <- SEG.ACK".
  c.snd_wnd = offered_window(c, segment, context.settings);
  c.max_snd_wnd = std::max(c.max_snd_wnd, c.snd_wnd);
  c.snd_wl1 = segment.seq;
  c.snd_wl2 = segment.ack;
  // RFC 5681 section 3.1: a handshake that lost something starts with one segment.
  if (c.syn_lost) c.congestion.handshake_lost();
  c.rtt.end_backoff();  // data starts with an initial timeout of its own (RFC 6298 5.7)
  set_state(c, State::established, why, context);
  c.tally.data_sent_at = c.tally.data_received_at = context.now;  // as Linux counts from
  start_receive_tuning(c, context);
  if (context.settings.packet_queue) tune_send_buffer(c, context);  // tcp_init_buffer_space()
  start_path_search(c, context);
  // A CLOSE that was queued while opening (section 3.10.4, SYN-RECEIVED).
  if (c.fin_queued) set_state(c, State::fin_wait_1, Reason::state_close, context);
}

}  // namespace bowline::inline v0::tcp
