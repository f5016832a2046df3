// Connections that servers begin: they pass as they are, and nothing else comes in by them.

#include <gtest/gtest.h>

#include <utility>

#include "bowline/gateway/testing/scene.hpp"

namespace bowline::gateway {
namespace {

using testing::Say;
using testing::Scene;

class OutwardTest : public Scene {};

TEST_F(OutwardTest, AServersOwnConnectionPassesAsItIs) {
  begin();
  std::swap(client.port, server.port);  // the server asks an outside service
  Say syn = full_syn(7'000);
  const auto asked = server_says(syn);
  expect_one(asked, Side::outside);
  EXPECT_EQ(asked[0].tcp.seq, SeqNumber(7'000));
  EXPECT_TRUE(asked[0].has(wire::kSyn));

  Say answer{.flags = wire::kSyn | wire::kAck, .seq = 8'000, .ack = 7'001};
  answer.options.window_scale = 3;
  answer.options.timestamps = {5, kClientClock};
  expect_one(client_says(answer), Side::inside);
  EXPECT_EQ(proxy->usage().established, 1U);
  const auto data =
      server_says({.flags = kData, .seq = 7'001, .ack = 8'001, .window = 33, .payload = "GET"});
  expect_one(data, Side::outside);
  EXPECT_EQ(data[0].tcp.seq, SeqNumber(7'001));
  EXPECT_EQ(data[0].tcp.window, 33);
  EXPECT_EQ(data[0].ip.ttl, 63);
}

TEST_F(OutwardTest, OnlyItsAnswerComesIn) {
  begin();
  (void)server_says(full_syn(7'000));
  EXPECT_TRUE(client_says({.flags = wire::kSyn, .seq = 1}).empty()) << "no SYN goes inside";
  EXPECT_TRUE(client_says({.flags = wire::kRst | wire::kAck, .ack = 7'000}).empty());
  expect_one(client_says({.flags = wire::kRst | wire::kAck, .ack = 7'001}), Side::inside);
  (void)wait(10s);
  EXPECT_EQ(proxy->usage().flows(), 0U);
}

// A server that gave up and tries again from the same port begins anew, with another number.
TEST_F(OutwardTest, AServersNextAttemptTakesTheFirstOnesPlace) {
  begin();
  expect_one(server_says(full_syn(7'000)), Side::outside);
  expect_one(server_says(full_syn(7'000)), Side::outside);  // a repeat
  EXPECT_EQ(count(Reason::gateway_replaced), 0U);
  expect_one(server_says(full_syn(3'000)), Side::outside);
  EXPECT_EQ(count(Reason::gateway_replaced), 1U);
  EXPECT_EQ(proxy->usage().flows(), 1U);
  EXPECT_TRUE(client_says({.flags = wire::kRst | wire::kAck, .ack = 7'001}).empty());
  expect_one(client_says({.flags = wire::kSyn | wire::kAck, .seq = 8'000, .ack = 3'001}),
             Side::inside);
  EXPECT_EQ(proxy->usage().established, 1U);
}

// RFC 7413 section 4.1.3: the peer may acknowledge the SYN alone, and not the data on it.
TEST_F(OutwardTest, AServersOwnFastOpenIsEstablishedByAnyAckOfItsSyn) {
  for (const std::uint32_t taken : {0U, 4U, 7U}) {
    begin();
    Say syn = full_syn(7'000);
    syn.payload = "request";
    expect_one(server_says(syn), Side::outside);
    for (const std::uint32_t wrong : {7'000U, 7'009U}) {
      const Say reset{.flags = wire::kRst | wire::kAck, .ack = wrong};
      EXPECT_TRUE(client_says(reset).empty()) << wrong;
    }
    expect_one(client_says({.flags = wire::kSyn | wire::kAck, .seq = 8'000, .ack = 7'001 + taken}),
               Side::inside);
    EXPECT_EQ(proxy->usage().established, 1U) << taken;
    const auto repeated = server_says({.flags = kData,
                                       .seq = 7'001 + taken,
                                       .ack = 8'001,
                                       .payload = std::string("request").substr(taken)});
    expect_one(repeated, Side::outside);
    expect_one(client_says({.flags = kData | wire::kFin, .seq = 8'001, .ack = 7'008}),
               Side::inside);
    EXPECT_EQ(proxy->usage().closing, 1U) << taken;
  }
}

}  // namespace
}  // namespace bowline::gateway
