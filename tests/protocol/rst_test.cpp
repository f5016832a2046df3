// Resets: RFC 9293 sections 3.5.2 and 3.5.3. REQUIREMENTS A14, A19.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// RFC 9293 3.10.7.1: a segment with ACK for nothing that exists: <SEQ=SEG.ACK><CTL=RST>.
SCRIPT(Reset, ToAnAckForNothing) {
  peer.sends(". 1:1(0) ack 5000 win 65535"_seg);
  expect("R 5000:5000(0)"_seg);
}

// Without ACK: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>; SEG.LEN counts SYN, data and FIN (K14).
SCRIPT(Reset, K14_AcknowledgesTheWholeLengthOfWhatItAnswers) {
  peer.sends("SF 0:10(10) win 65535"_seg);
  expect("R. 0:0(0) ack 12"_seg);
}

// K20: a RST is never answered by a RST.
SCRIPT(Reset, K20_IsNotAnswered) {
  peer.sends("R 1:1(0)"_seg);
  expect_nothing();
  peer.sends("R. 1:1(0) ack 1"_seg);
  expect_nothing();
  listener.listens();
  peer.sends("R 1:1(0)"_seg);
  expect_nothing();
}

// K20: an unacceptable segment on a live connection gets an ACK, not a RST (3.10.7.4 first).
SCRIPT(Reset, K20_NotForAnUnacceptableSegmentOnALiveConnection) {
  open_passively();
  peer.sends("P. 3000000:3000005(5) ack 1"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
}

// RFC 9293 3.10.7.2 second: any ACK to a listener is bad.
SCRIPT(Reset, ToAnAckAtAListener) {
  listener.listens();
  peer.sends(". 1:1(0) ack 1000 win 65535"_seg);
  expect("R 1000:1000(0)"_seg);
  peer.sends("S. 0:0(0) ack 1000 win 65535"_seg);
  expect("R 1000:1000(0)"_seg);
  expect_equal(stack().usage().half_open, 0U, "half-open entries");
}

// RFC 9293 3.10.7.3 second: with a good ACK it refuses; without ACK it says nothing to us.
SCRIPT(Reset, InSynSentWithoutAckIsIgnored) {
  enter(State::syn_sent);
  peer.sends("R 1:1(0)"_seg);
  expect_nothing();
  expect_state(State::syn_sent);
}

// RFC 9293 3.10.7.4 fifth, 3.5.2 group 2: a bad ACK in SYN-RECEIVED: <SEQ=SEG.ACK><CTL=RST>.
SCRIPT(Reset, ToABadAckInSynReceived) {
  enter(State::syn_received);
  peer.sends(". 1:1(0) ack 1000 win 65535"_seg);
  expect("R 1000:1000(0)"_seg);
  expect_state(State::syn_received);
  peer.sends(". 1:1(0) ack 1 win 65535"_seg);
  expect_state(State::established);
}

// RFC 9293 3.10.7.4 second (RFC 5961 3.2): exactly RCV.NXT resets.
// 5961-3.2b MUST-12
SCRIPT(Reset, AtRcvNxtResets) {
  open_passively();
  peer.sends("R 1:1(0)"_seg);
  expect_nothing();
  expect_state(State::closed);
  app.was_told(std::errc::connection_reset);
  app.cannot_write(std::errc::broken_pipe);
}

// With ACK as well, as stacks send it (3.5.2: the ACK of a RST does not matter here).
SCRIPT(Reset, AtRcvNxtWithAckResets) {
  open_passively();
  peer.sends("R. 1:1(0) ack 1"_seg);
  expect_state(State::closed);
}

// What was received before it can still be read; then the error, once (DESIGN section 3: readable
// before closed; an error is reported once).
SCRIPT(Reset, AfterDataTheErrorComesOnce) {
  open_passively();
  peer.sends("P. 1:6(5) ack 1"_seg, "hello");
  peer.sends("R 6:6(0)"_seg);
  expect_nothing();
  app.reads("hello");
  app.cannot_read(std::errc::connection_reset);
  app.reads_end();
}

// RFC 9293 3.10.7.4 first: outside the window: dropped in silence.
// 5961-3.2a
SCRIPT(Reset, OutsideTheWindowIsDropped) {
  open_passively();
  peer.sends("R 0:0(0)"_seg);
  expect_nothing();
  peer.sends("R 3000000:3000000(0)"_seg);
  expect_nothing();
  expect_state(State::established);
}

// RFC 9293 3.10.7.4 second: in the window, not at RCV.NXT: challenge ACK. REQUIREMENTS A7.
// 5961-3.2c
SCRIPT(Reset, ElsewhereInTheWindowIsChallenged) {
  open_passively();
  peer.sends("R 2:2(0)"_seg);
  expect(". 1:1(0) ack 1"_seg);
  peer.sends("R 60000:60000(0)"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
  expect_count(Reason::rst_not_exact, 2);
}

// The same in SYN-RECEIVED: the peer's exact number only.
SCRIPT(Reset, InSynReceivedOnlyTheExactNumberCounts) {
  enter(State::syn_received);
  peer.sends("R 100:100(0)"_seg);
  skip_sent();  // challenged, or dropped
  expect_state(State::syn_received);
  peer.sends("R 1:1(0)"_seg);
  expect_state(State::closed);
}

// K109 to K111, A19: what scans learn. SYN: open, closed.
SCRIPT(Scan, K109_SynScan) {
  peer.sends("S 0:0(0) win 1024"_seg);
  expect("R. 0:0(0) ack 1"_seg);
  listener.listens();
  peer.sends("S 0:0(0) win 1024"_seg);
  expect("S. 0:0(0) ack 1"_seg);
}

// K110: every listener answers a SYN, and nothing forces the other to go on.
SCRIPT(Scan, K110_TheScannerResetsAndNobodyIsTold) {
  listener.listens();
  peer.sends("S 0:0(0) win 1024"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends("R 1:1(0)"_seg);
  expect_equal(stack().usage().half_open, 0U, "half-open entries");
  listener.has_nothing_to_accept();
}

// K111: FIN: CLOSED answers RST,ACK (SEG.LEN is 1), LISTEN is silent. The same for NULL and Xmas.
SCRIPT(Scan, K111_FinNullAndXmasScan) {
  peer.sends("F 5:5(0)"_seg);
  expect("R. 0:0(0) ack 6"_seg);
  peer.sends("- 5:5(0)"_seg);
  expect("R. 0:0(0) ack 5"_seg);
  peer.sends("FPU 5:5(0) urg 0"_seg);
  expect("R. 0:0(0) ack 6"_seg);
  listener.listens();
  peer.sends("F 5:5(0)"_seg);
  peer.sends("- 5:5(0)"_seg);
  peer.sends("FPU 5:5(0) urg 0"_seg);
  expect_nothing();
  expect_equal(stack().usage().half_open, 0U, "half-open entries");
}

}  // namespace bowline::test
