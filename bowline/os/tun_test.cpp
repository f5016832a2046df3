#include "bowline/os/tun.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bowline/os/netlink.hpp"
#include "bowline/os/random.hpp"

namespace bowline::os {
namespace {

std::string peer(std::string_view own) {
  const auto found = peer_of(*Cidr::parse(own));
  if (!found) return "none";
  std::array<char, IpAddress::kMaxText> text{};
  return std::string(text.data(), found->address.format(text)) + "/" +
         std::to_string(found->prefix);
}

// REQUIREMENTS C: --peer-address is by default the first other host of the prefix.
TEST(PeerAddress, IsTheFirstOtherHostOfThePrefix) {
  EXPECT_EQ(peer("10.77.0.2/24"), "10.77.0.1/24");
  EXPECT_EQ(peer("10.77.0.1/24"), "10.77.0.2/24");
  EXPECT_EQ(peer("10.77.200.9/16"), "10.77.0.1/16");
  EXPECT_EQ(peer("192.0.2.130/25"), "192.0.2.129/25");
  EXPECT_EQ(peer("fd77::2/64"), "fd77::1/64");
  EXPECT_EQ(peer("fd77::1/64"), "fd77::2/64");
}

// RFC 3021, RFC 6164: a prefix of two addresses has two hosts.
TEST(PeerAddress, OfTwoAddressesIsTheOther) {
  EXPECT_EQ(peer("10.0.0.4/31"), "10.0.0.5/31");
  EXPECT_EQ(peer("10.0.0.5/31"), "10.0.0.4/31");
  EXPECT_EQ(peer("fd77::7/127"), "fd77::6/127");
}

TEST(PeerAddress, OfASingleAddressIsNone) {
  EXPECT_EQ(peer("10.77.0.2/32"), "none");
  EXPECT_EQ(peer("fd77::2/128"), "none");
}

TEST(InterfaceName, RulesAreTheKernels) {
  EXPECT_TRUE(check_interface_name("bowline0"));
  EXPECT_TRUE(check_interface_name("fifteen-letters"));
  for (const std::string_view bad :
       {"", ".", "..", "a/b", "a b", "a:1", "tun%d", "a\n", "sixteen-letters!"}) {
    EXPECT_FALSE(check_interface_name(bad)) << bad;
  }
  EXPECT_EQ(check_interface_name("sixteen-letters!").error().message,
            "interface name sixteen-letters! is too long: at most 15 characters");
}

// Refused before anything is opened, so these hold everywhere.
TEST(Tun, WrongArgumentsNameTheArgument) {
  const auto message = [](const TunOptions& options) {
    const auto link = create_tun(options);
    return link ? std::string("no error") : link.error().message;
  };
  EXPECT_EQ(message({.name = "a-name-that-is-too-long"}),
            "interface name a-name-that-is-too-long is too long: at most 15 characters");
  EXPECT_EQ(message({.name = "bowline0", .mtu = 67}), "an MTU of 67 is out of range: 68 to 65535");
  EXPECT_EQ(message({.name = "bowline0", .mtu = 65'536}),
            "an MTU of 65536 is out of range: 68 to 65535");
}

TEST(RandomSeed, IsNotTheSameTwice) {
  const auto first = random_seed();
  const auto second = random_seed();
  ASSERT_TRUE(first && second);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NE((*first)[i], (*second)[i]);
}

}  // namespace
}  // namespace bowline::os
