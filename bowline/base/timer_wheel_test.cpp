#include "bowline/base/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <tuple>
#include <vector>

#include "bowline/base/random.hpp"

namespace bowline {
namespace {

using Fired = std::vector<std::uint32_t>;

class TimerWheelTest : public ::testing::Test {
 protected:
  explicit TimerWheelTest(std::size_t elements = 64) : elements_(elements) {}
  auto links() {
    return [this](std::uint32_t id) -> WheelLink& { return elements_[id]; };
  }
  void schedule(std::uint32_t id, Time deadline) { wheel_.schedule(links(), id, deadline); }
  void cancel(std::uint32_t id) { wheel_.cancel(links(), id); }
  Time next() { return wheel_.next_deadline(links()); }
  Fired expire(Time now) {
    Fired fired;
    wheel_.expire(links(), now, [&fired](std::uint32_t id) { fired.push_back(id); });
    return fired;
  }

  std::vector<WheelLink> elements_;
  TimerWheel wheel_;
};

TEST_F(TimerWheelTest, NothingScheduledIsNever) {
  EXPECT_EQ(next(), kNever);
  EXPECT_EQ(expire(Time(24h * 400)), Fired{});
  EXPECT_TRUE(wheel_.empty());
}

TEST_F(TimerWheelTest, NeverEarlyNotByANanosecond) {
  for (const Duration after : {Duration(1ns), Duration(131'071ns), Duration(131'072ns),
                               Duration(40ms), Duration(2h), Duration(24h * 365)}) {
    TimerWheel wheel;
    WheelLink link;
    const auto one = [&link](std::uint32_t) -> WheelLink& { return link; };
    int fired = 0;
    wheel.schedule(one, 0, Time(after));
    EXPECT_EQ(wheel.next_deadline(one), Time(after));
    wheel.expire(one, Time(after - 1ns), [&fired](std::uint32_t) { ++fired; });
    EXPECT_EQ(fired, 0);
    wheel.expire(one, Time(after), [&fired](std::uint32_t) { ++fired; });
    EXPECT_EQ(fired, 1);
    EXPECT_FALSE(link.linked());
    EXPECT_EQ(link.deadline, kNever);
  }
}

TEST_F(TimerWheelTest, FiresInOrderOfDeadlinesThenOfScheduling) {
  schedule(5, Time(3ms));
  schedule(1, Time(1ms));
  schedule(9, Time(3ms));
  schedule(2, Time(2h));
  schedule(0, Time(3ms));
  EXPECT_EQ(next(), Time(1ms));
  EXPECT_EQ(expire(Time(24h)), (Fired{1, 5, 9, 0, 2}));
}

TEST_F(TimerWheelTest, ScheduledAgainMeansMoved) {
  schedule(1, Time(10ms));
  schedule(1, Time(5ms));
  EXPECT_EQ(next(), Time(5ms));
  schedule(1, Time(20ms));
  EXPECT_EQ(next(), Time(20ms));
  EXPECT_EQ(wheel_.size(), 1U);
  EXPECT_EQ(expire(Time(19ms)), Fired{});
  EXPECT_EQ(expire(Time(20ms)), Fired{1});
}

TEST_F(TimerWheelTest, CancelledDoesNotFire) {
  schedule(1, Time(10ms));
  schedule(2, Time(11ms));
  cancel(1);
  cancel(1);
  cancel(7);
  EXPECT_EQ(next(), Time(11ms));
  schedule(2, kNever);
  EXPECT_EQ(next(), kNever);
  EXPECT_EQ(expire(Time(1h)), Fired{});
}

TEST_F(TimerWheelTest, ADeadlineThatHasPassedFiresNext) {
  EXPECT_EQ(expire(Time(1h)), Fired{});
  schedule(3, Time(1ms));
  schedule(4, Time(0ns));
  EXPECT_EQ(next(), Time(0ns));
  EXPECT_EQ(expire(Time(1h)), (Fired{4, 3}));
}

// DESIGN section 3: `now` may jump by days. A year is 240 thousand million of the finest ticks; a
// loop over them, or over the slots in between one by one, would not come back in time.
TEST_F(TimerWheelTest, AJumpCostsNothing) {
  const auto began = std::chrono::steady_clock::now();
  Time now(0ns);
  for (int i = 0; i < 1'000; ++i) {
    schedule(1, now + 1ms);
    now += 24h * 365 / 10;
    ASSERT_EQ(expire(now), Fired{1});
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST_F(TimerWheelTest, FireMayScheduleAndCancelAnything) {
  schedule(1, Time(1ms));
  schedule(2, Time(2ms));
  schedule(3, Time(3ms));
  Fired fired;
  wheel_.expire(links(), Time(10ms), [&](std::uint32_t id) {
    fired.push_back(id);
    EXPECT_FALSE(elements_[id].linked()) << "unscheduled before its call";
    if (id == 1) {
      cancel(2);
      schedule(4, Time(2ms));   // due: fires in this call, at its turn
      schedule(5, Time(11ms));  // not due
      schedule(6, Time(0ms));   // long due, fires next
    }
  });
  EXPECT_EQ(fired, (Fired{1, 6, 4, 3}));
  EXPECT_EQ(next(), Time(11ms));
}

// An interval timer that catches up fires once for each of its deadlines...
TEST_F(TimerWheelTest, FireMayScheduleItselfForALaterDeadlineThatIsDue) {
  schedule(1, Time(1ms));
  int count = 0;
  wheel_.expire(links(), Time(10ms), [&](std::uint32_t id) {
    ++count;
    schedule(id, Time(1ms) + 1ms * count);
  });
  EXPECT_EQ(count, 10);
  EXPECT_EQ(next(), Time(11ms));
}

// ...but one that asks for the same moment again waits for the next call, or this one would not
// end.
TEST_F(TimerWheelTest, TheSameElementAtTheSameDeadlineWaitsForTheNextCall) {
  schedule(1, Time(5ms));
  schedule(2, Time(5ms));
  int count = 0;
  const auto again = [&](std::uint32_t id) {
    ++count;
    schedule(id, Time(id == 1 ? 5ms : 4ms));
  };
  wheel_.expire(links(), Time(10ms), again);
  EXPECT_EQ(count, 2);
  EXPECT_EQ(next(), Time(4ms)) << "it says that there is more to do";
  wheel_.expire(links(), Time(10ms), again);
  EXPECT_EQ(count, 4);
}

TEST_F(TimerWheelTest, TwoThatScheduleEachOtherDoNotSpinEither) {
  schedule(1, Time(5ms));
  int count = 0;
  wheel_.expire(links(), Time(10ms), [&](std::uint32_t id) {
    ASSERT_LT(++count, 10);
    schedule(3 - id, Time(5ms));
  });
  EXPECT_EQ(count, 2);
  EXPECT_EQ(next(), Time(5ms));
}

TEST_F(TimerWheelTest, WhatWaitsForTheNextCallCanBeCancelledAndMoved) {
  schedule(1, Time(1ms));
  schedule(2, Time(1ms));
  schedule(3, Time(9ms));
  wheel_.expire(links(), Time(10ms), [&](std::uint32_t id) {
    if (id < 3) return schedule(id, Time(1ms));
    cancel(1);
    schedule(2, Time(12ms));
  });
  EXPECT_EQ(wheel_.size(), 1U);
  EXPECT_EQ(next(), Time(12ms));
  EXPECT_EQ(expire(Time(12ms)), Fired{2});
}

// Random schedules, cancels and jumps beside a std::set ordered by (deadline, order of scheduling).
class TimerWheelModelTest : public TimerWheelTest, public ::testing::WithParamInterface<int> {
 protected:
  TimerWheelModelTest() : TimerWheelTest(2'000) {}
};

TEST_P(TimerWheelModelTest, BehavesLikeAnOrderedSet) {
  Random random(static_cast<std::uint64_t>(GetParam()));
  std::set<std::tuple<Time, int, std::uint32_t>> model;
  std::vector<std::set<std::tuple<Time, int, std::uint32_t>>::iterator> where(2'000, model.end());
  // Spans from below the finest slot to beyond the last level (104 days).
  const auto span = [&random] {
    return Duration(static_cast<std::int64_t>(random.next() >> (10 + random.below(48))));
  };
  Time now(span());
  int fires = 0;
  for (int step = 0; step < 40'000; ++step) {
    const auto id = static_cast<std::uint32_t>(random.below(2'000));
    const std::uint64_t what = random.below(10);
    if (what < 6) {
      Time deadline = saturating_add(now, span());
      if (random.chance(0.1)) deadline = now - std::min(now.time_since_epoch(), span());
      if (random.chance(0.3)) deadline = Time(deadline.time_since_epoch() / 1'000'000 * 1'000'000);
      if (where[id] != model.end()) model.erase(where[id]);
      where[id] = deadline == kNever ? model.end() : model.emplace(deadline, step, id).first;
      schedule(id, deadline);
    } else if (what < 8) {
      if (where[id] != model.end()) model.erase(where[id]);
      where[id] = model.end();
      cancel(id);
    } else {
      // To a moment at random, or exactly to the next deadline, or one short of it.
      Time to = saturating_add(now, Duration(span().count() >> 12));
      if (!model.empty() && random.chance(0.5)) {
        const Time first = std::get<0>(*model.begin());
        to = std::max(now, Time(first - (random.chance(0.5) ? 0ns : 1ns)));
      }
      ASSERT_LT(to, kNever - 24h * 365) << "choose shorter spans: time ran out";
      now = to;
      Fired expected;
      while (!model.empty() && std::get<0>(*model.begin()) <= now) {
        expected.push_back(std::get<2>(*model.begin()));
        where[expected.back()] = model.end();
        model.erase(model.begin());
      }
      ASSERT_EQ(expire(now), expected) << "step " << step;
      fires += static_cast<int>(expected.size());
    }
    ASSERT_EQ(wheel_.size(), model.size());
    ASSERT_EQ(next(), model.empty() ? kNever : std::get<0>(*model.begin())) << "step " << step;
  }
  EXPECT_GT(fires, 5'000);
}
INSTANTIATE_TEST_SUITE_P(Seeds, TimerWheelModelTest, ::testing::Range(1, 7));

// A slot with very many elements does not stall anything when its time comes: the most links that
// any one call looks at stays logarithmic.
TEST_F(TimerWheelTest, NoCallLooksAtManyElements) {
  constexpr std::uint32_t kMany = 50'000;
  elements_.resize(kMany);
  std::size_t looked = 0;
  std::size_t most = 0;
  const auto counting = [&](std::uint32_t id) -> WheelLink& {
    ++looked;
    return elements_[id];
  };
  const auto note = [&] {
    most = std::max(most, looked);
    looked = 0;
  };
  Random random(5);
  for (std::uint32_t id = 0; id < kMany; ++id) {
    wheel_.schedule(counting, id,
                    Time(2h + Duration(static_cast<std::int64_t>(random.below(60'000'000'000)))));
    note();
  }
  for (std::uint32_t id = 0; id < kMany; id += 3) {
    wheel_.cancel(counting, id);
    note();
    (void)wheel_.next_deadline(counting);
    note();
  }
  while (!wheel_.empty()) {
    const Time at = wheel_.next_deadline(counting);
    note();
    wheel_.expire(counting, at, [](std::uint32_t) {});
    note();
  }
  // A dozen looks for each of about 2 * log2(50,000) nodes on the way.
  EXPECT_LE(most, 500U);
}

}  // namespace
}  // namespace bowline
