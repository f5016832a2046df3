#include "bowline/tcp/flood_watch.hpp"

#include <gtest/gtest.h>

#include "bowline/base/random.hpp"

namespace bowline::tcp {
namespace {

// So many SYNs without room within `during`, from sources drawn by `random`; how often it was told.
int syns(FloodWatch& watch, int count, Time& now, Duration during, Random& random) {
  int told = 0;
  for (int i = 0; i < count; ++i) {
    now += during / count;
    told += watch.syn(now, [&] { return random.next(); }) ? 1 : 0;
  }
  return told;
}

TEST(FloodWatch, AFloodIsToldOnceInAWindow) {
  FloodWatch watch;
  Random random(1);
  Time now(1h);
  EXPECT_EQ(syns(watch, 20'000, now, 5s, random), 1);
  EXPECT_TRUE(watch.flooded(now));
  EXPECT_EQ(watch.sources(), 64U) << "from everywhere";
  EXPECT_EQ(syns(watch, 20'000, now, 15s, random), 1) << "and again while it lasts";
  EXPECT_FALSE(watch.flooded(now + 30s));
}

TEST(FloodWatch, FewSourcesAreToldFromMany) {
  FloodWatch watch;
  Time now(1h);
  for (int i = 0; i < 2'000; ++i)
    static_cast<void>(watch.syn(now += 2ms, [] { return std::uint64_t{7}; }));
  EXPECT_TRUE(watch.flooded(now));
  EXPECT_EQ(watch.sources(), 1U);
}

// A thousand clients that come in the same moment find the queue full, get cookies and come in.
TEST(FloodWatch, ACrowdOfHonestClientsIsNoFlood) {
  FloodWatch watch;
  Random random(1);
  Time now(1h);
  int told = 0;
  for (int round = 0; round < 100; ++round) {
    told += syns(watch, 1'000, now, 50ms, random);
    now += 100ms;  // the round trip
    for (int i = 0; i < 1'000; ++i) watch.finished();
  }
  EXPECT_EQ(told, 0);
  EXPECT_FALSE(watch.flooded(now));
}

// It is the age of the SYNs that counts, not that of the window: one that came long before the
// crowd makes it no flood.
TEST(FloodWatch, ALoneSynBeforeACrowdChangesNothing) {
  FloodWatch watch;
  Random random(1);
  Time now(1h);
  EXPECT_EQ(syns(watch, 1, now, 1ms, random), 0);
  now += 5s;
  EXPECT_EQ(syns(watch, 120, now, 1ms, random), 0) << "they have had no time to answer";
  now += 100ms;
  for (int i = 0; i < 120; ++i) watch.finished();
  now += 3s;
  EXPECT_EQ(syns(watch, 1, now, 1ms, random), 0);
  EXPECT_FALSE(watch.flooded(now));
}

// And the same crowd without the answers is told as soon as their time is over.
TEST(FloodWatch, ACrowdThatNeverAnswersIsOne) {
  FloodWatch watch;
  Random random(1);
  Time now(1h);
  EXPECT_EQ(syns(watch, 120, now, 1ms, random), 0);
  now += 2s;
  EXPECT_EQ(syns(watch, 2, now, 1ms, random), 1);
}

// Even where every second one loses its ACK.
TEST(FloodWatch, ALossyPathIsNoFlood) {
  FloodWatch watch;
  Random random(1);
  Time now(1h);
  int told = 0;
  for (int round = 0; round < 100; ++round) {
    told += syns(watch, 100, now, 100ms, random);
    for (int i = 0; i < 60; ++i) watch.finished();
  }
  EXPECT_EQ(told, 0);
}

TEST(FloodWatch, AHandfulIsNone) {
  FloodWatch watch;
  Random random(1);
  Time now(1h);
  EXPECT_EQ(syns(watch, 99, now, 9s, random), 0);
}

}  // namespace
}  // namespace bowline::tcp
