// Golden ladders: the example of document 003, a connection as a server's stack tells it, and one
// with losses.

#include <gtest/gtest.h>

#include "bowline/trace/ladder_collector.hpp"
#include "bowline/trace/ladder_text.hpp"
#include "bowline/trace/ladders_of.hpp"
#include "bowline/trace/testing/conversation.hpp"
#include "bowline/trace/trace_reader.hpp"
#include "tests/golden/golden.hpp"

namespace bowline {
namespace {

using tcp::State;
using trace::Ladder;
using trace::LadderEvent;
using trace::Side;
using trace::Way;
using trace::testing::at;
using trace::testing::change;
using trace::testing::decision;

Ladder example_003() {
  const auto traced = trace::read_trace(golden::text("example_003.txt"));
  if (!traced) {
    ADD_FAILURE() << traced.error();
    return {};
  }
  return trace::ladders_of(*traced).at(0);
}

struct Expected {
  Side side;
  std::uint16_t flags;
  std::uint32_t seq;
  std::uint32_t ack;
  State left;
  State right;
};

void expect_rungs(std::span<const LadderEvent> events, const std::vector<Expected>& expected) {
  ASSERT_EQ(events.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(events[i].side, expected[i].side);
    ASSERT_TRUE(events[i].segment);
    EXPECT_EQ(events[i].segment->flags, expected[i].flags);
    EXPECT_EQ(events[i].segment->seq, SeqNumber(expected[i].seq));
    EXPECT_EQ(events[i].segment->ack, SeqNumber(expected[i].ack));
    EXPECT_EQ(events[i].left.state, expected[i].left);
    EXPECT_EQ(events[i].right.state, expected[i].right);
  }
}

// K27: three segments. K30, K31, K33: their flags, numbers and states. K32: the third is no SYN.
// K35: the client is ESTABLISHED before the server. K56: the numbers of the example, and seq 101 in
// the third.
TEST(GoldenLadder, K27_K30_K31_K32_K33_K35_K56_TheHandshakeOf003) {
  const Ladder ladder = example_003();
  ASSERT_GE(ladder.events.size(), 3U);
  EXPECT_EQ(ladder.left_start.state, State::closed);
  EXPECT_EQ(ladder.right_start.state, State::listen);
  expect_rungs(
      std::span(ladder.events).first(3),
      {{Side::left, wire::kSyn, 100, 0, State::syn_sent, State::syn_received},
       {Side::right, wire::kSyn | wire::kAck, 200, 101, State::established, State::syn_received},
       {Side::left, wire::kAck, 101, 201, State::established, State::established}});
}

// K57: four segments. K59: FIN-WAIT-1, ACK set too. K60: CLOSE-WAIT and FIN-WAIT-2. K65: LAST-ACK.
// K66: TIME-WAIT, and the passive side CLOSED.
TEST(GoldenLadder, K57_K59_K60_K65_K66_TheCloseOf003) {
  const Ladder ladder = example_003();
  ASSERT_EQ(ladder.events.size(), 7U);
  expect_rungs(
      std::span(ladder.events).subspan(3),
      {{Side::left, wire::kFin | wire::kAck, 101, 201, State::fin_wait_1, State::close_wait},
       {Side::right, wire::kAck, 201, 102, State::fin_wait_2, State::close_wait},
       {Side::right, wire::kFin | wire::kAck, 201, 102, State::time_wait, State::last_ack},
       {Side::left, wire::kAck, 102, 202, State::time_wait, State::closed}});
}

TEST(GoldenLadder, K56_Drawn) {
  golden::expect_drawing("example_003.ladder.txt", draw_text(example_003(), {.absolute = true}));
  golden::expect_drawing("example_003.ladder.ascii.txt",
                         draw_text(example_003(), {.width = 80, .ascii = true}));
}

// What `bowline serve --ladder` prints for a small connection, its decisions written down by hand.
TEST(GoldenLadder, A23_AConnectionAsTheServersStackTellsIt) {
  const Endpoint us = at("10.77.0.2", 80);
  const Endpoint peer = at("10.77.0.1", 40'000);
  std::string drawn;
  trace::LadderCollector collector([&](const Ladder& ladder) { drawn += draw_text(ladder); });
  Time now{5s};
  const auto segment = [&](bool ours, std::uint16_t flags, std::uint32_t seq, std::uint32_t ack,
                           std::uint32_t length, std::vector<Decision> decisions) {
    trace::testing::show(collector,
                         trace::testing::segment(ours ? us : peer, ours ? peer : us, flags,
                                                 {.seq = seq, .ack = ack, .length = length}),
                         ours ? Way::out : Way::in, now, std::move(decisions));
    now += 250us;
  };
  const auto sent = [](Reason reason) { return decision(reason, FrameId{1}, 1); };
  using wire::kAck;
  using wire::kFin;
  using wire::kPsh;
  using wire::kSyn;
  segment(false, kSyn, 0xffff'fff0, 0, 0,
          {change(Reason::state_syn_received, State::listen, State::syn_received)});
  segment(true, kSyn | kAck, 7'000, 0xffff'fff1, 0, {sent(Reason::send_syn_ack)});
  segment(false, kAck, 0xffff'fff1, 7'001, 0,
          {change(Reason::state_handshake_done, State::syn_received, State::established)});
  segment(false, kPsh | kAck, 0xffff'fff1, 7'001, 78, {});
  segment(true, kPsh | kAck, 7'001, 63, 512, {sent(Reason::send_data_push)});
  collector.decision(
      change(Reason::state_close, State::established, State::fin_wait_1, FrameId::none, 1, now));
  segment(true, kFin | kAck, 7'513, 63, 0, {sent(Reason::send_fin)});
  segment(false, kAck, 63, 7'513, 0, {});
  now += 200ms;
  segment(true, kFin | kAck, 7'513, 63, 0, {sent(Reason::retransmit_fin)});
  segment(false, kAck, 63, 7'514, 0,
          {change(Reason::state_fin_acked, State::fin_wait_1, State::fin_wait_2)});
  segment(false, kFin | kAck, 63, 7'514, 0,
          {change(Reason::state_fin_received, State::fin_wait_2, State::time_wait)});
  segment(true, kAck, 7'514, 64, 0, {sent(Reason::send_ack_fin)});
  golden::expect_drawing("server.ladder.txt", drawn);
}

// A simulation knows both ends, and what was lost.
TEST(GoldenLadder, BothEndsToldAndASegmentLost) {
  Ladder ladder = example_003();
  ladder.events.resize(3);
  LadderEvent again = ladder.events[1];
  ladder.events[1].lost = true;
  ladder.events.insert(ladder.events.begin() + 2, again);
  Time time{};
  for (LadderEvent& event : ladder.events) {
    event.time = time;
    event.why.clear();
    time += 1s;
  }
  infer_all(ladder);
  for (LadderEvent& event : ladder.events) event.left.inferred = event.right.inferred = false;
  ladder.left_start.inferred = ladder.right_start.inferred = false;
  golden::expect_drawing("lost.ladder.txt", draw_text(ladder));
}

}  // namespace
}  // namespace bowline
