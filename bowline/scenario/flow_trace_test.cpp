#include "bowline/scenario/flow_trace.hpp"

#include <gtest/gtest.h>

namespace bowline::scenario {
namespace {

constexpr SeqNumber kIss(0xffff'fff0);  // the numbers wrap within the first segment

class Traced : public testing::Test {
 protected:
  Traced() {
    trace::Segment syn;
    syn.flags = wire::kSyn;
    syn.seq = kIss;
    syn.options.window_scale = 2;
    trace.sent(syn, Time{});
    trace::Segment answer;
    answer.flags = wire::kSyn | wire::kAck;
    answer.ack = kIss + 1;
    answer.window = 1'000;
    answer.options.window_scale = 3;
    trace.arrived(answer, Time{1ms});
  }
  void send(std::uint32_t at, std::uint32_t length, Duration when) {
    trace::Segment segment;
    segment.flags = wire::kAck;
    segment.seq = kIss + 1 + at;
    segment.length = length;
    trace.sent(segment, Time{when});
  }
  void ack(std::uint32_t at, Duration when) {
    trace::Segment segment;
    segment.flags = wire::kAck;
    segment.ack = kIss + 1 + at;
    segment.window = 100;
    trace.arrived(segment, Time{when});
  }
  FlowTrace trace{1'000};
};

TEST_F(Traced, PlacesSegmentsInTheStreamAcrossTheWrap) {
  send(0, 100, 2ms);
  send(100, 100, 3ms);
  ASSERT_EQ(trace.bars().entries().size(), 2U);
  EXPECT_EQ(trace.bars().entries()[1].begin, 100U);
  EXPECT_EQ(trace.bars().entries()[1].end, 200U);
  EXPECT_EQ(trace.retransmissions(), 0U);
}

// RFC 7323 2.2: the window of a SYN is not scaled, later ones are.
TEST_F(Traced, ScalesTheWindowButThatOfTheSyn) {
  ack(0, 2ms);
  EXPECT_EQ(trace.acks().entries()[0].window, 1'000U);
  EXPECT_EQ(trace.acks().entries()[1].window, 800U);
}

TEST_F(Traced, WhatIsSentTwiceIsTold) {
  send(0, 100, 2ms);
  send(100, 100, 3ms);
  send(0, 100, 30ms);
  EXPECT_EQ(trace.segments(), 3U);
  EXPECT_EQ(trace.retransmissions(), 1U);
  EXPECT_EQ(trace.retransmitted_bytes(), 100U);
  ASSERT_EQ(trace.repeats().size(), 1U);
  EXPECT_EQ(trace.repeats()[0].begin, 0U);
  EXPECT_EQ(trace.bars().entries().size(), 2U);
}

// A segment that begins with old bytes and ends with new ones is both.
TEST_F(Traced, ASegmentOfOldAndNewBytesIsBoth) {
  send(0, 100, 2ms);
  send(50, 100, 3ms);
  EXPECT_EQ(trace.bars().entries().back().begin, 100U);
  EXPECT_EQ(trace.bars().entries().back().end, 150U);
  EXPECT_EQ(trace.retransmissions(), 1U);
}

// RFC 6298 section 3 (Karn): a segment that was sent twice gives no sample.
TEST_F(Traced, RoundTripsComeFromSegmentsSentOnce) {
  send(0, 100, 2ms);
  send(100, 100, 3ms);
  ack(100, 12ms);
  EXPECT_EQ(trace.rtt_min(), 10ms);
  send(100, 100, 40ms);
  ack(200, 45ms);
  EXPECT_EQ(trace.rtts().count(), 1U);
  send(200, 100, 50ms);
  send(300, 100, 50ms);
  ack(400, 70ms);
  EXPECT_EQ(trace.rtts().count(), 2U);
  EXPECT_EQ(trace.rtt_max(), 20ms);
  EXPECT_EQ(trace.rtt_mean(), 15ms);
}

}  // namespace
}  // namespace bowline::scenario
