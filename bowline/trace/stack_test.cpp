// Two real stacks on a cable, both watched: what is observed of a stack is what it did, and what is
// inferred of its peer is what the peer tells of itself.

#include <gtest/gtest.h>

#include <algorithm>

#include "bowline/trace/ladder_text.hpp"
#include "bowline/trace/testing/program.hpp"
#include "bowline/trace/testing/watched_stacks.hpp"

namespace bowline::trace {
namespace {

using tcp::State;
using testing::Heard;
using testing::Host;
using testing::WatchedStacks;

class InferredStates : public WatchedStacks {
 protected:
  // "SYN seq: STATE" of each segment that the peer sent, as inferred from here; and as it told
  // itself.
  static std::vector<std::string> sent_states(const Ladder& ladder, const Endpoint& by) {
    std::vector<std::string> states;
    for (const LadderEvent& event : ladder.events) {
      if (!event.segment || event.segment->source != by) continue;
      const EndState& state = event.state(event.side);
      states.push_back(to_dotted(by) + " " + std::to_string(event.segment->seq.raw()) + " " +
                       (state.state ? std::string(tcp::name(*state.state)) : "?"));
    }
    return states;
  }

  // The heart: both ladders, and what each infers of the other.
  void expect_inferred_right() {
    finish();
    ASSERT_EQ(client_.ladders.size(), 1U);
    ASSERT_EQ(server_.ladders.size(), 1U);
    const Ladder& by_client = client_.ladders[0];
    const Ladder& by_server = server_.ladders[0];
    const Endpoint client = by_client.left;
    const Endpoint server = by_server.left;
    EXPECT_EQ(sent_states(by_client, server), sent_states(by_server, server))
        << draw_text(by_client) << draw_text(by_server);
    EXPECT_EQ(sent_states(by_server, client), sent_states(by_client, client))
        << draw_text(by_server) << draw_text(by_client);
  }
};

TEST_F(InferredStates, K57_TheClientClosesFirst) {
  open();
  write(client_, client_socket_, 100);
  read_all(server_, server_socket_);
  EXPECT_TRUE(client_.stack.close(client_socket_, now_));
  settle();
  read_all(server_, server_socket_);
  EXPECT_TRUE(server_.stack.close(server_socket_, now_));
  settle();
  expect_inferred_right();
}

TEST_F(InferredStates, K58_TheServerClosesFirst) {
  open();
  write(server_, server_socket_, 1'000);
  EXPECT_TRUE(server_.stack.close(server_socket_, now_));
  settle();
  read_all(client_, client_socket_);
  EXPECT_TRUE(client_.stack.close(client_socket_, now_));
  settle();
  expect_inferred_right();
}

TEST_F(WatchedStacks, K70_BothCloseAtOnce) {
  open();
  EXPECT_TRUE(client_.stack.close(client_socket_, now_));
  EXPECT_TRUE(server_.stack.close(server_socket_, now_));
  (void)client_.stack.transmit(InterfaceId{0}, client_.capture, now_);
  (void)server_.stack.transmit(InterfaceId{0}, server_.capture, now_);
  settle();
  finish();
  for (Host* host : {&client_, &server_}) {
    ASSERT_EQ(host->ladders.size(), 1U);
    // Told here, inferred there: figure 13, line by line. Only that the last two ACKs crossed as
    // well shows in no segment.
    std::vector<std::string> closing;
    for (const LadderEvent& event : std::span(host->ladders[0].events).subspan(3)) {
      closing.push_back(std::string(tcp::name(event.left.state.value())) + "/" +
                        std::string(tcp::name(event.right.state.value())));
    }
    EXPECT_EQ(closing, (std::vector<std::string>{"FIN-WAIT-1/ESTABLISHED", "CLOSING/FIN-WAIT-1",
                                                 "CLOSING/TIME-WAIT", "TIME-WAIT/TIME-WAIT"}))
        << draw_text(host->ladders[0]);
  }
}

TEST_F(InferredStates, AnAbort) {
  open();
  EXPECT_TRUE(client_.stack.abort(client_socket_, now_));
  settle();
  expect_inferred_right();
}

TEST_F(WatchedStacks, K52_NobodyListens) {
  connect();
  finish();
  ASSERT_EQ(client_.ladders.size(), 1U);
  EXPECT_EQ(client_.ladders[0].events.back().left.state, State::closed);
  EXPECT_EQ(client_.ladders[0].events.back().right.state, State::closed);
  ASSERT_EQ(server_.ladders.size(), 1U);
  EXPECT_EQ(server_.ladders[0].events.back().left.state, State::closed);
}

// D2: whatever goes out says why.
TEST_F(WatchedStacks, D2_EveryPacketSentHasItsReason) {
  open();
  write(client_, client_socket_, 200'000);
  read_all(server_, server_socket_);
  write(server_, server_socket_, 3'000);
  wait(1s);
  EXPECT_TRUE(client_.stack.close(client_socket_, now_));
  settle();
  read_all(server_, server_socket_);
  EXPECT_TRUE(server_.stack.close(server_socket_, now_));
  wait(1s);
  finish();
  for (const Host* host : {&client_, &server_}) {
    std::size_t sent = 0;
    for (const Heard::Event& event : host->heard.events) {
      if (!event.is_frame || event.way == Way::in) continue;
      ++sent;
      EXPECT_TRUE(std::ranges::any_of(event.decisions,
                                      [](const Decision& decision) {
                                        const ReasonKind kind = info(decision.reason).kind;
                                        return kind == ReasonKind::send ||
                                               kind == ReasonKind::retransmit;
                                      }))
          << "frame " << to_text(event.id);
    }
    EXPECT_GT(sent, 5U);
  }
}

// A state that changes because of a segment is told with that segment.
TEST_F(WatchedStacks, StatesThatSegmentsChangeAreToldWithThem) {
  open();
  finish();
  std::vector<Reason> with_frames;
  for (const Host* host : {&client_, &server_}) {
    for (const Heard::Event& event : host->heard.events) {
      for (const Decision& decision : event.decisions) {
        if (event.is_frame && info(decision.reason).kind == ReasonKind::state) {
          with_frames.push_back(decision.reason);
        }
      }
    }
  }
  for (const Reason reason :
       {Reason::state_syn_received, Reason::state_syn_acked, Reason::state_handshake_done}) {
    EXPECT_TRUE(std::ranges::find(with_frames, reason) != with_frames.end()) << info(reason).name;
  }
}

// Segments of up to 64 KiB whose checksums were left to the link are whole and right in the
// capture.
TEST_F(WatchedStacks, A23_TsharkFindsTheCaptureInOrder) {
  if (!testing::is_installed("tshark")) GTEST_SKIP() << "tshark is not installed";
  open();
  write(client_, client_socket_, 200'000);
  read_all(server_, server_socket_);
  EXPECT_TRUE(client_.stack.close(client_socket_, now_));
  settle();
  read_all(server_, server_socket_);
  EXPECT_TRUE(server_.stack.close(server_socket_, now_));
  settle();
  finish();
  for (const Host* host : {&client_, &server_}) {
    const testing::Ran wrong = testing::run(
        "tshark -n -r - -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -Y "
        "'_ws.malformed || tcp.checksum.status != 1 || ip.checksum.status == 0 || "
        "_ws.expert.severity >= 6291456'",
        host->file.bytes());
    EXPECT_EQ(wrong.status, 0) << wrong.complaints;
    EXPECT_EQ(wrong.output, "");
    const testing::Ran unexplained =
        testing::run("tshark -n -r - -Y 'frame.packet_flags_direction == 2 && !frame.comment'",
                     host->file.bytes());
    EXPECT_EQ(unexplained.status, 0) << unexplained.complaints;
    EXPECT_EQ(unexplained.output, "");
  }
}

}  // namespace
}  // namespace bowline::trace
