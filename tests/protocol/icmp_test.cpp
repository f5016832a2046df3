// ICMP errors and TCP: RFC 9293 section 3.9.2.2, RFC 1122 section 4.2.3.9, RFC 5927.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

using wire::IcmpKind;

// MUST-56: soft errors do not end a connection; SHLD-25: the application can learn of them.
// MUST-47 MUST-54 SHLD-20
SCRIPT(Icmp, ASoftErrorDoesNotEndAConnection) {
  open_actively();
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  for (const IcmpKind kind : {IcmpKind::network_unreachable, IcmpKind::host_unreachable,
                              IcmpKind::time_exceeded, IcmpKind::prohibited}) {
    router_sends(kind);
    expect_nothing();
    expect_state(State::established);
  }
  expect_true(stack().counters()[Reason::soft_error] >= 1, "a soft error was noted");
  expect_true(static_cast<bool>(stack().take_error(app.handle())), "and is told when asked for");
  peer.sends(". 1:1(0) ack 11"_seg);
  app.writes(10);
  expect("P. 11:21(10) ack 1"_seg);
}

// RFC 5927 5.2: in a synchronized state hard errors are soft.
SCRIPT(Icmp, AHardErrorDoesNotEndAnEstablishedConnection) {
  open_actively();
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  router_sends(IcmpKind::port_unreachable);
  router_sends(IcmpKind::protocol_unreachable);
  expect_nothing();
  expect_state(State::established);
}

// SHLD-26, RFC 5927 5.2: while opening, hard errors end the attempt ...
// MUST-54
SCRIPT(Icmp, AHardErrorEndsAnAttemptToConnect) {
  app.connects();
  expect("S 0:0(0)"_seg);
  router_sends(IcmpKind::port_unreachable);
  expect_nothing();
  expect_state(State::closed);
  app.is_ready(kError | kClosed);
  const std::error_code error = stack().take_error(app.handle());
  expect_true(error == std::errc::connection_refused || error == std::errc::host_unreachable,
              "refused or unreachable");
}

// ... and soft ones do not (RFC 1122 4.2.3.9): the SYN is sent again, and the path may heal.
SCRIPT(Icmp, ASoftErrorDoesNotEndAnAttemptToConnect) {
  app.connects();
  expect("S 0:0(0)"_seg);
  router_sends(IcmpKind::host_unreachable);
  expect_state(State::syn_sent);
  after(1s);
  expect("S 0:0(0)"_seg);
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
}

// RFC 5927 4.1: the quoted sequence number must be in flight.
SCRIPT(Icmp, WhatIsNotInFlightIsNotBelieved) {
  app.connects();
  expect("S 0:0(0)"_seg);
  router_sends(IcmpKind::port_unreachable, 0, 1'000);
  expect_state(State::syn_sent);
  expect_count(Reason::icmp_not_in_flight, 1);
  router_sends(IcmpKind::port_unreachable, 0, 0U - 1'000U);
  expect_state(State::syn_sent);
  expect_count(Reason::icmp_not_in_flight, 2);
}

// RFC 1191 3, 6.5, RFC 8201: smaller segments from now on, and what was lost again in smaller
// pieces.
SCRIPT(PathMtu, SegmentsGetSmaller) {
  const std::uint32_t expected = our_address().is_v4() ? 1'360 : 1'340;
  open_with_a_sample();
  app.writes(1'460);
  expect("P. 101:1561(1460) ack 1"_seg);
  router_sends(IcmpKind::packet_too_big, 1'400);
  // At once, or (RFC 5927 7.2) when the timer says that it was lost.
  if (!has_sent()) lets_pass(300ms);
  const SentPacket again = take_sent();
  expect_equal(distance(*peer.our_iss(), again.tcp->header.seq), 101U, "its number");
  expect_equal(again.tcp->payload_size, expected, "a full segment for an MTU of 1400");
  skip_sent();
  peer.sends(". 1:1(0) ack 1561"_seg);
  app.writes(1'460);
  expect_equal(take_sent().tcp->payload_size, expected, "a full segment of new data");
  skip_sent();
}

// RFC 8201 4: an MTU below the least that IPv6 allows (1280) must be discarded. RFC 1191 4 has no
// such rule for IPv4, but nobody's MTU is below 68 (RFC 791 3.2), and a forger must not make us
// send crumbs (RFC 5927 7).
SCRIPT(PathMtu, ATinyOneIsNotBelieved) {
  open_with_a_sample();
  app.writes(1'460);
  expect("P. 101:1561(1460) ack 1"_seg);
  const bool v4 = our_address().is_v4();
  router_sends(IcmpKind::packet_too_big, v4 ? 50 : 1'000);
  if (v4) {
    skip_sent();
    expect_true(view().snd_mss >= 68 - 40, "the MSS");
  } else {
    expect_nothing();
    expect_equal(view().snd_mss, 1'460, "the MSS");
  }
}

// RFC 5927 7: nor one that quotes what is not in flight.
SCRIPT(PathMtu, WhatIsNotInFlightIsNotBelieved) {
  open_with_a_sample();
  app.writes(1'460);
  expect("P. 101:1561(1460) ack 1"_seg);
  router_sends(IcmpKind::packet_too_big, 1'400, 100'000);
  expect_nothing();
  expect_equal(view().snd_mss, 1'460, "the MSS");
}

// It never makes segments larger.
SCRIPT(PathMtu, ALargerOneChangesNothing) {
  open_with_a_sample();
  app.writes(1'460);
  expect("P. 101:1561(1460) ack 1"_seg);
  router_sends(IcmpKind::packet_too_big, 9'000);
  expect_nothing();
  expect_equal(view().snd_mss, 1'460, "the MSS");
}

// RFC 1191 3, 9293 3.7.2: the path is remembered for the next connection to the same place.
SCRIPT(PathMtu, IsRememberedForTheDestination) {
  const std::uint32_t expected = our_address().is_v4() ? 1'360 : 1'340;
  open_with_a_sample();
  app.writes(1'460);
  expect("P. 101:1561(1460) ack 1"_seg);
  router_sends(IcmpKind::packet_too_big, 1'400);
  skip_sent();
  app.aborts();
  skip_sent();
  Peer& other = add_peer(40'001);
  Socket second(*this);
  second.connects(other, {});
  expect(other, "S 0:0(0)"_seg);
  other.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(other, ". 1:1(0) ack 1"_seg);
  second.writes(1'460);
  expect_equal(take_sent().tcp->payload_size, expected, "a full segment");
  skip_sent();
}

}  // namespace bowline::test
