#include "bowline/http/date.hpp"

#include <gtest/gtest.h>

namespace bowline::http {
namespace {

constexpr Seconds kExample = 784'111'777;  // the example of RFC 9110 section 5.6.7
constexpr Seconds kNow = 1'800'000'000;    // in 2027

TEST(Date, IsWrittenInThePreferredForm) {
  EXPECT_EQ(format_date(kExample), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(format_date(INT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
  EXPECT_EQ(format_date(INT64_MIN), "Mon, 01 Jan 0001 00:00:00 GMT");
}

TEST(Date, AllThreeFormsAreRead) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT", kNow), kExample);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994", kNow), kExample);
}

TEST(Date, TwoDigitsOfAYearLieAtMostFiftyYearsAhead) {
  EXPECT_EQ(format_date(*parse_date("Friday, 01-Jan-77 00:00:00 GMT", kNow)).substr(12, 4), "2077");
  EXPECT_EQ(format_date(*parse_date("Friday, 01-Jan-78 00:00:00 GMT", kNow)).substr(12, 4), "1978");
}

TEST(Date, WhatIsNoneIsNotRead) {
  for (const auto* text :
       {"", "yesterday", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 30 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 -8:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "1994-11-06"}) {
    EXPECT_EQ(parse_date(text, kNow), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace bowline::http
