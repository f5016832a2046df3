// Every cell of the event table against the production engine (REQUIREMENTS D6).
//
// One test per situation and climate; a failure names the cell, what was seen, what was demanded,
// and the paragraphs that demand it. To run one cell again: --gtest_filter for its situation.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <tuple>

#include "tests/table/harness/conformance.hpp"

namespace bowline::table {
namespace {

class EveryCell : public testing::TestWithParam<std::tuple<std::size_t, std::size_t>> {};

TEST_P(EveryCell, Agrees) {
  constexpr std::size_t kShown = 12;
  const auto [climate, situation] = GetParam();
  Conformance conformance(climates()[climate]);
  std::size_t run = 0;
  std::size_t disagreed = 0;
  for (const Cell& cell : all_cells()) {
    if (cell.situation != situation) continue;
    const Verdict verdict = conformance.run(expand(cell));
    if (verdict.agreement == Agreement::kNotGenerated) continue;
    ++run;
    if (verdict.agreement == Agreement::kAgreed) continue;
    if (++disagreed <= kShown) ADD_FAILURE() << name(cell) << '\n' << verdict.detail;
  }
  EXPECT_EQ(disagreed, 0u) << "of " << run << " cells";
  EXPECT_GT(run, 100u);
}

std::string test_name(const testing::TestParamInfo<EveryCell::ParamType>& info) {
  const auto [climate, situation] = info.param;
  std::string text =
      std::string(kSituations[situation].name) + "_" + std::string(climates()[climate].name);
  std::ranges::replace_if(
      text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return text;
}

INSTANTIATE_TEST_SUITE_P(Table, EveryCell,
                         testing::Combine(testing::Range(std::size_t{0}, climates().size()),
                                          testing::Range(std::size_t{0}, kSituations.size())),
                         test_name);

}  // namespace
}  // namespace bowline::table
