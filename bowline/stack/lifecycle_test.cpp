// How connections come and go: TCBs, handles, the end of each side (RFC 9293 sections 3.5 and 3.6,
// REQUIREMENTS A14 to A16).

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using tcp::State;
using testing::TwoStacks;

// RFC 9293 3.10.1: OPEN makes the TCB before the SYN goes; a Bowline server keeps a small record
// instead until the ACK comes.
TEST(Lifecycle, K75_TcbsAreMadeBeforeTheFirstSegment) {
  TwoStacks two;
  two.listen();
  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  ASSERT_TRUE(two.left.connect(options, two.now));
  EXPECT_EQ(two.left.usage().connections, 1U);
  EXPECT_EQ(two.right.usage().connections, 0U);
  two.carry(two.left, two.right, {});
  EXPECT_EQ(two.right.usage().half_open, 1U);
  EXPECT_EQ(two.right.usage().connections, 0U);
  two.exchange();
  EXPECT_EQ(two.right.usage().half_open, 0U);
  EXPECT_EQ(two.right.usage().connections, 1U);
}

// The SYN is a number and no data: what waits to be sent does not count it (found by
// fuzz/two_stacks).
TEST(Lifecycle, BeforeTheSynOnlyDataIsUnsent) {
  TwoStacks two;
  const auto socket =
      two.left.connect({.remote = {testing::right_address(), testing::kPort}}, two.now);
  ASSERT_TRUE(socket);
  const std::array<std::byte, 3> data{};
  ASSERT_EQ(two.left.write(*socket, data, two.now), data.size());
  EXPECT_EQ(two.left.inspect(*socket)->unsent, data.size());
  ASSERT_TRUE(two.left.shutdown(*socket, Direction::send, two.now));
  EXPECT_EQ(two.left.inspect(*socket)->unsent, 0U) << "RFC 9293 3.10.4: the TCB is deleted";
}

// RFC 9293 3.3.1: one TCB from OPEN to CLOSED, not one for opening and another for closing.
TEST(Lifecycle, K76_OneTcbFromOpenToClosed) {
  TwoStacks two;
  two.establish();
  const std::uint64_t number = two.left.inspect(two.client)->number;
  ASSERT_TRUE(two.left.shutdown(two.client, Direction::send, two.now));
  two.exchange();
  EXPECT_EQ(two.client_state(), State::fin_wait_2);
  EXPECT_EQ(two.left.inspect(two.client)->number, number);
  EXPECT_EQ(two.left.usage().connections, 1U);
}

// RFC 9293 3.10.7.4 fifth and 3.10.8: the passive side drops its TCB at the last ACK, the active
// side after 2 MSL.
TEST(Lifecycle, K77_PassiveSideDropsItsTcbAtTheLastAck) {
  TwoStacks two;
  two.establish();
  ASSERT_TRUE(two.left.close(two.client, two.now));
  two.exchange();
  EXPECT_EQ(two.server_state(), State::close_wait);
  ASSERT_TRUE(two.right.close(two.server, two.now));
  EXPECT_EQ(two.right.usage().connections, 1U) << "LAST-ACK";
  two.exchange();
  EXPECT_EQ(two.right.usage().connections, 0U);
  EXPECT_EQ(two.right.usage().time_wait, 0U);
  EXPECT_EQ(two.left.usage().time_wait, 1U);
  EXPECT_EQ(two.left.usage().connections, 0U) << "a record is enough";
  two.pass(59s);
  EXPECT_EQ(two.left.usage().time_wait, 1U);
  two.pass(1s);
  EXPECT_EQ(two.left.usage().time_wait, 0U);
}

