// URLs and references. RFC 3986.
#include "bowline/http/url.hpp"

#include <gtest/gtest.h>

namespace bowline::http {
namespace {

std::string parsed(std::string_view text) {
  const auto url = parse_url(text);
  return url ? to_string(*url) : "error: " + url.error();
}

TEST(Url, PartsAreTold) {
  const auto url = parse_url("https://Example.COM:8443/a/b?q=1#part");
  ASSERT_TRUE(url) << url.error();
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/a/b?q=1");
  EXPECT_EQ(authority(*url), "example.com:8443");
}

TEST(Url, TheSchemesOwnPortIsNotWritten) {
  EXPECT_EQ(parsed("http://a"), "http://a/");
  EXPECT_EQ(parsed("HTTP://a:80"), "http://a/");
  EXPECT_EQ(parsed("http://a:"), "http://a/");
  EXPECT_EQ(parsed("https://a:443/"), "https://a/");
  EXPECT_EQ(parsed("https://a:80/"), "https://a:80/");
  EXPECT_EQ(parsed("http://a?q"), "http://a/?q");
}

TEST(Url, Ipv6StandsInBrackets) {
  const auto url = parse_url("http://[FD77::1]:8080/x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "fd77::1");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(to_string(*url), "http://[fd77::1]:8080/x");
  for (const auto* bad : {"http://[fd77::1", "http://[10.0.0.1]/", "http://[]/", "http://[::1]x/",
                          "http://[fe80::1%25eth0]/", "http://fd77::1/"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
}

TEST(Url, WhatCannotStandIsEncoded) {
  EXPECT_EQ(parsed("http://a/b c"), "http://a/b%20c");
  EXPECT_EQ(parsed("http://a/\xc3\xa4?\"x\""), "http://a/%C3%A4?%22x%22");
  EXPECT_EQ(parsed("http://a/b%20c"), "http://a/b%20c") << "encoded already";
}

TEST(Url, WhatIsNoneIsRefused) {
  for (const auto* bad :
       {"", "a", "example.com/x", "ftp://a/", "http:/a", "http://", "http:///x", "http://a:0/",
        "http://a:65536/", "http://a:8x/", "http://user:secret@a/", "http://a b/",
        "http://\xc3\xa4/", "http://a/\r\nX: y", "http://a/\t", "file:///etc/passwd"}) {
    EXPECT_FALSE(parse_url(bad)) << bad;
  }
  EXPECT_FALSE(parse_url("http://a/" + std::string(1, '\0')));
  EXPECT_FALSE(parse_url("http://" + std::string(254, 'a')));
}

// The examples of section 5.4, as far as they are of http.
struct Reference {
  const char* text;
  const char* url;
};
class References : public testing::TestWithParam<Reference> {};

TEST_P(References, AreResolved) {
  const auto base = parse_url("http://a/b/c/d;p?q");
  ASSERT_TRUE(base);
  const auto url = resolve_reference(*base, GetParam().text);
  ASSERT_TRUE(url) << url.error();
  EXPECT_EQ(to_string(*url), GetParam().url);
}

INSTANTIATE_TEST_SUITE_P(
    Rfc3986, References,
    testing::Values(Reference{"g", "http://a/b/c/g"}, Reference{"./g", "http://a/b/c/g"},
                    Reference{"g/", "http://a/b/c/g/"}, Reference{"/g", "http://a/g"},
                    Reference{"//g", "http://g/"}, Reference{"?y", "http://a/b/c/d;p?y"},
                    Reference{"g?y", "http://a/b/c/g?y"}, Reference{"#s", "http://a/b/c/d;p?q"},
                    Reference{"g#s", "http://a/b/c/g"}, Reference{"g?y#s", "http://a/b/c/g?y"},
                    Reference{";x", "http://a/b/c/;x"}, Reference{"", "http://a/b/c/d;p?q"},
                    Reference{".", "http://a/b/c/"}, Reference{"./", "http://a/b/c/"},
                    Reference{"..", "http://a/b/"}, Reference{"../", "http://a/b/"},
                    Reference{"../g", "http://a/b/g"}, Reference{"../..", "http://a/"},
                    Reference{"../../g", "http://a/g"}, Reference{"../../../g", "http://a/g"},
                    Reference{"../../../../g", "http://a/g"}, Reference{"/./g", "http://a/g"},
                    Reference{"/../g", "http://a/g"}, Reference{"g.", "http://a/b/c/g."},
                    Reference{"..g", "http://a/b/c/..g"}, Reference{"./../g", "http://a/b/g"},
                    Reference{"./g/.", "http://a/b/c/g/"}, Reference{"g/../h", "http://a/b/c/h"},
                    Reference{"g?y/../x", "http://a/b/c/g?y/../x"},
                    Reference{"https://h/x", "https://h/x"},
                    Reference{"//h:81/x", "http://h:81/x"}));

TEST(Url, AReferenceElsewhereIsRefused) {
  const auto base = parse_url("http://a/");
  for (const auto* bad : {"ftp://a/", "javascript:alert(1)", "/\r\nX: y", "//user@h/"}) {
    EXPECT_FALSE(resolve_reference(*base, bad)) << bad;
  }
}

TEST(Url, AnOriginIsSchemeHostAndPort) {
  const auto same = [](const char* a, const char* b) {
    return same_origin(*parse_url(a), *parse_url(b));
  };
  EXPECT_TRUE(same("http://a/x", "http://A:80/y"));
  EXPECT_FALSE(same("http://a/", "https://a/"));
  EXPECT_FALSE(same("http://a/", "http://a:81/"));
  EXPECT_FALSE(same("http://a/", "http://b/"));
}

TEST(Url, TheLastSegmentNamesAFile) {
  const auto name = [](const char* text) { return file_name(*parse_url(text)); };
  EXPECT_EQ(name("http://a/b/c.txt?q=/d"), "c.txt");
  EXPECT_EQ(name("http://a/b%20c"), "b c");
  for (const auto* none : {"http://a", "http://a/b/", "http://a/..", "http://a/x%2fy",
                           "http://a/%2e%2e", "http://a/%00"}) {
    EXPECT_EQ(name(none), "") << none;
  }
}

}  // namespace
}  // namespace bowline::http
