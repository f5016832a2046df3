#include "bowline/http/range.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bowline::http {

using Kind = RangeSelection::Kind;

void PrintTo(const ByteRange& range, std::ostream* out) {
  *out << range.offset << "+" << range.length;
}

namespace {

using Parts = std::vector<ByteRange>;

TEST(Range, FirstToLastCountsBothEnds) {
  const auto selection = select_ranges("bytes=0-99", 1000);
  EXPECT_EQ(selection.kind, Kind::parts);
  EXPECT_EQ(selection.parts, (Parts{{0, 100}}));
  EXPECT_EQ(select_ranges("bytes=999-999", 1000).parts, (Parts{{999, 1}}));
}

TEST(Range, WithoutLastGoesToTheEnd) {
  EXPECT_EQ(select_ranges("bytes=900-", 1000).parts, (Parts{{900, 100}}));
}

TEST(Range, LastBeyondTheEndIsTheEnd) {
  EXPECT_EQ(select_ranges("bytes=900-5000", 1000).parts, (Parts{{900, 100}}));
  EXPECT_EQ(select_ranges("bytes=0-99999999999999999999999", 1000).parts, (Parts{{0, 1000}}));
  EXPECT_EQ(select_ranges("bytes=0-18446744073709551615", 1000).parts, (Parts{{0, 1000}}));
}

TEST(Range, SuffixIsTheLastBytes) {
  EXPECT_EQ(select_ranges("bytes=-100", 1000).parts, (Parts{{900, 100}}));
  EXPECT_EQ(select_ranges("bytes=-5000", 1000).parts, (Parts{{0, 1000}}));
}

// RFC 9110 section 14.1.2: satisfiable is what has its first position within the file, or a suffix
// of more than nothing.
TEST(Range, BeginningBehindTheEndIsUnsatisfiable) {
  EXPECT_EQ(select_ranges("bytes=1000-", 1000).kind, Kind::unsatisfiable);
  EXPECT_EQ(select_ranges("bytes=99999999999999999999999-", 1000).kind, Kind::unsatisfiable);
  EXPECT_EQ(select_ranges("bytes=-0", 1000).kind, Kind::unsatisfiable);
  EXPECT_EQ(select_ranges("bytes=0-", 0).kind, Kind::unsatisfiable);
  EXPECT_EQ(select_ranges("bytes=-5", 0).kind, Kind::unsatisfiable);
}

TEST(Range, SeveralKeepTheirOrderAndDropTheUnsatisfiable) {
  const auto selection = select_ranges("bytes=500-599, 0-9,2000-,,-1", 1000);
  EXPECT_EQ(selection.kind, Kind::parts);
  EXPECT_EQ(selection.parts, (Parts{{500, 100}, {0, 10}, {999, 1}}));
}

TEST(Range, WhatIsNoRangeMeansTheWhole) {
  for (const auto* field : {"", "bytes", "bytes=", "bytes=,", "bytes=a-b", "bytes=5", "bytes=9-5",
                            "bytes=--5", "bytes=0-5-9", "lines=0-5", "bytes 0-5", "bytes=+1-5",
                            "bytes=0x1-", "bytes=-", "bytes=0-5,x"}) {
    EXPECT_EQ(select_ranges(field, 1000).kind, Kind::whole) << field;
  }
}

// RFC 9110 section 14.2: many small or overlapping ranges are an attack, not a need.
TEST(Range, ManyOrOverlappingMeanTheWhole) {
  EXPECT_EQ(select_ranges("bytes=0-9,5-", 1000).kind, Kind::whole);
  EXPECT_EQ(select_ranges("bytes=0-,0-", 1000).kind, Kind::whole);
  std::string many = "bytes=";
  for (int i = 0; i < 17; ++i) many += std::to_string(2 * i) + "-" + std::to_string(2 * i) + ",";
  EXPECT_EQ(select_ranges(many, 1000).kind, Kind::whole);
}

}  // namespace
}  // namespace bowline::http
