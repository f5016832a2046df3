// The handshake through the gateway, segment by segment (RFC 4987 section 3.8; CLAIMS K107, K108).

#include "bowline/gateway/syn_proxy.hpp"

#include <gtest/gtest.h>

#include "bowline/base/visit.hpp"
#include "bowline/gateway/testing/scene.hpp"

namespace bowline::gateway {
namespace {

using testing::Say;
using testing::Scene;
using testing::Seen;

class SynProxyTest : public Scene {};

// ---- a SYN --------------------------------------------------------------------------------------

TEST_F(SynProxyTest, K107_ASynIsAnsweredInTheServersPlaceAndNothingIsKept) {
  begin();
  const auto seen = client_says(full_syn());
  ASSERT_EQ(seen.size(), 1U);
  const Seen& answer = seen[0];
  EXPECT_EQ(answer.to, Side::outside);
  EXPECT_TRUE(answer.intact);
  EXPECT_TRUE(answer.has(wire::kSyn | wire::kAck));
  EXPECT_EQ(answer.ip.source, server.address);
  EXPECT_EQ(answer.tcp.source_port, server.port);
  EXPECT_EQ(answer.tcp.ack, SeqNumber(kClientIsn + 1));
  EXPECT_EQ(answer.tcp.window, 0) << "nothing may come before the server is there";
  EXPECT_EQ(proxy->usage().flows(), 0U);
  EXPECT_EQ(proxy->next_deadline(), kNever);
}

TEST_F(SynProxyTest, TheAnswerHasWhatTheSynHad) {
  begin();
  const auto all = client_says(full_syn());
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].options.mss, 1'460);
  EXPECT_TRUE(all[0].options.sack_permitted);
  ASSERT_TRUE(all[0].options.timestamps);
  EXPECT_EQ(all[0].options.timestamps->echo, kClientClock);
  EXPECT_EQ(all[0].options.window_scale, 7);

