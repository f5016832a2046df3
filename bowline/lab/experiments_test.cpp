// Every experiment shows what it says (REQUIREMENTS A24, A26): the run without breaks its invariant
// or costs more, the run with it does not, and the search finds a counterexample by itself.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bowline/lab/experiment.hpp"
#include "bowline/lab/report.hpp"
#include "bowline/lab/search.hpp"

namespace bowline::lab {
namespace {

std::string told(const Outcome& outcome) { return report(outcome, {Language::en, 120, true}); }

void shows(const std::string& name) {
  const Experiment* const experiment = find_experiment(name);
  ASSERT_NE(experiment, nullptr) << name;
  const Outcome outcome = perform(*experiment, 1);
  EXPECT_TRUE(outcome.shown) << told(outcome);
  // What breaks is what was promised, all of it, and nothing else.
  std::vector<Invariant> broken;
  for (const CaseResult& result : outcome.cases) {
    for (const Broken& one : result.without.broken) {
      if (std::ranges::find(broken, one.which) == broken.end()) broken.push_back(one.which);
    }
  }
  std::vector<Invariant> promised = experiment->breaks;
  std::ranges::sort(broken);
  std::ranges::sort(promised);
  EXPECT_EQ(broken, promised) << told(outcome);
  // It does not hang on one seed.
  for (const std::uint64_t seed : {2U, 3U}) {
    const Outcome again = perform(*experiment, seed);
    EXPECT_TRUE(again.shown) << "seed " << seed << "\n" << told(again);
  }
}

void finds(const std::string& name) {
  const Experiment* const experiment = find_experiment(name);
  ASSERT_NE(experiment, nullptr) << name;
  ASSERT_TRUE(experiment->search.has_value()) << name;
  const SearchResult without = search(*experiment->search, false, 1);
  EXPECT_TRUE(without.found.has_value()) << without.runs << " runs";
  const SearchResult with = search(*experiment->search, true, 1);
  EXPECT_TRUE(with.complete);
  EXPECT_FALSE(with.found.has_value()) << report(*experiment, without, with, {});
}

TEST(Labs, K51_K90_K139_Retransmission) { shows("retransmission"); }
TEST(Labs, K10_K91_K92_SequenceNumbers) { shows("sequence-numbers"); }
TEST(Labs, K24_Checksum) { shows("checksum"); }
TEST(Labs, K48_Udp) { shows("udp"); }
TEST(Labs, K46_K142_FourWayHandshake) { shows("four-way-handshake"); }
TEST(Labs, K23_K94_FlowControl) { shows("flow-control"); }
TEST(Labs, K94_WindowProbe) { shows("window-probe"); }
TEST(Labs, K95_CongestionControl) { shows("congestion-control"); }
TEST(Labs, K97_GiveUp) { shows("give-up"); }
TEST(Labs, K129_K130_K131_PersistentHttp) { shows("persistent-http"); }
TEST(Labs, K64_K68_ForgottenClose) { shows("forgotten-close"); }
TEST(Labs, K22_K63_K73_K145_HalfClose) { shows("half-close"); }
TEST(Labs, K71_K72_ThreeWayClose) { shows("three-way-close"); }
TEST(Labs, K69_K70_ClosingState) { shows("closing-state"); }
TEST(Labs, K99_K100_HalfOpenTimeout) { shows("half-open-timeout"); }
TEST(Labs, K42_K50_Rst) { shows("rst"); }
TEST(Labs, K40_K41_K140_TwoWayHandshake) { shows("two-way-handshake"); }
TEST(Labs, K44_K56_K141_K144_TwoWayIsn) { shows("two-way-isn"); }
TEST(Labs, K20_K49_K143_ChallengeAck) { shows("challenge-ack"); }
TEST(Labs, K81_K85_K86_K146_TimeWait) { shows("time-wait"); }
TEST(Labs, K80_K88_K89_TimeWaitLength) { shows("time-wait-length"); }
TEST(Labs, K112_K113_K117_Keepalive) { shows("keepalive"); }
TEST(Labs, K120_Heartbeat) { shows("heartbeat"); }
TEST(Labs, K127_K133_IdleFirewall) { shows("idle-firewall"); }
TEST(Labs, K54_K55_PredictableIsn) { shows("predictable-isn"); }
TEST(Labs, K45_K148_TwoWaySpoof) { shows("two-way-spoof"); }
TEST(Labs, K55_K87_K147_StrayData) { shows("stray-data"); }
TEST(Labs, K101_K102_K104_K105_K106_K107_K108_SynFlood) { shows("syn-flood"); }
TEST(Labs, K47_K83_TwoGenerals) { shows("two-generals"); }

double figure(const Run& run, const std::string& name) {
  const auto found =
      std::ranges::find_if(run.figures, [&](const Figure& one) { return one.name.en == name; });
  return found == run.figures.end() ? -1 : found->value;
}

// The numbers of RFC 9293 3.8.4 and of custom: 7200 s + 10 * 75 s.
TEST(Labs, K117_TenProbesTake7950SecondsAndARestartIsFoundAt7200) {
  const Outcome outcome = perform(*find_experiment("keepalive"), 1);
  EXPECT_EQ(figure(outcome.cases[0].with, "after"), 7'950);
  EXPECT_EQ(figure(outcome.cases[1].with, "after"), 7'200);
}

// K112: nothing is sent while nobody speaks, and an outage in which nothing is sent costs nothing.
TEST(Labs, K112_AnIdleConnectionSendsNothing) {
  const Outcome outcome = perform(*find_experiment("keepalive"), 1);
  EXPECT_EQ(figure(outcome.cases[0].without, "packets since the last word"), 0);
}

TEST(Labs, K95_GoodputCollapsesAndSomeStarve) {
  const Outcome outcome = perform(*find_experiment("congestion-control"), 1);
  const CaseResult& result = outcome.cases[1];
  const std::string goodput = "goodput, of what the bottleneck can carry";
  EXPECT_LT(figure(result.without, goodput), 80);
  EXPECT_GT(figure(result.with, goodput), 90);
  const std::string fairness = "fairness among the senders (Jain's index)";
  EXPECT_LT(figure(result.without, fairness), 0.9);
  EXPECT_GT(figure(result.with, fairness), 0.95);
}

// The rules reopen early, and still let nothing old in.
TEST(Labs, K89_ANewerSynReopensBeforeTheWaitIsOver) {
  const Outcome outcome = perform(*find_experiment("time-wait-length"), 1);
  const std::string until = "until the ports could be used again";
  const double whole = figure(outcome.cases[0].with, until);
  for (const std::size_t rule : {4U, 5U}) {
    EXPECT_LT(figure(outcome.cases[rule].with, until), whole / 2) << rule;
  }
}

TEST(LabSearch, Retransmission) { finds("retransmission"); }
TEST(LabSearch, SequenceNumbers) { finds("sequence-numbers"); }
TEST(LabSearch, Checksum) { finds("checksum"); }
TEST(LabSearch, Udp) { finds("udp"); }
TEST(LabSearch, FlowControl) { finds("flow-control"); }
TEST(LabSearch, WindowProbe) { finds("window-probe"); }
TEST(LabSearch, GiveUp) { finds("give-up"); }
TEST(LabSearch, ForgottenClose) { finds("forgotten-close"); }
TEST(LabSearch, HalfClose) { finds("half-close"); }
TEST(LabSearch, ThreeWayClose) { finds("three-way-close"); }
TEST(LabSearch, ClosingState) { finds("closing-state"); }
TEST(LabSearch, HalfOpenTimeout) { finds("half-open-timeout"); }
TEST(LabSearch, Rst) { finds("rst"); }
TEST(LabSearch, TwoWayHandshake) { finds("two-way-handshake"); }
TEST(LabSearch, TwoWayIsn) { finds("two-way-isn"); }
TEST(LabSearch, ChallengeAck) { finds("challenge-ack"); }
TEST(LabSearch, TimeWait) { finds("time-wait"); }
TEST(LabSearch, TimeWaitLength) { finds("time-wait-length"); }
TEST(LabSearch, Keepalive) { finds("keepalive"); }
TEST(LabSearch, Heartbeat) { finds("heartbeat"); }
TEST(LabSearch, IdleFirewall) { finds("idle-firewall"); }
TEST(LabSearch, PredictableIsn) { finds("predictable-isn"); }
TEST(LabSearch, TwoWaySpoof) { finds("two-way-spoof"); }
TEST(LabSearch, StrayData) { finds("stray-data"); }
TEST(LabSearch, SynFlood) { finds("syn-flood"); }

// The same seed, the same run: every word of it.
TEST(Labs, ARunIsItsSeed) {
  for (const Experiment& experiment : experiments()) {
    EXPECT_EQ(told(perform(experiment, 5)), told(perform(experiment, 5))) << experiment.name;
  }
}

bool is_chinese(const std::string& text) {
  return std::ranges::any_of(text, [](char c) { return (c & 0xf0) == 0xe0; });
}

TEST(LabWords, EveryExperimentSpeaksBothLanguages) {
  int last = 0;
  for (const Experiment& experiment : experiments()) {
    EXPECT_GT(experiment.number, last) << "in the order of telling";
    last = experiment.number;
    EXPECT_FALSE(experiment.claims.empty()) << experiment.name;
    const bool about_knowing = std::ranges::any_of(experiment.cases, [](const Case& scenario) {
      return scenario.expect == Expect::cannot_tell;
    });
    EXPECT_TRUE(experiment.cost || about_knowing || !experiment.breaks.empty()) << experiment.name;
    EXPECT_TRUE(experiment.search.has_value() || experiment.breaks.empty()) << experiment.name;
    for (const Text* const text : {&experiment.story, &experiment.removed, &experiment.sentence}) {
      EXPECT_FALSE(text->en.empty()) << experiment.name;
      EXPECT_FALSE(is_chinese(text->en)) << text->en;
      EXPECT_TRUE(is_chinese(text->zh)) << experiment.name;
    }
    for (const Case& scenario : experiment.cases) {
      EXPECT_FALSE(is_chinese(scenario.title.en));
      EXPECT_TRUE(is_chinese(scenario.title.zh)) << scenario.title.en;
      EXPECT_FALSE(scenario.with.zh.empty() || scenario.without.zh.empty());
    }
  }
}

TEST(LabWords, NoLineIsWiderThanThePage) {
  for (const Experiment& experiment : experiments()) {
    const Outcome outcome = perform(experiment, 1);
    for (const Language language : {Language::en, Language::zh}) {
      for (const std::size_t width : {80U, 120U}) {
        const std::string text = report(outcome, {language, width, false});
        for (std::size_t at = 0; at < text.size();) {
          const std::size_t end = text.find('\n', at);
          const std::string line = text.substr(at, end - at);
          EXPECT_LE(width_of(line), width) << line;
          at = end + 1;
        }
        EXPECT_NE(text.find(experiment.sentence.in(language).substr(0, 12)), std::string::npos);
      }
    }
  }
}

TEST(LabNames, AWrongOneFindsItsNearest) {
  EXPECT_EQ(nearest_name("two-way-handshakes"), "two-way-handshake");
  EXPECT_EQ(nearest_name("timewait"), "time-wait");
  EXPECT_EQ(find_experiment("17"), find_experiment("two-way-handshake"));
  EXPECT_EQ(find_experiment("timewait"), nullptr);
}

// Tags are closed in order, nothing is fetched, nothing runs.
TEST(LabPage, IsWellFormedAndSelfContained) {
  for (const Experiment& experiment : experiments()) {
    const Outcome outcome = perform(experiment, 1);
    for (const Language language : {Language::en, Language::zh}) {
      const std::string page = html(outcome, language);
      std::vector<std::string> open;
      for (std::size_t at = page.find('<', 2); at != std::string::npos;
           at = page.find('<', at + 1)) {
        const std::size_t end = page.find('>', at);
        ASSERT_NE(end, std::string::npos);
        const std::string tag = page.substr(at + 1, end - at - 1);
        if (tag.ends_with('/')) continue;
        if (tag.starts_with('/')) {
          ASSERT_FALSE(open.empty()) << tag;
          EXPECT_EQ(open.back(), tag.substr(1));
          open.pop_back();
        } else {
          open.push_back(tag.substr(0, tag.find(' ')));
        }
      }
      EXPECT_TRUE(open.empty()) << open.back();
      for (const char* const outside : {"http:", "https:", "<script", "@import", "url("}) {
        EXPECT_EQ(page.find(outside), std::string::npos) << outside;
      }
    }
  }
}

}  // namespace
}  // namespace bowline::lab
