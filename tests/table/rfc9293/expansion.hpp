#pragma once

// From rules to cells.
//
// The expansion enumerates every cell (situation and event) and walks the procedure that
// section 3.10 gives for it. Where a rule has several branches the walk forks, so that a cell ends
// with the list of outcomes that the RFC allows. The walk is total by check, not by trust: a step
// in which no rule or more than one applies is reported as a flaw of the table.

#include <string>
#include <vector>

#include "tests/table/rfc9293/rule.hpp"
#include "tests/table/rfc9293/vocabulary.hpp"

namespace bowline::table {

/// A state change on the way, and the rule that made it.
struct Transition {
  State from;
  State to;
  const Rule* rule;
};

/// One allowed reaction to an event, complete.
struct Outcome {
  State next{};
  Replies replies;  ///< any one of these; never empty (silence is one)
  bool ack_owed = false;
  Sender una = Sender::kSame;
  Sender send_window = Sender::kSame;
  Receiver rcv_nxt = Receiver::kSame;
  bool delivers_text = false;
  bool end_of_text = false;
  bool urgent = false;
  Signals signals;  ///< any one of these; never empty (nothing is one)
  Results results;  ///< calls only
  bool restarts_time_wait = false;
  Choices choices;                 ///< the options that lead here
  std::vector<const Rule*> trail;  ///< the rules that were applied, in order
  std::vector<Transition> transitions;
};

/// A cell with what is allowed in it.
struct ExpandedCell {
  Cell cell;
  std::vector<Outcome> allowed;    ///< by the RFC
  std::vector<std::string> flaws;  ///< of the table; empty when it is sound
};

/// Every cell of the table.
std::vector<Cell> all_cells();

/// The outcomes allowed in `cell`.
ExpandedCell expand(const Cell& cell);

/// Every cell, expanded (computed once).
const std::vector<ExpandedCell>& table();

/// Is this outcome one that Bowline's documented choices leave?
inline bool chosen(const Outcome& outcome) { return !outcome.choices.meets(kDeclinedByBowline); }

/// All procedures with the number of their subsection, for the checks and the report.
struct Procedure {
  std::string_view section;
  std::span<const Step> steps;
};
const std::vector<Procedure>& procedures();

/// "ESTABLISHED; ACK; SND.UNA advances": one line for reports and failures.
std::string describe(const Outcome& outcome);

}  // namespace bowline::table
