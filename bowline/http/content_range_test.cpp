// The Content-Range field. RFC 9110 section 14.4.
#include "bowline/http/content_range.hpp"

#include <gtest/gtest.h>

namespace bowline::http {
namespace {

TEST(ContentRange, ThreeForms) {
  EXPECT_EQ(parse_content_range("bytes 0-99/200"), (ContentRange{ByteRange{0, 100}, 200}));
  EXPECT_EQ(parse_content_range("Bytes 5-5/*"), (ContentRange{ByteRange{5, 1}, std::nullopt}));
  EXPECT_EQ(parse_content_range("bytes */200"), (ContentRange{std::nullopt, 200}));
}

TEST(ContentRange, WhatIsNoneIsNone) {
  for (const auto* bad :
       {"", "bytes", "bytes ", "bytes 0-99", "bytes 0-99/", "bytes 9-0/200", "bytes 0-200/200",
        "bytes */*", "bytes -5/200", "bytes 0-/200", "items 0-99/200", "bytes 0-99/200x",
        "bytes 0-18446744073709551615/*", "bytes 0-99999999999999999999/*", "bytes=0-99/200"}) {
    EXPECT_FALSE(parse_content_range(bad)) << bad;
  }
}

}  // namespace
}  // namespace bowline::http
