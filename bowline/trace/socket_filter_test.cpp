// Filters of listings, as ss(8) has them.
#include "bowline/trace/socket_filter.hpp"

#include <gtest/gtest.h>

#include "bowline/trace/testing/conversation.hpp"

namespace bowline::trace {
namespace {

using tcp::State;

FilterSubject subject(State state = State::established) {
  return {state, testing::at("10.77.0.2", 80), testing::at("10.77.0.1", 40'000)};
}

bool matches(std::string_view text, const FilterSubject& asked = subject()) {
  const auto filter = SocketFilter::parse(text);
  EXPECT_TRUE(filter) << text << ": " << filter.error().message;
  return filter && filter->matches(asked);
}

TEST(SocketFilter, NothingLetsEverythingThrough) {
  EXPECT_TRUE(matches(""));
  EXPECT_TRUE(matches("   "));
}

TEST(SocketFilter, A25_StatesInEverySpelling) {
  for (const auto* name : {"syn-recv", "SYN_RCVD", "SYN-RECEIVED", "syn_recv", "SynReceived"}) {
    EXPECT_TRUE(matches(std::string("state ") + name, subject(State::syn_received))) << name;
    EXPECT_FALSE(matches(std::string("state ") + name)) << name;
  }
  for (const auto* name : {"TIME_WAIT", "time-wait", "timewait"}) {
    EXPECT_TRUE(matches(std::string("state ") + name, subject(State::time_wait))) << name;
  }
}

TEST(SocketFilter, SeveralStatesAreAnyOfThem) {
  EXPECT_TRUE(matches("state established state listen"));
  EXPECT_TRUE(matches("state established state listen", subject(State::listen)));
  EXPECT_FALSE(matches("state established state listen", subject(State::closing)));
  EXPECT_FALSE(matches("exclude established"));
  EXPECT_TRUE(matches("exclude established", subject(State::closing)));
  EXPECT_FALSE(matches("state all exclude closing", subject(State::closing)));
}

TEST(SocketFilter, GroupsAreThoseOfSs) {
  EXPECT_TRUE(matches("state connected", subject(State::syn_sent)));
  EXPECT_FALSE(matches("state connected", subject(State::listen)));
  EXPECT_FALSE(matches("state synchronized", subject(State::syn_sent)));
  EXPECT_TRUE(matches("state synchronized", subject(State::time_wait)));
  EXPECT_TRUE(matches("state bucket", subject(State::syn_received)));
  EXPECT_FALSE(matches("state bucket"));
  EXPECT_TRUE(matches("state big"));
  EXPECT_FALSE(matches("state big", subject(State::time_wait)));
}

TEST(SocketFilter, PortsAreCompared) {
  for (const auto* yes :
       {"sport = :80", "sport :80", "sport eq 80", "sport == http", "sport != :81", "sport >= 80",
        "sport <= :80", "sport < 81", "sport gt 79", "dport = :40000", "sport=:80", "dport>1024"}) {
    EXPECT_TRUE(matches(yes)) << yes;
  }
  for (const auto* no :
       {"sport = :81", "sport neq :80", "sport > 80", "sport lt 80", "dport :80"}) {
    EXPECT_FALSE(matches(no)) << no;
  }
}

TEST(SocketFilter, AddressesAreMatched) {
  for (const auto* yes : {"src 10.77.0.2", "src = 10.77.0.0/24", "dst 10.77.0.1:40000",
                          "dst :40000", "dst != 10.77.0.9", "src *:80", "dst 0.0.0.0/0"}) {
    EXPECT_TRUE(matches(yes)) << yes;
  }
  for (const auto* no : {"src 10.77.0.1", "dst 10.77.0.1:40001", "dst != 10.0.0.0/8", "src ::/0"}) {
    EXPECT_FALSE(matches(no)) << no;
  }
  const FilterSubject v6{State::established, testing::at("fd77::2", 80), testing::at("fd77::1", 9)};
  EXPECT_TRUE(matches("src [fd77::2]:80 and dst fd77::/64", v6));
  EXPECT_FALSE(matches("src [fd77::2]:81", v6));
}

TEST(SocketFilter, AndBindsTighterThanOr) {
  EXPECT_TRUE(matches("sport = :80 or sport = :1 and sport = :2"));
  EXPECT_FALSE(matches("( sport = :80 or sport = :1 ) and sport = :2"));
  EXPECT_TRUE(matches("sport = :80 dport = :40000")) << "side by side is and";
  EXPECT_FALSE(matches("not sport = :80"));
  EXPECT_TRUE(matches("not ( sport = :80 and dport = :1 )"));
  EXPECT_TRUE(matches("!(sport=:1||sport=:2)&&dport=:40000"));
  EXPECT_TRUE(matches("state established ( sport = :80 or dport = :80 )"));
}

struct Wrong {
  const char* text;
  std::size_t column;
  const char* message;
};
class WrongFilter : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongFilter, IsToldWithItsColumn) {
  const auto filter = SocketFilter::parse(GetParam().text);
  ASSERT_FALSE(filter) << GetParam().text;
  EXPECT_EQ(filter.error().column, GetParam().column) << filter.error().message;
  EXPECT_NE(filter.error().message.find(GetParam().message), std::string::npos)
      << filter.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongFilter,
    ::testing::Values(Wrong{"state", 6, "missing"}, Wrong{"state nonsense", 7, "'nonsense'"},
                      Wrong{"state fin-wait", 7, "'fin-wait'"},
                      Wrong{"sport", 6, "port is missing"}, Wrong{"sport = :x", 9, "':x'"},
                      Wrong{"sport = :65536", 9, "no port"}, Wrong{"dst", 4, "missing"},
                      Wrong{"dst 10.0.0.256", 5, "no address"}, Wrong{"dst < 10.0.0.1", 7, "="},
                      Wrong{"( sport = :80", 14, ")"}, Wrong{"sport = :80 )", 13, "one too many"},
                      Wrong{"and", 1, "'and'"}, Wrong{"sport = :80 or", 15, "missing"},
                      Wrong{"nonsense", 1, "'nonsense'"},
                      Wrong{"sport = :80 state listen", 13, "before everything else"}));

TEST(SocketFilter, WhatIsTooMuchIsRefused) {
  EXPECT_FALSE(SocketFilter::parse(std::string(5'000, ' ')));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += "(";
  EXPECT_FALSE(SocketFilter::parse(deep + "sport = :80"));
  std::string nots;
  for (int i = 0; i < 100; ++i) nots += "!";
  EXPECT_FALSE(SocketFilter::parse(nots + "sport = :80"));
}

TEST(SocketFilter, TheDefaultIsTheCallers) {
  auto filter = SocketFilter::parse("sport = :80");
  filter->set_default_states(kListeningStates);
  EXPECT_FALSE(filter->matches(subject()));
  auto named = SocketFilter::parse("state established");
  named->set_default_states(kListeningStates);
  EXPECT_TRUE(named->matches(subject()));
}

}  // namespace
}  // namespace bowline::trace
