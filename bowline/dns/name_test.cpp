#include "bowline/dns/name.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "bowline/dns/testing/message_builder.hpp"
#include "bowline/wire/hex_literal.hpp"

namespace bowline::dns {
namespace {

using testing::name;
using wire::operator""_hex;

std::string text_of(const Name& name) {
  std::array<char, Name::kMaxText> text;
  return {text.data(), name.format(text)};
}

NameError refused(std::string_view text) {
  const auto name = Name::parse(text);
  EXPECT_FALSE(name.has_value()) << text;
  return name ? NameError::empty : name.error();
}

TEST(DnsName, IsARowOfLabels) {  // RFC 1035 section 3.1
  const auto expected = "03777777 076578616d706c65 036f7267 00"_hex;
  EXPECT_TRUE(std::ranges::equal(name("www.example.org").wire(), expected));
  EXPECT_TRUE(std::ranges::equal(name("www.example.org.").wire(), expected));
  EXPECT_EQ(name("www.example.org").labels(), 3U);
  EXPECT_EQ(text_of(name("www.example.org")), "www.example.org");
  EXPECT_EQ(text_of(Name()), ".");
}

TEST(DnsName, ComparesWithoutCaseAndKeepsIt) {  // RFC 4343
  EXPECT_EQ(name("Example.ORG"), name("example.org"));
  EXPECT_FALSE(name("Example.ORG").is_spelled(name("example.org")));
  EXPECT_TRUE(name("Example.ORG").lower().is_spelled(name("example.org")));
  EXPECT_EQ(text_of(name("Example.ORG")), "Example.ORG");
  EXPECT_FALSE(name("example.org") == name("example.com"));
}

TEST(DnsName, RefusesWhatIsNoHostNameAndSaysWhy) {  // RFC 1123 section 2.1, 1035 section 2.3.4
  EXPECT_EQ(refused(""), NameError::empty);
  EXPECT_EQ(refused("."), NameError::empty);
  EXPECT_EQ(refused("a..b"), NameError::empty_label);
  EXPECT_EQ(refused(".a"), NameError::empty_label);
  EXPECT_EQ(refused(std::string(64, 'a')), NameError::label_too_long);
  EXPECT_EQ(refused("b\xc3\xbc"
                    "cher.example"),
            NameError::not_ascii);
  EXPECT_EQ(refused("a b"), NameError::bad_character);
  EXPECT_EQ(refused(std::string_view("a\0b", 3)), NameError::bad_character);
  EXPECT_EQ(refused("-a.example"), NameError::bad_hyphen);
  EXPECT_EQ(refused("a-.example"), NameError::bad_hyphen);
  EXPECT_EQ(refused("10.77.0.256"), NameError::bad_address);
  EXPECT_TRUE(Name::parse("xn--bcher-kva.example").has_value());
  EXPECT_TRUE(Name::parse("_dmarc.example").has_value());
  EXPECT_EQ(sentence(NameError::not_ascii), "is not ASCII; give it in its xn-- form");
}

TEST(DnsName, HoldsTwoHundredAndFiftyFiveBytesAndNoMore) {  // RFC 1035 section 2.3.4
  const std::string label(63, 'a');
  // 3 * 64 + 62 + 1 = 255
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  ASSERT_TRUE(Name::parse(longest).has_value());
  EXPECT_EQ(Name::parse(longest)->wire().size(), Name::kMaxWire);
  EXPECT_EQ(text_of(*Name::parse(longest)), longest);
  EXPECT_EQ(refused(longest + "a"), NameError::too_long);
}

TEST(DnsName, LiesWithinAnotherWhereALabelBegins) {
  EXPECT_TRUE(name("www.example.org").is_within(name("Example.org")));
  EXPECT_TRUE(name("example.org").is_within(name("example.org")));
  EXPECT_TRUE(name("example.org").is_within(Name()));
  EXPECT_FALSE(name("notexample.org").is_within(name("example.org")));
  EXPECT_FALSE(name("org").is_within(name("example.org")));
}

TEST(DnsName, IsJoinedWithADomainIfThatFits) {
  EXPECT_EQ(name("www").under(name("example.org")), name("www.example.org"));
  const std::string label(63, 'a');
  const Name large = name(label + "." + label + "." + label);
  EXPECT_FALSE(large.under(name(label)).has_value());
}

TEST(DnsName, FromTheWireMayHoldAnyByte) {  // RFC 2181 section 11, 1035 section 5.1
  Name odd;
  ASSERT_TRUE(odd.append_label("612e5c00ff"_hex));
  EXPECT_EQ(text_of(odd), "a\\046\\092\\000\\255");
  EXPECT_FALSE(odd.append_label({}));
}

}  // namespace
}  // namespace bowline::dns
