#include "bowline/wire/ip_address.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace bowline {
namespace {

std::string text(const IpAddress& address) {
  std::array<char, IpAddress::kMaxText> buffer;
  return {buffer.data(), address.format(buffer)};
}

std::string reformatted(std::string_view from) {
  const auto address = IpAddress::parse(from);
  return address ? text(*address) : "invalid";
}

IpAddress address(std::string_view from) { return IpAddress::parse(from).value(); }

TEST(IpAddress, DefaultIsUnspecifiedIpv4) {
  constexpr IpAddress kDefault;
  EXPECT_EQ(kDefault, IpAddress::any(Family::ipv4));
  EXPECT_EQ(text(kDefault), "0.0.0.0");
  EXPECT_TRUE(kDefault.is_unspecified());
}

TEST(IpAddress, Ipv4HasItsBytesInNetworkOrderAndItsMappedForm) {
  const IpAddress a = IpAddress::v4(0x0a4d0002);
  EXPECT_EQ(text(a), "10.77.0.2");
  EXPECT_EQ(a.v4_value(), 0x0a4d0002U);
  ASSERT_EQ(a.bytes().size(), 4U);
  EXPECT_EQ(a.bytes()[0], std::byte{10});
  EXPECT_EQ(a.raw()[9], std::byte{0});
  EXPECT_EQ(a.raw()[10], std::byte{0xff});
  EXPECT_EQ(a.raw()[12], std::byte{10});
}

TEST(IpAddress, AMappedIpv6AddressIsNotTheIpv4Address) {
  EXPECT_NE(address("::ffff:10.0.0.1"), address("10.0.0.1"));
  EXPECT_EQ(address("::ffff:10.0.0.1").raw(), address("10.0.0.1").raw());
}

TEST(IpAddress, ParsesDottedQuads) {
  EXPECT_EQ(reformatted("0.0.0.0"), "0.0.0.0");
  EXPECT_EQ(reformatted("255.255.255.255"), "255.255.255.255");
  for (const auto* wrong :
       {"", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4", "1.2.3.04",
        "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1..3.4", "1.2.3.4444", "0x1.2.3.4", "1.2.3.4/8"}) {
    EXPECT_FALSE(IpAddress::parse(wrong)) << wrong;
  }
}

TEST(IpAddress, ParsesIpv6) {  // RFC 4291 2.2
  EXPECT_EQ(reformatted("2001:DB8:0:0:8:800:200C:417A"), "2001:db8::8:800:200c:417a");
  EXPECT_EQ(reformatted("ff01:0:0:0:0:0:0:101"), "ff01::101");
  EXPECT_EQ(reformatted("0:0:0:0:0:0:0:1"), "::1");
  EXPECT_EQ(reformatted("::"), "::");
  EXPECT_EQ(reformatted("1::"), "1::");
  EXPECT_EQ(reformatted("::13.1.68.3"), "::d01:4403");
  EXPECT_EQ(reformatted("::FFFF:129.144.52.38"), "::ffff:129.144.52.38");
  EXPECT_EQ(reformatted("1:2:3:4:5:6:1.2.3.4"), "1:2:3:4:5:6:102:304");
  for (const auto* wrong :
       {":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:2:3:4:5:6:7::8",
        "12345::", "g::", "1:", ":1", "1::2:", "fe80::1%eth0", "::1.2.3", "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4", "::/64", "[::1]", " ::1"}) {
    EXPECT_FALSE(IpAddress::parse(wrong)) << wrong;
  }
}

TEST(IpAddress, FormatsAsRfc5952) {
  EXPECT_EQ(reformatted("2001:0db8::0001"), "2001:db8::1");                // 4.1
  EXPECT_EQ(reformatted("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");  // 4.2.2
  EXPECT_EQ(reformatted("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1");           // 4.2.3: the longest
  EXPECT_EQ(reformatted("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");     // 4.2.3: the first
  EXPECT_EQ(reformatted("1:2:3:4:5:6:0:0"), "1:2:3:4:5:6::");
  EXPECT_EQ(reformatted("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(IpAddress, KnowsSpecialAddresses) {
  EXPECT_TRUE(address("127.0.0.1").is_loopback());
  EXPECT_TRUE(address("127.255.0.1").is_loopback());
  EXPECT_FALSE(address("128.0.0.1").is_loopback());
  EXPECT_TRUE(address("::1").is_loopback());
  EXPECT_FALSE(address("::2").is_loopback());

  EXPECT_TRUE(address("224.0.0.1").is_multicast());
  EXPECT_TRUE(address("239.255.255.255").is_multicast());
  EXPECT_FALSE(address("240.0.0.1").is_multicast());
  EXPECT_FALSE(address("223.255.255.255").is_multicast());
  EXPECT_TRUE(address("ff02::1").is_multicast());
  EXPECT_FALSE(address("fe80::1").is_multicast());

  EXPECT_TRUE(address("255.255.255.255").is_limited_broadcast());
  EXPECT_FALSE(address("10.255.255.255").is_limited_broadcast());
  EXPECT_FALSE(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").is_limited_broadcast());

  EXPECT_TRUE(address("169.254.0.1").is_link_local());
  EXPECT_TRUE(address("febf::1").is_link_local());
  EXPECT_FALSE(address("fec0::1").is_link_local());

  EXPECT_TRUE(address("::").is_unspecified());
  EXPECT_FALSE(address("::1").is_unspecified());
}

TEST(IpAddress, ComparesPrefixes) {
  const IpAddress a = address("10.77.0.2");
  EXPECT_TRUE(a.same_prefix(address("10.77.0.255"), 24));
  EXPECT_FALSE(a.same_prefix(address("10.77.1.2"), 24));
  EXPECT_TRUE(a.same_prefix(address("10.77.0.3"), 31));
  EXPECT_FALSE(a.same_prefix(address("10.77.0.3"), 32));
  EXPECT_TRUE(a.same_prefix(address("1.2.3.4"), 0));
  EXPECT_TRUE(address("fd00::1").same_prefix(address("fdff::"), 8));
  EXPECT_FALSE(address("fd00::1").same_prefix(address("fdff::"), 9));
  EXPECT_TRUE(address("fd00::1").same_prefix(address("fd00::1"), 128));
  EXPECT_FALSE(address("::ffff:1.2.3.4").same_prefix(address("1.2.3.4"), 0)) << "of another family";
}

TEST(Cidr, ParsesAndContains) {
  const auto net = Cidr::parse("10.77.0.2/24");
  ASSERT_TRUE(net);
  EXPECT_EQ(net->address, address("10.77.0.2"));
  EXPECT_EQ(net->prefix, 24);
  EXPECT_TRUE(net->contains(address("10.77.0.9")));
  EXPECT_FALSE(net->contains(address("10.78.0.9")));
  EXPECT_FALSE(net->contains(address("fd00::1")));
  EXPECT_EQ(Cidr::parse("10.77.0.2")->prefix, 32);
  EXPECT_EQ(Cidr::parse("fd00::2")->prefix, 128);
  EXPECT_EQ(Cidr::parse("fd00::2/0")->prefix, 0);
  for (const auto* wrong : {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08",
                            "10.0.0.0/8 ", "::/129", "10.0.0.0/8/8", "10.0.0.0/+8"}) {
    EXPECT_FALSE(Cidr::parse(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace bowline
