#pragma once

// The search for the shortest run that breaks an invariant.
//
// A run is its decisions: what happens to each packet, and which course the applications take where
// they have a choice. Nearly all of them are ordinary; what is left is tried in the order of how
// many are not. Each run starts anew from the seed (virtual time is cheap), with the decisions of
// an earlier run up to one point and another decision there; so every run within the bound is made
// exactly once, nothing is scripted, and the one that is reported has the fewest accidents, and of
// these the fewest packets. What the applications choose is no accident and costs nothing.

#include <cstdint>
#include <optional>
#include <vector>

#include "bowline/lab/experiment.hpp"

namespace bowline::inline v0::lab {

/// A decision that was not the ordinary one.
struct Deviation {
  Text what;  ///< "packet 2 of the client (SYN+ACK) is lost", "the client cancels after 20 ms"
};

/// A run that was found.
struct Counterexample {
  Run run;                            ///< as it went
  std::vector<Deviation> deviations;  ///< what was not ordinary in it
};

/// What a search came to.
struct SearchResult {
  std::optional<Counterexample> found;  ///< the shortest, if any
  std::uint64_t runs = 0;               ///< made
  std::uint32_t deviations = 0;         ///< the most that were tried
  bool complete = false;                ///< every run within the bound was made
};

/// Looks for a run of `plan` that breaks an invariant, with or without the mechanism, in at most
/// `most_runs`.
[[nodiscard]] SearchResult search(const SearchPlan& plan, bool with, std::uint64_t seed,
                                  std::uint64_t most_runs = 200'000);

}  // namespace bowline::inline v0::lab
