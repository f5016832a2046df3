// What the resolver believes and what it does not: forged answers, truncated ones, servers without
// EDNS.

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "bowline/dns/resolver.hpp"
#include "bowline/dns/testing/script.hpp"

namespace bowline::dns {
namespace {

using testing::kFirst;
using testing::kSecond;
using testing::MessageBuilder;
using testing::name;
using testing::Script;
using testing::Sent;
using testing::Texts;
using testing::two_servers;

// ---- what is believed: RFC 5452 section 9.1 ----------------------------------------------------

TEST(DnsResolver, BelievesNothingThatDoesNotFit) {
  Script script;
  script.look_up("www.example.org");
  const Sent sent = script.sent();
  const auto lie = [&](Drop expected, const Endpoint& from, const MessageBuilder& message) {
    const std::uint64_t before = script.resolver.drops()[expected];
    script.resolver.receive(sent.exchange, from, message.bytes(), script.now);
    EXPECT_EQ(script.resolver.drops()[expected], before + 1) << text_of(expected).sentence;
    EXPECT_TRUE(script.resolver.is_open(sent.exchange)) << "the true answer may still come";
  };
  const auto forged = [&](std::uint16_t id, const Question& question) {
    return MessageBuilder(id).question(question).address("www.example.org", "10.66.66.66");
  };
  const Question& asked = sent.question;
  lie(Drop::wrong_source, kSecond, forged(sent.id, asked));
  lie(Drop::wrong_source, {kFirst.address, 54}, forged(sent.id, asked));
  lie(Drop::wrong_id, kFirst, forged(static_cast<std::uint16_t>(sent.id + 1), asked));
  lie(Drop::wrong_question, kFirst, forged(sent.id, {name("example.org"), Type::a}));
  lie(Drop::wrong_question, kFirst, forged(sent.id, {asked.name, Type::aaaa}));
  MessageBuilder chaos(sent.id);
  chaos.count(4).raw(asked.name.wire()).u16(1).u16(3);
  lie(Drop::wrong_question, kFirst, chaos);
  lie(Drop::bad_record_count, kFirst, forged(sent.id, asked).lie(6, 999));
  lie(Drop::not_a_response, kFirst, MessageBuilder(sent.id, 0x0100).question(asked));

  script.answer(sent, "10.77.0.5");
  EXPECT_EQ(script.outcome(), Outcome::found);
  EXPECT_EQ(script.addresses, Texts{"10.77.0.5"});
}

TEST(DnsResolver, WhoGuessesOnAndOnMakesItTurnToTcp) {  // RFC 5452 section 9.3
  Script script;
  script.look_up("www.example.org");
  const Sent sent = script.sent();
  for (std::uint16_t i = 1; i <= Limits().forgeries; ++i) {
    EXPECT_TRUE(script.all_sent().empty());
    script.resolver.receive(sent.exchange, kFirst,
                            MessageBuilder(static_cast<std::uint16_t>(sent.id + i))
                                .question(sent.question)
                                .address("www.example.org", "10.66.66.66")
                                .bytes(),
                            script.now);
  }
  const Sent again = script.sent();
  EXPECT_EQ(again.transport, Transport::tcp);
  EXPECT_EQ(again.server, kFirst);
  script.answer(again, "10.77.0.5");
  EXPECT_EQ(script.outcome(), Outcome::found);
}

TEST(DnsResolver, TheSameQuestionIsAskedOnce) {  // RFC 5452 section 5
  Script script;
  script.look_up("www.example.org");
  script.look_up("WWW.example.org");
  script.answer(script.sent(), "10.77.0.5");
  EXPECT_EQ(script.outcome(), Outcome::found);
  EXPECT_EQ(script.outcome(), Outcome::found);
  EXPECT_EQ(script.addresses, Texts{"10.77.0.5"});
}

TEST(DnsResolver, MixesTheLettersCaseIfAskedTo) {  // draft-vixie-dnsext-dns0x20
  Config config = two_servers();
  config.mix_case = true;
  Script script(config);
  const Name plain = name("a-rather-long-name.example.org");
  script.look_up("a-rather-long-name.example.org");
  const Sent sent = script.sent();
  EXPECT_EQ(sent.question.name, plain);
  EXPECT_FALSE(sent.question.name.is_spelled(plain)) << "1 in 2^26, with this key not";
  Sent lower = sent;
  lower.question.name = plain;
  script.answer(lower, "10.66.66.66");
  EXPECT_EQ(script.resolver.drops()[Drop::wrong_letters], 1U);
  script.answer(sent, "10.77.0.5");
  EXPECT_EQ(script.outcome(), Outcome::found);
  EXPECT_EQ(script.addresses, Texts{"10.77.0.5"});
}

TEST(DnsResolver, IdsAreDrawnFromTheWholeRange) {  // RFC 5452 section 4.3
  Script script;
  std::set<std::uint16_t> ids;
  for (int i = 0; i < 256; ++i) {
    const LookupId lookup = script.look_up("www.example.org");
    ids.insert(script.sent().id);
    script.resolver.cancel(lookup);
  }
  EXPECT_GT(ids.size(), 250U);
  EXPECT_LT(*ids.begin(), 2048);
  EXPECT_GT(*ids.rbegin(), 63'000);
}

// ---- TCP: RFC 7766 -----------------------------------------------------------------------------

TEST(DnsResolver, ATruncatedAnswerIsAskedForByTcp) {  // RFC 7766 section 5
  Script script;
  script.look_up("www.example.org");
  const Sent udp = script.sent();
  script.answer(udp, Script::response(udp, 0x8380).address("www.example.org", "10.77.0.4"));
  EXPECT_TRUE(script.pending()) << "part of an answer is none";
  const Sent tcp = script.sent();
  EXPECT_EQ(tcp.transport, Transport::tcp);
  EXPECT_EQ(tcp.server, kFirst);
  EXPECT_EQ(script.resolver.next_deadline(), script.now + 5s);
  script.answer(tcp, "10.77.0.5");
  EXPECT_EQ(script.outcome(), Outcome::found);
  EXPECT_EQ(script.addresses, Texts{"10.77.0.5"});
}

TEST(DnsResolver, WhatIsTruncatedOverTcpTooLeadsToTheNextServer) {
  Script script;
  script.look_up("www.example.org");
  const Sent udp = script.sent();
  script.answer(udp, Script::response(udp, 0x8380));
  const Sent tcp = script.sent();
  script.answer(tcp, Script::response(tcp, 0x8380));
  EXPECT_EQ(script.resolver.drops()[Drop::truncated_over_tcp], 1U);
  const Sent next = script.sent();
  EXPECT_EQ(next.server, kSecond);
  EXPECT_EQ(next.transport, Transport::udp);
}

TEST(DnsResolver, NonsenseOverTcpLeadsToTheNextServer) {
  Script script;
  script.look_up("www.example.org");
  const Sent udp = script.sent();
  script.answer(udp, Script::response(udp, 0x8380));
  const Sent tcp = script.sent();
  script.answer(tcp, MessageBuilder(static_cast<std::uint16_t>(tcp.id + 1)).question(tcp.question));
  EXPECT_EQ(script.sent().server, kSecond);
}

// ---- EDNS: RFC 6891 section 6.2.2 --------------------------------------------------------------

TEST(DnsResolver, AServerThatKnowsNoEdnsIsAskedWithout) {
  for (const bool bare : {false, true}) {
    Script script;
    script.look_up("www.example.org");
    const Sent with = script.sent();
    if (bare) {
      script.answer(with, MessageBuilder(with.id, 0x8181));
    } else {
      script.answer_rcode(with, 1);
    }
    const Sent without = script.sent();
    EXPECT_EQ(without.server, kFirst);
    EXPECT_FALSE(without.edns);
    script.answer(without, "10.77.0.5");
    EXPECT_EQ(script.outcome(), Outcome::found);
  }
}

TEST(DnsResolver, AServerThatFindsFaultWithoutEdnsTooIsLeft) {
  Script script;
  script.look_up("www.example.org");
  script.answer_rcode(script.sent(), 1);
  script.answer_rcode(script.sent(), 1);
  const Sent next = script.sent();
  EXPECT_EQ(next.server, kSecond);
  EXPECT_TRUE(next.edns);
}

}  // namespace
}  // namespace bowline::dns
