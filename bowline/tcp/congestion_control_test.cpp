#include "bowline/tcp/congestion_control.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

constexpr std::uint32_t kMss = 1'000;

AckEvent ack(std::uint32_t bytes, std::uint32_t in_flight, bool limited = true) {
  AckEvent event;
  event.acked = bytes;
  event.in_flight = in_flight;
  event.cwnd_limited = limited;
  return event;
}

CongestionControl started(std::uint32_t segments = 10) {
  CongestionControl congestion;
  congestion.start(kMss, segments, CongestionAlgorithm::reno, HyStartForm::plus_plus, SeqNumber(0));
  return congestion;
}

// RFC 6928 section 2: an initial window of ten segments.
TEST(CongestionControl, StartsWithTheInitialWindow) { EXPECT_EQ(started().cwnd(), 10 * kMss); }

// RFC 5681 3.1: "The initial value of ssthresh SHOULD be set arbitrarily high".
// MUST-19
TEST(CongestionControl, StartsInSlowStart) { EXPECT_GT(started().ssthresh(), 1U << 30); }

// RFC 5681 3.1 equation 2: in slow start, cwnd += min(N, SMSS) for each ACK.
TEST(CongestionControl, SlowStartGrowsByWhatIsAcknowledged) {
  CongestionControl congestion = started();
  congestion.acked(ack(kMss, 10 * kMss));
  EXPECT_EQ(congestion.cwnd(), 11 * kMss);
  congestion.acked(ack(300, 10 * kMss));
  EXPECT_EQ(congestion.cwnd(), 11 * kMss + 300) << "ACK division gains nothing";
}

// RFC 9406 4.3: no limit to what one ACK may add where data is paced.
TEST(CongestionControl, AMergedAckCountsWhole) {
  CongestionControl congestion = started(64);
  congestion.acked(ack(40 * kMss, 64 * kMss));
  EXPECT_EQ(congestion.cwnd(), 104 * kMss);
}

// RFC 5681 3.1: in congestion avoidance, one segment for each round trip, counted in bytes.
// MUST-19
TEST(CongestionControl, CongestionAvoidanceAddsASegmentForEachWindow) {
  CongestionControl congestion = started(20);
  congestion.lost(20 * kMss);
  congestion.recovered();
  ASSERT_EQ(congestion.cwnd(), 10 * kMss);
  for (int round = 1; round <= 5; ++round) {
    const std::uint32_t window = congestion.cwnd();
    for (std::uint32_t acked = 0; acked < window; acked += kMss) {
      EXPECT_EQ(congestion.cwnd(), window);
      congestion.acked(ack(kMss, window));
    }
    EXPECT_EQ(congestion.cwnd(), window + kMss) << "round " << round;
  }
}

// RFC 5681 equation 4: ssthresh = max(FlightSize / 2, 2 * SMSS), of what is in flight, not of cwnd.
TEST(CongestionControl, LossHalvesWhatIsInFlight) {
  CongestionControl congestion = started(20);
  congestion.lost(12 * kMss);
  EXPECT_EQ(congestion.ssthresh(), 6 * kMss);
  congestion.lost(3 * kMss);
  EXPECT_EQ(congestion.ssthresh(), 2 * kMss);
}

// RFC 5681 3.1: after a timeout the loss window, one segment, and slow start up to ssthresh.
TEST(CongestionControl, TimeoutStartsOverWithOneSegment) {
  CongestionControl congestion = started(20);
  congestion.timed_out(20 * kMss, 0, true);
  EXPECT_EQ(congestion.cwnd(), kMss);
  EXPECT_EQ(congestion.ssthresh(), 10 * kMss);
}

// RFC 5681 3.1: "when a segment has been retransmitted once already, ssthresh is held constant".
TEST(CongestionControl, SecondTimeoutLeavesTheThreshold) {
  CongestionControl congestion = started(20);
  congestion.timed_out(20 * kMss, 0, true);
  congestion.timed_out(kMss, 0, false);
  EXPECT_EQ(congestion.cwnd(), kMss);
  EXPECT_EQ(congestion.ssthresh(), 10 * kMss);
}

// RFC 5681 4.1: cwnd is min(IW, cwnd) after an idle RTO.
TEST(CongestionControl, IdlenessTakesTheWindowBackToTheRestartWindow) {
  CongestionControl congestion = started(30);
  congestion.idle(10);
  EXPECT_EQ(congestion.cwnd(), 10 * kMss);
  congestion.timed_out(10 * kMss, 0, true);
  congestion.idle(10);
  EXPECT_EQ(congestion.cwnd(), kMss) << "and never up";
}

