#include "bowline/base/range_map.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "bowline/base/testing/failing_memory.hpp"

namespace bowline {
namespace {

using testing::FailingMemory;

class RangeMapTest : public ::testing::Test {
 protected:
  using Map = RangeMap<int>;
  void TearDown() override {
    EXPECT_EQ(memory_.live_blocks(), 0U);
    EXPECT_EQ(memory_.mismatches(), 0U);
  }
  // "start+length=value" for each range in order, starts relative to `base`; forwards and backwards
  // the same.
  static std::string text(const Map& map, SeqNumber base = SeqNumber(0)) {
    std::string forward;
    for (std::uint32_t id = map.first(); id != Map::kNone; id = map.next(id)) {
      forward += describe(map[id], base) + " ";
    }
    std::string backward;
    for (std::uint32_t id = map.last(); id != Map::kNone; id = map.prev(id)) {
      backward = describe(map[id], base) + " " + backward;
    }
    EXPECT_EQ(forward, backward);
    EXPECT_TRUE(map.consistent());
    if (!forward.empty()) forward.pop_back();
    return forward;
  }
  static std::string describe(const Map::Node& node, SeqNumber base) {
    return std::to_string(node.start - base) + "+" + std::to_string(node.length) + "=" +
           std::to_string(node.value);
  }
  FailingMemory memory_;
};

TEST_F(RangeMapTest, EmptyHoldsNothing) {
  const Map map(memory_, 10, 1);
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.first(), Map::kNone);
  EXPECT_EQ(map.last(), Map::kNone);
  EXPECT_EQ(map.at_or_after(SeqNumber(5)), Map::kNone);
  EXPECT_EQ(memory_.requests(), 0U);
}

TEST_F(RangeMapTest, KeepsRangesInOrder) {
  Map map(memory_, 10, 1);
  EXPECT_NE(map.insert(SeqNumber(100), 10, 1), Map::kNone);
  EXPECT_NE(map.insert(SeqNumber(50), 10, 2), Map::kNone);
  EXPECT_NE(map.insert(SeqNumber(60), 40, 3), Map::kNone);
  EXPECT_EQ(text(map), "50+10=2 60+40=3 100+10=1");
}

TEST_F(RangeMapTest, RefusesOverlapsAndEmptyRanges) {
  Map map(memory_, 10, 1);
  map.insert(SeqNumber(100), 10, 1);
  map.insert(SeqNumber(120), 10, 2);
  for (const auto& [start, length] : {std::pair{100U, 10U},
                                      {95U, 6U},
                                      {109U, 1U},
                                      {109U, 100U},
                                      {90U, 100U},
                                      {110U, 11U},
                                      {104U, 2U},
                                      {129U, 5U},
                                      {115U, 0U}}) {
    EXPECT_EQ(map.insert(SeqNumber(start), length, 9), Map::kNone) << start << "+" << length;
  }
  EXPECT_EQ(text(map), "100+10=1 120+10=2");
  EXPECT_NE(map.insert(SeqNumber(110), 10, 3), Map::kNone) << "touching is no overlap";
}

TEST_F(RangeMapTest, FindsByNumber) {
  Map map(memory_, 10, 1);
  const std::uint32_t a = map.insert(SeqNumber(100), 10, 1);
  const std::uint32_t b = map.insert(SeqNumber(120), 10, 2);
  EXPECT_EQ(map.at_or_after(SeqNumber(0)), a);
  EXPECT_EQ(map.at_or_after(SeqNumber(109)), a);
  EXPECT_EQ(map.at_or_after(SeqNumber(110)), b);
  EXPECT_EQ(map.at_or_after(SeqNumber(129)), b);
  EXPECT_EQ(map.at_or_after(SeqNumber(130)), Map::kNone);
  EXPECT_EQ(map.find(SeqNumber(99)), Map::kNone);
  EXPECT_EQ(map.find(SeqNumber(100)), a);
  EXPECT_EQ(map.find(SeqNumber(110)), Map::kNone);
  EXPECT_EQ(map.find(SeqNumber(125)), b);
}

TEST_F(RangeMapTest, SplitMakesTwo) {
  Map map(memory_, 10, 1);
  const std::uint32_t first = map.insert(SeqNumber(100), 10, 7);
  map.insert(SeqNumber(200), 10, 8);
  const std::uint32_t second = map.split(first, SeqNumber(104));
  EXPECT_EQ(text(map), "100+4=7 104+6=7 200+10=8");
  EXPECT_EQ(map.next(first), second);
  for (const std::uint32_t outside : {100U, 99U, 104U, 105U}) {
    EXPECT_EQ(map.split(first, SeqNumber(outside)), Map::kNone) << outside;
  }
}

struct Text {
  std::string text;
  Text split_off(std::uint32_t offset) {
    Text rest{text.substr(offset)};
    text.resize(offset);
    return rest;
  }
};

TEST_F(RangeMapTest, SplitDividesAValueThatCanBeDivided) {
  RangeMap<Text> map(memory_, 10, 1);
  const std::uint32_t first = map.insert(SeqNumber(0), 8, Text{"abcdefgh"});
  const std::uint32_t second = map.split(first, SeqNumber(3));
  EXPECT_EQ(map[first].value.text, "abc");
  EXPECT_EQ(map[second].value.text, "defgh");
}

TEST_F(RangeMapTest, StopsAtItsLimit) {
  Map map(memory_, 2, 1);
  const std::uint32_t a = map.insert(SeqNumber(0), 10, 1);
  EXPECT_NE(map.insert(SeqNumber(10), 10, 2), Map::kNone);
  EXPECT_EQ(map.insert(SeqNumber(20), 10, 3), Map::kNone);
  EXPECT_EQ(map.split(a, SeqNumber(5)), Map::kNone);
  EXPECT_EQ(text(map), "0+10=1 10+10=2");
  map.set_limit(3);
  EXPECT_NE(map.split(a, SeqNumber(5)), Map::kNone);
}

// Many maps draw on one account. Who comes late gets as much as everybody may have, and all comes
// back.
TEST_F(RangeMapTest, ManyMapsShareABudget) {
  RangeBudget budget(1'024);
  const auto fill = [](Map& map, std::uint32_t count) {
    std::uint32_t filled = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool had_room = map.has_room();
      const bool done = map.insert(SeqNumber(4 * i), 2, 0) != Map::kNone;
      EXPECT_EQ(done, had_room);
      filled += done ? 1 : 0;
    }
    return filled;
  };
  {
    std::vector<Map> maps;
    for (std::uint64_t i = 0; i < 20; ++i) maps.emplace_back(memory_, 10'000U, i, &budget);
    EXPECT_EQ(fill(maps[0], 5'000), 1'024U);
    for (std::size_t i = 1; i < maps.size(); ++i) {
      EXPECT_EQ(fill(maps[i], 100), RangeBudget::kEach);
      EXPECT_EQ(maps[i].split(maps[i].first(), SeqNumber(1)), Map::kNone);
    }
    EXPECT_EQ(budget.used(), 1'024U + 19 * RangeBudget::kEach);
    // What one gives back another gets, and a map that comes from elsewhere is counted.
    maps[0].clear();
    Map other(memory_, 10'000, 99);
    EXPECT_EQ(fill(other, 256), 256U);
    other.set_budget(&budget);
    EXPECT_EQ(budget.used(), 256U + 19 * RangeBudget::kEach);
    maps.clear();
    EXPECT_EQ(budget.used(), 256U);
    maps.push_back(std::move(other));
    EXPECT_EQ(budget.used(), 256U) << "moving changes nothing";
  }
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(RangeMapTest, NoMemoryAtAnyPointLeavesItAsItWas) {
  for (std::uint64_t fail_at = 0; fail_at < 6; ++fail_at) {
    Map map(memory_, 1'000, 1);
    memory_.fail_at(fail_at);
    std::uint32_t in = 0;
    for (std::uint32_t i = 0; i < 100; ++i) {
      in += map.insert(SeqNumber(i * 7919 % 1000 * 10), 10, 0) != Map::kNone ? 1U : 0U;
      ASSERT_TRUE(map.consistent());
    }
    EXPECT_EQ(map.size(), in);
    EXPECT_GE(in, 99U);
  }
}

// An idle connection owns no buffers (DESIGN section 4).
TEST_F(RangeMapTest, GivesItsMemoryBackWhenEmpty) {
  Map map(memory_, 1'000, 1);
  std::vector<std::uint32_t> ids;
  for (std::uint32_t i = 0; i < 100; ++i) ids.push_back(map.insert(SeqNumber(i * 10), 10, 0));
  EXPECT_EQ(map.bytes_held(), memory_.live_bytes());
  for (const std::uint32_t id : ids) map.erase(id);
  EXPECT_EQ(map.bytes_held(), 0U);
  EXPECT_EQ(memory_.live_bytes(), 0U);
  map.erase(map.insert(SeqNumber(5), 5, 0));
  EXPECT_GT(map.bytes_held(), 0U) << "a small one stays for the next range";
  map.release_if_empty();
  EXPECT_EQ(memory_.live_bytes(), 0U);
}

TEST_F(RangeMapTest, MovingTakesAllAlong) {
  Map map(memory_, 10, 1);
  map.insert(SeqNumber(1), 2, 3);
  Map moved = std::move(map);
  Map third(memory_, 10, 2);
  third.insert(SeqNumber(9), 9, 9);
  third = std::move(moved);
  EXPECT_EQ(text(third), "1+2=3");
}

// Random operations beside std::map, at both ends of the number space. The model counts from
// `base`.
class RangeMapModelTest : public RangeMapTest, public ::testing::WithParamInterface<std::uint32_t> {
 protected:
  struct Range {
    std::uint32_t length;
    int value;
    std::uint32_t id;
  };
  [[nodiscard]] bool overlaps(std::uint32_t start, std::uint32_t length) const {
    const auto after = model_.lower_bound(start + length);
    return after != model_.begin() &&
           std::prev(after)->first + std::prev(after)->second.length > start;
  }
  [[nodiscard]] std::map<std::uint32_t, Range>::iterator at_or_after(std::uint32_t at) {
    auto found = model_.upper_bound(at);
    if (found != model_.begin() && std::prev(found)->first + std::prev(found)->second.length > at) {
      --found;
    }
    return found;
  }
  std::map<std::uint32_t, Range> model_;
};

TEST_P(RangeMapModelTest, BehavesLikeAMap) {
  const SeqNumber base(GetParam());
  Random random(41);
  Map map(memory_, 400, random.next());
  for (int step = 0; step < 20'000; ++step) {
    const auto at = static_cast<std::uint32_t>(random.below(20'000));
    const auto length = static_cast<std::uint32_t>(1 + random.below(40));
    switch (random.below(5)) {
      case 0:
      case 1:
      case 2: {
        const std::uint32_t id = map.insert(base + at, length, step);
        const bool possible = model_.size() < 400 && !overlaps(at, length);
        ASSERT_EQ(id != Map::kNone, possible) << step;
        if (possible) model_[at] = {length, step, id};
        break;
      }
      case 3: {
        const auto victim = at_or_after(at);
        const std::uint32_t id = map.at_or_after(base + at);
        ASSERT_EQ(id, victim == model_.end() ? Map::kNone : victim->second.id);
        if (victim == model_.end()) break;
        map.erase(id);
        model_.erase(victim);
        break;
      }
      default: {
        const auto found = at_or_after(at);
        if (found == model_.end() || found->first >= at || model_.size() == 400) break;
        const std::uint32_t second = map.split(found->second.id, base + at);
        ASSERT_NE(second, Map::kNone);
        const std::uint32_t first_length = at - found->first;
        model_[at] = {found->second.length - first_length, found->second.value, second};
        found->second.length = first_length;
      }
    }
    ASSERT_EQ(map.size(), model_.size());
    if (step % 200 != 0) continue;
    std::string expected;
    for (const auto& [start, range] : model_) {
      if (!expected.empty()) expected += " ";
      expected += std::to_string(start) + "+" + std::to_string(range.length) + "=" +
                  std::to_string(range.value);
    }
    ASSERT_EQ(text(map, base), expected);
  }
}
INSTANTIATE_TEST_SUITE_P(Bases, RangeMapModelTest,
                         ::testing::Values(0U, 0xffffd8f0U, 0x7fffff00U, 0x80000000U));

}  // namespace
}  // namespace bowline
