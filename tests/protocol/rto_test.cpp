// The retransmission timer and giving up: RFC 6298, RFC 9293 sections 3.8.1 and 3.8.3, RFC 5681
// section 3.1. REQUIREMENTS A9, B: floor 200 ms, cap 60 s, R1 3, R2 100 s.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// RFC 6298 5.4 to 5.6: retransmit the earliest, double, restart.
// 6298-5.4a 6298-5.5a MUST-19
SCRIPT(Rto, DoublesFromTimeToTime) {
  open_with_a_sample();
  app.writes(100);
  expect("P. 101:201(100) ack 1"_seg);
  for (const Duration wait : {Duration(200ms), Duration(400ms), Duration(800ms), Duration(1600ms),
                              Duration(3200ms), Duration(6400ms)}) {
    after(wait);
    expect("P. 101:201(100) ack 1"_seg);
  }
  peer.sends(". 1:1(0) ack 201"_seg);
  idle(1h);
}

// RFC 6298 2.5: a maximum of 60 s. (R2 is moved out of the way.)
// 6298-2.5a
SCRIPT(Rto, StaysBelowAMinute) {
  config.tcp.r2_data = 1h;
  open_with_a_sample();
  app.writes(100);
  expect("P. 101:201(100) ack 1"_seg);
  for (int i = 0; i < 9; ++i) {
    after(200ms * (1 << i));  // up to 51.2 s
    expect("P. 101:201(100) ack 1"_seg);
  }
  for (int i = 0; i < 3; ++i) {
    after(60s);
    expect("P. 101:201(100) ack 1"_seg);
  }
}

// RFC 6298 2.4 (floor 1 s) as a setting; REQUIREMENTS B.
SCRIPT(Rto, TheFloorIsASetting) {
  config.tcp.rto_min = 1s;
  app.connects();
  expect("S 0:0(0)"_seg);
  after(10ms);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.writes(100);
  expect("P. 1:101(100) ack 1"_seg);
  after(1s);
  expect("P. 1:101(100) ack 1"_seg);
}

// RFC 6298 2.2, 2.3: the estimate: SRTT = R, RTTVAR = R/2; then 7/8, 3/4; RTO = SRTT + 4 RTTVAR.
// 6298-3b
SCRIPT(Rto, FollowsTheRoundTripTime) {
  config.tcp.timestamps = false;
  app.connects();
  expect("S 0:0(0)"_seg);
  after(400ms);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_equal(view().srtt, Duration(400ms), "SRTT after a sample of 400 ms");
  expect_equal(view().rttvar, Duration(200ms), "RTTVAR");
  expect_equal(view().rto, Duration(1200ms), "RTO");
  app.writes(100);
  expect("P. 1:101(100) ack 1"_seg);
  after(800ms);
  peer.sends(". 1:1(0) ack 101"_seg);
  // RTTVAR = 3/4 * 200 + 1/4 * |400 - 800| = 250; SRTT = 7/8 * 400 + 1/8 * 800 = 450; RTO = 1450.
  const auto near = [&](Duration is, Duration should, std::string_view what) {
    expect_true(is > should - 1ms && is < should + 1ms, what);
  };
  near(view().srtt, 450ms, "SRTT after a sample of 800 ms");
  near(view().rttvar, 250ms, "RTTVAR after it");
  near(view().rto, 1450ms, "RTO after it");
}

// RFC 6298 3 (Karn): an ACK of what was sent twice is no sample, and the backed-off RTO stays until
// there is one.
// 6298-3a MUST-18
SCRIPT(Rto, KarnKeepsTheBackedOffTimer) {
  open_with_a_sample();
  app.writes(100);
  expect("P. 101:201(100) ack 1"_seg);
  after(200ms);
  expect("P. 101:201(100) ack 1"_seg);
  const Duration srtt = view().srtt;
  after(50ms);
  peer.sends(". 1:1(0) ack 201"_seg);
  expect_equal(view().srtt, srtt, "SRTT");
  app.writes(100);
  expect("P. 201:301(100) ack 1"_seg);
  after(400ms);
  expect("P. 201:301(100) ack 1"_seg);
}

