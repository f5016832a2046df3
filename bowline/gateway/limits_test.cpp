// Rules, and the limits on sources (issue 6: allow, deny, rate per source, connections per source).

#include <gtest/gtest.h>

#include "bowline/gateway/sources.hpp"
#include "bowline/gateway/testing/scene.hpp"

namespace bowline::gateway {
namespace {

using testing::Say;
using testing::Scene;

IpAddress address(const char* text) { return *IpAddress::parse(text); }

class LimitsTest : public Scene {
 protected:
  // A whole handshake with the gateway from this address and port: does it ask the server?
  bool connects(const char* from, std::uint16_t port) {
    client = {address(from), port};
    server.address = client.address.is_v4() ? address("192.0.2.2") : address("2001:db8:1::2");
    const auto answer = client_says(full_syn());
    if (answer.size() != 1 || (answer[0].tcp.flags & wire::kRst) != 0) return false;
    cookie = answer[0].tcp.seq;
    const auto asked =
        client_says({.flags = wire::kAck, .seq = kClientIsn + 1, .ack = (cookie + 1).raw()});
    return asked.size() == 1 && asked[0].to == Side::inside;
  }
  // The client's RST, while the server has not answered.
  void gone(const char* from, std::uint16_t port) {
    client = {address(from), port};
    (void)client_says({.flags = wire::kRst, .seq = kClientIsn + 1});
  }
};

TEST_F(LimitsTest, TheFirstRuleThatMatchesHolds) {
  config.rules.push_back({.action = Action::allow, .source = Cidr::parse("198.51.100.7/32")});
  config.rules.push_back({.action = Action::deny, .source = Cidr::parse("198.51.100.0/24")});
  config.rules.push_back({.action = Action::drop, .first_port = 22, .last_port = 23});
  begin();
  EXPECT_TRUE(connects("198.51.100.7", 1'000));
  EXPECT_FALSE(connects("198.51.100.8", 1'000));
  EXPECT_TRUE(connects("203.0.113.1", 1'000));
  EXPECT_TRUE(connects("2001:db8::1", 1'000)) << "another family is not of that network";
  server.port = 23;
  EXPECT_FALSE(connects("203.0.113.1", 1'001));
  server.port = 24;
  EXPECT_TRUE(connects("203.0.113.1", 1'002));
}

TEST_F(LimitsTest, DenyIsAResetAndDropIsSilence) {
  config.rules.push_back({.action = Action::deny,
                          .destination = Cidr::parse("192.0.2.2/32"),
                          .first_port = 80,
                          .last_port = 80});
  config.otherwise = Action::drop;
  begin();
  const Say syn{.flags = wire::kSyn, .seq = kClientIsn};
  const auto seen = client_says(syn);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].has(wire::kRst | wire::kAck));
  EXPECT_EQ(seen[0].tcp.ack, SeqNumber(kClientIsn + 1));
  EXPECT_EQ(seen[0].bytes.size(), packet(client, server, syn).size());
  server.port = 81;
  EXPECT_TRUE(client_says(full_syn()).empty());
  EXPECT_TRUE(client_says({.flags = wire::kAck, .seq = 1, .ack = 2}).empty());
  EXPECT_EQ(count(Reason::gateway_denied), 2U);
}

// RFC 1812 section 4.3.2.8: a flood of what is denied is not answered without end.
TEST_F(LimitsTest, ResetsAreLimited) {
  config.otherwise = Action::deny;
  config.replies_per_second = 10;
  begin();
  std::size_t resets = 0;
  for (int i = 0; i < 1'000; ++i) resets += client_says(full_syn()).size();
  EXPECT_EQ(resets, 10U);
  EXPECT_EQ(count(Reason::gateway_reply_withheld), 990U);
}

// CVE-2016-5696: who uses up all replies that he gets neither silences others nor could count, by
// what is left for himself, what they were answered. Addresses of one network are no exception.
TEST_F(LimitsTest, RepliesAreCountedForEachSource) {
  config.replies_per_second = 10;
  begin();
  const Say stray{.flags = wire::kAck, .seq = 1, .ack = 77};
  client.address = address("203.0.113.1");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client_says(stray).size(), 1U);
  std::size_t others = 0;
  for (std::uint32_t host = 0; host < 20; ++host) {
    client.address = IpAddress::v4(0xc633'6400 + host);
    others += client_says(stray).size();
  }
  EXPECT_EQ(others, 20U);
  client.address = address("203.0.113.1");
  std::size_t own = 0;
  for (int i = 0; i < 5; ++i) own += client_says(stray).size();
  EXPECT_GE(own, 4U) << "as if nobody else were, but for the luck of sharing a counter";
  EXPECT_TRUE(client_says(stray).empty());
  server.address = address("192.0.2.3");  // and none of those inside suffers for those outside
  EXPECT_EQ(server_says(stray).size(), 1U);
}

TEST_F(LimitsTest, ConnectionsOfASourceAreCounted) {
  config.rules.push_back({.connections = 2});
  begin();
  EXPECT_TRUE(connects("198.51.100.7", 1));
  EXPECT_TRUE(connects("198.51.100.7", 2));
  EXPECT_FALSE(connects("198.51.100.7", 3));
  EXPECT_EQ(count(Reason::gateway_too_many), 1U);
  EXPECT_TRUE(connects("198.51.100.8", 1)) << "another source";
  gone("198.51.100.7", 1);
  EXPECT_TRUE(connects("198.51.100.7", 3));
  EXPECT_EQ(proxy->usage().sources, 2U);
}

TEST_F(LimitsTest, TheRateOfASourceIsABucketOfASecond) {
  config.rules.push_back({.rate = 4});
  begin();
  for (std::uint16_t i = 1; i <= 4; ++i) EXPECT_TRUE(connects("198.51.100.7", i));
  EXPECT_FALSE(connects("198.51.100.7", 5));
  EXPECT_EQ(count(Reason::gateway_too_fast), 1U);
  now += 249ms;
  EXPECT_FALSE(connects("198.51.100.7", 6));
  now += 1ms;
  EXPECT_TRUE(connects("198.51.100.7", 7));
  EXPECT_FALSE(connects("198.51.100.7", 8));
}

// Forged addresses use up nobody's rate: only a cookie that came back counts.
TEST_F(LimitsTest, SynsAloneDoNotCount) {
  config.rules.push_back({.rate = 1, .connections = 1});
  begin();
  for (int i = 0; i < 1'000; ++i) (void)client_says(full_syn());
  EXPECT_EQ(proxy->usage().sources, 0U);
  EXPECT_TRUE(connects("198.51.100.7", 1));
}

// RFC 6177: who has one IPv6 address has 2^64.
TEST_F(LimitsTest, AnIpv6NetworkIsOneSource) {
  config.rules.push_back({.connections = 1});
  begin();
  EXPECT_TRUE(connects("2001:db8:0:5::1", 1));
  EXPECT_FALSE(connects("2001:db8:0:5:ffff::2", 1));
  EXPECT_TRUE(connects("2001:db8:0:6::1", 1));
}

TEST_F(LimitsTest, APrefixMayMakeOneSourceOfANetwork) {
  config.source_prefix_v4 = 20;
  config.rules.push_back({.connections = 1});
  begin();
  EXPECT_TRUE(connects("198.51.96.1", 1));
  EXPECT_FALSE(connects("198.51.111.255", 1));
  EXPECT_TRUE(connects("198.51.112.1", 1));
}

TEST(NetworkOf, KeepsTheFirstBits) {
  EXPECT_EQ(network_of(address("198.51.100.7"), 32), address("198.51.100.7"));
  EXPECT_EQ(network_of(address("198.51.100.7"), 24), address("198.51.100.0"));
  EXPECT_EQ(network_of(address("198.51.111.7"), 20), address("198.51.96.0"));
  EXPECT_EQ(network_of(address("198.51.100.7"), 0), address("0.0.0.0"));
  EXPECT_EQ(network_of(address("2001:db8:1:2:3:4:5:6"), 64), address("2001:db8:1:2::"));
  EXPECT_EQ(network_of(address("2001:db8:1:2:3:4:5:6"), 61), address("2001:db8:1::"));
  EXPECT_EQ(network_of(address("2001:db8::6"), 128), address("2001:db8::6"));
}

// There are twice as many places as flows, so a source without a connection can always give way.
TEST(SourceTable, ForgetsTheSourceThatHasBeenIdleForLongest) {
  Config config;
  config.flows = 2;
  SourceTable sources(heap_memory(), {1, 2}, config);
  const Rule rule{.connections = 1};
  const auto admit = [&](std::uint32_t host) {
    return sources.admit(rule, 0, IpAddress::v4(host), Time(1h));
  };
  for (std::uint32_t host = 1; host <= 100; ++host) {
    const auto admission = admit(host);
    ASSERT_EQ(admission.verdict, SourceTable::Verdict::admitted);
    sources.release(admission.source);
  }
  EXPECT_EQ(sources.size(), 4U);
  const auto kept = admit(1);
  EXPECT_EQ(admit(1).verdict, SourceTable::Verdict::too_many);
  for (std::uint32_t host = 200; host <= 300; ++host) sources.release(admit(host).source);
  EXPECT_EQ(admit(1).verdict, SourceTable::Verdict::too_many) << "it has a connection: it stays";
  sources.release(kept.source);
}

}  // namespace
}  // namespace bowline::gateway
