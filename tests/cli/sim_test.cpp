// `bowline sim` from outside: the scenarios of examples/sim run and end as they say, twice the
// same; and files that are none are one line with their place.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/cli/command.hpp"

namespace bowline::cli {
namespace {

namespace fs = std::filesystem;

// A folder of the test's own, gone with the object.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/bowline-sim-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

 private:
  std::string path_;
};

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> examples() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(BOWLINE_SOURCE_DIR "/examples/sim")) {
    names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string example(const std::string& name) {
  return BOWLINE_SOURCE_DIR "/examples/sim/" + name + ".toml";
}

class Example : public testing::TestWithParam<std::string> {};

TEST_P(Example, EndsAsItSaysAndTwiceTheSame) {
  const Ended first = run_bowline({"sim", example(GetParam())});
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.err, "");  // no progress in a pipe
  EXPECT_NE(first.out.find("goodput"), std::string::npos);
  EXPECT_EQ(run_bowline({"sim", example(GetParam())}).out, first.out);
  const Ended other = run_bowline({"sim", example(GetParam()), "--seed", "4711"});
  EXPECT_EQ(other.status, 0) << other.err;
  EXPECT_NE(other.out, first.out);
}

INSTANTIATE_TEST_SUITE_P(Each, Example, testing::ValuesIn(examples()),
                         [](const auto& each) { return each.param; });

// A number of the flow `flow` in the NDJSON.
double number(const std::string& json, const std::string& flow, const std::string& field) {
  const std::size_t line = json.find("\"flow\":\"" + flow + "\"");
  const std::size_t at = json.find("\"" + field + "\":", line);
  if (line == std::string::npos || at == std::string::npos) {
    ADD_FAILURE() << flow << " has no " << field << ": " << json;
    return 0;
  }
  return std::stod(json.substr(at + field.size() + 3));
}

// What the comments of bufferbloat.toml and codel.toml promise.
TEST(Examples, CodelShortensTheQueueAndKeepsTheGoodput) {
  const std::string tail = run_bowline({"sim", example("bufferbloat"), "--json"}).out;
  const std::string codel = run_bowline({"sim", example("codel"), "--json"}).out;
  EXPECT_GT(number(tail, "clicks", "exchange_avg_ns"),
            3 * number(codel, "clicks", "exchange_avg_ns"));
  EXPECT_GT(number(codel, "upload", "goodput"), 0.8 * number(tail, "upload", "goodput"));
}

