#include "tests/table/report.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

#include "tests/table/rfc9293/expansion.hpp"

namespace bowline::table {
namespace {

/// How many cells each rule takes part in.
std::map<const Rule*, std::size_t> cells_per_rule() {
  std::map<const Rule*, std::size_t> count;
  for (const ExpandedCell& expanded : table()) {
    std::set<const Rule*> here;
    for (const Outcome& outcome : expanded.allowed)
      here.insert(outcome.trail.begin(), outcome.trail.end());
    for (const Rule* rule : here) ++count[rule];
  }
  return count;
}

}  // namespace

void print_summary(std::ostream& out) {
  struct Counts {
    std::size_t calls = 0;
    std::size_t segments = 0;
    std::size_t timers = 0;
    std::size_t with_choice = 0;
  };
  std::map<std::size_t, Counts> by_situation;
  Counts total;
  for (const ExpandedCell& expanded : table()) {
    for (Counts* counts : {&by_situation[expanded.cell.situation], &total}) {
      switch (expanded.cell.event.kind) {
        case EventKind::kCall:
          ++counts->calls;
          break;
        case EventKind::kSegment:
          ++counts->segments;
          break;
        case EventKind::kTimer:
          ++counts->timers;
          break;
      }
      if (expanded.allowed.size() > 1) ++counts->with_choice;
    }
  }
  out << "| situation | user calls | segments | timers | cells | of them with a choice |\n"
         "|---|---|---|---|---|---|\n";
  const auto row = [&out](std::string_view title, const Counts& counts) {
    out << "| " << title << " | " << counts.calls << " | " << counts.segments << " | "
        << counts.timers << " | " << counts.calls + counts.segments + counts.timers << " | "
        << counts.with_choice << " |\n";
  };
  for (const auto& [index, counts] : by_situation) row(kSituations[index].name, counts);
  row("all", total);
}

void print_rules(std::ostream& out) {
  const auto count = cells_per_rule();
  for (const Procedure& procedure : procedures()) {
    out << "\n## " << procedure.section << '\n';
    for (const Step& step : procedure.steps) {
      out << "\n### " << step.title
          << "\n\n| rule | RFC 9293 | says | cells |\n|---|---|---|---|\n";
      for (const Rule& rule : step.rules) {
        const auto found = count.find(&rule);
        out << "| " << rule.name << " | " << rule.paragraph << " | " << rule.says << " | "
            << (found == count.end() ? 0 : found->second) << " |\n";
      }
    }
  }
}

void print_cells(std::ostream& out) {
  for (const ExpandedCell& expanded : table()) {
    out << name(expanded.cell) << '\n';
    for (const Outcome& outcome : expanded.allowed) {
      const bool declined = !chosen(outcome);
      out << (declined ? "  [" : "  ") << describe(outcome) << (declined ? "]" : "") << "  (";
      for (std::size_t i = 0; i < outcome.trail.size(); ++i)
        out << (i == 0 ? "" : ", ") << outcome.trail[i]->name;
      out << ")\n";
    }
  }
}

}  // namespace bowline::table
