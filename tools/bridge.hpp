#pragma once

// `bowline sim --bridge tun:A tun:B`: two interfaces of this machine joined by a wire of the
// simulator, in real time.

#include <CLI/App.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/wire_options.hpp"

namespace bowline::tools {

/// What the command line said of a bridge.
struct BridgeOptions {
  std::vector<std::string> ends;  ///< the two links; empty: no bridge is wanted
  WireOptions wire;               ///< between them
};

/// Adds the options of a bridge to `bowline sim`. `options` must outlive `command`.
void add_bridge_options(CLI::App& command, BridgeOptions& options);

/// Joins the two ends until a signal asks for the end, then reports, as text or as a line of JSON.
/// `seed` decides the accidents. Throws Failure, WrongUsage.
void bridge(const BridgeOptions& options, std::uint64_t seed, bool json);

}  // namespace bowline::tools
