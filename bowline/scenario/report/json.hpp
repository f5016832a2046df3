#pragma once

// What a run came to, as NDJSON: an object on a line for the run, each flow, each direction of each
// wire. docs/sim.md lists the fields.

#include <string>

#include "bowline/scenario/run.hpp"

namespace bowline::inline v0::scenario {

/// The lines. Times are in nanoseconds, rates in bits per second.
[[nodiscard]] std::string json_text(const Run& run);

}  // namespace bowline::inline v0::scenario
