#pragma once

// Scans, floods, blind resets and optimistic ACKs in words, a sentence for each.

#include <string>
#include <vector>

#include "bowline/explain/analyzer.hpp"

namespace bowline::inline v0::explain {

/// A sentence for each suspect, the largest of each kind first.
[[nodiscard]] std::vector<std::string> suspect_sentences(const Explanation& explanation);

}  // namespace bowline::inline v0::explain
