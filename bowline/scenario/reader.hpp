#pragma once

// Scenario files: TOML in, a Scenario or one line about what is wrong out.
//
// docs/sim.md describes the format. Every key is asked for by name, and what is left over at the
// end is an error that lists what would have been understood, so the list cannot be out of date.

#include <expected>
#include <string>
#include <string_view>

#include "bowline/scenario/scenario.hpp"

namespace bowline::inline v0::scenario {

/// Reads `text`. `name` stands in errors ("lossy.toml:7: ...") and gives the scenario its name. The
/// error is one line: FILE:LINE: what is wrong, what is allowed.
[[nodiscard]] std::expected<Scenario, std::string> read_scenario(std::string_view text,
                                                                 std::string_view name);

}  // namespace bowline::inline v0::scenario
