#include "bowline/sim/codel.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bowline::sim {
namespace {

using Verdict = CodelState::Verdict;

constexpr Codel kDefaults{};
constexpr std::uint64_t kBacklog = 100'000;
constexpr std::uint32_t kLargest = 1'500;

/// Asks for a packet each millisecond, every one of which has waited for `sojourn`; returns in
/// which millisecond CoDel dropped one. After a drop the next packet is looked at in the same.
std::vector<int> drops(CodelState& state, int from, int until, Duration sojourn,
                       std::uint64_t backlog = kBacklog) {
  std::vector<int> dropped;
  for (int ms = from; ms < until; ++ms) {
    while (state.judge(kDefaults, Time{1ms * ms}, sojourn, backlog, kLargest) == Verdict::drop) {
      dropped.push_back(ms);
    }
  }
  return dropped;
}

TEST(CodelRfc8289, ADelayBelowTheTargetIsFine) {
  CodelState state;
  EXPECT_TRUE(drops(state, 0, 1'000, 4'999us).empty());
}

// Section 5.5 (dodequeue): dropping begins when the delay has stood for an interval. Section 5.3:
// then each interval / sqrt(count).
TEST(CodelRfc8289, AStandingDelayIsDroppedEverFaster) {
  CodelState state;
  // 100; +100 = 200; +100/sqrt(2) = 270.7; +57.7 = 328.4; +50 = 378.4; +44.7 = 423.2; +40.8 = 464;
  // +37.8 = 501.8: each at the next whole millisecond.
  EXPECT_EQ(drops(state, 0, 502, 10ms), (std::vector<int>{100, 200, 271, 329, 379, 424, 464}));
  EXPECT_TRUE(state.dropping());
}

TEST(CodelRfc8289, OnePacketBelowTheTargetEndsIt) {
  CodelState state;
  EXPECT_EQ(drops(state, 0, 300, 10ms).size(), 3U);
  EXPECT_TRUE(drops(state, 300, 301, 1ms).empty());
  EXPECT_FALSE(state.dropping());
  EXPECT_TRUE(drops(state, 301, 401, 10ms).empty()) << "a whole interval again";
}

// Section 5.5: with no more than one largest packet in the queue there is nothing to gain.
TEST(CodelRfc8289, TheLastPacketIsNotDropped) {
  CodelState state;
  EXPECT_TRUE(drops(state, 0, 1'000, 10ms, kLargest).empty());
}

// Section 5.4: a dropping state soon after another one begins with its rate.
TEST(CodelRfc8289, ItGoesOnWhereItLeftOff) {
  CodelState state;
  EXPECT_EQ(drops(state, 0, 502, 10ms).size(), 7U);
  EXPECT_TRUE(drops(state, 502, 503, 1ms).empty());
  // count was 7 and began with 1: it goes on with 6. 603, +100/sqrt(6) = 643.8, +37.8 = 681.6.
  EXPECT_EQ(drops(state, 503, 690, 10ms), (std::vector<int>{603, 644, 682}));
}

TEST(CodelRfc8289, MarksComeAtTheTimesOfDrops) {
  CodelState dropping;
  CodelState marking;
  std::vector<int> marks;
  for (int ms = 0; ms < 502; ++ms) {
    if (marking.judge(kDefaults, Time{1ms * ms}, 10ms, kBacklog, kLargest) == Verdict::drop) {
      marking.marked(kDefaults);
      marks.push_back(ms);
    }
  }
  EXPECT_EQ(marks, drops(dropping, 0, 502, 10ms));
}

}  // namespace
}  // namespace bowline::sim
