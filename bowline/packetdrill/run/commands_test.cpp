#include "bowline/packetdrill/run/commands.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace bowline::packetdrill {
namespace {

SystemSettings understood(std::string_view text) {
  SystemSettings settings;
  understand(text, settings);
  return settings;
}

TEST(Commands, SysctlInItsForms) {
  EXPECT_EQ(understood("sysctl -q net.ipv4.tcp_sack=0").sysctls.value("net.ipv4.tcp_sack"), "0");
  EXPECT_EQ(understood("sysctl -w 'net.ipv4.tcp_rmem=1 2 3' > /dev/null 2>&1")
                .sysctls.value("net.ipv4.tcp_rmem"),
            "1 2 3");
  const auto two = understood(
      "../common/defaults.sh\n ../common/set_sysctls.py "
      "/proc/sys/net/ipv4/tcp_timestamps=0 /proc/sys/net/ipv4/tcp_ecn=2");
  EXPECT_EQ(two.sysctls.value("net.ipv4.tcp_timestamps"), "0");
  EXPECT_EQ(two.sysctls.value("net.ipv4.tcp_ecn"), "2");
  EXPECT_TRUE(two.not_understood.empty());
}

TEST(Commands, DefaultsAreReadWhereTheyLie) {
  std::string name = (std::filesystem::temp_directory_path() / "bowline-defaults-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  const std::filesystem::path folder = name;
  std::ofstream(folder / "defaults.sh")
      << "#!/bin/bash\nsysctl -q net.ipv4.tcp_rmem=\"4096 540000 $((15*1024*1024))\"\n"
         "sysctl -q net.ipv4.tcp_fastopen=0x3\n";
  SystemSettings own;
  understand("./defaults.sh", own, name);
  SystemSettings other;
  understand("./no/defaults.sh", other, name);
  std::filesystem::remove_all(folder);
  EXPECT_EQ(own.sysctls.value("net.ipv4.tcp_rmem"), "4096 540000 15728640");
  EXPECT_EQ(own.sysctls.number("net.ipv4.tcp_fastopen"), 3);
  EXPECT_EQ(other.sysctls.number("net.ipv4.tcp_fastopen"), 0x70403);
}

TEST(Commands, ACommentOfTheShellIsNone) {
  const auto two = understood(
      "sysctl -q net.ipv4.tcp_ecn=2  # x=1; reboot\n# reboot\nsysctl -q net.ipv4.tcp_sack=0");
  EXPECT_EQ(two.sysctls.number("net.ipv4.tcp_ecn"), 2);
  EXPECT_EQ(two.sysctls.number("net.ipv4.tcp_sack"), 0);
  EXPECT_TRUE(two.not_understood.empty());
}

TEST(Commands, ALineThatGoesOn) {
  const auto two = understood("sysctl -q net.ipv4.tcp_ecn=2 \\\n  net.ipv4.tcp_sack=0\\\n");
  EXPECT_EQ(two.sysctls.number("net.ipv4.tcp_ecn"), 2);
  EXPECT_EQ(two.sysctls.number("net.ipv4.tcp_sack"), 0);
  EXPECT_TRUE(two.not_understood.empty());
}

TEST(Commands, EchoIntoAFileOfProcSys) {
  const auto echoed = understood("echo 4 > /proc/sys/net/ipv4/tcp_reordering; echo hello");
  EXPECT_EQ(echoed.sysctls.number("net.ipv4.tcp_reordering"), 4);
  EXPECT_EQ(
      understood("echo 1 2 3 >/proc/sys/net/ipv4/tcp_rmem").sysctls.value("net.ipv4.tcp_rmem"),
      "1 2 3");
  EXPECT_TRUE(echoed.not_understood.empty());
}

TEST(Commands, ARouteSetsMtuAndInitialWindow) {
  const auto route = understood(
      "ip route change 192.0.2.1 via 192.168.0.2 dev tun0 mtu lock 1400 "
      "initcwnd 4");
  EXPECT_EQ(route.sysctls.number("route.mtu"), 1400);
  EXPECT_EQ(route.sysctls.apply_to(tcp::Settings::of(tcp::Profile::linux)).initial_window_segments,
            4);
  EXPECT_EQ(understood("ip route change default quickack 1").not_understood.size(), 1U);
}

TEST(Commands, WhatLooksOrTidiesUpIsPassedOver) {
  EXPECT_TRUE(understood("nstat | grep TcpExtOutOfWindowIcmps > /dev/null").not_understood.empty());
  EXPECT_TRUE(understood("/tmp/sysctl_restore_${PPID}.sh").not_understood.empty());
  EXPECT_TRUE(understood("ip tcp_metrics flush all > /dev/null 2>&1").not_understood.empty());
}

// tc-pfifo(8): a queue of no packets takes none.
TEST(Commands, AQueueWithoutRoomRefusesAll) {
  const auto none = understood("tc qdisc replace dev tun0 root pfifo limit 0");
  EXPECT_TRUE(none.not_understood.empty());
  EXPECT_TRUE(none.sysctls.interface_refuses());
  EXPECT_FALSE(understood("tc qdisc replace dev tun0 root fq").sysctls.interface_refuses());
}

TEST(Commands, WhatAsksForMoreIsNamed) {
  const auto asked = understood("tc qdisc replace dev tun0 root pfifo limit 5; reboot");
  ASSERT_EQ(asked.not_understood.size(), 2U);
  EXPECT_EQ(asked.not_understood[1], "reboot");
}

}  // namespace
}  // namespace bowline::packetdrill
