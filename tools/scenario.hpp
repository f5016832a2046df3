#pragma once

// bowline sim FILE: a scenario file runs, and is told of.

#include <CLI/App.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace bowline::tools {

/// What to run and what to make of it.
struct ScenarioOptions {
  std::string file;                   ///< the scenario; "-" reads standard input
  std::optional<std::uint64_t> seed;  ///< instead of the file's
  std::string pcap;                   ///< a capture on all hosts; empty: none
  std::string at;                     ///< the one host that the capture is on; empty: all
  std::string html;                   ///< the page; empty: none
  bool json = false;                  ///< NDJSON instead of the table
  bool quiet = false;                 ///< neither
  std::string replay;                 ///< a record to be replayed instead; empty: none
  bool trace = false;                 ///< of a replay: lines on standard output
  bool ladder = false;                ///< of a replay: diagrams on standard output
};

/// Adds FILE and the options to `command`.
void add_scenario_options(CLI::App& command, ScenarioOptions& options);

/// Runs it. Throws WrongUsage for a file that is no scenario, Failure where something cannot be
/// written or a flow does not end as the file expects.
void run_scenario(const ScenarioOptions& options);

}  // namespace bowline::tools
