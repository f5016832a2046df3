// resolv.conf, hosts, the order of addresses, and the cache: the small parts.

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "bowline/base/testing/failing_memory.hpp"
#include "bowline/dns/cache.hpp"
#include "bowline/dns/hosts_file.hpp"
#include "bowline/dns/order.hpp"
#include "bowline/dns/resolv_conf.hpp"
#include "bowline/dns/testing/message_builder.hpp"

namespace bowline::dns {
namespace {

using testing::name;

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

TEST(ResolvConf, IsReadAsOthersReadIt) {  // resolv.conf(5)
  const ResolvConf read = parse_resolv_conf(
      "# made by hand\n"
      "nameserver 10.77.0.1\n"
      "nameserver\tfd77::1   \r\n"
      "search example.org lab.example.org.\n"
      "options ndots:2 timeout:3 attempts:4 rotate\n"
      "; the end");
  EXPECT_EQ(read.ignored_lines, 0U);
  const Config& config = read.config;
  ASSERT_EQ(config.servers.size(), 2U);
  EXPECT_EQ(config.servers[0], (Endpoint{address("10.77.0.1"), 53}));
  EXPECT_EQ(config.servers[1], (Endpoint{address("fd77::1"), 53}));
  ASSERT_EQ(config.search.size(), 2U);
  EXPECT_EQ(config.search[1], name("lab.example.org"));
  EXPECT_EQ(config.ndots, 2);
  EXPECT_EQ(config.timeout, 3s);
  EXPECT_EQ(config.attempts, 4);
  EXPECT_TRUE(config.rotate);
}

TEST(ResolvConf, DefaultsAreTheManuals) {
  const Config config = parse_resolv_conf("").config;
  EXPECT_TRUE(config.servers.empty());
  EXPECT_EQ(config.ndots, 1);
  EXPECT_EQ(config.timeout, 5s);
  EXPECT_EQ(config.attempts, 2);
}

TEST(ResolvConf, WhatCannotBeReadIsPassedOverAndCounted) {
  const ResolvConf read = parse_resolv_conf(
      "nameserver 10.77.0.256\n"
      "nameserver 10.77.0.1\n"
      "sortlist 10.0.0.0\n"
      "options edns0 ndots:1\n"
      "options ndots: timeout:x\n");
  EXPECT_EQ(read.config.servers.size(), 1U);
  EXPECT_EQ(read.ignored_lines, 4U);
  EXPECT_EQ(read.first_ignored, 1U);
}

TEST(ResolvConf, NumbersAreKeptInTheirBounds) {
  const Config config = parse_resolv_conf("options ndots:99 timeout:0 attempts:99999999").config;
  EXPECT_EQ(config.ndots, 15);
  EXPECT_EQ(config.timeout, 1s);
  EXPECT_EQ(config.attempts, 5);
}

TEST(ResolvConf, TheLastOfSearchAndDomainCounts) {
  EXPECT_EQ(parse_resolv_conf("search a.example b.example\ndomain c.example").config.search.size(),
            1U);
}

TEST(ResolvConf, ServersBeyondTheMostAreIgnored) {
  std::string text;
  for (int i = 1; i <= 9; ++i) text += "nameserver 10.77.0." + std::to_string(i) + "\n";
  const ResolvConf read = parse_resolv_conf(text);
  EXPECT_EQ(read.config.servers.size(), kMaxServers);
  EXPECT_EQ(read.first_ignored, 9U);
}

TEST(HostsFile, GivesTheAddressesOfAName) {  // hosts(5)
  constexpr std::string_view kText =
      "127.0.0.1 localhost\n"
      "10.77.0.5\tserver.lab server # the old one\n"
      "10.77.0.6 Server\n"
      "fd77::5 server\n"
      "300.1.1.1 server\n"
      "10.77.0.7 # server";
  const Addresses v4 = find_in_hosts(kText, name("server"), Type::a);
  ASSERT_EQ(v4.size(), 2U);
  EXPECT_EQ(v4[0], address("10.77.0.5"));
  EXPECT_EQ(v4[1], address("10.77.0.6"));
  EXPECT_EQ(find_in_hosts(kText, name("server"), Type::aaaa)[0], address("fd77::5"));
  EXPECT_TRUE(find_in_hosts(kText, name("old"), Type::a).empty());
}

std::vector<std::string> ordered(std::vector<std::string_view> texts, auto&& reachable) {
  std::vector<IpAddress> addresses;
  for (const std::string_view text : texts) addresses.push_back(address(text));
  order_addresses(addresses, reachable);
  std::vector<std::string> result;
  for (const IpAddress& each : addresses) {
    std::array<char, IpAddress::kMaxText> text;
    result.emplace_back(text.data(), each.format(text));
  }
  return result;
}

TEST(AddressOrder, IsThePolicyTables) {  // RFC 6724 section 2.1
  EXPECT_EQ(
      ordered({"fd77::1", "10.77.0.1", "2001::1", "2a00::1", "2002::1", "::1"},
              [](const IpAddress&) { return true; }),
      (std::vector<std::string>{"::1", "2a00::1", "10.77.0.1", "2002::1", "2001::1", "fd77::1"}));
  EXPECT_EQ(precedence(address("::10.77.0.1")), 1);
}

TEST(AddressOrder, WhatCannotBeReachedGoesLast) {  // RFC 6724 section 6 rule 1
  EXPECT_EQ(ordered({"10.77.0.1", "2a00::1", "10.77.0.2"},
                    [](const IpAddress& each) { return each.is_v4(); }),
            (std::vector<std::string>{"10.77.0.1", "10.77.0.2", "2a00::1"}));
}

constexpr Time kStart = Time{} + 1h;

Answer answer(Outcome outcome, Duration ttl) { return {outcome, {}, ttl}; }

TEST(DnsCache, RemembersForAsLongAsTheTtlSays) {
  Cache cache(heap_memory(), {});
  const Question question{name("www.example.org"), Type::a};
  cache.insert(question, answer(Outcome::found, 30s), kStart);
  EXPECT_NE(cache.find({name("WWW.example.org"), Type::a}, kStart + 29s), nullptr);
  EXPECT_EQ(cache.find({name("www.example.org"), Type::aaaa}, kStart), nullptr);
  EXPECT_EQ(cache.find(question, kStart + 30s), nullptr);
}

TEST(DnsCache, RemembersNoFailureAndNothingWithoutATtl) {
  Cache cache(heap_memory(), {});
  const Question question{name("www.example.org"), Type::a};
  cache.insert(question, answer(Outcome::server_failure, 30s), kStart);
  cache.insert(question, answer(Outcome::found, 0s), kStart);
  EXPECT_EQ(cache.size(), 0U);
  cache.insert(question, answer(Outcome::no_such_name, 10s), kStart);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(DnsCache, BoundsTheTtl) {  // RFC 2308 section 5
  Cache cache(heap_memory(), {.longest_ttl = 60s, .longest_negative_ttl = 20s});
  const Question found{name("a.example"), Type::a};
  const Question none{name("b.example"), Type::a};
  cache.insert(found, answer(Outcome::found, 1h), kStart);
  cache.insert(none, answer(Outcome::no_data, 1h), kStart);
  EXPECT_NE(cache.find(found, kStart + 59s), nullptr);
  EXPECT_EQ(cache.find(found, kStart + 60s), nullptr);
  EXPECT_EQ(cache.find(none, kStart + 20s), nullptr);
}

TEST(DnsCache, WhenFullForgetsWhatWouldExpireFirst) {
  Cache cache(heap_memory(), {.cache_entries = 2});
  const Question a{name("a.example"), Type::a};
  const Question b{name("b.example"), Type::a};
  const Question c{name("c.example"), Type::a};
  cache.insert(a, answer(Outcome::found, 60s), kStart);
  cache.insert(b, answer(Outcome::found, 30s), kStart);
  cache.insert(c, answer(Outcome::found, 45s), kStart);
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_NE(cache.find(a, kStart), nullptr);
  EXPECT_EQ(cache.find(b, kStart), nullptr);
  EXPECT_NE(cache.find(c, kStart), nullptr);
  cache.insert(a, answer(Outcome::found, 10s), kStart);
  EXPECT_EQ(cache.size(), 2U) << "a newer answer takes the older one's place";
  EXPECT_EQ(cache.find(a, kStart + 10s), nullptr);
}

TEST(DnsCache, WithoutMemoryForgets) {
  bowline::testing::FailingMemory memory;
  Cache cache(memory, {});
  memory.fail_from(0);
  cache.insert({name("a.example"), Type::a}, answer(Outcome::found, 60s), kStart);
  EXPECT_EQ(cache.size(), 0U);
}

}  // namespace
}  // namespace bowline::dns
