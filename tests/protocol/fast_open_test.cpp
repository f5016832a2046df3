// TCP Fast Open: RFC 7413. K36: a SYN may carry data; here it is also answered before the handshake
// is done. Off unless the stack's settings and the application both ask for it.

#include <gtest/gtest.h>

#include <algorithm>

#include "bowline/tcp/fast_open.hpp"
#include "bowline/wire/hex_literal.hpp"
#include "tests/support/script.hpp"

namespace bowline::test {
namespace {

using wire::operator""_hex;

constexpr auto kAnySyn = "S 0:0(0) win 65535 <mss 1000,sackOK,nop,nop>"_seg;

tcp::SocketOptions fast() {
  tcp::SocketOptions options;
  options.fast_open = true;
  return options;
}

ListenOptions fast_listener(std::uint16_t backlog = 8) {
  ListenOptions options;
  options.socket.fast_open_backlog = backlog;
  return options;
}

// `segment` with a Fast Open option behind its others.
Segment with_cookie(Segment segment, const wire::FastOpenCookie& cookie) {
  segment.options.fast_open = cookie;
  auto at = segment.option_bytes.begin() + segment.option_size;
  *at++ = std::byte{wire::tcp_option::kFastOpen};
  *at++ = static_cast<std::byte>(2 + cookie.size);
  at = std::ranges::copy(cookie.bytes(), at).out;
  while ((at - segment.option_bytes.begin()) % 4 != 0) *at++ = std::byte{wire::tcp_option::kNop};
  segment.option_size = static_cast<std::uint8_t>(at - segment.option_bytes.begin());
  return segment;
}

}  // namespace

// What Linux makes of net.ipv4.tcp_fastopen_key=a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4, whose words
// are little-endian, for 192.0.2.1 at 192.168.0.1.
TEST(FastOpenCookie, IsLinuxsSipHashOfBothAddresses) {
  const SipKey key{0xb2b2b2b2a1a1a1a1, 0xd4d4d4d4c3c3c3c3};
  const wire::FastOpenCookie cookie =
      tcp::fast_open_cookie(key, IpAddress::v4(0xc0000201), IpAddress::v4(0xc0a80001));
  EXPECT_EQ(cookie.size, 8);
  EXPECT_TRUE(std::ranges::equal(cookie.bytes(), "3021b9d889017eeb"_hex));
}

// RFC 7413 section 4.1.3: the first connection asks, the second has data on its SYN.
SCRIPT(FastOpenClient, K36_ACookieOfTheLastConnectionLetsDataOnTheSyn) {
  config.tcp.fast_open.client = true;
  app.connects(fast());
  expect("S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7,FO,nop,nop>"_seg);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1000,FO 0102030405060708,nop,nop>"_seg);
  expect(". 1:1(0) ack 1"_seg);

  Peer& again = add_peer(40'001);
  Socket second(*this);
  hold_output();
  second.connects(again, fast());
  second.writes("hello");
  release_output();
  expect(again,
         "S 0:5(5) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7,FO 0102030405060708,nop,nop>"_seg);
  again.sends("S. 0:0(0) ack 6 win 65535 <mss 1000>"_seg);
  expect(again, ". 6:6(0) ack 1"_seg);
  expect_state(again, State::established);
}

// Section 4.2.1: "if the server acknowledges only the SYN, the client resends the data". At once:
// it was not lost.
SCRIPT(FastOpenClient, WhatTheSynAckLeavesGoesAgainAtOnce) {
  config.tcp.fast_open.client = config.tcp.fast_open.client_without_cookie = true;
  hold_output();
  app.connects(fast());
  app.writes("hello");
  release_output();
  expect("S 0:5(5)"_seg);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  expect("P. 1:6(5) ack 1"_seg);
  peer.sends(". 1:1(0) ack 6"_seg);
  expect_count(Reason::retransmit_fast_open, 1);
}

// Section 4.2.1: "the retransmitted SYN ... SHOULD be without the option and data".
SCRIPT(FastOpenClient, ASynIsRepeatedBare) {
  config.tcp.fast_open.client = config.tcp.fast_open.client_without_cookie = true;
  hold_output();
  app.connects(fast());
  app.writes("hello");
  release_output();
  expect("S 0:5(5)"_seg);
  after(1s);
  expect("S 0:0(0) <mss 1460,sackOK,TS val 1000 ecr 0,nop,wscale 7>"_seg);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  expect("P. 1:6(5) ack 1"_seg);
}

// Section 4.1.3.1: what lost two SYNs with data is not offered a third, for a while.
SCRIPT(FastOpenClient, APathThatDropsThemIsSparedForTwoMinutes) {
  config.tcp.fast_open.client = config.tcp.fast_open.client_without_cookie = true;
  std::uint16_t port = 40'001;
  const auto tries = [&](bool with_data) {
    Peer& other = add_peer(port++);
    Socket socket(*this);
    hold_output();
    socket.connects(other, fast());
    socket.writes("hello");
    release_output();
    if (with_data) {
      expect(other, "S 0:5(5)"_seg);
      after(1s);
    }
    expect(other, "S 0:0(0)"_seg);
    socket.aborts();
  };
  tries(true);
  tries(true);
  tries(false);
  idle(2min);
  tries(true);
}

// Before there was an RFC servers used an experiment's option (section 4.1.1 names it): who does
// not answer the one is asked by the other, once.
SCRIPT(FastOpenClient, AsksOnceByTheExperimentsOption) {
  config.tcp.fast_open.client = true;
  std::uint16_t port = 40'001;
  const auto asks = [&](const Segment& syn) {
    Peer& other = add_peer(port++);
    Socket socket(*this);
    socket.connects(other, fast());
    expect(other, syn);
    other.sends("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
    expect(other, ". 1:1(0) ack 1"_seg);
    socket.aborts();
    expect(other, "R. 1:1(0) ack 1"_seg);
  };
  asks("S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7,FO,nop,nop>"_seg);
  asks("S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7,bytes fe04f989>"_seg);
  asks("S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7,FO,nop,nop>"_seg);
  asks("S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7,FO,nop,nop>"_seg);
}

SCRIPT(FastOpenClient, IsOffByDefault) {
  app.connects(fast());
  expect("S 0:0(0) <mss 1460,sackOK,TS val 0 ecr 0,nop,wscale 7>"_seg);
}

// Only as much as the server announced it takes, less the room for options.
SCRIPT(FastOpenClient, TheSynHoldsWhatTheServersMssAllows) {
  config.tcp.fast_open.client = true;
  app.connects(fast());
  expect("S 0:0(0)"_seg);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1000,FO 0102030405060708,nop,nop>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  Peer& again = add_peer(40'001);
  Socket second(*this);
  hold_output();
  second.connects(again, fast());
  second.writes(2'000);
  release_output();
  expect(again, "S 0:960(960)"_seg);
}

// RFC 7413 section 4.2.2: the request is read, and answered, a round trip before it could be.
SCRIPT(FastOpenServer, K36_TheDataOnASynIsReadAndAnsweredBeforeTheHandshakeIsDone) {
  config.tcp.fast_open.server = true;
  listener.listens(fast_listener());
  peer.sends(with_cookie(kAnySyn, {}));
  const SentPacket offer = take_sent();
  expect_true(offer.tcp->options.fast_open.has_value(), "a cookie in the SYN-ACK");
  if (!offer.tcp->options.fast_open) return;
  const wire::FastOpenCookie cookie = *offer.tcp->options.fast_open;
  expect_equal(cookie.size, std::uint8_t{8}, "its size");
  listener.has_nothing_to_accept();

  Peer& again = add_peer(40'001);
  Segment syn = "S 0:5(5) win 65535 <mss 1000,sackOK,nop,nop>"_seg;
  again.sends(with_cookie(syn, cookie), "hello");
  expect(again, "S. 0:0(0) ack 6 <mss 1460,nop,nop,sackOK>"_seg);
  app.accepts(listener);
  app.reads("hello");
  expect_state(again, State::syn_received);
  app.writes("world");
  expect(again, "P. 1:6(5) ack 6"_seg);
  again.sends(". 6:6(0) ack 6"_seg);
  expect_state(again, State::established);
}

SCRIPT(FastOpenServer, AWrongCookieTakesTheLongWayAndGetsARightOne) {
  config.tcp.fast_open.server = true;
  listener.listens(fast_listener());
  wire::FastOpenCookie wrong;
  wrong.size = 8;
  peer.sends(with_cookie("S 0:5(5) win 65535 <mss 1000,sackOK,nop,nop>"_seg, wrong), "hello");
  const SentPacket answer = take_sent();
  expect_equal(distance(peer.iss(), answer.tcp->header.ack), 1U, "what is acknowledged");
  expect_true(answer.tcp->options.fast_open && answer.tcp->options.fast_open->size == 8,
              "a cookie in the SYN-ACK");
  listener.has_nothing_to_accept();
}

// Section 5.1: PendingFastOpenRequests. Beyond it the SYN is answered as ever; its data comes
// again.
SCRIPT(FastOpenServer, BeyondItsBacklogTheHandshakeIsWaitedFor) {
  config.tcp.fast_open.server = config.tcp.fast_open.server_without_cookie = true;
  listener.listens(fast_listener(1));
  peer.sends("S 0:5(5) win 65535 <mss 1000>"_seg, "hello");
  expect("S. 0:0(0) ack 6"_seg);
  Peer& second = add_peer(40'001);
  second.sends("S 0:5(5) win 65535 <mss 1000>"_seg, "hello");
  expect(second, "S. 0:0(0) ack 1"_seg);
  expect_count(Reason::fast_open_queue_full, 1);
  // The first handshake's end makes room.
  peer.sends(". 6:6(0) ack 1"_seg);
  Peer& third = add_peer(40'002);
  third.sends("S 0:5(5) win 65535 <mss 1000>"_seg, "hello");
  expect(third, "S. 0:0(0) ack 6"_seg);
}

SCRIPT(FastOpenServer, TheSynAckIsRepeatedAndTheDataIsNotTakenTwice) {
  config.tcp.fast_open.server = config.tcp.fast_open.server_without_cookie = true;
  listener.listens(fast_listener());
  peer.sends("S 0:5(5) win 65535 <mss 1000>"_seg, "hello");
  expect("S. 0:0(0) ack 6"_seg);
  after(1s);
  expect("S. 0:0(0) ack 6"_seg);
  peer.sends("S 0:0(0) win 65535 <mss 1000>"_seg);
  expect("S. 0:0(0) ack 6"_seg);
  peer.sends(". 6:6(0) ack 1"_seg);
  app.accepts(listener);
  app.reads("hello");
  app.reads_nothing();
}

// RFC 4987 section 3.3: no more packets to an address from which nothing but a SYN has come than
// for a half-open entry, whose rule is syn_ack_retries; then the application is told.
SCRIPT(FastOpenServer, TheSynAckIsRepeatedAsOftenAsThatOfAHalfOpenEntry) {
  config.tcp.fast_open.server = config.tcp.fast_open.server_without_cookie = true;
  listener.listens(fast_listener());
  peer.sends("S 0:5(5) win 65535 <mss 1000>"_seg, "hello");
  expect("S. 0:0(0) ack 6"_seg);
  app.accepts(listener);
  app.reads("hello");
  after(1s);
  expect("S. 0:0(0) ack 6"_seg);
  after(2s);
  expect("S. 0:0(0) ack 6"_seg);
  idle(10min);
  expect_state(State::closed);
  app.cannot_read(std::errc::timed_out);
}

// The application may hold the connection when the peer resets it: that is no refusal.
SCRIPT(FastOpenServer, AResetBeforeTheHandshakesEndIsTold) {
  config.tcp.fast_open.server = config.tcp.fast_open.server_without_cookie = true;
  listener.listens(fast_listener());
  peer.sends("S 0:5(5) win 65535 <mss 1000>"_seg, "hello");
  expect("S. 0:0(0) ack 6"_seg);
  app.accepts(listener);
  peer.sends("R 6:6(0)"_seg);
  app.reads("hello");
  app.cannot_read(std::errc::connection_reset);
}

SCRIPT(FastOpenServer, ACloseBeforeTheHandshakesEndStillAnswers) {
  config.tcp.fast_open.server = config.tcp.fast_open.server_without_cookie = true;
  listener.listens(fast_listener());
  peer.sends("S 0:5(5) win 65535 <mss 1000>"_seg, "hello");
  expect("S. 0:0(0) ack 6"_seg);
  app.accepts(listener);
  app.reads("hello");
  app.closes();
  expect("F. 1:1(0) ack 6"_seg);
  peer.sends("F. 6:6(0) ack 2"_seg);
  expect(". 2:2(0) ack 7"_seg);
}

SCRIPT(FastOpenServer, IsOffByDefault) {
  listener.listens(fast_listener());
  peer.sends(with_cookie(kAnySyn, {}));
  expect("S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK>"_seg);
}

}  // namespace bowline::test
