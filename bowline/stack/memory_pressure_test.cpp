// What happens when buffers run short, in its order (stack/memory_pressure.cpp, Limits::
// scarce_percent and evict_percent; REQUIREMENTS D5).

#include <gtest/gtest.h>

#include <vector>

#include "bowline/stack/testing/segments.hpp"

namespace bowline {
namespace {

using testing::Forged;
using testing::kPort;
using testing::left_address;
using testing::right_address;
using testing::TwoStacks;

constexpr std::uint64_t kPool = 1U << 20;

StackConfig small_pool() {
  StackConfig config = testing::config_with_seed(9);
  config.limits.buffer_bytes = kPool;
  config.tcp.congestion = tcp::CongestionAlgorithm::reno;
  return config;
}

// The right stack is under test: it has 1 MiB for all buffers. `Hog` holds as much of it as a test
// wants.
class MemoryPressure : public ::testing::Test {
 protected:
  // Takes buffers of the pool until so many per cent are in use.
  void fill_to(std::uint32_t percent) {
    while (two_.right.usage().buffer_bytes < kPool / 100 * percent) {
      Buffer buffer = two_.right.pool().allocate(2'048);
      ASSERT_TRUE(buffer);
      held_.push_back(std::move(buffer));
    }
  }
  void free_all() { held_.clear(); }
  // An event, so that the stack looks.
  void tick() {
    two_.now += 1ms;
    two_.right.advance(two_.now);
  }
  [[nodiscard]] std::uint64_t count(Reason reason) const { return two_.right.counters()[reason]; }
  // Another connection; its two ends.
  std::pair<Handle, Handle> connect() {
    two_.establish();
    return {two_.client, two_.server};
  }
  // The peer's window is shut: he reads nothing, and the server has more to send.
  std::pair<Handle, Handle> stalled(std::size_t queued) {
    tcp::SocketOptions small;
    small.receive_buffer = 4'000;
    two_.establish(small);
    const auto sent =
        two_.right.write(two_.server, testing::bytes_from(0, 4'000 + queued), two_.now);
    EXPECT_EQ(sent.value_or(0), 4'000 + queued);
    two_.pass(3s);
    EXPECT_EQ(two_.right.inspect(two_.server)->snd_wnd, 0U);
    return {two_.client, two_.server};
  }
  [[nodiscard]] EndReason how_ended(Handle socket) const {
    return two_.right.inspect(socket)->ended;
  }

  TwoStacks two_{testing::config_with_seed(1), small_pool()};
  std::vector<Buffer> held_;
};

// DESIGN section 4: the right edge stops; it is never pulled back (RFC 9293 3.8.6 SHLD-14).
TEST_F(MemoryPressure, WindowsStopOpeningAndNeverShrink) {
  const auto [client, server] = connect();
  const std::uint32_t before = two_.right.inspect(server)->rcv_wnd;
  ASSERT_GT(before, 60'000U);
  fill_to(76);
  tick();
  EXPECT_TRUE(two_.right.usage().buffers_scarce);
  EXPECT_EQ(count(Reason::memory_scarce), 1U);
  EXPECT_EQ(two_.right.inspect(server)->rcv_wnd, before);
  // What was offered is taken, and what is not read gives no further window.
  SeqNumber edge = two_.right.inspect(server)->rcv_nxt + before;
  for (int i = 0; i < 10; ++i) {
    static_cast<void>(two_.left.write(client, testing::bytes_from(0, 20'000), two_.now));
    two_.pass(50ms);
    const ConnectionView view = *two_.right.inspect(server);
    EXPECT_EQ(view.rcv_nxt + view.rcv_wnd, edge) << "neither opened nor pulled back";
  }
  EXPECT_LT(two_.right.inspect(server)->rcv_wnd, 128U) << "less than its scale can say";
  // Read, and there are four segments again: everybody gets on.
  std::vector<std::byte> to(200'000);
  ASSERT_TRUE(two_.right.read(server, to, two_.now));
  two_.exchange();
  const ConnectionView view = *two_.right.inspect(server);
  EXPECT_LE(distance(edge, view.rcv_nxt + view.rcv_wnd), 4U * view.rcv_mss + 128U);
  EXPECT_GT(distance(edge, view.rcv_nxt + view.rcv_wnd), 0U);
}

TEST_F(MemoryPressure, OverItTheWindowsOpenAgain) {
  const auto [client, server] = connect();
  fill_to(76);
  tick();
  free_all();
  tick();
  EXPECT_FALSE(two_.right.usage().buffers_scarce);
  EXPECT_EQ(count(Reason::memory_plentiful), 1U);
  std::size_t read = 0;
  std::vector<std::byte> to(200'000);
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(two_.left.write(client, testing::bytes_from(0, 50'000), two_.now));
    two_.pass(50ms);
    read += two_.right.read(server, to, two_.now).value_or(0);
    two_.exchange();
  }
  EXPECT_GT(read, 500'000U);
}

// Data out of order goes first, though SACK has told of it (RFC 2018 section 8): the peer sends it
// again, and nothing is lost.
TEST_F(MemoryPressure, DataOutOfOrderGoesBeforeAnyConnection) {
  const auto [client, server] = connect();
  bool lose = true;
  two_.to_right = [&](const Frame& frame) {
    return !(lose && frame.size > 1'000 && std::exchange(lose, false));
  };
  ASSERT_EQ(two_.left.write(client, testing::bytes_from(0, 10'000), two_.now), 10'000U);
  // The first segment is lost; what follows it arrives and waits.
  two_.carry(two_.left, two_.right, two_.to_right);
  ASSERT_GT(two_.right.inspect(server)->out_of_order, 0U);
  EXPECT_EQ(two_.right.usage().out_of_order_holders, 1U);
  fill_to(92);
  tick();
  EXPECT_EQ(count(Reason::out_of_order_discarded), 1U);
  EXPECT_EQ(two_.right.inspect(server)->out_of_order, 0U);
  EXPECT_EQ(two_.right.usage().out_of_order_holders, 0U);
  free_all();
  two_.pass(5s);
  std::vector<std::byte> to(20'000);
  EXPECT_EQ(two_.right.read(server, to, two_.now), 10'000U);
  for (std::size_t i = 0; i < 10'000; ++i) ASSERT_EQ(to[i], testing::byte_at(i));
}

TEST_F(MemoryPressure, ThenOrphansTheOldestFirst) {
  std::vector<Handle> clients;
  for (int i = 0; i < 3; ++i) {
    const auto [client, server] = stalled(10'000);
    clients.push_back(client);
    ASSERT_TRUE(two_.right.close(server, two_.now));
    two_.exchange();
  }
  const auto [client, reader] = stalled(10'000);
  ASSERT_EQ(two_.right.usage().orphans, 3U);
  fill_to(90);
  held_.push_back(two_.right.pool().allocate(2'048));
  held_.push_back(two_.right.pool().allocate(2'048));
  tick();  // the oldest gives back more than is needed
  EXPECT_EQ(count(Reason::state_memory_orphan), 1U);
  EXPECT_EQ(two_.right.usage().orphans, 2U);
  two_.exchange();
  EXPECT_EQ(two_.left.inspect(clients[0])->ended, EndReason::reset) << "and is told so";
  EXPECT_EQ(two_.left.inspect(clients[1])->ended, EndReason::none);
  EXPECT_EQ(how_ended(reader), EndReason::none);
}

// Sockstress: peers that shut their windows for ever. The one that has done so the longest goes
// first, and its application learns why; never a connection that moves.
TEST_F(MemoryPressure, ThenWhoHoldsHisWindowShutTheLongest) {
  const auto [first_client, first] = stalled(10'000);
  const auto [second_client, second] = stalled(10'000);
  const auto [busy_client, busy] = connect();
  EXPECT_EQ(two_.right.usage().stalled_connections, 2U);
  ASSERT_TRUE(two_.right.write(busy, testing::bytes_from(0, 5'000), two_.now));
  fill_to(90);
  held_.push_back(two_.right.pool().allocate(2'048));
  held_.push_back(two_.right.pool().allocate(2'048));
  tick();
  EXPECT_EQ(how_ended(first), EndReason::no_resources);
  EXPECT_EQ(how_ended(second), EndReason::none);
  EXPECT_EQ(how_ended(busy), EndReason::none);
  EXPECT_EQ(count(Reason::state_memory_stalled), 1U);
  std::vector<std::byte> to(100);
  EXPECT_EQ(two_.right.read(first, to, two_.now).error(), std::errc::no_buffer_space);
  fill_to(95);
  tick();
  EXPECT_EQ(how_ended(second), EndReason::no_resources);
  for (int i = 0; i < 10; ++i) tick();
  EXPECT_EQ(how_ended(busy), EndReason::none) << "whatever the need";
  static_cast<void>(first_client);
  static_cast<void>(second_client);
  static_cast<void>(busy_client);
}

// A peer whose window is open is no slow reader, and one that opens it again is none any more.
TEST_F(MemoryPressure, WhoReadsIsNotStalled) {
  const auto [client, server] = stalled(2'000);
  EXPECT_EQ(two_.right.usage().stalled_connections, 1U);
  std::vector<std::byte> to(10'000);
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(two_.left.read(client, to, two_.now));
    two_.pass(1s);
  }
  EXPECT_EQ(two_.right.usage().stalled_connections, 0U);
  fill_to(95);
  tick();
  EXPECT_EQ(how_ended(server), EndReason::none);
}

// A slow reader that lets a byte through now and then keeps its place among those that stall.
TEST_F(MemoryPressure, AByteNowAndThenIsStillStalled) {
  two_.establish();  // so that there is a listener
  const Endpoint slow{left_address(), 50'000};
  const Endpoint server{right_address(), kPort};
  Forged segment{slow, server};
  segment.window = 4'000;
  const auto syn_ack = answer_to(two_.right, segment, two_.now);
  ASSERT_TRUE(syn_ack);
  segment.flags = wire::kAck;
  segment.seq = SeqNumber(1'001);
  segment.ack = syn_ack->header.seq + 1;
  testing::receive_forged(two_.right, segment, two_.now);
  const auto accepted = two_.right.accept(*two_.listener, two_.now);
  ASSERT_TRUE(accepted);
  ASSERT_EQ(two_.right.write(*accepted, testing::bytes_from(0, 20'000), two_.now), 20'000U);
  static_cast<void>(testing::sent_by(two_.right, two_.now));
  for (std::uint32_t i = 0; i < 10; ++i) {
    segment.ack += 1;
    segment.window = 1;
    testing::receive_forged(two_.right, segment, two_.now += 1s);
    static_cast<void>(testing::sent_by(two_.right, two_.now));
    EXPECT_EQ(two_.right.usage().stalled_connections, 1U);
  }
}

// While buffers are scarce a connection takes four segments to send and no more; who has had them
// acknowledged gets on.
TEST_F(MemoryPressure, SendBuffersTakeFourSegments) {
  const auto [client, server] = connect();
  fill_to(76);
  tick();
  const std::uint32_t four = 4U * two_.right.inspect(server)->snd_mss;
  EXPECT_EQ(two_.right.write(server, testing::bytes_from(0, 50'000), two_.now).value_or(0), four);
  EXPECT_EQ(two_.right.write(server, testing::bytes_from(0, 1), two_.now).error(),
            std::errc::operation_would_block);
  EXPECT_EQ(two_.right.readiness(server) & kWritable, 0);
  two_.pass(100ms);
  EXPECT_NE(two_.right.readiness(server) & kWritable, 0) << "and is told so";
  EXPECT_EQ(two_.right.write(server, testing::bytes_from(0, 50'000), two_.now).value_or(0), four);
  two_.pass(100ms);
  std::vector<std::byte> to(20'000);
  EXPECT_EQ(two_.left.read(client, to, two_.now).value_or(0), 2 * four);
  free_all();
  tick();
  EXPECT_EQ(two_.right.write(server, testing::bytes_from(0, 50'000), two_.now).value_or(0),
            50'000U);
}

// The same where packets are kept as Linux keeps them, which count for more than their bytes.
TEST_F(MemoryPressure, PacketsTakeNoMore) {
  tcp::Settings settings = two_.right.config().tcp;
  settings.packet_queue = true;
  ASSERT_TRUE(two_.right.set_tcp_settings(settings, two_.now));
  const auto [client, server] = connect();
  fill_to(76);
  tick();
  const std::uint32_t four = 4U * two_.right.inspect(server)->snd_mss;
  std::size_t taken = 0;
  while (const auto some = two_.right.write(server, testing::bytes_from(0, 50'000), two_.now)) {
    taken += *some;
    ASSERT_LE(taken, 2 * four);
  }
  EXPECT_GT(taken, 0U);
  EXPECT_EQ(two_.right.readiness(server) & kWritable, 0);
  two_.pass(100ms);
  EXPECT_NE(two_.right.readiness(server) & kWritable, 0);
  std::vector<std::byte> to(20'000);
  EXPECT_EQ(two_.left.read(client, to, two_.now).value_or(0), taken);
}

// Beyond BufferPool::kPayloadPercent what arrives is dropped, and comes again when there is room;
// an acknowledgment that it carries counts, and answers go out all the while.
TEST_F(MemoryPressure, TheLastPartTakesNoPayload) {
  const auto [client, server] = connect();
  fill_to(98);
  const std::uint64_t refused = count(Reason::no_memory);
  EXPECT_EQ(two_.right.write(server, testing::bytes_from(0, 5'000), two_.now).error(),
            std::errc::no_buffer_space);
  ASSERT_EQ(two_.left.write(client, testing::bytes_from(0, 5'000), two_.now), 5'000U);
  two_.pass(3s);
  EXPECT_GT(count(Reason::no_memory), refused);
  EXPECT_EQ(two_.right.inspect(server)->receive_queue, 0U);
  connect();  // a whole handshake
  free_all();
  two_.pass(10s);
  std::vector<std::byte> to(20'000);
  EXPECT_EQ(two_.right.read(server, to, two_.now).value_or(0), 5'000U);
}

// A clone draws on an account of its own, with what the original has.
TEST_F(MemoryPressure, ACloneCountsItsRanges) {
  const auto [client, server] = connect();
  ASSERT_TRUE(two_.right.write(server, testing::bytes_from(0, 20'000), two_.now));
  static_cast<void>(testing::sent_by(two_.right, two_.now));
  const std::uint64_t ranges = two_.right.usage().sent_ranges;
  EXPECT_GE(ranges, 10U);
  auto copy = two_.right.clone();
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->usage().sent_ranges, ranges);
  ASSERT_TRUE(copy->abort(server, two_.now));
  static_cast<void>(testing::sent_by(*copy, two_.now));
  EXPECT_LT(copy->usage().sent_ranges, ranges);
  EXPECT_EQ(two_.right.usage().sent_ranges, ranges);
  static_cast<void>(client);
}

// A lent slice exists already: one is taken whole where nothing else waits.
TEST_F(MemoryPressure, OneLentSliceAtATime) {
  const auto [client, server] = connect();
  const Buffer block = two_.right.pool().allocate(40'000);
  fill_to(76);
  tick();
  EXPECT_TRUE(two_.right.write_owned(server, block.slice(0, 40'000), two_.now));
  EXPECT_EQ(two_.right.write_owned(server, block.slice(0, 40'000), two_.now).error(),
            std::errc::operation_would_block);
  two_.pass(1s);
  EXPECT_TRUE(two_.right.write_owned(server, block.slice(0, 40'000), two_.now));
  static_cast<void>(client);
}

// A peer whose window is open and who acknowledges nothing is stalled after ten seconds: whether
// there was a timeout meanwhile or his path seems that slow, and though he lets a byte through now
// and then.
TEST_F(MemoryPressure, WhoAcknowledgesNothingIsStalled) {
  const auto [client, server] = connect();
  const auto send_into_the_void = [&, from = server](Duration time) {
    two_.to_left = [](const Frame&) { return false; };
    ASSERT_TRUE(two_.right.write(from, testing::bytes_from(0, 20'000), two_.now));
    two_.pass(time);
  };
  send_into_the_void(9s);
  EXPECT_EQ(two_.right.usage().stalled_connections, 0U);
  two_.pass(20s);
  EXPECT_EQ(two_.right.usage().stalled_connections, 1U);
  two_.to_left = {};
  two_.pass(2min);
  EXPECT_EQ(two_.right.inspect(server)->snd_una, two_.right.inspect(server)->snd_nxt);
  EXPECT_EQ(two_.right.usage().stalled_connections, 0U) << "the path is there again";

  send_into_the_void(30s);
  EXPECT_EQ(two_.right.usage().stalled_connections, 1U);
  const ConnectionView view = *two_.right.inspect(server);
  EXPECT_GT(view.snd_wnd, 20'000U);
  Forged byte{*two_.left.local_endpoint(client), {right_address(), kPort}};
  byte.flags = wire::kAck;
  byte.seq = view.rcv_nxt;
  byte.ack = view.snd_una + 1;
  byte.options.timestamps =
      wire::Timestamps{static_cast<std::uint32_t>(two_.now.time_since_epoch() / 1ms) +
                           two_.left.inspect(client)->ts_offset,
                       0};
  testing::receive_forged(two_.right, byte, two_.now);
  EXPECT_EQ(two_.right.inspect(server)->snd_una, byte.ack);
  EXPECT_EQ(two_.right.usage().stalled_connections, 1U) << "a byte is no segment";
}

// A transfer over a path of three seconds, and one of a few bytes now and then, are no silence.
TEST_F(MemoryPressure, ASlowPathIsNoSilence) {
  const auto [client, server] = connect();
  for (int i = 0; i < 60; ++i) {
    static_cast<void>(two_.right.write(server, testing::bytes_from(0, 20), two_.now));
    std::vector<Frame> late = testing::sent_by(two_.right, two_.now);
    two_.now += 3s;
    for (Frame& frame : late) two_.left.receive(testing::kInterface, {&frame, 1}, two_.now);
    two_.left.advance(two_.now);
    std::vector<Frame> answers = testing::sent_by(two_.left, two_.now);
    for (Frame& frame : answers) two_.right.receive(testing::kInterface, {&frame, 1}, two_.now);
    two_.right.advance(two_.now);
    EXPECT_EQ(two_.right.usage().stalled_connections, 0U);
  }
  static_cast<void>(client);
}

// Fragments of strangers go before anything of a connection.
TEST_F(MemoryPressure, FragmentsGoFirst) {
  const auto [client, server] = stalled(10'000);
  UdpOptions options;
  options.local = {IpAddress::any(Family::ipv4), 0};
  const auto socket = two_.left.open_udp(options, two_.now);
  ASSERT_TRUE(socket);
  ASSERT_TRUE(two_.left.send_to(*socket, testing::bytes_from(0, 4'000),
                                Endpoint{right_address(), 53}, two_.now));
  const std::vector<Frame> fragments = testing::sent_by(two_.left, two_.now);
  ASSERT_EQ(fragments.size(), 3U);
  for (const std::size_t i : {0U, 2U}) {  // the second one is lost
    std::vector<std::byte> bytes(fragments[i].size);
    ASSERT_TRUE(fragments[i].copy_to(0, bytes));
    Frame copy = make_frame(two_.right.pool(), bytes);
    two_.right.receive(testing::kInterface, {&copy, 1}, two_.now);
  }
  ASSERT_EQ(two_.right.usage().fragmented_datagrams, 1U);
  fill_to(90);
  held_.push_back(two_.right.pool().allocate(2'048));
  tick();
  EXPECT_EQ(count(Reason::fragment_evicted), 1U);
  EXPECT_EQ(how_ended(server), EndReason::none);
  static_cast<void>(client);
}

}  // namespace
}  // namespace bowline
