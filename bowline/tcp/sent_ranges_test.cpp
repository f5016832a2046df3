#include "bowline/tcp/sent_ranges.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/base/testing/failing_memory.hpp"

namespace bowline::tcp {
namespace {

constexpr SeqNumber kStart(0xffff'fc00);  // the numbers wrap after 1024

SentRange at(Time sent_at) {
  SentRange range;
  range.sent_at = sent_at;
  return range;
}

class SentRangesTest : public ::testing::Test {
 protected:
  // Sends `count` ranges of 100 numbers, a second apart.
  void send(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(
          ranges_.sent(kStart + 100U * static_cast<std::uint32_t>(i), 100, at(Time(i * 1s))));
    }
  }
  testing::FailingMemory memory_;
  SentRanges ranges_{memory_, 64, 1};
};

TEST_F(SentRangesTest, CountsWhatIsOutstanding) {
  send(3);
  EXPECT_EQ(ranges_.outstanding(), 300U);
  EXPECT_EQ(ranges_.in_network(), 300U);
  EXPECT_FALSE(ranges_.empty());
}

TEST_F(SentRangesTest, AcknowledgmentTakesWholeRangesAway) {
  send(3);
  const AckedRanges acked = ranges_.acknowledge(kStart + 200);
  EXPECT_EQ(acked.bytes, 200U);
  EXPECT_EQ(acked.newly_delivered, 200U);
  EXPECT_EQ(ranges_.outstanding(), 100U);
  EXPECT_EQ(ranges_[ranges_.first()].start, kStart + 200);
}

TEST_F(SentRangesTest, AcknowledgmentInsideARangeCutsIt) {
  send(2);
  EXPECT_EQ(ranges_.acknowledge(kStart + 30).bytes, 30U);
  EXPECT_EQ(ranges_[ranges_.first()].start, kStart + 30);
  EXPECT_EQ(ranges_[ranges_.first()].length, 70U);
  EXPECT_EQ(ranges_.acknowledge(kStart + 30).bytes, 0U) << "nothing new";
}

// RFC 6298 section 3 (Karn), RFC 8985 6.2: the caller learns how each part was sent, once.
TEST_F(SentRangesTest, TellsHowWhatIsDeliveredWasSent) {
  send(3);
  ranges_.sent_again(ranges_.first(), 100, Time(9s));
  std::vector<std::pair<std::uint32_t, Time>> told;
  bool retransmitted = false;
  const auto note = [&](const Delivered& part) {
    told.emplace_back(distance(kStart, part.end), part.how.sent_at);
    retransmitted |= part.how.retransmitted();
  };
  static_cast<void>(ranges_.mark_sacked(kStart + 100, kStart + 200, note));
  EXPECT_FALSE(retransmitted);
  static_cast<void>(ranges_.acknowledge(kStart + 250, note));
  EXPECT_TRUE(retransmitted);
  const std::vector<std::pair<std::uint32_t, Time>> expected = {
      {200, Time(1s)}, {100, Time(9s)}, {250, Time(2s)}};
  EXPECT_EQ(told, expected);
}

// What is reported with every ACK must not be walked over with every ACK.
TEST_F(SentRangesTest, SackedNeighboursBecomeOneRange) {
  send(5);
  ranges_.mark_sacked(kStart + 100, kStart + 200);
  ranges_.mark_sacked(kStart + 300, kStart + 400);
  ranges_.mark_sacked(kStart + 200, kStart + 300);
  const std::uint32_t second = ranges_.next(ranges_.first());
  EXPECT_EQ(ranges_[second].start, kStart + 100);
  EXPECT_EQ(ranges_[second].length, 300U);
}

// RFC 8985 looks along the times of transmission.
TEST_F(SentRangesTest, OldestFollowsTheLastTransmission) {
  send(3);
  EXPECT_EQ(ranges_[ranges_.oldest()].start, kStart);
  ranges_.mark_lost(ranges_.oldest());
  EXPECT_EQ(ranges_[ranges_.oldest()].start, kStart + 100) << "what is lost is not in the network";
  ranges_.sent_again(ranges_.first_lost(), 100, Time(9s));
  ranges_.mark_sacked(kStart + 100, kStart + 200);
  EXPECT_EQ(ranges_[ranges_.oldest()].start, kStart + 200);
  ranges_.mark_lost(ranges_.oldest());
  EXPECT_EQ(ranges_[ranges_.oldest()].start, kStart) << "sent again last";
}

// An undone recovery puts back what was not sent again, where its time says.
TEST_F(SentRangesTest, WhatWasNotLostIsInTheNetworkAgain) {
  send(4);
  ranges_.mark_all_lost();
  ranges_.sent_again(ranges_.first_lost(), 100, Time(9s));
  ranges_.unmark_lost();
  EXPECT_EQ(ranges_.lost(), 0U);
  EXPECT_EQ(ranges_.in_network(), 400U);
  std::vector<std::uint32_t> order;
  while (ranges_.oldest() != SentRanges::kNone) {
    order.push_back(distance(kStart, ranges_[ranges_.oldest()].start));
    ranges_.mark_lost(ranges_.oldest());
  }
  EXPECT_EQ(order, (std::vector<std::uint32_t>{100, 200, 300, 0}));
}

TEST_F(SentRangesTest, FinIsAcknowledgedWithItsOwnNumberOnly) {
  SentRange how = at(Time(1s));
  how.fin = true;
  ASSERT_TRUE(ranges_.sent(kStart, 101, how));  // 100 bytes and the FIN
  EXPECT_FALSE(ranges_.acknowledge(kStart + 100).fin);
  EXPECT_TRUE(ranges_.acknowledge(kStart + 101).fin);
  EXPECT_TRUE(ranges_.empty());
}

// RFC 2018 section 3: what a block covers has left the network.
TEST_F(SentRangesTest, SackMarksWhatItCovers) {
  send(5);
  EXPECT_EQ(ranges_.mark_sacked(kStart + 200, kStart + 400), 200U);
  EXPECT_EQ(ranges_.sacked(), 200U);
  EXPECT_EQ(ranges_.in_network(), 300U);
  EXPECT_EQ(ranges_.mark_sacked(kStart + 200, kStart + 500), 100U) << "counted once";
  const AckedRanges acked = ranges_.acknowledge(kStart + 500);
  EXPECT_EQ(acked.bytes, 500U);
  EXPECT_EQ(acked.newly_delivered, 200U);
  EXPECT_EQ(ranges_.sacked(), 0U);
}

TEST_F(SentRangesTest, SackSplitsAtItsEdges) {
  send(1);
  EXPECT_EQ(ranges_.mark_sacked(kStart + 10, kStart + 20), 10U);
  EXPECT_EQ(ranges_.in_network(), 90U);
  const std::uint32_t second = ranges_.next(ranges_.first());
  EXPECT_EQ(ranges_[second].start, kStart + 10);
  EXPECT_EQ(ranges_[second].length, 10U);
  EXPECT_TRUE(ranges_[second].value.sacked);
}

// Where there is no room to split, the report counts for nothing rather than for too much.
TEST_F(SentRangesTest, SackWithoutRoomToSplitMarksNothing) {
  ranges_.set_limit(1);
  send(1);
  EXPECT_EQ(ranges_.mark_sacked(kStart + 10, kStart + 20), 0U);
  EXPECT_EQ(ranges_.in_network(), 100U);
}

// RFC 6298 5.4 and RFC 2018 section 8.
TEST_F(SentRangesTest, TimeoutHoldsAllForLost) {
  send(4);
  ranges_.mark_sacked(kStart + 100, kStart + 200);
  ranges_.mark_all_lost();
  EXPECT_EQ(ranges_.lost(), 300U) << "what was reported is not";
  EXPECT_EQ(ranges_.in_network(), 0U);
  ranges_.forget_sacks();
  ranges_.mark_all_lost();
  EXPECT_EQ(ranges_.lost(), 400U);
}

TEST_F(SentRangesTest, LostRangesAreFoundInOrder) {
  send(3);
  EXPECT_EQ(ranges_.first_lost(), SentRanges::kNone);
  ranges_.mark_all_lost();
  EXPECT_EQ(ranges_[ranges_.first_lost()].start, kStart);
  ranges_.sent_again(ranges_.first_lost(), 100, Time(9s));
  EXPECT_EQ(ranges_[ranges_.first_lost()].start, kStart + 100);
}

TEST_F(SentRangesTest, PartOfALostRangeIsSentAgain) {
  send(1);
  ranges_.mark_all_lost();
  EXPECT_TRUE(ranges_.sent_again(ranges_.first_lost(), 40, Time(9s)));
  EXPECT_EQ(ranges_.lost(), 60U);
  EXPECT_EQ(ranges_[ranges_.first_lost()].start, kStart + 40);
  EXPECT_EQ(ranges_[ranges_.first()].value.transmissions, 2);
}

TEST_F(SentRangesTest, FastRetransmitMarksOneSegment) {
  ASSERT_TRUE(ranges_.sent(kStart, 1'000, at(Time(0s))));
  EXPECT_EQ(ranges_.mark_first_lost(100), 100U);
  EXPECT_EQ(ranges_.lost(), 100U);
  EXPECT_EQ(ranges_.mark_first_lost(100), 0U) << "it is marked already";
}

TEST_F(SentRangesTest, FinAndPushStayWithTheEnd) {
  SentRange how = at(Time(0s));
  how.fin = how.pushed = true;
  ASSERT_TRUE(ranges_.sent(kStart, 101, how));
  ranges_.mark_all_lost();
  ranges_.sent_again(ranges_.first(), 40, Time(1s));
  EXPECT_FALSE(ranges_[ranges_.first()].value.fin || ranges_[ranges_.first()].value.pushed);
  const std::uint32_t last = ranges_.next(ranges_.first());
  EXPECT_TRUE(ranges_[last].value.fin && ranges_[last].value.pushed);
}

// TCP_INFO counts them among the lost: Linux's mark stays until they are acknowledged.
TEST_F(SentRangesTest, ARepairIsRememberedUntilItIsLostItself) {
  send(2);
  ranges_.mark_lost(ranges_.first());
  EXPECT_FALSE(ranges_[ranges_.first()].value.repaired);
  ASSERT_TRUE(ranges_.sent_again(ranges_.first(), 100, Time(5s)));
  EXPECT_TRUE(ranges_[ranges_.first()].value.repaired);
  ranges_.mark_lost(ranges_.first());
  EXPECT_FALSE(ranges_[ranges_.first()].value.repaired);
  // What a probe repeats was not held for lost.
  ASSERT_TRUE(ranges_.sent_again(ranges_.last(), 100, Time(6s)));
  EXPECT_FALSE(ranges_[ranges_.last()].value.repaired);
}

TEST_F(SentRangesTest, LimitStopsNewData) {
  ranges_.set_limit(2);
  send(2);
  EXPECT_FALSE(ranges_.has_room());
  EXPECT_FALSE(ranges_.sent(kStart + 200, 100, at(Time(9s))));
  EXPECT_EQ(ranges_.outstanding(), 200U);
}

TEST_F(SentRangesTest, FailingMemoryIsAnAnswer) {
  memory_.fail_at(0);
  EXPECT_FALSE(ranges_.sent(kStart, 100, at(Time(0s))));
  EXPECT_TRUE(ranges_.empty());
  EXPECT_TRUE(ranges_.sent(kStart, 100, at(Time(0s))));
}

// Against a map that knows each number by itself.
class Naive {
 public:
  struct Number {
    bool sacked = false;
    bool lost = false;
    int transmissions = 1;
  };
  std::map<std::uint32_t, Number> numbers;  // by distance from kStart

  std::uint32_t count(bool Number::* member) const {
    return static_cast<std::uint32_t>(
        std::ranges::count_if(numbers, [&](const auto& each) { return each.second.*member; }));
  }
};

void compare(const SentRanges& ranges, const Naive& naive) {
  ASSERT_EQ(ranges.outstanding(), naive.numbers.size());
  ASSERT_EQ(ranges.sacked(), naive.count(&Naive::Number::sacked));
  ASSERT_EQ(ranges.lost(), naive.count(&Naive::Number::lost));
  ASSERT_EQ(ranges.in_network(), ranges.outstanding() - ranges.sacked() - ranges.lost());
  auto expected = naive.numbers.begin();
  for (std::uint32_t id = ranges.first(); id != SentRanges::kNone; id = ranges.next(id)) {
    const auto& node = ranges[id];
    for (std::uint32_t i = 0; i < node.length; ++i, ++expected) {
      ASSERT_NE(expected, naive.numbers.end());
      ASSERT_EQ(distance(kStart, node.start + i), expected->first) << "a gap";
      ASSERT_EQ(node.value.sacked, expected->second.sacked);
      ASSERT_EQ(node.value.lost, expected->second.lost);
      // Merged ranges keep one count for all.
      if (node.value.sacked) continue;
      ASSERT_EQ(node.value.transmissions, expected->second.transmissions);
    }
  }
  // All that is in the network hangs in the list, by the time of its last transmission.
  std::uint32_t listed = 0;
  Time last{};
  for (std::uint32_t id = ranges.oldest(); id != SentRanges::kNone; id = ranges[id].value.newer) {
    ASSERT_TRUE(ranges[id].value.in_network());
    ASSERT_LE(last, ranges[id].value.sent_at);
    last = ranges[id].value.sent_at;
    listed += ranges[id].length;
  }
  ASSERT_EQ(listed, ranges.in_network());
}

TEST(SentRangesRandom, AgreesWithAMapOfNumbers) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    SentRanges ranges(heap_memory(), 4'096, seed);
    Naive naive;
    std::uint32_t una = 0;
    std::uint32_t nxt = 0;
    const auto pick = [&](std::uint32_t from, std::uint32_t to) {
      return from + static_cast<std::uint32_t>(random.below(to - from + 1));
    };
    for (int step = 0; step < 300; ++step) {
      const Time now(step * 1ms);
      switch (random.below(7)) {
        case 0:
        case 1: {
          const std::uint32_t length = pick(1, 20);
          if (nxt - una > 300) break;
          ASSERT_TRUE(ranges.sent(kStart + nxt, length, at(now)));
          for (std::uint32_t i = 0; i < length; ++i) naive.numbers[nxt++] = {};
          break;
        }
        case 2: {
          const std::uint32_t ack = pick(una, nxt);
          ASSERT_EQ(ranges.acknowledge(kStart + ack).bytes, ack - una);
          for (; una < ack; ++una) naive.numbers.erase(una);
          break;
        }
        case 3: {
          const std::uint32_t left = pick(una, nxt);
          const std::uint32_t right = pick(left, nxt);
          std::uint32_t newly = 0;
          for (std::uint32_t i = left; i < right; ++i) {
            Naive::Number& number = naive.numbers[i];
            newly += number.sacked ? 0U : 1U;
            number.sacked = true;
            number.lost = false;
          }
          ASSERT_EQ(ranges.mark_sacked(kStart + left, kStart + right), newly);
          break;
        }
        case 4:
          ranges.mark_all_lost();
          for (auto& [_, number] : naive.numbers) number.lost = !number.sacked;
          break;
        case 5:
          ranges.unmark_lost();
          for (auto& [_, number] : naive.numbers) number.lost = false;
          break;
        default: {
          const std::uint32_t id = ranges.first_lost();
          if (id == SentRanges::kNone) break;
          const std::uint32_t first = distance(kStart, ranges[id].start);
          const std::uint32_t length = pick(1, ranges[id].length);
          ASSERT_TRUE(ranges.sent_again(id, length, now));
          for (std::uint32_t i = first; i < first + length; ++i) {
            naive.numbers[i].lost = false;
            ++naive.numbers[i].transmissions;
          }
        }
      }
      ASSERT_NO_FATAL_FAILURE(compare(ranges, naive)) << "seed " << seed << " step " << step;
    }
  }
}

}  // namespace
}  // namespace bowline::tcp
