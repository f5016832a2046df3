#pragma once

// The subcommands, one file each.

#include <CLI/App.hpp>

#include "tools/failure.hpp"

namespace bowline::tools {

/// Adds `bowline serve` to `app`. When the command line names it, it runs and sets `status`.
void add_serve(CLI::App& app, ExitStatus& status);
/// Adds `bowline get`.
void add_get(CLI::App& app, ExitStatus& status);
/// Adds `bowline nc`.
void add_nc(CLI::App& app, ExitStatus& status);
/// Adds `bowline ss`.
void add_ss(CLI::App& app, ExitStatus& status);
/// Adds `bowline demo`.
void add_demo(CLI::App& app, ExitStatus& status);
/// Adds `bowline explain`.
void add_explain(CLI::App& app, ExitStatus& status);
/// Adds `bowline sim`.
void add_sim(CLI::App& app, ExitStatus& status);
/// Adds `bowline drill`.
void add_drill(CLI::App& app, ExitStatus& status);
/// Adds `bowline lab`.
void add_lab(CLI::App& app, ExitStatus& status);
/// Adds `bowline gateway`.
void add_gateway(CLI::App& app, ExitStatus& status);

}  // namespace bowline::tools
