// Accurate ECN in TCP: RFC 9768.
//
// In literals E, W and A are ECE, CWR and AE: together the ACE field, in which ECE counts 1, CWR 2
// and AE 4.

#include <gtest/gtest.h>

#include "bowline/tcp/acc_ecn.hpp"
#include "tests/support/script.hpp"

namespace bowline::test {
namespace {

std::uint32_t ecn_of(const SentPacket& packet) { return packet.ip.tos & wire::kEcnMask; }
std::uint32_t ace_of(const SentPacket& packet) {
  return tcp::flags_to_ace(packet.tcp->header.flags);
}

}  // namespace

// Section 3.1.1, and table 3: the SYN asks with all three flags; the ACK of the SYN-ACK says how
// that arrived. Data is ECN-capable, and its ACE field is a counter that begins at 5 (3.2.1).
SCRIPT(AccEcn, AClientAsks) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  app.connects();
  const SentPacket syn = take_sent();
  expect_equal(ace_of(syn), 7U, "the flags of the SYN");
  expect_equal(ecn_of(syn), 0U, "the ECN bits of the SYN");
  peer.sends("SW. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  const SentPacket third = take_sent();
  expect_equal(ace_of(third), 2U, "it came as Not-ECT");
  expect_true(third.tcp->options.acc_ecn.has_value(), "the option (3.2.3.2.1)");
  app.writes(100);
  const SentPacket data = take_sent();
  expect_equal(ace_of(data), 5U, "r.cep");
  expect_equal(ecn_of(data), 2U, "ECT(0)");
}

// Table 2, second block: a server that knows RFC 3168 alone answers with ECE, and that it is then.
SCRIPT(AccEcn, WithAServerThatKnowsClassicEcn) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  app.connects();
  (void)take_sent();
  peer.sends("SE. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.writes(100);
  const SentPacket data = take_sent();
  expect_equal(ace_of(data), 0U, "nothing to echo");
  expect_equal(ecn_of(data), 2U, "ECT(0)");
  peer.has_ecn(wire::kEcnCongested);
  peer.sends("P. 1:101(100) ack 101"_seg);
  expect("E. 101:101(0) ack 101"_seg);
}

// Table 2, last block: one that knows none, and one that reflects the flags.
SCRIPT(AccEcn, WithAServerThatKnowsNone) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  app.connects();
  (void)take_sent();
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.writes(100);
  expect_equal(ecn_of(take_sent()), 0U, "Not-ECT");
}

SCRIPT(AccEcn, WithAServerThatReflectsTheFlags) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  app.connects();
  (void)take_sent();
  peer.sends("SEWA. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  app.writes(100);
  expect_equal(ecn_of(take_sent()), 0U, "Not-ECT");
}

// Section 3.1.4.1: the first repeat asks again, the second does not.
SCRIPT(AccEcn, ASynThatIsLostTwiceAsksNoMore) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  app.connects();
  expect("SEWA 0:0(0)"_seg);
  after(1s);
  expect("SEWA 0:0(0)"_seg);
  after(2s);
  expect("S 0:0(0)"_seg);
}

// Table 2: the SYN-ACK says how the SYN arrived; 3.2.3.2.1: with the option, its counters at their
// first values.
SCRIPT(AccEcn, AServerAgrees) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  listener.listens();
  peer.sends("SEWA 0:0(0) win 65535 <mss 1460>"_seg);
  const SentPacket syn_ack = take_sent();
  expect_equal(ace_of(syn_ack), 2U, "the SYN came as Not-ECT");
  expect_true(syn_ack.tcp->options.acc_ecn.has_value(), "the option");
  expect_equal(syn_ack.tcp->options.acc_ecn->e0b().value_or(0), 1U, "EE0B");
  expect_equal(syn_ack.tcp->options.acc_ecn->ceb().value_or(9), 0U, "ECEB");
  expect_equal(syn_ack.tcp->options.acc_ecn->e1b().value_or(0), 1U, "EE1B");
  peer.sends("W. 1:1(0) ack 1"_seg);
  app.accepts(listener);
  app.writes(100);
  const SentPacket data = take_sent();
  expect_equal(ace_of(data), 5U, "r.cep");
  expect_equal(ecn_of(data), 2U, "ECT(0)");
}

SCRIPT(AccEcn, AServerSaysThatTheSynWasMarked) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  listener.listens();
  peer.has_ecn(wire::kEcnCongested);
  peer.sends("SEWA 0:0(0) win 65535 <mss 1460>"_seg);
  expect_equal(ace_of(take_sent()), 6U, "as CE");
}

// Who has not been told to does not: it agrees to RFC 3168 (section 3.1.2).
SCRIPT(AccEcn, ByDefaultAServerAgreesToClassicEcn) {
  listener.listens();
  peer.sends("SEWA 0:0(0) win 65535 <mss 1460>"_seg);
  expect("SE. 0:0(0) ack 1"_seg);
}

SCRIPT(AccEcn, AServerAgreesToClassicEcnWhereThatIsAsked) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  listener.listens();
  peer.sends("SEW 0:0(0) win 65535 <mss 1460>"_seg);
  expect("SE. 0:0(0) ack 1"_seg);
}

