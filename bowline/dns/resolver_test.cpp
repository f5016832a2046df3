// The resolver as scripts in virtual time: whom it asks when, and what it makes of the answers.

#include "bowline/dns/resolver.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bowline/base/buffer.hpp"
#include "bowline/base/testing/failing_memory.hpp"
#include "bowline/base/visit.hpp"
#include "bowline/dns/testing/script.hpp"

namespace bowline::dns {
namespace {

using testing::kFirst;
using testing::kSecond;
using testing::kV4;
using testing::MessageBuilder;
using testing::name;
using testing::Script;
using testing::Sent;
using testing::Texts;
using testing::two_servers;

TEST(DnsResolver, AsksForBothFamiliesAtOnce) {
  Script script;
  const LookupId lookup = script.look_up("www.example.org", {});
  const auto sent = script.all_sent();
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].question, (Question{name("www.example.org"), Type::a}));
  EXPECT_EQ(sent[1].question, (Question{name("www.example.org"), Type::aaaa}));
  EXPECT_EQ(sent[0].server, kFirst);
  EXPECT_NE(sent[0].id, sent[1].id);
  EXPECT_TRUE(sent[0].edns);
  script.answer(sent[1], "fd77::5");
  EXPECT_TRUE(script.pending());
  script.answer(sent[0], "10.77.0.5");
  const auto finished = script.resolver.poll_finished();
  ASSERT_TRUE(finished.has_value());
  EXPECT_EQ(finished->lookup, lookup);
  EXPECT_EQ(finished->outcome, Outcome::found);
  EXPECT_EQ(finished->addresses.size(), 2U);
  EXPECT_EQ(script.resolver.lookups(), 0U);
  EXPECT_EQ(script.resolver.queries(), 0U);
  EXPECT_EQ(script.resolver.next_deadline(), kNever);
}

TEST(DnsResolver, OneFamilyThatFailsDoesNotSpoilTheOther) {
  Script script;
  script.look_up("www.example.org", {});
  const auto sent = script.all_sent();
  script.answer(sent[0], "10.77.0.5");
  script.answer_rcode(sent[1], 2);
  const auto again = script.sent();
  script.answer_rcode(again, 2);
  EXPECT_EQ(script.outcome(), Outcome::found);
  EXPECT_EQ(script.addresses, Texts{"10.77.0.5"});
}

TEST(DnsResolver, EndsDistinctly) {
  const auto ends = [](unsigned rcode) {
    Script script;
    script.look_up("www.example.org");
    for (const Sent& sent : script.all_sent()) script.answer_rcode(sent, rcode);
    for (const Sent& sent : script.all_sent()) script.answer_rcode(sent, rcode);
    return script.outcome();
  };
  EXPECT_EQ(ends(0), Outcome::no_data);
  EXPECT_EQ(ends(2), Outcome::server_failure);
  EXPECT_EQ(ends(3), Outcome::no_such_name);
  EXPECT_EQ(ends(5), Outcome::refused);
}

TEST(DnsResolver, WithoutServersSaysSoAtOnce) {
  Script script((Config()));
  script.look_up("www.example.org");
  EXPECT_TRUE(script.all_sent().empty());
  EXPECT_EQ(script.outcome(), Outcome::no_name_servers);
}

// ---- retrying ----------------------------------------------------------------------------------

TEST(DnsResolver, GoesRoundTheServersWithDoubledPatience) {
  Script script;
  script.look_up("www.example.org");
  const Time start = script.now;
  std::set<std::uint16_t> ids;
  for (const auto& [server, patience] : std::vector<std::pair<Endpoint, Duration>>{
           {kFirst, 5s}, {kSecond, 5s}, {kFirst, 10s}, {kSecond, 10s}}) {
    const Sent sent = script.sent();
    EXPECT_EQ(sent.server, server);
    ids.insert(sent.id);
    EXPECT_EQ(script.resolver.next_deadline(), script.now + patience);
    script.pass(patience - 1ns);
    EXPECT_TRUE(script.resolver.is_open(sent.exchange));
    script.pass(1ns);
    EXPECT_FALSE(script.resolver.is_open(sent.exchange));
  }
  EXPECT_EQ(ids.size(), 4U) << "each try has an ID of its own";
  EXPECT_EQ(script.outcome(), Outcome::timed_out);
  EXPECT_EQ(script.now - start, 30s);
  EXPECT_TRUE(script.all_sent().empty());
}

TEST(DnsResolver, AnAnswerToTheSecondTryIsAsGood) {
  Script script;
  script.look_up("www.example.org");
  const Sent lost = script.sent();
  script.pass(5s);
  const Sent second = script.sent();
  script.answer(lost, "10.66.66.66");
  EXPECT_EQ(script.resolver.drops()[Drop::nothing_asked], 1U) << "too late";
  script.answer(second, "10.77.0.5");
  EXPECT_EQ(script.outcome(), Outcome::found);
  EXPECT_EQ(script.addresses, Texts{"10.77.0.5"});
}

