// --so_flags.

#include "bowline/packetdrill/so/flags.hpp"

#include <gtest/gtest.h>

namespace bowline::packetdrill {
namespace {

TEST(Flags, AllCanBeSaid) {
  const auto flags = parse_flags("local=10.0.0.1,prefix=8,remote=10.9.9.9,mtu=576,ip=ipv4");
  ASSERT_TRUE(flags) << flags.error();
  EXPECT_EQ(flags->mode, IpMode::ipv4);
  EXPECT_EQ(flags->local, *IpAddress::parse("10.0.0.1"));
  EXPECT_EQ(flags->remote, *IpAddress::parse("10.9.9.9"));
  EXPECT_EQ(flags->prefix, 8);
  EXPECT_EQ(flags->mtu, 576U);
}

TEST(Flags, WhatIsNotSaidIsPacketdrillsOwn) {
  const auto v4 = parse_flags("");
  ASSERT_TRUE(v4) << v4.error();
  EXPECT_EQ(v4->local, *IpAddress::parse("192.168.0.1"));
  EXPECT_EQ(v4->mtu, 1500U);
  const auto mapped = parse_flags("ip=ipv4-mapped-ipv6");
  ASSERT_TRUE(mapped) << mapped.error();
  EXPECT_EQ(mapped->mode, IpMode::mapped);
  EXPECT_TRUE(mapped->local.is_v4());
  const auto v6 = parse_flags("ip=ipv6");
  ASSERT_TRUE(v6) << v6.error();
  EXPECT_EQ(v6->local, *IpAddress::parse("fd3d:0a0b:17d6::1"));
  EXPECT_EQ(v6->mtu, 1520U);
}

TEST(Flags, WhatIsWrongIsNamed) {
  const auto complaint = [](std::string_view text) {
    const auto flags = parse_flags(text);
    return flags ? std::string() : flags.error();
  };
  EXPECT_EQ(complaint("local=host"), "so_flags: local=host: expected an IP address");
  EXPECT_EQ(complaint("mtu=67"), "so_flags: mtu=67: expected 68 to 65535 bytes");
  EXPECT_EQ(complaint("mtu=1500x"), "so_flags: mtu=1500x: expected 68 to 65535 bytes");
  EXPECT_EQ(complaint("prefix"), "so_flags: prefix: expected KEY=VALUE");
  EXPECT_EQ(complaint("gateway=1.2.3.4"),
            "so_flags: gateway: expected local, prefix, remote, mtu or ip");
  EXPECT_EQ(complaint("ip=ipv5"), "so_flags: ip=ipv5: expected ipv4, ipv4-mapped-ipv6 or ipv6");
  EXPECT_EQ(complaint("prefix=33"), "so_flags: prefix: expected at most 32");
  EXPECT_EQ(complaint("local=fd00::1"),
            "so_flags: local and remote must be IPv4 addresses with this ip=");
}

}  // namespace
}  // namespace bowline::packetdrill
