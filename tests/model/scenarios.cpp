#include "tests/model/scenarios.hpp"

#include <algorithm>
#include <array>

namespace bowline::test {
namespace {

using model::Faults;
using model::Scenario;

// Two opens from one port, each of which may be given up: old SYNs and SYN-ACKs meet new ones.
Scenario opening() {
  Scenario scenario;
  scenario.client_program.connects = 2;
  scenario.client_program.cancels = 2;
  scenario.client_program.writes = scenario.server_program.writes = 0;
  scenario.faults = {.losses = 2, .duplicates = 2, .strays = 1};
  return scenario;
}

// One connection with a byte each way, closed from either side, first in one direction or at once.
Scenario transfer() {
  Scenario scenario;
  scenario.faults = {.losses = 2, .duplicates = 1, .strays = 2};
  return scenario;
}

// As transfer, with programs that read when they like.
Scenario late_reads() {
  Scenario scenario;
  scenario.client_program.late_reads = scenario.server_program.late_reads = true;
  scenario.faults = {.losses = 1, .duplicates = 1, .strays = 1};
  return scenario;
}

// Either program may reset the connection, at any time.
Scenario aborts() {
  Scenario scenario;
  scenario.client_program.aborts = scenario.server_program.aborts = 1;
  scenario.faults = {.losses = 1, .duplicates = 1, .strays = 1};
  return scenario;
}

// Either host may lose everything, at any time; the client opens again.
Scenario crashes() {
  Scenario scenario;
  scenario.client_program.connects = 2;
  scenario.client_program.crashes = scenario.server_program.crashes = 1;
  scenario.client_program.writes = scenario.server_program.writes = 1;
  scenario.faults = {.losses = 1, .duplicates = 0, .strays = 1};
  return scenario;
}

// Two incarnations of one connection, and whatever the first leaves on the wire.
Scenario incarnations() {
  Scenario scenario;
  scenario.client_program.connects = 2;
  scenario.faults = {.losses = 1, .duplicates = 1, .strays = 1};
  return scenario;
}

// All of it.
Scenario everything() {
  Scenario scenario;
  scenario.client_program.connects = 2;
  scenario.client_program.cancels = 1;
  scenario.client_program.aborts = scenario.server_program.aborts = 1;
  scenario.client_program.crashes = scenario.server_program.crashes = 1;
  scenario.faults = {.losses = 2, .duplicates = 2, .strays = 2};
  return scenario;
}

constexpr std::array kAll{
    Named{"open", "two opens from one port, each of which may be cancelled", opening},
    Named{"transfer", "a byte each way, half-close and close from either side", transfer},
    Named{"late-reads", "the same, with programs that read when they like", late_reads},
    Named{"abort", "either program may reset the connection", aborts},
    Named{"crash", "either host may lose everything and start anew", crashes},
    Named{"incarnations", "a connection after another from the same port", incarnations},
    Named{"everything", "all of these together", everything},
};

}  // namespace

std::span<const Named> all_scenarios() { return kAll; }

const Named* find_scenario(std::string_view name) {
  const auto found = std::ranges::find(kAll, name, &Named::name);
  return found == kAll.end() ? nullptr : &*found;
}

}  // namespace bowline::test
