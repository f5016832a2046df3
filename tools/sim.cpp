// bowline sim: networks that there are not.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <memory>

#include "tools/bridge.hpp"
#include "tools/command.hpp"
#include "tools/replay.hpp"
#include "tools/scenario.hpp"

namespace bowline::tools {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  bowline sim examples/sim/lossy.toml\n"
    "  bowline sim examples/sim/lossy.toml --seed 7 --pcap lossy.pcapng --at client\n"
    "  bowline explain lossy.pcapng --summary\n"
    "  bowline sim examples/sim/bufferbloat.toml --html bufferbloat.html\n"
    "  bowline sim examples/sim/lossy.toml --json | jq 'select(.event == \"flow\") | .goodput'\n"
    "  bowline sim --replay web.record --ladder\n"
    "\n"
    "A run is its file and its seed: the same bytes at the same instants, on every machine. Exit\n"
    "status: 1 if a flow does not end as the file expects, 2 for a file that is no scenario.\n"
    "docs/sim.md describes the file.\n"
    "\n"
    "  sudo bowline sim --bridge tun:left@near tun:right@far --rate 100mbit --delay 10ms --loss "
    "1%\n"
    "\n"
    "joins two interfaces of this machine in real time. Each value of the wire is that of both\n"
    "directions, or two of them: THERE/BACK.\n";

struct SimOptions {
  ScenarioOptions scenario;
  BridgeOptions bridge;
};

void replay(const ScenarioOptions& options) {
  if (!options.file.empty() || options.seed || !options.html.empty() || !options.at.empty()) {
    throw WrongUsage(
        "--replay: runs a record, not a scenario: leave out FILE, --seed, --html, --at");
  }
  if (options.json && (options.trace || options.ladder)) {
    throw WrongUsage("--json: has standard output to itself; leave out --trace and --ladder");
  }
  replay_record(options.replay,
                {.pcap = options.pcap,
                 .trace = options.trace,
                 .ladder = options.ladder,
                 .json = options.json},
                options.quiet);
}

}  // namespace

void add_sim(CLI::App& app, ExitStatus& status) {
  auto options = std::make_shared<SimOptions>();
  CLI::App* const command = app.add_subcommand("sim", "Run a network in virtual time");
  command->footer(kExamples);
  add_scenario_options(*command, options->scenario);
  add_bridge_options(*command, options->bridge);
  command->callback([options, &status] {
    const ScenarioOptions& scenario = options->scenario;
    if (!scenario.replay.empty()) {
      if (!options->bridge.ends.empty()) {
        throw WrongUsage("--replay and --bridge exclude each other");
      }
      replay(scenario);
    } else if (scenario.trace || scenario.ladder) {
      throw WrongUsage("--trace and --ladder: belong to --replay; --pcap captures a scenario");
    } else if (!options->bridge.ends.empty()) {
      if (!scenario.file.empty()) {
        throw WrongUsage(scenario.file + ": a scenario and --bridge exclude each other");
      }
      bridge(options->bridge, scenario.seed.value_or(1), scenario.json);
    } else {
      if (scenario.file.empty()) throw WrongUsage("needs a scenario file; see bowline sim --help");
      run_scenario(scenario);
    }
    status = ExitStatus::done;
  });
}

}  // namespace bowline::tools
