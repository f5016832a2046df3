// TIME-WAIT: RFC 9293 sections 3.6.1, 3.10.7.4, 3.10.8; RFC 1337; RFC 6191. REQUIREMENTS A7, A15.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

namespace {

/// Opens passively and closes first, so that a listener is there when a new SYN comes.
class AfterPassiveOpen : public Script {
 public:
  using Script::Script;

 protected:
  void enter_time_wait(const Segment& syn) {
    open_passively(syn);
    app.closes();
    expect("F. 1:1(0) ack 1"_seg);
    peer.sends("F. 1:1(0) ack 2"_seg);
    expect(". 2:2(0) ack 2"_seg);
    expect_state(State::time_wait);
  }
  void enter_time_wait() { enter_time_wait("S 0:0(0) win 65535 <mss 1460>"_seg); }
};

}  // namespace

// K79, K80, MUST-13: 2 MSL, here 60 s ...
SCRIPT(TimeWait, K80_LastsTwiceTheMsl) {
  enter(State::time_wait);
  idle(60s - 1ms);
  expect_state(State::time_wait);
  idle(2ms);
  expect_state(State::closed);
}

// ... a choice of the implementation, so a setting.
SCRIPT(TimeWait, K80_TheMslIsASetting) {
  config.tcp.msl = 5s;
  enter(State::time_wait);
  idle(10s - 1ms);
  expect_state(State::time_wait);
  idle(2ms);
  expect_state(State::closed);
}

// K82: a repeated FIN is acknowledged again and restarts the wait (3.10.7.4 fifth, eighth).
SCRIPT(TimeWait, K82_ARepeatedFinIsAcknowledgedAndRestartsTheWait) {
  enter(State::time_wait);
  idle(40s);
  peer.sends("F. 1:1(0) ack 2"_seg);
  expect(". 2:2(0) ack 2"_seg);
  idle(59s);
  expect_state(State::time_wait);
  idle(2s);
  expect_state(State::closed);
}

// The same when the application has closed and only a record is left.
SCRIPT(TimeWait, K82_ARecordDoesItToo) {
  enter(State::time_wait);
  app.closes();
  idle(40s);
  peer.sends("F. 1:1(0) ack 2"_seg);
  expect(". 2:2(0) ack 2"_seg);
  idle(59s);
  expect_state(State::time_wait);
  idle(2s);
  expect_state(State::closed);
}

// K84: the wait is for the repeated FIN; an ACK neither ends nor prolongs it.
SCRIPT(TimeWait, K84_AnAckChangesNothing) {
  enter(State::time_wait);
  idle(40s);
  peer.sends(". 2:2(0) ack 2"_seg);
  skip_sent();  // an answer is no harm
  expect_state(State::time_wait);
  idle(20s - 1ms);
  expect_state(State::time_wait);
  idle(2ms);
  expect_state(State::closed);
}

// RFC 1337: a RST does not end it. REQUIREMENTS A7.
SCRIPT(TimeWait, AResetDoesNotEndIt) {
  enter(State::time_wait);
  peer.sends("R 2:2(0)"_seg);
  expect_nothing();
  expect_state(State::time_wait);
  app.closes();
  peer.sends("R 2:2(0)"_seg);
  expect_nothing();
  expect_state(State::time_wait);
}

