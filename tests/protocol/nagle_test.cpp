// The Nagle algorithm: RFC 9293 section 3.7.4. REQUIREMENTS B: on, and switchable.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

// "If there is unacknowledged data (i.e., SND.NXT > SND.UNA), then the sending TCP endpoint buffers
// all user data until the outstanding data has been acknowledged or until a full-sized segment can
// be sent."
// SHLD-7
SCRIPT(Nagle, ASmallSegmentWaitsForTheAck) {
  open_actively();
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  app.writes(10);
  expect_nothing();
  peer.sends(". 1:1(0) ack 11"_seg);
  expect("P. 11:21(10) ack 1"_seg);
}

// SHLD-28
SCRIPT(Nagle, AFullSegmentDoesNot) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  app.writes(990);
  expect_nothing();
  app.writes(10);
  expect("P. 11:1011(1000) ack 1"_seg);
}

SCRIPT(Nagle, TheRestBehindFullSegmentsWaits) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  app.writes(1'500);
  expect(". 11:1011(1000) ack 1"_seg);
  expect_nothing();
  peer.sends(". 1:1(0) ack 1011"_seg);
  expect("P. 1011:1511(500) ack 1"_seg);
}

// MUST-17: an application can switch it off.
SCRIPT(Nagle, SwitchedOffNothingWaits) {
  open_actively();
  tcp::SocketOptions options;
  options.no_delay = true;
  app.sets(options);
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  app.writes(10);
  expect("P. 11:21(10) ack 1"_seg);
  app.writes(10);
  expect("P. 21:31(10) ack 1"_seg);
}

// Switching it off lets go what waits.
SCRIPT(Nagle, SwitchingItOffSendsWhatWaits) {
  open_actively();
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  app.writes(10);
  expect_nothing();
  tcp::SocketOptions options;
  options.no_delay = true;
  app.sets(options);
  expect("P. 11:21(10) ack 1"_seg);
}

// A FIN does not wait, and takes along what does (it is the last there will be).
SCRIPT(Nagle, AFinTakesTheRestAlong) {
  open_actively();
  app.writes(10);
  expect("P. 1:11(10) ack 1"_seg);
  app.writes(10);
  app.shuts_down();
  expect("F. 11:21(10) ack 1"_seg);
}

// draft-minshall-nagle, Profile::linux: full segments outstanding do not hold a small one back,
// small ones do.
SCRIPT(Nagle, ByMinshallOnlySmallSegmentsAreWaitedFor) {
  config.tcp.nagle_by_minshall = true;
  open_actively();
  hold_output();
  app.writes(1'560);
  release_output();
  expect(". 1:1461(1460) ack 1"_seg);
  expect("P. 1461:1561(100) ack 1"_seg);
  app.writes(50);
  expect_nothing();
  peer.sends(". 1:1(0) ack 1561"_seg);
  expect("P. 1561:1611(50) ack 1"_seg);
}

// cork: what does not fill a segment is held back even with nothing outstanding, until it is taken
// off.
SCRIPT(Nagle, CorkHoldsBackUntilItIsTakenOff) {
  open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
  tcp::SocketOptions options;
  options.cork = true;
  app.sets(options);
  app.writes(400);
  expect_nothing();
  app.writes(700);
  expect(". 1:1001(1000) ack 1"_seg);
  peer.sends(". 1:1(0) ack 1001"_seg);
  expect_nothing();
  options.cork = false;
  app.sets(options);
  expect("P. 1001:1101(100) ack 1"_seg);
}

}  // namespace bowline::test
