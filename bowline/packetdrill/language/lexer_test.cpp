#include "bowline/packetdrill/language/lexer.hpp"

#include <gtest/gtest.h>

#include "bowline/packetdrill/language/bounds.hpp"

namespace bowline::packetdrill {
namespace {

using enum TokenKind;

std::vector<std::string> texts(std::string_view script) {
  std::vector<std::string> result;
  for (const Token& token : tokenize(script)) result.push_back(token.text);
  result.pop_back();  // the end
  return result;
}

std::vector<TokenKind> kinds(std::string_view script) {
  std::vector<TokenKind> result;
  for (const Token& token : tokenize(script)) result.push_back(token.kind);
  return result;
}

Position error_of(std::string_view script) {
  try {
    (void)tokenize(script);
  } catch (const SyntaxError& error) {
    return error.position();
  }
  ADD_FAILURE() << "no error in: " << script;
  return {};
}

TEST(Lexer, TheLongestMatchWins) {
  EXPECT_EQ(texts("0...0.1"), (std::vector<std::string>{"0", "...", "0.1"}));
  EXPECT_EQ(texts("+0.1~+0.2"), (std::vector<std::string>{"+", "0.1", "~", "+", "0.2"}));
  EXPECT_EQ(texts("1:1001(1000)"), (std::vector<std::string>{"1", ":", "1001", "(", "1000", ")"}));
  EXPECT_EQ(kinds("12ab 0x1f -7"), (std::vector{word, hexadecimal, integer, end}));
  EXPECT_EQ(texts("P.5"), (std::vector<std::string>{"P", ".5"}));
  EXPECT_EQ(texts("S. 0"), (std::vector<std::string>{"S", ".", "0"}));
}

TEST(Lexer, AnAddressIsOneTokenAndSequenceNumbersAreNot) {
  EXPECT_EQ(kinds("192.168.0.1 fd3d:0a0b:17d6::1 :: ::ffff:192.0.2.1"),
            (std::vector{address, address, address, address, end}));
  EXPECT_EQ(kinds("1001:2001"), (std::vector{integer, sign, integer, end}));
}

TEST(Lexer, TimesCountInNanoseconds) {
  const auto tokens = tokenize("0.000001 .5 3");
  EXPECT_EQ(tokens[0].nanoseconds, 1'000);
  EXPECT_EQ(tokens[1].nanoseconds, 500'000'000);
  EXPECT_EQ(tokens[2].nanoseconds, 3'000'000'000);
}

TEST(Lexer, CommentsOfThreeKindsArePassedOver) {
  EXPECT_EQ(texts("a // b\n c /* d\n e */ f\n  # g\nh"),
            (std::vector<std::string>{"a", "c", "f", "h"}));
}

TEST(Lexer, QuotesBackticksAndCodeHoldWhatTheyHold) {
  const auto tokens = tokenize("\"a \\\" b\" `sysctl x` %{ y }% --name");
  EXPECT_EQ(tokens[0].kind, string);
  EXPECT_EQ(tokens[0].text, "a \\\" b");
  EXPECT_EQ(tokens[1].kind, command);
  EXPECT_EQ(tokens[1].text, "sysctl x");
  EXPECT_EQ(tokens[2].kind, code);
  EXPECT_EQ(tokens[2].text, " y ");
  EXPECT_EQ(tokens[3].kind, option);
  EXPECT_EQ(tokens[3].text, "name");
}

TEST(Lexer, PositionsAreThoseOfAnEditor) {
  const auto tokens = tokenize("a\n  bc  d");
  EXPECT_EQ(tokens[1].position, (Position{2, 3}));
  EXPECT_EQ(tokens[2].position, (Position{2, 7}));
  EXPECT_EQ(tokens[3].position, (Position{2, 8}));  // the end
}

TEST(Lexer, WhatHasNoEndIsAnErrorWhereItBegins) {
  EXPECT_EQ(error_of("a\n \"b"), (Position{2, 2}));
  EXPECT_EQ(error_of("`b"), (Position{1, 1}));
  EXPECT_EQ(error_of("a %{ b"), (Position{1, 3}));
  EXPECT_EQ(error_of("a /* b"), (Position{1, 3}));
  EXPECT_EQ(error_of("a \x01"), (Position{1, 3}));
}

TEST(Lexer, NumbersOutOfRangeAreNone) {
  EXPECT_EQ(kinds("99999999999999999999"), (std::vector{word, end}));  // a cookie, perhaps
  EXPECT_EQ(error_of("99999999999.5"), (Position{1, 1}));
}

TEST(Lexer, AScriptThatIsTooLargeIsRefused) {
  EXPECT_THROW((void)tokenize(std::string(kMaxScriptBytes + 1, ' ')), SyntaxError);
  std::string many;
  for (std::size_t i = 0; i <= kMaxTokens; ++i) many += "a ";
  EXPECT_THROW((void)tokenize(many), SyntaxError);
}

TEST(Lexer, ADefinedWordBecomesItsValue) {
  const Defines defines = {{"MSS", "1000"}, {"CC", "\"reno\""}, {"TWO", "1 2"}};
  const auto tokens = tokenize("MSS CC other TWO");
  EXPECT_EQ(defined(tokens[0], defines).integer, 1000);
  EXPECT_EQ(defined(tokens[1], defines).kind, string);
  EXPECT_EQ(defined(tokens[1], defines).position, tokens[1].position);
  EXPECT_EQ(defined(tokens[2], defines).text, "other");
  EXPECT_THROW((void)defined(tokens[3], defines), SyntaxError);
}

}  // namespace
}  // namespace bowline::packetdrill
