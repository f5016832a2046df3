// Between the application, TCP and IP: RFC 9293 section 3.9, and what a batch of segments is
// answered by.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/script.hpp"

namespace bowline::test {
namespace {

// `length` bytes of the peer's stream from `seq` on.
Segment data_at(std::uint32_t seq, std::uint32_t length) {
  Segment segment;
  segment.flags = wire::kAck;
  segment.seq = seq;
  segment.length = length;
  segment.ack = 1;
  return segment;
}

}  // namespace

// MUST-49: the TTL is the application's. MUST-48, SHLD-22: so are the DiffServ bits, which go to IP
// as they are; SHLD-21: both may change in mid-life.
SCRIPT(Interface, TtlAndDiffservAreTheApplications) {
  if (variant().family == Family::ipv6) return;  // the same fields by other names
  tcp::SocketOptions options;
  options.hop_limit = 3;
  options.traffic_class = 0xb8;
  app.connects(options);
  const SentPacket syn = take_sent();
  expect_equal(syn.ip.ttl, std::uint8_t{3}, "TTL of the SYN");
  expect_equal(syn.ip.tos, std::uint8_t{0xb8}, "TOS of the SYN");
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  options.traffic_class = 0x20;
  app.sets(options);
  app.writes(10);
  const SentPacket data = take_sent();
  expect_equal(data.ip.ttl, std::uint8_t{3}, "TTL of the data");
  expect_equal(data.ip.tos, std::uint8_t{0x20}, "TOS of the data");
}

// MUST-44: the application names no address of ours, so IP chooses the one that leads there before
// the SYN goes. MUST-43: it may name one, as everywhere else in these scripts; one that is not ours
// is refused.
SCRIPT(Interface, TheSourceAddressIsThatOfTheRoute) {
  step(Where::current());
  ConnectOptions options;
  options.remote = {peer_address(), peer.port()};
  options.local = Endpoint{router_address(), 0};
  const auto refused = stack().connect(options, now());
  expect_true(!refused, "an address that is not ours is refused");
  options.local.reset();
  const auto handle = stack().connect(options, now());
  if (!handle) fail("connect", Where::current());
  drain();
  const SentPacket syn = take_sent();
  expect_true(syn.ip.source == our_address(), "the SYN comes from the address that leads there");
  if (!stack().abort(*handle, now())) fail("abort", Where::current());
}

// MUST-41, MUST-42: one may listen on the port of a connection that is opening, and neither knows
// of the other. MUST-45: every segment has the address of its connection (the script would not take
// it for one otherwise).
SCRIPT(Interface, AListenerBesideAnOpeningConnection) {
  app.connects();
  expect("S 0:0(0)"_seg);
  listener.listens();
  Peer& other = add_peer(40'001);
  other.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect(other, "S. 0:0(0) ack 1"_seg);
  expect_state(State::syn_sent);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_state(State::established);
}

// MUST-58, MUST-59: what came together is processed before anything is said, and one ACK says it.
SCRIPT(Interface, SegmentsThatComeTogetherAreAcknowledgedTogether) {
  open_passively();
  hold_output();
  peer.sends(". 1:1461(1460) ack 1"_seg);
  peer.sends(". 1461:2921(1460) ack 1"_seg);
  peer.sends(". 2921:4381(1460) ack 1"_seg);
  peer.sends("P. 4381:5841(1460) ack 1"_seg);
  release_output();
  expect(". 1:1(0) ack 5841"_seg);
  app.reads(5'840);
}

// 7323-2.4a: what a window once offered is taken, though the latest one, rounded down by the shift,
// ends before it.
SCRIPT(Interface, WhatWasOfferedIsTaken) {
  tcp::SocketOptions options;
  options.receive_buffer = 100'000;
  ListenOptions listening;
  listening.socket = options;
  listener.listens(listening);
  peer.sends("S 0:0(0) win 65535 <mss 1460,nop,wscale 0>"_seg);
  const SentPacket syn_ack = take_sent();
  peer.sends(". 1:1(0) ack 1"_seg);
  app.accepts(listener);
  const std::uint32_t offered = syn_ack.tcp->header.window;
  std::uint32_t next = 1;
  while (next <= offered) {
    const std::uint32_t length = std::min(1'000U, offered - (next - 1));
    peer.sends(data_at(next, length));
    skip_sent();
    next += length;
  }
  skip_sent();
  expect_equal(distance(view().irs, view().rcv_nxt), offered + 1, "RCV.NXT");
  app.reads(offered);
  skip_sent();
  lets_pass(40ms);
  skip_sent();
}

}  // namespace bowline::test