// REQUIREMENTS A7: a SYN-ACK that finds the client in TIME-WAIT gets an ACK.
SCRIPT(TimeWait, ASynAckIsAnsweredByAnAck) {
  enter(State::time_wait);
  peer.sends("S. 0:0(0) ack 1"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_state(State::time_wait);
}

// K87: old data of this connection is not delivered; it is answered with where we stand (3.10.7.4
// first).
SCRIPT(TimeWait, K87_OldDataIsNotTaken) {
  enter(State::time_wait);
  peer.sends("P. 0:1(1) ack 2"_seg);
  expect(". 2:2(0) ack 2"_seg);
  app.reads_end();
  expect_state(State::time_wait);
}

// A SYN that the listener would only drop does not end TIME-WAIT: it is answered as one that comes
// too early, and the record goes on keeping old segments away.
SCRIPT_OF(AfterPassiveOpen, TimeWait, ASynThatNobodyCanAnswerDoesNotEndIt) {
  enter_time_wait();
  Peer& other = add_peer(40'001);
  for (int i = 0; i < 128; ++i) {  // fills the accept queue
    Peer& each = add_peer(static_cast<std::uint16_t>(41'000 + i));
    each.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
    expect(each, "S. 0:0(0) ack 1"_seg);
    each.sends(". 1:1(0) ack 1"_seg);
  }
  static_cast<void>(other);
  peer.sends("S 100000:100000(0) win 65535 <mss 1460>"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_state(State::time_wait);
  expect_count(Reason::state_time_wait_reuse, 0);
}

// K89, MAY-2, SHLD-4: a SYN with a higher number opens anew where somebody listens; our new ISN
// lies beyond the old SND.NXT.
SCRIPT_OF(AfterPassiveOpen, TimeWait, K89_ANewerSynOpensAnew) {
  enter_time_wait();
  const SeqNumber old_nxt = *peer.our_iss() + 2;
  peer.reincarnates(100'000);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  const SentPacket syn_ack = take_sent();
  expect_equal(syn_ack.tcp->header.flags, std::uint16_t{wire::kSyn | wire::kAck}, "the answer");
  expect_equal(syn_ack.tcp->header.ack, peer.iss() + 1, "its ack");
  expect_true(bowline::after(syn_ack.tcp->header.seq, old_nxt), "our ISN is higher than before");
  peer.sends("P. 1:6(5) ack 1"_seg, "again");
  Socket second(*this);
  second.accepts(listener);
  second.reads("again");
  after(40ms);
  expect(". 1:1(0) ack 6"_seg);
  expect_equal(stack().usage().time_wait, 0U, "TIME-WAIT records");
}

// K89, RFC 6191: by timestamp too, whatever the sequence number.
SCRIPT_OF(AfterPassiveOpen, TimeWait, K89_ASynWithANewerTimestampOpensAnew) {
  enter_time_wait("S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  idle(2s);
  peer.reincarnates(0U - 100'000U);  // a lower number
  peer.sends("S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 5000 ecr 0>"_seg);
  const SentPacket syn_ack = take_sent();
  expect_equal(syn_ack.tcp->header.flags, std::uint16_t{wire::kSyn | wire::kAck}, "the answer");
  expect_state(State::syn_received);
}

// An older SYN does not (RFC 9293 3.10.7.4 first, fourth; RFC 6191 2: dropped, or answered with an
// ACK).
SCRIPT_OF(AfterPassiveOpen, TimeWait, K89_AnOlderSynDoesNot) {
  enter_time_wait();
  const SeqNumber old_nxt = *peer.our_iss() + 2;
  peer.reincarnates(0U - 100'000U);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect_state(State::time_wait);
  if (has_sent()) {
    const SentPacket answer = take_sent();
    expect_equal(answer.tcp->header.flags, wire::kAck, "its flags");
    expect_equal(answer.tcp->header.seq, old_nxt, "SND.NXT");
  }
  expect_equal(stack().usage().half_open, 0U, "half-open entries");
}

// A segment without a timestamp is not from the peer that agreed on them (RFC 7323 3.2), but from a
// forger or from a peer that has started over: what it draws has none, either, and is no longer
// than it.
SCRIPT_OF(AfterPassiveOpen, TimeWait, ABareSynIsAnsweredByABareAck) {
  enter_time_wait("S 0:0(0) win 65535 <mss 1460,nop,nop,TS val 1000 ecr 0>"_seg);
  const SeqNumber old_nxt = *peer.our_iss() + 2;
  peer.reincarnates(0U - 100'000U);
  peer.sends("S 0:0(0) win 65535"_seg);
  const SentPacket bare = take_sent();
  expect_equal(bare.tcp->header.flags, wire::kAck, "its flags");
  expect_equal(bare.tcp->header.seq, old_nxt, "SND.NXT");
  expect_equal(bare.tcp->header_size, std::uint32_t{wire::kTcpHeaderSize}, "its header");
  peer.sends("S 0:0(0) win 65535 <nop,nop,TS val 500 ecr 0>"_seg);
  expect_true(take_sent().tcp->options.timestamps.has_value(), "where there is one, there is one");
  expect_state(State::time_wait);
}

// Where nobody listens a newer SYN opens nothing.
SCRIPT(TimeWait, WithoutAListenerANewSynOpensNothing) {
  enter(State::time_wait);
  peer.reincarnates(100'000);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  skip_sent();  // an ACK, or a RST (3.10.7.1)
  expect_equal(stack().usage().half_open, 0U, "half-open entries");
  expect_true(state() == State::time_wait || state() == State::closed, "no new connection");
}

// A setting switches the reuse off.
SCRIPT_OF(AfterPassiveOpen, TimeWait, K89_ReuseCanBeSwitchedOff) {
  config.tcp.time_wait_reuse = false;
  enter_time_wait();
  peer.reincarnates(100'000);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  skip_sent();
  expect_state(State::time_wait);
  expect_equal(stack().usage().half_open, 0U, "half-open entries");
}

// REQUIREMENTS B: records are capped, the oldest goes first.
SCRIPT(TimeWait, TheOldestRecordGoesFirst) {
  config.limits.time_wait = 2;
  listener.listens();
  Peer* const peers[] = {&peer, &add_peer(40'001), &add_peer(40'002)};
  for (Peer* each : peers) {
    Socket socket(*this);
    each->sends("S 0:0(0) win 65535 <mss 1460>"_seg);
    expect(*each, "S. 0:0(0) ack 1"_seg);
    each->sends(". 1:1(0) ack 1"_seg);
    socket.accepts(listener);
    socket.closes();
    expect(*each, "F. 1:1(0) ack 1"_seg);
    each->sends("F. 1:1(0) ack 2"_seg);
    expect(*each, ". 2:2(0) ack 2"_seg);
    idle(1s);
  }
  expect_equal(stack().usage().time_wait, 2U, "TIME-WAIT records");
  expect_state(*peers[0], State::closed);
  expect_state(*peers[1], State::time_wait);
  expect_state(*peers[2], State::time_wait);
}

}  // namespace bowline::test
