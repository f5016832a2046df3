// The control block: RFC 9293 section 3.3.1: created by OPEN, kept through the connection's life,
// deleted at its end. REQUIREMENTS A16.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// RFC 9293 3.10.1: OPEN creates the TCB, then the SYN goes out.
SCRIPT(ControlBlock, K75_TheActiveSideHasItBeforeTheFirstSegment) {
  (void)stack();
  hold_output();
  app.connects();
  expect_equal(stack().usage().connections, 1U, "connections before anything was sent");
  expect_state(State::syn_sent);
  release_output();
  expect("S 0:0(0)"_seg);
}

// Bowline's server keeps a small record until the ACK (CLAIMS K75, DESIGN section 4).
SCRIPT(ControlBlock, K75_ThePassiveSideKeepsASmallRecordUntilTheAck) {
  listener.listens();
  expect_equal(stack().usage().listeners, 1U, "listeners before the first segment");
  peer.sends("S 0:0(0) win 65535 <mss 1460>"_seg);
  expect("S. 0:0(0) ack 1"_seg);
  expect_equal(stack().usage().half_open, 1U, "half-open entries");
  expect_equal(stack().usage().connections, 0U, "connections");
  peer.sends(". 1:1(0) ack 1 win 65535"_seg);
  expect_equal(stack().usage().half_open, 0U, "half-open entries after the ACK");
  expect_equal(stack().usage().connections, 1U, "connections after the ACK");
}

// RFC 9293 3.3.1: one control block from OPEN to CLOSED.
SCRIPT(ControlBlock, K76_ThereIsOneFromOpenToClose) {
  app.connects();
  expect("S 0:0(0)"_seg);
  const std::uint64_t number = view().number;
  peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1460>"_seg);
  expect(". 1:1(0) ack 1"_seg);
  expect_equal(view().number, number, "the connection in ESTABLISHED");
  app.shuts_down();
  expect("F. 1:1(0) ack 1"_seg);
  expect_equal(view().number, number, "the connection in FIN-WAIT-1");
  peer.sends(". 1:1(0) ack 2 win 65535"_seg);
  peer.sends("F. 1:1(0) ack 2 win 65535"_seg);
  expect(". 2:2(0) ack 2"_seg);
  expect_equal(view().number, number, "the connection in TIME-WAIT");
  app.closes();
  expect_equal(view().number, number, "the record without an owner");
}

// RFC 9293 3.10.7.4 fifth (LAST-ACK): "delete the TCB, enter the CLOSED state, and return".
SCRIPT(ControlBlock, K77_ThePassiveSideDropsItAtTheLastAck) {
  enter(State::last_ack);
  app.closes();
  peer.sends(". 2:2(0) ack 2 win 65535"_seg);
  expect_state(State::closed);
  const StackUsage usage = stack().usage();
  expect_equal(usage.connections + usage.half_open + usage.time_wait + usage.orphans, 0U,
               "what is left of it");
  expect_equal(stack().next_deadline(), kNever, "its timers");
}

// RFC 9293 3.10.8: the active side after 2 MSL.
SCRIPT(ControlBlock, K77_TheActiveSideDropsItAfter2Msl) {
  enter(State::time_wait);
  app.closes();
  expect_equal(stack().usage().time_wait, 1U, "TIME-WAIT records");
  idle(59s + 999ms);
  expect_equal(stack().usage().time_wait, 1U, "TIME-WAIT records just before 2 MSL");
  idle(2ms);
  const StackUsage usage = stack().usage();
  expect_equal(usage.connections + usage.half_open + usage.time_wait + usage.orphans, 0U,
               "what is left of it");
  expect_equal(stack().next_deadline(), kNever, "its timers");
}

}  // namespace bowline::test
