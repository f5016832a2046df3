// Every bound of Limits is kept, and the stack goes on serving (DESIGN section 7).

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using testing::TwoStacks;

StackConfig limited(void (*change)(Limits& limits), std::uint64_t seed = 9) {
  StackConfig config = testing::config_with_seed(seed);
  change(config.limits);
  return config;
}

StackConfig without_cookies(void (*change)(Limits& limits)) {
  StackConfig config = limited(change);
  config.tcp.syn_cookies = tcp::SynCookies::never;
  return config;
}

Result<Handle> connect(TwoStacks& two) {
  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  return two.left.connect(options, two.now);
}

TEST(StackLimits, ConnectionsBeyondThemAreRefusedToTheCaller) {
  TwoStacks two(limited([](Limits& limits) { limits.connections = 2; }, 1));
  two.listen();
  ASSERT_TRUE(connect(two));
  const auto second = connect(two);
  ASSERT_TRUE(second);
  const auto third = connect(two);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error(), std::errc::no_buffer_space);
  ASSERT_TRUE(two.left.abort(*second, two.now));
  two.exchange();
  EXPECT_TRUE(connect(two)) << "there is room again";
}

// The third segment of a handshake that finds no room is as good as lost: nothing is reset.
TEST(StackLimits, FullServerKeepsTheHalfOpenEntry) {
  TwoStacks two(testing::config_with_seed(1),
                limited([](Limits& limits) { limits.connections = 1; }));
  two.establish();
  const auto second = connect(two);
  ASSERT_TRUE(second);
  two.exchange();
  EXPECT_EQ(two.right.usage().connections, 1U);
  EXPECT_EQ(two.right.usage().half_open, 1U);
  EXPECT_EQ(two.state_of(two.left, *second), tcp::State::established);
  ASSERT_TRUE(two.right.abort(two.server, two.now));
  two.pass(2s);  // the SYN-ACK comes again, and its ACK finds room
  EXPECT_EQ(two.right.usage().connections, 1U);
  EXPECT_TRUE(two.right.accept(*two.listener, two.now));
}

TEST(StackLimits, Listeners) {
  TwoStacks two(limited([](Limits& limits) { limits.listeners = 1; }, 1));
  ListenOptions options;
  options.local = {IpAddress::any(Family::ipv4), 1};
  const auto first = two.left.listen(options, two.now);
  ASSERT_TRUE(first);
  options.local.port = 2;
  EXPECT_EQ(two.left.listen(options, two.now).error(), std::errc::not_enough_memory);
  ASSERT_TRUE(two.left.close(*first, two.now));
  EXPECT_TRUE(two.left.listen(options, two.now));
}

TEST(StackLimits, UdpSockets) {
  TwoStacks two(limited([](Limits& limits) { limits.udp_sockets = 1; }, 1));
  UdpOptions options;
  options.local = {IpAddress::any(Family::ipv4), 1};
  ASSERT_TRUE(two.left.open_udp(options, two.now));
  options.local.port = 2;
  EXPECT_EQ(two.left.open_udp(options, two.now).error(), std::errc::not_enough_memory);
}

// A flood of SYNs fills the queue and no more; who repeats his SYN later gets in.
TEST(StackLimits, HalfOpenEntries) {
  TwoStacks two(testing::config_with_seed(1),
                without_cookies([](Limits& limits) { limits.half_open = 3; }));
  two.listen();
  two.to_left = [](const Frame&) { return false; };  // nobody hears the SYN-ACKs
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(connect(two));
  two.exchange();
  EXPECT_EQ(two.right.usage().half_open, 3U);
  EXPECT_EQ(two.right.counters()[Reason::syn_queue_full], 7U);
  EXPECT_EQ(two.right.counters()[Reason::state_syn_received], 3U);
  two.to_left = {};
  two.pass(20s);  // SYNs are repeated after 1, 3, 7 and 15 s; three find room each time
  EXPECT_EQ(two.right.usage().connections, 10U);
}

// Beyond the bound the oldest orphan is reset.
TEST(StackLimits, OrphansTheOldestGoesFirst) {
  TwoStacks two(limited([](Limits& limits) { limits.orphans = 2; }, 1));
  std::vector<Handle> sockets;
  for (int i = 0; i < 3; ++i) {
    two.establish();
    sockets.push_back(two.client);
  }
  for (const Handle socket : sockets) {
    ASSERT_TRUE(two.left.close(socket, two.now));
    EXPECT_LE(two.left.usage().orphans, 2U);
  }
  EXPECT_EQ(two.left.counters()[Reason::state_orphan_limit], 1U);
  EXPECT_EQ(two.left.usage().connections, 2U);
  two.exchange();
  EXPECT_EQ(two.left.counters()[Reason::send_rst_orphan_limit], 1U) << "and its peer is told";
}

