#pragma once

// What the segments say about an end whose stack tells nothing.
//
// Each end is a state machine driven by what it sends and what it receives, so its states follow
// from the segments by RFC 9293 section 3.10.7, but for one thing: nobody sees whether a segment
// arrived. What was sent is taken to arrive, until the other end shows by what it sends that it had
// not: a FIN or SYN that does not acknowledge ours was on its way when ours was.

#include "bowline/trace/ladder.hpp"

namespace bowline::inline v0::trace {

/// Fills in the states of the end `side`, marked as inferred, in all events of `ladder` and at its
/// start.
void infer_states(Ladder& ladder, Side side);

/// Marks the segments that were sent before. Call it before the other two.
void mark_repeats(Ladder& ladder);

/// Gives a reason to the events that have none, by the states of the sender; call it after
/// infer_states().
void infer_reasons(Ladder& ladder);

}  // namespace bowline::inline v0::trace
