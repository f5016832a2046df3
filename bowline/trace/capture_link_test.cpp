#include "bowline/trace/capture_link.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "bowline/trace/testing/conversation.hpp"

namespace bowline::trace {
namespace {

using tcp::State;
using testing::change;
using testing::decision;
using testing::Heard;

// A link whose input is a list, and which takes as many wire packets as it is told to.
class FakeLink : public Link {
 public:
  std::vector<Frame> arriving;
  std::vector<Frame> taken;
  std::size_t room = 1'000;
  int settled = 0;

  [[nodiscard]] LinkInfo info() const noexcept override { return {}; }
  [[nodiscard]] std::size_t receive(std::span<Frame> frames, BufferPool& /*pool*/,
                                    Time /*now*/) noexcept override {
    const std::size_t count = std::min(frames.size(), arriving.size());
    std::move(arriving.begin(), arriving.begin() + static_cast<std::ptrdiff_t>(count),
              frames.begin());
    arriving.erase(arriving.begin(), arriving.begin() + static_cast<std::ptrdiff_t>(count));
    return count;
  }
  [[nodiscard]] std::size_t take(std::span<Frame> frames) noexcept override {
    std::size_t count = 0;
    for (Frame& frame : frames) {
      const std::size_t packets = wire_packets(frame);
      const std::size_t fits = std::min(packets, room);
      room -= fits;
      count += fits;
      if (fits < packets) break;
      taken.push_back(std::move(frame));
    }
    return count;
  }
  void settle() noexcept override { ++settled; }
  [[nodiscard]] int descriptor() const noexcept override { return 42; }
  [[nodiscard]] Time next_deadline() const noexcept override { return Time{7s}; }
  [[nodiscard]] bool blocked() const noexcept override { return room == 0; }
};

class Capture : public ::testing::Test {
 protected:
  Capture() { recorder_.add_output(heard_); }

  Frame frame(const Segment& segment) { return make_frame(*pool_, to_packet(segment)); }
  std::vector<Frame> receive(Time now) {
    std::vector<Frame> frames(8);
    frames.resize(link_.receive(frames, *pool_, now));
    return frames;
  }

  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 1U << 20U)};
  Heard heard_;
  Recorder recorder_;
  FakeLink inner_;
  CaptureLink link_{inner_, recorder_, InterfaceId{3}, "tun0"};
  std::vector<Segment> handshake_ = testing::handshake();
};

TEST_F(Capture, IsOtherwiseTheLinkItself) {
  EXPECT_EQ(link_.descriptor(), 42);
  EXPECT_EQ(link_.next_deadline(), Time{7s});
  inner_.room = 0;
  EXPECT_TRUE(link_.blocked());
  EXPECT_EQ(heard_.interfaces, std::vector<std::string>{"tun0"});
}

TEST_F(Capture, AReceivedFrameWaitsForTheCallThatJudgesIt) {
  inner_.arriving.push_back(frame(handshake_[0]));
  const std::vector<Frame> frames = receive(Time{5ms});
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].id, captured_frame_id(InterfaceId{3}, 1));
  EXPECT_TRUE(heard_.events.empty());

  recorder_.decided(change(Reason::state_syn_received, State::listen, State::syn_received,
                           frames[0].id, 1, Time{5ms}));
  EXPECT_TRUE(heard_.events.empty());
  EXPECT_TRUE(receive(Time{6ms}).empty());
  ASSERT_EQ(heard_.events.size(), 1U);
  EXPECT_EQ(heard_.events[0].way, Way::in);
  EXPECT_EQ(heard_.events[0].time, Time{5ms});
  ASSERT_EQ(heard_.events[0].decisions.size(), 1U);
  EXPECT_EQ(heard_.events[0].decisions[0].reason, Reason::state_syn_received);
  EXPECT_EQ(heard_.events[0].bytes, to_packet(handshake_[0]));
}

TEST_F(Capture, AFrameThatHasANumberKeepsIt) {
  inner_.arriving.push_back(frame(handshake_[0]));
  inner_.arriving[0].id = FrameId{77};
  EXPECT_EQ(receive(Time{})[0].id, FrameId{77});
}