TEST(StackLimits, TimeWaitTheOldestGoesFirst) {
  TwoStacks two(limited([](Limits& limits) { limits.time_wait = 2; }, 1));
  for (int i = 0; i < 5; ++i) {
    two.establish();
    ASSERT_TRUE(two.left.close(two.client, two.now));
    two.exchange();
    ASSERT_TRUE(two.right.close(two.server, two.now));
    two.exchange();
    two.pass(1s);
    EXPECT_LE(two.left.usage().time_wait, 2U);
  }
  EXPECT_EQ(two.left.counters()[Reason::state_time_wait_evicted], 3U);
  EXPECT_EQ(two.left.usage().time_wait, 2U);
  EXPECT_EQ(two.left.usage().connections, 0U);
}

// Stateless replies wait in a bounded ring; beyond it they are dropped with a reason.
TEST(StackLimits, Replies) {
  TwoStacks two(testing::config_with_seed(1), limited([](Limits& limits) { limits.replies = 4; }));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(connect(two));  // nobody listens
  two.carry(two.left, two.right, {});
  EXPECT_EQ(two.right.counters()[Reason::reply_ring_full], 6U);
  testing::KeepingSink sink;
  EXPECT_EQ(two.right.transmit(testing::kInterface, sink, two.now), 4U);
}

TEST(StackLimits, RepliesPerSecond) {
  TwoStacks two(testing::config_with_seed(1),
                limited([](Limits& limits) { limits.stateless_replies_per_second = 3; }));
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(connect(two));
  two.carry(two.left, two.right, {});
  EXPECT_EQ(two.right.counters()[Reason::send_rst_closed], 0U) << "counted when it goes out";
  two.exchange();
  EXPECT_EQ(two.right.counters()[Reason::send_rst_closed], 3U);
  EXPECT_EQ(two.right.counters()[Reason::icmp_rate_limited], 7U);
}

// REQUIREMENTS A8: a full accept queue resets nobody.
TEST(StackLimits, FullAcceptQueueNeverResets) {
  TwoStacks two;
  two.listen(2);
  std::vector<Handle> clients;
  for (int i = 0; i < 5; ++i) {
    const auto client = connect(two);
    ASSERT_TRUE(client);
    clients.push_back(*client);
  }
  two.exchange();  // all SYNs before any third segment: each has been answered
  EXPECT_EQ(two.right.counters()[Reason::send_syn_ack], 5U);
  const auto view = two.right.inspect_listener(*two.listener);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->accept_queue, 2U);
  EXPECT_EQ(view->overflows, 3U) << "third segments, of those who wait";
  two.pass(500ms);  // an entry waits as long as its SYN-ACK is repeated
  for (const Handle client : clients) {
    EXPECT_EQ(two.left.inspect(client)->ended, EndReason::none);
  }
  int accepted = 0;
  for (int i = 0; i < 60 && accepted < 5; ++i) {
    while (two.right.accept(*two.listener, two.now)) ++accepted;
    two.pass(1s);
  }
  EXPECT_EQ(accepted, 5) << "each gets in when its turn comes";
  EXPECT_EQ(two.left.counters()[Reason::state_reset_received], 0U);
}

// A peer that sends while nobody reads fills the receive buffer and not more.
TEST(StackLimits, ReceiveBuffer) {
  StackConfig config = testing::config_with_seed(9);
  config.tcp.receive_buffer = 50'000;
  TwoStacks two(testing::config_with_seed(1), config);
  two.establish();
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(two.left.write(two.client, testing::bytes_from(0, 20'000), two.now));
    two.exchange();
  }
  EXPECT_LE(two.right.inspect(two.server)->receive_queue, 50'000U);
  EXPECT_GE(two.right.inspect(two.server)->receive_queue, 45'000U);
  EXPECT_EQ(two.right.inspect(two.server)->out_of_order, 0U);
}

TEST(StackLimits, SendBuffer) {
  TwoStacks two;
  tcp::SocketOptions options;
  options.send_buffer = 10'000;
  two.establish(options);
  EXPECT_EQ(two.left.write(two.client, testing::bytes_from(0, 30'000), two.now), 10'000U);
  EXPECT_EQ(two.left.write(two.client, testing::bytes_from(0, 1), two.now).error(),
            std::errc::operation_would_block);
}

}  // namespace
}  // namespace bowline
