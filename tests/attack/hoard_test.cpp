// Hoarders: clients with an address of their own who open connections and never finish (Sockstress,
// slow readers). REQUIREMENTS D5.

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
