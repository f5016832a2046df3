#include "bowline/scenario/thinned.hpp"

#include <gtest/gtest.h>

namespace bowline::scenario {
namespace {

struct Range {
  int begin;
  int end;
  void merge(const Range& later) { end = later.end; }
};

// Whatever is added, the entries cover all of it, in order, each as many as the stride says.
TEST(Thinned, CoversEverythingWithinItsBound) {
  for (const int count : {0, 1, 7, 8, 9, 16, 17, 100, 1'000, 12'345}) {
    Thinned<Range> series(8);
    for (int i = 0; i < count; ++i) series.add({i, i + 1});
    EXPECT_EQ(series.count(), static_cast<std::size_t>(count));
    EXPECT_LE(series.entries().size(), 8U);
    int next = 0;
    for (const Range& range : series.entries()) {
      EXPECT_EQ(range.begin, next) << count;
      const auto wide = static_cast<std::size_t>(range.end - range.begin);
      if (&range != &series.entries().back()) {
        EXPECT_EQ(wide, series.stride()) << count;
      }
      next = range.end;
    }
    EXPECT_EQ(next, count);
  }
}

}  // namespace
}  // namespace bowline::scenario
