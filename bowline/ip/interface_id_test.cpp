#include "bowline/ip/interface_id.hpp"

#include <gtest/gtest.h>

#include <set>

namespace bowline::ip {
namespace {

const SipKey kKey{1, 2};
const wire::MacAddress kMac{std::byte{2}, {}, {}, {}, {}, std::byte{7}};
const IpAddress kPrefix = *IpAddress::parse("2001:db8::");

// RFC 7217 section 5: each of its arguments makes another identifier, and the same ones the same.
TEST(StableAddress, DependsOnEverythingThatItShould) {
  const IpAddress address = stable_address(kKey, kPrefix, kMac, 0);
  EXPECT_EQ(address, stable_address(kKey, kPrefix, kMac, 0));
  EXPECT_TRUE(address.same_prefix(kPrefix, 64));
  wire::MacAddress other = kMac;
  other[5] = std::byte{8};
  const std::set<IpAddress> all{address, stable_address(kKey, kPrefix, kMac, 1),
                                stable_address(kKey, kPrefix, other, 0),
                                stable_address({1, 3}, kPrefix, kMac, 0)};
  EXPECT_EQ(all.size(), 4U);
  const IpAddress elsewhere = stable_address(kKey, *IpAddress::parse("2001:db8:1::"), kMac, 0);
  EXPECT_NE(std::vector(elsewhere.raw().begin() + 8, elsewhere.raw().end()),
            std::vector(address.raw().begin() + 8, address.raw().end()));
}

// It tells nothing of the interface: no trace of the MAC address, in EUI-64 or otherwise.
TEST(StableAddress, DoesNotShowTheMacAddress) {
  const IpAddress address = stable_address(kKey, kPrefix, kMac, 0);
  EXPECT_FALSE(address.raw()[11] == std::byte{0xff} && address.raw()[12] == std::byte{0xfe});
}

}  // namespace
}  // namespace bowline::ip
