#include "bowline/http/target.hpp"

#include <gtest/gtest.h>

namespace bowline::http {
namespace {

std::string path_of(std::string_view text) {
  const auto target = read_target(text);
  return target ? target->path + (target->as_folder ? "/" : "") : "refused";
}

TEST(Target, IsAPathBelowTheFolder) {
  EXPECT_EQ(path_of("/"), "/");
  EXPECT_EQ(path_of("/a"), "a");
  EXPECT_EQ(path_of("/a/"), "a/");
  EXPECT_EQ(path_of("/a/b.html"), "a/b.html");
}

TEST(Target, QueryIsKeptApart) {
  const auto target = read_target("/a?b=/../c%zz");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "a");
  EXPECT_EQ(target->query, "?b=/../c%zz");
}

// RFC 9112 section 3.2.2: "a server MUST accept the absolute-form in requests".
TEST(Target, AbsoluteFormMeansItsPath) {
  EXPECT_EQ(path_of("http://10.77.0.2/a/b"), "a/b");
  EXPECT_EQ(path_of("http://10.77.0.2"), "/");
  EXPECT_EQ(path_of("http://10.77.0.2?x"), "/");
  EXPECT_EQ(path_of("/http://x/y"), "http:/x/y");
}

TEST(Target, OtherFormsAreRefused) {
  EXPECT_EQ(path_of("*"), "refused");
  EXPECT_EQ(path_of(""), "refused");
  EXPECT_EQ(path_of("a/b"), "refused");
  EXPECT_EQ(path_of("host:80"), "refused");
  EXPECT_EQ(path_of("/a#b"), "refused");
}

TEST(Target, PercentEncodingIsTakenOut) {
  EXPECT_EQ(path_of("/a%20b%C3%A9"), "a b\xC3\xA9");
  EXPECT_EQ(path_of("/%61"), "a");
  EXPECT_EQ(path_of("/100%25"), "100%");
  EXPECT_EQ(path_of("/%2525"), "%25") << "once, not twice";
}

TEST(Target, BrokenPercentEncodingIsMalformed) {
  for (const auto* text : {"/%", "/%2", "/%zz", "/%2g", "/a%", "/%u0041"}) {
    const auto target = read_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error(), BadTarget::malformed) << text;
  }
}

// RFC 3986 section 5.2.4, where nothing climbs above the root.
TEST(Target, DotSegmentsAreTakenOut) {
  EXPECT_EQ(path_of("/a/./b"), "a/b");
  EXPECT_EQ(path_of("/a/../b"), "b");
  EXPECT_EQ(path_of("/a/.."), "/");
  EXPECT_EQ(path_of("/a/b/.."), "a/");
  EXPECT_EQ(path_of("/a/."), "a/");
  EXPECT_EQ(path_of("/%2e/a"), "a");
  EXPECT_EQ(path_of("//a///b"), "a/b");
  EXPECT_EQ(path_of("/..."), "...") << "a name like any other";
  EXPECT_EQ(path_of("/..a"), "..a");
}

TEST(Target, ClimbingAboveTheFolderIsRefused) {
  for (const auto* text : {"/..", "/../", "/../etc/passwd", "/a/../../b", "/%2e%2e/b", "/%2E./b",
                           "/.%2e/b", "//../b", "/./../b", "http://host/../b"}) {
    const auto target = read_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error(), BadTarget::escapes) << text;
  }
}

TEST(Target, EncodedSlashAndNulAreNoPartOfAName) {
  for (const auto* text : {"/..%2f..%2fetc", "/a%2Fb", "/a%00.html", "/%00"}) {
    const auto target = read_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error(), BadTarget::malformed) << text;
  }
}

TEST(PercentEncode, IsTheOppositeOfDecoding) {
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  const std::string encoded = percent_encode(all);
  EXPECT_EQ(encoded.find_first_of(" \"<>#?:&\n"), std::string::npos);
  EXPECT_EQ(percent_decode(encoded), all);
  EXPECT_EQ(percent_encode("a/b-c_d.e~"), "a/b-c_d.e~");
}

}  // namespace
}  // namespace bowline::http
