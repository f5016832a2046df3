// Loss recovery with SACK, as a peer sees it: RFC 8985 (RACK-TLP), RFC 2883 (D-SACK), RFC 5682
// (F-RTO), RFC 4015 (undo). The units have tests of their own; these are conversations over a path
// of 40 ms, without pacing, so that what is let out goes at once.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

namespace {

class OnAPath : public Script {
 public:
  using Script::Script;

 protected:
  // The handshake shows the RTT; then `segments` of 1000 bytes go out.
  void open(std::uint32_t segments, bool timestamps = false) {
    config.tcp.pacing = false;
    app.connects();
    expect("S 0:0(0)"_seg);
    after(40ms);
    peer.sends(timestamps ? "S. 0:0(0) ack 1 win 65535 <mss 1012,sackOK,TS val 1 ecr 0>"_seg
                          : "S. 0:0(0) ack 1 win 65535 <mss 1000,nop,nop,sackOK>"_seg);
    expect(". 1:1(0) ack 1"_seg);
    after(1ms);
    write(segments);
  }
  void write(std::uint32_t segments) {
    app.writes(segments * 1'000);
    for (std::uint32_t i = 0; i < segments; ++i) (void)take_sent();
    expect_nothing();
  }
};

}  // namespace

// RFC 8985 6.2 step 4: three segments reported beyond a hole, and no reordering seen so far: at
// once.
// 8985-6.2b
SCRIPT_OF(OnAPath, Rack, ThreeReportedSegmentsRepairTheHole) {
  open(10);
  after(40ms);
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:2001>"_seg);
  expect_nothing();
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:3001>"_seg);
  expect_nothing();
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:4001>"_seg);
  expect(". 1:1001(1000) ack 1"_seg);
  expect_nothing();
  expect_count(Reason::retransmit_rack, 1);
  expect_count(Reason::cwnd_fast_recovery, 1);
}

// RFC 8985 6.2 step 3 and RFC 2018 4: an ACK reports the latest block first. What lies below it in
// the same ACK was not overtaken by it, so both holes are repaired at once.
SCRIPT_OF(OnAPath, Rack, TheOrderOfTheBlocksIsNoReordering) {
  open(10);
  after(40ms);
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 5001:10001 1001:4001>"_seg);
  expect(". 1:1001(1000) ack 1"_seg);
  expect(". 4001:5001(1000) ack 1"_seg);
}

// RFC 8985 6.2 step 5: with fewer, a quarter of the smallest RTT later.
// 8985-6.2c 8985-6.2e
SCRIPT_OF(OnAPath, Rack, AfterAQuarterOfTheRttOneReportIsEnough) {
  open(2);
  after(40ms);
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:2001>"_seg);
  after(10ms);
  expect(". 1:1001(1000) ack 1"_seg);
}

// What arrives within it was only overtaken: nothing is sent again, and the window stays.
SCRIPT_OF(OnAPath, Rack, ReorderingCostsNothing) {
  open(10);
  after(40ms);
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:2001>"_seg);
  after(5ms);
  const std::uint32_t cwnd = view().cwnd;
  peer.sends(". 1:1(0) ack 2001"_seg);
  lets_pass(20ms);
  expect_nothing();
  expect_true(view().cwnd >= cwnd, "cwnd is not reduced");
}

// RFC 8985 6.2 step 5: a lost retransmission is found by what was sent after it.
SCRIPT_OF(OnAPath, Rack, ALostRetransmissionIsRepairedWithoutATimeout) {
  open(10);
  after(40ms);
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:8001>"_seg);
  expect(". 1:1001(1000) ack 1"_seg);
  app.writes(1'000);
  skip_sent();  // 10001:11001, as PRR lets it out
  after(1ms);
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:10001>"_seg);
  skip_sent();
  after(41ms);
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:11001>"_seg);
  expect(". 1:1001(1000) ack 1"_seg);
  expect_count(Reason::retransmit_timeout, 0);
}

// RFC 8985 7.3: two round trips without an answer: the last segment once more.
// 8985-7.2a 8985-7.3b
SCRIPT_OF(OnAPath, TailLossProbe, RepeatsTheLastSegment) {
  open(3);
  after(80ms);
  expect("P. 2001:3001(1000) ack 1"_seg);
  expect_count(Reason::retransmit_tail_probe, 1);
  // It was the only one that was lost; the original's neighbours arrived all right.
  after(40ms);
  peer.sends(". 1:1(0) ack 3001"_seg);
  expect_count(Reason::retransmit_timeout, 0);
  idle(10s);
}

// RFC 8985 7.3: new data, if there is any, rather than old.
// 8985-7.3a
SCRIPT_OF(OnAPath, TailLossProbe, PrefersNewData) {
  open(10);
  app.writes(5'000);  // the congestion window is full
  expect_nothing();
  after(80ms);
  expect(". 10001:11001(1000) ack 1"_seg);
  expect_count(Reason::send_tail_probe, 1);
}

// RFC 8985 7.2: a segment alone may wait for its receiver's delayed ACK; the timeout comes first
// here.
// 8985-7.2a
SCRIPT_OF(OnAPath, TailLossProbe, ASingleSegmentIsLeftToTheTimeout) {
  open(1);
  after(200ms);
  expect("P. 1:1001(1000) ack 1"_seg);
  expect_count(Reason::retransmit_timeout, 1);
}

// RFC 8985 7.4: what the probe repaired silently was a loss, and slows the sender down.
// 8985-7.4a
SCRIPT_OF(OnAPath, TailLossProbe, ARepairByTheProbeReducesTheWindow) {
  open(3);
  after(80ms);
  expect("P. 2001:3001(1000) ack 1"_seg);
  after(40ms);
  peer.sends(". 1:1(0) ack 3001"_seg);
  app.writes(1'000);
  expect("P. 3001:4001(1000) ack 1"_seg);
  after(40ms);
  peer.sends(". 1:1(0) ack 4001"_seg);
  expect_count(Reason::cwnd_tail_loss, 1);
}

// RFC 2883 4.1: what came twice is the first block of the next ACK, once.
SCRIPT(Dsack, ReportsADuplicateBelowTheWindow) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK>"_seg);
  peer.sends("P. 1:1001(1000) ack 1"_seg);
  lets_pass(40ms);
  skip_sent();
  peer.sends("P. 1:1001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 1001 <nop,nop,sack 1:1001>"_seg);
  peer.sends(". 2001:3001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 1001 <nop,nop,sack 2001:3001>"_seg);
}

// RFC 2883 4.2: a duplicate above RCV.NXT: its own block, then the one around it.
SCRIPT(Dsack, ReportsADuplicateOutOfOrder) {
  open_passively("S 0:0(0) win 65535 <mss 1460,nop,nop,sackOK>"_seg);
  peer.sends(". 1001:2001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 1 <nop,nop,sack 1001:2001>"_seg);
  peer.sends(". 2001:3001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 1 <nop,nop,sack 1001:3001>"_seg);
  peer.sends(". 1001:2001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 1 <nop,nop,sack 1001:2001 1001:3001>"_seg);
}

// What is refused above RCV.NXT, for an old timestamp or for want of window, has not come: reported
// as a duplicate it would be lost for good.
SCRIPT(Dsack, NothingIsReportedThatWasNotTaken) {
  open_passively("S 0:0(0) win 65535 <mss 1460,sackOK,TS val 1000 ecr 0>"_seg);
  peer.sends("P. 1:1001(1000) ack 1 <nop,nop,TS val 1100 ecr 0>"_seg);
  lets_pass(40ms);
  skip_sent();
  peer.sends("P. 1001:2001(1000) ack 1 <nop,nop,TS val 900 ecr 0>"_seg);  // PAWS
  expect_equal(take_sent().tcp->options.sack_count, 0U, "blocks");
}

// RFC 2883 4.1, RFC 2018 2: nothing of the kind where SACK was not agreed.
SCRIPT(Dsack, NeedsSack) {
  open_passively("S 0:0(0) win 65535 <mss 1460>"_seg);
  peer.sends("P. 1:1001(1000) ack 1"_seg);
  lets_pass(40ms);
  skip_sent();
  peer.sends("P. 1:1001(1000) ack 1"_seg);
  expect(". 1:1(0) ack 1001 <>"_seg);
}

// RFC 3708, RFC 4015: every retransmission came twice: nothing had been lost, the window is as
// before.
SCRIPT_OF(OnAPath, Undo, ADsackOfAllRetransmissionsRestoresTheWindow) {
  open(10);
  const std::uint32_t cwnd = view().cwnd;
  after(40ms);
  peer.sends(". 1:1(0) ack 1 <nop,nop,sack 1001:5001>"_seg);
  expect(". 1:1001(1000) ack 1"_seg);
  after(15ms);
  peer.sends(". 1:1(0) ack 6001"_seg);  // the original came after all
  expect_true(view().ssthresh < cwnd, "the window was reduced");
  after(25ms);
  peer.sends(". 1:1(0) ack 6001 <nop,nop,sack 1:1001>"_seg);
  expect_count(Reason::cwnd_undone, 1);
  expect_true(view().cwnd >= cwnd, "cwnd is as before");
  expect_true(view().ssthresh > 1U << 30, "and so is ssthresh");
}

// RFC 3522: a timestamp echo from before the retransmission says so at once.
SCRIPT_OF(OnAPath, Undo, AnEchoOfTheOriginalRestoresTheWindow) {
  open(10, true);
  const std::uint32_t cwnd = view().cwnd;
  after(40ms);
  peer.sends(". 1:1(0) ack 1 <nop,nop,TS val 2 ecr 41,nop,nop,sack 1001:5001>"_seg);
  expect(". 1:1001(1000) ack 1"_seg);
  after(15ms);
  peer.sends(". 1:1(0) ack 6001 <nop,nop,TS val 3 ecr 41>"_seg);
  expect_count(Reason::cwnd_undone, 1);
  expect_true(view().cwnd >= cwnd, "cwnd is as before");
}

// One needless repair does not excuse a loss: the window stays reduced.
SCRIPT_OF(OnAPath, Undo, OneRealLossIsEnough) {
  open(10, true);
  const std::uint32_t cwnd = view().cwnd;
  after(40ms);
  peer.sends(
      ". 1:1(0) ack 1 <nop,nop,TS val 2 ecr 41,nop,nop,sack 1001:2001,nop,nop,sack 3001:8001>"_seg);
  expect(". 1:1001(1000) ack 1"_seg);
  skip_sent();  // and 2001:3001, as PRR lets it out
  after(15ms);
  peer.sends(". 1:1(0) ack 2001 <nop,nop,TS val 3 ecr 41,nop,nop,sack 3001:10001>"_seg);
  skip_sent();
  expect_count(Reason::cwnd_undone, 0);
  expect_true(view().ssthresh < cwnd, "the window was reduced");
}

// RFC 5682 3: after a timeout, an ACK of something that was sent once only: the original was on its
// way. Nothing else is sent again.
SCRIPT_OF(OnAPath, ForwardRto, ASpuriousTimeoutIsRecognised) {
  open(3);
  const std::uint32_t cwnd = view().cwnd;
  after(80ms);
  expect("P. 2001:3001(1000) ack 1"_seg);  // the tail probe; it hangs, too
  after(200ms);
  expect(". 1:1001(1000) ack 1"_seg);
  app.writes(2'000);
  peer.sends(". 1:1(0) ack 1001"_seg);
  expect(". 3001:4001(1000) ack 1"_seg);
  expect("P. 4001:5001(1000) ack 1"_seg);
  peer.sends(". 1:1(0) ack 2001"_seg);
  expect_nothing();
  expect_count(Reason::cwnd_undone, 1);
  expect_true(view().cwnd >= cwnd, "cwnd is as before");
}

// RFC 5682 3 step 2 b and 3 a: new data first; a duplicate says that the loss was real.
SCRIPT_OF(OnAPath, ForwardRto, ARealLossIsRepaired) {
  open(3);
  after(80ms);
  expect("P. 2001:3001(1000) ack 1"_seg);
  after(200ms);
  expect(". 1:1001(1000) ack 1"_seg);
  app.writes(2'000);
  expect_nothing();
  after(40ms);
  peer.sends(". 1:1(0) ack 1001"_seg);
  expect(". 3001:4001(1000) ack 1"_seg);
  expect("P. 4001:5001(1000) ack 1"_seg);
  after(40ms);
  peer.sends(". 1:1(0) ack 1001 <nop,nop,sack 3001:4001>"_seg);
  expect(". 1001:2001(1000) ack 1"_seg);
  expect_count(Reason::cwnd_undone, 0);
}

}  // namespace bowline::test
