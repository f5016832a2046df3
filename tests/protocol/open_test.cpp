// Opening a connection: RFC 9293 sections 3.5, 3.10.1, 3.10.7.1 to 3.10.7.3. REQUIREMENTS A4, A5,
// A6.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// RFC 9293 3.5 figure 6, as the side that opens.
SCRIPT(Open, K27_ThreeSegmentsOpenAConnection) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
  app.is_ready(kWritable);
}

// RFC 9293 3.10.1: connect sends <SEQ=ISS><CTL=SYN> and goes to SYN-SENT.
SCRIPT(Open, K30_StepOneIsASynAndLeadsToSynSent) {
  app.connects();
  expect_state(State::syn_sent);
  const SentPacket syn = take_sent();
  expect_equal(syn.tcp->header.flags, wire::kSyn, "flags of the first segment");
  expect_equal(syn.tcp->payload_size, 0U, "data on it");
  const ConnectionView v = view();
  expect_equal(v.iss, syn.tcp->header.seq, "ISS and the SYN's number");
  expect_equal(distance(v.snd_una, v.snd_nxt), 1U, "what a SYN counts");
}

// RFC 9293 3.10.7.2 third: <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>, and SYN-RECEIVED.
SCRIPT(Open, K31_StepTwoIsASynAckAndLeadsToSynReceived) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  expect_state(State::syn_received);
  listener.has_nothing_to_accept();
}

// RFC 9293 3.5 figure 6, line 4: the third segment is a bare ACK; document 000 says SYN.
SCRIPT(Open, K32_TheThirdSegmentIsNoSyn) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  const SentPacket third = take_sent();
  expect_equal(third.tcp->header.flags, wire::kAck, "flags of the third segment");
}

// RFC 9293 3.10.7.3 fourth: <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>: seq x+1, ack y+1.
SCRIPT(Open, K33_TheThirdSegmentIsABareAck) {
  app.connects();
  const SentPacket syn = take_sent();
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  const SentPacket third = take_sent();
  expect_equal(third.tcp->header.seq, syn.tcp->header.seq + 1, "x + 1");
  expect_equal(third.tcp->header.ack, peer.iss() + 1, "y + 1");
  expect_equal(third.tcp->payload_size, 0U, "its data (K34: y+1 is in the ack field alone)");
}

// RFC 9293 3.5: the client is ESTABLISHED when it has the SYN-ACK, the server when it has the ACK.
SCRIPT(Open, K35_TheClientIsEstablishedWithTheSynAck) {
  app.connects();
  expect("S 0:0(0)"_seg);
  expect_state(State::syn_sent);
  app.is_not_ready(kWritable);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect_state(State::established);
  expect(". 1:1(0) ack 1"_seg);
}

SCRIPT(Open, K35_TheServerIsEstablishedWithTheAck) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  expect_state(State::syn_received);
  listener.is_not_ready(kAcceptable);
  peer.sends(". 1:1(0) ack 1 win 65535"_seg);
  expect_state(State::established);
  listener.is_ready(kAcceptable);
  app.accepts(listener);
  app.is_ready(kWritable);
}

// RFC 9293 3.4: a SYN and a FIN count one each, data its bytes, an ACK nothing.
SCRIPT(Open, K37_SynAndFinCountOneEachAnAckNone) {
  open_actively();
  ConnectionView v = view();
  expect_equal(distance(v.iss, v.snd_nxt), 1U, "numbers used after the SYN and a bare ACK");
  expect_equal(distance(v.irs, v.rcv_nxt), 1U, "numbers received after the peer's SYN");
  app.writes(5);
  expect("P. 1:6(5) ack 1"_seg);
  app.shuts_down();
  expect("F. 6:6(0) ack 1"_seg);
  v = view();
  expect_equal(distance(v.iss, v.snd_nxt), 7U, "SYN, five bytes, FIN");
  peer.sends("F. 1:1(0) ack 7 win 65535"_seg);
  expect(". 7:7(0) ack 2"_seg);
  v = view();
  expect_equal(distance(v.irs, v.rcv_nxt), 2U, "the peer's SYN and FIN");
}

// RFC 9293 3.10.7.4 first asks for an acknowledgment of what is out of the window; a peer that
// answers that in turn (one in TIME-WAIT does, to which ours is as foreign) shall not keep us at it
// for ever.
SCRIPT(Open, ASynReceivedAnswersWhatIsOutOfItsWindowOnceForEachSynAck) {
  enter(State::syn_received);
  peer.sends(". 90000:90000(0) ack 1 win 65535"_seg);
  expect(". 1:1(0) ack 1"_seg);
  peer.sends(". 90000:90000(0) ack 1 win 65535"_seg);
  expect_nothing();
  after(1s);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends(". 90000:90000(0) ack 1 win 65535"_seg);
  expect(". 1:1(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1 win 65535"_seg);
  expect_state(State::established);
}

