// The user timeout: RFC 9293 section 3.10.8, RFC 5482.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// "If the user timeout expires, flush all queues, signal the user "error: connection aborted due to
// user timeout" ..., delete the TCB, enter the CLOSED state, and return."
// MUST-21
SCRIPT(UserTimeout, EndsAConnectionWhoseDataIsNotAcknowledged) {
  open_with_a_sample();
  tcp::SocketOptions options;
  options.user_timeout = 10s;
  app.sets(options);
  app.writes(100);
  expect("P. 101:201(100) ack 1"_seg);
  lets_pass(9s + 900ms);
  skip_sent();
  expect_state(State::established);
  lets_pass(200ms);
  skip_sent();  // the last repeat, or a RST
  expect_state(State::closed);
  app.ended(EndReason::timed_out);
  app.was_told(std::errc::timed_out);
  expect_count(Reason::state_user_timeout, 1);
}

// It counts only while something is outstanding.
SCRIPT(UserTimeout, DoesNotEndAnIdleConnection) {
  open_with_a_sample();
  tcp::SocketOptions options;
  options.user_timeout = 10s;
  app.sets(options);
  idle(1h);
  expect_state(State::established);
  app.writes(10);
  expect("P. 101:111(10) ack 1"_seg);
  idle(100ms);
  peer.sends(". 1:1(0) ack 111"_seg);
  idle(1h);
  expect_state(State::established);
}

// It may also be longer than R2 (RFC 5482 2).
// MUST-21
SCRIPT(UserTimeout, MayBeLongerThanR2) {
  open_with_a_sample();
  tcp::SocketOptions options;
  options.user_timeout = 300s;
  app.sets(options);
  app.writes(100);
  (void)take_sent();
  lets_pass(299s);
  skip_sent();
  expect_state(State::established);
  lets_pass(2s);
  skip_sent();
  expect_state(State::closed);
}

}  // namespace bowline::test
