#include "bowline/base/mul_div.hpp"

#include <gtest/gtest.h>

#include "bowline/base/random.hpp"

namespace bowline {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

static_assert(mul_div(7, 9, 4) == 15);
static_assert(mul_div(0, kMost, 1) == 0);
static_assert(mul_div(kMost, kMost, kMost) == kMost);
static_assert(mul_div(kMost, kMost - 1, kMost) == kMost - 1);
static_assert(mul_div(std::uint64_t{1} << 63, 6, 4) == 3 * (std::uint64_t{1} << 62));
// 100 Gbit/s for 60 s.
static_assert(mul_div(12'500'000'000, 60'000'000'000, 1'000'000'000) == 750'000'000'000);

TEST(MulDiv, SaturatesWhereTheResultHasNoRoom) {
  EXPECT_EQ(mul_div(kMost, 2, 1), kMost);
  EXPECT_EQ(mul_div(kMost, kMost, 1), kMost);
  EXPECT_EQ(mul_div(1, 1, 0), kMost);
}

// (q * c + r) / c is q again, whatever q and c, as long as r is below c: with b = 1 more of it.
TEST(MulDiv, UndoesAMultiplication) {
  Random random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t a = random.next() >> random.below(64);
    const std::uint64_t b = (random.next() >> random.below(64)) | 1;
    EXPECT_EQ(mul_div(a, b, b), a);
    EXPECT_EQ(mul_div(b, a, b), a);
  }
}

#ifdef __SIZEOF_INT128__
__extension__ using Wide = unsigned __int128;

TEST(MulDiv, IsWhatTheProcessorSays) {
  Random random(2);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t a = random.next() >> random.below(64);
    const std::uint64_t b = random.next() >> random.below(64);
    const std::uint64_t c = (random.next() >> random.below(64)) | 1;
    const Wide exact = Wide{a} * b / c;
    EXPECT_EQ(mul_div(a, b, c), exact > kMost ? kMost : static_cast<std::uint64_t>(exact));
  }
}
#endif

}  // namespace
}  // namespace bowline
