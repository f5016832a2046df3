#include "bowline/sim/unit_text.hpp"

#include <gtest/gtest.h>

namespace bowline::sim {
namespace {

TEST(UnitText, ReadsRates) {
  EXPECT_EQ(parse_rate("10mbit"), 10_mbps);
  EXPECT_EQ(parse_rate("2.5gbit"), 2500_mbps);
  EXPECT_EQ(parse_rate("64kbit"), 64_kbps);
  EXPECT_EQ(parse_rate("9600bit"), Rate{9'600});
  EXPECT_EQ(parse_rate("1000gbit"), 1000_gbps);
  EXPECT_EQ(parse_rate("unlimited"), Rate{});
}

TEST(UnitText, RefusesRatesThatAreNone) {
  for (const auto* text : {"", "10", "0mbit", "mbit", "10 mbit", "10Mbit", "10mbps", "-1mbit",
                           "1e3mbit", "1001gbit", "0.5bit", ".5mbit", "5.mbit", "1.2.3mbit",
                           "99999999999999999999bit", "10mbitx", "unlimited "}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
}

TEST(UnitText, ReadsDurationsExactly) {
  EXPECT_EQ(parse_duration("10ms"), 10ms);
  EXPECT_EQ(parse_duration("0.25ms"), 250us);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("7ns"), 7ns);
  EXPECT_EQ(parse_duration("0"), 0ns);
  EXPECT_EQ(parse_duration("3600s"), 3600s);
  for (const auto* text : {"", "10", "1.5ns", "3601s", "1min", "-1ms", "1e3ms"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(UnitText, ReadsChancesInPercent) {
  EXPECT_EQ(parse_chance("1%"), 1_percent);
  EXPECT_EQ(parse_chance("0.1%"), 0.1_percent);
  EXPECT_EQ(parse_chance("100%"), 100_percent);
  EXPECT_EQ(parse_chance("0"), Chance{});
  // 1 could be one percent or certainty: it takes the sign.
  for (const auto* text : {"", "1", "0.01", "101%", "100.000001%", "-1%", "%"}) {
    EXPECT_FALSE(parse_chance(text)) << text;
  }
}

TEST(UnitText, ReadsSizes) {
  EXPECT_EQ(parse_size("1500"), 1'500U);
  EXPECT_EQ(parse_size("64KiB"), 64_KiB);
  EXPECT_EQ(parse_size("0.5KiB"), 512U);
  EXPECT_EQ(parse_size("100kB"), 100'000U);
  EXPECT_EQ(parse_size("1024MiB"), 1'073'741'824U);
  for (const auto* text : {"", "1025MiB", "1GB", "1.5", "0.1KiB", "-1", "64K"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(UnitText, ReadsQueues) {
  using Unit = QueueLength::Unit;
  EXPECT_EQ(parse_queue("bdp"), (QueueLength{Unit::round_trips, 1}));
  EXPECT_EQ(parse_queue("2bdp"), (QueueLength{Unit::round_trips, 2}));
  EXPECT_EQ(parse_queue("100packets"), (QueueLength{Unit::packets, 100}));
  EXPECT_EQ(parse_queue("256KiB"), (QueueLength{Unit::bytes, 256_KiB}));
  for (const auto* text : {"", "0", "0bdp", "0packets", "1packet", "0.5bdp", "-1"}) {
    EXPECT_FALSE(parse_queue(text)) << text;
  }
}

TEST(UnitText, AQueueOfRoundTripsIsTheBandwidthDelayProduct) {
  const QueueLength one{QueueLength::Unit::round_trips, 1};
  EXPECT_EQ(one.bytes(100_mbps, 1500, 20ms), 250'000U);
  EXPECT_EQ((QueueLength{QueueLength::Unit::round_trips, 2}.bytes(100_mbps, 1500, 20ms)), 500'000U);
  EXPECT_EQ(one.bytes(10_mbps, 1500, 1ms), 16 * 1500U);  // and not 1250 bytes
  EXPECT_EQ(one.bytes(Rate{}, 1500, 20ms), 16 * 1500U);
  EXPECT_EQ(one.bytes(1000_gbps, 1500, 3600s), 1'073'741'824U);
  EXPECT_EQ((QueueLength{QueueLength::Unit::packets, 100}.bytes(Rate{}, 1500, 0ms)), 150'000U);
  EXPECT_EQ((QueueLength{QueueLength::Unit::bytes, 999}.bytes(Rate{}, 1500, 0ms)), 999U);
}

}  // namespace
}  // namespace bowline::sim
