#include "bowline/tcp/timers.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

TEST(Timers, NothingIsSetAtFirst) {
  const Timers timers;
  EXPECT_EQ(timers.earliest(), kNever);
  EXPECT_FALSE(timers.is_set(Timer::retransmit));
}

TEST(Timers, EarliestIsTheLeastOfAll) {
  Timers timers;
  timers.set(Timer::retransmit, Time(5s));
  timers.set(Timer::shed, Time(9s));
  timers.set(Timer::delayed_ack, Time(7s));
  EXPECT_EQ(timers.earliest(), Time(5s));
  timers.cancel(Timer::retransmit);
  EXPECT_EQ(timers.earliest(), Time(7s));
  timers.cancel_all();
  EXPECT_EQ(timers.earliest(), kNever);
}

TEST(Timers, NeverFireEarlyAndOnlyOnce) {
  Timers timers;
  timers.set(Timer::keepalive, Time(2h));
  EXPECT_FALSE(timers.take_due(Timer::keepalive, Time(2h) - 1ns));
  EXPECT_TRUE(timers.take_due(Timer::keepalive, Time(2h)));
  EXPECT_FALSE(timers.take_due(Timer::keepalive, Time(3h)));
}

TEST(Timers, UnsetOneIsNeverDue) {
  Timers timers;
  EXPECT_FALSE(timers.take_due(Timer::ending, kNever - 1ns));
}

TEST(Timers, SettingAgainMovesIt) {
  Timers timers;
  timers.set(Timer::probe, Time(1s));
  timers.set(Timer::probe, Time(3s));
  EXPECT_FALSE(timers.take_due(Timer::probe, Time(2s)));
  EXPECT_EQ(timers.deadline(Timer::probe), Time(3s));
}

}  // namespace
}  // namespace bowline::tcp
