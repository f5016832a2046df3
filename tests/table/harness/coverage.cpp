#include "tests/table/harness/coverage.hpp"

#include <array>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "tests/table/harness/conformance.hpp"

namespace bowline::table {
namespace {

struct Counts {
  std::size_t agreed = 0;
  std::size_t disagreed = 0;
  std::size_t not_generated = 0;

  void count(Agreement agreement) {
    switch (agreement) {
      case Agreement::kAgreed:
        ++agreed;
        break;
      case Agreement::kDisagreed:
        ++disagreed;
        break;
      case Agreement::kNotGenerated:
        ++not_generated;
        break;
    }
  }
};

struct Coverage {
  std::array<Counts, kSituations.size()> by_situation;
  Counts all;
  std::map<std::string, std::vector<std::string>> not_generated;  ///< reason -> cells
  std::vector<std::string> disagreements;
  std::array<std::size_t, kChoiceCount> by_choice{};
  std::vector<std::string> outside_the_text;
};

Coverage run_all(const Climate& climate) {
  Coverage coverage;
  Conformance conformance(climate);
  for (const ExpandedCell& cell : table()) {
    const Verdict verdict = conformance.run(cell);
    coverage.by_situation[cell.cell.situation].count(verdict.agreement);
    coverage.all.count(verdict.agreement);
    if (verdict.agreement == Agreement::kNotGenerated)
      coverage.not_generated[verdict.detail].push_back(name(cell.cell));
    for (std::size_t i = 1; i < kChoiceCount; ++i) {
      if (verdict.choices.contains(static_cast<Choice>(i))) ++coverage.by_choice[i];
    }
    if (verdict.choices.meets(kOutsideTheText))
      coverage.outside_the_text.push_back(name(cell.cell));
    if (verdict.agreement == Agreement::kDisagreed)
      coverage.disagreements.push_back(name(cell.cell) + '\n' + verdict.detail);
  }
  return coverage;
}

void print_row(std::ostream& out, std::string_view title, const Counts& counts) {
  out << "| " << title << " | " << counts.agreed + counts.disagreed + counts.not_generated << " | "
      << counts.agreed << " | " << counts.disagreed << " | " << counts.not_generated << " |\n";
}

void print_choices(std::ostream& out, const Coverage& coverage) {
  out << "\nOptions that the engine took:\n\n| option | cells |\n|---|---|\n";
  for (std::size_t i = 1; i < kChoiceCount; ++i) {
    if (coverage.by_choice[i] == 0) continue;
    const Choice choice = static_cast<Choice>(i);
    out << "| " << name(choice) << (kOutsideTheText.contains(choice) ? " (outside the text)" : "")
        << " | " << coverage.by_choice[i] << " |\n";
  }
  out << "\nCells in which Bowline leaves the text of the RFC on purpose (choice.hpp says "
         "why):\n\n";
  for (const std::string& cell : coverage.outside_the_text) out << "- " << cell << '\n';
}

}  // namespace

bool print_coverage(std::ostream& out) {
  bool sound = true;
  bool first = true;
  for (const Climate& climate : climates()) {
    const Coverage coverage = run_all(climate);
    sound = sound && coverage.disagreements.empty();
    out << "\n## The engine against the table: " << climate.name
        << "\n\n| situation | cells | agreed | disagreed | not generated "
           "|\n|---|---|---|---|---|\n";
    for (std::size_t i = 0; i < kSituations.size(); ++i)
      print_row(out, kSituations[i].name, coverage.by_situation[i]);
    print_row(out, "all", coverage.all);
    for (const std::string& disagreement : coverage.disagreements) out << "\n" << disagreement;
    // The rest does not depend on the climate.
    if (first) {
      print_choices(out, coverage);
      out << "\nNot generated:\n";
      for (const auto& [reason, cells] : coverage.not_generated) {
        out << "\n- " << reason << ":\n";
        for (const std::string& cell : cells) out << "  - " << cell << '\n';
      }
    }
    first = false;
  }
  return sound;
}

}  // namespace bowline::table
