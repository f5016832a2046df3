#include "bowline/sim/agenda.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bowline/base/random.hpp"

namespace bowline::sim {
namespace {

/// An agenda whose parties are letters.
struct Letters {
  Letters() {
    for (int i = 0; i < 26; ++i) (void)agenda.add();
  }
  void plan(char party, Time at, Turn turn, std::uint64_t order) {
    agenda.plan(static_cast<Party>(party - 'a'), at, Agenda::rank_of(turn, order));
  }
  std::string drain() {
    std::string order;
    while (!agenda.empty()) {
      order += static_cast<char>('a' + static_cast<int>(agenda.next().party));
      agenda.plan(agenda.next().party, kNever, 0);
    }
    return order;
  }
  Agenda agenda;
};

TEST(Agenda, TheEarliestGoesFirst) {
  Letters letters;
  letters.plan('c', Time{3ms}, Turn::frame, 1);
  letters.plan('a', Time{1ms}, Turn::call, 2);
  letters.plan('b', Time{2ms}, Turn::timer, 3);
  EXPECT_EQ(letters.agenda.next().at, Time{1ms});
  EXPECT_EQ(letters.drain(), "abc");
}

// DESIGN section 3: ties are ordered frames, timers, calls.
TEST(Agenda, AtOneInstantFramesComeBeforeTimersBeforeCalls) {
  Letters letters;
  letters.plan('c', Time{1ms}, Turn::call, 1);
  letters.plan('t', Time{1ms}, Turn::timer, 2);
  letters.plan('f', Time{1ms}, Turn::frame, 3);
  EXPECT_EQ(letters.drain(), "ftc");
}

TEST(Agenda, EqualsGoInTheOrderOfPlanning) {
  Letters letters;
  for (char c = 'a'; c <= 'z'; ++c) {
    letters.plan(c, Time{1ms}, Turn::frame, static_cast<std::uint64_t>('z' - c));
  }
  EXPECT_EQ(letters.drain(), "zyxwvutsrqponmlkjihgfedcba");
}

TEST(Agenda, APartyStandsThereOnce) {
  Letters letters;
  letters.plan('a', Time{1ms}, Turn::frame, 1);
  letters.plan('b', Time{2ms}, Turn::frame, 2);
  letters.plan('a', Time{3ms}, Turn::frame, 3);
  EXPECT_EQ(letters.agenda.planned(static_cast<Party>(0)).at, Time{3ms});
  EXPECT_EQ(letters.drain(), "ba");
  EXPECT_EQ(letters.agenda.planned(static_cast<Party>(0)).at, kNever);
}

TEST(Agenda, ACopyGoesOnTheSameWay) {
  Letters letters;
  letters.plan('a', Time{1ms}, Turn::frame, 1);
  Letters copy = letters;
  letters.plan('b', Time{1ms}, Turn::frame, 2);
  copy.plan('c', Time{1ms}, Turn::frame, 3);
  EXPECT_EQ(letters.drain(), "ab");
  EXPECT_EQ(copy.drain(), "ac");
}

// Against a sorted list: plans, changes and takings-out at random.
TEST(Agenda, KeepsTheOrderOfASortedList) {
  constexpr std::size_t kParties = 300;
  Random random(1);
  Agenda agenda;
  std::vector<Agenda::Entry> expected(kParties);
  for (std::size_t i = 0; i < kParties; ++i) expected[i].party = agenda.add();
  for (std::uint64_t order = 1; order < 20'000; ++order) {
    Agenda::Entry& entry = expected[random.index(kParties)];
    entry.at = random.below(4) == 0 ? kNever : Time(Duration(random.below(50)));
    entry.rank = Agenda::rank_of(static_cast<Turn>(random.below(3)), order);
    agenda.plan(entry.party, entry.at, entry.rank);
    const auto& first = *std::min_element(expected.begin(), expected.end(),
                                          [](const Agenda::Entry& a, const Agenda::Entry& b) {
                                            return a.at != b.at ? a.at < b.at : a.rank < b.rank;
                                          });
    if (first.at == kNever) {
      ASSERT_TRUE(agenda.empty());
      continue;
    }
    ASSERT_EQ(agenda.next().party, first.party) << "after " << order;
    ASSERT_EQ(agenda.next().at, first.at);
  }
}

}  // namespace
}  // namespace bowline::sim
