#include <gtest/gtest.h>

#include "bowline/packetdrill/code/run.hpp"

namespace bowline::packetdrill::code {
namespace {

// What `text` comes to with `variables`: "" when it runs through, otherwise "line:column: message".
std::string outcome(std::string_view text, Variables variables = {}) {
  std::string printed;
  try {
    const Block block = parse_block(text, {1, 1});
    const auto failure = run(block, variables, printed);
    if (!failure) return "";
    return std::to_string(failure->position.line) + ':' + std::to_string(failure->position.column) +
           ": " + failure->message;
  } catch (const SyntaxError& error) {
    return "syntax " + std::to_string(error.position().line) + ':' +
           std::to_string(error.position().column) + ": " + error.what();
  }
}

std::string printed_by(std::string_view text) {
  Variables variables;
  std::string printed;
  EXPECT_FALSE(run(parse_block(text, {1, 1}), variables, printed)) << text;
  return printed;
}

TEST(Code, AssertionsHoldOrSayWhatDoesNot) {
  const Variables cwnd = {{"tcpi_snd_cwnd", std::int64_t{10}}};
  EXPECT_EQ(outcome(" assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd ", cwnd), "");
  EXPECT_EQ(outcome(" assert tcpi_snd_cwnd == 12, tcpi_snd_cwnd ", cwnd),
            "1:4: assert tcpi_snd_cwnd == 12 does not hold: 10");
  EXPECT_EQ(outcome(" assert tcpi_snd_cwnd == 12, 'cwnd=%d' % tcpi_snd_cwnd ", cwnd),
            "1:4: assert tcpi_snd_cwnd == 12 does not hold: cwnd=10");
}

TEST(Code, ComparisonsAreChained) {
  const Variables rtt = {{"rtt", std::int64_t{30}}};
  EXPECT_EQ(outcome("assert 25 <= rtt <= 36", rtt), "");
  EXPECT_NE(outcome("assert 25 <= rtt <= 29", rtt), "");
  EXPECT_NE(outcome("assert 31 <= rtt <= 36", rtt), "");
}

TEST(Code, ArithmeticIsPythons) {
  EXPECT_EQ(printed_by("print(7 // 2, -7 // 2, -7 % 3, 7 / 2, 2 ** 10, 1 << 4, 6 & 3 | 8, ~0)"),
            "3 -4 2 3.5 1024 16 10 -1\n");
  EXPECT_EQ(printed_by("print(2 + 3 * 4, (2 + 3) * 4, -2 ** 2, 0x10)"), "14 20 -4 16\n");
  EXPECT_EQ(printed_by("print(min(3, 1, 2), max((1, 5)), abs(-4), int(3.9), len('abc'))"),
            "1 5 4 3 3\n");
  EXPECT_EQ(printed_by("print('%d of %s' % (1, 'x'), (1, 'a'), [2], None, True)"),
            "1 of x (1, 'a') (2,) None 1\n");
}

TEST(Code, LogicStopsEarly) {
  EXPECT_EQ(outcome("assert 0 and missing or 1"), "");
  EXPECT_EQ(outcome("assert not 0 and 1 in (1, 2) and 3 not in (1, 2)"), "");
  EXPECT_EQ(printed_by("print(1 if 2 > 1 else 0, 'a' or 'b')"), "1 a\n");
}

TEST(Code, VariablesStayFromBlockToBlock) {
  Variables variables;
  std::string printed;
  EXPECT_FALSE(run(parse_block(" cwnd = 10; cwnd += 2 ", {}), variables, printed));
  EXPECT_FALSE(run(parse_block(" assert cwnd == 12 ", {}), variables, printed));
}

TEST(Code, StatementsByLineWithCommentsAndBranches) {
  EXPECT_EQ(printed_by("\n# a comment\nx = 3  # another\nif x > 5:\n  print('large')\n"
                       "elif x > 2:\n  print('middle')\n  print(x)\nelse:\n  print('small')\n"
                       "print('end')\n"),
            "middle\n3\nend\n");
  EXPECT_EQ(printed_by("if 1: print('one'); print('two')\n"), "one\ntwo\n");
  EXPECT_EQ(printed_by("x = (1 +\n     2)\nprint(x)"), "3\n");
  EXPECT_EQ(printed_by("x = 1 + \\\n 2\nprint(x)"), "3\n");
}

TEST(Code, WhatGoesWrongHasItsPlace) {
  EXPECT_EQ(outcome("\n\nassert missing"), "3:8: 'missing' is not defined");
  EXPECT_EQ(outcome("x = 1 / 0"), "1:7: division by zero");
  EXPECT_EQ(outcome("x = 'a' + 1"), "1:7: '+' between a string and a number");
  EXPECT_EQ(outcome("x = 9223372036854775807 + 1"), "1:7: the number is too large");
  EXPECT_EQ(outcome("x = 2 ** 100"), "1:7: the number is too large");
  EXPECT_EQ(outcome("x = 1 << 100"), "1:7: a shift by 100");
  EXPECT_EQ(outcome("x = '%d' % (1, 2)"), "1:7: more values than places in the string");
}

TEST(Code, SyntaxErrorsHaveTheirPlace) {
  EXPECT_EQ(outcome("assert"), "syntax 1:9: expected a value, not the end of the line");
  EXPECT_EQ(outcome("assert (1"), "syntax 1:12: a bracket is not closed");
  EXPECT_EQ(outcome("x = 1)"), "syntax 1:8: ')' closes nothing");
  EXPECT_EQ(outcome("while 1: pass"), "syntax 1:3: expected a value, not 'while'");
  EXPECT_EQ(outcome("import os"), "syntax 1:3: expected a value, not 'import'");
  EXPECT_EQ(outcome("x = open('f')"),
            "syntax 1:7: 'open' is none of the functions that there are: abs, bool, float, int, "
            "len, max, min, print, round, str");
  EXPECT_EQ(outcome("x = 'a"), "syntax 1:7: this string has no end");
  EXPECT_EQ(outcome("x = 1\n  y = 2"),
            "syntax 2:3: this line is indented, and nothing above asks for it");
  EXPECT_EQ(outcome("if 1:\nx = 2"), "syntax 2:1: expected an indented line behind ':'");
}

TEST(Code, DepthIsBounded) {
  EXPECT_NE(outcome("x = " + std::string(1'000, '(')), "");
  EXPECT_NE(outcome("x = " + std::string(1'000, '-') + "1"), "");
  EXPECT_NE(outcome("x = " + std::string(500, '(') + "1" + std::string(500, ')')).find("deeply"),
            std::string::npos);
}

}  // namespace
}  // namespace bowline::packetdrill::code
