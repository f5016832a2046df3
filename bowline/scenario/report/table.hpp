#pragma once

// What a run came to, as a table for people.

#include <string>

#include "bowline/scenario/run.hpp"

namespace bowline::inline v0::scenario {

/// A line for each flow and for each direction of each wire, and the run's digest. Fits 100 columns
/// while names have at most 16 letters.
[[nodiscard]] std::string table_text(const Run& run);

}  // namespace bowline::inline v0::scenario
