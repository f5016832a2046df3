// Settings of Linux as settings of a Stack.

#include "bowline/packetdrill/sysctl.hpp"

#include <gtest/gtest.h>

namespace bowline::packetdrill {
namespace {

tcp::Settings applied(std::initializer_list<std::string_view> lines) {
  Sysctls sysctls;
  for (const std::string_view line : lines) sysctls.assign_line(line);
  return sysctls.apply_to(tcp::Settings::of(tcp::Profile::linux));
}

TEST(Sysctl, KeysHaveThreeSpellings) {
  Sysctls sysctls;
  sysctls.assign("net.ipv4.tcp_sack", "0");
  EXPECT_EQ(sysctls.value("net/ipv4/tcp_sack"), "0");
  sysctls.assign("/proc/sys/net/ipv4/tcp_sack", "1\n");
  EXPECT_EQ(sysctls.value("net.ipv4.tcp_sack"), "1");
}

TEST(Sysctl, LinesMayBeCommandLines) {
  Sysctls sysctls;
  EXPECT_TRUE(sysctls.assign_line("-e -q net.ipv4.tcp_ecn = 1"));
  EXPECT_EQ(sysctls.value("net.ipv4.tcp_ecn"), "1");
  EXPECT_TRUE(sysctls.assign_line("net.ipv4.tcp_rmem=\"4096 87380 6291456\""));
  EXPECT_EQ(sysctls.value("net.ipv4.tcp_rmem"), "4096 87380 6291456");
  EXPECT_FALSE(sysctls.assign_line("net.ipv4.tcp_ecn"));
  EXPECT_FALSE(sysctls.assign_line("=1"));
  EXPECT_FALSE(sysctls.assign_line(""));
}

TEST(Sysctl, OptionsAreSwitches) {
  const tcp::Settings settings = applied({"net.ipv4.tcp_timestamps=0", "net.ipv4.tcp_sack=0",
                                          "net.ipv4.tcp_window_scaling=0", "net.ipv4.tcp_ecn=0"});
  EXPECT_FALSE(settings.timestamps);
  EXPECT_FALSE(settings.sack);
  EXPECT_FALSE(settings.window_scaling);
  EXPECT_EQ(settings.ecn, tcp::EcnMode::off);
  EXPECT_EQ(applied({"net.ipv4.tcp_ecn=1"}).ecn, tcp::EcnMode::request);
  EXPECT_EQ(applied({"net.ipv4.tcp_ecn=2"}).ecn, tcp::EcnMode::accept);
}

TEST(Sysctl, BuffersAreTheSecondAndTheThirdNumber) {
  const tcp::Settings settings = applied(
      {"net.ipv4.tcp_rmem=4096 540000 15728640", "net.ipv4.tcp_wmem=4096\t262144\t4194304"});
  EXPECT_EQ(settings.receive_buffer, 540'000U);
  EXPECT_EQ(settings.receive_buffer_max, 15'728'640U);
  EXPECT_EQ(settings.send_buffer, 262'144U);
  EXPECT_EQ(settings.send_buffer_max, 4'194'304U);
}

// tcp(7), tcp_retries2: "the default value 15 … corresponds to a duration of approximately between
// 13 to 30 minutes"; the kernel's ip-sysctl says 924.6 seconds.
TEST(Sysctl, RetriesBecomeTimes) {
  EXPECT_EQ(applied({"net.ipv4.tcp_retries2=15"}).r2_data, 924'600ms);
  EXPECT_EQ(applied({"net.ipv4.tcp_syn_retries=6"}).r2_syn, 127s);
  EXPECT_EQ(applied({"net.ipv4.tcp_syn_retries=5"}).r2_syn, 63s);
  EXPECT_EQ(applied({"net.ipv4.tcp_synack_retries=3"}).syn_ack_retries, 3);
}

TEST(Sysctl, WhatCannotBeReadChangesNothing) {
  const tcp::Settings linux_settings = tcp::Settings::of(tcp::Profile::linux);
  const tcp::Settings settings =
      applied({"net.ipv4.tcp_reordering=many", "net.ipv4.tcp_reordering=1000",
               "net.ipv4.tcp_rmem=1 2", "net.ipv4.tcp_congestion_control=vegas",
               "net.ipv4.no_such_thing=1", "net.ipv4.tcp_keepalive_time="});
  EXPECT_EQ(settings.duplicate_ack_threshold, linux_settings.duplicate_ack_threshold);
  EXPECT_EQ(settings.receive_buffer, linux_settings.receive_buffer);
  EXPECT_EQ(settings.congestion, linux_settings.congestion);
  EXPECT_EQ(settings.keepalive, linux_settings.keepalive);
}

// The key of packetdrill's own scripts; its cookie for their addresses is known from them.
TEST(Sysctl, FastOpenIsASumOfBitsAndAKey) {
  const tcp::Settings settings =
      applied({"net.ipv4.tcp_fastopen=0x203",
               "net.ipv4.tcp_fastopen_key=a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4"});
  EXPECT_TRUE(settings.fast_open.client);
  EXPECT_TRUE(settings.fast_open.server);
  EXPECT_FALSE(settings.fast_open.client_without_cookie);
  EXPECT_TRUE(settings.fast_open.server_without_cookie);
  EXPECT_EQ(settings.fast_open.key, (SipKey{0xb2b2b2b2a1a1a1a1, 0xd4d4d4d4c3c3c3c3}));
  EXPECT_FALSE(settings.fast_open.previous_key);
  EXPECT_FALSE(settings.fast_open.every_listener);
  EXPECT_TRUE(applied({"net.ipv4.tcp_fastopen=0x402"}).fast_open.every_listener);
  EXPECT_EQ(applied({"net.ipv4.tcp_fastopen_blackhole_timeout_sec=60"}).fast_open.black_hole_pause,
            1min);
  EXPECT_FALSE(applied({"net.ipv4.tcp_fastopen=0"}).fast_open.client);
  EXPECT_FALSE(applied({"net.ipv4.tcp_fastopen_key=a1a1a1a1-b2b2b2b2-c3c3c3c3"}).fast_open.key);
}

TEST(Sysctl, TheQueueFqPaces) {
  EXPECT_TRUE(applied({"tc=qdisc replace dev tun0 root fq"}).pacing);
  EXPECT_FALSE(applied({"tc=qdisc replace dev tun0 root fq_codel"}).pacing);
  EXPECT_FALSE(applied({"tc=qdisc add dev tun0 root pfifo"}).pacing);
  EXPECT_FALSE(applied({"tc=qdisc del dev tun0 root fq"}).pacing);
}

TEST(Sysctl, CongestionControlGoesByName) {
  EXPECT_EQ(applied({"net.ipv4.tcp_congestion_control=reno"}).congestion,
            tcp::CongestionAlgorithm::reno);
}

// ip-sysctl: tcp_early_retrans, tcp_slow_start_after_idle, tcp_min_tso_segs, tcp_rto_max_ms,
// tcp_rto_min_us.
TEST(Sysctl, RecoveryAndTimers) {
  EXPECT_FALSE(applied({"net.ipv4.tcp_early_retrans=0"}).tail_probe);
  EXPECT_TRUE(applied({"net.ipv4.tcp_early_retrans=3"}).tail_probe);
  EXPECT_FALSE(applied({"net.ipv4.tcp_slow_start_after_idle=0"}).idle_restart);
  EXPECT_EQ(applied({"net.ipv4.tcp_min_tso_segs=4"}).least_burst, 4);
  EXPECT_EQ(applied({"net.ipv4.tcp_rto_max_ms=1000"}).rto_max, 1s);
  EXPECT_EQ(applied({"net.ipv4.tcp_rto_min_us=40000"}).rto_min, 40ms);
}

}  // namespace
}  // namespace bowline::packetdrill
