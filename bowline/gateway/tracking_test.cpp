// How far a connection has come is known whatever else is said in its name (RFC 5961 sections 3.2
// and 5.2), and whatever its windows do.

#include <gtest/gtest.h>

#include "bowline/gateway/testing/scene.hpp"

namespace bowline::gateway {
namespace {

using testing::Say;
using testing::Scene;

class TrackingTest : public Scene {
 protected:
  // Both say that they have nothing more to say, and both acknowledge that.
  void finish() {
    expect_one(client_data(0, "", wire::kAck | wire::kFin), Side::inside);
    expect_one(server_data(0, "", wire::kAck | wire::kFin, 2), Side::outside);
    expect_one(client_data(1, "", wire::kAck, 2), Side::inside);
  }
};

// ---- what a stranger may say --------------------------------------------------------------------

// RFC 5961 section 3.2: in the window but not exact, it is challenged. Of two the second may not
// be, since challenges are limited (section 7): it ends nothing either.
TEST_F(TrackingTest, BlindResetsEndNothing) {
  config.flows = 1;
  begin();
  open();
  expect_one(client_says({.flags = wire::kRst, .seq = kClientIsn + 1 + 50}), Side::inside);
  const auto challenge = server_data(0, "", wire::kAck);
  expect_one(challenge, Side::outside);
  EXPECT_EQ(challenge[0].tcp.seq, cookie + 1);
  expect_one(client_says({.flags = wire::kRst, .seq = kClientIsn + 1 + 60}), Side::inside);
  EXPECT_EQ(proxy->usage().established, 1U);
  (void)wait(1h);
  expect_one(client_data(0, "still there"), Side::inside);
  EXPECT_EQ(proxy->usage().established, 1U);
}

// The number that the receiver expects is the last that it acknowledged, or the next that passes
// if its ACK is still to come.
TEST_F(TrackingTest, AnExactResetEndsTheFlow) {
  for (const std::uint32_t offset : {0U, 100U}) {
    begin();
    open();
    expect_one(client_data(0, std::string(100, 'x')), Side::inside);
    expect_one(client_says({.flags = wire::kRst, .seq = kClientIsn + 1 + offset}), Side::inside);
    EXPECT_EQ(proxy->usage().closing, 1U) << offset;
    (void)wait(10s);
    EXPECT_EQ(proxy->usage().flows(), 0U) << offset;
  }
}

// What is at the next number to pass may have been lost on the way: then the receiver expects an
// earlier one, and its challenge says so.
TEST_F(TrackingTest, AnExactResetThatIsAnsweredEndsNothing) {
  begin();
  open();
  expect_one(client_data(0, std::string(100, 'x')), Side::inside);
  expect_one(client_says({.flags = wire::kRst, .seq = kClientIsn + 1 + 100}), Side::inside);
  EXPECT_EQ(proxy->usage().closing, 1U);
  expect_one(server_data(0, "", wire::kAck), Side::outside);
  EXPECT_EQ(proxy->usage().established, 1U);
  expect_one(client_says({.flags = wire::kRst, .seq = kClientIsn + 1}), Side::inside);
  EXPECT_EQ(proxy->usage().closing, 1U);
}

// RFC 5961 section 5.2: a number in the window is guessed easily, one that was not said lately in
// the ACK as well is not.
TEST_F(TrackingTest, ABlindFinEndsNothing) {
  begin();
  open();
  for (const std::uint32_t ack : {seen_by_client(2).raw(), seen_by_client(1).raw() - 1'000'000}) {
    const Say fin{.flags = wire::kAck | wire::kFin, .seq = kClientIsn + 1, .ack = ack};
    expect_one(client_says(fin), Side::inside);  // whether it is believed is the server's affair
    EXPECT_EQ(proxy->usage().established, 1U);
  }
  expect_one(server_says({.flags = wire::kAck | wire::kFin,
                          .seq = kServerIsn + 1,
                          .ack = kClientIsn + 1 - 100'000}),
             Side::outside);
  EXPECT_EQ(proxy->usage().established, 1U);
}

// Else the true FIN would come before what has passed, and not be seen.
TEST_F(TrackingTest, BlindDataHidesNoFin) {
  begin();
  open();
  expect_one(client_says({.flags = kData,
                          .seq = kClientIsn + 1 + 20'000,
                          .ack = seen_by_client(2).raw(),
                          .payload = "xxx"}),
             Side::inside);
  finish();
  (void)wait(60s);
  EXPECT_EQ(proxy->usage().flows(), 0U);
}

// Nor does an ACK count whose number lies in no window (RFC 9293 section 3.10.7.4).
TEST_F(TrackingTest, ABlindAckTellsNothing) {
  begin();
  open();
  expect_one(server_data(0, std::string(100, 'x')), Side::outside);
  expect_one(
      client_says(
          {.flags = wire::kAck, .seq = kClientIsn + 0x4000'0000, .ack = seen_by_client(101).raw()}),
      Side::inside);
  // A repeated SYN-ACK is answered with what the gateway knows of the client.
  const auto known =
      server_says({.flags = wire::kSyn | wire::kAck, .seq = kServerIsn, .ack = kClientIsn + 1});
  expect_one(known, Side::inside);
  EXPECT_EQ(known[0].tcp.ack, SeqNumber(kServerIsn + 1));
}

// What could be anybody's keeps no flow alive.
TEST_F(TrackingTest, WhatDoesNotFitKeepsNoFlowAlive) {
  for (const Say& stray : {Say{.flags = wire::kAck, .seq = kClientIsn + 1, .ack = 77},
                           Say{.flags = wire::kRst, .seq = kClientIsn + 1 + 50}}) {
    begin();
    open();
    (void)wait(2h);
    expect_one(client_says(stray), Side::inside);
    EXPECT_EQ(proxy->usage().established, 1U);
    (void)wait(4min);
    EXPECT_EQ(proxy->usage().flows(), 0U);
  }
}

// ---- delayed duplicates -------------------------------------------------------------------------

// The cookie proves that a client was there once; its own handshake repeated is no new one.
TEST_F(TrackingTest, ADelayedThirdAckReopensNothing) {
  for (const bool reset : {false, true}) {
    begin();
    open();
    const Say third{.flags = wire::kAck,
                    .seq = kClientIsn + 1,
                    .ack = seen_by_client(1).raw(),
                    .window = 1'000};
    const Say first{.flags = kData,
                    .seq = kClientIsn + 1,
                    .ack = seen_by_client(1).raw(),
                    .payload = "request"};
    expect_one(client_says(first), Side::inside);
    expect_one(server_data(0, "reply", kData | wire::kFin, 8), Side::outside);
    expect_one(client_data(7, "", wire::kAck | wire::kFin, 7), Side::inside);
    expect_one(server_data(6, "", wire::kAck, 9), Side::outside);
    if (reset) (void)server_says({.flags = wire::kRst, .seq = kServerIsn + 7});
    ASSERT_EQ(proxy->usage().closing, 1U);
    for (const Say& delayed : {third, first}) {
      const auto seen = client_says(delayed);
      expect_one(seen, Side::inside);
      EXPECT_FALSE(seen[0].has(wire::kSyn));
    }
    EXPECT_EQ(count(Reason::gateway_replaced), 0U);
    EXPECT_EQ(proxy->usage().opening, 0U);
    EXPECT_EQ(proxy->usage().closing, 1U);
  }
}

// ---- windows that retreat -----------------------------------------------------------------------

// RFC 9293 section 3.8.6: a window may shrink, if only by the rounding of its scale. What was sent
// before its sender heard of it passes and counts; so does all that follows.
TEST_F(TrackingTest, AWindowThatShrinksHidesNothing) {
  begin();
  proxy->set_mtu(Side::inside, 65'535);
  open();
  const auto shrinks = [&](std::uint32_t offset) {
    return server_says({.flags = wire::kAck,
                        .seq = kServerIsn + 1,
                        .ack = kClientIsn + 1 + offset,
                        .window = 100});  // 3,200 bytes
  };
  expect_one(shrinks(0), Side::outside);
  for (std::uint32_t i = 0; i < 10; ++i) {  // up to the edge that was told first, 64,000
    expect_one(client_data(i * 6'000, std::string(6'000, 'x')), Side::inside);
  }
  expect_one(shrinks(60'000), Side::outside);
  expect_one(client_data(60'000, "", wire::kAck | wire::kFin), Side::inside);
  EXPECT_EQ(proxy->usage().closing, 1U);
  expect_one(server_data(0, "", wire::kAck | wire::kFin, 60'002), Side::outside);
  expect_one(client_data(60'001, "", wire::kAck, 2), Side::inside);
  (void)wait(60s);
  EXPECT_EQ(proxy->usage().flows(), 0U);
}

// The client had room for it when the server sent it, so the RST crosses.
TEST_F(TrackingTest, AResetBeforeTheOldEdgeCrosses) {
  begin();
  open();
  expect_one(client_says({.flags = wire::kAck,
                          .seq = kClientIsn + 1,
                          .ack = seen_by_client(1).raw(),
                          .window = 1}),
             Side::inside);
  expect_one(server_says({.flags = wire::kRst, .seq = kServerIsn + 1 + 10'000}), Side::outside);
  EXPECT_EQ(proxy->usage().established, 1U);
}

// A probe of a shut window takes up one number behind it, a FIN another (RFC 9293 section 3.8.6.1).
TEST_F(TrackingTest, AFinBehindAShutWindowCounts) {
  begin();
  proxy->set_mtu(Side::inside, 65'535);
  open();
  const auto full = std::string(32'000, 'x');
  expect_one(client_data(0, full), Side::inside);
  expect_one(client_data(32'000, full), Side::inside);
  expect_one(server_says({.flags = wire::kAck,
                          .seq = kServerIsn + 1,
                          .ack = kClientIsn + 1 + 64'000,
                          .window = 0}),
             Side::outside);
  expect_one(client_data(64'000, "x", wire::kAck | wire::kFin), Side::inside);
  EXPECT_EQ(proxy->usage().closing, 1U);
}

}  // namespace
}  // namespace bowline::gateway
