// RFC 3168 section 6.1.

#include "bowline/tcp/ecn.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

constexpr SeqNumber kStart(0xffff'ff00);
constexpr std::uint8_t kCapable = wire::kEcnCapable0;
constexpr std::uint8_t kMarked = wire::kEcnCongested;

Ecn started() {
  Ecn ecn;
  ecn.start(FeedbackMode::classic, kStart);
  return ecn;
}

// Section 6.1.3: ECE in every ACK from the mark on, until CWR comes.
TEST(Ecn, AMarkIsEchoedUntilItIsAnswered) {
  Ecn ecn = started();
  EXPECT_FALSE(ecn.received(wire::kAck, kCapable));
  EXPECT_FALSE(ecn.echo());
  EXPECT_TRUE(ecn.received(wire::kAck, kMarked));
  EXPECT_TRUE(ecn.echo());
  EXPECT_FALSE(ecn.received(wire::kAck, kMarked)) << "said already";
  EXPECT_FALSE(ecn.received(wire::kAck, kCapable));
  EXPECT_TRUE(ecn.echo()) << "one packet without a mark ends nothing";
  EXPECT_FALSE(ecn.received(wire::kAck | wire::kCwr, kCapable));
  EXPECT_FALSE(ecn.echo());
}

// Section 6.1.3: a packet with both CWR and a mark begins anew.
TEST(Ecn, AMarkOnTheAnswerCountsAgain) {
  Ecn ecn = started();
  static_cast<void>(ecn.received(wire::kAck, kMarked));
  EXPECT_TRUE(ecn.received(wire::kAck | wire::kCwr, kMarked));
  EXPECT_TRUE(ecn.echo());
}

// Section 6.1.2: once for a window of data, and CWR on the next new data.
TEST(Ecn, OneReductionInARoundTrip) {
  Ecn ecn = started();
  EXPECT_TRUE(ecn.reduces(kStart + 100, kStart + 1'000));
  EXPECT_TRUE(ecn.answer_due());
  ecn.answered();
  EXPECT_FALSE(ecn.reduces(kStart + 500, kStart + 1'500));
  EXPECT_FALSE(ecn.answer_due());
  EXPECT_TRUE(ecn.reduces(kStart + 1'000, kStart + 2'000));
}

// RFC 9768 section 3.1: ECE and CWR are part of a counter there; when to reduce is as here.
TEST(Ecn, WithAccurateFeedbackItOnlySaysWhenToReduce) {
  Ecn ecn;
  ecn.start(FeedbackMode::accurate, kStart);
  EXPECT_FALSE(ecn.received(wire::kAck | wire::kCwr, kMarked));
  EXPECT_FALSE(ecn.echo());
  EXPECT_TRUE(ecn.reduces(kStart + 100, kStart + 1'000));
  EXPECT_FALSE(ecn.reduces(kStart + 500, kStart + 1'500));
  EXPECT_FALSE(ecn.answer_due());
}

TEST(Ecn, WithoutAgreementNothingCounts) {
  Ecn ecn;
  EXPECT_FALSE(ecn.received(wire::kAck, kMarked));
  EXPECT_FALSE(ecn.reduces(kStart, kStart + 100));
  ecn.reduced(kStart + 100);
  EXPECT_FALSE(ecn.answer_due());
}

// Section 6.1.1: which flags ask, which agree. A SYN-ACK that reflects everything does not.
TEST(Ecn, TheFlagsOfTheHandshake) {
  EXPECT_TRUE(asks_for_ecn(wire::kSyn | wire::kEce | wire::kCwr));
  EXPECT_FALSE(asks_for_ecn(wire::kSyn | wire::kEce));
  EXPECT_TRUE(agrees_to_ecn(wire::kSyn | wire::kAck | wire::kEce));
  EXPECT_FALSE(agrees_to_ecn(wire::kSyn | wire::kAck | wire::kEce | wire::kCwr));
}

}  // namespace
}  // namespace bowline::tcp