TEST_F(Capture, ItsTimeIsWhenTheLinkHadIt) {
  inner_.arriving.push_back(frame(handshake_[0]));
  inner_.arriving[0].arrival = Time{3ms};
  (void)receive(Time{5ms});
  recorder_.flush();
  EXPECT_EQ(heard_.events.at(0).time, Time{3ms});
}

TEST_F(Capture, EachDecisionGoesToItsFrame) {
  for (int i = 0; i < 3; ++i) inner_.arriving.push_back(frame(handshake_[0]));
  const std::vector<Frame> frames = receive(Time{});
  recorder_.decided(decision(Reason::paws, frames[2].id));
  recorder_.decided(decision(Reason::tcp_bad_checksum, frames[0].id));
  recorder_.flush();
  ASSERT_EQ(heard_.events.size(), 3U);
  EXPECT_EQ(heard_.events[0].decisions.at(0).reason, Reason::tcp_bad_checksum);
  EXPECT_TRUE(heard_.events[1].decisions.empty());
  EXPECT_EQ(heard_.events[2].decisions.at(0).reason, Reason::paws);
}

TEST_F(Capture, ASentFrameCarriesWhatWasDecidedBeforeIt) {
  std::vector<Frame> frames{frame(handshake_[1])};
  frames[0].id = FrameId{9};
  recorder_.decided(decision(Reason::send_syn_ack, FrameId{9}, 1, Time{8ms}));
  EXPECT_TRUE(heard_.events.empty());
  EXPECT_EQ(link_.take(frames), 1U);
  EXPECT_TRUE(heard_.events.empty());
  link_.settle();
  ASSERT_EQ(heard_.events.size(), 1U);
  EXPECT_EQ(heard_.events[0].way, Way::out);
  EXPECT_EQ(heard_.events[0].time, Time{8ms});
  EXPECT_EQ(heard_.events[0].id, FrameId{9});
  EXPECT_EQ(heard_.events[0].decisions.at(0).reason, Reason::send_syn_ack);
  EXPECT_EQ(heard_.events[0].bytes, to_packet(handshake_[1]));  // though the link moved it away
}

TEST_F(Capture, WhatTheLinkDoesNotTakeIsNotShown) {
  std::vector<Frame> frames{frame(handshake_[0]), frame(handshake_[2])};
  frames[0].id = FrameId{1};
  frames[1].id = FrameId{2};
  recorder_.decided(decision(Reason::send_syn, FrameId{1}));
  recorder_.decided(decision(Reason::send_handshake_ack, FrameId{2}));
  inner_.room = 1;
  EXPECT_EQ(link_.take(frames), 1U);
  link_.settle();
  ASSERT_EQ(heard_.events.size(), 1U);
  inner_.room = 1;  // offered again later, its reason is still there
  EXPECT_EQ(link_.take(std::span(frames).subspan(1)), 1U);
  link_.settle();
  ASSERT_EQ(heard_.events.size(), 2U);
  EXPECT_EQ(heard_.events[1].decisions.at(0).reason, Reason::send_handshake_ack);
}