TEST(DnsResolver, TheServerThatAnsweredIsAskedFirst) {
  Script script;
  script.look_up("a.example.org");
  static_cast<void>(script.sent());
  script.pass(5s);
  script.answer(script.sent(), "10.77.0.5");
  EXPECT_EQ(script.outcome(), Outcome::found);
  script.look_up("b.example.org");
  EXPECT_EQ(script.sent().server, kSecond);
}

TEST(DnsResolver, RotatesIfAskedTo) {
  Config config = two_servers();
  config.rotate = true;
  Script script(config);
  script.look_up("a.example.org");
  EXPECT_EQ(script.sent().server, kFirst);
  script.look_up("b.example.org");
  EXPECT_EQ(script.sent().server, kSecond);
}

TEST(DnsResolver, AServerThatFailedIsNotAskedAgain) {
  Script script;
  script.look_up("www.example.org");
  script.answer_rcode(script.sent(), 2);
  EXPECT_EQ(script.sent().server, kSecond);
  script.pass(5s);
  EXPECT_EQ(script.sent().server, kSecond) << "the second round is without the first server";
  script.pass(10s);
  EXPECT_EQ(script.outcome(), Outcome::server_failure) << "more is known than a timeout";
}

TEST(DnsResolver, AServerThatCannotBeReachedIsLeftAtOnce) {  // ICMP port unreachable
  Script script;
  script.look_up("www.example.org");
  script.resolver.fail(script.sent().exchange, script.now);
  script.resolver.fail(script.sent().exchange, script.now);
  EXPECT_EQ(script.outcome(), Outcome::unreachable);
}

// ---- the cache ---------------------------------------------------------------------------------

TEST(DnsResolver, RemembersWhatItWasTold) {
  Script script;
  script.look_up("www.example.org");
  script.answer(script.sent(), "10.77.0.5", 60);
  EXPECT_EQ(script.outcome(), Outcome::found);
  script.now += 59s;
  script.look_up("www.Example.org");
  EXPECT_TRUE(script.all_sent().empty());
  EXPECT_EQ(script.outcome(), Outcome::found);
  EXPECT_EQ(script.addresses, Texts{"10.77.0.5"});
  script.now += 1s;
  script.look_up("www.example.org");
  EXPECT_EQ(script.all_sent().size(), 1U);
}

TEST(DnsResolver, RemembersThatThereIsNone) {  // RFC 2308
  Script script;
  script.look_up("www.example.org");
  const Sent sent = script.sent();
  script.answer(sent, Script::response(sent, 0x8183).soa("example.org", 60, 60));
  EXPECT_EQ(script.outcome(), Outcome::no_such_name);
  script.look_up("www.example.org");
  EXPECT_TRUE(script.all_sent().empty());
  EXPECT_EQ(script.outcome(), Outcome::no_such_name);
}

// ---- search list, hosts, special names ---------------------------------------------------------

std::vector<std::string> asked_in_turn(std::string_view text, bool absolute) {
  Config config = two_servers();
  config.search.push_back(name("lab.example"));
  config.search.push_back(name("example"));
  Script script(config);
  script.look_up(text, kV4, absolute);
  std::vector<std::string> names;
  for (;;) {
    const auto all = script.all_sent();
    if (all.empty()) break;
    names.push_back(Script::text(all.front().question.name));
    script.answer_rcode(all.front(), 3);
  }
  EXPECT_EQ(script.outcome(), Outcome::no_such_name);
  return names;
}

TEST(DnsResolver, TriesTheSearchListByTheNumberOfDots) {  // resolv.conf(5), ndots
  EXPECT_EQ(asked_in_turn("host", false), (Texts{"host.lab.example", "host.example", "host"}));
  EXPECT_EQ(asked_in_turn("host.dept", false),
            (Texts{"host.dept", "host.dept.lab.example", "host.dept.example"}));
  EXPECT_EQ(asked_in_turn("host", true), Texts{"host"});
}

TEST(DnsResolver, StopsTheSearchAtTheFirstThatIsFound) {
  Config config = two_servers();
  config.search.push_back(name("lab.example"));
  Script script(config);
  script.look_up("host");
  script.answer(script.sent(), "10.77.0.5");
  EXPECT_EQ(script.outcome(), Outcome::found);
}

TEST(DnsResolver, ANameThatExistsWithoutAddressesIsTold) {
  Config config = two_servers();
  config.search.push_back(name("lab.example"));
  Script script(config);
  script.look_up("host");
  script.answer_rcode(script.sent(), 0);
  script.answer_rcode(script.sent(), 3);
  EXPECT_EQ(script.outcome(), Outcome::no_data);
}

TEST(DnsResolver, ADomainThatMakesTheNameTooLongIsPassedOver) {
  const std::string label(63, 'a');
  Config config = two_servers();
  config.search.push_back(name(label + "." + label + "." + label));
  Script script(config);
  script.look_up(label);
  EXPECT_EQ(script.sent().question.name, name(label));
}

