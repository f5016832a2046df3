// Time inside a Stack: deadlines, the lazy wheel, jumps, and ends that meet in one batch.

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using tcp::State;
using testing::kInterface;
using testing::TwoStacks;

TEST(StackTime, IdleStackHasNoDeadline) {
  TwoStacks two;
  EXPECT_EQ(two.left.next_deadline(), kNever);
  two.establish();
  two.pass(10s);
  EXPECT_EQ(two.left.next_deadline(), kNever) << "nothing is due on an idle connection";
}

TEST(StackTime, TimersNeverFireEarly) {
  TwoStacks two;
  two.to_right = [](const Frame&) { return false; };
  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  const auto socket = two.left.connect(options, two.now);
  ASSERT_TRUE(socket);
  two.exchange();
  const Time due = two.left.next_deadline();
  EXPECT_EQ(due, two.now + 1s);
  two.left.advance(due - 1ns);
  EXPECT_FALSE(two.left.has_output(kInterface));
  two.left.advance(due);
  EXPECT_TRUE(two.left.has_output(kInterface));
}

// DESIGN section 7: an acknowledgment does not touch the wheel. The deadline may be early; when it
// comes and nothing is due, it moves on.
TEST(StackTime, WheelIsRearmedLate) {
  TwoStacks two;
  two.establish();
  two.pass(5s);
  ASSERT_TRUE(two.left.write(two.client, testing::bytes_from(0, 100), two.now));
  two.exchange();
  two.pass(10s);
  EXPECT_EQ(two.left.counters()[Reason::rto_backoff], 0U);
  EXPECT_EQ(two.left.inspect(two.client)->retransmissions, 0U);
}

// A laptop sleeps for days: everything that was due happens once, in order, and time goes on.
TEST(StackTime, JumpOfDaysIsSurvived) {
  TwoStacks two;
  two.establish();
  two.to_right = [](const Frame&) { return false; };
  ASSERT_TRUE(two.left.write(two.client, testing::bytes_from(0, 100), two.now));
  two.exchange();
  two.now += 24h * 30;
  two.left.advance(two.now);
  EXPECT_GT(two.left.next_deadline(), two.now);
  EXPECT_EQ(two.left.inspect(two.client)->ended, EndReason::timed_out) << "R2 passed long ago";
  EXPECT_EQ(two.left.take_error(two.client), std::errc::timed_out);
}

TEST(StackTime, JumpWithAnIdleConnectionHarmsNothing) {
  TwoStacks two;
  two.establish();
  two.pass(1s);
  two.now += 24h * 30;
  two.left.advance(two.now);
  two.right.advance(two.now);
  ASSERT_TRUE(two.left.write(two.client, testing::bytes_from(0, 100), two.now));
  two.exchange();
  std::array<std::byte, 200> to{};
  EXPECT_EQ(two.right.read(two.server, to, two.now), 100U)
      << "timestamps a month apart (RFC 7323 5.5)";
}

// `now` never goes back, whatever a driver says.
TEST(StackTime, EarlierNowCountsAsNow) {
  TwoStacks two;
  two.establish();
  const Time now = two.now;
  two.left.advance(now + 10s);
  ASSERT_TRUE(two.left.write(two.client, testing::bytes_from(0, 10), now));
  two.carry(two.left, two.right, {});
  EXPECT_GE(two.left.inspect(two.client)->retransmit_at, now + 10s);
}

// RFC 9293 3.8.4; the document says that the server has the timer: either end may.
TEST(StackTime, K118_EitherEndMayKeepAlive) {
  TwoStacks two;
  tcp::SocketOptions options;
  options.keepalive.enabled = true;
  options.keepalive.idle = 10s;
  options.keepalive.interval = 1s;
  options.keepalive.probes = 3;
  two.establish(options);
  two.pass(60s);
  EXPECT_GE(two.left.counters()[Reason::send_keepalive], 5U);
  EXPECT_EQ(two.client_state(), State::established);
  two.to_left = two.to_right = [](const Frame&) { return false; };
  two.pass(20s);
  EXPECT_EQ(two.left.inspect(two.client)->ended, EndReason::keepalive_failed);
  EXPECT_EQ(two.server_state(), State::established) << "the other end has none";
}

// The FIN that brings TIME-WAIT and the SYN that ends it again may come in one batch.
TEST(StackTime, EndAndNewBeginningInOneBatch) {
  // The listener's side closes first and is closed by the time the FIN comes: an orphan.
  TwoStacks two;
  two.listen();
  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  options.local = Endpoint{testing::left_address(), 5'000};
  const auto client = two.left.connect(options, two.now);
  ASSERT_TRUE(client);
  two.exchange();
  const auto server = two.right.accept(*two.listener, two.now);
  ASSERT_TRUE(server);
  ASSERT_TRUE(two.right.close(*server, two.now));
  two.exchange();  // right: FIN-WAIT-2
  ASSERT_TRUE(two.left.close(*client, two.now));
  testing::KeepingSink fin;
  static_cast<void>(two.left.transmit(kInterface, fin, two.now));
  ASSERT_EQ(fin.whole.size(), 1U);
  // A restarted client, with the same port and a later clock.
  two.now += 1s;
  StackConfig config = testing::config_with_seed(1);
  auto again = testing::make_stack(config, testing::left_address());
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->connect(options, two.now));
  testing::KeepingSink syn;
  static_cast<void>(again->transmit(kInterface, syn, two.now));
  ASSERT_EQ(syn.whole.size(), 1U);
  std::vector<Frame> batch;
  batch.push_back(std::move(fin.whole[0]));
  batch.push_back(std::move(syn.whole[0]));
  two.right.receive(kInterface, batch, two.now);
  EXPECT_EQ(two.right.usage().connections, 0U);
  EXPECT_EQ(two.right.usage().half_open, 1U);
  EXPECT_EQ(two.right.counters()[Reason::state_time_wait_reuse], 1U);
  for (Time next = two.right.next_deadline(); next < two.now + 10min;) {
    two.right.advance(next);
    next = two.right.next_deadline();
  }
  EXPECT_EQ(two.right.usage().half_open, 0U);
}

}  // namespace
}  // namespace bowline
