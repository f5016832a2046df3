// RFC 9293 section 3.10.7.4, first: check sequence number.

#include "bowline/tcp/input/steps.hpp"

namespace bowline::inline v0::tcp {
namespace {

// The four cases of the table in section 3.10.7.4 (and table 6 in 3.4): does any part of it lie in
// the window?
bool is_acceptable(const TcbView& tcb, const Segment& segment) noexcept {
  const std::uint32_t len = segment.len();
  if (tcb.rcv_wnd == 0) {
    // A full buffer takes no data, but the ACK, URG and RST of what stands exactly where the next
    // segment is due must be processed all the same (MUST-66); the text step cuts the data off.
    return segment.seq == tcb.rcv_nxt && (len == 0 || segment.has_ack() || segment.rst());
  }
  if (len == 0) return in_window(segment.seq, tcb.rcv_nxt, tcb.rcv_wnd);
  return in_window(segment.seq, tcb.rcv_nxt, tcb.rcv_wnd) ||
         in_window(segment.seq + (len - 1), tcb.rcv_nxt, tcb.rcv_wnd) ||
         // Longer than the window and around it: the middle is acceptable, though neither end is.
         (before(segment.seq, tcb.rcv_nxt) && after(segment.seq + len, tcb.rcv_nxt));
}

// The SYN that opened the connection, once more, in SYN-RECEIVED.
bool is_repeated_syn(const TcbView& tcb, const Segment& segment) noexcept {
  return tcb.state == State::syn_received && segment.syn() && !segment.rst() &&
         segment.seq == tcb.irs;
}

// Both opened at once, and this is the peer's SYN,ACK: its SYN is old, its ACK establishes (section
// 3.5, figure 7; the table alone would refuse it, see appendix A.2).
bool completes_simultaneous_open(const TcbView& tcb, const Segment& segment) noexcept {
  return !tcb.passive && segment.has_ack() && after(segment.ack, tcb.snd_una) &&
         at_or_before(segment.ack, tcb.snd_nxt);
}

}  // namespace

Verdict check_sequence(const TcbView& tcb, const Segment& segment, Ablation ablation) noexcept {
  if (is_repeated_syn(tcb, segment)) {
    // Our answer was lost, so it is repeated; what else it carries comes again, too. (A SYN,ACK is
    // an answer itself: two of them must not keep answering each other.)
    if (!segment.has_ack()) {
      return {Next::repeat_syn_ack, Reason::retransmit_syn_ack_duplicate_syn};
    }
    if (completes_simultaneous_open(tcb, segment)) return {};
  }
  if (is_acceptable(tcb, segment)) return {};
  if (segment.data_size > 0 && ablation.without(Mechanism::sequence_numbers)) return {};
  // An unacceptable RST is dropped in silence (3.10.7.4 first; RFC 5961 section 3.2, case 1).
  if (segment.rst()) return {Next::drop, Reason::seq_out_of_window};
  // The peer's FIN once more: our last ACK was lost (3.10.7.4 eighth, TIME-WAIT).
  if (tcb.state == State::time_wait && segment.fin() &&
      segment.seq + segment.len() == tcb.rcv_nxt) {
    return {Next::repeat_fin_ack, Reason::send_time_wait_ack};
  }
  return {Next::drop_and_ack, Reason::seq_out_of_window};
}

}  // namespace bowline::inline v0::tcp