TEST(DnsResolver, TheHostsFileComesFirst) {
  Config config = two_servers();
  config.hosts = "10.77.0.9 server\nfd77::9 server\n";
  Script script(config);
  script.look_up("server", {});
  EXPECT_TRUE(script.all_sent().empty());
  EXPECT_EQ(script.outcome(), Outcome::found);
  EXPECT_EQ(script.addresses, (Texts{"10.77.0.9", "fd77::9"}));
}

TEST(DnsResolver, SpecialNamesAreNeverAsked) {  // RFC 6761 sections 6.3 and 6.4
  Script script;
  script.look_up("localhost", {});
  EXPECT_EQ(script.outcome(), Outcome::found);
  EXPECT_EQ(script.addresses, (Texts{"127.0.0.1", "::1"}));
  script.look_up("db.localhost");
  EXPECT_EQ(script.outcome(), Outcome::found);
  script.look_up("host.invalid");
  EXPECT_EQ(script.outcome(), Outcome::no_such_name);
  EXPECT_TRUE(script.all_sent().empty());
}

// ---- bounds, cancelling, new settings ----------------------------------------------------------

TEST(DnsResolver, ACancelledLookupIsForgottenAndItsQuestionToo) {
  Script script;
  const LookupId first = script.look_up("www.example.org");
  const LookupId second = script.look_up("www.example.org");
  const Sent sent = script.sent();
  script.resolver.cancel(first);
  EXPECT_TRUE(script.resolver.is_open(sent.exchange)) << "the second waits for it";
  script.resolver.cancel(second);
  script.resolver.cancel(second);
  EXPECT_FALSE(script.resolver.is_open(sent.exchange));
  EXPECT_EQ(script.resolver.next_deadline(), kNever);
  EXPECT_TRUE(script.pending());
}

TEST(DnsResolver, LookupsAreBounded) {
  Script script(two_servers(), {.lookups = 2});
  script.look_up("a.example");
  script.look_up("b.example");
  const auto third = script.resolver.start(name("c.example"), false, {}, script.now);
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error(), std::errc::no_buffer_space);
  EXPECT_FALSE(script.resolver.start(name("c.example"), false, {false, false}, script.now));
}

TEST(DnsResolver, WithoutMemorySaysSo) {
  bowline::testing::FailingMemory memory;
  {
    Script script(two_servers(), {}, memory);
    script.look_up("a.example");
    static_cast<void>(script.sent());
    memory.fail_from(0);
    // Enough for the slabs' first chunks to be full: then either is refused, and nothing breaks.
    bool refused = false;
    for (int i = 0; i < 64 && !refused; ++i) {
      const auto lookup =
          script.resolver.start(name("n" + std::to_string(i) + ".example"), false, {}, script.now);
      refused = !lookup.has_value();
      if (refused) {
        EXPECT_EQ(lookup.error(), std::errc::not_enough_memory);
      }
      if (const auto finished = script.resolver.poll_finished()) {
        refused = true;
        EXPECT_EQ(finished->outcome, Outcome::no_memory);
      }
    }
    EXPECT_TRUE(refused);
  }
  EXPECT_EQ(memory.live_blocks(), 0U);
}

TEST(DnsResolver, NewServersAreAskedAnew) {
  Script script;
  script.look_up("www.example.org");
  const Sent old = script.sent();
  Config config;
  config.servers.push_back({IpAddress::parse("10.77.0.3").value(), 5353});
  script.resolver.set_config(config, script.now);
  EXPECT_FALSE(script.resolver.is_open(old.exchange));
  const Sent sent = script.sent();
  EXPECT_EQ(sent.server.port, 5353);
  script.answer(sent, "10.77.0.5");
  EXPECT_EQ(script.outcome(), Outcome::found);
}

TEST(DnsResolver, IsSavedAndGoesOnAsBefore) {
  BufferPoolOwner pool(BufferPool::make(heap_memory(), 1U << 20));
  Script script;
  script.look_up("a.example");
  script.answer(script.sent(), "10.77.0.5");
  EXPECT_EQ(script.outcome(), Outcome::found);
  script.look_up("b.example");
  const Sent sent = script.sent();

  SaveVisitor saved(heap_memory());
  save(saved, script.resolver);
  Script copy;
  LoadVisitor load(saved.bytes(), *pool);
  load(copy.resolver);
  ASSERT_TRUE(load.complete());
  EXPECT_EQ(canonical_hash(copy.resolver, script.now), canonical_hash(script.resolver, script.now));
  for (Script* each : {&script, &copy}) {
    each->look_up("a.example");
    EXPECT_EQ(each->outcome(), Outcome::found);
    each->answer(sent, "10.77.0.6");
    EXPECT_EQ(each->outcome(), Outcome::found);
    EXPECT_EQ(each->addresses, Texts{"10.77.0.6"});
    each->look_up("c.example");
  }
  EXPECT_EQ(script.sent().id, copy.sent().id);
}

}  // namespace
}  // namespace bowline::dns
