// The ladders of three experiments, side by side as `bowline lab` prints them.

#include <gtest/gtest.h>

#include "bowline/lab/experiment.hpp"
#include "bowline/lab/ladder_lines.hpp"
#include "tests/golden/golden.hpp"

namespace bowline {
namespace {

std::string ladders(const char* name, std::size_t scenario, lab::Language language,
                    std::size_t width) {
  const lab::Experiment* const experiment = lab::find_experiment(name);
  const lab::Outcome outcome = lab::perform(*experiment, 1);
  const lab::CaseResult& result = outcome.cases.at(scenario);
  return lab::draw_pair(result.without.diagram, result.scenario->without, result.with.diagram,
                        result.scenario->with, {language, width, false});
}

TEST(LabLadders, K40_TwoWayHandshake) {
  golden::expect_drawing("lab_two_way_handshake.ladders.txt",
                         ladders("two-way-handshake", 0, lab::Language::en, 120));
}

TEST(LabLadders, K81_TimeWaitInChinese) {
  golden::expect_drawing("lab_time_wait.zh.ladders.txt",
                         ladders("time-wait", 0, lab::Language::zh, 120));
}

TEST(LabLadders, K72_ThreeWayCloseOneBelowTheOther) {
  golden::expect_drawing("lab_three_way_close.narrow.txt",
                         ladders("three-way-close", 1, lab::Language::en, 80));
}

}  // namespace
}  // namespace bowline
