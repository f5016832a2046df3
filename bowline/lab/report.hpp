#pragma once

// What a person reads: the story, both ladders, what went wrong, what it cost, and the sentence.

#include <string>
#include <vector>

#include "bowline/lab/experiment.hpp"
#include "bowline/lab/ladder_lines.hpp"
#include "bowline/lab/search.hpp"

namespace bowline::inline v0::lab {

/// An experiment that was done, as text.
[[nodiscard]] std::string report(const Outcome& outcome, const Page& page);

/// What a search for a counterexample came to, without the mechanism and with it, as text.
[[nodiscard]] std::string report(const Experiment& experiment, const SearchResult& without,
                                 const SearchResult& with, const Page& page);

/// All experiments in the order of telling, with sentence and claims.
[[nodiscard]] std::string list(const Page& page);

/// A line for each of `outcomes`: what broke without, what with, shown or not.
[[nodiscard]] std::string table(const std::vector<Outcome>& outcomes, const Page& page);

/// An experiment that was done, as one self-contained HTML page.
[[nodiscard]] std::string html(const Outcome& outcome, Language language);

/// What a case of Expect::cannot_tell came to, in a sentence.
[[nodiscard]] Text same_view(const CaseResult& result);

/// "I2 I6", or what stands for none.
[[nodiscard]] std::string broken_labels(const std::vector<Broken>& broken);

}  // namespace bowline::inline v0::lab
