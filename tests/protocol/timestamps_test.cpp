// Timestamps and PAWS: RFC 7323 sections 3 to 5.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// 3.2: offered on our SYN, with nothing to echo.
SCRIPT(Timestamps, AreOffered) {
  app.connects();
  const SentPacket syn = take_sent();
  expect_true(syn.tcp->options.timestamps.has_value(), "the option on the SYN");
  expect_equal(syn.tcp->options.timestamps->echo, 0U, "TSecr of a SYN");
}

// 3.2: a SYN-ACK has it only if the SYN had; then it echoes.
SCRIPT(Timestamps, AreAnsweredWhenAsked) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  expect("S. 0:0(0) ack 1 <mss 1460,nop,nop,TS val 0 ecr 1000>"_seg);
  peer.sends(". 1:1(0) ack 1 <nop,nop,TS val 1001 ecr 0>"_seg);
  app.accepts(listener);
  expect_true(view().timestamps, "timestamps are in use");
}

// 7323-3.2a
SCRIPT(Timestamps, AreNotAnsweredUnasked) {
  listener.listens();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1 <mss 1460>"_seg);
}

// 3.2: on every segment then but a RST (which every script checks); TSecr is TS.Recent.
// 7323-3.2a 7323-3.2c
SCRIPT(Timestamps, EchoWhatCame) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  peer.sends("P. 1:11(10) ack 1 <nop,nop,TS val 1050 ecr 0>"_seg);
  after(40ms);
  expect_equal(take_sent().tcp->options.timestamps->echo, 1'050U, "TSecr");
}

// 4.3: with a delayed ACK the echo is of the earliest segment that it acknowledges.
// 7323-4.3a
SCRIPT(Timestamps, EchoTheEarliestOfADelayedAck) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  peer.sends(". 1:1449(1448) ack 1 <nop,nop,TS val 1050 ecr 0>"_seg);
  peer.sends(". 1449:2897(1448) ack 1 <nop,nop,TS val 1060 ecr 0>"_seg);
  const SentPacket ack = take_sent();
  expect_equal(distance(peer.iss(), ack.tcp->header.ack), 2'897U, "its ack");
  expect_equal(ack.tcp->options.timestamps->echo, 1'050U, "TSecr");
}

// 4.3: a segment beyond a hole does not change what is echoed (SEG.SEQ <= Last.ACK.sent).
// 7323-4.3a
SCRIPT(Timestamps, DoNotEchoWhatIsOutOfOrder) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  peer.sends("P. 11:21(10) ack 1 <nop,nop,TS val 1050 ecr 0>"_seg);
  const SentPacket ack = take_sent();
  expect_equal(distance(peer.iss(), ack.tcp->header.ack), 1U, "its ack");
  expect_equal(ack.tcp->options.timestamps->echo, 1'000U, "TSecr");
}

// 5.4: our clock goes up, by 1 ms to 1 s a tick.
// 7323-5.4a
SCRIPT(Timestamps, OurClockGoesUp) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  app.writes(10);
  const std::uint32_t first = take_sent().tcp->options.timestamps->value;
  peer.sends(". 1:1(0) ack 11"_seg);
  idle(10s);
  app.writes(10);
  const std::uint32_t second = take_sent().tcp->options.timestamps->value;
  expect_true(second - first >= 10 && second - first <= 10'001, "ten seconds of it");
}

// RFC 7323 5.4, REQUIREMENTS B: a keyed offset for each four-tuple: two connections have unrelated
// clocks.
// 7323-5.4b
SCRIPT(Timestamps, EachConnectionHasItsOwnOffset) {
  Peer& other = add_peer(40'001);
  Socket second(*this);
  app.connects();
  const std::uint32_t ours = take_sent().tcp->options.timestamps->value;
  second.connects(other, {});
  const std::uint32_t theirs = take_sent().tcp->options.timestamps->value;
  expect_true(ours - theirs > 100'000 && theirs - ours > 100'000, "the clocks lie far apart");
}

// 4.1: RTTM: an ACK of retransmitted data is a sample with timestamps.
// 7323-4.1a
SCRIPT(Timestamps, MeasureEvenWhatWasSentAgain) {
  app.connects();
  expect("S 0:0(0)"_seg);
  after(10ms);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  after(view().rto);
  expect("P. 1:11(10) ack 1"_seg);
  const Duration before = view().srtt;
  after(100ms);
  peer.sends(". 1:1(0) ack 11"_seg);  // echoes the second transmission
  expect_true(view().srtt > before, "SRTT has taken in a sample of 100 ms");
  expect_true(view().srtt < Duration(100ms), "and not one of the first transmission");
}

// REQUIREMENTS B: tolerant of a missing option in the handshake: agreed on by both SYNs, then
// absent: RFC 7323 3.2 says drop (SHOULD) once they have been agreed on.
// 7323-3.2b
SCRIPT(Timestamps, ASegmentWithoutThemIsDropped) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  peer.sends("P. 1:11(10) ack 1 <>"_seg);
  skip_sent();
  app.reads_nothing();
  expect_count(Reason::timestamp_missing, 1);
  peer.sends("P. 1:11(10) ack 1"_seg);
  app.reads(10);
  after(40ms);
  expect(". 1:1(0) ack 11"_seg);
}

// 3.2: a RST is taken without them.
SCRIPT(Timestamps, AResetIsTakenWithoutThem) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  peer.sends("R 1:1(0) <>"_seg);
  expect_state(State::closed);
}

// 5.3 R1: SEG.TSval < TS.Recent: not acceptable: an ACK, and drop.
// 7323-5.3a
SCRIPT(Paws, AnOldTimestampIsNotAcceptable) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  peer.sends("P. 1:11(10) ack 1 <nop,nop,TS val 1050 ecr 0>"_seg);
  app.reads(10);
  after(40ms);
  expect(". 1:1(0) ack 11"_seg);
  peer.sends("P. 11:21(10) ack 1 <nop,nop,TS val 1049 ecr 0>"_seg);
  expect(". 1:1(0) ack 11"_seg);
  app.reads_nothing();
  expect_count(Reason::paws, 1);
  peer.sends("P. 11:21(10) ack 1 <nop,nop,TS val 1050 ecr 0>"_seg);  // equal is not old
  app.reads(10);
  after(40ms);
  expect(". 1:1(0) ack 21"_seg);
}

// 5.2: comparison is modular: a clock that wraps goes on.
SCRIPT(Paws, TheClockMayWrap) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 4294967290 ecr 0>"_seg);
  peer.sends("P. 1:11(10) ack 1 <nop,nop,TS val 10 ecr 0>"_seg);
  app.reads(10);
  after(40ms);
  expect_equal(take_sent().tcp->options.timestamps->echo, 10U, "TSecr");
}

// 5.2: "RST segments ... PAWS is not applied".
// 7323-5.2a
SCRIPT(Paws, DoesNotConcernResets) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  peer.sends("R 1:1(0) <nop,nop,TS val 1 ecr 0>"_seg);
  expect_state(State::closed);
}

// 5.5: after 24 days of idling TS.Recent is worth nothing.
// 7323-5.3b
SCRIPT(Paws, After24DaysAnyTimestampIsTaken) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  idle(25 * 24h);
  peer.sends("P. 1:11(10) ack 1 <nop,nop,TS val 1 ecr 0>"_seg);
  app.reads(10);
  after(40ms);
  expect_equal(take_sent().tcp->options.timestamps->echo, 1U, "TSecr");
}

}  // namespace bowline::test
