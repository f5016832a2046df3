#include "bowline/trace/counters.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace bowline::trace {
namespace {

TEST(Counters, OnlyWhatHappenedInTheOrderOfTheTable) {
  ReasonCounters counters;
  counters.count(Reason::send_syn);
  counters.count(Reason::paws);
  counters.count(Reason::paws);
  EXPECT_EQ(counter_lines(counters), "paws 2\nsend_syn 1\n");
}

TEST(Counters, OrAllOfThem) {
  const std::string text = counter_lines(ReasonCounters{}, true);
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(text, '\n')), kReasonCount);
}

TEST(Counters, ForAPersonWithTheReason) {
  ReasonCounters counters;
  counters.count(Reason::paws);
  EXPECT_EQ(counter_table(counters),
            "           1  drop       paws                             "
            "timestamp older than the last one (PAWS) [RFC 7323 5.3]\n");
}

}  // namespace
}  // namespace bowline::trace
