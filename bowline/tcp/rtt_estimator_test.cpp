#include "bowline/tcp/rtt_estimator.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

// RFC 6298 2.1: until there is a sample, the RTO is the initial one.
// 6298-2.1a
TEST(RttEstimator, StartsWithTheInitialTimeout) {
  const RttEstimator rtt;
  EXPECT_FALSE(rtt.has_sample());
  EXPECT_EQ(rtt.rto({1s, 200ms, 60s}), 1s);
  EXPECT_EQ(rtt.rto({3s, 200ms, 60s}), 3s) << "5.7: three seconds when the SYN was lost";
}

// RFC 6298 2.2: SRTT <- R, RTTVAR <- R/2, RTO <- SRTT + K*RTTVAR with K = 4.
// 6298-2.2a
TEST(RttEstimator, FirstSampleSetsBoth) {
  RttEstimator rtt;
  rtt.sample(100ms);
  EXPECT_EQ(rtt.srtt(), 100ms);
  EXPECT_EQ(rtt.rttvar(), 50ms);
  EXPECT_EQ(rtt.rto({1s, 1ms, 60s}), 300ms);
}

// RFC 6298 2.3: RTTVAR <- 3/4 RTTVAR + 1/4 |SRTT - R'|, SRTT <- 7/8 SRTT + 1/8 R', in this order.
// 6298-2.3a
TEST(RttEstimator, LaterSamplesAreSmoothed) {
  RttEstimator rtt;
  rtt.sample(100ms);
  rtt.sample(180ms);
  EXPECT_EQ(rtt.rttvar(), 57500us);  // 0.75 * 50 + 0.25 * |100 - 180|
  EXPECT_EQ(rtt.srtt(), 110ms);      // 0.875 * 100 + 0.125 * 180
  rtt.sample(30ms);
  EXPECT_EQ(rtt.rttvar(), 63125us);  // 0.75 * 57.5 + 0.25 * |110 - 30|
  EXPECT_EQ(rtt.srtt(), 100ms);      // 0.875 * 110 + 0.125 * 30
}

// RFC 6298 2.4, with the least timeout that is configured.
TEST(RttEstimator, TimeoutHasALeast) {
  RttEstimator rtt;
  for (int i = 0; i < 100; ++i) rtt.sample(1ms);
  EXPECT_EQ(rtt.rto({1s, 1s, 60s}), 1s);
  EXPECT_EQ(rtt.rto({1s, 200ms, 60s}), 200ms);
}

// RFC 6298 2.5: "A maximum value MAY be placed on RTO".
// 6298-2.5a
TEST(RttEstimator, TimeoutHasAMost) {
  RttEstimator rtt;
  rtt.sample(50s);
  EXPECT_EQ(rtt.rto({1s, 200ms, 60s}), 60s);
}

// RFC 6298 5.5: RTO <- RTO * 2, with the maximum of 2.5.
TEST(RttEstimator, BackoffDoublesUpToTheMost) {
  RttEstimator rtt;
  rtt.sample(100ms);
  const RtoBounds bounds{1s, 200ms, 60s};
  for (const Duration expected : {300ms, 600ms, 1200ms, 2400ms, 4800ms, 9600ms, 19200ms, 38400ms}) {
    EXPECT_EQ(rtt.rto(bounds), expected);
    rtt.back_off();
  }
  EXPECT_EQ(rtt.rto(bounds), 60s);
  for (int i = 0; i < 1'000; ++i) rtt.back_off();
  EXPECT_EQ(rtt.rto(bounds), 60s);
}

// RFC 6298 section 5, last note: after a backoff, a new sample computes the RTO anew.
TEST(RttEstimator, SampleEndsTheBackoff) {
  RttEstimator rtt;
  rtt.sample(100ms);
  rtt.back_off();
  rtt.back_off();
  EXPECT_EQ(rtt.backoff(), 2);
  rtt.sample(100ms);
  EXPECT_EQ(rtt.backoff(), 0);
  EXPECT_EQ(rtt.rto({1s, 1ms, 60s}), 250ms);  // 100 + 4 * 37.5
}

TEST(RttEstimator, ProgressEndsTheBackoffWithoutASample) {
  RttEstimator rtt;
  rtt.back_off();
  EXPECT_EQ(rtt.rto({1s, 200ms, 60s}), 2s);
  rtt.end_backoff();
  EXPECT_EQ(rtt.rto({1s, 200ms, 60s}), 1s);
}

// In virtual time and in memory a round trip may take no time at all; that is a sample, too.
TEST(RttEstimator, NoTimeAtAllIsASample) {
  RttEstimator rtt;
  rtt.sample(Duration::zero());
  EXPECT_TRUE(rtt.has_sample());
  for (int i = 0; i < 1'000; ++i) rtt.sample(Duration::zero());
  EXPECT_TRUE(rtt.has_sample());
  EXPECT_EQ(rtt.rto({1s, 200ms, 60s}), 200ms);
}

}  // namespace
}  // namespace bowline::tcp
