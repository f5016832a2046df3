// Pacing (tcp/pacer.hpp): data leaves spread over the round trip.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

namespace {

class Paced : public Script {
 public:
  using Script::Script;

 protected:
  // Ten segments, the initial window, went out and are acknowledged after 40 ms.
  void open() {
    app.connects();
    expect("S 0:0(0)"_seg);
    after(40ms);
    peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>"_seg);
    expect(". 1:1(0) ack 1"_seg);
    app.writes(40'000);
    for (int i = 0; i < 10; ++i) (void)take_sent();  // RFC 6928: the initial window, at once
    expect_nothing();
    after(40ms);
  }
};

}  // namespace

// Twenty segments are admitted after the first round trip: two at once, the others two by two, at
// twice a window per round trip.
SCRIPT_OF(Paced, Pacing, AWindowIsSpreadOverHalfARoundTrip) {
  open();
  peer.sends(". 1:1(0) ack 10001"_seg);
  (void)take_sent();
  (void)take_sent();
  expect_nothing();
  std::uint32_t sent = 2;
  for (int i = 0; i < 20; ++i) {
    lets_pass(1ms);
    std::uint32_t now = 0;
    while (has_sent()) {
      (void)take_sent();
      ++now;
    }
    expect_true(now <= 3, "no burst");
    sent += now;
  }
  expect_equal(sent, 20U, "segments within half a round trip");
}

// Without it they go as fast as acknowledgments admit them (Profile::linux).
SCRIPT_OF(Paced, Pacing, IsASetting) {
  config.tcp.pacing = false;
  open();
  peer.sends(". 1:1(0) ack 10001"_seg);
  for (int i = 0; i < 20; ++i) (void)take_sent();
}

// What the application writes while pacing holds the connection goes when its time has come, and
// needs no acknowledgment for that.
SCRIPT_OF(Paced, Pacing, WhatIsWrittenMeanwhileGoesInItsTurn) {
  open();
  peer.sends(". 1:1(0) ack 10001"_seg);
  skip_sent();
  app.writes(1'000);
  expect_nothing();
  lets_pass(5ms);
  expect_true(has_sent(), "the next two");
  skip_sent();
}

}  // namespace bowline::test
