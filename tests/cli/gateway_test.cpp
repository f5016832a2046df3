// `bowline gateway` from outside: what it is told wrongly is one line with the remedy. What it does
// is shown in tests/interop/gateway_test.cpp.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/cli/command.hpp"

namespace bowline::cli {
namespace {

using Words = std::vector<std::string>;

Ended gateway(const Words& more) {
  Words words = {"gateway", "--syn-proxy", "--outside", "tun:a", "--inside", "tun:b"};
  words.insert(words.end(), more.begin(), more.end());
  return run_bowline(words);
}

void expect_wrong(const Ended& ended, const Words& words) {
  EXPECT_EQ(ended.status, 2) << ended.err;
  EXPECT_EQ(ended.out, "");
  EXPECT_TRUE(is_one_line(ended.err)) << ended.err;
  for (const std::string& word : words) {
    EXPECT_NE(ended.err.find(word), std::string::npos) << word << " in: " << ended.err;
  }
}

TEST(Gateway, HelpHasExamples) {
  const Ended help = run_bowline({"gateway", "--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* word : {"--syn-proxy", "--outside", "--inside", "--rule", "--rules", "--pcap",
                           "--json", "Examples:", "docs/gateway.md"}) {
    EXPECT_NE(help.out.find(word), std::string::npos) << word;
  }
}

TEST(Gateway, WrongUsageIsOneLineThatNamesTheArgument) {
  expect_wrong(run_bowline({"gateway"}), {"--syn-proxy"});
  expect_wrong(run_bowline({"gateway", "--syn-proxy"}), {"--outside", "tun:NAME"});
  expect_wrong(run_bowline({"gateway", "--syn-proxy", "--outside", "tun:a"}), {"--inside"});
  expect_wrong(run_bowline({"gateway", "--syn-proxy", "--outside", "tap:a", "--inside", "tun:b"}),
               {"--outside tap:a", "tun:NAME"});
  expect_wrong(run_bowline({"gateway", "--syn-proxy", "--outside", "tun:a", "--inside", "tun:a"}),
               {"--outside", "--inside", "tun:a", "two interfaces"});
  expect_wrong(gateway({"--rule", ""}), {"--rule", "ACTION"});
  expect_wrong(gateway({"--rule", "permit"}), {"--rule permit", "allow, deny or drop"});
  expect_wrong(gateway({"--rule", "allow port"}), {"nothing after port"});
  expect_wrong(gateway({"--rule", "allow port 0"}), {"port 0", "N-M"});
  expect_wrong(gateway({"--rule", "allow port 90-80"}), {"port 90-80"});
  expect_wrong(gateway({"--rule", "allow from nowhere"}), {"from nowhere", "CIDR"});
  expect_wrong(gateway({"--rule", "allow rate 0"}), {"--rule rate 0", "1 to"});
  expect_wrong(gateway({"--rule", "allow sport 80"}), {"no such word: sport"});
  expect_wrong(gateway({"--rule", "deny rate 5"}), {"limit"});
  expect_wrong(gateway({"--rule", "allow port 80 port 90"}), {"port is there twice", "ACTION"});
  expect_wrong(gateway({"--rule", "deny from 10.0.0.0/8 from 192.0.2.0/24"}),
               {"from is there twice"});
  expect_wrong(gateway({"--rule", "allow rate 5 port 80 rate 5"}), {"rate is there twice"});
  expect_wrong(gateway({"--rule", "deny from 10.0.0.0/8 to 2001:db8::/32"}),
               {"different families", "--rule"});
  expect_wrong(gateway({"--otherwise", "maybe"}), {"--otherwise maybe", "allow, deny or drop"});
  expect_wrong(gateway({"--flows", "0"}), {"--flows 0", "1 to"});
  expect_wrong(gateway({"--mtu", "100"}), {"--mtu 100", "576 to"});
  expect_wrong(gateway({"--json", "--trace"}), {"--json", "--trace"});
  expect_wrong(gateway({"--interval", "0"}), {"--interval 0", "1 to"});
  Words many;
  for (int i = 0; i < 129; ++i) many.insert(many.end(), {"--rule", "allow"});
  expect_wrong(gateway(many), {"too many rules", "128"});
}

TEST(Gateway, AWrongFileOfRulesIsToldWithItsLine) {
  char folder[] = "/tmp/bowline-gateway-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string path = std::string(folder) + "/guard.toml";
  const auto rules = [&](const char* text) {
    std::ofstream(path) << text;
    return gateway({"--rules", path});
  };
  expect_wrong(rules("otherwise = \"drop\"\ndefault = 1\n"),
               {path + ":2:", "default", "otherwise"});
  expect_wrong(rules("[[rules]]\naction = \"allow\"\nport = 0\n"),
               {path + ":3:", "port = 0", "65535"});
  expect_wrong(rules("[[rules]]\nport = 80\n"), {path + ":1:", "without action"});
  expect_wrong(rules("[[rules]]\naction = \"allow\"\n\nfrom = \"10.0.0.0/33\"\n"),
               {path + ":4:", "from", "192.0.2.0/24"});
  expect_wrong(rules("[[rules]]\naction = \"allow\"\nports = \"80-\"\n"),
               {path + ":3:", "8000-8999"});
  expect_wrong(rules("[[rules]]\naction = \"allow\"\nport = 80\nports = \"80-90\"\n"),
               {path + ":4:", "port and ports", "one of the two"});
  expect_wrong(
      rules("[[rules]]\naction = \"deny\"\nfrom = \"2001:db8::/32\"\nto = \"10.0.0.0/8\"\n"),
      {path + ":4:", "different families", "of IPv4 or of IPv6"});
  expect_wrong(rules("[[rules]]\naction = \"drop\"\nrate = 3\n"), {path + ":3:", "limit"});
  expect_wrong(rules("[[rules]]\naction = \"allow\"\nsport = 3\n"),
               {path + ":3:", "sport", "connections"});
  expect_wrong(rules("[[rules\n"), {path + ":1:", "TOML"});
  const Ended missing = gateway({"--rules", path + "x"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_TRUE(is_one_line(missing.err)) << missing.err;
  const Ended is_folder = gateway({"--rules", folder});
  EXPECT_EQ(is_folder.status, 1) << is_folder.err;
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace bowline::cli
