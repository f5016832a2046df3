// Buffers of the right size, end to end (tcp/buffers.hpp): a long, fast path is filled with the
// default settings, and whoever does not need a large buffer does not get one.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "bowline/sim/simulation.hpp"
#include "bowline/sim/testing/talker.hpp"

namespace bowline::sim {
namespace {

using testing::Talker;
using testing::TalkerPlan;

constexpr std::uint64_t kEndless = 1ULL << 40;

// One way, from the client to the server, for as long as one looks.
class Download {
 public:
  struct How {
    HostOptions client{};
    HostOptions server{};
    Wire wire{.rate = 100_mbps, .delay = 50ms, .queue = 1'250'000};
    TalkerPlan sending;
    TalkerPlan receiving;
    How() { sending.send_bytes = receiving.receive_bytes = kEndless; }
  };

  explicit Download(How how)
      : client_(net_.add_host("client", how.client)), server_(net_.add_host("server", how.server)) {
    const Cidr at_client = *Cidr::parse("10.0.0.1/24");
    const Cidr at_server = *Cidr::parse("10.0.0.2/24");
    Wire back = how.wire;
    net_.connect(client_, at_client, server_, at_server, how.wire, back);
    how.receiving.local = {at_server.address, 80};
    how.sending.connect = how.receiving.local;
    how.sending.local = {at_client.address, 0};
    server_.start(std::make_unique<Talker>(how.receiving, net_.random("server")));
    net_.run_until(net_.now());
    client_.start(std::make_unique<Talker>(how.sending, net_.random("client")));
  }

  /// The share of 100 Mbit/s, packets' headers included, that came between two points in time.
  double filled(Duration from, Duration until) {
    net_.run_until(Time{from});
    const std::uint64_t before = receiver().received();
    net_.run_until(Time{until});
    EXPECT_EQ(receiver().failure(), "");
    const auto bytes = static_cast<double>(receiver().received() - before) * 1'500 / 1'448;
    return bytes * 8 / 100e6 / std::chrono::duration<double>(until - from).count();
  }
  void run_until(Duration at) { net_.run_until(Time{at}); }
  [[nodiscard]] ConnectionView sender_view() { return *client_.stack().inspect(sender().socket()); }
  [[nodiscard]] ConnectionView receiver_view() {
    return *server_.stack().inspect(receiver().socket());
  }
  [[nodiscard]] const Talker& sender() { return static_cast<const Talker&>(client_.actor(0)); }
  [[nodiscard]] const Talker& receiver() { return static_cast<const Talker&>(server_.actor(0)); }
  [[nodiscard]] const Host& server() const { return server_; }
  [[nodiscard]] const Host& client() const { return client_; }

