// Both sides at once: RFC 9293 section 3.5 figure 7, section 3.6 figure 13.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// RFC 9293 3.5 figure 7: both start with a bare SYN (K21), both answer with SYN-ACK. MUST-10.
SCRIPT(Simultaneous, K21_BothOpenAtOnce) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  expect_state(State::syn_received);
  app.is_not_ready(kWritable);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  // Its SYN lies before our window now, its ACK establishes (3.10.7.4): the answer may be an ACK.
  skip_sent();
  expect_state(State::established);
  app.is_ready(kWritable);
  app.writes("hello");
  expect("P. 1:6(5) ack 1"_seg);
}

// The same with a bare ACK instead of the SYN-ACK (the peer's SYN-ACK was lost, its ACK of ours
// came).
SCRIPT(Simultaneous, ABareAckCompletesIt) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1 win 65535"_seg);
  expect_state(State::established);
}

// RFC 9293 3.8.1: an unanswered SYN-ACK of a simultaneous open is repeated as well.
SCRIPT(Simultaneous, TheSynAckIsRepeated) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  after(1s);
  expect("S. 0:0(0) ack 1"_seg);
}

// RFC 9293 3.10.7.4 second: RST in SYN-RECEIVED after an active open: connection refused.
// MUST-11
SCRIPT(Simultaneous, AResetRefuses) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends("R 1:1(0)"_seg);
  expect_state(State::closed);
  app.ended(EndReason::refused);
  app.was_told(std::errc::connection_refused);
}

// RFC 9293 3.10.4: CLOSE in SYN-RECEIVED; with nothing queued the FIN follows at once or once
// established.
SCRIPT(Simultaneous, CloseBeforeItIsEstablished) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  app.shuts_down();
  const bool at_once = skip_sent() == 1;
  expect_state(at_once ? State::fin_wait_1 : State::syn_received);
  peer.sends(". 1:1(0) ack 1 win 65535"_seg);
  if (!at_once) expect("F. 1:1(0) ack 1"_seg);
  expect_state(State::fin_wait_1);
  peer.sends(". 1:1(0) ack 2 win 65535"_seg);
  expect_state(State::fin_wait_2);
}

// RFC 9293 3.6 figure 13: both FINs cross; CLOSING, then TIME-WAIT on both sides.
SCRIPT(Simultaneous, BothCloseAtOnce) {
  open_actively();
  app.shuts_down();
  expect("F. 1:1(0) ack 1"_seg);
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_state(State::closing);
  peer.sends(". 2:2(0) ack 2 win 65535"_seg);
  expect_state(State::time_wait);
  idle(59s);
  expect_state(State::time_wait);
  idle(2s);
  expect_state(State::closed);
}

// RFC 9293 3.10.7.4 eighth: in CLOSING a repeated FIN changes nothing; our FIN is repeated until
// acknowledged.
SCRIPT(Simultaneous, InClosingOurFinIsRepeated) {
  open_with_a_sample();
  app.shuts_down();
  expect("F. 101:101(0) ack 1"_seg);
  const Duration rto = view().rto;
  peer.sends("F. 1:1(0) ack 101 win 65535"_seg);
  expect(". 102:102(0) ack 2"_seg);
  expect_state(State::closing);
  after(rto);
  expect("F. 101:101(0) ack 2"_seg);
  peer.sends(". 2:2(0) ack 102 win 65535"_seg);
  expect_state(State::time_wait);
}

// Data on the way in both directions while both close.
SCRIPT(Simultaneous, BothCloseWithDataUnderWay) {
  open_actively();
  app.writes("ours");
  expect("P. 1:5(4) ack 1"_seg);
  app.shuts_down();
  expect("F. 5:5(0) ack 1"_seg);
  peer.sends("FP. 1:7(6) ack 1 win 65535"_seg, "theirs");
  expect(". 6:6(0) ack 8"_seg);
  expect_state(State::closing);
  app.reads("theirs");
  app.reads_end();
  peer.sends(". 8:8(0) ack 6 win 65535"_seg);
  expect_state(State::time_wait);
}

}  // namespace bowline::test
