// The sliding window, both sides: RFC 9293 sections 3.8.6, 3.8.6.2, 3.10.7.4 fifth. REQUIREMENTS
// A10.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// RFC 9293 3.8.6: no more than SND.WND beyond SND.UNA. (K94, K23)
// MUST-1
SCRIPT(Window, K94_BoundsTheSender) {
  open_actively("S. 0:0(0) ack 1 win 3000 <mss 1000>"_seg);
  app.writes(10'000);
  expect(". 1:1001(1000) ack 1"_seg);
  expect(". 1001:2001(1000) ack 1"_seg);
  expect(". 2001:3001(1000) ack 1"_seg);
  expect_nothing();
  peer.sends(". 1:1(0) ack 1001 win 3000"_seg);
  expect(". 3001:4001(1000) ack 1"_seg);
  peer.sends(". 1:1(0) ack 4001 win 1000"_seg);
  expect(". 4001:5001(1000) ack 1"_seg);
  expect_nothing();
}

// RFC 9293 3.10.7.4 fifth: an ACK that acknowledges nothing new may open the window.
SCRIPT(Window, OpensByAnUpdate) {
  open_actively("S. 0:0(0) ack 1 win 1000 <mss 1000>"_seg);
  app.writes(3'000);
  expect(". 1:1001(1000) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1 win 3000"_seg);
  expect(". 1001:2001(1000) ack 1"_seg);
  expect("P. 2001:3001(1000) ack 1"_seg);
}

// RFC 9293 3.10.7.4 fifth: SND.WL1 and SND.WL2 keep old segments from setting the window.
SCRIPT(Window, AnOldSegmentDoesNotSetIt) {
  open_actively("S. 0:0(0) ack 1 win 2000 <mss 1000>"_seg);
  peer.sends("P. 1:11(10) ack 1 win 5000"_seg);   // SND.WL1 = 1
  peer.sends("P. 11:21(10) ack 1 win 4000"_seg);  // SND.WL1 = 11
  if (!has_sent()) lets_pass(40ms);
  expect(". 1:1(0) ack 21"_seg);
  // The first one again, late: SEG.SEQ < SND.WL1.
  peer.sends("P. 1:11(10) ack 1 win 5000"_seg);
  expect(". 1:1(0) ack 21"_seg);
  expect_equal(view().snd_wnd, 4'000U, "SND.WND");
}

// With the same SEQ, the later ACK decides (SND.WL2): RFC 9293 3.10.7.4 fifth.
SCRIPT(Window, AnOldAckDoesNotSetIt) {
  open_actively("S. 0:0(0) ack 1 win 3000 <mss 1000>"_seg);
  app.writes(2'000);
  expect(". 1:1001(1000) ack 1"_seg);
  expect("P. 1001:2001(1000) ack 1"_seg);
  peer.sends(". 1:1(0) ack 2001 win 3000"_seg);
  peer.sends(". 1:1(0) ack 1001 win 9000"_seg);  // overtaken on its way
  expect_equal(view().snd_wnd, 3'000U, "SND.WND");
}

// RFC 9293 3.8.6 MUST-34: a peer that takes window back is borne with: what is sent stays sent, new
// data waits.
// SHLD-15 SHLD-16 SHLD-17 7323-2.4b
SCRIPT(Window, ShrinkingIsTolerated) {
  open_actively("S. 0:0(0) ack 1 win 3000 <mss 1000>"_seg);
  app.writes(5'000);
  expect(". 1:1001(1000) ack 1"_seg);
  expect(". 1001:2001(1000) ack 1"_seg);
  expect(". 2001:3001(1000) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1001 win 1000"_seg);  // right edge 2001, and was 3001
  expect_nothing();
  peer.sends(". 1:1(0) ack 3001 win 3000"_seg);  // it took them all the same
  expect(". 3001:4001(1000) ack 1"_seg);
  expect("P. 4001:5001(1000) ack 1"_seg);
  expect_state(State::established);
}

// RFC 9293 3.8.6.2.1: sender's SWS avoidance: not less than a full segment, all there is, or half
// the largest window ever seen.
// MUST-38
SCRIPT(Window, TheSenderWaitsForAWorthwhileWindow) {
  open_actively("S. 0:0(0) ack 1 win 4000 <mss 1000>"_seg);
  app.writes(10'000);
  for (int i = 0; i < 4; ++i) (void)take_sent();
  peer.sends(". 1:1(0) ack 4001 win 500"_seg);  // less than a segment, less than half of 4000
  expect_nothing();
  peer.sends(". 1:1(0) ack 4001 win 1000"_seg);
  expect(". 4001:5001(1000) ack 1"_seg);
}

// ... (3): half of the largest window, for a peer whose buffer is smaller than a segment.
// MUST-38
SCRIPT(Window, ATinyBufferIsFilledByHalves) {
  open_actively("S. 0:0(0) ack 1 win 600 <mss 1000>"_seg);
  app.writes(2'000);
  expect(". 1:601(600) ack 1"_seg);
  peer.sends(". 1:1(0) ack 601 win 200"_seg);
  expect_nothing();
  peer.sends(". 1:1(0) ack 601 win 300"_seg);
  expect(". 601:901(300) ack 1"_seg);
}

// RFC 9293 3.8.6: our window is what is left of the buffer; its right edge does not move back
// (SHLD-14, which every script checks).
SCRIPT(Window, OursShrinksAsTheBufferFills) {
  tcp::SocketOptions options;
  options.receive_buffer = 4'000;
  ListenOptions listening;
  listening.socket = options;
  listener.listens(listening);
  peer.sends("S 0:0(0) win 65535 <mss 1000>"_seg);
  expect("S. 0:0(0) ack 1 win 4000"_seg);
  peer.sends(". 1:1(0) ack 1"_seg);
  app.accepts(listener);
  peer.sends(". 1:1001(1000) ack 1"_seg);
  peer.sends("P. 1001:2001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 2001 win 2000"_seg);
  peer.sends(". 2001:3001(1000) ack 1"_seg);
  peer.sends("P. 3001:4001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 4001 win 0"_seg);
  app.reads(4'000);
  expect(". 1:1(0) ack 4001 win 4000"_seg);
}

// RFC 9293 3.8.6.2.2: receiver's SWS avoidance: the edge moves by at least min(buffer / 2, MSS).
// MUST-39
SCRIPT(Window, TheReceiverOpensItByWorthwhileSteps) {
  tcp::SocketOptions options;
  options.receive_buffer = 4'000;
  ListenOptions listening;
  listening.socket = options;
  listener.listens(listening);
  peer.sends("S 0:0(0) win 65535 <mss 1000>"_seg);
  expect("S. 0:0(0) ack 1 win 4000"_seg);
  peer.sends(". 1:1(0) ack 1"_seg);
  app.accepts(listener);
  for (std::uint32_t at = 1; at < 4'001; at += 1'000) {
    Segment data = ". 1:1001(1000) ack 1"_seg;
    data.seq = at;
    peer.sends(data);
    skip_sent();
  }
  lets_pass(100ms);
  skip_sent();
  app.reads(500);
  expect_nothing();
  app.reads(400);
  expect_nothing();
  app.reads(600);  // 1500 by now: more than the MSS of 1460 and so at least as much as the lesser
                   // of the two
  const SentPacket update = take_sent();
  expect_true(update.tcp->header.window >= 1'460, "a step worth telling of");
  expect_equal(distance(peer.iss(), update.tcp->header.ack), 4'001U, "its ack");
}

// RFC 9293 3.10.7.4 first: what lies beyond the window is not taken, and answered with where we
// stand.
SCRIPT(Window, DataBeyondItIsNotTaken) {
  open_passively();
  peer.sends("P. 65536:65541(5) ack 1"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.reads_nothing();
  expect_equal(view().out_of_order, 0U, "bytes that wait for a hole to be filled");
}

// A segment that reaches over the right edge: the part inside is taken (3.10.7.4 seventh: trimmed).
SCRIPT(Window, WhatReachesOverTheEdgeIsTrimmed) {
  tcp::SocketOptions options;
  options.receive_buffer = 3'000;
  ListenOptions listening;
  listening.socket = options;
  listener.listens(listening);
  peer.sends("S 0:0(0) win 65535 <mss 1400>"_seg);
  expect("S. 0:0(0) ack 1 win 3000"_seg);
  peer.sends(". 1:1(0) ack 1"_seg);
  app.accepts(listener);
  peer.sends(". 1:1401(1400) ack 1"_seg);
  peer.sends(". 1401:2801(1400) ack 1"_seg);
  expect(". 1:1(0) ack 2801 win 200"_seg);
  peer.sends("P. 2801:4201(1400) ack 1"_seg);
  lets_pass(40ms);
  const SentPacket ack = take_sent();
  expect_equal(distance(peer.iss(), ack.tcp->header.ack), 3'001U, "up to the edge");
  expect_equal(ack.tcp->header.window, 0, "the window after it");
  app.reads(3'000);
  skip_sent();
}

// K93: the cuts mean nothing: writes and reads are bytes (RFC 9293 2.2, 3.7).
SCRIPT(Stream, K93_TheCutsMeanNothingToTheApplication) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  tcp::SocketOptions options;
  options.no_delay = true;
  app.sets(options);
  app.writes(2'500);
  expect(". 1:1001(1000) ack 1"_seg);
  expect(". 1001:2001(1000) ack 1"_seg);
  expect("P. 2001:2501(500) ack 1"_seg);
  peer.sends(". 1:1(0) ack 2501"_seg);
  peer.sends(". 1:4(3) ack 2501"_seg);
  skip_sent();
  peer.sends("P. 4:9(5) ack 2501"_seg);
  skip_sent();
  peer.sends(". 9:1009(1000) ack 2501"_seg);
  skip_sent();
  lets_pass(40ms);
  skip_sent();
  app.reads(1);
  app.reads(1'000);
  app.reads(7);
  app.reads_nothing();
}

// What was held back by Nagle is sent with what came after it, in one segment (RFC 9293 3.7.4).
// SHLD-27 SHLD-28
SCRIPT(Stream, K93_SmallWritesAreJoined) {
  open_actively();
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  app.writes(20);
  app.writes(30);
  expect_nothing();
  peer.sends(". 1:1(0) ack 11"_seg);
  expect("P. 11:61(50) ack 1"_seg);
}

// K91: out of order is put in order (RFC 9293 3.4, 3.10.7.4 seventh), and answered at once
// (5681 4.2).
// SHLD-31
SCRIPT(Stream, K91_WhatComesOutOfOrderIsPutInOrder) {
  open_passively();
  peer.sends("P. 11:21(10) ack 1"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.reads_nothing();
  peer.sends("P. 31:41(10) ack 1"_seg);
  expect(". 1:1(0) ack 1"_seg);
  peer.sends("P. 1:11(10) ack 1"_seg);
  expect(". 1:1(0) ack 21"_seg);
  app.reads(20);
  app.reads_nothing();
  peer.sends("P. 21:31(10) ack 1"_seg);
  expect(". 1:1(0) ack 41"_seg);
  app.reads(20);
}

// K92: duplicates are excluded by sequence numbers: wholly old, overlapping left, overlapping
// right.
SCRIPT(Stream, K92_DuplicatesAndOverlapsAreTakenOnce) {
  open_passively();
  peer.sends("P. 1:11(10) ack 1"_seg);
  after(40ms);
  expect(". 1:1(0) ack 11"_seg);
  peer.sends("P. 1:11(10) ack 1"_seg);  // wholly old
  expect(". 1:1(0) ack 11"_seg);
  peer.sends("P. 6:16(10) ack 1"_seg);  // its first half is old
  lets_pass(40ms);
  expect(". 1:1(0) ack 16"_seg);
  peer.sends("P. 21:31(10) ack 1"_seg);
  expect(". 1:1(0) ack 16"_seg);
  peer.sends("P. 16:26(10) ack 1"_seg);  // its second half has come before
  expect(". 1:1(0) ack 31"_seg);
  app.reads(30);
  app.reads_nothing();
}

// RFC 9293 3.1 MUST-3: a wrong checksum: dropped in silence.
SCRIPT(Stream, AWrongChecksumIsDropped) {
  open_passively();
  peer.sends_damaged("P. 1:11(10) ack 1"_seg, 25);
  expect_nothing();
  app.reads_nothing();
  expect_count(Reason::tcp_bad_checksum, 1);
  peer.sends("P. 1:11(10) ack 1"_seg);
  app.reads(10);
  after(40ms);
  expect(". 1:1(0) ack 11"_seg);
}

// K19, RFC 9293 3.9.1.2 MUST-61: PSH on the last segment of what the application has written, and
// only there.
// MUST-60
SCRIPT(Stream, K19_PushStandsOnTheLastSegment) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  app.writes(3'000);
  expect_true(!take_sent().tcp->header.has(wire::kPsh), "no PSH on the first of three");
  expect_true(!take_sent().tcp->header.has(wire::kPsh), "no PSH on the second of three");
  expect_true(take_sent().tcp->header.has(wire::kPsh), "PSH on the third of three");
}

// K19: as a receiver: it passes data up at once with PSH and without.
SCRIPT(Stream, K19_DataIsHandedUpWithPushAndWithout) {
  open_passively();
  peer.sends(". 1:6(5) ack 1"_seg, "hello");
  app.is_ready(kReadable);
  app.reads("hello");
  after(40ms);
  expect(". 1:1(0) ack 6"_seg);
}

// RFC 9293 3.10.7.4 fifth: no ACK bit: drop.
SCRIPT(Stream, K13_ASegmentWithoutAckIsDropped) {
  open_passively();
  peer.sends("P 1:6(5)"_seg);
  expect_nothing();
  app.reads_nothing();
  expect_count(Reason::no_ack_flag, 1);
}

// The send buffer is bounded: write() takes a part, then nothing, and writability returns with
// ACKs.
SCRIPT(Stream, AFullSendBufferTakesNothing) {
  config.tcp.send_buffer = config.tcp.send_buffer_max = 8'000;
  open_actively("S. 0:0(0) ack 1 win 4000 <mss 1000>"_seg);
  const std::uint32_t taken = app.tries_to_write(20'000);
  expect_equal(taken, 8'000U, "bytes taken");
  for (int i = 0; i < 4; ++i) (void)take_sent();
  expect_equal(app.tries_to_write(1), 0U, "bytes taken when it is full");
  app.is_not_ready(kWritable);
  peer.sends(". 1:1(0) ack 4001 win 4000"_seg);
  for (int i = 0; i < 4; ++i) (void)take_sent();
  app.is_ready(kWritable);
  expect_equal(app.tries_to_write(20'000), 4'000U, "bytes taken after an ACK of 4000");
}

}  // namespace bowline::test
