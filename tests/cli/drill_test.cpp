// `bowline drill` from outside: what it says of scripts that pass, fail and are none, and with
// which status it ends.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/cli/command.hpp"

namespace bowline::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGood =
    "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
    "+0 bind(3, ..., ...) = 0\n"
    "+0 listen(3, 1) = 0\n"
    "+0 < S 0:0(0) win 1000 <mss 1000>\n"
    "+0 > S. 0:0(0) ack 1 <mss 1460>\n";

class DrillTest : public ::testing::Test {
 protected:
  DrillTest() {
    char name[] = "/tmp/bowline-drill-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~DrillTest() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text) const {
    const std::string path = folder_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  static Ended drill(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {bowline_path(), "drill"});
    return Program(arguments).wait();
  }

  std::string folder_;
};

TEST_F(DrillTest, AScriptThatPasses) {
  const Ended ended = drill({write("good.pkt", kGood)});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_TRUE(ended.out.starts_with("1 passed, 0 failed, in ")) << ended.out;
}

TEST_F(DrillTest, AFolderInAllModes) {
  write("a.pkt", kGood);
  write("b.pkt", "--ip_version=ipv6\n" + std::string(kGood));
  write("c.txt", "no script");
  const Ended ended = drill({"--ip-version", "all", folder_});
  EXPECT_EQ(ended.status, 0) << ended.out;
  EXPECT_TRUE(ended.out.starts_with("4 passed, 0 failed")) << ended.out;
}

TEST_F(DrillTest, AMismatchShowsBothPacketsAndTheDecisions) {
  const std::string path =
      write("bad.pkt", std::string(kGood) + "+.1 < . 1:1(0) ack 9 win 1000\n+0 > R 8:8(0)\n");
  const Ended ended = drill({path});
  EXPECT_EQ(ended.status, 1);
  for (const std::string& part :
       {path + ":7: failed (ipv4): the packet differs in: sequence numbers",
        std::string("  expected: > R 8:8(0)\n  sent:     > R 9:9(0)"), std::string("^^^^^^"),
        std::string("the stack's last decisions:"), std::string("0 passed, 1 failed")}) {
    EXPECT_NE(ended.out.find(part), std::string::npos) << part << "\n" << ended.out;
  }
}

TEST_F(DrillTest, WhatIsNoScriptIsNotRun) {
  const std::string path = write("none.pkt", std::string(kGood) + "+0 clsoe(3) = 0\n");
  const Ended ended = drill({path, write("good.pkt", kGood)});
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(ended.err, path + ":6:4: expected a system call that is known here, not 'clsoe'\n");
  EXPECT_TRUE(ended.out.starts_with("1 passed, 0 failed")) << ended.out;
}

TEST_F(DrillTest, JsonIsOneObjectForEachScript) {
  const Ended ended = drill({"--json", write("good.pkt", kGood), write("none.pkt", "0 x")});
  EXPECT_EQ(ended.status, 2);
  std::istringstream lines(ended.out);
  std::string line;
  std::vector<nlohmann::json> objects;
  while (std::getline(lines, line)) objects.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(objects.size(), 3U);
  EXPECT_EQ(objects[0]["result"], "passed");
  EXPECT_EQ(objects[1]["result"], "broken");
  EXPECT_EQ(objects[1]["column"], 3);
  EXPECT_EQ(objects[2]["passed"], 1);
}

TEST_F(DrillTest, DefinesComeFromTheCommandLine) {
  const std::string path = write("define.pkt", "0 socket(..., SOCK_STREAM, PROTO) = 3\n");
  EXPECT_EQ(drill({path}).status, 2);
  EXPECT_EQ(drill({"-D", "PROTO=IPPROTO_TCP", path}).status, 0);
}

TEST_F(DrillTest, WrongUsageIsOneLine) {
  const auto is_wrong = [this](const std::vector<std::string>& arguments) {
    const Ended ended = drill(arguments);
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
  };
  is_wrong({folder_ + "/missing.pkt"});
  is_wrong({folder_});  // no script in it
  is_wrong({"--ip-version", "ipv5", folder_});
  is_wrong({"-D", "NAME", write("good.pkt", kGood)});
}

TEST_F(DrillTest, ACaptureIsWritten) {
  const std::string capture = folder_ + "/out.pcapng";
  EXPECT_EQ(drill({"--pcap", capture, write("good.pkt", kGood)}).status, 0);
  EXPECT_GT(fs::file_size(capture), 100U);
}

}  // namespace
}  // namespace bowline::cli
