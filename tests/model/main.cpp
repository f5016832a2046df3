// explore: every state that two hosts and a wire can come to, or as many as there is time for.
//
//     explore --list                                    the scenarios
//     explore everything --threads 2 --seconds 600      one of them, as far as it goes in 10
//     minutes
//
// A violation is printed as the choices that lead to it and a ladder; the status is then 1.

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

#include "bowline/model/search.hpp"
#include "tests/model/scenarios.hpp"

namespace {

namespace model = bowline::model;

// Of all threads; the machine may be busy, so the wall clock says little.
double processor_seconds() {
  std::timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void print(std::FILE* to, const model::Progress& at) {
  const double spent = processor_seconds();
  fmt::print(to,
             "depth {}: {} states, {} transitions, {} waiting, {} well-ended completions, {} cut; "
             "{} host states from {} steps of a Stack; {} MB; {:.1f} s, {:.1f} s of processor, "
             "{:.0f} states a second of processor\n",
             at.depth, at.states, at.transitions, at.frontier, at.completions, at.cut,
             at.host_states, at.host_steps, at.memory >> 20U, at.seconds, spent,
             static_cast<double>(at.states) / spent);
}

int run(const bowline::test::Named& named, model::Effort effort, bool quiet) {
  const model::Scenario scenario = named.make();
  if (!quiet) effort.progress = [](const model::Progress& at) { print(stderr, at); };
  const model::Report report = model::explore(scenario, effort);
  fmt::print("{}: ", named.name);
  print(stdout, report.reached);
  if (report.finding) {
    fmt::print("{}", model::text(*report.finding, model::tell(scenario, *report.finding)));
    return 1;
  }
  fmt::print("{}: no invariant is broken; {}\n", named.name,
             report.exhausted ? "that is all there is within the bounds"
                              : "there is more than there was time or room for");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Explores the states of two hosts and a wire; status 1 if an invariant breaks.");
  std::vector<std::string> names;
  model::Effort effort;
  effort.states = 0;
  effort.memory = 8;
  bool list = false;
  bool quiet = false;
  app.add_option("SCENARIO", names, "which; all of them if none is given");
  app.add_option("--threads", effort.threads, "threads")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--states", effort.states, "stop after so many states each; 0: no bound")
      ->capture_default_str();
  app.add_option("--seconds", effort.seconds, "stop after so long each; 0: no bound")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--memory", effort.memory, "stop at so many GiB each")->capture_default_str();
  app.add_flag("--list", list, "the scenarios");
  app.add_flag("--quiet", quiet, "results only");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  effort.memory <<= 30U;

  if (list) {
    for (const auto& named : bowline::test::all_scenarios()) {
      fmt::print("{:<14}{}\n", named.name, named.idea);
    }
    return 0;
  }
  if (names.empty()) {
    for (const auto& named : bowline::test::all_scenarios()) names.emplace_back(named.name);
  }
  int status = 0;
  for (const std::string& name : names) {
    const auto* const named = bowline::test::find_scenario(name);
    if (named == nullptr) {
      fmt::print(stderr, "explore: there is no scenario {}: --list names those that there are\n",
                 name);
      return 2;
    }
    try {
      if (run(*named, effort, quiet) != 0) status = 1;
    } catch (const std::exception& error) {
      fmt::print(stderr, "explore: {}: {}\n", name, error.what());
      return 1;
    }
  }
  return status;
}
