#pragma once

// How much of the table the engine was run against, and what came of it.

#include <iosfwd>

namespace bowline::table {

/// Runs every cell in every climate and prints, by situation, how many agreed, disagreed and were
/// not generated, and for those why. Returns true when nothing disagreed.
bool print_coverage(std::ostream& out);

}  // namespace bowline::table
