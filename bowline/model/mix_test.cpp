#include "bowline/model/mix.hpp"

#include <gtest/gtest.h>

#include <set>

namespace bowline::model {
namespace {

// A seed and a word that differ in the same bit once gave the same hash, and two hosts one state.
TEST(Mix, TheSeedAndTheWordsDoNotCancelOut) {
  EXPECT_NE(Mix(10).add(20).value(), Mix(11).add(21).value());
  EXPECT_NE(Mix(1).add(2).value(), Mix(2).add(1).value());
  EXPECT_NE(Mix(0).value(), Mix(0).add(0).value());
}

TEST(Mix, SmallTuplesAllDiffer) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t a = 0; a < 64; ++a) {
    for (std::uint64_t b = 0; b < 64; ++b) {
      for (std::uint64_t c = 0; c < 16; ++c) seen.insert(Mix(a).add(b).add(c).value());
    }
  }
  EXPECT_EQ(seen.size(), 64U * 64 * 16);
}

}  // namespace
}  // namespace bowline::model
