// What a script sets in the system, seen as it happens.

#include "bowline/packetdrill/so/sysctl_watch.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace bowline::packetdrill {
namespace {

class SysctlWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "bowline-sysctl-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::create_directories(folder_ / "net/ipv4");
    write_root("tcp_sack", "1");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string file() const { return folder_ / "settings"; }
  [[nodiscard]] std::string root() const { return folder_; }
  void append(const std::string& text) const { std::ofstream(file(), std::ios::app) << text; }
  void write_root(const std::string& key, const std::string& value) const {
    std::ofstream(folder_ / "net/ipv4" / key) << value << '\n';
  }
  [[nodiscard]] static std::string sack(SysctlWatch& watch) {
    watch.look();
    return std::string(watch.found().value("net.ipv4.tcp_sack").value_or("none"));
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(SysctlWatchTest, WhatTheMachineIsSetToDoesNotCount) {
  SysctlWatch watch(file(), root());
  EXPECT_EQ(sack(watch), "none");
}

TEST_F(SysctlWatchTest, WhatIsWrittenCountsThoughItStoodThere) {
  SysctlWatch watch(file(), root());
  append("net.ipv4.tcp_sack=0\n");
  EXPECT_EQ(sack(watch), "0");
  write_root("tcp_sack", "1");
  EXPECT_EQ(sack(watch), "1");
}

TEST_F(SysctlWatchTest, TheSystemIsOlderThanTheFile) {
  append("net.ipv4.tcp_sack=0\n");
  SysctlWatch watch(file(), root());
  EXPECT_EQ(sack(watch), "0");
}

TEST_F(SysctlWatchTest, WhatComesLaterCounts) {
  SysctlWatch watch(file(), root());
  append("net.ipv4.tcp_sack=0\n");
  EXPECT_EQ(sack(watch), "0");
  write_root("tcp_sack", "2");
  EXPECT_EQ(sack(watch), "2");
  append("net.ipv4.tcp_sack=3\n");
  EXPECT_EQ(sack(watch), "3") << "/proc has not changed since";
}

TEST_F(SysctlWatchTest, ALineWithoutItsEndIsNotReadYet) {
  SysctlWatch watch(file(), root());
  append("net.ipv4.tcp_sack=1");
  EXPECT_EQ(sack(watch), "none");
  append("2\n");
  EXPECT_EQ(sack(watch), "12");
}

TEST_F(SysctlWatchTest, NothingNeedsToBeThere) {
  SysctlWatch watch("", root() + "/nowhere");
  EXPECT_EQ(sack(watch), "none");
}

}  // namespace
}  // namespace bowline::packetdrill
