#include "bowline/lab/experiment.hpp"

#include <algorithm>
#include <numeric>

#include "bowline/lab/experiments.hpp"

namespace bowline::inline v0::lab {
namespace {

double cost_of(const Run& run) {
  double cost = 0;
  for (const Figure& figure : run.figures) {
    if (figure.is_cost) cost += figure.value;
  }
  return cost;
}

// Lost or not, it is the same to who sent it: he cannot know.
bool same_to_speaker(const Run& without, const Run& with) {
  if (!without.last_speaker || without.last_speaker != with.last_speaker) return false;
  const std::size_t speaker = *without.last_speaker == trace::Side::left ? 0 : 1;
  return without.views.at(speaker) == with.views.at(speaker) &&
         without.views.at(1 - speaker) != with.views.at(1 - speaker);
}

bool shows(Expect expect, const Run& without, const Run& with) {
  switch (expect) {
    case Expect::breaks_without:
      return !without.broken.empty() && with.broken.empty();
    case Expect::costs_without:
      return cost_of(without) > cost_of(with) && with.broken.empty();
    case Expect::holds_both:
      return without.broken.empty() && with.broken.empty();
    case Expect::breaks_both:
      return !without.broken.empty() && !with.broken.empty();
    case Expect::cannot_tell:
      return same_to_speaker(without, with);
  }
  return false;
}

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

}  // namespace

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> kAll = [] {
    std::vector<Experiment> all;
    for (Experiment (*const make)() : {retransmission,
                                       sequence_numbers,
                                       checksum,
                                       udp,
                                       four_way_handshake,
                                       flow_control,
                                       window_probe,
                                       congestion_control,
                                       give_up,
                                       persistent_http,
                                       forgotten_close,
                                       half_close,
                                       three_way_close,
                                       closing_state,
                                       half_open_timeout,
                                       rst,
                                       two_way_handshake,
                                       two_way_isn,
                                       challenge_ack,
                                       time_wait,
                                       time_wait_length,
                                       keepalive,
                                       heartbeat,
                                       idle_firewall,
                                       predictable_isn,
                                       two_way_spoof,
                                       stray_data,
                                       syn_flood,
                                       two_generals}) {
      all.push_back(make());
    }
    return all;
  }();
  return kAll;
}

const Experiment* find_experiment(std::string_view name) {
  const auto found = std::ranges::find_if(experiments(), [&](const Experiment& experiment) {
    return experiment.name == name || std::to_string(experiment.number) == name;
  });
  return found == experiments().end() ? nullptr : &*found;
}

std::string nearest_name(std::string_view wrong) {
  return std::ranges::min_element(
             experiments(), {},
             [&](const Experiment& experiment) { return distance(wrong, experiment.name); })
      ->name;
}

Outcome perform(const Experiment& experiment, std::uint64_t seed) {
  Outcome outcome;
  outcome.experiment = &experiment;
  outcome.shown = true;
  for (const Case& scenario : experiment.cases) {
    CaseResult result;
    result.scenario = &scenario;
    result.without = scenario.run(false, seed);
    result.with = scenario.run(true, seed);
    result.shown = shows(scenario.expect, result.without, result.with);
    outcome.shown = outcome.shown && result.shown;
    outcome.cases.push_back(std::move(result));
  }
  return outcome;
}

}  // namespace bowline::inline v0::lab
