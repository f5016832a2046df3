#include "bowline/sim/event_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bowline::sim {
namespace {

std::string drain(EventQueue<char> queue) {
  std::string order;
  while (!queue.empty()) order += queue.take().what;
  return order;
}

TEST(EventQueue, TheEarliestGoesFirst) {
  EventQueue<char> queue;
  queue.plan(Time{3ms}, Turn::frame, 'c');
  queue.plan(Time{1ms}, Turn::call, 'a');
  queue.plan(Time{2ms}, Turn::timer, 'b');
  EXPECT_EQ(queue.next(), Time{1ms});
  EXPECT_EQ(drain(queue), "abc");
}

// DESIGN section 3: ties are ordered frames, timers, calls.
TEST(EventQueue, AtOneInstantFramesComeBeforeTimersBeforeCalls) {
  EventQueue<char> queue;
  queue.plan(Time{1ms}, Turn::call, 'c');
  queue.plan(Time{1ms}, Turn::timer, 't');
  queue.plan(Time{1ms}, Turn::frame, 'f');
  EXPECT_EQ(drain(queue), "ftc");
}

TEST(EventQueue, EqualsGoInTheOrderOfPlanning) {
  EventQueue<char> queue;
  std::string expected;
  for (char c = 'a'; c <= 'z'; ++c) {
    queue.plan(Time{1ms}, Turn::frame, c);
    expected += c;
  }
  EXPECT_EQ(drain(queue), expected);
}

TEST(EventQueue, ACopyGoesOnTheSameWay) {
  EventQueue<char> queue;
  queue.plan(Time{1ms}, Turn::frame, 'a');
  EventQueue<char> copy = queue;
  queue.plan(Time{1ms}, Turn::frame, 'b');
  copy.plan(Time{1ms}, Turn::frame, 'c');
  EXPECT_EQ(drain(queue), "ab");
  EXPECT_EQ(drain(copy), "ac");
}

TEST(EventQueue, EmptyMeansNever) {
  EXPECT_EQ(EventQueue<char>().next(), kNever);
  EXPECT_TRUE(EventQueue<char>().empty());
}

}  // namespace
}  // namespace bowline::sim
