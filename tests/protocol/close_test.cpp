// Closing a connection: RFC 9293 sections 3.6, 3.10.4, 3.10.7.4. REQUIREMENTS A13, A14, A16.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// RFC 9293 3.6 figure 12, as the side that closes first.
SCRIPT(Close, K57_FourSegmentsCloseAConnection) {
  open_actively();
  app.shuts_down();
  expect("F. 1:1(0) ack 1"_seg);
  expect_state(State::fin_wait_1);
  peer.sends(". 1:1(0) ack 2 win 65535"_seg);
  expect_state(State::fin_wait_2);
  peer.sends("F. 1:1(0) ack 2 win 65535"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_state(State::time_wait);
}

// The same as the side that closes second.
SCRIPT(Close, K57_EitherSideMayBegin) {
  open_passively();
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  expect(". 1:1(0) ack 2"_seg);
  expect_state(State::close_wait);
  app.closes();
  expect("F. 1:1(0) ack 2"_seg);
  expect_state(State::last_ack);
  peer.sends(". 2:2(0) ack 2 win 65535"_seg);
  expect_state(State::closed);
}

// RFC 9293 3.6: the FIN's number is one past the last byte; ACK is set. FIN-WAIT-1.
SCRIPT(Close, K59_TheFinFollowsTheLastByte) {
  open_actively();
  app.writes("goodbye");
  expect("P. 1:8(7) ack 1"_seg);
  app.shuts_down();
  expect("F. 8:8(0) ack 1"_seg);
  expect_state(State::fin_wait_1);
}

// RFC 9293 3.10.4: "queue this until all preceding SENDs have been segmentized".
SCRIPT(Close, K59_TheFinWaitsForWhatIsQueued) {
  open_actively("S. 0:0(0) ack 1 win 1000 <mss 1460>"_seg);
  app.writes(1'500);
  expect(". 1:1001(1000) ack 1"_seg);
  app.shuts_down();
  expect_state(State::fin_wait_1);
  peer.sends(". 1:1(0) ack 1001 win 1000"_seg);
  expect("F. 1001:1501(500) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1502 win 1000"_seg);
  expect_state(State::fin_wait_2);
}

// RFC 9293 3.10.7.4 eighth and fifth: ACK u+1; CLOSE-WAIT there, FIN-WAIT-2 here.
SCRIPT(Close, K60_TheAckOfTheFinLeadsToFinWait2) {
  open_actively();
  app.shuts_down();
  expect("F. 1:1(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1 win 65535"_seg);  // not yet of the FIN
  expect_state(State::fin_wait_1);
  peer.sends(". 1:1(0) ack 2 win 65535"_seg);
  expect_state(State::fin_wait_2);
}

SCRIPT(Close, K60_ThePeersFinLeadsToCloseWait) {
  open_passively();
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  expect(". 1:1(0) ack 2"_seg);
  expect_state(State::close_wait);
  app.is_ready(kPeerClosed | kWritable);
  app.reads_end();
}

// RFC 9293 3.6.1, 3.10.7.4 seventh: after shutdown(send) data comes in as before.
SCRIPT(Close, K62_WhoSentAFinStillReceives) {
  open_actively();
  app.shuts_down();
  expect("F. 1:1(0) ack 1"_seg);
  peer.sends("P. 1:6(5) ack 1 win 65535"_seg, "first");  // in FIN-WAIT-1
  after(40ms);
  expect(". 2:2(0) ack 6"_seg);
  peer.sends(". 6:6(0) ack 2 win 65535"_seg);
  expect_state(State::fin_wait_2);
  peer.sends("P. 6:12(6) ack 2 win 65535"_seg, "second");  // in FIN-WAIT-2
  after(40ms);
  expect(". 2:2(0) ack 12"_seg);
  app.reads("firstsecond");
  app.cannot_write(std::errc::broken_pipe);
}

// RFC 9293 3.6.1 SHLD-3: after close() nobody reads; data that comes gets RST.
SCRIPT(Close, K62_AfterCloseDataIsAnsweredByReset) {
  open_actively();
  app.closes();
  expect("F. 1:1(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 2 win 65535"_seg);
  expect_state(State::fin_wait_2);
  peer.sends("P. 1:6(5) ack 2 win 65535"_seg);
  const SentPacket answer = take_sent();
  expect_true(answer.tcp->header.has(wire::kRst), "the answer is a RST");
  expect_equal(distance(*peer.our_iss(), answer.tcp->header.seq), 2U, "at SND.NXT");
  expect_state(State::closed);
}

// RFC 9293 3.6.1: closing with unread data resets, so that the peer learns of the loss (RFC
// 2525 2.17).
SCRIPT(Close, ClosingWithUnreadDataResets) {
  open_actively();
  peer.sends("P. 1:6(5) ack 1 win 65535"_seg);
  app.closes();
  const SentPacket answer = take_sent();
  expect_true(answer.tcp->header.has(wire::kRst), "a RST");
  expect_equal(distance(*peer.our_iss(), answer.tcp->header.seq), 1U, "at SND.NXT");
  expect_state(State::closed);
}

// RFC 9293 3.6.1: CLOSE-WAIT lasts as long as the application wants, and it may go on sending. A13.
SCRIPT(Close, K63_TheOtherSideMayGoOnSending) {
  open_passively();
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  expect(". 1:1(0) ack 2"_seg);
  idle(1h);
  expect_state(State::close_wait);
  app.writes("still here");
  expect("P. 1:11(10) ack 2"_seg);
  peer.sends(". 2:2(0) ack 11 win 65535"_seg);
  app.closes();
  expect("F. 11:11(0) ack 2"_seg);
  peer.sends(". 2:2(0) ack 12 win 65535"_seg);
  expect_state(State::closed);
}

// RFC 9293 3.10.4: FIN from CLOSE-WAIT, always with ACK; LAST-ACK.
SCRIPT(Close, K65_TheSecondFinHasAckAndLeadsToLastAck) {
  open_passively();
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  expect(". 1:1(0) ack 2"_seg);
  app.closes();
  const SentPacket fin = take_sent();
  expect_equal(fin.tcp->header.flags, std::uint16_t{wire::kFin | wire::kAck}, "flags");
  expect_equal(fin.tcp->header.ack, peer.iss() + 2, "u + 1");
  expect_state(State::last_ack);
}

// RFC 9293 3.10.7.4: the last ACK has seq u+1, ack w+1; TIME-WAIT here, CLOSED there, the latter
// first.
SCRIPT(Close, K66_TheLastAckLeadsToTimeWaitHere) {
  enter(State::fin_wait_2);
  peer.sends("F. 1:1(0) ack 2 win 65535"_seg);
  const SentPacket last = take_sent();
  expect_equal(last.tcp->header.flags, wire::kAck, "flags");
  expect_equal(last.tcp->header.seq, *peer.our_iss() + 2, "u + 1");
  expect_equal(last.tcp->header.ack, peer.iss() + 2, "w + 1");
  expect_state(State::time_wait);
  idle(59s);
  expect_state(State::time_wait);
}

SCRIPT(Close, K66_TheLastAckLeadsToClosedThere) {
  enter(State::last_ack);
  peer.sends(". 2:2(0) ack 2 win 65535"_seg);
  expect_state(State::closed);
}

// RFC 9293 3.3.2: FIN-WAIT-1 waits for the peer's FIN or for the ACK of its own.
SCRIPT(Close, K67_FinWait1WaitsForTheAck) {
  enter(State::fin_wait_1);
  peer.sends(". 1:1(0) ack 2 win 65535"_seg);
  expect_state(State::fin_wait_2);
}

SCRIPT(Close, K67_FinWait1WaitsForTheFin) {
  enter(State::fin_wait_1);
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_state(State::closing);
}

// RFC 9293 3.3.2 note 2, 3.10.7.4 eighth: straight to TIME-WAIT if our FIN is acknowledged ...
SCRIPT(Close, K69_FinAndAckTogetherLeadToTimeWait) {
  enter(State::fin_wait_1);
  peer.sends("F. 1:1(0) ack 2 win 65535"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_state(State::time_wait);
}

// ... else to CLOSING.
SCRIPT(Close, K69_AFinThatDoesNotAcknowledgeOursLeadsToClosing) {
  enter(State::fin_wait_1);
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_state(State::closing);
  peer.sends(". 2:2(0) ack 2 win 65535"_seg);
  expect_state(State::time_wait);
}

// The ACK of the FIN rides on our own FIN when the application closes before it goes.
SCRIPT(Close, K71_ThreeSegmentsAreEnough) {
  open_passively();
  hold_output();
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  app.closes();
  release_output();
  expect("F. 1:1(0) ack 2"_seg);
  expect_state(State::last_ack);
  peer.sends(". 2:2(0) ack 2 win 65535"_seg);
  expect_state(State::closed);
}

// K78: any of the four segments may be lost (RFC 9293 3.6, 3.8.1).
SCRIPT(Close, K78_TheFirstFinIsLost) {
  open_with_a_sample();
  app.shuts_down();
  expect("F. 101:101(0) ack 1"_seg);
  after(view().rto);
  expect("F. 101:101(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 102 win 65535"_seg);
  expect_state(State::fin_wait_2);
}

SCRIPT(Close, K78_TheAckOfTheFirstFinIsLost) {
  open_with_a_sample();
  app.shuts_down();
  expect("F. 101:101(0) ack 1"_seg);
  // The peer's ACK is lost; its own FIN, later, says the same.
  peer.sends("F. 1:1(0) ack 102 win 65535"_seg);
  expect(". 102:102(0) ack 2"_seg);
  expect_state(State::time_wait);
}

SCRIPT(Close, K78_OurAckOfThePeersFinIsLost) {
  open_actively();
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);
  expect(". 1:1(0) ack 2"_seg);
  after(1s);
  peer.sends("F. 1:1(0) ack 1 win 65535"_seg);  // again, for want of an answer
  expect(". 1:1(0) ack 2"_seg);
  expect_state(State::close_wait);
}

SCRIPT(Close, K78_TheSecondFinIsLost) {
  open_with_a_sample();
  peer.sends("F. 1:1(0) ack 101 win 65535"_seg);
  expect(". 101:101(0) ack 2"_seg);
  app.closes();
  expect("F. 101:101(0) ack 2"_seg);
  const Duration rto = view().rto;
  after(rto);
  expect("F. 101:101(0) ack 2"_seg);
  after(2 * rto);
  expect("F. 101:101(0) ack 2"_seg);
  peer.sends(". 2:2(0) ack 102 win 65535"_seg);
  expect_state(State::closed);
}

SCRIPT(Close, K78_TheLastAckIsLost) {
  enter(State::time_wait);
  idle(5s);
  peer.sends("F. 1:1(0) ack 2 win 65535"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_state(State::time_wait);
}

// And when nothing ever comes back, the close ends all the same: an orphan is given up after R2
// (100 s), and in FIN-WAIT-2 after its own limit (Settings::fin_wait_2).
SCRIPT(Close, K78_AnOrphanIsGivenUp) {
  open_with_a_sample();
  app.closes();
  expect("F. 101:101(0) ack 1"_seg);
  lets_pass(99s);
  skip_sent();
  expect_state(State::fin_wait_1);
  lets_pass(60s);
  skip_sent();
  expect_state(State::closed);
  expect_equal(stack().usage().orphans, 0U, "orphans");
}

SCRIPT(Close, AnOrphanInFinWait2IsGivenUp) {
  open_actively();
  app.closes();
  expect("F. 1:1(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 2 win 65535"_seg);
  idle(59s);
  expect_state(State::fin_wait_2);
  lets_pass(2s);
  skip_sent();
  expect_state(State::closed);
}

// With an owner FIN-WAIT-2 lasts as long as the peer goes on sending (RFC 9293 3.3.2).
SCRIPT(Close, FinWait2WithAnOwnerLasts) {
  enter(State::fin_wait_2);
  idle(24h);
  expect_state(State::fin_wait_2);
  peer.sends("P. 1:6(5) ack 2 win 65535"_seg, "hello");
  app.reads("hello");
  after(40ms);
  expect(". 2:2(0) ack 6"_seg);
}

// RFC 9293 3.10.7.4 eighth: data and FIN in one segment are taken in this order.
SCRIPT(Close, DataAndFinInOneSegment) {
  open_passively();
  peer.sends("FP. 1:6(5) ack 1 win 65535"_seg, "hello");
  expect(". 1:1(0) ack 7"_seg);
  expect_state(State::close_wait);
  app.reads("hello");
  app.reads_end();
}

// A FIN that comes before data waits for it (RFC 9293 3.10.7.4: processed in order of sequence
// numbers).
SCRIPT(Close, AFinThatComesTooEarlyWaits) {
  open_passively();
  peer.sends("F. 6:6(0) ack 1 win 65535"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
  peer.sends("P. 1:6(5) ack 1 win 65535"_seg, "hello");
  expect(". 1:1(0) ack 7"_seg);
  expect_state(State::close_wait);
  app.reads("hello");
  app.reads_end();
}

// RFC 9293 3.10.7.4 seventh: after the peer's FIN there is no text to come; what claims to be is
// not taken.
SCRIPT(Close, DataBeyondTheFinIsNotTaken) {
  enter(State::close_wait);
  peer.sends("P. 2:7(5) ack 1 win 65535"_seg);
  skip_sent();  // an ACK or silence
  app.reads_end();
  expect_state(State::close_wait);
}

// RFC 9293 3.10.5: ABORT sends <SEQ=SND.NXT><CTL=RST> and forgets everything queued.
SCRIPT(Close, AbortResets) {
  open_actively("S. 0:0(0) ack 1 win 1000 <mss 1460>"_seg);
  app.writes(3'000);
  expect(". 1:1001(1000) ack 1"_seg);
  app.aborts();
  const SentPacket rst = take_sent();
  expect_true(rst.tcp->header.has(wire::kRst), "a RST");
  expect_equal(distance(*peer.our_iss(), rst.tcp->header.seq), 1'001U, "at SND.NXT");
  expect_state(State::closed);
  app.is_gone();
}

// SO_LINGER with time 0: close() aborts.
SCRIPT(Close, LingerZeroAborts) {
  open_actively();
  tcp::SocketOptions options;
  options.linger = true;
  app.sets(options);
  app.closes();
  const SentPacket rst = take_sent();
  expect_true(rst.tcp->header.has(wire::kRst), "a RST");
  expect_state(State::closed);
}

// A14: each way a connection ends is a distinct result. Orderly:
SCRIPT(Close, AnOrderlyEndIsToldAsSuch) {
  enter(State::last_ack);
  peer.sends(". 2:2(0) ack 2 win 65535"_seg);
  app.is_ready(kClosed);
  app.is_not_ready(kError);
  app.ended(EndReason::orderly);
  app.was_told(std::error_code{});
}

// shutdown(receive) ends reading alone.
SCRIPT(Close, ShutdownOfReceivingLetsReadEnd) {
  open_actively();
  app.shuts_down(Direction::receive);
  expect_nothing();
  expect_state(State::established);
  app.reads_end();
  app.writes("hello");
  expect("P. 1:6(5) ack 1"_seg);
}

}  // namespace bowline::test
