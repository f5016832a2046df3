#include "bowline/tcp/time_wait.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/base/testing/failing_memory.hpp"

namespace bowline::tcp {
namespace {

class TimeWaitTest : public ::testing::Test {
 protected:
  std::uint32_t add(Time ends_at, std::uint32_t number = 0) {
    TimeWaitRecord record;
    record.ends_at = ends_at;
    record.number = number;
    return queue_.add(record);
  }
  // A SYN with this number, and with a timestamp if it is given.
  static Segment syn(std::uint32_t seq, std::optional<std::uint32_t> timestamp = {}) {
    Segment segment;
    segment.seq = SeqNumber(seq);
    segment.flags = wire::kSyn;
    if (timestamp) segment.options.timestamps = {*timestamp, 0};
    return segment;
  }

  testing::FailingMemory memory_;
  Limits limits_{.time_wait = 4};
  TimeWaitQueue queue_{memory_, limits_};
  Settings settings_ = Settings::of(Profile::rfc);
};

// RFC 9293 3.4.2: an MSL is an engineering choice; the standard's example is two minutes, ours 30
// seconds, so that TIME-WAIT lasts a minute as Linux's does.
TEST_F(TimeWaitTest, K80_MslIsASetting) {
  EXPECT_EQ(Settings::of(Profile::rfc).msl, 30s);
  TimeWaitRecord record;
  record.ends_at = Time(100s);
  EXPECT_EQ(view_of(record, 60s).ts_recent_at, Time(40s));
  EXPECT_EQ(view_of(record, 240s).state, State::time_wait);
}

TEST_F(TimeWaitTest, EndsInTheOrderOfTime) {
  add(Time(10s), 1);
  add(Time(30s), 3);
  add(Time(20s), 2);  // became a record some time into its wait
  for (const std::uint32_t number : {1U, 2U, 3U}) {
    const std::uint32_t oldest = queue_.oldest();
    EXPECT_EQ(queue_[oldest].number, number);
    EXPECT_EQ(queue_.next_deadline(), Time(number * 10s));
    queue_.remove(oldest);
  }
  EXPECT_EQ(queue_.next_deadline(), kNever);
}

// RFC 9293 3.10.7.4 eighth: a repeated FIN restarts the wait.
TEST_F(TimeWaitTest, RestartPutsItBehindAllOthers) {
  const std::uint32_t first = add(Time(10s), 1);
  add(Time(20s), 2);
  queue_.restart(first, Time(65s));
  EXPECT_EQ(queue_[queue_.oldest()].number, 2U);
  EXPECT_EQ(queue_.next_deadline(), Time(20s));
  queue_.remove(queue_.oldest());
  EXPECT_EQ(queue_.next_deadline(), Time(65s));
}

TEST_F(TimeWaitTest, RestartOfTheOnlyOne) {
  const std::uint32_t only = add(Time(10s));
  queue_.restart(only, Time(70s));
  EXPECT_EQ(queue_.oldest(), only);
  EXPECT_EQ(queue_.next_deadline(), Time(70s));
}

TEST_F(TimeWaitTest, IsBoundedInNumberAndSize) {
  EXPECT_LE(sizeof(TimeWaitRecord), 96U);
  for (int i = 0; i < 4; ++i) ASSERT_NE(add(Time(10s)), TimeWaitQueue::kNone);
  EXPECT_TRUE(queue_.full());
  EXPECT_EQ(add(Time(10s)), TimeWaitQueue::kNone);
}

TEST_F(TimeWaitTest, FailingMemoryIsAnAnswer) {
  memory_.fail_from(0);
  EXPECT_EQ(add(Time(10s)), TimeWaitQueue::kNone);
  EXPECT_EQ(queue_.next_deadline(), kNever);
}

// Work must not grow with the number of records: far from its place one is not taken.
TEST_F(TimeWaitTest, PlaceIsSearchedForOnlyNearby) {
  limits_.time_wait = 1'000;
  TimeWaitQueue queue(memory_, limits_);
  TimeWaitRecord record;
  for (int i = 0; i < 200; ++i) {
    record.ends_at = Time(100s + i * 1s);
    ASSERT_NE(queue.add(record), TimeWaitQueue::kNone);
  }
  record.ends_at = Time(1s);
  EXPECT_EQ(queue.add(record), TimeWaitQueue::kNone);
  record.ends_at = Time(290s);
  EXPECT_NE(queue.add(record), TimeWaitQueue::kNone);
}

TEST_F(TimeWaitTest, OrderHoldsWhateverHappens) {
  limits_.time_wait = 64;
  TimeWaitQueue queue(memory_, limits_);
  std::vector<std::uint32_t> live;
  Random random(5);
  Time now(1s);
  for (int step = 0; step < 5'000; ++step) {
    now += 1ms * static_cast<std::int64_t>(random.below(100));
    const auto pick = [&] { return static_cast<std::size_t>(random.below(live.size())); };
    if (random.below(2) == 0 && !queue.full()) {
      TimeWaitRecord record;
      record.ends_at = now + 60s - 1ms * static_cast<std::int64_t>(random.below(500));
      const std::uint32_t index = queue.add(record);
      ASSERT_NE(index, TimeWaitQueue::kNone);
      live.push_back(index);
    } else if (!live.empty() && random.below(2) == 0) {
      queue.restart(live[pick()], now + 60s);
    } else if (!live.empty()) {
      const std::size_t victim = pick();
      queue.remove(live[victim]);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(victim));
    }
    Time least = kNever;
    for (const std::uint32_t index : live) least = std::min(least, queue[index].ends_at);
    ASSERT_EQ(queue.next_deadline(), least);
    std::size_t linked = 0;
    Time last{};
    for (std::uint32_t i = queue.oldest(); i != TimeWaitQueue::kNone; i = queue[i].next, ++linked) {
      ASSERT_LE(last, queue[i].ends_at);
      last = queue[i].ends_at;
    }
    ASSERT_EQ(linked, live.size());
  }
}

// -- may_reopen: RFC 6191 section 2, RFC 9293 3.6.1 (MAY-2, SHLD-4)

class ReopenTest : public TimeWaitTest {
 protected:
  ReopenTest() {
    tcb_.state = State::time_wait;
    tcb_.rcv_nxt = SeqNumber(0xffff'ff00);
    tcb_.ts_recent = 1'000;
  }
  bool reopens(const Segment& segment) { return may_reopen(tcb_, segment, settings_); }
  TcbView tcb_;
};

TEST_F(ReopenTest, NewerTimestampReopens) {
  tcb_.timestamps = true;
  EXPECT_TRUE(reopens(syn(5, 1'001))) << "whatever the sequence number";
  EXPECT_TRUE(reopens(syn(0xffff'0000, 1'001)));
  EXPECT_FALSE(reopens(syn(5, 999)));
}

TEST_F(ReopenTest, EqualTimestampLeavesItToTheSequenceNumber) {
  tcb_.timestamps = true;
  EXPECT_TRUE(reopens(syn(5, 1'000))) << "5 lies behind the wrap";
  EXPECT_FALSE(reopens(syn(0xffff'ff00, 1'000)));
  EXPECT_FALSE(reopens(syn(0xffff'0000, 1'000)));
}

TEST_F(ReopenTest, TimestampWhereTheOldConnectionHadNone) {
  EXPECT_TRUE(reopens(syn(0xffff'0000, 1)));
}

TEST_F(ReopenTest, WithoutTimestampsTheSequenceNumberDecides) {
  tcb_.timestamps = true;
  EXPECT_TRUE(reopens(syn(0xffff'ff01)));
  EXPECT_FALSE(reopens(syn(0xffff'ff00)));
}

TEST_F(ReopenTest, OnlyAPureSynReopens) {
  for (const std::uint16_t flag : {wire::kAck, wire::kRst, wire::kFin}) {
    Segment segment = syn(5);
    segment.flags |= flag;
    EXPECT_FALSE(reopens(segment));
  }
  Segment none = syn(5);
  none.flags = wire::kAck;
  EXPECT_FALSE(reopens(none));
}

}  // namespace
}  // namespace bowline::tcp
