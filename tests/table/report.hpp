#pragma once

// The table as a person reads it: the rules in the RFC's order, and how many cells each state has.

#include <iosfwd>

namespace bowline::table {

/// Counts: cells by state and kind of event, choices and which of them Bowline takes.
void print_summary(std::ostream& out);
/// All rules as markdown tables, one per numbered step, with the paragraph each comes from.
void print_rules(std::ostream& out);
/// All cells, one line each: situation, event, allowed outcomes; those Bowline declines in
/// brackets.
void print_cells(std::ostream& out);

}  // namespace bowline::table