// Section 3.1.4.2: the first repeat of the SYN-ACK agrees, without the option (3.2.3.2.2); the
// second does not.
SCRIPT(AccEcn, ASynAckThatIsLostTwiceAgreesNoMore) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  listener.listens();
  peer.sends("SEWA 0:0(0) win 65535 <mss 1460>"_seg);
  expect("SW. 0:0(0) ack 1"_seg);
  after(1s);
  const SentPacket again = take_sent();
  expect_equal(ace_of(again), 2U, "it still agrees");
  expect_true(!again.tcp->options.acc_ecn.has_value(), "no option");
  after(2s);
  expect("S. 0:0(0) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1"_seg);
  app.accepts(listener);
  app.writes(100);
  expect_equal(ecn_of(take_sent()), 0U, "Not-ECT");
}

// Section 3.1.5: the client has given AccECN up on the way: no ECT, but feedback goes on.
SCRIPT(AccEcn, AClientThatFellBackGetsNoEct) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  listener.listens();
  peer.sends("SEWA 0:0(0) win 65535 <mss 1460>"_seg);
  expect("SW. 0:0(0) ack 1"_seg);
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("SW. 0:0(0) ack 1"_seg);
  peer.sends("W. 1:1(0) ack 1"_seg);
  app.accepts(listener);
  app.writes(100);
  const SentPacket data = take_sent();
  expect_equal(ecn_of(data), 0U, "Not-ECT");
  expect_equal(ace_of(data), 5U, "r.cep");
}

// Section 3.2.2.5.1: the first mark after packets without is told at once; the ACE field counts
// packets, the option bytes (3.2.3).
SCRIPT(AccEcn, MarksAreCounted) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  listener.listens();
  peer.sends("SEWA 0:0(0) win 65535 <mss 1460>"_seg);
  expect("SW. 0:0(0) ack 1"_seg);
  peer.sends("W. 1:1(0) ack 1"_seg);
  app.accepts(listener);
  peer.has_ecn(wire::kEcnCapable0);
  peer.sends("AE. 1:101(100) ack 1"_seg);
  expect_nothing();  // delayed
  peer.has_ecn(wire::kEcnCongested);
  peer.sends("AE. 101:301(200) ack 1"_seg);
  const SentPacket first = take_sent();
  expect_equal(ace_of(first), 6U, "one packet");
  expect_true(first.tcp->options.acc_ecn.has_value(), "the option");
  expect_equal(first.tcp->options.acc_ecn->ceb().value_or(0), 200U, "ECEB");
  expect_equal(first.tcp->options.acc_ecn->e0b().value_or(0), 101U, "EE0B");
  peer.sends("AE. 301:401(100) ack 1"_seg);
  expect_nothing();
  peer.sends("AE. 401:501(100) ack 1"_seg);  // the second since the last ACK
  expect_equal(ace_of(take_sent()), 0U, "three packets: 8, modulo 8");
}

// Section 3.2.1 with RFC 3168 section 6.1.2: marks that the peer reports reduce the window, once in
// a round trip.
SCRIPT(AccEcn, ReportedMarksReduceTheWindowOnce) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  config.tcp.pacing = false;
  app.connects();
  (void)take_sent();
  peer.sends("SW. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  (void)take_sent();
  app.writes(20'000);
  skip_sent();
  const std::uint32_t cwnd = view().cwnd;
  peer.sends("EA. 1:1(0) ack 1001"_seg);
  skip_sent();
  expect_count(Reason::cwnd_ecn, 0);
  peer.sends("WA. 1:1(0) ack 3001"_seg);
  skip_sent();
  expect_count(Reason::cwnd_ecn, 1);
  expect_true(view().cwnd < cwnd, "the window went down");
  peer.sends("EWA. 1:1(0) ack 5001"_seg);
  skip_sent();
  expect_count(Reason::cwnd_ecn, 1);
}

// Section 3.2.2.4: a first ACE field of zero: somebody on the path clears it. No ECT any more.
SCRIPT(AccEcn, AFieldThatIsZeroedEndsEct) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  app.connects();
  (void)take_sent();
  peer.sends("SW. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  (void)take_sent();
  app.writes(100);
  expect_equal(ecn_of(take_sent()), 2U, "ECT(0)");
  peer.sends(". 1:1(0) ack 101"_seg);
  app.writes(100);
  expect_equal(ecn_of(take_sent()), 0U, "Not-ECT");
}

// RFC 3168 section 6.1.5 stands: what is sent again is not ECN-capable.
SCRIPT(AccEcn, RepeatsAreNotEcnCapable) {
  config.tcp.ecn = tcp::EcnMode::accurate;
  app.connects();
  (void)take_sent();
  peer.sends("SW. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  (void)take_sent();
  app.writes(100);
  expect_equal(ecn_of(take_sent()), 2U, "ECT(0)");
  lets_pass(200ms);
  expect_equal(ecn_of(take_sent()), 0U, "Not-ECT");
}

}  // namespace bowline::test