// RFC 5681 3.1: an initial window of one segment when the SYN or SYN-ACK was lost.
TEST(CongestionControl, LostHandshakeStartsWithOneSegment) {
  CongestionControl congestion = started();
  congestion.handshake_lost();
  EXPECT_EQ(congestion.cwnd(), kMss);
}

// RFC 7661 section 1: a window that is not used says nothing about the path.
TEST(CongestionControl, UnusedWindowDoesNotGrow) {
  CongestionControl congestion = started();
  for (int i = 0; i < 100; ++i) congestion.acked(ack(kMss, 2 * kMss, false));
  EXPECT_EQ(congestion.cwnd(), 10 * kMss);
}

TEST(CongestionControl, WindowNeverWraps) {
  CongestionControl congestion = started();
  std::uint32_t before = congestion.cwnd();
  for (int i = 0; i < 300'000; ++i) {
    congestion.acked(ack(65'535, before));
    ASSERT_GE(congestion.cwnd(), before);
    before = congestion.cwnd();
  }
  EXPECT_LT(before, 1U << 31);
}

// Linux's form (Profile::linux): at the first sign ssthresh is the window as it is, and congestion
// avoidance follows.
TEST(CongestionControl, ClassicHyStartEndsSlowStartAtOnce) {
  CongestionControl congestion;
  congestion.start(kMss, 20, CongestionAlgorithm::cubic, HyStartForm::classic, SeqNumber(0));
  AckEvent event = ack(kMss, 20 * kMss);
  event.rtt = event.srtt = event.min_rtt = 80ms;
  event.now = Time(1s);
  congestion.acked(event);
  event.nxt = SeqNumber(1'000'000);  // the next round
  EXPECT_EQ(congestion.cwnd(), 21 * kMss);
  event.rtt = 120ms;
  for (int i = 0; i < 9; ++i) {
    event.now += 5ms;
    event.una += kMss;
    congestion.acked(event);
  }
  EXPECT_FALSE(congestion.in_slow_start());
  EXPECT_NEAR(congestion.cwnd(), 29 * kMss, 2 * kMss);
}

CongestionControl counting_packets(std::uint32_t segments, CongestionAlgorithm algorithm) {
  CongestionControl congestion;
  congestion.count_packets(true);
  congestion.start(kMss, segments, algorithm, HyStartForm::classic, SeqNumber(0));
  return congestion;
}

// Settings::count_packets: thresholds are whole packets (Linux's tcp_reno_ssthresh() and
// bictcp_recalc_ssthresh()).
TEST(CongestionControl, CountedInPackets_ALossLeavesWholePackets) {
  CongestionControl reno = counting_packets(11, CongestionAlgorithm::reno);
  reno.lost(11 * kMss);
  EXPECT_EQ(reno.ssthresh(), 5 * kMss);
  CongestionControl cubic = counting_packets(19, CongestionAlgorithm::cubic);
  EXPECT_EQ(cubic.algorithm(), CongestionAlgorithm::cubic);
  cubic.lost(0);
  EXPECT_EQ(cubic.ssthresh(), 13 * kMss) << "whatever is in flight";
}

// tcp_slow_start() gives back what does not fit below ssthresh, and congestion avoidance has it.
TEST(CongestionControl, CountedInPackets_WhatSlowStartLeavesGoesOnIntoAvoidance) {
  CongestionControl reno = counting_packets(10, CongestionAlgorithm::reno);
  reno.lost(10 * kMss);
  reno.timed_out(10 * kMss, 3 * kMss, false);  // the window is 4, ssthresh 5
  ASSERT_EQ(reno.cwnd(), 4 * kMss);
  reno.acked(ack(7 * kMss, 4 * kMss));
  EXPECT_EQ(reno.cwnd(), 6 * kMss) << "one up to ssthresh, then six of five for one more";
}

// RFC 2861, tcp_cwnd_restart(): half for each RTO of idling, not below the restart window.
TEST(CongestionControl, APauseMayHalveTheWindowForEachTimeout) {
  CongestionControl congestion = counting_packets(64, CongestionAlgorithm::cubic);
  congestion.idle_for(1, 10);
  EXPECT_EQ(congestion.cwnd(), 32 * kMss);
  congestion.idle_for(2, 10);
  EXPECT_EQ(congestion.cwnd(), 10 * kMss);
}

}  // namespace
}  // namespace bowline::tcp
