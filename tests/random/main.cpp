// random_simulations: runs random simulations by their seeds.
//
//     random_simulations --first 0 --count 100000    exit status 1 if any fails, its seed printed
//     random_simulations --seed 17                   that one, with every packet

#include <cstdint>
#include <cstdio>
#include <optional>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "tests/random/line_tap.hpp"
#include "tests/random/scenario.hpp"

int main(int argc, char** argv) {
  namespace random_simulation = bowline::random_simulation;
  CLI::App app("Runs random simulations by their seeds; status 1 if any fails.");
  std::uint64_t first = 0;
  std::uint64_t count = 100'000;
  std::optional<std::uint64_t> seed;
  app.add_option("--first", first, "the first seed")->capture_default_str();
  app.add_option("--count", count, "how many")->capture_default_str();
  app.add_option("--seed", seed, "this one alone, with every packet");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  if (seed) {
    random_simulation::LineTap tap(stdout);
    const auto report = random_simulation::run(*seed, &tap);
    fmt::print("{}seed {}: {}\n", report.scenario, *seed,
               report.failure.empty() ? "as it must be" : report.failure);
    return report.failure.empty() ? 0 : 1;
  }
  std::uint64_t failures = 0;
  std::uint64_t connections = 0;
  std::uint64_t finished = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto report = random_simulation::run(first + i);
    connections += report.connections;
    finished += report.finished;
    bytes += report.bytes;
    packets += report.packets;
    if (report.failure.empty()) continue;
    ++failures;
    fmt::print("seed {}: {}", first + i, report.failure);
  }
  fmt::print(
      "{} simulations, {} failed; {} connections, {} with both streams whole, {} bytes, {} "
      "packets\n",
      count, failures, connections, finished, bytes, packets);
  return failures == 0 ? 0 : 1;
}
