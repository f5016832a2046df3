// Keepalive: RFC 9293 section 3.8.4. REQUIREMENTS A17.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

namespace {

tcp::SocketOptions with_keepalive() {
  tcp::SocketOptions options;
  options.keepalive.enabled = true;
  return options;
}

// K114: a probe has SEG.SEQ = SND.NXT-1 and no data or one octet; the peer must answer it (MUST-29:
// one failure says nothing).
class WithKeepalive : public Script {
 public:
  using Script::Script;

 protected:
  void open() {
    open_actively();
    app.sets(with_keepalive());
  }
  void expect_probe(std::uint32_t snd_nxt, Where where = Where::current()) {
    const SentPacket probe = take_sent(where);
    expect_equal(distance(*peer.our_iss(), probe.tcp->header.seq), snd_nxt - 1, "SEG.SEQ", where);
    expect_true(probe.tcp->payload_size <= 1, "no data, or one octet", where);
    expect_equal(probe.tcp->header.flags, wire::kAck, "its flags", where);
  }
};

}  // namespace

// K115, MUST-25: off unless asked for.
SCRIPT(Keepalive, K115_IsOffByDefault) {
  open_actively();
  idle(2000h);
  expect_state(State::established);
}

// K115, MUST-28; K116; K114.
// MUST-24 SHLD-12
SCRIPT_OF(WithKeepalive, Keepalive, K115_FirstAfterTwoHoursThenEvery75Seconds) {
  open();
  after(2h);
  expect_probe(1);
  after(75s);
  expect_probe(1);
  after(75s);
  expect_probe(1);
  // K114: an ACK means alive.
  peer.sends(". 1:1(0) ack 1"_seg);
  idle(2h - 1s);
  expect_state(State::established);
}

// K117: after ten without an answer, at 7200 + 75 * 10 s.
// MUST-29
SCRIPT_OF(WithKeepalive, Keepalive, K117_TenWithoutAnAnswerEndIt) {
  open();
  after(2h);
  expect_probe(1);
  for (int i = 1; i < 10; ++i) {
    after(75s);
    expect_probe(1);
  }
  idle(74s + 900ms);
  expect_state(State::established);
  lets_pass(200ms);
  skip_sent();  // 3.5.2: a RST may tell the peer
  expect_state(State::closed);
  app.ended(EndReason::keepalive_failed);
  app.was_told(std::errc::timed_out);
}

// Profile::linux: a peer that only could not be heard is told.
SCRIPT_OF(WithKeepalive, Keepalive, AtItsEndThePeerMayBeReset) {
  config.tcp.reset_when_keepalive_fails = true;
  open();
  after(2h);
  expect_probe(1);
  for (int i = 1; i < 10; ++i) {
    after(75s);
    expect_probe(1);
  }
  after(75s);
  expect("R. 1:1(0) ack 1"_seg);
  app.ended(EndReason::keepalive_failed);
}

// K118: any segment resets the timer, in both directions of use.
SCRIPT_OF(WithKeepalive, Keepalive, K118_AnySegmentResetsTheTimer) {
  open();
  idle(1h);
  peer.sends("P. 1:11(10) ack 1"_seg);
  after(40ms);
  expect(". 1:1(0) ack 11"_seg);
  // Two hours after the segment came, or after our ACK went.
  idle(2h - 41ms);
  lets_pass(42ms);
  expect_probe(1);
}

// MUST-26: never while data is outstanding: then the RTO asks the question.
SCRIPT_OF(WithKeepalive, Keepalive, K118_NotWhileDataIsOutstanding) {
  app.connects();
  expect("S 0:0(0)"_seg);
  after(10ms);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  tcp::SocketOptions options = with_keepalive();
  options.keepalive.idle = 1s;
  options.keepalive.interval = 1s;
  app.sets(options);
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  const Time end = now() + 20s;
  while (now() < end) {
    lets_pass(100ms);
    while (skip_sent() > 0) {
    }
  }
  expect_count(Reason::send_keepalive, 0);
  expect_state(State::established);
}

// K113, RFC 9293 3.5.1: a restarted peer answers with RST.
SCRIPT_OF(WithKeepalive, Keepalive, K113_ARestartedPeerResets) {
  open();
  after(2h);
  expect_probe(1);
  peer.sends("R 1:1(0)"_seg);
  expect_state(State::closed);
  app.ended(EndReason::reset);
  app.was_told(std::errc::connection_reset);
}

// The other side of it: a probe from the peer is answered with where we stand (3.10.7.4 first).
SCRIPT_OF(WithKeepalive, Keepalive, APeersProbeIsAnswered) {
  open_actively();
  peer.sends(". 0:0(0) ack 1"_seg);
  expect(". 1:1(0) ack 1"_seg);
  peer.sends(". 0:1(1) ack 1"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.reads_nothing();
}

// The numbers are the application's to set.
// MUST-27
SCRIPT_OF(WithKeepalive, Keepalive, TheNumbersAreSettings) {
  open_actively();
  tcp::SocketOptions options = with_keepalive();
  options.keepalive.idle = 10s;
  options.keepalive.interval = 3s;
  options.keepalive.probes = 2;
  app.sets(options);
  after(10s);
  expect_probe(1);
  after(3s);
  expect_probe(1);
  idle(2s);
  lets_pass(2s);
  skip_sent();
  expect_state(State::closed);
  app.ended(EndReason::keepalive_failed);
}

}  // namespace bowline::test