TEST_F(Capture, AFrameTakenInPartIsShownAsThePacketsThatWent) {
  std::vector<Frame> frames{frame(testing::segment(testing::kClient, testing::kServer, wire::kAck,
                                                   {.seq = 1, .ack = 1, .length = 3'000}))};
  frames[0].id = FrameId{4};
  frames[0].gso_size = 1'000;
  frames[0].header_size = 40;
  recorder_.decided(decision(Reason::send_data, FrameId{4}));
  inner_.room = 2;
  EXPECT_EQ(link_.take(frames), 2U);
  link_.settle();
  ASSERT_EQ(heard_.events.size(), 2U);
  EXPECT_EQ(heard_.events[0].bytes.size(), 1'040U);
  EXPECT_EQ(heard_.events[0].decisions.size(), 1U);
  EXPECT_TRUE(heard_.events[1].decisions.empty());
}

TEST_F(Capture, WhatTheApplicationDoesComesAfterTheFramesBeforeIt) {
  inner_.arriving.push_back(frame(handshake_[2]));
  const std::vector<Frame> frames = receive(Time{1ms});
  recorder_.decided(
      change(Reason::state_handshake_done, State::syn_received, State::established, frames[0].id));
  recorder_.decided(change(Reason::state_close, State::established, State::fin_wait_1));
  EXPECT_TRUE(heard_.events.empty());
  recorder_.settle();
  ASSERT_EQ(heard_.events.size(), 2U);
  EXPECT_TRUE(heard_.events[0].is_frame);
  EXPECT_FALSE(heard_.events[1].is_frame);
}

TEST_F(Capture, ADecisionWithoutAFrameIsToldAtOnceWhenNothingWaits) {
  recorder_.decided(change(Reason::state_time_wait_over, State::time_wait, State::closed));
  EXPECT_EQ(heard_.events.size(), 1U);
}

TEST_F(Capture, ADecisionAboutAFrameThatNobodySeesIsNotLost) {
  recorder_.decided(decision(Reason::ip_bad_version, FrameId{123}));
  for (int i = 0; i < 40; ++i) (void)receive(Time{});
  ASSERT_EQ(heard_.events.size(), 1U);
  EXPECT_EQ(heard_.events[0].decisions.at(0).reason, Reason::ip_bad_version);
}

TEST_F(Capture, MemoryForUnseenFramesIsBounded) {
  for (std::uint64_t i = 1; i <= 10'000; ++i) recorder_.decided(decision(Reason::paws, FrameId{i}));
  EXPECT_GE(heard_.events.size(), 10'000U - 4'096U);
  recorder_.flush();
}

// The Stack commits what the link took, and says why only then.
TEST_F(Capture, ASentFrameCarriesWhatIsDecidedAfterItToo) {
  std::vector<Frame> frames{frame(handshake_[1])};
  frames[0].id = FrameId{9};
  EXPECT_EQ(link_.take(frames), 1U);
  recorder_.decided(decision(Reason::send_syn_ack, FrameId{9}, 1, Time{8ms}));
  link_.settle();
  ASSERT_EQ(heard_.events.size(), 1U);
  EXPECT_EQ(heard_.events[0].time, Time{8ms});
  EXPECT_EQ(heard_.events[0].decisions.at(0).reason, Reason::send_syn_ack);
}

TEST_F(Capture, FlushesAtTheEndOfATurnThatSawSomething) {
  link_.settle();
  EXPECT_EQ(heard_.flushes, 0);  // nothing was written
  inner_.arriving.push_back(frame(handshake_[0]));
  (void)receive(Time{});
  EXPECT_EQ(heard_.flushes, 0);
  link_.settle();
  EXPECT_EQ(heard_.flushes, 1);
  EXPECT_EQ(inner_.settled, 2);
}

TEST(CutCapture, AnEventForEachWirePacketTheReasonsWithTheFirst) {
  BufferPoolOwner pool{BufferPool::make(heap_memory(), 1U << 20U)};
  Heard heard;
  Recorder recorder({.cut = true});
  FakeLink inner;
  CaptureLink link(inner, recorder, InterfaceId{0}, "tun0");
  recorder.add_output(heard);
  EXPECT_EQ(heard.interfaces.size(), 1U);  // told, though it came later

  std::vector<Frame> frames{make_frame(
      *pool, to_packet(testing::segment(testing::kClient, testing::kServer, wire::kAck | wire::kPsh,
                                        {.seq = 1, .ack = 1, .length = 2'500})))};
  frames[0].id = FrameId{4};
  frames[0].gso_size = 1'000;
  frames[0].header_size = 40;
  recorder.decided(decision(Reason::send_data_push, FrameId{4}));
  EXPECT_EQ(link.take(frames), 3U);
  link.settle();
  ASSERT_EQ(heard.events.size(), 3U);
  EXPECT_EQ(heard.events[0].decisions.size(), 1U);
  EXPECT_EQ(heard.events[2].bytes.size(), 540U);
}

}  // namespace
}  // namespace bowline::trace