TEST(Sim, WritesACaptureAPageAndNothingWhenQuiet) {
  const Folder folder;
  const Ended ended = run_bowline({"sim", example("lossy"), "--pcap", folder.path("a.pcapng"),
                                   "--at", "client", "--html", folder.path("a.html"), "--quiet"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.out + ended.err, "");
  const std::string page = read(folder.path("a.html"));
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  const Ended explained = run_bowline({"explain", folder.path("a.pcapng"), "--summary"});
  EXPECT_EQ(explained.status, 0) << explained.err;
  EXPECT_NE(explained.out.find("1 connection"), std::string::npos) << explained.out;
}

TEST(Sim, AFlowThatEndsOtherwiseIsAFailure) {
  const Folder folder;
  std::string text = read(example("lossy"));
  text.replace(text.find("120s"), 4, "1s");
  const Ended ended = run_bowline({"sim", folder.write("short.toml", text)});
  EXPECT_EQ(ended.status, 1);
  EXPECT_TRUE(is_one_line(ended.err)) << ended.err;
  EXPECT_NE(ended.err.find("flow flow1: unfinished"), std::string::npos) << ended.err;
}

// tshark reads all of a capture of a bad wire and finds nothing broken in how we write.
TEST(Sim, ACaptureOpensInTsharkWithoutErrors) {
  const Folder folder;
  for (const std::string family : {"ipv4", "ipv6"}) {
    const std::string file =
        folder.write(family + ".toml", "family = \"" + family + "\"\n" + read(example("lossy")));
    const std::string pcap = folder.path(family + ".pcapng");
    ASSERT_EQ(run_bowline({"sim", file, "--pcap", pcap, "--at", "client", "--quiet"}).status, 0);
    const std::vector<std::string> tshark{
        "env", "-u", "XDG_CONFIG_HOME", "HOME=" + folder.path(""), "tshark", "-r", pcap};
    std::vector<std::string> all = tshark;
    all.insert(all.end(), {"-Y", "tcp && " + std::string(family == "ipv4" ? "ip" : "ipv6")});
    const std::string packets = run(all).out;
    EXPECT_GT(std::count(packets.begin(), packets.end(), '\n'), 5'000);
    std::vector<std::string> wrong = tshark;
    wrong.insert(wrong.end(), {"-Y", "_ws.malformed || _ws.expert.severity == \"Error\""});
    const Ended found = run(wrong);
    EXPECT_EQ(found.status, 0) << found.err;
    EXPECT_EQ(found.out, "");
  }
}

TEST(Sim, EachLineOfNdjsonIsAnObject) {
  const Ended ended = run_bowline({"sim", example("fairness"), "--json"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  ASSERT_TRUE(ended.out.ends_with('\n'));
  std::istringstream lines(ended.out);
  std::map<std::string, int> events;
  for (std::string line; std::getline(lines, line);) {
    const auto object = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(object.is_object()) << line;
    ++events[object.value("event", "")];
  }
  EXPECT_EQ(events["run"], 1);
  EXPECT_EQ(events["flow"], 2);
  EXPECT_GE(events["wire"], 2);
  EXPECT_EQ(events.size(), 3U);
}

// Ctrl-C: neither half a file nor its beginnings, and one line.
TEST(Sim, AnInterruptedRunKeepsNothing) {
  const Folder folder;
  std::string text = read(example("lossy"));
  text.replace(text.find("120s"), 4, "3000s");
  text.replace(text.find("\"10MB\""), 6, "\"1000MB\"");
  const std::string file = folder.write("long.toml", text);
  const std::string pcap = folder.path("a.pcapng");
  Program program({bowline_path(), "sim", file, "--pcap", pcap, "--html", folder.path("a.html")});
  for (int i = 0; i < 1'000 && !fs::exists(pcap + ".part"); ++i) ::usleep(10'000);
  ASSERT_TRUE(fs::exists(pcap + ".part"));
  program.signal(SIGINT);
  const Ended ended = program.wait();
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.out, "");
  EXPECT_TRUE(is_one_line(ended.err)) << ended.err;
  EXPECT_NE(ended.err.find("interrupted after"), std::string::npos) << ended.err;
  const auto files =
      std::distance(fs::directory_iterator(folder.path("")), fs::directory_iterator());
  EXPECT_EQ(files, 1);  // the scenario
}

TEST(Sim, WhatIsNoScenarioIsOneLineAndStatus2) {
  const Folder folder;
  const std::string bad = folder.write("bad.toml", "seed = 1\nsead = 2\n[hosts.a]\n[hosts.b]\n");
  const std::string binary = folder.write("binary.toml", std::string_view("\0\xff\n\x1b", 4));
  const std::map<std::string, std::string> wrong{
      {bad, "bad.toml:"},
      {binary, "binary.toml:1:"},
      {folder.path("none.toml"), "No such file"},
      {folder.path(""), "directory"},
      {folder.write("empty.toml", ""), "empty.toml:1:1: no hosts"}};
  for (const auto& [path, words] : wrong) {
    const Ended ended = run_bowline({"sim", path});
    EXPECT_EQ(ended.status, 2) << path;
    EXPECT_EQ(ended.out, "");
    EXPECT_TRUE(is_one_line(ended.err)) << ended.err;
    EXPECT_NE(ended.err.find(words), std::string::npos) << ended.err;
  }
}

}  // namespace
}  // namespace bowline::cli
