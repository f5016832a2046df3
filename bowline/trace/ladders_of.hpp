#pragma once

// Ladders of a text trace: no stack is there to tell its states, so those of both ends are
// inferred.

#include <span>
#include <vector>

#include "bowline/trace/ladder.hpp"
#include "bowline/trace/trace_reader.hpp"

namespace bowline::inline v0::trace {

/// A ladder for each conversation in `segments`, in the order in which they began; whoever sends
/// first stands on the left. A SYN after a conversation's end begins another. Segments without a
/// time get that of the one before.
[[nodiscard]] std::vector<Ladder> ladders_of(std::span<const TracedSegment> segments);

/// Fills in all that can be inferred: repeats, the states of both ends, reasons.
void infer_all(Ladder& ladder);

}  // namespace bowline::inline v0::trace
