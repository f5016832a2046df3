// Known classes, part four: as scripts, because the order of segments is the point.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// ---- TCP split handshake (Beardsley and Qian 2010) ----------------------------------------------

// A hostile server answers a SYN not by SYN-ACK but by an ACK alone and then a SYN of its own, so
// that whoever watches takes the client for the server, and stops looking at what the client is
// sent. Here an ACK without SYN opens nothing (RFC 9293 3.10.7.3 fifth) ...
SCRIPT(SplitHandshake, AnAckAloneOpensNothing) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends(". 0:0(0) ack 1"_seg);
  expect_nothing();
  expect_state(State::syn_sent);
  app.is_not_ready(kWritable);
}

// ... and a bare SYN makes a simultaneous open (3.5 figure 7), in which both numbers are confirmed
// before a byte is delivered, and the client stays who opened: nobody's listener gets it.
SCRIPT(SplitHandshake, TheClientStaysTheClient) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends(". 0:0(0) ack 1"_seg);
  expect_nothing();
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  expect_state(State::syn_received);
  peer.sends("P. 1:6(5) ack 1"_seg, "hello");  // the ACK of our SYN, and data
  expect_state(State::established);
  expect_true(!view().passive, "opened by us");
  app.reads("hello");
  skip_sent();
  lets_pass(40ms);
  skip_sent();
}

// With wrong numbers it is nobody's handshake (3.10.7.4 fifth): reset.
SCRIPT(SplitHandshake, AWrongAcknowledgmentIsReset) {
  app.connects();
  expect("S 0:0(0)"_seg);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1001"_seg);
  expect("R 1001:1001(0)"_seg);
  expect_state(State::syn_received);
  app.is_not_ready(kWritable);
}

// ---- blind ICMP resets (CVE-2004-0790, 0791, 1060) ----------------------------------------------

// CVE-2004-0790: "hard" ICMP errors, whatever they quoted, ended connections. Here one must quote a
// number in flight (RFC 5927 4.1), and even then ends only an attempt to open (5.2).
SCRIPT(BlindIcmp, Cve2004_0790_HardErrorsEndNothingThatIsOpen) {
  open_actively();
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  for (const auto kind : {wire::IcmpKind::port_unreachable, wire::IcmpKind::protocol_unreachable}) {
    router_sends(kind);
    router_sends(kind, 0, 10);       // the next number, not sent yet
    router_sends(kind, 0, 0U - 1U);  // acknowledged long ago
    router_sends(kind, 0, 0x8000'0000U);
  }
  expect_nothing();
  expect_state(State::established);
  expect_count(Reason::icmp_not_in_flight, 6);
  peer.sends(". 1:1(0) ack 11"_seg);
  app.writes(10);
  expect("P. 11:21(10) ack 1"_seg);
}

// CVE-2004-1060: forged "fragmentation needed" made segments so small that nothing moved. Here it
// must quote a number in flight, and no path is believed to be smaller than 552 bytes over IPv4,
// 1280 over IPv6 (RFC 5927 7, RFC 8201 4).
SCRIPT(BlindIcmp, Cve2004_1060_PathsDoNotShrinkToNothing) {
  open_actively();
  const std::uint32_t before = view().snd_mss;
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  router_sends(wire::IcmpKind::packet_too_big, 68, 5'000);
  expect_nothing();
  expect_equal(view().snd_mss, before, "a guess changes nothing");
  router_sends(wire::IcmpKind::packet_too_big, 68);
  skip_sent();
  expect_true(view().snd_mss >= 500, "the floor of a path");
  peer.sends(". 1:1(0) ack 11"_seg);
  skip_sent();
}

// CVE-2004-0791: source quench slowed a sender down to nothing. Here it is not one of the kinds
// that mean anything (RFC 6633).
SCRIPT(BlindIcmp, Cve2004_0791_SourceQuenchIsIgnored) {
  open_actively();
  const std::uint32_t cwnd = view().cwnd;
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  if (variant().family == Family::ipv4) {
    Bytes quench(64);
    wire::IpHeader ip;
    ip.source = router_address();
    ip.destination = our_address();
    ip.protocol = wire::kProtocolIcmp;
    ip.payload_size = 36;
    wire::emit_ip(quench.data(), ip);
    quench.resize(56);
    quench[20] = std::byte{4};
    wire::IpHeader quoted = ip;
    quoted.source = our_address();
    quoted.destination = peer_address();
    quoted.protocol = wire::kProtocolTcp;
    wire::emit_ip(quench.data() + 28, quoted);
    store_be<std::uint16_t>(quench.data() + 48, kOurPort);
    store_be<std::uint16_t>(quench.data() + 50, peer.port());
    store_be<std::uint32_t>(quench.data() + 52, view().snd_una.raw());
    const auto sum = wire::sum_of(std::span(quench).subspan(20)).finish();
    store_be<std::uint16_t>(quench.data() + 22, sum);
    for (int i = 0; i < 10; ++i) deliver(quench);
    expect_count(Reason::icmp_ignored, 10);
  }
  expect_equal(view().cwnd, cwnd, "the congestion window");
  expect_state(State::established);
}

}  // namespace bowline::test
