#include "bowline/ip/routes.hpp"

#include <gtest/gtest.h>

#include "bowline/base/testing/failing_memory.hpp"

namespace bowline::ip {
namespace {

Route route(std::string_view destination, std::uint8_t interface) {
  return {*Cidr::parse(destination), InterfaceId{interface}, std::nullopt};
}

class RoutesTest : public ::testing::Test {
 protected:
  int interface_to(std::string_view destination) {
    const Route* found = table_.find(*IpAddress::parse(destination));
    return found == nullptr ? -1 : static_cast<int>(found->interface);
  }
  testing::FailingMemory memory_;
  RouteTable table_{memory_, 8};
};

// RFC 1812 5.2.4.3 rule 2: the longest match, in whatever order they were added.
TEST_F(RoutesTest, LongestPrefixWins) {
  ASSERT_TRUE(table_.add(route("0.0.0.0/0", 0)));
  ASSERT_TRUE(table_.add(route("10.1.2.3/32", 3)));
  ASSERT_TRUE(table_.add(route("10.0.0.0/8", 1)));
  ASSERT_TRUE(table_.add(route("10.1.0.0/16", 2)));
  EXPECT_EQ(interface_to("10.1.2.3"), 3);
  EXPECT_EQ(interface_to("10.1.2.4"), 2);
  EXPECT_EQ(interface_to("10.2.0.1"), 1);
  EXPECT_EQ(interface_to("11.0.0.1"), 0);
}

TEST_F(RoutesTest, AmongEqualsTheFirst) {
  ASSERT_TRUE(table_.add(route("10.0.0.0/8", 4)));
  ASSERT_TRUE(table_.add(route("10.0.0.0/8", 5)));
  EXPECT_EQ(interface_to("10.0.0.1"), 4);
}

TEST_F(RoutesTest, FamiliesAreSeparate) {
  ASSERT_TRUE(table_.add(route("::/0", 6)));
  EXPECT_EQ(interface_to("10.0.0.1"), -1);
  EXPECT_EQ(interface_to("2001:db8::1"), 6);
}

TEST_F(RoutesTest, NoRouteIsAnAnswer) { EXPECT_EQ(interface_to("10.0.0.1"), -1); }

TEST_F(RoutesTest, AreBounded) {
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(table_.add(route("10.0.0.0/8", 0)));
  const Status ninth = table_.add(route("10.0.0.0/8", 0));
  ASSERT_FALSE(ninth);
  EXPECT_EQ(ninth.error(), std::errc::not_enough_memory);
}

TEST_F(RoutesTest, FailingMemoryIsAnAnswer) {
  memory_.fail_from(0);
  EXPECT_FALSE(table_.add(route("10.0.0.0/8", 0)));
  EXPECT_EQ(interface_to("10.0.0.1"), -1);
}

}  // namespace
}  // namespace bowline::ip
