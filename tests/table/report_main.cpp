// bowline_table_report [--cells]: prints the event table of RFC 9293 section 3.10 as the tests use
// it.

#include <iostream>
#include <string_view>

#include "tests/table/report.hpp"

int main(int argc, char** argv) {
  const std::string_view option = argc > 1 ? argv[1] : "";
  if (argc > 2 || (!option.empty() && option != "--cells")) {
    std::cerr << "bowline_table_report: unknown argument '" << argv[argc - 1]
              << "', only --cells is known\n";
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
  return 0;
}
