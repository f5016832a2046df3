// RFC 8985 section 7.

#include "bowline/tcp/tail_loss_probe.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

constexpr SeqNumber kEnd(1'000);

// Section 7.2: two round trips; one segment alone may wait for a delayed ACK; a second without a
// sample.
TEST(TailLossProbe, WaitsTwoRoundTrips) {
  EXPECT_EQ(probe_timeout(30ms, false), 60ms);
  EXPECT_EQ(probe_timeout(30ms, true), 260ms);
  EXPECT_EQ(probe_timeout(Duration::zero(), true), 1s);
}

// Section 7.4.2: new data as a probe repairs nothing; its acknowledgment ends the episode.
TEST(TailLossProbe, NewDataIsNoRepair) {
  TailLossProbe probe;
  probe.sent(kEnd, false);
  EXPECT_FALSE(probe.acknowledged(kEnd - 1, false, false, true));
  EXPECT_TRUE(probe.outstanding());
  EXPECT_FALSE(probe.acknowledged(kEnd, false, false, true));
  EXPECT_FALSE(probe.outstanding());
}

// "The probe was spurious": both the original and the probe arrived.
TEST(TailLossProbe, ADsackSaysThatNothingWasLost) {
  TailLossProbe probe;
  probe.sent(kEnd, true);
  EXPECT_FALSE(probe.acknowledged(kEnd, true, false, true));
  EXPECT_FALSE(probe.outstanding());
}

TEST(TailLossProbe, ABareDuplicateSaysTheSame) {
  TailLossProbe probe;
  probe.sent(kEnd, true);
  EXPECT_FALSE(probe.acknowledged(kEnd, false, false, true)) << "the first of two ACKs, perhaps";
  EXPECT_TRUE(probe.outstanding());
  EXPECT_FALSE(probe.acknowledged(kEnd, false, false, false)) << "the second";
  EXPECT_FALSE(probe.outstanding());
}

// "ACK.seq > TLP.end_seq": one of the two was lost, and the other filled the hole.
TEST(TailLossProbe, ARepairIsALoss) {
  TailLossProbe probe;
  probe.sent(kEnd, true);
  EXPECT_FALSE(probe.acknowledged(kEnd, false, false, true));
  EXPECT_TRUE(probe.acknowledged(kEnd + 100, false, false, true));
  EXPECT_FALSE(probe.outstanding());
}

}  // namespace
}  // namespace bowline::tcp
