#include "bowline/http/listing.hpp"

#include <gtest/gtest.h>

#include "bowline/http/content_type.hpp"

namespace bowline::http {
namespace {

TEST(Listing, NamesCannotBecomeMarkup) {
  const std::string page = listing_page(
      "<b>", {{{"<script>alert('x')</script>", false, 1, 0}, {"a\"b&c", true, 0, 0}}, false});
  EXPECT_EQ(page.find("<script>"), std::string::npos);
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"), std::string::npos);
  EXPECT_NE(page.find("href=\"./%3Cscript%3Ealert%28%27x%27%29%3C/script%3E\""), std::string::npos);
  EXPECT_NE(page.find("href=\"./a%22b%26c/\">a&quot;b&amp;c/</a>"), std::string::npos);
}

TEST(Listing, NamesCannotBecomeSchemes) {
  const std::string page = listing_page("", {{{"javascript:alert(1)", false, 1, 0}}, false});
  EXPECT_NE(page.find("href=\"./javascript%3Aalert%281%29\""), std::string::npos);
}

TEST(Listing, LeadsUpExceptFromTheTop) {
  EXPECT_EQ(listing_page("", {}).find("../"), std::string::npos);
  EXPECT_NE(listing_page("sub", {}).find("href=\"../\""), std::string::npos);
}

TEST(Listing, ShowsSizeAndTime) {
  const std::string page = listing_page("", {{{"a", false, 1536, 784'111'777}}, false});
  EXPECT_NE(page.find("1.5 KiB"), std::string::npos);
  EXPECT_NE(page.find("1994-11-06 08:49"), std::string::npos);
}

TEST(Listing, AnyTimeOfAFileCanBeShown) {
  EXPECT_NE(listing_page("", {{{"a", false, 1, INT64_MAX}}, false}).find("9999-"),
            std::string::npos);
  EXPECT_FALSE(listing_page("", {{{"a", false, 1, INT64_MIN}}, false}).empty());
}

TEST(Listing, SaysThatItIsNotAll) {
  EXPECT_NE(listing_page("", {{}, true}).find("left out"), std::string::npos);
}

TEST(FormatSize, HasAtMostOneDigitAfterThePoint) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(1'023), "1023 B");
  EXPECT_EQ(format_size(1'024), "1 KiB");
  EXPECT_EQ(format_size(1'048'575), "1 MiB");
  EXPECT_EQ(format_size(209'715'200), "200 MiB");
  EXPECT_EQ(format_size(UINT64_MAX), "16 EiB");
}

TEST(ContentType, FollowsTheLastExtension) {
  EXPECT_EQ(content_type("a/b/index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(content_type("A.PNG"), "image/png");
  EXPECT_EQ(content_type("a.tar.gz"), "application/gzip");
  EXPECT_EQ(content_type("Makefile"), "application/octet-stream");
  EXPECT_EQ(content_type("a."), "application/octet-stream");
  EXPECT_EQ(content_type("a.nosuch"), "application/octet-stream");
}

}  // namespace
}  // namespace bowline::http
