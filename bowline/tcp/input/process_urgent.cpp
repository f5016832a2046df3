// RFC 9293 section 3.10.7.4, sixth: check the URG bit. The pointer is an offset to the byte after
// the urgent data (section 3.8.5, MUST-62), and only moves forward.

#include "bowline/tcp/input/input.hpp"

namespace bowline::inline v0::tcp {

void process_urgent(Connection& c, const Segment& segment) noexcept {
  if (!segment.urg() || segment.urgent == 0) return;
  if (c.state != State::established && c.state != State::fin_wait_1 &&
      c.state != State::fin_wait_2) {
    return;  // "This should not occur since a FIN has been received": ignored
  }
  const SeqNumber up = segment.seq + segment.urgent;
  if (!after(up, c.rcv_nxt)) return;
  if (c.urgent_received && !after(up, c.rcv_up)) return;
  c.rcv_up = up;
  // MUST-32: told "whenever it receives an urgent pointer and there was previously no pending
  // urgent data, or whenever the urgent pointer advances".
  c.urgent_received = c.urgent_news = true;
}

}  // namespace bowline::inline v0::tcp
