#pragma once

// Two real stacks on a cable, both watched: for tests of what trace/ makes of an engine that works.

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "bowline/link/memory_link.hpp"
#include "bowline/stack/stack.hpp"
#include "bowline/trace/capture_link.hpp"
#include "bowline/trace/ladder_collector.hpp"
#include "bowline/trace/line.hpp"
#include "bowline/trace/pcapng.hpp"
#include "bowline/trace/testing/conversation.hpp"

namespace bowline::inline v0::trace::testing {

/// Where the server listens.
inline constexpr std::uint16_t kPort = 80;

/// A stack whose numbers follow from `seed`.
inline Stack make_stack(std::uint64_t seed) {
  StackConfig config;
  config.seed = {seed, 2, 3, 4};
  // One size for the whole run: what is written at once fits, and the window says what is read.
  config.tcp.send_buffer = config.tcp.receive_buffer = 1U << 20;
  config.tcp.send_buffer_max = config.tcp.receive_buffer_max = 0;
  return std::move(Stack::create(config).value());
}

/// A stack, its watched end of the cable, and all that was seen of it.
struct Host {
  Host(Link& link, std::uint64_t seed, const char* address)
      : stack(make_stack(seed)), capture(link, recorder, InterfaceId{0}, "cable0") {
    recorder.add_output(heard);
    recorder.add_output(collector);
    recorder.add_output(pcapng);
    recorder.add_output(line);
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
  MemorySink trace;
  LineOutput line{trace};
  Stack stack;
  CaptureLink capture;
};

/// A client at 10.0.0.1 and a server at 10.0.0.2, in steps of a microsecond.
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
  void open(const tcp::SocketOptions& options = {}) {
    ListenOptions listen;
    listen.local = {*IpAddress::parse("10.0.0.2"), kPort};
    const Handle listener = server_.stack.listen(listen, now_).value();
    connect(options);
    server_socket_ = server_.stack.accept(listener, now_).value();
  }
  void connect(const tcp::SocketOptions& options = {}) {
    ConnectOptions connect;
    connect.socket = options;
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

  LinkPair cable_ = std::move(LinkPair::create({}).value());
  Host client_{cable_.left(), 1, "10.0.0.1/24"};
  Host server_{cable_.right(), 2, "10.0.0.2/24"};
  Handle client_socket_;
  Handle server_socket_;
  Time now_{1s};
};

}  // namespace bowline::inline v0::trace::testing
