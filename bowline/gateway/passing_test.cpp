// What passes through an open flow, and how flows end (RFC 4987 section 3.8).

#include <gtest/gtest.h>

#include <algorithm>

#include "bowline/gateway/testing/scene.hpp"

namespace bowline::gateway {
namespace {

using testing::Bytes;
using testing::Say;
using testing::Scene;
using testing::Seen;

class PassingTest : public Scene {};

// ---- translation --------------------------------------------------------------------------------

TEST_F(PassingTest, NumbersAreTranslatedBothWays) {
  begin();
  open();
  const auto there = client_data(0, "request");
  expect_one(there, Side::inside);
  EXPECT_EQ(there[0].tcp.seq, SeqNumber(kClientIsn + 1)) << "the client's own";
  EXPECT_EQ(there[0].tcp.ack, SeqNumber(kServerIsn + 1));
  EXPECT_EQ(there[0].payload, "request");
  EXPECT_EQ(there[0].ip.ttl, 63);

  const auto back = server_data(0, "reply", kData, 8);
  expect_one(back, Side::outside);
  EXPECT_EQ(back[0].tcp.seq, cookie + 1);
  EXPECT_EQ(back[0].tcp.ack, SeqNumber(kClientIsn + 8));
  EXPECT_EQ(back[0].payload, "reply");
}

// RFC 7323 section 5.4: to the client it is one clock, which never goes back.
TEST_F(PassingTest, TimestampsAreTranslatedBothWays) {
  begin();
  now += 20ms;
  open();
  Say say{.flags = kData, .seq = kServerIsn + 1, .ack = kClientIsn + 1, .payload = "x"};
  say.options.timestamps = {kServerClock + 40, kClientClock + 5};
  const auto back = server_says(say);
  expect_one(back, Side::outside);
  EXPECT_EQ(back[0].options.timestamps->value, gateway_clock + 40);
  EXPECT_EQ(back[0].options.timestamps->echo, kClientClock + 5);

  Say ack{.flags = wire::kAck, .seq = kClientIsn + 1, .ack = seen_by_client(2).raw()};
  ack.options.timestamps = {kClientClock + 60, gateway_clock + 40};
  const auto there = client_says(ack);
  expect_one(there, Side::inside);
  EXPECT_EQ(there[0].options.timestamps->value, kClientClock + 60);
  EXPECT_EQ(there[0].options.timestamps->echo, kServerClock + 40);
}

// The client's blocks speak of the server's numbers, the server's of the client's (RFC 2018).
TEST_F(PassingTest, SackBlocksAreTranslatedWhereTheyMustBe) {
  begin();
  open();
  Say ack{.flags = wire::kAck, .seq = kClientIsn + 1, .ack = seen_by_client(1).raw()};
  ack.options.timestamps = {kClientClock + 60, gateway_clock};
  ack.options.sack_count = 2;
  ack.options.sack[0] = {seen_by_client(2'001), seen_by_client(3'001)};
  ack.options.sack[1] = {seen_by_client(4'001), seen_by_client(5'001)};
  const auto there = client_says(ack);
  expect_one(there, Side::inside);
  ASSERT_EQ(there[0].options.sack_count, 2);
  EXPECT_EQ(there[0].options.sack[0].left, SeqNumber(kServerIsn + 2'001));
  EXPECT_EQ(there[0].options.sack[1].right, SeqNumber(kServerIsn + 5'001));

  Say back{.flags = wire::kAck, .seq = kServerIsn + 1, .ack = kClientIsn + 1};
  back.options.timestamps = {kServerClock, kClientClock};
  back.options.sack_count = 1;
  back.options.sack[0] = {SeqNumber(kClientIsn + 11), SeqNumber(kClientIsn + 21)};
  const auto seen = server_says(back);
  expect_one(seen, Side::outside);
  EXPECT_EQ(seen[0].options.sack[0].left, SeqNumber(kClientIsn + 11));
}

// A server that declined SACK is shown none, since its numbers would be wrong besides.
TEST_F(PassingTest, AServerWithoutSackIsShownNone) {
  begin();
  (void)knock(full_syn());
  Say answer{.flags = wire::kSyn | wire::kAck, .seq = kServerIsn, .ack = kClientIsn + 1};
  answer.options.timestamps = {kServerClock, kClientClock + 5};
  ASSERT_EQ(server_says(answer).size(), 2U);
  Say ack{.flags = wire::kAck, .seq = kClientIsn + 1, .ack = seen_by_client(1).raw()};
  ack.options.timestamps = {kClientClock + 60, gateway_clock};
  ack.options.sack_count = 1;
  ack.options.sack[0] = {seen_by_client(2'001), seen_by_client(3'001)};
  const auto there = client_says(ack);
  expect_one(there, Side::inside);
  EXPECT_EQ(there[0].options.sack_count, 0);
  EXPECT_TRUE(there[0].options.timestamps);
}

// Options may stand anywhere, at odd places too.
TEST_F(PassingTest, OptionsAtOddPlacesAreTranslated) {
  begin();
  open();
  Say say{.flags = wire::kAck, .seq = kClientIsn + 1, .ack = seen_by_client(1).raw()};
  say.options.timestamps = {kClientClock + 60, gateway_clock + 7};
  Bytes bytes = packet(client, server, say);
  // NOP NOP TS becomes NOP TS NOP, at 20 + 20.
  const auto options = std::span(bytes).subspan(40, 12);
  std::rotate(options.begin() + 1, options.begin() + 2, options.end());
  options[11] = std::byte{1};
  store_be<std::uint16_t>(bytes.data() + 36, 0);
  wire::ChecksumSum sum = wire::pseudo_header_sum(client.address, server.address, 6, 32);
  sum.add(std::span(bytes).subspan(20));
  store_be<std::uint16_t>(bytes.data() + 36, sum.finish());
  const auto seen = give(Side::outside, bytes);
  expect_one(seen, Side::inside);
  EXPECT_EQ(seen[0].options.timestamps->echo, kServerClock + 7);
}

// RFC 7323 section 2.3: the client was told 7, the server means 5, and reads what the client means.
TEST_F(PassingTest, WindowsAreConverted) {
  begin();
  open();
  const auto back = server_says(
      {.flags = wire::kAck, .seq = kServerIsn + 1, .ack = kClientIsn + 1, .window = 2'003});
  expect_one(back, Side::outside);
  EXPECT_EQ(back[0].tcp.window, (2'003 << 5) >> 7) << "rounded down";
  const auto there = client_says(
      {.flags = wire::kAck, .seq = kClientIsn + 1, .ack = seen_by_client(1).raw(), .window = 777});
  expect_one(there, Side::inside);
  EXPECT_EQ(there[0].tcp.window, 777);
}

TEST_F(PassingTest, AServerWithoutWindowScalingReadsBytes) {
  begin();
  (void)knock(full_syn());
  Say answer{
      .flags = wire::kSyn | wire::kAck, .seq = kServerIsn, .ack = kClientIsn + 1, .window = 30'000};
  answer.options.timestamps = {kServerClock, kClientClock + 5};
  const auto opened = server_says(answer);
  ASSERT_EQ(opened.size(), 2U);
  EXPECT_EQ(opened[0].tcp.window, 65'535) << "1,000 by 2^9 is more than can be said";
  EXPECT_EQ(opened[1].tcp.window, 30'000 >> 7);
  Say ack{
      .flags = wire::kAck, .seq = kClientIsn + 1, .ack = seen_by_client(1).raw(), .window = 100};
  ack.options.timestamps = {kClientClock + 60, gateway_clock};
  EXPECT_EQ(client_says(ack)[0].tcp.window, 100 << 9);
}

TEST_F(PassingTest, ADamagedSegmentIsDropped) {
  begin();
  open();
  Bytes bytes = packet(client, server,
                       {.flags = kData,
                        .seq = kClientIsn + 1,
                        .ack = seen_by_client(1).raw(),
                        .payload = "request"});
  bytes.back() ^= std::byte{1};
  EXPECT_TRUE(give(Side::outside, bytes).empty());
  EXPECT_EQ(count(Reason::tcp_bad_checksum), 1U);
}

// A link that leaves the checksum to the next has only the pseudo-header in the field, which no
// translation changes; and a segment that is to be cut stays one.
TEST_F(PassingTest, LargeSegmentsPassWhole) {
  begin();
  open();
  const std::string text(30'000, 'x');
  Bytes bytes =
      packet(server, client,
             {.flags = kData, .seq = kServerIsn + 1, .ack = kClientIsn + 1, .payload = text});
  const auto sum = wire::pseudo_header_sum(server.address, client.address, 6, 20 + 30'000);
  store_be<std::uint16_t>(bytes.data() + 36, sum.partial());
  Frame frame = make_frame(*pool, bytes);
  frame.checksum = Checksum::verified;  // as the kernel's offloads come by a TUN device
  frame.checksum_start = 20;
  frame.checksum_offset = wire::kTcpChecksumOffset;
  frame.gso_size = 1'400;
  frame.header_size = 40;
  const Frame shared = frame;  // somebody watches
  proxy->receive(Side::inside, std::move(frame), now);
  ASSERT_EQ(out.size(), 1U);
  const Frame& passed = out[0].second;
  EXPECT_EQ(passed.gso_size, 1'400);
  EXPECT_EQ(passed.size, bytes.size());
  EXPECT_EQ(passed.checksum, Checksum::partial);
  EXPECT_EQ(load_be<std::uint16_t>(passed.head().data() + 36), sum.partial());
  EXPECT_EQ(SeqNumber(load_be<std::uint32_t>(passed.head().data() + 24)), cookie + 1);
  // Who watches sees what came, and the payload was not copied.
  EXPECT_EQ(load_be<std::uint32_t>(shared.head().data() + 24), kServerIsn + 1);
  EXPECT_EQ(passed.pieces[1].data(), shared.head().data() + 40);
}

// ---- SYN and RST on an open flow ----------------------------------------------------------------

// RFC 5961 section 4.2, in the server's place: no SYN from outside goes inside.
TEST_F(PassingTest, ASynIsChallengedAndGoesNoFurther) {
  begin();
  open();
  const auto seen = client_says(full_syn(99));
  expect_one(seen, Side::outside);
  EXPECT_TRUE(seen[0].has(wire::kAck));
  EXPECT_EQ(seen[0].tcp.seq, cookie + 1);
  EXPECT_EQ(seen[0].tcp.ack, SeqNumber(kClientIsn + 1));
  EXPECT_TRUE(seen[0].options.timestamps);
  EXPECT_TRUE(client_says(full_syn(98)).empty()) << "not more often than every half second";
  now += 500ms;
  EXPECT_EQ(client_says(full_syn(97)).size(), 1U);
  EXPECT_EQ(proxy->usage().established, 1U);
}

TEST_F(PassingTest, AResetOutsideTheWindowGoesNoFurther) {
  begin();
  open();
  EXPECT_TRUE(client_says({.flags = wire::kRst, .seq = kClientIsn}).empty());
  EXPECT_TRUE(client_says({.flags = wire::kRst, .seq = kClientIsn + 1 + 70'000}).empty());
  EXPECT_TRUE(server_says({.flags = wire::kRst, .seq = kServerIsn + 1'000'000}).empty());
  EXPECT_EQ(count(Reason::seq_out_of_window), 3U);
  EXPECT_EQ(proxy->usage().established, 1U);
}

TEST_F(PassingTest, AResetEndsTheFlowSoon) {
  begin();
  open();
  const auto seen =
      server_says({.flags = wire::kRst | wire::kAck, .seq = kServerIsn + 1, .ack = kClientIsn + 1});
  expect_one(seen, Side::outside);
  EXPECT_EQ(seen[0].tcp.seq, cookie + 1);
  EXPECT_EQ(proxy->usage().closing, 1U);
  (void)wait(10s);
  EXPECT_EQ(proxy->usage().flows(), 0U);
}

// ---- how flows end ------------------------------------------------------------------------------

TEST_F(PassingTest, AfterBothFinsItIsForgottenAfterTimeWait) {
  begin();
  open();
  expect_one(client_data(0, "bye", wire::kFin | kData), Side::inside);
  EXPECT_EQ(proxy->usage().closing, 1U);
  expect_one(server_data(0, "", wire::kAck | wire::kFin, 5), Side::outside);
  expect_one(client_data(4, "", wire::kAck, 2), Side::inside);
  (void)wait(59s);
  expect_one(server_data(0, "", wire::kAck | wire::kFin, 5), Side::outside);  // its ACK was lost
  (void)wait(59s);
  EXPECT_EQ(proxy->usage().closing, 1U) << "from the repeated FIN on";
  (void)wait(1s);
  EXPECT_EQ(proxy->usage().flows(), 0U);
}

// One side may go on for as long as it says something (half-closed).
TEST_F(PassingTest, AHalfClosedFlowLivesWhileSomethingPasses) {
  begin();
  open();
  (void)client_data(0, "", wire::kAck | wire::kFin);
  for (std::uint32_t i = 0; i < 10; ++i) {
    (void)wait(3min);
    expect_one(server_data(i, "x", kData, 2), Side::outside);
    expect_one(client_data(1, "", wire::kAck, 2 + i), Side::inside);
  }
  (void)wait(4min);
  EXPECT_EQ(proxy->usage().flows(), 0U);
}

// RFC 5382 REQ-5; who comes back later is reset, on both sides.
TEST_F(PassingTest, AnIdleFlowIsForgottenAfterTwoHours) {
  begin();
  open();
  (void)wait(2h + 3min);
  expect_one(client_data(0, "x"), Side::inside);
  (void)wait(2h + 4min);
  EXPECT_EQ(proxy->usage().flows(), 0U);
  EXPECT_EQ(count(Reason::gateway_forgotten), 1U);
  for (const auto& seen : {client_data(1, "y"), server_data(0, "z")}) {
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_TRUE(seen[0].has(wire::kRst));
  }
}

// RFC 6191: the same ends again, while the old connection is in TIME-WAIT here.
TEST_F(PassingTest, ANewConnectionTakesTheOldOnesPlace) {
  begin();
  open();
  (void)client_data(0, "", wire::kAck | wire::kFin);
  (void)server_data(0, "", wire::kAck | wire::kFin, 2);
  (void)client_data(1, "", wire::kAck, 2);
  ASSERT_EQ(proxy->usage().closing, 1U);
  const Seen syn = knock(full_syn(900'000));
  EXPECT_EQ(syn.tcp.seq, SeqNumber(900'000));
  EXPECT_EQ(proxy->usage().opening, 1U);
  EXPECT_EQ(proxy->usage().flows(), 1U);
  EXPECT_EQ(count(Reason::gateway_replaced), 1U);
}

// ---- when there is no place ---------------------------------------------------------------------

// Those that are over go first, then those that only take up places; those at work stay.
TEST_F(PassingTest, WhoIsOverOrIdleGivesWay) {
  config.flows = 2;
  begin();
  open();  // 1: will be idle
  const Endpoint first = client;
  client.port = 40'001;
  open();  // 2: is over
  expect_one(server_says({.flags = wire::kRst, .seq = kServerIsn + 1}), Side::outside);
  client.port = 40'002;
  open();  // 3 takes the place of 2
  EXPECT_EQ(count(Reason::gateway_evicted), 1U);
  EXPECT_EQ(proxy->usage().established, 2U);

  client.port = 40'003;
  const SeqNumber told = client_says(full_syn())[0].tcp.seq;
  const Say ack{.flags = wire::kAck, .seq = kClientIsn + 1, .ack = (told + 1).raw()};
  const auto refused = client_says(ack);  // both are at work
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_TRUE(refused[0].has(wire::kRst));
  EXPECT_EQ(count(Reason::gateway_full), 1U);

  (void)wait(30s);
  client.port = 40'002;
  expect_one(client_data(0, "at work"), Side::inside);
  (void)wait(30s);
  client.port = 40'003;
  EXPECT_EQ(client_says(ack)[0].to, Side::inside) << "in the place of the first";
  client = first;
  EXPECT_TRUE(client_data(0, "late")[0].has(wire::kRst));
}

// Half-closed it may be at work as well: a request that ends with a FIN, and its answer.
TEST_F(PassingTest, WhoIsHalfClosedAndAtWorkKeepsItsPlace) {
  config.flows = 1;
  begin();
  open();
  const Endpoint first = client;
  expect_one(client_data(0, "get", wire::kAck | wire::kFin), Side::inside);
  client.port = 40'001;
  const SeqNumber told = client_says(full_syn())[0].tcp.seq;
  const Say ack{.flags = wire::kAck, .seq = kClientIsn + 1, .ack = (told + 1).raw()};
  const Endpoint second = std::exchange(client, first);
  for (std::uint32_t i = 0; i < 5; ++i) {
    (void)wait(9s);
    client = first;
    expect_one(server_data(i, "x", kData, 5), Side::outside);
    client = second;
    const auto refused = client_says(ack);
    ASSERT_EQ(refused.size(), 1U);
    EXPECT_TRUE(refused[0].has(wire::kRst));
  }
  (void)wait(10s);
  expect_one(client_says(ack), Side::inside);
  EXPECT_EQ(count(Reason::gateway_evicted), 1U);
}

}  // namespace
}  // namespace bowline::gateway
