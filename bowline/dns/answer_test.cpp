#include "bowline/dns/answer.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "bowline/dns/testing/message_builder.hpp"

namespace bowline::dns {
namespace {

using testing::MessageBuilder;
using testing::name;

const Question kQuestion{name("www.example.org"), Type::a};

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

std::expected<Answer, Drop> read(const MessageBuilder& builder,
                                 const Question& question = kQuestion) {
  return read_answer(Message::parse(builder.bytes()).value(), question);
}

TEST(DnsAnswer, HasTheAddressesOfTheNameWithTheLeastTtl) {
  MessageBuilder builder(7);
  builder.question(kQuestion)
      .address("WWW.example.org", "10.77.0.1", 60)
      .address("www.example.org", "10.77.0.2", 30)
      .address("www.example.org", "10.77.0.1", 90);
  const auto answer = read(builder).value();
  EXPECT_EQ(answer.outcome, Outcome::found);
  ASSERT_EQ(answer.addresses.size(), 2U) << "each once";
  EXPECT_EQ(answer.addresses[0], address("10.77.0.1"));
  EXPECT_EQ(answer.addresses[1], address("10.77.0.2"));
  EXPECT_EQ(answer.ttl, 30s);
}

TEST(DnsAnswer, FollowsAliasesWithinTheAnswer) {  // RFC 1034 section 3.6.2
  MessageBuilder builder(7);
  builder.question(kQuestion)
      .address("b.example.net", "10.77.0.9", 60)  // before its alias
      .alias("www.example.org", "a.example.net", 20)
      .alias("a.example.net", "b.example.net", 40);
  const auto answer = read(builder).value();
  EXPECT_EQ(answer.outcome, Outcome::found);
  EXPECT_EQ(answer.addresses[0], address("10.77.0.9"));
  EXPECT_EQ(answer.ttl, 20s);
}

TEST(DnsAnswer, LooksAtNoRecordOfAnotherName) {
  MessageBuilder builder(7);
  builder.question(kQuestion)
      .address("bank.example", "10.66.66.66")
      .alias("bank.example", "evil.example")
      .soa("example.org", 60, 60);
  EXPECT_EQ(read(builder).value().outcome, Outcome::no_data);
}

TEST(DnsAnswer, AddressesOfTheOtherFamilyAreNone) {
  MessageBuilder builder(7);
  builder.question(kQuestion).address("www.example.org", "fd77::1");
  EXPECT_EQ(read(builder).value().outcome, Outcome::no_data);
}

TEST(DnsAnswer, OtherRecordsAreNoAddresses) {
  constexpr auto kText = static_cast<Type>(16);
  MessageBuilder builder(7);
  builder.question({kQuestion.name, kText}).record(6, kQuestion.name, kText, 60, {});
  EXPECT_EQ(read(builder, {kQuestion.name, kText}).value().outcome, Outcome::no_data);
}

TEST(DnsAnswer, AliasesInACircleAreDropped) {
  MessageBuilder builder(7);
  builder.question(kQuestion)
      .alias("www.example.org", "a.example.org")
      .alias("a.example.org", "www.example.org");
  EXPECT_EQ(read(builder).error(), Drop::too_long_chain);
}

TEST(DnsAnswer, AliasesAreFollowedOnlySoFar) {
  const auto chain = [](unsigned aliases) {
    MessageBuilder builder(7);
    builder.question(kQuestion);
    std::string owner = "www.example.org";
    for (unsigned i = 0; i < aliases; ++i) {
      const std::string target = "a" + std::to_string(i) + ".example.org";
      builder.alias(owner, target);
      owner = target;
    }
    builder.address(owner, "10.77.0.1");
    return read(builder);
  };
  EXPECT_EQ(chain(kMaxAliases).value().outcome, Outcome::found);
  EXPECT_EQ(chain(kMaxAliases + 1).error(), Drop::too_long_chain);
}

TEST(DnsAnswer, TheOutcomeIsTheRcodes) {
  const auto outcome = [](unsigned rcode) {
    return read(MessageBuilder(7, 0x8180U | rcode).question(kQuestion)).value().outcome;
  };
  EXPECT_EQ(outcome(0), Outcome::no_data);
  EXPECT_EQ(outcome(2), Outcome::server_failure);
  EXPECT_EQ(outcome(3), Outcome::no_such_name);
  EXPECT_EQ(outcome(5), Outcome::refused);
  EXPECT_EQ(outcome(9), Outcome::server_failure);
}

TEST(DnsAnswer, NothingIsRememberedForAsLongAsTheZoneSays) {  // RFC 2308 section 5
  const auto ttl = [](std::string_view zone, std::uint32_t own, std::uint32_t minimum) {
    return read(MessageBuilder(7, 0x8183).question(kQuestion).soa(zone, own, minimum)).value().ttl;
  };
  EXPECT_EQ(ttl("example.org", 60, 300), 60s);
  EXPECT_EQ(ttl("example.org", 300, 40), 40s);
  EXPECT_EQ(ttl("example.com", 300, 40), 0s) << "a zone that the name does not lie in";
  EXPECT_EQ(read(MessageBuilder(7, 0x8183).question(kQuestion)).value().ttl, 0s);
}

TEST(DnsAnswer, MoreAddressesThanThereIsRoomForAreLeftOut) {
  MessageBuilder builder(7);
  builder.question(kQuestion);
  for (unsigned i = 1; i <= kMaxAddresses + 1; ++i) {
    builder.address("www.example.org", "10.77.0." + std::to_string(i));
  }
  EXPECT_EQ(read(builder).value().addresses.size(), kMaxAddresses);
}

}  // namespace
}  // namespace bowline::dns