// RFC 9293 3.10.7.4 seventh, reached in SYN-RECEIVED by the ACK: data on the third segment.
SCRIPT(Open, K38_TheThirdSegmentMayCarryData) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends("P. 1:6(5) ack 1 win 65535"_seg, "hello");
  app.accepts(listener);
  app.reads("hello");
  after(40ms);
  expect(". 1:1(0) ack 6"_seg);
}

// RFC 9293 3.10.7.4 fourth, 3.5: the same SYN again is the same connection; the SYN-ACK is
// repeated.
SCRIPT(Open, K43_ARepeatedSynIsOneConnection) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  expect_equal(stack().usage().half_open, 1U, "half-open entries");
  peer.sends(". 1:1(0) ack 1 win 65535"_seg);
  app.accepts(listener);
  listener.has_nothing_to_accept();
  // A copy that comes now meets a live connection (RFC 5961 4.2): challenged, and nothing changes.
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
  listener.has_nothing_to_accept();
}

// RFC 9293 3.10.7.3 first: SEG.ACK =< ISS or SEG.ACK > SND.NXT: <SEQ=SEG.ACK><CTL=RST>; it is the
// acknowledgment number that tells.
SCRIPT(Open, K50_TheClientChecksTheAcknowledgmentNumber) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("S. 0:0(0) ack 2 win 65535 <mss 1460>"_seg);
  expect("R 2:2(0)"_seg);
  peer.sends("S. 0:0(0) ack 0 win 65535 <mss 1460>"_seg);
  expect("R 0:0(0)"_seg);
  expect_state(State::syn_sent);
  peer.sends(". 0:0(0) ack 1000 win 65535"_seg);
  expect("R 1000:1000(0)"_seg);
  expect_state(State::syn_sent);
  // Whatever sequence number the SYN has is the peer's own choice.
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
}

// RFC 9293 3.10.7.3 first: a RST with an unacceptable ACK is dropped and not answered.
SCRIPT(Open, AResetWithAWrongAckIsNotAnswered) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("R. 0:0(0) ack 2"_seg);
  expect_nothing();
  expect_state(State::syn_sent);
}

// RFC 9293 3.10.7.3 fifth: neither SYN nor RST: drop and return.
SCRIPT(Open, WhatIsNeitherSynNorResetIsDroppedInSynSent) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends(". 1:1(0) ack 1 win 65535"_seg);
  expect_nothing();
  peer.sends("P. 1:6(5) ack 1 win 65535"_seg);
  expect_nothing();
  expect_state(State::syn_sent);
  expect_count(Reason::syn_sent_no_syn, 2);
}

// RFC 6298 2.1, 5.5, 2.5: first after 1 s, doubling, at most 60 s apart; RFC 9293 3.8.3 MUST-23:
// for at least 3 minutes. REQUIREMENTS A6: gives up after a limit and says so.
// MUST-22
SCRIPT(Open, K51_AnUnansweredSynIsSentAgain) {
  app.connects();
  expect("S 0:0(0)"_seg);
  for (const Duration wait : {Duration(1s), Duration(2s), Duration(4s), Duration(8s), Duration(16s),
                              Duration(32s), Duration(60s)}) {
    after(wait);
    expect("S 0:0(0)"_seg);
  }
  const Duration left = 179s + 900ms - elapsed();
  idle(left);
  expect_state(State::syn_sent);
  lets_pass(5s);
  skip_sent();
  expect_state(State::closed);
  app.is_ready(kError | kClosed);
  app.was_told(std::errc::timed_out);
  app.cannot_write(std::errc::broken_pipe);
}

// RFC 9293 3.8.1: what was said in the SYN is said again, options too.
SCRIPT(Open, ARepeatedSynIsTheSameSyn) {
  app.connects();
  const SentPacket first = take_sent();
  after(1s);
  const SentPacket second = take_sent();
  expect_equal(second.tcp->header.seq, first.tcp->header.seq, "its number");
  expect_equal(second.tcp->options.mss, first.tcp->options.mss, "its MSS");
  expect_equal(second.tcp->options.window_scale, first.tcp->options.window_scale, "its scale");
  expect_equal(second.tcp->options.sack_permitted, first.tcp->options.sack_permitted, "its SACK");
}

