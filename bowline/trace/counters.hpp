#pragma once

// The counters as a listing: how often the stack decided what, since it began.

#include <string>

#include "bowline/base/decision.hpp"

namespace bowline::inline v0::trace {

/// A line "name value" for each reason that applied at least once (with `all`: for each), in the
/// order of reasons.inc: drops first.
[[nodiscard]] std::string counter_lines(const ReasonCounters& counters, bool all = false);

/// The same in columns, with the sentence and its paragraph, for a person.
[[nodiscard]] std::string counter_table(const ReasonCounters& counters);

}  // namespace bowline::inline v0::trace
