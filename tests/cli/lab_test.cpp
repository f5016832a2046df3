// `bowline lab` from outside: what it prints, and with which status it ends (REQUIREMENTS A24,
// A26).

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "tests/cli/command.hpp"

namespace bowline::cli {
namespace {

TEST(Lab, ListsTheExperimentsInTheOrderOfTelling) {
  const Ended listed = run_bowline({"lab", "--lang", "en"});
  EXPECT_EQ(listed.status, 0) << listed.err;
  std::size_t last = 0;
  for (const char* const name :
       {"retransmission", "udp", "half-close", "two-way-handshake", "time-wait", "stray-data"}) {
    const std::size_t at = listed.out.find(name);
    ASSERT_NE(at, std::string::npos) << name;
    EXPECT_GE(at, last) << name;
    last = at;
  }
  EXPECT_NE(listed.out.find("K40 K41 K140"), std::string::npos);
}

TEST(Lab, TellsTheStoryFirstAndTheSentenceLast) {
  for (const std::string language : {"en", "zh"}) {
    const Ended told = run_bowline({"lab", "two-way-handshake", "--lang", language});
    EXPECT_EQ(told.status, 0) << told.err;
    const std::size_t story = told.out.find(language == "en" ? "windy field" : "大风");
    const std::size_t ladder = told.out.find("SYN-RECEIVED");
    const std::size_t sentence =
        told.out.find(language == "en" ? "Shown: The third message" : "由此可见：第三次握手");
    EXPECT_LT(story, ladder);
    EXPECT_LT(ladder, sentence);
    EXPECT_NE(sentence, std::string::npos) << told.out;
  }
}

TEST(Lab, AllOfThemAreShown) {
  const Ended all = run_bowline({"lab", "--all", "--lang", "en"});
  EXPECT_EQ(all.status, 0) << all.out << all.err;
  EXPECT_EQ(all.out.find(" NO"), std::string::npos) << all.out;
}

TEST(Lab, AWrongNameIsToldItsNearest) {
  const Ended wrong = run_bowline({"lab", "time-wiat"});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_TRUE(is_one_line(wrong.err)) << wrong.err;
  EXPECT_NE(wrong.err.find("did you mean time-wait?"), std::string::npos) << wrong.err;
  EXPECT_NE(wrong.err.find("retransmission, sequence-numbers"), std::string::npos) << wrong.err;
  EXPECT_EQ(wrong.out, "");
}

TEST(Lab, WrongUsageIsOneLine) {
  using Words = std::vector<std::string>;
  for (const Words& words :
       {Words{"lab", "udp", "--lang", "fr"}, Words{"lab", "udp", "--all"}, Words{"lab", "--search"},
        Words{"lab", "--html", "x.html"}, Words{"lab", "four-way-handshake", "--search"},
        Words{"lab", "--json"}}) {
    const Ended wrong = run_bowline(words);
    EXPECT_EQ(wrong.status, 2) << words.back();
    EXPECT_TRUE(is_one_line(wrong.err)) << wrong.err;
  }
}

TEST(Lab, SearchFindsWhatNobodyToldIt) {
  const Ended found = run_bowline({"lab", "two-way-handshake", "--search", "--lang", "en"});
  EXPECT_EQ(found.status, 0) << found.out << found.err;
  EXPECT_NE(found.out.find("I2 no phantom"), std::string::npos) << found.out;
  EXPECT_NE(found.out.find("None of them breaks anything."), std::string::npos);
}

TEST(Lab, JsonIsALineForEachCaseAndOneForAll) {
  const Ended ended = run_bowline({"lab", "retransmission", "--json"});
  EXPECT_EQ(ended.status, 0) << ended.err;
  std::istringstream lines(ended.out);
  std::string line;
  std::vector<nlohmann::json> events;
  while (std::getline(lines, line)) events.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0]["without"]["broken"][0]["invariant"], "I5");
  EXPECT_EQ(events[3]["shown"], true);
}

TEST(Lab, WritesOnePage) {
  const std::string path = "/tmp/bowline-lab-" + std::to_string(::getpid()) + ".html";
  const Ended ended = run_bowline({"lab", "half-close", "--html", path});
  EXPECT_EQ(ended.status, 0) << ended.err;
  std::ifstream file(path, std::ios::binary);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_TRUE(page.ends_with("</html>\n"));
  std::remove(path.c_str());
  const Ended nowhere = run_bowline({"lab", "half-close", "--html", "/nonexistent/x.html"});
  EXPECT_EQ(nowhere.status, 1);
  EXPECT_TRUE(is_one_line(nowhere.err)) << nowhere.err;
}

}  // namespace
}  // namespace bowline::cli
