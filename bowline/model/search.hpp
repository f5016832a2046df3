#pragma once

// The search: every state that two hosts and a wire can come to, breadth first.
//
// From the first state each possible choice is taken (which packet arrives, is lost or doubled,
// which program does what, or that time passes), and each state that comes of it is looked at
// once: it is known again by its canonical hash. So the first violation found is one of the
// shortest. docs/exploration.md tells what a state is, what is left out of its hash, and why.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bowline/model/choice.hpp"
#include "bowline/model/scenario.hpp"
#include "bowline/trace/ladder.hpp"

namespace bowline::inline v0::model {

/// How far a search goes.
struct Effort {
  std::uint64_t states = 1'000'000;   ///< stop after so many; 0: no bound
  std::uint32_t depth = 0;            ///< likewise after so many choices in a row
  double seconds = 0;                 ///< of wall time, likewise
  std::uint64_t memory = 4ULL << 30;  ///< bytes, likewise
  unsigned threads = 1;               ///< one makes the order, and so the result, repeatable
  /// Called about once a second and after each depth, on the calling thread.
  std::function<void(const struct Progress&)> progress{};
};

/// How far it has come.
struct Progress {
  std::uint64_t states = 0;       ///< distinct under the hash
  std::uint64_t transitions = 0;  ///< choices taken
  std::uint64_t frontier = 0;     ///< states whose choices are still to be taken
  std::uint32_t depth = 0;        ///< choices from the first state
  std::uint64_t host_states = 0;  ///< distinct states of one host
  std::uint64_t host_steps = 0;   ///< calls of a real Stack's input, timers or program
  std::uint64_t completions = 0;  ///< states from which a fair network was seen to end well
  std::uint64_t cut = 0;          ///< states not gone into: more in flight than the wire holds
  std::uint64_t memory = 0;       ///< bytes, of everything
  double seconds = 0;             ///< of wall time
};

/// A violation.
struct Finding {
  Invariant broken{};           ///< which invariant
  std::string what;             ///< how, one sentence
  std::vector<Choice> choices;  ///< from the first state on
  /// So many of them were the search's; from then on the network was fair. All: it never was.
  std::size_t chosen = 0;
};

/// What came of a search.
struct Report {
  Progress reached;                ///< in the end
  bool exhausted = false;          ///< there are no more states within the scenario's bounds
  std::optional<Finding> finding;  ///< the first violation; nothing: there is none
};

/// Explores `scenario` until a violation, the end, or the end of the effort. Errors: throws
/// std::invalid_argument where the scenario cannot be set up.
[[nodiscard]] Report explore(const Scenario& scenario, const Effort& effort = {});

/// A finding for people.
struct Story {
  std::vector<std::string> choices;  ///< in words, numbered from 1; long ones shortened
  trace::Ladder ladder;              ///< the segments, with the states of both ends and reasons
  /// The same violation came out of two Stacks that were never cloned. False would be a defect of
  /// the exploration itself.
  bool confirmed = false;
};

/// Runs the choices of `finding` on two fresh Stacks and draws what they do.
[[nodiscard]] Story tell(const Scenario& scenario, const Finding& finding);

/// The whole as text: what is broken, the choices, the ladder.
[[nodiscard]] std::string text(const Finding& finding, const Story& story);

}  // namespace bowline::inline v0::model
