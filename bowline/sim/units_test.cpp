#include "bowline/sim/units.hpp"

#include <gtest/gtest.h>

namespace bowline::sim {
namespace {

TEST(SimUnits, ARateSaysHowLongBytesTake) {
  EXPECT_EQ((8_mbps).time_for(1'000), 1ms);
  EXPECT_EQ((1_gbps).time_for(1'500), 12us);
  EXPECT_EQ((64_kbps).time_for(8), 1ms);
}

TEST(SimUnits, TheTimeIsRoundedUpSoThatNoWireIsFasterThanItSays) {
  EXPECT_EQ(Rate{3'000'000'000}.time_for(1), 3ns);  // 2.67 ns
  EXPECT_EQ((100_gbps).time_for(1), 1ns);           // 0.08 ns
}

TEST(SimUnits, AGibibyteDoesNotOverflow) {
  EXPECT_EQ(Rate{8}.time_for(1U << 30), Duration(std::chrono::seconds(1 << 30)));
}

TEST(SimUnits, UnlimitedTakesNoTime) { EXPECT_EQ(Rate{}.time_for(65'535), 0ns); }

TEST(SimUnits, OnePercentIsAHundredth) {
  EXPECT_EQ((1_percent).probability, 0.01);
  EXPECT_EQ((0.5_percent).probability, 0.005);
  EXPECT_EQ((100_percent).probability, 1.0);
  EXPECT_EQ(2_KiB, 2'048U);
  EXPECT_EQ(1_MiB, 1'048'576U);
}

}  // namespace
}  // namespace bowline::sim
