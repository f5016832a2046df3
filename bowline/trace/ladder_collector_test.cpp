#include "bowline/trace/ladder_collector.hpp"

#include <gtest/gtest.h>

#include "bowline/trace/testing/conversation.hpp"

namespace bowline::trace {
namespace {

using tcp::State;
using testing::at;
using testing::change;
using testing::decision;
using testing::show;
using wire::kAck;
using wire::kFin;
using wire::kRst;
using wire::kSyn;

const Endpoint kUs = at("10.77.0.2", 80);
const Endpoint kPeer = at("10.77.0.1", 40'000);

class Collector : public ::testing::Test {
 protected:
  void in(std::uint16_t flags, std::uint32_t seq, std::uint32_t ack,
          std::vector<Decision> decisions = {}, const Endpoint& peer = kPeer) {
    show(collector_, testing::segment(peer, kUs, flags, {.seq = seq, .ack = ack}), Way::in, now_,
         std::move(decisions));
    now_ += 1ms;
  }
  void out(std::uint16_t flags, std::uint32_t seq, std::uint32_t ack,
           std::vector<Decision> decisions = {}, std::uint32_t length = 0) {
    show(collector_,
         testing::segment(kUs, kPeer, flags, {.seq = seq, .ack = ack, .length = length}), Way::out,
         now_, std::move(decisions));
    now_ += 1ms;
  }
  // A passive open, connection 1, ISNs 100 (the peer's) and 200.
  void accept() {
    in(kSyn, 100, 0, {change(Reason::state_syn_received, State::listen, State::syn_received)});
    out(kSyn | kAck, 200, 101, {decision(Reason::send_syn_ack, FrameId{2}, 1)});
    in(kAck, 101, 201,
       {change(Reason::state_handshake_done, State::syn_received, State::established)});
  }
  void close() {
    collector_.decision(change(Reason::state_close, State::established, State::fin_wait_1));
    out(kFin | kAck, 201, 101, {decision(Reason::send_fin, FrameId{3}, 1)});
    in(kAck, 101, 202, {change(Reason::state_fin_acked, State::fin_wait_1, State::fin_wait_2)});
    in(kFin | kAck, 101, 202,
       {change(Reason::state_fin_received, State::fin_wait_2, State::time_wait)});
    out(kAck, 202, 102, {decision(Reason::send_ack_fin, FrameId{4}, 1)});
  }

  std::vector<Ladder> done_;
  LadderCollectorOptions options_;
  LadderCollector collector_{[this](const Ladder& ladder) { done_.push_back(ladder); }};
  Time now_{};
};

TEST_F(Collector, OurEndIsToldThePeersInferred) {
  accept();
  close();
  ASSERT_EQ(done_.size(), 1U);
  const Ladder& ladder = done_[0];
  EXPECT_EQ(ladder.left, kUs);
  EXPECT_EQ(ladder.left_note, "this stack");
  EXPECT_EQ(ladder.left_start, (EndState{State::listen, false}));
  EXPECT_EQ(ladder.right_start, (EndState{State::closed, true}));
  std::string states;
  for (const LadderEvent& event : ladder.events) {
    EXPECT_FALSE(event.left.inferred);
    EXPECT_TRUE(event.right.inferred);
    states += std::string(tcp::name(*event.left.state)) + "/" +
              std::string(tcp::name(*event.right.state)) + " ";
  }
  EXPECT_EQ(states,
            "SYN-RECEIVED/SYN-SENT SYN-RECEIVED/ESTABLISHED ESTABLISHED/ESTABLISHED "
            "FIN-WAIT-1/CLOSE-WAIT FIN-WAIT-2/CLOSE-WAIT TIME-WAIT/LAST-ACK TIME-WAIT/CLOSED ");
  EXPECT_EQ(ladder.events[0].why, "a SYN came for a listener [RFC 9293 3.10.7.2 third]");
  EXPECT_EQ(ladder.events[3].why, "the application has finished: FIN [RFC 9293 3.10.4]");
}

TEST_F(Collector, IsHandedOverOnceAndStragglersBeginNoNewOne) {
  accept();
  close();
  in(kFin | kAck, 101, 202);
  out(kAck, 202, 102);
  collector_.decision(change(Reason::state_time_wait_over, State::time_wait, State::closed));
  collector_.flush();
  collector_.finish();
  EXPECT_EQ(done_.size(), 1U);
}

TEST_F(Collector, ANewSynOnTheSamePortsIsANewConnection) {
  accept();
  close();
  in(kSyn, 5'000, 0,
     {change(Reason::state_syn_received, State::listen, State::syn_received, FrameId{9}, 2)});
  collector_.finish();
  ASSERT_EQ(done_.size(), 2U);
  EXPECT_EQ(done_[1].events.size(), 1U);
}

TEST_F(Collector, AnActiveOpenIsDecidedBeforeItsSyn) {
  collector_.decision(
      change(Reason::state_active_open, State::closed, State::syn_sent, FrameId::none, 7));
  out(kSyn, 200, 0, {decision(Reason::send_syn, FrameId{1}, 7)});
  in(kRst | kAck, 0, 201,
     {change(Reason::state_refused, State::syn_sent, State::closed, FrameId{2}, 7)});
  ASSERT_EQ(done_.size(), 1U);
  EXPECT_EQ(done_[0].left_start.state, State::closed);
  ASSERT_EQ(done_[0].events.size(), 2U);
  EXPECT_EQ(done_[0].events[0].left.state, State::syn_sent);
  EXPECT_EQ(done_[0].events[1].why, "the peer refused the connection [RFC 9293 3.10.7.3 second]");
}

TEST_F(Collector, AChangeThatNoSegmentShowsHasARungOfItsOwn) {
  accept();
  collector_.decision(change(Reason::state_close, State::established, State::fin_wait_1));
  out(kAck, 201, 101, {decision(Reason::send_data, FrameId{3}, 1)}, 100);
  out(kFin | kAck, 301, 101, {decision(Reason::send_fin, FrameId{4}, 1)});
  collector_.decision(change(Reason::state_timed_out, State::fin_wait_1, State::closed));
  EXPECT_TRUE(done_.empty());
  collector_.flush();
  ASSERT_EQ(done_.size(), 1U);
  const std::vector<LadderEvent>& events = done_[0].events;
  ASSERT_EQ(events.size(), 7U);
  EXPECT_FALSE(events[3].segment);
  EXPECT_EQ(events[3].why, "the application closed [RFC 9293 3.10.4]");
  EXPECT_EQ(events[3].left.state, State::fin_wait_1);
  EXPECT_TRUE(events[5].segment->has(kFin));
  EXPECT_FALSE(events[6].segment);
  EXPECT_EQ(events[6].left.state, State::closed);
}

TEST_F(Collector, AnAbortAndItsResetAreOneRung) {
  accept();
  collector_.decision(change(Reason::state_abort, State::established, State::closed));
  out(kRst | kAck, 201, 101, {decision(Reason::send_rst_abort, FrameId{3}, 1)});
  ASSERT_EQ(done_.size(), 1U);
  ASSERT_EQ(done_[0].events.size(), 4U);
  EXPECT_EQ(done_[0].events[3].why, "the application aborted [RFC 9293 3.10.5]");
  EXPECT_EQ(done_[0].events[3].left.state, State::closed);
  EXPECT_EQ(done_[0].events[3].right.state, State::closed);
}

TEST_F(Collector, ADropSaysWhy) {
  accept();
  in(kSyn, 101, 0, {decision(Reason::syn_in_window, FrameId{5}, 1)});
  collector_.finish();
  EXPECT_EQ(done_.at(0).events.back().why,
            "dropped: SYN on a live connection: challenged [RFC 5961 4.2]");
}

TEST_F(Collector, ARetransmissionIsMarked) {
  in(kSyn, 100, 0, {change(Reason::state_syn_received, State::listen, State::syn_received)});
  out(kSyn | kAck, 200, 101, {decision(Reason::send_syn_ack, FrameId{2}, 1)});
  out(kSyn | kAck, 200, 101, {decision(Reason::retransmit_syn_ack, FrameId{3}, 1)});
  collector_.finish();
  EXPECT_FALSE(done_.at(0).events[1].repeated);
  EXPECT_TRUE(done_.at(0).events[2].repeated);
}

TEST_F(Collector, K52_AClosedPortsAnswerIsALadderToo) {
  in(kSyn, 100, 0, {decision(Reason::send_rst_closed)});
  out(kRst | kAck, 0, 101);
  ASSERT_EQ(done_.size(), 1U);
  EXPECT_EQ(done_[0].events[1].left, (EndState{State::closed, true}));
  EXPECT_EQ(done_[0].events[0].why, "nothing is open there: reset [RFC 9293 3.10.7.1]");
}

TEST_F(Collector, WhatIsNoTcpIsNoRung) {
  const std::vector<std::byte> junk(40);
  const Packet packet = take_apart(junk, LinkKind::ip);
  collector_.frame({FrameId{1}, InterfaceId{0}, Way::in, Time{}, LinkKind::ip, junk, packet, {}});
  collector_.finish();
  EXPECT_TRUE(done_.empty());
}

TEST(CollectorBounds, TheMiddleOfALongConnectionIsCounted) {
  std::vector<Ladder> done;
  LadderCollector collector([&](const Ladder& ladder) { done.push_back(ladder); },
                            {.most_first = 3, .most_last = 2});
  for (std::uint32_t i = 0; i < 100; ++i) {
    show(collector, testing::segment(kUs, kPeer, kAck, {.seq = i, .ack = 1, .length = 1}), Way::out,
         Time{});
  }
  collector.finish();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].events.size(), 5U);
  EXPECT_EQ(done[0].left_out, 95U);
  EXPECT_EQ(done[0].left_out_before, 3U);
  EXPECT_EQ(done[0].events[4].segment->seq, SeqNumber(99));
}

TEST(CollectorBounds, AFloodOfSynsIsForgotten) {
  std::vector<Ladder> done;
  LadderCollector collector([&](const Ladder& ladder) { done.push_back(ladder); },
                            {.most_connections = 10});
  for (std::uint16_t port = 1; port <= 1'000; ++port) {
    show(collector, testing::segment(at("10.0.0.9", port), kUs, kSyn, {.seq = 1}), Way::in, Time{},
         {change(Reason::state_syn_received, State::listen, State::syn_received, FrameId{port},
                 port)});
  }
  EXPECT_EQ(collector.forgotten(), 990U);
  collector.decision(change(Reason::state_syn_received_timeout, State::syn_received, State::listen,
                            FrameId::none, 5));  // of a forgotten one
  collector.finish();
  EXPECT_EQ(done.size(), 10U);
}

TEST(CollectorBounds, DecisionsWithoutASegmentAreBounded) {
  LadderCollector collector([](const Ladder&) { FAIL(); });
  for (std::uint64_t i = 1; i < 10'000; ++i) {
    collector.decision(
        change(Reason::state_active_open, State::closed, State::syn_sent, FrameId::none, i));
  }
  collector.finish();
}

TEST(CollectorOptions, TheOpenerMayStandOnTheLeft) {
  std::vector<Ladder> done;
  LadderCollector collector([&](const Ladder& ladder) { done.push_back(ladder); },
                            {.opener_left = true});
  show(collector, testing::segment(kPeer, kUs, kSyn, {.seq = 1}), Way::in, Time{},
       {change(Reason::state_syn_received, State::listen, State::syn_received)});
  collector.finish();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].left, kPeer);
  EXPECT_EQ(done[0].right_note, "this stack");
  EXPECT_EQ(done[0].events[0].side, Side::left);
  EXPECT_EQ(done[0].events[0].right, (EndState{State::syn_received, false}));
  EXPECT_EQ(done[0].events[0].left, (EndState{State::syn_sent, true}));
}

}  // namespace
}  // namespace bowline::trace
