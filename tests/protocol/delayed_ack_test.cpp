// Acknowledging: RFC 9293 section 3.8.6.3, RFC 5681 section 4.2. REQUIREMENTS B: delayed by at most
// 500 ms (here 40 ms), every second full segment at once.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// SHLD-18, MUST-40.
SCRIPT(DelayedAck, ASingleSegmentIsAcknowledgedAfter40Ms) {
  open_passively();
  peer.sends("P. 1:101(100) ack 1"_seg);
  expect_nothing();
  after(40ms);
  expect(". 1:1(0) ack 101"_seg);
}

// SHLD-19: "an ACK for at least every second full-sized segment".
SCRIPT(DelayedAck, EverySecondFullSegmentIsAcknowledgedAtOnce) {
  open_passively();
  peer.sends(". 1:1461(1460) ack 1"_seg);
  expect_nothing();
  peer.sends(". 1461:2921(1460) ack 1"_seg);
  expect(". 1:1(0) ack 2921"_seg);
  peer.sends(". 2921:4381(1460) ack 1"_seg);
  expect_nothing();
  peer.sends("P. 4381:5841(1460) ack 1"_seg);
  expect(". 1:1(0) ack 5841"_seg);
}

// The delay runs from the first segment that waits.
SCRIPT(DelayedAck, TheDelayIsNotProlonged) {
  open_passively();
  peer.sends("P. 1:101(100) ack 1"_seg);
  idle(30ms);
  peer.sends("P. 101:201(100) ack 1"_seg);
  if (!has_sent()) lets_pass(10ms);
  // An ACK now at the latest; a stack may count every second segment, full or not.
  const SentPacket ack = take_sent();
  expect_equal(distance(peer.iss(), ack.tcp->header.ack), 201U, "its ack");
}

SCRIPT(DelayedAck, RidesOnData) {
  open_passively();
  peer.sends("P. 1:101(100) ack 1"_seg);
  app.writes(10);
  expect("P. 1:11(10) ack 101"_seg);
  peer.sends(". 101:101(0) ack 11"_seg);
  idle(1s);
}

// RFC 5681 4.2: out of order: at once; filling a hole: at once.
SCRIPT(DelayedAck, NotForWhatComesOutOfOrder) {
  open_passively();
  peer.sends("P. 11:21(10) ack 1"_seg);
  expect(". 1:1(0) ack 1"_seg);
  peer.sends("P. 21:31(10) ack 1"_seg);
  expect(". 1:1(0) ack 1"_seg);
  peer.sends("P. 1:6(5) ack 1"_seg);  // a part of the hole
  expect(". 1:1(0) ack 6"_seg);
  peer.sends("P. 6:11(5) ack 1"_seg);  // the rest of it
  expect(". 1:1(0) ack 31"_seg);
}

// RFC 5681 4.2: a duplicate is acknowledged at once: the peer's ACK was lost.
SCRIPT(DelayedAck, NotForADuplicate) {
  open_passively();
  peer.sends("P. 1:11(10) ack 1"_seg);
  after(40ms);
  expect(". 1:1(0) ack 11"_seg);
  peer.sends("P. 1:11(10) ack 1"_seg);
  expect(". 1:1(0) ack 11"_seg);
}

// RFC 9293 3.4: a bare ACK is not acknowledged.
SCRIPT(DelayedAck, AnAckIsNotAcknowledged) {
  open_passively();
  peer.sends(". 1:1(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1 win 1000"_seg);
  idle(1min);
}

SCRIPT(DelayedAck, QuickAckSwitchesItOff) {
  ListenOptions listening;
  listening.socket.quick_ack = true;
  listener.listens(listening);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1"_seg);
  app.accepts(listener);
  peer.sends("P. 1:11(10) ack 1"_seg);
  expect(". 1:1(0) ack 11"_seg);
  peer.sends("P. 11:21(10) ack 1"_seg);
  expect(". 1:1(0) ack 21"_seg);
}

// A setting: no delay at all.
SCRIPT(DelayedAck, TheDelayIsASetting) {
  config.tcp.delayed_ack = 200ms;
  open_passively();
  peer.sends("P. 1:11(10) ack 1"_seg);
  after(200ms);
  expect(". 1:1(0) ack 11"_seg);
}

// DESIGN section 5 rule 4: where the last delay was in vain, the next ACK goes at once; when data
// rides again, delay again.
SCRIPT(DelayedAck, AColdConnectionDoesNotWait) {
  config.tcp.cold_ack_at_once = true;
  open_passively();
  peer.sends("P. 1:11(10) ack 1"_seg);
  after(40ms);
  expect(". 1:1(0) ack 11"_seg);
  peer.sends("P. 11:21(10) ack 1"_seg);
  expect(". 1:1(0) ack 21"_seg);
  app.writes(10);
  expect("P. 1:11(10) ack 21"_seg);
  peer.sends(". 21:21(0) ack 11"_seg);
  // Data rides on the ACK of what comes now only if the delay gives it a chance; it does again
  // after one ride.
  hold_output();
  peer.sends("P. 21:31(10) ack 11"_seg);
  app.writes(10);
  release_output();
  expect("P. 11:21(10) ack 31"_seg);
  peer.sends("P. 31:41(10) ack 21"_seg);
  expect_nothing();
  after(40ms);
  expect(". 21:21(0) ack 41"_seg);
}

// The same rule: a delay in vain before a stream does not double the stream's acknowledgments
// (SHLD-19: one for every second full segment).
SCRIPT(DelayedAck, AStreamWarmsAColdConnection) {
  config.tcp.cold_ack_at_once = true;
  open_passively();
  peer.sends(". 1:1461(1460) ack 1"_seg);
  after(40ms);
  expect(". 1:1(0) ack 1461"_seg);
  after(100ms);
  peer.sends(". 1461:2921(1460) ack 1"_seg);
  expect(". 1:1(0) ack 2921"_seg);
  after(1ms);
  peer.sends(". 2921:4381(1460) ack 1"_seg);
  expect_nothing();
  peer.sends(". 4381:5841(1460) ack 1"_seg);
  expect(". 1:1(0) ack 5841"_seg);
}

}  // namespace bowline::test
