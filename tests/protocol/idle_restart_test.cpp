// What becomes of the congestion window while it is not used: RFC 5681 section 4.1, and RFC 7661,
// which takes its place where data is paced.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/script.hpp"

namespace bowline::test {

namespace {

class Idle : public Script {
 public:
  using Script::Script;

 protected:
  // Thirty segments went out and are acknowledged after 40 ms each time; the window is 20 segments
  // then, or more.
  void open() {
    app.connects();
    expect("S 0:0(0)"_seg);
    after(40ms);
    peer.sends("S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>"_seg);
    expect(". 1:1(0) ack 1"_seg);
    app.writes(30'000);
    skip_sent();
    lets_pass(40ms);
    skip_sent();
    peer.sends(". 1:1(0) ack 10001"_seg);
    skip_sent();
    lets_pass(40ms);
    skip_sent();
    peer.sends(". 1:1(0) ack 30001"_seg);
    expect_nothing();
    grown_ = view().cwnd;
    expect_true(grown_ >= 20'000, "the window has doubled");
  }
  std::uint32_t grown_ = 0;
};

}  // namespace

// RFC 5681 4.1: "If the TCP has not sent data in an interval exceeding the RTO", the window is
// min(IW, cwnd).
SCRIPT_OF(Idle, IdleRestart, AnIdleRtoTakesTheWindowBackToTheInitialOne) {
  config.tcp.window_validation = false;
  open();
  lets_pass(2s);
  app.writes(100);
  skip_sent();
  expect_equal(view().cwnd, 10'000U, "cwnd");
}

// The same where data is not paced: a window kept would leave in one burst (RFC 7661 section 4.4.2
// asks for a bound on bursts).
SCRIPT_OF(Idle, IdleRestart, AWindowThatWouldLeaveInOneBurstIsNotKept) {
  config.tcp.pacing = false;
  open();
  lets_pass(2s);
  app.writes(100);
  skip_sent();
  expect_equal(view().cwnd, 10'000U, "cwnd");
}

// RFC 7661 4.4: kept for five minutes.
SCRIPT_OF(Idle, IdleRestart, APacedWindowIsKept) {
  open();
  lets_pass(4min);
  app.writes(100);
  skip_sent();
  expect_equal(view().cwnd, grown_, "cwnd");
}

// RFC 7661 4.4.3: then halved, but not below the initial window, and ssthresh remembers three
// quarters of it if it was known.
SCRIPT_OF(Idle, IdleRestart, AfterFiveMinutesItIsHalved) {
  open();
  lets_pass(6min);
  app.writes(100);
  skip_sent();
  expect_equal(view().cwnd, std::max(grown_ / 2, 10'000U), "cwnd");
}

// RFC 7661 4.3: an application that uses less than half of the window does not make it grow.
SCRIPT_OF(Idle, IdleRestart, AnUnusedWindowDoesNotGrow) {
  open();
  Segment acknowledgment = ". 1:1(0) ack 30001"_seg;
  for (int i = 0; i < 50; ++i) {
    app.writes(1'000);
    skip_sent();
    lets_pass(40ms);
    acknowledgment.ack = *acknowledgment.ack + 1'000;
    peer.sends(acknowledgment);
  }
  expect_equal(view().cwnd, grown_, "cwnd");
}

}  // namespace bowline::test
