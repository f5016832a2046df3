#pragma once

// An experiment: a story, what is taken out, scenarios that are run with and without it, and the
// sentence that they show.
//
// Each stands in a file of its own under experiments/, its story in both languages beside the
// scenario that makes it happen and the invariants that judge it. Nothing in it says how a run
// ends: that is measured each time.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/lab/diagram.hpp"
#include "bowline/lab/director.hpp"
#include "bowline/lab/invariant.hpp"
#include "bowline/lab/text.hpp"

namespace bowline::inline v0::lab {

/// Something measured in a run.
struct Figure {
  Text name;             ///< what
  double value = 0;      ///< how much
  Text unit;             ///< of what; may be empty
  bool is_cost = false;  ///< the run that needs more of it is the worse one
};

/// What came of one run.
struct Run {
  Diagram diagram;              ///< its ladder
  std::vector<Broken> broken;   ///< invariants that did not hold
  std::vector<Figure> figures;  ///< what was measured
  /// All that each end saw, left and right: two runs of the same view are one and the same to it.
  std::array<std::string, 2> views;
  std::optional<trace::Side> last_speaker;  ///< who sent the message that it was about
};

/// What a case is to show.
enum class Expect : std::uint8_t {
  breaks_without,  ///< an invariant breaks without the mechanism, none with it
  costs_without,   ///< no invariant need break, but a cost is higher without it
  holds_both,      ///< a control: nothing breaks either way
  breaks_both,     ///< a limit: the mechanism is not enough here
  cannot_tell,     ///< who spoke last sees the same in both runs, and the other end does not
};

/// One scenario, run twice.
struct Case {
  Text title;                              ///< what happens
  Text without;                            ///< over the ladder of the run without the mechanism
  Text with;                               ///< over the other
  Expect expect = Expect::breaks_without;  ///< what it is to show
  std::function<Run(bool with, std::uint64_t seed)> run;  ///< does it
  bool brief = false;                                     ///< its ladders would say nothing new
};

/// How a counterexample is looked for.
struct SearchPlan {
  Text program;                       ///< what the applications do, in words
  std::vector<Accident> menu;         ///< what may happen to a packet
  std::uint32_t packets = 10;         ///< of each side, the first so many may meet an accident
  std::uint32_t most_deviations = 2;  ///< accidents and unordinary choices in one run
  std::function<Run(bool with, std::uint64_t seed, Director&)> run;  ///< the program
};

/// All of it.
struct Experiment {
  int number = 0;                    ///< in the order of telling
  std::string name;                  ///< as it is called for
  Text story;                        ///< what happens, and why one should care
  Text removed;                      ///< what is taken out
  Text sentence;                     ///< what was shown
  std::vector<std::string> claims;   ///< of the ledger: "K40"
  std::vector<Invariant> breaks;     ///< what breaks without it
  bool cost = false;                 ///< it is about cost
  std::vector<Case> cases;           ///< in order
  std::optional<SearchPlan> search;  ///< for --search
};

/// Both runs of a case.
struct CaseResult {
  const Case* scenario = nullptr;  ///< which
  Run without;                     ///< without the mechanism
  Run with;                        ///< with it
  bool shown = false;              ///< they show what they were to show
};

/// An experiment that was done.
struct Outcome {
  const Experiment* experiment = nullptr;  ///< which
  std::vector<CaseResult> cases;           ///< in its order
  bool shown = false;                      ///< all of them
};

/// All experiments, in the order of telling.
[[nodiscard]] const std::vector<Experiment>& experiments();
/// The one of that name or number; null when there is none.
[[nodiscard]] const Experiment* find_experiment(std::string_view name);
/// The name that `wrong` is most like.
[[nodiscard]] std::string nearest_name(std::string_view wrong);
/// Runs all cases of `experiment`.
[[nodiscard]] Outcome perform(const Experiment& experiment, std::uint64_t seed);

}  // namespace bowline::inline v0::lab