// RFC 9293 3.6: whichever of the four segments is lost, the close ends.
TEST(Lifecycle, K78_AnySegmentOfTheCloseMayBeLost) {
  for (int lost = 0; lost < 4; ++lost) {
    TwoStacks two;
    two.establish();
    two.pass(500ms);
    int seen = 0;
    const auto passes = [&](const Frame&) { return seen++ != lost; };
    two.to_left = two.to_right = passes;
    ASSERT_TRUE(two.left.close(two.client, two.now));
    two.exchange();
    ASSERT_TRUE(two.right.close(two.server, two.now));
    two.pass(30s);
    EXPECT_EQ(two.right.usage().connections, 0U) << "lost " << lost;
    EXPECT_GT(seen, lost) << "that one was sent";
    two.pass(90s);
    EXPECT_EQ(two.left.usage().time_wait + two.left.usage().connections, 0U) << "lost " << lost;
  }
}

// A connection that was idle has given its buffers back (DESIGN section 4); its FIN goes all the
// same.
TEST(Lifecycle, IdleConnectionStillSaysFin) {
  TwoStacks two;
  two.establish();
  two.pass(10s);
  ASSERT_TRUE(two.left.shutdown(two.client, Direction::send, two.now));
  two.exchange();
  EXPECT_EQ(two.client_state(), State::fin_wait_2);
  EXPECT_EQ(two.server_state(), State::close_wait);
  two.pass(10s);
  ASSERT_TRUE(two.right.close(two.server, two.now));
  two.exchange();
  EXPECT_EQ(two.client_state(), State::time_wait);
}

// ... even when the link takes it only long after.
TEST(Lifecycle, FinThatWaitsForTheLinkIsNotForgotten) {
  TwoStacks two;
  two.establish();
  two.pass(10s);
  ASSERT_TRUE(two.left.close(two.client, two.now));
  for (int i = 0; i < 5; ++i) {
    two.now += 1s;
    two.left.advance(two.now);  // nothing is transmitted
  }
  two.exchange();
  EXPECT_EQ(two.server_state(), State::close_wait);
}

// What nobody reads lies there without a clock: no deadline comes again and again meanwhile.
TEST(Lifecycle, UnreadDataKeepsNoTimer) {
  TwoStacks two(testing::config_with_seed(1), testing::config_with_seed(9));
  two.establish();
  ASSERT_TRUE(two.left.write(two.client, testing::bytes_from(0, 100), two.now));
  two.pass(5s);
  EXPECT_EQ(two.right.next_deadline(), kNever);
  EXPECT_GT(two.right.usage().buffer_bytes, 0U);
  std::array<std::byte, 200> room{};
  EXPECT_EQ(two.right.read(two.server, room, two.now), 100U);
  EXPECT_LE(two.right.next_deadline(), two.now + 1s) << "now its buffers can be given back";
  two.pass(2s);
  EXPECT_EQ(two.right.next_deadline(), kNever);
}

