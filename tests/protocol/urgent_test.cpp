// Urgent data: RFC 9293 section 3.8.5, RFC 6093. REQUIREMENTS A12.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// K18, MUST-62: the pointer is an offset from SEG.SEQ to the byte after the urgent data.
// MUST-30
SCRIPT(Urgent, K18_ThePointerIsAnOffsetPastTheLastUrgentByte) {
  open_actively();
  hold_output();
  app.writes(10);
  app.marks_urgent();
  release_output();
  expect("U. 1:11(10) ack 1 urg 10"_seg);
}

// Bytes written after it are not urgent, and the pointer still says where it ended.
SCRIPT(Urgent, K18_ThePointerStaysWhereItIs) {
  open_actively();
  hold_output();
  app.writes(10);
  app.marks_urgent();
  app.writes(90);
  release_output();
  expect("U. 1:101(100) ack 1 urg 10"_seg);
  peer.sends(". 1:1(0) ack 101"_seg);
  app.writes(10);
  expect("P. 101:111(10) ack 1"_seg);  // no URG any more
}

// K17: to the receiving application the bytes are part of the stream (RFC 6093 3.2); nothing
// hurries.
SCRIPT(Urgent, K17_UrgentBytesAreInTheStream) {
  open_passively();
  peer.sends("PU. 1:11(10) ack 1 urg 10"_seg);
  app.reads(10);
  expect_equal(distance(view().irs, view().rcv_up), 11U, "RCV.UP");
  after(40ms);
  expect(". 1:1(0) ack 11"_seg);
}

// 3.10.7.4 sixth: RCV.UP <- max(RCV.UP, SEG.UP): it does not go back, and may lie ahead of the
// data.
SCRIPT(Urgent, RcvUpDoesNotGoBack) {
  open_passively();
  peer.sends("PU. 1:11(10) ack 1 urg 500"_seg);
  expect_equal(distance(view().irs, view().rcv_up), 501U, "RCV.UP");
  peer.sends("PU. 11:21(10) ack 1 urg 5"_seg);
  expect_equal(distance(view().irs, view().rcv_up), 501U, "RCV.UP still");
  skip_sent();
  app.reads(20);
  lets_pass(40ms);
  skip_sent();
}

// MUST-32: the application is told, and again when the pointer moves on. MUST-33: it can learn how
// much there is. It is over once the last urgent byte is read.
SCRIPT(Urgent, TheApplicationIsToldAndCanAskHowMuch) {
  open_passively();
  peer.sends("P. 1:6(5) ack 1"_seg);
  app.is_not_ready(kUrgent);
  peer.sends("PU. 6:16(10) ack 1 urg 5"_seg);
  app.is_ready(kUrgent);
  expect_equal(view().urgent, 10U, "bytes up to the pointer");
  app.reads(9);
  app.is_ready(kUrgent);
  peer.sends("U. 16:26(10) ack 1 urg 10"_seg);
  expect_equal(view().urgent, 16U, "bytes up to the pointer that moved");
  app.reads(16);
  app.is_not_ready(kUrgent);
  lets_pass(40ms);
  skip_sent();
}

// MUST-31: urgent data of any length.
SCRIPT(Urgent, OfAnyLength) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  hold_output();
  app.writes(3'000);
  app.marks_urgent();
  release_output();
  expect("U. 1:1001(1000) ack 1 urg 3000"_seg);
  expect("U. 1001:2001(1000) ack 1 urg 2000"_seg);
  expect("U. 2001:3001(1000) ack 1 urg 1000"_seg);
}

}  // namespace bowline::test
