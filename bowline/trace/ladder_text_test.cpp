#include "bowline/trace/ladder_text.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "bowline/trace/ladders_of.hpp"
#include "bowline/trace/testing/conversation.hpp"

namespace bowline::trace {
namespace {

using tcp::State;

// The handshake of 002, a second between its segments.
Ladder handshake() {
  std::vector<TracedSegment> traced;
  Duration time{};
  for (const Segment& segment : testing::handshake()) {
    traced.push_back({time, segment});
    time += 1s;
  }
  return ladders_of(traced).at(0);
}

TEST(LadderText, NoLineIsWiderThanAsked) {
  Ladder ladder = handshake();
  ladder.events[1].why = fmt::format("{:x>300} {:y>50}", "", "");
  ladder.left = testing::at("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", 65'535);
  ladder.right = testing::at("2001:db8:aaaa:bbbb:cccc:dddd:eeee:fffe", 65'535);
  for (const std::size_t width : {72U, 80U, 100U, 160U}) {
    for (const std::string& line : draw(ladder, {.width = width})) {
      EXPECT_LE(columns(line), width) << line;
    }
  }
}

TEST(LadderText, FewColumnsCountAsSeventyTwo) {
  EXPECT_EQ(draw(handshake(), {.width = 10}), draw(handshake(), {.width = 72}));
}

TEST(LadderText, WithoutReasonsALineForEachSegment) {
  const std::vector<std::string> lines = draw(handshake(), {.reasons = false});
  EXPECT_EQ(lines.size(), 2U + 3U + 3U);  // head, segments, foot
}

TEST(LadderText, AsciiHoldsNoOtherCharacter) {
  Ladder ladder = handshake();
  ladder.events[1].lost = true;
  for (const char c : draw_text(ladder, {.ascii = true})) {
    EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
  }
}

TEST(LadderText, ALostSegmentBreaksOff) {
  Ladder ladder = handshake();
  ladder.events.resize(2);
  ladder.events[0].lost = true;
  ladder.events[1].lost = true;
  infer_all(ladder);
  const std::vector<std::string> lines =
      draw(ladder, {.width = 80, .ascii = true, .reasons = false});
  EXPECT_EQ(lines[2], "  0.000000  (SYN-SENT)      --- SYN seq 0 win 65535 -----X        (LISTEN)");
  EXPECT_EQ(lines[3],
            "  1.000000  (SYN-SENT)            X-- SYN+ACK seq 0 ack 1 ------  (SYN-RECEIVED)");
}

TEST(LadderText, WhatHappensAtOneEndHasNoArrow) {
  Ladder ladder = handshake();
  LadderEvent& over = ladder.events.emplace_back();
  over.time = Time{63s};
  over.left = {State::closed, false};
  over.right = {std::nullopt, true};
  over.why = "2 MSL have passed [RFC 9293 3.10.8]";
  std::vector<std::string> lines = draw(ladder, {.reasons = false});
  EXPECT_EQ(
      lines[5],
      "  63.000000  CLOSED          2 MSL have passed [RFC 9293 3.10.8]                      ?");
  ladder.events.back().side = Side::right;
  lines = draw(ladder, {.reasons = false});
  EXPECT_EQ(
      lines[5],
      "  63.000000  CLOSED                              2 MSL have passed [RFC 9293 3.10.8]  ?");
}

TEST(LadderText, CountsWhatIsLeftOut) {
  Ladder ladder = handshake();
  ladder.left_out = 7;
  ladder.left_out_before = 2;
  const std::vector<std::string> lines = draw(ladder, {.reasons = false});
  EXPECT_NE(lines[4].find("... 7 segments are left out here ..."), std::string::npos);
}

TEST(LadderText, AnEmptyLadderIsItsHead) {
  Ladder ladder;
  EXPECT_EQ(draw(ladder).size(), 2U);
}

TEST(LadderText, TwoSideBySide) {
  const std::string text =
      draw_side_by_side(handshake(), "with", handshake(), "without", {.width = 200});
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end - begin);
    EXPECT_LE(columns(line), 200U);
    EXPECT_NE(line.find(" |"), std::string::npos);
    begin = end + 1;
  }
  EXPECT_EQ(text.find("with"), 0U);
}

TEST(LaddersOf, AConversationEach) {
  std::vector<TracedSegment> traced;
  for (const Segment& segment : testing::handshake()) traced.push_back({std::nullopt, segment});
  Segment reset = testing::handshake()[2];
  reset.flags = wire::kRst;
  traced.push_back({std::nullopt, reset});
  traced.push_back({std::nullopt, testing::handshake()[0]});  // opened anew
  Segment other = testing::handshake()[0];
  other.source.port = 1;
  traced.push_back({std::nullopt, other});
  const std::vector<Ladder> ladders = ladders_of(traced);
  ASSERT_EQ(ladders.size(), 3U);
  EXPECT_EQ(ladders[0].events.size(), 4U);
  EXPECT_EQ(ladders[1].events.size(), 1U);
  EXPECT_EQ(ladders[2].left.port, 1);
}

}  // namespace
}  // namespace bowline::trace