TEST(Lifecycle, IdleConnectionOwnsNoBuffers) {
  TwoStacks two;
  two.establish();
  ASSERT_TRUE(two.left.write(two.client, testing::bytes_from(0, 1'000), two.now));
  two.exchange();
  std::array<std::byte, 1'000> to;
  ASSERT_TRUE(two.right.read(two.server, to, two.now));
  two.pass(10s);
  EXPECT_EQ(two.left.usage().buffer_bytes, 0U);
  EXPECT_EQ(two.right.usage().buffer_bytes, 0U);
  EXPECT_EQ(two.client_state(), State::established);
}

// RFC 9293 3.10.4, SYN-RECEIVED: a CLOSE puts the FIN behind a SYN that nobody has acknowledged.
// That the peer's SYN announced no window holds neither back, and nobody else waits for them.
TEST(Lifecycle, CloseInSynReceivedWithAShutWindow) {
  TwoStacks two;
  two.listen();
  ConnectOptions options;
  options.remote = {testing::right_address(), 9};
  options.local = Endpoint{testing::left_address(), 5'000};
  const auto crossing = two.left.connect(options, two.now);
  ASSERT_TRUE(crossing);
  testing::KeepingSink ours;
  static_cast<void>(two.left.transmit(testing::kInterface, ours, two.now));
  Frame syn = testing::syn_frame(two.left, options.remote, *options.local, 0);
  two.left.receive(testing::kInterface, {&syn, 1}, two.now);
  ASSERT_EQ(TwoStacks::state_of(two.left, *crossing), State::syn_received);
  ASSERT_TRUE(two.left.close(*crossing, two.now));
  const auto sent = [&](Duration time) {
    std::size_t count = 0;
    for (const Time end = two.now + time; two.now < end;) {
      two.now = std::min(end, std::max(two.now, two.left.next_deadline()));
      two.left.advance(two.now);
      testing::KeepingSink sink;
      count += two.left.transmit(testing::kInterface, sink, two.now);
    }
    return count;
  };
  EXPECT_GE(sent(10s), 2U) << "the SYN,ACK is repeated";
  EXPECT_EQ(two.left.counters()[Reason::no_memory], 0U);
  two.establish();
  sent(200s);
  EXPECT_EQ(two.left.usage().orphans, 0U) << "and given up";
}

// ---- handles (DESIGN section 3)

TEST(Handles, StaleOneGivesBadFileDescriptor) {
  TwoStacks two;
  two.establish();
  const Handle stale = two.client;
  ASSERT_TRUE(two.left.abort(stale, two.now));
  two.exchange();
  two.establish();
  ASSERT_EQ(two.client.index, stale.index) << "the same place";
  std::array<std::byte, 8> bytes{};
  const auto error = std::errc::bad_file_descriptor;
  EXPECT_EQ(two.left.write(stale, bytes, two.now).error(), error);
  EXPECT_EQ(two.left.read(stale, bytes, two.now).error(), error);
  EXPECT_EQ(two.left.shutdown(stale, Direction::both, two.now).error(), error);
  EXPECT_EQ(two.left.close(stale, two.now).error(), error);
  EXPECT_EQ(two.left.abort(stale, two.now).error(), error);
  EXPECT_EQ(two.left.inspect(stale).error(), error);
  EXPECT_EQ(two.left.options(stale).error(), error);
  EXPECT_EQ(two.left.accept(stale, two.now).error(), error);
  EXPECT_EQ(two.left.receive_from(stale, bytes, two.now).error(), error);
  EXPECT_EQ(two.left.readiness(stale), kError | kClosed);
  EXPECT_EQ(two.client_state(), State::established) << "the next tenant is unharmed";
}

TEST(Handles, CloseEndsTheHandleNotTheConnection) {
  TwoStacks two;
  two.establish();
  ASSERT_TRUE(two.left.write(two.client, testing::bytes_from(0, 5'000), two.now));
  ASSERT_TRUE(two.left.close(two.client, two.now));
  EXPECT_EQ(two.left.inspect(two.client).error(), std::errc::bad_file_descriptor);
  EXPECT_EQ(two.left.usage().orphans, 1U);
  two.exchange();
  std::vector<std::byte> to(6'000);
  const auto got = two.right.read(two.server, to, two.now);
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, 5'000U);
  EXPECT_EQ(two.right.read(two.server, to, two.now), 0U) << "the end of the stream";
}

TEST(Handles, KindsAreToldApart) {
  TwoStacks two;
  two.establish();
  UdpOptions udp;
  udp.local = {IpAddress::any(Family::ipv4), 53};
  const auto socket = two.right.open_udp(udp, two.now);
  ASSERT_TRUE(socket);
  std::array<std::byte, 8> bytes{};
  EXPECT_EQ(two.right.write(*socket, bytes, two.now).error(), std::errc::bad_file_descriptor);
  EXPECT_EQ(two.right.write(*two.listener, bytes, two.now).error(), std::errc::bad_file_descriptor);
  EXPECT_EQ(two.right.accept(*socket, two.now).error(), std::errc::bad_file_descriptor);
  EXPECT_EQ(two.right.send_to(two.server, bytes, std::nullopt, two.now).error(),
            std::errc::bad_file_descriptor);
}

}  // namespace
}  // namespace bowline
