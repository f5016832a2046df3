// bowline_table_report [--cells]: prints the event table of RFC 9293 section 3.10, runs the engine
// against every cell and prints what came of it. Status 1 when a cell disagrees.

#include <iostream>
#include <string_view>

#include "tests/table/harness/coverage.hpp"
#include "tests/table/report.hpp"

int main(int argc, char** argv) {
  const std::string_view option = argc > 1 ? argv[1] : "";
  if (argc > 2 || (!option.empty() && option != "--cells")) {
    std::cerr << "bowline_table_report: unknown argument '" << argv[argc - 1]
              << "'; the only one is --cells\n";
    return 2;
  }
  std::cout << "# The event table of RFC 9293 section 3.10\n\n";
  bowline::table::print_summary(std::cout);
  if (option == "--cells") {
    std::cout << "\n## Cells\n\n";
    bowline::table::print_cells(std::cout);
  } else {
    bowline::table::print_rules(std::cout);
  }
  return bowline::table::print_coverage(std::cout) ? 0 : 1;
}