// RFC 6298 5.3: an ACK of new data restarts the timer for what is left.
// 6298-5.1a 6298-5.3a
SCRIPT(Rto, AnAckOfNewDataRestartsIt) {
  open_with_a_sample();
  tcp::SocketOptions options;
  options.no_delay = true;
  app.sets(options);
  app.writes(100);
  expect("P. 101:201(100) ack 1"_seg);
  after(10ms);
  app.writes(100);
  expect("P. 201:301(100) ack 1"_seg);
  after(140ms);
  peer.sends(". 1:1(0) ack 201"_seg);
  const Duration rto = view().rto;
  after(rto);
  expect("P. 201:301(100) ack 1"_seg);
}

// RFC 6298 5.2: all acknowledged: no timer. K112: an idle connection sends nothing, however long.
// 6298-5.2a
SCRIPT(Rto, K112_AnIdleConnectionSendsNothing) {
  open_with_a_sample();
  idle(720h);
  expect_state(State::established);
  app.writes(10);
  expect("P. 101:111(10) ack 1"_seg);
}

// RFC 5681 3.1: after a timeout: cwnd of one segment, ssthresh half of what was in flight, slow
// start. The earliest segment first, the others as ACKs come in.
// MUST-19
SCRIPT(Rto, AfterATimeoutItStartsSlowly) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  app.writes(8'000);
  for (int i = 0; i < 8; ++i) (void)take_sent();
  after(view().rto);
  expect(". 1:1001(1000) ack 1"_seg);
  expect_nothing();
  expect_equal(view().cwnd, 1'000U, "cwnd");
  expect_equal(view().ssthresh, 5'600U, "ssthresh");
  after(10ms);
  peer.sends(". 1:1(0) ack 1001"_seg);
  expect(". 1001:2001(1000) ack 1"_seg);
  expect(". 2001:3001(1000) ack 1"_seg);
  expect_nothing();
  peer.sends(". 1:1(0) ack 8001"_seg);
  idle(1h);
}

// K97, RFC 9293 3.8.3 MUST-20, MUST-12: TCP delivers, or gives up and says so. R1: suspected; R2:
// given up.
// SHLD-9 SHLD-10 SHLD-11
SCRIPT(Rto, K97_GivesUpAndSaysSo) {
  open_with_a_sample();
  app.writes(100);
  expect("P. 101:201(100) ack 1"_seg);
  lets_pass(3s);  // 0.2, 0.6, 1.4, 3.0
  expect_count(Reason::r1_passed, 1);
  skip_sent();
  lets_pass(96s + 900ms);
  skip_sent();
  expect_state(State::established);
  lets_pass(65s);
  skip_sent();  // 3.5.2: a RST may tell the peer
  expect_state(State::closed);
  app.is_ready(kError | kClosed);
  app.ended(EndReason::timed_out);
  app.was_told(std::errc::timed_out);
  app.was_told(std::error_code{});
}

// An answer in time saves it: the count is since the last progress.
SCRIPT(Rto, AnAckStartsTheCountOfR2Anew) {
  open_with_a_sample();
  app.writes(100);
  (void)take_sent();
  lets_pass(90s);
  skip_sent();
  peer.sends(". 1:1(0) ack 201"_seg);
  app.writes(100);
  skip_sent();
  lets_pass(90s);
  skip_sent();
  expect_state(State::established);
}

// RFC 6928, RFC 5681 3.1: the initial window: ten segments, at most max(2 MSS, 14600).
SCRIPT(Rto, TheInitialWindowIsTenSegments) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  app.writes(20'000);
  for (int i = 0; i < 10; ++i) {
    expect_equal(take_sent().tcp->payload_size, 1'460U, "a full segment");
  }
  expect_nothing();
  // Slow start: each acknowledged segment lets two go (5681 3.1: at most SMSS more for each ACK).
  peer.sends(". 1:1(0) ack 1461"_seg);
  expect(". 14601:16061(1460) ack 1"_seg);
  expect(". 16061:17521(1460) ack 1"_seg);
  expect_nothing();
}

// K95: cwnd is a window of its own: the lesser of both is used (RFC 9293 3.8.2, RFC 5681 3.1).
SCRIPT(Rto, K95_TheCongestionWindowIsAnotherWindow) {
  open_actively("S. 0:0(0) ack 1 win 5000 <mss 1000>"_seg);
  app.writes(20'000);
  for (int i = 0; i < 5; ++i) (void)take_sent();
  expect_nothing();  // SND.WND 5000 is the lesser
  expect_equal(view().cwnd, 10'000U, "cwnd");
  peer.sends(". 1:1(0) ack 1 win 65535"_seg);
  for (int i = 0; i < 5; ++i) (void)take_sent();
  expect_nothing();  // cwnd 10000 is
}

}  // namespace bowline::test