 private:
  Simulation net_{7};
  Host& client_;
  Host& server_;
};

constexpr std::uint32_t kFirst = tcp::Settings{}.receive_buffer;

TEST(BufferTuning, DefaultSettingsFill100MbitOver100Ms) {
  Download run({});
  EXPECT_GE(run.filled(5s, 20s), 0.9);
  EXPECT_GT(run.receiver_view().receive_limit, 1'250'000U);
  EXPECT_LE(run.receiver_view().receive_limit, tcp::Settings{}.receive_buffer_max);
  EXPECT_GT(run.sender_view().send_limit, 1'250'000U);
  EXPECT_LE(run.sender_view().send_limit, tcp::Settings{}.send_buffer_max);
}

// The receiver then learns the round trip from how long a window's worth takes.
TEST(BufferTuning, WithoutTimestampsAsWell) {
  Download::How how;
  how.server.stack.tcp.timestamps = false;
  Download run(how);
  EXPECT_GE(run.filled(5s, 20s), 0.9);
}

TEST(BufferTuning, ASizeOfTheApplicationsIsFinal) {
  Download::How how;
  how.receiving.socket.receive_buffer = kFirst;
  Download small_window(how);
  // 128 KiB in 100 ms.
  EXPECT_LE(small_window.filled(5s, 10s), 0.12);
  EXPECT_EQ(small_window.receiver_view().receive_limit, kFirst);

  how = {};
  how.sending.socket.send_buffer = kFirst;
  Download small_queue(how);
  EXPECT_LE(small_queue.filled(5s, 10s), 0.12);
  EXPECT_EQ(small_queue.sender_view().send_limit, kFirst);
}

TEST(BufferTuning, WithoutALimitAboveItTheBufferStays) {
  Download::How how;
  how.server.stack.tcp.receive_buffer_max = 0;
  Download run(how);
  EXPECT_LE(run.filled(5s, 10s), 0.12);
  EXPECT_EQ(run.receiver_view().receive_limit, kFirst);
}

// What a slow reader does not take is not held for it either; and its sender has nothing to hold,
// because the window does not let it go on.
TEST(BufferTuning, ASlowReaderKeepsASmallBuffer) {
  Download::How how;
  how.receiving.pause = 200ms;  // some 40 kB a second
  Download run(how);
  run.run_until(60s);
  EXPECT_EQ(run.receiver().failure(), "");
  EXPECT_GT(run.receiver().received(), 2'000'000U);
  EXPECT_EQ(run.receiver_view().receive_limit, kFirst);
  EXPECT_LE(run.server().stack().usage().buffer_bytes, 2U * kFirst);
}

TEST(BufferTuning, ASlowSenderKeepsSmallBuffers) {
  Download::How how;
  how.sending.pause = 200ms;
  Download run(how);
  run.run_until(60s);
  EXPECT_GT(run.receiver().received(), 2'000'000U);
  EXPECT_EQ(run.receiver_view().receive_limit, kFirst);
  EXPECT_EQ(run.sender_view().send_limit, tcp::Settings{}.send_buffer);
}

/// Sends `bytes` and stays.
class Stayer final : public CopyableActor<Stayer> {
 public:
  Stayer(const Endpoint& to, std::uint64_t bytes) : to_(to), left_(bytes) {}
  Time act(Stack& stack, std::span<const Ready>, Time now) override {
    if (!socket_) socket_ = *stack.connect({.remote = to_}, now);
    static const std::vector<std::byte> kText(16'384);
    while (left_ > 0) {
      const std::size_t size = std::min<std::uint64_t>(left_, kText.size());
      const auto taken = stack.write(socket_, std::span(kText).first(size), now);
      if (!taken) break;
      left_ -= *taken;
    }
    return kNever;
  }

 private:
  Endpoint to_;
  Handle socket_;
  std::uint64_t left_;
};

// A buffer that was needed may be used again, but holds nothing until it is.
TEST(BufferTuning, AnIdleConnectionHoldsNothing) {
  Simulation net(7);
  Host& client = net.add_host("client");
  Host& server = net.add_host("server");
  net.connect(client, *Cidr::parse("10.0.0.1/24"), server, *Cidr::parse("10.0.0.2/24"),
              {.rate = 100_mbps, .delay = 50ms, .queue = 1'250'000});
  const Endpoint service{*IpAddress::parse("10.0.0.2"), 80};
  const Handle listener = *server.stack().listen({.local = service}, net.now());
  client.start(std::make_unique<Stayer>(service, 20'000'000));
  std::uint64_t received = 0;
  std::optional<Handle> socket;
  std::vector<std::byte> room(65'536);
  for (int i = 1; i <= 10'000; ++i) {
    net.run_until(Time{i * 1ms});
    if (const auto accepted = server.stack().accept(listener, net.now())) socket = *accepted;
    while (socket) {
      const auto got = server.stack().read(*socket, room, net.now());
      if (!got) break;
      received += *got;
    }
  }
  EXPECT_EQ(received, 20'000'000U);
  EXPECT_GT(server.stack().inspect(*socket)->receive_limit, kFirst) << "it was needed";
  EXPECT_EQ(server.stack().usage().buffer_bytes, 0U);
  EXPECT_EQ(client.stack().usage().buffer_bytes, 0U);
}

// Limits::buffer_bytes is all that the Stack's buffers may hold; into its second half none grows.
TEST(BufferTuning, NothingGrowsWhileMemoryIsShort) {
  Download::How how;
  how.client.stack.limits.buffer_bytes = 600'000;
  how.sending.send_bytes = how.receiving.receive_bytes = 10'000'000;
  Download run(how);
  std::uint64_t most = 0;
  std::uint32_t most_allowed = 0;
  for (int i = 1; i <= 60'000 && !run.receiver().done(); ++i) {
    run.run_until(i * 1ms);
    const StackUsage usage = run.client().stack().usage();
    most = std::max(most, usage.buffer_bytes);
    // The sender's socket is gone before the receiver has read the last byte.
    const auto sender = run.client().stack().inspect(run.sender().socket());
    if (sender) most_allowed = std::max(most_allowed, sender->send_limit);
  }
  EXPECT_TRUE(run.receiver().done()) << run.sender().failure() << run.receiver().failure();
  EXPECT_LE(most, 600'000U);
  EXPECT_LE(most_allowed, 300'000U);
  EXPECT_GT(most_allowed, tcp::Settings{}.send_buffer) << "a little it could";
}

}  // namespace
}  // namespace bowline::sim
