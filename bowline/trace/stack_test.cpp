// Two real stacks on a cable, both watched: what is observed of a stack is what it did, and what is
// inferred of its peer is what the peer tells of itself.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>

#include "bowline/link/memory_link.hpp"
#include "bowline/stack/stack.hpp"
#include "bowline/trace/capture_link.hpp"
#include "bowline/trace/ladder_collector.hpp"
#include "bowline/trace/ladder_text.hpp"
#include "bowline/trace/pcapng.hpp"
#include "bowline/trace/testing/conversation.hpp"
#include "bowline/trace/testing/program.hpp"

namespace bowline::trace {
namespace {

using tcp::State;
using testing::Heard;

constexpr std::uint16_t kPort = 80;

Stack make_stack(std::uint64_t seed) {
  StackConfig config;
  config.seed = {seed, 2, 3, 4};
  return std::move(Stack::create(config).value());
}

// A stack, its watched end of the cable, and all that was seen of it.
struct Host {
  Host(Link& link, std::uint64_t seed, const char* address)
      : stack(make_stack(seed)), capture(link, recorder, InterfaceId{0}, "cable0") {
    recorder.add_output(heard);
    recorder.add_output(collector);
    recorder.add_output(pcapng);
    stack.set_listener(&recorder);
    EXPECT_TRUE(stack.add_interface({capture.info()}));
    EXPECT_TRUE(stack.add_address(InterfaceId{0}, *Cidr::parse(address)));
  }

  // Takes in at most one frame, then sends what is to go out.
  bool turn(Time now) {
    std::array<Frame, 1> frames;
    const std::size_t count = capture.receive(frames, stack.pool(), now);
    if (count > 0) stack.receive(InterfaceId{0}, frames, now);
    stack.advance(now);
    const bool sent = stack.transmit(InterfaceId{0}, capture, now) > 0;
    capture.settle();
    return sent || count > 0;
  }

  Recorder recorder;
  Heard heard;
  std::vector<Ladder> ladders;
  LadderCollector collector{[this](const Ladder& ladder) { ladders.push_back(ladder); },
                            {.most_first = 10'000}};
  MemorySink file;
  PcapngOutput pcapng{file};
  Stack stack;
  CaptureLink capture;
};

class WatchedStacks : public ::testing::Test {
 protected:
  // Until nothing moves at this instant, a microsecond for each turn.
  void settle() {
    bool moved = true;
    while (moved) {
      now_ += 1us;
      const bool left = client_.turn(now_);
      const bool right = server_.turn(now_);
      moved = left || right;
    }
  }
  // Time goes on: delayed acknowledgments, TIME-WAIT.
  void wait(Duration time) {
    now_ += time;
    settle();
  }
  void open() {
    ListenOptions listen;
    listen.local = {*IpAddress::parse("10.0.0.2"), kPort};
    const Handle listener = server_.stack.listen(listen, now_).value();
    connect();
    server_socket_ = server_.stack.accept(listener, now_).value();
  }
  void connect() {
    ConnectOptions connect;
    connect.remote = {*IpAddress::parse("10.0.0.2"), kPort};
    client_socket_ = client_.stack.connect(connect, now_).value();
    settle();
  }
  void write(Host& from, Handle socket, std::size_t count) {
    const std::vector<std::byte> bytes(count, std::byte{'x'});
    EXPECT_EQ(from.stack.write(socket, bytes, now_).value_or(0), count);
    settle();
  }
  void read_all(Host& at, Handle socket) {
    std::vector<std::byte> bytes(1U << 20U);
    while (at.stack.read(socket, bytes, now_).value_or(0) > 0) settle();
    settle();
  }
  void finish() {
    for (Host* host : {&client_, &server_}) {
      host->recorder.flush();
      host->collector.finish();
    }
  }

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

  LinkPair cable_ = std::move(LinkPair::create({}).value());
  Host client_{cable_.left(), 1, "10.0.0.1/24"};
  Host server_{cable_.right(), 2, "10.0.0.2/24"};
  Handle client_socket_;
  Handle server_socket_;
  Time now_{1s};
};

TEST_F(WatchedStacks, K57_TheClientClosesFirst) {
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

TEST_F(WatchedStacks, K58_TheServerClosesFirst) {
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

TEST_F(WatchedStacks, AnAbort) {
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
