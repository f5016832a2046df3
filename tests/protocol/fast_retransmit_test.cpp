// Fast retransmit and fast recovery: RFC 5681 section 3.2, RFC 6582, RFC 3042.

#include <gtest/gtest.h>

#include "tests/support/script.hpp"

namespace bowline::test {

namespace {

/// Ten segments of 1000 bytes are in flight, all that cwnd admits, and `more` bytes wait behind
/// them.
class TenInFlight : public Script {
 public:
  using Script::Script;

 protected:
  void open(std::uint32_t more = 0) {
    open_actively("S. 0:0(0) ack 1 win 65535 <mss 1000>"_seg);
    after(1ms);
    app.writes(10'000 + more);
    for (std::uint32_t i = 0; i < 10; ++i) {
      const SentPacket sent = take_sent();
      expect_equal(distance(*peer.our_iss(), sent.tcp->header.seq), 1 + i * 1'000, "its number");
    }
    expect_nothing();
  }
  void duplicate_ack(std::uint32_t ack) {
    Segment duplicate = ". 1:1(0) ack 1"_seg;
    duplicate.ack = ack;
    peer.sends(duplicate);
  }
};

}  // namespace

// RFC 5681 3.2 step 2 to 4: the third duplicate says that the segment is lost; ssthresh is
// beta_cubic of the flight (RFC 9438 4.6).
SCRIPT_OF(TenInFlight, FastRetransmit, TheThirdDuplicateAckRetransmits) {
  open();
  duplicate_ack(1);
  duplicate_ack(1);
  expect_nothing();
  duplicate_ack(1);
  expect(". 1:1001(1000) ack 1"_seg);
  expect_nothing();
  expect_equal(view().ssthresh, 7'000U, "ssthresh");
  expect_count(Reason::retransmit_fast, 1);
  // Step 6: the ACK that covers all: recovered, cwnd is about ssthresh.
  peer.sends(". 1:1(0) ack 10001"_seg);
  expect_nothing();
  expect_true(view().cwnd <= 8'000, "cwnd is deflated");
  expect_count(Reason::cwnd_recovered, 1);
}

// RFC 6582 3.2 step 3: a partial ACK: the next hole is retransmitted at once.
SCRIPT_OF(TenInFlight, FastRetransmit, APartialAckRetransmitsTheNextHole) {
  open();
  duplicate_ack(1);
  duplicate_ack(1);
  duplicate_ack(1);
  expect(". 1:1001(1000) ack 1"_seg);
  duplicate_ack(4'001);  // a new ACK, but not of all: 4001 is lost too
  expect(". 4001:5001(1000) ack 1"_seg);
  expect_nothing();
  peer.sends(". 1:1(0) ack 10001"_seg);
  expect_nothing();
  expect_count(Reason::retransmit_partial_ack, 1);
}

// RFC 5681 3.2 step 5, by whichever accounting: further duplicates let new data go, no more than
// half a window in all.
SCRIPT_OF(TenInFlight, FastRetransmit, FurtherDuplicatesLetNewDataGo) {
  open(10'000);
  std::size_t limited = 0;
  for (int i = 0; i < 2; ++i) {
    duplicate_ack(1);
    limited += skip_sent();
  }
  duplicate_ack(1);
  expect(". 1:1001(1000) ack 1"_seg);
  limited += skip_sent();
  for (int i = 0; i < 7; ++i) {
    duplicate_ack(1);
    limited += skip_sent();
  }
  // Ten duplicates have left the network; half of the flight (5 or 6 segments) may follow.
  expect_true(limited >= 2 && limited <= 8, "new segments during the round of recovery");
  expect_state(State::established);
}

// RFC 3042, RFC 5681 3.2 step 1: the first and second duplicate let one new segment go each.
SCRIPT_OF(TenInFlight, FastRetransmit, LimitedTransmit) {
  open(5'000);
  duplicate_ack(1);
  expect(". 10001:11001(1000) ack 1"_seg);
  expect_nothing();
  duplicate_ack(1);
  expect(". 11001:12001(1000) ack 1"_seg);
  expect_nothing();
  duplicate_ack(1);
  expect(". 1:1001(1000) ack 1"_seg);
  skip_sent();
}

// RFC 5681 2: what is no duplicate: with data, with another window, of nothing outstanding.
SCRIPT_OF(TenInFlight, FastRetransmit, WhatIsNoDuplicate) {
  open();
  for (std::uint32_t i = 0; i < 4; ++i) {
    Segment with_data = "P. 1:11(10) ack 1"_seg;
    with_data.seq = 1 + 10 * i;
    peer.sends(with_data);
    skip_sent();
  }
  for (std::uint16_t i = 0; i < 4; ++i) {
    Segment update = ". 41:41(0) ack 1"_seg;
    update.window = static_cast<std::uint16_t>(60'000 + i);
    peer.sends(update);
  }
  lets_pass(50ms);
  skip_sent();
  expect_count(Reason::retransmit_fast, 0);
}

SCRIPT_OF(TenInFlight, FastRetransmit, OfNothingOutstandingItMeansNothing) {
  open();
  peer.sends(". 1:1(0) ack 10001"_seg);
  for (int i = 0; i < 5; ++i) duplicate_ack(10'001);
  expect_nothing();
  expect_count(Reason::retransmit_fast, 0);
}

// RFC 6582 3.2 step 1: after a timeout, duplicates of what was sent before it start no fast
// retransmit.
SCRIPT_OF(TenInFlight, FastRetransmit, NotForWhatATimeoutHasDealtWith) {
  open();
  after(view().rto);
  expect(". 1:1001(1000) ack 1"_seg);
  for (int i = 0; i < 5; ++i) {
    duplicate_ack(1);
    skip_sent();
  }
  expect_count(Reason::retransmit_fast, 0);
}

// When the retransmission is lost as well, the timer takes over.
SCRIPT_OF(TenInFlight, FastRetransmit, ALostRetransmissionWaitsForTheTimer) {
  open();
  duplicate_ack(1);
  duplicate_ack(1);
  duplicate_ack(1);
  expect(". 1:1001(1000) ack 1"_seg);
  const Duration rto = view().rto;
  after(rto);
  expect(". 1:1001(1000) ack 1"_seg);
}

// One loss reduces the window once, however many segments it took (RFC 5681 3.2, RFC 6582 4).
SCRIPT_OF(TenInFlight, FastRetransmit, OneReductionForOneWindow) {
  open();
  duplicate_ack(1);
  duplicate_ack(1);
  duplicate_ack(1);
  expect(". 1:1001(1000) ack 1"_seg);
  duplicate_ack(2'001);
  expect(". 2001:3001(1000) ack 1"_seg);
  duplicate_ack(3'001);
  expect(". 3001:4001(1000) ack 1"_seg);
  expect_equal(view().ssthresh, 7'000U, "ssthresh");
  expect_count(Reason::cwnd_fast_recovery, 1);
}

}  // namespace bowline::test
