#include "bowline/trace/relative_numbers.hpp"

#include <gtest/gtest.h>

#include "bowline/trace/testing/conversation.hpp"

namespace bowline::trace {
namespace {

using testing::kClient;
using testing::kServer;
using testing::segment;

TEST(RelativeNumbers, ASynShowsItsNumberAsItIs) {
  RelativeNumbers numbers;
  EXPECT_EQ(numbers.of(testing::handshake()[0]).seq, 0U);
  const RelativeNumbers::Base answer = numbers.of(testing::handshake()[1]);
  EXPECT_EQ(answer.seq, 0U);
  EXPECT_EQ(answer.ack, 0U);
}

// K136: the document takes the `ack 1` for the flag; it is the number 1739326487, counted from the
// ISN.
TEST(RelativeNumbers, K136_AckOneIsANumber) {
  RelativeNumbers numbers;
  for (const Segment& one : {testing::handshake()[0], testing::handshake()[1]}) {
    (void)numbers.of(one);
  }
  const Segment third = testing::handshake()[2];
  const RelativeNumbers::Base base = numbers.of(third);
  EXPECT_EQ(third.ack.raw() - base.ack, 1U);
  EXPECT_EQ(third.seq.raw() - base.seq, 1U);
  EXPECT_EQ(third.ack.raw(), testing::kServerIsn + 1);
}

TEST(RelativeNumbers, WithoutASynTheFirstSegmentIsTheBeginning) {
  RelativeNumbers numbers;
  const Segment data = segment(kServer, kClient, wire::kAck, {.seq = 5'000, .ack = 700});
  EXPECT_EQ(numbers.of(data).seq, 0U);
  const Segment answer = segment(kClient, kServer, wire::kAck, {.seq = 700, .ack = 5'100});
  EXPECT_EQ(answer.ack.raw() - numbers.of(answer).ack, 100U);
  EXPECT_EQ(answer.seq.raw() - numbers.of(answer).seq, 1U);
}

TEST(RelativeNumbers, ANewSynOnTheSamePortsBeginsAnew) {
  RelativeNumbers numbers;
  for (const Segment& one : testing::handshake()) (void)numbers.of(one);
  (void)numbers.of(segment(kServer, kClient, wire::kSyn | wire::kAck, {.seq = 40, .ack = 90}));
  const Segment third = segment(kClient, kServer, wire::kAck, {.seq = 90, .ack = 41});
  EXPECT_EQ(third.ack.raw() - numbers.of(third).ack, 1U);
}

TEST(RelativeNumbers, CrossesTheEndOfTheNumberSpace) {
  RelativeNumbers numbers;
  (void)numbers.of(
      segment(kServer, kClient, wire::kSyn | wire::kAck, {.seq = 0xffff'ffff, .ack = 1}));
  const Segment data = segment(kServer, kClient, wire::kAck, {.seq = 9, .ack = 1, .length = 1});
  EXPECT_EQ(data.seq.raw() - numbers.of(data).seq, 10U);
}

}  // namespace
}  // namespace bowline::trace
