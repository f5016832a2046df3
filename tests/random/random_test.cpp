// The first 2,000 random simulations (scenario.hpp says what must hold of each). One that fails is
// seen packet by packet with `random_simulations --seed N`; more of them: script/soak.

#include <gtest/gtest.h>

#include "tests/random/scenario.hpp"

namespace bowline::random_simulation {
namespace {

constexpr std::uint64_t kSeeds = 2'000;
constexpr std::uint64_t kPerTest = 100;

class RandomSimulation : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomSimulation, EveryByteArrivesAndEveryConnectionEnds) {
  std::uint64_t finished = 0;
  for (std::uint64_t seed = GetParam() * kPerTest; seed < (GetParam() + 1) * kPerTest; ++seed) {
    const Report report = run(seed);
    EXPECT_EQ(report.failure, "") << "seed " << seed << ":\n" << report.scenario;
    finished += report.finished;
  }
  // Most are to come through, or the scenarios are not worth much.
  EXPECT_GT(finished, kPerTest);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSimulation,
                         ::testing::Range<std::uint64_t>(0, kSeeds / kPerTest));

}  // namespace
}  // namespace bowline::random_simulation