// The answer to the repeated SYN opens the connection. RFC 6298 5.7: the RTO begins at 3 s then.
// 6298-5.7a
SCRIPT(Open, K51_ALostSynCostsASecondAndMakesTheTimerCareful) {
  config.tcp.timestamps = false;  // no sample could be taken without ambiguity (Karn)
  app.connects();
  expect("S 0:0(0)"_seg);
  after(1s);
  expect("S 0:0(0)"_seg);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  after(3s);
  expect("P. 1:11(10) ack 1"_seg);
}

// RFC 9293 3.8.1, 6298: a lost SYN-ACK is repeated by the server's own timer, REQUIREMENTS A6.
SCRIPT(Open, AnUnansweredSynAckIsSentAgainAndTheEntryFreed) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  for (const Duration wait : {Duration(1s), Duration(2s)}) {
    after(wait);
    expect("S. 0:0(0) ack 1"_seg);
  }
  expect_state(State::syn_received);
  idle(3s);
  expect_state(State::syn_received);
  lets_pass(2s);
  skip_sent();
  expect_state(State::closed);
  expect_equal(stack().usage().half_open, 0U, "half-open entries after two repeats");
}

// The final ACK was lost: the client's data says the same (RFC 9293 3.10.7.4 fifth).
SCRIPT(Open, ALostFinalAckIsMadeUpForByData) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  after(1s);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends("P. 1:6(5) ack 1 win 65535"_seg, "hello");
  app.accepts(listener);
  app.reads("hello");
  after(40ms);
  expect(". 1:1(0) ack 6"_seg);
}

// The final ACK was lost: the server repeats its SYN-ACK, and the client its ACK (RFC 9293 3.10.7.4
// first: the SYN-ACK is old, and answered with where we stand).
SCRIPT(Open, ARepeatedSynAckIsAcknowledgedAgain) {
  open_actively();
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
}

// RFC 9293 3.10.7.1: nothing is open there: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>.
SCRIPT(Open, K52_AClosedPortAnswersWithReset) {
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("R. 0:0(0) ack 1"_seg);
}

// RFC 9293 3.10.7.3 second: the refusal, as the application sees it.
SCRIPT(Open, K52_ARefusedConnectionSaysSo) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("R. 0:0(0) ack 1"_seg);
  expect_nothing();
  expect_state(State::closed);
  app.is_ready(kError | kClosed);
  app.ended(EndReason::refused);
  app.was_told(std::errc::connection_refused);
}

// RFC 9293 3.9.2.3 MUST-46, MUST-57: exactly two parties.
SCRIPT(Open, K26_NoConnectionWithAGroup) {
  ConnectOptions how;
  how.remote = {*IpAddress::parse(our_address().is_v4() ? "224.0.0.1" : "ff02::1"), 80};
  const auto result = stack().connect(how, now());
  expect_true(!result, "connect to a group address fails");
  drain();
  expect_nothing();
}

SCRIPT(Open, K26_NoConnectionWithABroadcastAddress) {
  if (!our_address().is_v4()) return;  // IPv6 has none
  for (const char* address : {"255.255.255.255", "192.168.0.255"}) {
    ConnectOptions how;
    how.remote = {*IpAddress::parse(address), 80};
    expect_true(!stack().connect(how, now()), "connect to a broadcast address fails");
    drain();
    expect_nothing();
  }
}

// RFC 9293 3.9.1.1: a second connection with the same four-tuple cannot be.
SCRIPT(Open, OneFourTupleIsOneConnection) {
  open_actively();
  ConnectOptions how;
  how.remote = {peer_address(), peer.port()};
  how.local = Endpoint{our_address(), kOurPort};
  const auto again = stack().connect(how, now());
  expect_true(!again && again.error() == std::errc::address_in_use, "address in use");
}

// RFC 9293 3.10.4: CLOSE in SYN-SENT deletes the TCB; nothing is sent, and the SYN-ACK that comes
// finds nobody (3.10.7.1). CLAIMS K42: the client answers it by RST.
SCRIPT(Open, K42_AnUnexpectedSynAckIsAnsweredByReset) {
  app.connects();
  expect("S 0:0(0)"_seg);
  app.closes();
  expect_nothing();
  expect_state(State::closed);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect("R 1:1(0)"_seg);
}

// RFC 9293 3.9.1.1, 3.10.2: data written before the handshake is done is queued and goes out after
// it.
SCRIPT(Open, DataWrittenInSynSentWaitsForTheHandshake) {
  app.connects();
  expect("S 0:0(0)"_seg);
  app.writes("hello");
  expect_nothing();
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  // The data carries the ACK, or follows it.
  SentPacket data = take_sent();
  if (data.tcp->payload_size == 0) data = take_sent();
  expect_equal(distance(*peer.our_iss(), data.tcp->header.seq), 1U, "its number");
  expect_equal(data.tcp->payload_size, 5U, "its length");
}

}  // namespace bowline::test
