// Selective acknowledgment: RFC 2018. What is under test here is its use in general; the scoreboard
// has tests of its own.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// RFC 2018 2: offered on our SYN; on a SYN-ACK only if the SYN had it.
// 2018-2a
SCRIPT(Sack, IsOfferedAndNotAnsweredUnasked) {
  app.connects();
  expect_true(take_sent().tcp->options.sack_permitted, "SACK-permitted on the SYN");
  app.closes();
  listener.listens();
  peer.reincarnates(1'000);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect_true(!take_sent().tcp->options.sack_permitted, "none on the SYN-ACK");
}

// RFC 2018 4: what came out of order is reported, the block of the latest segment first.
// 2018-3a 2018-4a 2018-4b
SCRIPT(Sack, WhatCameOutOfOrderIsReported) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK>"_seg);
  peer.sends(". 1001:2001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 1 <nop,nop,sack 1001:2001>"_seg);
  peer.sends(". 3001:4001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 1 <nop,nop,sack 3001:4001 1001:2001>"_seg);
  peer.sends(". 1:1001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 2001 <nop,nop,sack 3001:4001>"_seg);
  peer.sends(". 2001:3001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 4001 <>"_seg);
  app.reads(4'000);
}

// RFC 2018 3: three blocks at most beside timestamps, four without.
// 2018-4c 2018-4d
SCRIPT(Sack, NoMoreBlocksThanAHeaderHolds) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK>"_seg);
  for (std::uint32_t i = 0; i < 6; ++i) {
    Segment data = ". 1001:1101(100) ack 1"_seg;
    data.seq = 1'001 + 1'000 * i;
    peer.sends(data);
    expect_equal(take_sent().tcp->options.sack_count, std::min(i + 1, 4U), "blocks");
  }
}

// RFC 9293 3.7.1 (RFC 6691): options take their room from the data, those that come and go too. (A
// segment that was larger than the MTU by a SACK block stopped a transfer in which both sides had
// lost something.)
SCRIPT(Sack, BlocksTakeTheirRoomFromTheData) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK>"_seg);
  peer.sends("P. 1001:2001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 1 <nop,nop,sack 1001:2001>"_seg);
  tcp::SocketOptions options;
  options.no_delay = true;
  app.sets(options);
  app.writes(2'896);
  expect(". 1:1449(1448) ack 1 <nop,nop,sack 1001:2001>"_seg);
  expect("P. 1449:2897(1448) ack 1 <nop,nop,sack 1001:2001>"_seg);
  peer.sends("P. 1:1001(1000) ack 2897"_seg);
  expect(". 2897:2897(0) ack 2001 <>"_seg);
}

// RFC 6675: what the peer has is not sent again.
// 2018-5a
SCRIPT(Sack, WhatThePeerHasIsNotSentAgain) {
  app.connects();
  expect("S 0:0(0)"_seg);
  after(40ms);  // without an RTT there would be no patience either (RFC 8985 6.2 step 4)
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  after(1ms);
  app.writes(10'000);
  for (int i = 0; i < 10; ++i) (void)take_sent();
  after(40ms);
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:2001>"_seg);
  expect_nothing();
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:3001>"_seg);
  expect_nothing();
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:4001>"_seg);
  expect(". 1:1001(1000) ack 1"_seg);
  expect_nothing();
  peer.sends(". 1:1(0) ack 10001"_seg);
  idle(10s);
}

// RFC 2018 8: SACK is advice: after a timeout what was reported is not counted on.
SCRIPT(Sack, BlocksThatLieDoNoHarm) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>"_seg);
  app.writes(2'000);
  expect(". 1:1001(1000) ack 1"_seg);
  expect("P. 1001:2001(1000) ack 1"_seg);
  // Never sent; backwards; acknowledged long ago.
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 5001:9001 2001:1001 0:1>"_seg);
  lets_pass(100ms);
  skip_sent();
  expect_state(State::established);
  peer.sends(". 1:1(0) ack 2001"_seg);
  expect_equal(distance(view().iss, view().snd_una), 2'001U, "SND.UNA");
}

}  // namespace bowline::test
