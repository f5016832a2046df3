// nmap, as anybody has it, against `bowline serve`: what each kind of scan learns, and what its
// fingerprints make of us. REQUIREMENTS A19.

#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "bowline/http/testing/temp_folder.hpp"
#include "bowline/os/tun.hpp"
#include "tests/cli/command.hpp"
#include "tests/interop/kernel.hpp"

namespace bowline::interop {
namespace {

using cli::Ended;
using cli::Program;
using cli::run;
using Words = std::vector<std::string>;

class NmapTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!no_namespace().empty()) GTEST_SKIP() << no_namespace();
    if (const auto link = os::create_tun({.name = "probe"}); !link && no_device(link.error())) {
      GTEST_SKIP() << link.error().message;
    }
    temp.write("page.html", "0123456789");
    server.emplace(Words{cli::bowline_path(), "serve", temp.path().string()});
    ASSERT_TRUE(server->says("Serving ")) << server->wait().err;
  }
  // It still serves, and ends in good order: no probe has broken it.
  void TearDown() override {
    if (!server) return;
    const Ended page = run(
        {"curl", "-q", "-sS", "--noproxy", "*", "--max-time", "20", "http://10.77.0.2/page.html"});
    EXPECT_EQ(page.out, "0123456789") << page.err;
    server->signal(SIGINT);
    EXPECT_EQ(server->wait().status, 0);
  }
  [[nodiscard]] static std::string nmap(const Words& more) {
    Words words = {"nmap", "-n", "-Pn", "--disable-arp-ping", "--host-timeout", "120s"};
    words.insert(words.end(), more.begin(), more.end());
    const Ended ended = run(words);
    EXPECT_EQ(ended.status, 0) << ended.err;
    return ended.out;
  }
  // What nmap says of a port: "open", "closed", "open|filtered", ...
  [[nodiscard]] static std::string state(const std::string& out, int port) {
    const std::regex row("(^|\n)" + std::to_string(port) + "/tcp +([^ ]+)");
    std::smatch found;
    return std::regex_search(out, found, row) ? found[2].str() : "not told in:\n" + out;
  }

  http::TempFolder temp;
  std::optional<Program> server;
};

// 80 is open and 81 closed. What a scan says of either follows from RFC 9293 3.10.7.1 and 3.10.7.2:
// a listener answers SYN and ACK alone, a closed port everything but RST.
TEST_F(NmapTest, EachKindOfScanLearnsWhatTheRfcSays) {
  struct Row {
    const char* scan;
    const char* open;
    const char* closed;
  };
  constexpr Row kRows[] = {
      {"-sS", "open", "closed"},          {"-sT", "open", "closed"},
      {"-sF", "open|filtered", "closed"}, {"-sN", "open|filtered", "closed"},
      {"-sX", "open|filtered", "closed"}, {"-sA", "unfiltered", "unfiltered"},
      {"-sM", "closed", "closed"},        {"-sW", "closed", "closed"},
  };
  for (const Row& row : kRows) {
    const std::string out = nmap({row.scan, "-p", "80,81", "10.77.0.2"});
    EXPECT_EQ(state(out, 80), row.open) << row.scan;
    EXPECT_EQ(state(out, 81), row.closed) << row.scan;
  }
  const std::string six = nmap({"-6", "-sS", "-p", "80,81", "fd77::2"});
  EXPECT_EQ(state(six, 80), "open");
  EXPECT_EQ(state(six, 81), "closed");
}

// The fingerprint: sixteen probes of odd flags, options, echoes and UDP. Our sequence numbers are
// not to be predicted, and our IP identifications do not count what we send to others.
TEST_F(NmapTest, SequenceNumbersAreNotPredictable) {
  const std::string out = nmap({"-O", "-v", "-p", "80,81", "10.77.0.2"});
  std::smatch found;
  ASSERT_TRUE(std::regex_search(
      out, found, std::regex("TCP Sequence Prediction: Difficulty=([0-9]+) \\(([^)]+)\\)")))
      << out;
  EXPECT_GE(std::stoi(found[1]), 200) << out;
  EXPECT_EQ(found[2], "Good luck!") << out;
  ASSERT_TRUE(std::regex_search(out, found, std::regex("IP ID Sequence Generation: ([^\n]+)")))
      << out;
  EXPECT_EQ(found[1].str().find("ncremental"), std::string::npos) << out;
}

// Service probes: dozens of odd requests.
TEST_F(NmapTest, VersionProbesBreakNothing) {
  const std::string out = nmap({"-sV", "-p", "80,81", "10.77.0.2"});
  EXPECT_EQ(state(out, 80), "open");
}

}  // namespace
}  // namespace bowline::interop
