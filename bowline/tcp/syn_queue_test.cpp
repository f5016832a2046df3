#include "bowline/tcp/syn_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/base/testing/failing_memory.hpp"

namespace bowline::tcp {
namespace {

class SynQueueTest : public ::testing::Test {
 protected:
  std::uint32_t add(Time now, std::uint16_t port = 1) {
    SynEntry entry;
    entry.remote_port = port;
    return queue_.add(entry, now);
  }

  testing::FailingMemory memory_;
  Limits limits_{.half_open = 100};
  Settings settings_ = Settings::of(Profile::rfc);
  SynQueue queue_{memory_, limits_};
};

// DESIGN section 8: memory that an unproven peer can make us hold is bounded and cheap.
TEST_F(SynQueueTest, K75_EntryIsSmall) { EXPECT_LE(sizeof(SynEntry), 64U); }

TEST_F(SynQueueTest, IsBounded) {
  for (int i = 0; i < 100; ++i) ASSERT_NE(add(Time(1s)), SynQueue::kNone);
  EXPECT_TRUE(queue_.full());
  EXPECT_EQ(add(Time(1s)), SynQueue::kNone);
  queue_.remove(7);
  EXPECT_FALSE(queue_.full());
  EXPECT_NE(add(Time(1s)), SynQueue::kNone);
}

TEST_F(SynQueueTest, FailingMemoryIsAnAnswer) {
  memory_.fail_from(0);
  EXPECT_EQ(add(Time(1s)), SynQueue::kNone);
  EXPECT_EQ(queue_.next_deadline(settings_, Time(1s)), kNever);
}

// RFC 6298 2.1 and 5.5: the SYN-ACK is repeated after a second, then twice as long each time.
TEST_F(SynQueueTest, RepeatsAreDueAfterDoublingTimes) {
  Time now(100s);
  const std::uint32_t index = add(now);
  for (const Duration wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    EXPECT_EQ(queue_.next_deadline(settings_, now), now + wait);
    EXPECT_EQ(queue_.due(settings_, now + wait - 1us), SynQueue::kNone);
    now += wait;
    ASSERT_EQ(queue_.due(settings_, now), index);
    queue_.sent_again(index, now);
  }
}

TEST_F(SynQueueTest, OldestOfEachKindIsDueFirst) {
  const std::uint32_t first = add(Time(10s));
  const std::uint32_t second = add(Time(10s) + 300ms);
  EXPECT_EQ(queue_.due(settings_, Time(11s)), first);
  queue_.sent_again(first, Time(11s));  // due at 13 s
  EXPECT_EQ(queue_.due(settings_, Time(11s)), SynQueue::kNone);
  EXPECT_EQ(queue_.next_deadline(settings_, Time(11s)), Time(11s) + 300ms);
  EXPECT_EQ(queue_.due(settings_, Time(11s) + 300ms), second);
  queue_.remove(second);
  EXPECT_EQ(queue_.next_deadline(settings_, Time(12s)), Time(13s));
}

// Times of entries are 32-bit ticks of a microsecond; a lap of 71.6 minutes must not show.
TEST_F(SynQueueTest, TicksWrap) {
  const Time wrap = Time(Duration(1us) * (std::int64_t{1} << 32));
  for (const Time now :
       {Time(wrap - 500ms), Time(wrap - 1us), wrap, Time(40 * wrap.time_since_epoch() + 1us)}) {
    const std::uint32_t index = add(now);
    EXPECT_EQ(sent_time(queue_[index], now + 700ms), now);
    EXPECT_EQ(queue_.next_deadline(settings_, now + 700ms), now + 1s);
    EXPECT_EQ(queue_.due(settings_, now + 999ms), SynQueue::kNone);
    EXPECT_EQ(queue_.due(settings_, now + 1s), index);
    queue_.remove(index);
  }
}

// A timer never fires early, though ticks are coarser than the clock.
TEST_F(SynQueueTest, PartsOfATickAreRoundedUp) {
  const Time now = Time(5s) + 1ns;
  add(now);
  EXPECT_GE(queue_.next_deadline(settings_, now), now + 1s);
  EXPECT_LE(queue_.next_deadline(settings_, now), now + 1s + 1us);
}

// The first deadline is the least of all, whatever came and went.
TEST_F(SynQueueTest, DeadlineIsTheLeastOfAll) {
  Random random(3);
  Time now(1s);
  struct Expected {
    std::uint32_t index;
    Time due;
  };
  std::vector<Expected> expected;
  for (int step = 0; step < 3'000; ++step) {
    now += 1ms * static_cast<std::int64_t>(random.below(200));
    for (std::uint32_t due = queue_.due(settings_, now); due != SynQueue::kNone;
         due = queue_.due(settings_, now)) {
      const auto entry = std::ranges::find(expected, due, &Expected::index);
      ASSERT_NE(entry, expected.end());
      ASSERT_LE(entry->due, now);
      if (queue_[due].retries >= 3) {
        queue_.remove(due);
        expected.erase(entry);
      } else {
        queue_.sent_again(due, now);
        entry->due = now + 1s * (1 << queue_[due].retries);
      }
    }
    Time least = kNever;
    for (const Expected& each : expected) least = std::min(least, each.due);
    ASSERT_EQ(queue_.next_deadline(settings_, now), least);
    if (random.below(3) == 0 && !queue_.full()) {
      expected.push_back({add(now), now + 1s});
    } else if (random.below(4) == 0 && !expected.empty()) {
      const auto victim =
          expected.begin() + static_cast<std::ptrdiff_t>(random.below(expected.size()));
      queue_.remove(victim->index);
      expected.erase(victim);
    }
  }
}

// RFC 9293 3.10.7.4 judges the third segment by the entry as it would by a TCB.
TEST_F(SynQueueTest, ViewHasTheNumbersOfAHandshake) {
  SynEntry entry;
  entry.iss = SeqNumber(0xffff'ffff);
  entry.irs = SeqNumber(99);
  const TcbView view = view_of(entry, 65'535);
  EXPECT_EQ(view.state, State::syn_received);
  EXPECT_TRUE(view.passive);
  EXPECT_EQ(view.rcv_nxt, SeqNumber(100));
  EXPECT_EQ(view.snd_una, SeqNumber(0xffff'ffff));
  EXPECT_EQ(view.snd_nxt, SeqNumber(0)) << "over the wrap";
  EXPECT_EQ(view.rcv_wnd, 65'535U);
}

// RFC 9293 3.10.7.4: the third segment counts when its number is in the window and it acknowledges
// our SYN; the document asks for "seq + 1" alone.
TEST_F(SynQueueTest, K138_ThirdSegmentIsJudgedByWindowAndAck) {
  SynEntry entry;
  entry.iss = SeqNumber(500);
  entry.irs = SeqNumber(100);
  const TcbView view = view_of(entry, 1'000);
  Segment third;
  third.seq = SeqNumber(101);
  third.ack = SeqNumber(501);
  third.flags = wire::kAck;
  EXPECT_TRUE(check_segment(view, third, Time(1s)).proceeds());
  third.seq = SeqNumber(600);
  EXPECT_TRUE(check_segment(view, third, Time(1s)).proceeds()) << "anywhere in the window";
  third.ack = SeqNumber(500);
  EXPECT_EQ(check_segment(view, third, Time(1s)).next, Next::reset_peer);
  third.ack = SeqNumber(502);
  EXPECT_EQ(check_segment(view, third, Time(1s)).next, Next::reset_peer);
  third.ack = SeqNumber(501);
  third.flags = 0;
  EXPECT_EQ(check_segment(view, third, Time(1s)).next, Next::drop);
}

}  // namespace
}  // namespace bowline::tcp