  // Only timestamps carry the others (RFC 4987 section 3.6).
  Say syn = full_syn();
  syn.options.timestamps.reset();
  const auto few = client_says(syn);
  ASSERT_EQ(few.size(), 1U);
  EXPECT_EQ(few[0].options.mss, 1'460);
  EXPECT_FALSE(few[0].options.sack_permitted);
  EXPECT_FALSE(few[0].options.window_scale);
}

// Issue 6: no stateless reply is longer than what it answers.
TEST_F(SynProxyTest, TheAnswerIsNeverLongerThanTheSyn) {
  begin();
  for (int choice = 0; choice < 16; ++choice) {
    Say syn{.flags = wire::kSyn, .seq = kClientIsn};
    if ((choice & 1) != 0) syn.options.mss = 1'460;
    if ((choice & 2) != 0) syn.options.timestamps = {kClientClock, 0};
    if ((choice & 4) != 0) syn.options.window_scale = 7;
    if ((choice & 8) != 0) syn.options.sack_permitted = true;
    const auto seen = client_says(syn);
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_LE(seen[0].bytes.size(), packet(client, server, syn).size()) << choice;
  }
}

// K101, K103: however many come, from wherever, nothing is kept and the server hears of none.
TEST_F(SynProxyTest, K101_AFloodTakesUpNoMemoryAndReachesNoServer) {
  begin();
  const auto before = pool->usage().live_bytes;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    client = {IpAddress::v4(0x0b00'0000 + i * 2'654'435'761U % 0x00ff'ffff),
              static_cast<std::uint16_t>(1'024 + i % 60'000)};
    const auto seen = client_says(full_syn(i * 7'919));
    ASSERT_EQ(seen.size(), 1U);
    ASSERT_EQ(seen[0].to, Side::outside);
  }
  EXPECT_EQ(proxy->usage().flows(), 0U);
  EXPECT_EQ(proxy->usage().sources, 0U);
  EXPECT_EQ(proxy->flow_bytes(), 0U);
  EXPECT_EQ(pool->usage().live_bytes, before);
  EXPECT_EQ(count(Reason::gateway_syn_ack), 100'000U);
}

// A signature covers the numbers that would be translated (RFC 5925 section 9.2).
TEST_F(SynProxyTest, ASignedSynIsNotAnswered) {
  begin();
  testing::Bytes bytes = packet(client, server, full_syn());
  // In place of the timestamps: TCP-AO, ten bytes long.
  const std::size_t option = 20 + 20 + 6;
  ASSERT_EQ(bytes[option], std::byte{8});
  bytes[option] = std::byte{29};
  store_be<std::uint16_t>(bytes.data() + 36, 0);
  wire::ChecksumSum sum = wire::pseudo_header_sum(client.address, server.address, 6,
                                                  static_cast<std::uint32_t>(bytes.size() - 20));
  sum.add(std::span(bytes).subspan(20));
  store_be<std::uint16_t>(bytes.data() + 36, sum.finish());
  EXPECT_TRUE(give(Side::outside, bytes).empty());
  EXPECT_EQ(count(Reason::gateway_signed), 1U);
}

// ---- its ACK ------------------------------------------------------------------------------------

TEST_F(SynProxyTest, K108_TheAckOfACookieOpensToTheServerInTheClientsNumbers) {
  begin();
  const Seen syn = knock(full_syn());
  EXPECT_TRUE(syn.intact);
  EXPECT_TRUE(syn.has(wire::kSyn));
  EXPECT_EQ(syn.ip.source, client.address);
  EXPECT_EQ(syn.tcp.source_port, client.port);
  EXPECT_EQ(syn.tcp.seq, SeqNumber(kClientIsn));
  EXPECT_EQ(syn.options.mss, 1'460);
  EXPECT_TRUE(syn.options.sack_permitted);
  EXPECT_EQ(syn.options.window_scale, 9) << "the client's own";
  ASSERT_TRUE(syn.options.timestamps);
  EXPECT_EQ(syn.options.timestamps->value, kClientClock + 5);
  EXPECT_EQ(proxy->usage().opening, 1U);
}

TEST_F(SynProxyTest, WhatTheCookieDoesNotCarryIsNotOffered) {
  begin();
  Say syn = full_syn();
  syn.options.timestamps.reset();
  syn.options.mss = 1'450;
  const Seen asked = knock(syn);
  EXPECT_EQ(asked.options.mss, 1'440) << "the next class below";
  EXPECT_FALSE(asked.options.sack_permitted);
  EXPECT_FALSE(asked.options.window_scale);
  EXPECT_FALSE(asked.options.timestamps);
}

TEST_F(SynProxyTest, AWrongAckIsResetAndGoesNoFurther) {
  begin();
  (void)client_says(full_syn());
  const auto seen =
      client_says({.flags = wire::kAck, .seq = kClientIsn + 1, .ack = 77, .window = 1'000});
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, Side::outside);
  EXPECT_TRUE(seen[0].has(wire::kRst));
  EXPECT_EQ(seen[0].tcp.seq, SeqNumber(77));
  EXPECT_EQ(proxy->usage().flows(), 0U);
  EXPECT_EQ(count(Reason::gateway_no_flow), 1U);
}

TEST_F(SynProxyTest, ACookieIsGoodForItsEndsAndMinutesAlone) {
  begin();
  const SeqNumber told = client_says(full_syn())[0].tcp.seq;
  const Say ack{.flags = wire::kAck, .seq = kClientIsn + 1, .ack = (told + 1).raw()};
  client.port += 1;
  EXPECT_TRUE(client_says(ack)[0].has(wire::kRst));
  client.port -= 1;
  now += 3min;
  EXPECT_TRUE(client_says(ack)[0].has(wire::kRst));
  EXPECT_EQ(proxy->usage().flows(), 0U);
}

// Its ACK was lost, and its first word is a probe of our shut window, one number below.
TEST_F(SynProxyTest, AProbeOpensAsWell) {
  begin();
  const SeqNumber told = client_says(full_syn())[0].tcp.seq;
  const auto seen = client_says({.flags = wire::kAck, .seq = kClientIsn, .ack = (told + 1).raw()});
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, Side::inside);
  EXPECT_EQ(seen[0].tcp.seq, SeqNumber(kClientIsn));
}

// ---- the server's side --------------------------------------------------------------------------

TEST_F(SynProxyTest, TheServersAnswerIsConfirmedAndOpensTheClientsWindow) {
  begin();
  (void)knock(full_syn());
  Say answer{
      .flags = wire::kSyn | wire::kAck, .seq = kServerIsn, .ack = kClientIsn + 1, .window = 64'000};
  answer.options.timestamps = {kServerClock, kClientClock + 5};
  answer.options.window_scale = 5;
  answer.options.sack_permitted = true;
  now += 30ms;
  const auto seen = server_says(answer);
  ASSERT_EQ(seen.size(), 2U);

  EXPECT_EQ(seen[0].to, Side::inside);
  EXPECT_TRUE(seen[0].has(wire::kAck));
  EXPECT_TRUE(seen[0].intact);
  EXPECT_EQ(seen[0].tcp.seq, SeqNumber(kClientIsn + 1));
  EXPECT_EQ(seen[0].tcp.ack, SeqNumber(kServerIsn + 1));
  EXPECT_EQ(seen[0].tcp.window, 1'000) << "as the client says it, by the client's own shift";
  EXPECT_EQ(seen[0].options.timestamps->echo, kServerClock);

  EXPECT_EQ(seen[1].to, Side::outside);
  EXPECT_TRUE(seen[1].has(wire::kAck));
  EXPECT_TRUE(seen[1].intact);
  EXPECT_EQ(seen[1].tcp.seq, cookie + 1);
  EXPECT_EQ(seen[1].tcp.ack, SeqNumber(kClientIsn + 1));
  EXPECT_EQ(seen[1].tcp.window, 64'000 >> 7) << "the server's, unscaled, by the shift promised";
  EXPECT_GE(seen[1].options.timestamps->value, gateway_clock + 30) << "one clock";
  EXPECT_EQ(seen[1].options.timestamps->echo, kClientClock + 5);
  EXPECT_EQ(proxy->usage().established, 1U);
}

// RFC 6298 section 5.5; at the end the client is told, with a number that it accepts.
TEST_F(SynProxyTest, TheSynToTheServerIsRepeatedAndGivenUp) {
  begin();
  (void)knock(full_syn());
  for (const Duration after : {1s, 2s, 4s, 8s}) {
    EXPECT_TRUE(wait(after - 1ms).empty());
    const auto seen = wait(1ms);
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_TRUE(seen[0].has(wire::kSyn));
    EXPECT_EQ(seen[0].tcp.seq, SeqNumber(kClientIsn));
  }
  const auto end = wait(16s);
  ASSERT_EQ(end.size(), 1U);
  EXPECT_EQ(end[0].to, Side::outside);
  EXPECT_TRUE(end[0].has(wire::kRst | wire::kAck));
  EXPECT_EQ(end[0].tcp.seq, cookie + 1);
  EXPECT_EQ(end[0].tcp.ack, SeqNumber(kClientIsn + 1));
  EXPECT_EQ(proxy->usage().flows(), 0U);
  EXPECT_EQ(count(Reason::retransmit_syn), 4U);
}

TEST_F(SynProxyTest, ARefusalOfTheServerIsPassedOn) {
  begin();
  (void)knock(full_syn());
  // Not one that acknowledges something else (RFC 9293 section 3.10.7.3 second).
  EXPECT_TRUE(server_says({.flags = wire::kRst | wire::kAck, .ack = kClientIsn + 9}).empty());
  const auto seen = server_says({.flags = wire::kRst | wire::kAck, .ack = kClientIsn + 1});
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, Side::outside);
  EXPECT_TRUE(seen[0].has(wire::kRst | wire::kAck));
  EXPECT_EQ(seen[0].tcp.seq, cookie + 1);
  EXPECT_EQ(proxy->usage().flows(), 0U);
}

// The server still has a connection between these ends: it is reset, and the next SYN comes
// through.
TEST_F(SynProxyTest, AnOldConnectionOfTheServerIsReset) {
  begin();
  (void)knock(full_syn());
  const auto seen = server_says({.flags = wire::kAck, .seq = 123, .ack = 456});
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, Side::inside);
  EXPECT_TRUE(seen[0].has(wire::kRst));
  EXPECT_EQ(seen[0].tcp.seq, SeqNumber(456));
  EXPECT_EQ(proxy->usage().opening, 1U);
}

TEST_F(SynProxyTest, AClientThatGoesBeforeItsServerAnsweredIsForgotten) {
  begin();
  (void)knock(full_syn());
  EXPECT_TRUE(client_says({.flags = wire::kRst, .seq = kClientIsn + 2}).empty()) << "not exact";
  const auto seen = client_says({.flags = wire::kRst, .seq = kClientIsn + 1});
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, Side::inside);
  EXPECT_TRUE(seen[0].has(wire::kRst));
  EXPECT_EQ(seen[0].tcp.seq, SeqNumber(kClientIsn + 1));
  EXPECT_EQ(proxy->usage().flows(), 0U);
}

// Its window is shut: what comes all the same is not kept, and so not acknowledged.
TEST_F(SynProxyTest, DataBeforeTheServerIsThereIsLeftToBeRepeated) {
  begin();
  (void)knock(full_syn());
  EXPECT_TRUE(client_says({.flags = wire::kAck | wire::kPsh,
                           .seq = kClientIsn + 1,
                           .ack = (cookie + 1).raw(),
                           .payload = "early"})
                  .empty());
  EXPECT_EQ(count(Reason::gateway_not_open), 1U);
  answer();
  const auto seen = client_says({.flags = wire::kAck | wire::kPsh,
                                 .seq = kClientIsn + 1,
                                 .ack = (cookie + 1).raw(),
                                 .payload = "early"});
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].payload, "early");
}

// Our third step was lost: the server repeats its second.
TEST_F(SynProxyTest, ARepeatedAnswerIsConfirmedAgain) {
  begin();
  open();
  const auto seen =
      server_says({.flags = wire::kSyn | wire::kAck, .seq = kServerIsn, .ack = kClientIsn + 1});
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to, Side::inside);
  EXPECT_TRUE(seen[0].has(wire::kAck));
  EXPECT_EQ(seen[0].tcp.ack, SeqNumber(kServerIsn + 1));
}

// RFC 7323 section 3.2: segments without the timestamps that were agreed on would be passed over.
TEST_F(SynProxyTest, AServerWithoutTimestampsIsLearntOf) {
  begin();
  (void)knock(full_syn());
  Say answer{.flags = wire::kSyn | wire::kAck, .seq = kServerIsn, .ack = kClientIsn + 1};
  answer.options.mss = 1'000;
  const auto seen = server_says(answer);
  ASSERT_EQ(seen.size(), 2U);
  for (const Seen& each : seen) EXPECT_TRUE((each.tcp.flags & wire::kRst) != 0);
  EXPECT_EQ(seen[0].to, Side::inside);
  EXPECT_EQ(seen[1].to, Side::outside);
  EXPECT_EQ(proxy->usage().flows(), 0U);

  const auto next = client_says(full_syn(2'000));
  ASSERT_EQ(next.size(), 1U);
  EXPECT_FALSE(next[0].options.timestamps);
  EXPECT_EQ(next[0].options.mss, 1'000);
  ++server.port;
  EXPECT_TRUE(client_says(full_syn())[0].options.timestamps) << "another server is not it";
}

// ---- IPv6 ---------------------------------------------------------------------------------------

// RFC 9293 section 3.7.1 MUST-15: a server that names no MSS takes 536 bytes, over IPv6 1220.
TEST_F(SynProxyTest, AServerWithoutMssIsPromisedTheDefault) {
  begin();
  for (const int mss : {536, 1'220}) {
    (void)knock({.flags = wire::kSyn, .seq = kClientIsn});
    const Say answer{.flags = wire::kSyn | wire::kAck, .seq = kServerIsn, .ack = kClientIsn + 1};
    ASSERT_EQ(server_says(answer).size(), 2U);
    ++client.port;
    EXPECT_EQ(client_says(full_syn())[0].options.mss, mss);
    client.address = *IpAddress::parse("2001:db8::1");
    server.address = *IpAddress::parse("2001:db8:1::2");
  }
}

TEST_F(SynProxyTest, TheSameOverIpv6) {
  client.address = *IpAddress::parse("2001:db8::7");
  server.address = *IpAddress::parse("2001:db8:1::2");
  begin();
  const auto seen = client_says(full_syn());
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].intact);
  EXPECT_EQ(seen[0].options.mss, 1'440);
  open();
  const auto data = server_says({.flags = wire::kAck | wire::kPsh,
                                 .seq = kServerIsn + 1,
                                 .ack = kClientIsn + 1,
                                 .payload = "hello"});
  ASSERT_EQ(data.size(), 1U);
  EXPECT_TRUE(data[0].intact);
  EXPECT_EQ(data[0].tcp.seq, cookie + 1);
  EXPECT_EQ(data[0].ip.ttl, 63);
}

// ---- state --------------------------------------------------------------------------------------

TEST_F(SynProxyTest, ACopyGoesOnTheSameWay) {
  config.rules.push_back({.action = Action::allow, .connections = 5});
  begin();
  open();
  SaveVisitor saved(heap_memory());
  save(saved, *proxy);
  ASSERT_FALSE(saved.failed());
  SynProxy copy(config, *pool, *this);
  LoadVisitor loaded(saved.bytes(), *pool);
  loaded(copy);
  ASSERT_TRUE(loaded.complete());
  EXPECT_EQ(canonical_hash(copy, now), canonical_hash(*proxy, now));

  const Say say{
      .flags = wire::kAck, .seq = kClientIsn + 1, .ack = (cookie + 1).raw(), .payload = "x"};
  const auto first = client_says(say);
  copy.receive(Side::outside, make_frame(*pool, packet(client, server, say)), now);
  const auto second = wait({});
  ASSERT_EQ(first.size(), 1U);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(first[0].bytes, second[0].bytes);
}

// DESIGN section 3: running out of memory costs a packet, and nothing else.
TEST_F(SynProxyTest, WithoutMemoryAPacketIsLost) {
  pool = BufferPoolOwner(BufferPool::make(heap_memory(), 600));
  begin();
  std::vector<Slice> hoard;
  for (;;) {
    Slice slice = pool->copy(std::vector<std::byte>(200));
    if (slice.empty()) break;
    hoard.push_back(std::move(slice));
  }
  // A frame of other memory, as from a link with a reserve.
  const BufferPoolOwner reserve(BufferPool::make(heap_memory(), 10'000));
  proxy->receive(Side::outside, make_frame(*reserve, packet(client, server, full_syn())), now);
  EXPECT_TRUE(wait({}).empty());
  EXPECT_EQ(count(Reason::no_memory), 1U);
  hoard.clear();
  EXPECT_EQ(client_says(full_syn()).size(), 1U);
}

}  // namespace
}  // namespace bowline::gateway
