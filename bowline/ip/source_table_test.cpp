#include "bowline/ip/source_table.hpp"

#include <gtest/gtest.h>

#include "bowline/base/testing/failing_memory.hpp"

namespace bowline::ip {
namespace {

const IpAddress kHost = IpAddress::v4(0x0a000001);

IpAddress v6(const char* text) { return *IpAddress::parse(text); }

TEST(Source, IsAHostOfIpv4AndANetworkOfIpv6) {
  const SourcePrefix prefix{Limits{}};
  EXPECT_EQ(prefix.of(kHost), kHost);
  EXPECT_EQ(prefix.of(v6("2001:db8:1:2:3:4:5:6")), v6("2001:db8:1:2::"));
}

TEST(Source, HasAsManyBitsAsIsSaid) {
  EXPECT_EQ(prefix_of(IpAddress::v4(0x0a0b0cff), 24), IpAddress::v4(0x0a0b0c00));
  EXPECT_EQ(prefix_of(IpAddress::v4(0x0a0b0cff), 27), IpAddress::v4(0x0a0b0ce0));
  EXPECT_EQ(prefix_of(IpAddress::v4(0x0a0b0cff), 0), IpAddress::v4(0));
  EXPECT_EQ(prefix_of(IpAddress::v4(0x0a0b0cff), 200), IpAddress::v4(0x0a0b0cff));
  EXPECT_EQ(prefix_of(v6("2001:db8:ffff::1"), 36), v6("2001:db8:f000::"));
  EXPECT_EQ(prefix_of(v6("2001:db8::1"), 128), v6("2001:db8::1"));
}

TEST(SourceTable, CountsEachKindForItself) {
  SourceTable table(heap_memory(), Limits{}, {1, 2});
  EXPECT_EQ(table.count(kHost, Holding::connection), 0U);
  ASSERT_TRUE(table.add(kHost, Holding::connection));
  ASSERT_TRUE(table.add(kHost, Holding::connection));
  ASSERT_TRUE(table.add(kHost, Holding::half_open));
  EXPECT_EQ(table.count(kHost, Holding::connection), 2U);
  EXPECT_EQ(table.count(kHost, Holding::half_open), 1U);
  EXPECT_EQ(table.count(IpAddress::v4(0x0a000002), Holding::connection), 0U);
}

TEST(SourceTable, TheAddressesOfANetworkCountTogether) {
  SourceTable table(heap_memory(), Limits{}, {1, 2});
  ASSERT_TRUE(table.add(v6("2001:db8::1"), Holding::half_open));
  ASSERT_TRUE(table.add(v6("2001:db8::2"), Holding::half_open));
  ASSERT_TRUE(table.add(v6("2001:db8:0:1::1"), Holding::half_open));
  EXPECT_EQ(table.count(v6("2001:db8::3"), Holding::half_open), 2U);
  EXPECT_EQ(table.size(), 2U);
}

// Who holds nothing takes no memory.
TEST(SourceTable, ForgetsWhoHoldsNothing) {
  SourceTable table(heap_memory(), Limits{}, {1, 2});
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(table.add(IpAddress::v4(0x0a000000 + i), Holding::half_open));
  }
  EXPECT_EQ(table.size(), 1'000U);
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    table.remove(IpAddress::v4(0x0a000000 + i), Holding::half_open);
  }
  EXPECT_EQ(table.size(), 0U);
}

TEST(SourceTable, SaysNoWithoutMemory) {
  testing::FailingMemory memory;
  {
    SourceTable table(memory, Limits{}, {1, 2});
    memory.fail_from(0);
    EXPECT_FALSE(table.add(kHost, Holding::connection));
    EXPECT_EQ(table.count(kHost, Holding::connection), 0U);
    table.remove(kHost, Holding::connection);  // nothing to take away
    memory.fail_never();
    EXPECT_TRUE(table.add(kHost, Holding::connection));
  }
  EXPECT_EQ(memory.live_blocks(), 0U);
}

}  // namespace
}  // namespace bowline::ip
