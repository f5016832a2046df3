// A part of each scenario, as much as a test has time for; and the proof that the search can fail:
// rules broken on purpose, each of which it finds by itself.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/model/hosts.hpp"
#include "bowline/model/search.hpp"
#include "bowline/model/world.hpp"
#include "bowline/trace/ladder_text.hpp"
#include "tests/model/scenarios.hpp"

namespace bowline::test {
namespace {

using model::Action;
using model::Choice;
using model::Effort;
using model::Finding;
using model::Host;
using model::Hosts;
using model::Invariant;
using model::Report;
using model::Rules;
using model::Scenario;
using model::Story;

// All together some seconds; script/soak model goes on from there.
constexpr std::uint64_t kStates = 40'000;

class Exploration : public ::testing::TestWithParam<Named> {};

TEST_P(Exploration, BreaksNothing) {
  const Scenario scenario = GetParam().make();
  const Report report = model::explore(scenario, {.states = kStates});
  ASSERT_FALSE(report.finding) << text(*report.finding, tell(scenario, *report.finding));
  EXPECT_GE(report.reached.states, kStates) << "the bounds leave too little to explore";
  EXPECT_GT(report.reached.completions, kStates / 8) << "hardly any state was run to its end";
}

// What the search stands on: an outcome that is remembered is what a Stack does that was never
// cloned and never merged with another, packet by packet and hash by hash.
TEST_P(Exploration, WhatIsRememberedIsWhatAStackDoes) {
  const Scenario scenario = GetParam().make();
  Hosts merged(scenario);
  Rules remembered(scenario, merged);
  std::vector<Choice> choices;
  Random random(17);
  for (int walk = 0; walk < 60; ++walk) {
    Hosts separate(scenario, Hosts::Keeping::separate);
    Rules running(scenario, separate);
    auto one = remembered.first();
    auto two = running.first();
    for (int i = 0; i < 40; ++i) {
      remembered.choices(one, choices);
      if (choices.empty()) break;
      const Choice choice = choices[random.index(choices.size())];
      const bool cut = remembered.take(one, choice).cut;
      ASSERT_EQ(running.take(two, choice).cut, cut);
      if (cut) break;
      ASSERT_EQ(remembered.hash(one, true), running.hash(two, true))
          << "walk " << walk << ", choice " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Scenarios, Exploration, ::testing::ValuesIn(all_scenarios()),
                         [](const auto& of) {
                           std::string name(of.param.name);
                           std::erase(name, '-');
                           return name;
                         });

// More threads come to the same states.
TEST(Search, TwoThreadsSeeWhatOneSees) {
  Scenario scenario;
  scenario.faults = {.losses = 1};
  const Report one = model::explore(scenario, {.states = 0, .depth = 9, .threads = 1});
  const Report two = model::explore(scenario, {.states = 0, .depth = 9, .threads = 2});
  EXPECT_FALSE(one.exhausted);
  EXPECT_EQ(one.reached.depth, 8U) << "counted from 0";
  EXPECT_EQ(one.reached.states, two.reached.states);
  EXPECT_EQ(one.reached.transitions, two.reached.transitions);
  EXPECT_GT(one.reached.states, 1'000U);
}

// ---- rules broken on purpose

// Searches until `broken` is found, and demands that the story is true and can be drawn.
Story must_find(const Scenario& scenario, Invariant broken) {
  const Report report = model::explore(scenario, {.states = 300'000});
  if (!report.finding) {
    ADD_FAILURE() << "nothing is found in " << report.reached.states << " states";
    return {};
  }
  Story story = tell(scenario, *report.finding);
  const std::string all = text(*report.finding, story);
  EXPECT_EQ(name(report.finding->broken), name(broken)) << all;
  EXPECT_TRUE(story.confirmed) << all;
  EXPECT_FALSE(story.ladder.events.empty());
  EXPECT_NE(all.find("SYN-SENT"), std::string::npos) << "there is a ladder";
  return story;
}

// Without TIME-WAIT the repeated FIN of a peer whose last ACK was lost meets a closed port
// (experiment 20 of CLAIMS.md).
TEST(BrokenRule, NoTimeWait) {
  Scenario scenario;
  scenario.client_program.writes = scenario.server_program.writes = 0;
  scenario.client.tcp.msl = scenario.server.tcp.msl = 0s;
  scenario.faults = {.losses = 1};
  const Story story = must_find(scenario, Invariant::orderly);
  ASSERT_FALSE(story.ladder.events.empty());
  EXPECT_EQ(story.ladder.events.back().segment->flags & wire::kRst, wire::kRst);
}

// Giving up after a second makes an error of one lost packet.
TEST(BrokenRule, R2OfASecond) {
  Scenario scenario;
  scenario.client.tcp.r2_data = scenario.server.tcp.r2_data = 1s;
  scenario.faults = {.losses = 1};
  scenario.invariants = {Invariant::orderly};  // the other end's long wait is found first otherwise
  must_find(scenario, Invariant::orderly);
}

// Who only listens never learns that the peer's host has crashed.
TEST(BrokenRule, NoKeepalive) {
  Scenario scenario;
  scenario.client_program.writes = scenario.server_program.writes = 0;
  scenario.server_program.crashes = 1;
  scenario.client.tcp.keepalive.enabled = false;
  scenario.faults = {.losses = 0};
  must_find(scenario, Invariant::progress);
}

// An opening that is given up after one repeat, on a wire that may lose two packets.
TEST(BrokenRule, NoPatienceInOpening) {
  Scenario scenario;
  scenario.client.tcp.r2_syn = 500ms;
  scenario.faults = {.losses = 1};
  scenario.invariants = {Invariant::service, Invariant::orderly};
  must_find(scenario, Invariant::orderly);
}

// A byte that changes on its way, with the checksum mended behind it, as a bad middlebox does it:
// nothing in TCP can notice, and the invariant must.
TEST(BrokenRule, AWireThatChangesBytes) {
  Scenario scenario;
  scenario.faults = {.losses = 0, .changes = 1, .changes_are_hidden = true};
  must_find(scenario, Invariant::prefix);
}

// The same with the checksum as it was: TCP drops the segment, and nothing is broken.
TEST(BrokenRule, TheChecksumMendsIt) {
  Scenario scenario;
  scenario.faults = {.losses = 0, .changes = 1};
  const Report report = model::explore(scenario, {.states = 20'000});
  EXPECT_FALSE(report.finding) << text(*report.finding, tell(scenario, *report.finding));
}

// Patience of less than two MSL: the expectation is wrong, and the search says so.
TEST(BrokenRule, AnExpectationThatIsWrong) {
  Scenario scenario;
  scenario.client_program.writes = scenario.server_program.writes = 0;
  scenario.patience = 30s;
  scenario.faults = {.losses = 0};
  must_find(scenario, Invariant::progress);
}

}  // namespace
}  // namespace bowline::test
