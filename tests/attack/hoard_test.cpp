// Hoarders: clients with an address of their own who open connections and never finish (Sockstress,
// slow readers). REQUIREMENTS D5.

#include <vector>

#include "tests/attack/attack_test.hpp"

namespace bowline::attack {
namespace {

using Hoard = Attack;
OVER_BOTH_FAMILIES(Hoard);

// A reader that takes nothing: what waits for it is its send buffer and no more, and its window is
// probed ever more rarely (RFC 9293 3.8.6.1), so that it costs less than a packet a minute.
TEST_P(Hoard, ASlowReaderHoldsASendBufferAndNoMore) {
  Ground ground(GetParam(), Ground::seeded(), 8U << 20U);
  const auto held = ground.open(ground.forger().stranger(), 1'000);
  ASSERT_TRUE(held);
  const Held before(ground);
  (void)ground.hit(ground.say(*held, wire::kAck | wire::kPsh, 1, 0, 0));
  std::size_t probes = 0;
  for (int minute = 0; minute < 30; ++minute) {
    probes += ground.pass(1min).size();
    // The peer lives, its window does not open: it may do so for ever (MUST-37).
    (void)ground.hit(ground.say(*held, wire::kAck, 0, 1, 0));
  }
  EXPECT_LE(before.more(), 512U << 10U) << "Settings::send_buffer is 128 KiB";
  EXPECT_LE(probes, 60U);
  EXPECT_TRUE(ground.serves(2min));
}

// Peers with their windows wide open who ask for a large text each and acknowledge nothing of it,
// or a byte now and then. Together they want far more than Limits::buffer_bytes. While memory is
// scarce each gets a few segments, there is a buffer for every answer all the while, and when they
// have taken nothing for ten seconds they make room for others.
class SilentHoard : public Attack {
 protected:
  static constexpr int kCount = 600;

  static StackConfig small_pool() {
    StackConfig config = Ground::seeded();
    config.limits.buffer_bytes = 8U << 20U;
    return config;
  }
  // All of them within a second: nobody can be called silent yet.
  void ask_for_all() {
    wire::TcpOptions options;
    options.mss = 1'460;
    options.window_scale = 7;
    for (int i = 0; i < kCount; ++i) {
      auto held = ground_.open(ground_.forger().stranger(), 65'535, options);
      ASSERT_TRUE(held) << "a SYN is answered whatever they hold: " << i;
      const auto answers = ground_.hit(ground_.say(*held, wire::kAck | wire::kPsh, 1));
      EXPECT_FALSE(answers.empty() && ground_.pass(100ms).empty()) << i;
      held->seq = held->seq + 1;
      held_.push_back(*held);
    }
    EXPECT_GT(ground_.victim().usage().buffer_bytes, (8U << 20U) / 100 * 75);
  }

  Ground ground_{GetParam(), small_pool(), 1U << 20U};
  std::vector<Ground::Held> held_;
};
OVER_BOTH_FAMILIES(SilentHoard);

TEST_P(SilentHoard, ThoseWhoSayNothingMakeRoom) {
  ask_for_all();
  (void)ground_.pass(15s);
  EXPECT_TRUE(ground_.serves(1min));
  EXPECT_GT(ground_.count(Reason::state_memory_stalled), 0U);
}

TEST_P(SilentHoard, AByteNowAndThenIsNoProgress) {
  ask_for_all();
  for (int round = 0; round < 3; ++round) {
    (void)ground_.pass(30s);
    for (Ground::Held& held : held_) {
      held.ack = held.ack + 1;
      (void)ground_.hit(ground_.say(held, wire::kAck));
    }
    EXPECT_TRUE(ground_.serves(1min)) << "round " << round;
  }
  EXPECT_GT(ground_.count(Reason::state_memory_stalled), 0U);
}

// Connections that are opened and never used hold no buffers (DESIGN section 4): a block each.
TEST_P(Hoard, AnIdleConnectionHoldsNoBuffers) {
  Ground ground(GetParam());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(ground.open(ground.forger().stranger()));
  (void)ground.pass(10s);
  const std::uint64_t buffers = ground.victim().usage().buffer_bytes;
  const Held before(ground);
  constexpr std::size_t kCount = 2'000;
  for (std::size_t i = 0; i < kCount; ++i) ASSERT_TRUE(ground.open(ground.forger().stranger()));
  (void)ground.pass(10s);
  EXPECT_LE(ground.victim().usage().buffer_bytes, buffers);
  EXPECT_LE(before.more() / kCount, 1'536U) << "bytes for each";
}

// A program that hangs: the accept queue is bounded, and the SYNs and ACKs beyond it leave nothing
// behind (REQUIREMENTS A8).
TEST_P(Hoard, ABacklogThatIsFullStaysBounded) {
  Ground ground(GetParam());
  ground.greeter().hang();
  for (int i = 0; i < 2'000; ++i) (void)ground.open(ground.forger().stranger());
  const auto view = ground.victim().inspect_listener(ground.greeter().listener());
  ASSERT_TRUE(view);
  EXPECT_LE(view->accept_queue, view->accept_limit);
  EXPECT_LE(ground.victim().usage().connections, view->accept_limit);
  EXPECT_LE(ground.victim().usage().half_open, view->half_open_limit);
}

// Peers that never finish: FIN-WAIT-2 without an owner ends after Settings::fin_wait_2, LAST-ACK
// and FIN-WAIT-1 after R2 (RFC 9293 3.6, 3.8.3).
TEST_P(Hoard, PeersThatNeverFinishAreGivenUp) {
  Ground ground(GetParam(), Ground::seeded(), 100);
  for (int i = 0; i < 200; ++i) {
    const auto held = ground.open(ground.forger().stranger());
    ASSERT_TRUE(held);
    (void)ground.hit(ground.say(*held, wire::kAck | wire::kPsh, 1));
    if (i % 2 != 0) continue;
    // Acknowledges all, the FIN as well, and says nothing any more: FIN-WAIT-2.
    Ground::Held later = *held;
    later.ack = held->ack + 101;
    (void)ground.hit(ground.say(later, wire::kAck, 0, 1));
  }
  EXPECT_GE(ground.victim().usage().orphans, 190U);
  (void)ground.pass(10min);
  EXPECT_EQ(ground.victim().usage().orphans, 0U);
  EXPECT_EQ(ground.victim().usage().connections, 0U);
  EXPECT_TRUE(ground.serves());
}

// Beyond Limits::orphans the oldest is reset.
TEST_P(Hoard, OrphansAreBounded) {
  StackConfig config = Ground::seeded();
  config.limits.orphans = 50;
  Ground ground(GetParam(), config, 100);
  for (int i = 0; i < 500; ++i) {
    const auto held = ground.open(ground.forger().stranger());
    ASSERT_TRUE(held);
    (void)ground.hit(ground.say(*held, wire::kAck | wire::kPsh, 1));
    ASSERT_LE(ground.victim().usage().orphans, 50U);
  }
  EXPECT_GE(ground.count(Reason::state_orphan_limit), 400U);
  EXPECT_TRUE(ground.serves());
}

// Closed in good order, again and again: TIME-WAIT is a record of at most 96 bytes, bounded in
// number, of which the oldest goes.
TEST_P(Hoard, TimeWaitIsBounded) {
  StackConfig config = Ground::seeded();
  config.limits.time_wait = 100;
  Ground ground(GetParam(), config, 100);
  for (int i = 0; i < 1'000; ++i) {
    const auto held = ground.open(ground.forger().stranger());
    ASSERT_TRUE(held);
    (void)ground.hit(ground.say(*held, wire::kAck | wire::kPsh, 1));
    Ground::Held later = *held;
    later.ack = held->ack + 101;  // the text and the FIN
    (void)ground.hit(ground.say(later, wire::kAck | wire::kFin, 0, 1));
    ASSERT_LE(ground.victim().usage().time_wait, 100U);
  }
  EXPECT_EQ(ground.victim().usage().time_wait, 100U);
  EXPECT_GE(ground.count(Reason::state_time_wait_evicted), 850U);
  EXPECT_TRUE(ground.serves());
}

}  // namespace
}  // namespace bowline::attack
