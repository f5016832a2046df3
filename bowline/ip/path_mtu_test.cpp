#include "bowline/ip/path_mtu.hpp"

#include <gtest/gtest.h>

namespace bowline::ip {
namespace {

// RFC 8201 section 4: "If a node receives a Packet Too Big message reporting a next-hop MTU that is
// less than the IPv6 minimum link MTU, it must discard it."
TEST(PathMtu, LessThanIpv6AllowsIsDiscarded) {
  EXPECT_EQ(believable_mtu(Family::ipv6, 1'279, 1'500), 0U);
  EXPECT_EQ(believable_mtu(Family::ipv6, 1'280, 1'500), 1'280U);
}

// RFC 5927 section 7: a forger must not make us send crumbs.
TEST(PathMtu, Ipv4GoesNoLowerThan552) {
  EXPECT_EQ(believable_mtu(Family::ipv4, 68, 1'500), 552U);
  EXPECT_EQ(believable_mtu(Family::ipv4, 552, 1'500), 552U);
  EXPECT_EQ(believable_mtu(Family::ipv4, 1'400, 1'500), 1'400U);
  EXPECT_EQ(believable_mtu(Family::ipv4, 68, 500), 0U) << "and never up";
}

// RFC 1191 section 3: it only ever goes down by a message.
TEST(PathMtu, NothingLargerIsBelieved) {
  EXPECT_EQ(believable_mtu(Family::ipv4, 1'500, 1'500), 0U);
  EXPECT_EQ(believable_mtu(Family::ipv4, 9'000, 1'500), 0U);
  EXPECT_EQ(believable_mtu(Family::ipv6, 9'000, 1'500), 0U);
  EXPECT_EQ(believable_mtu(Family::ipv4, 0, 1'500), 0U);
}

// Only what an error could make smaller is remembered.
TEST(PathMtu, SizesThatCannotBeTooBigAreNotKept) {
  const IpAddress host = IpAddress::v4(0x0a000001);
  const IpAddress network = *IpAddress::parse("2001:db8::1");
  const Time now{1h};
  SentSizes sizes(heap_memory(), 10, {1, 2});
  sizes.note(host, 552, now);
  sizes.note(network, 1'280, now);
  EXPECT_FALSE(sizes.reach(host, 552, now));
  EXPECT_FALSE(sizes.reach(network, 1'280, now));
  sizes.note(host, 553, now);
  sizes.note(network, 1'281, now);
  EXPECT_TRUE(sizes.reach(host, 553, now));
  EXPECT_FALSE(sizes.reach(host, 554, now));
  EXPECT_TRUE(sizes.reach(network, 1'281, now));
}

}  // namespace
}  // namespace bowline::ip
