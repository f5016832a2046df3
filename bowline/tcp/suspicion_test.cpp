#include "bowline/tcp/suspicion.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

TEST(Suspicion, ManyGuessesInAMinuteAreToldOnce) {
  Suspicion suspicion;
  int told = 0;
  for (int i = 0; i < 1'000; ++i) told += suspicion.guessed(Time(1h) + i * 10ms) ? 1 : 0;
  EXPECT_EQ(told, 1);
  EXPECT_EQ(suspicion.guessed(Time(1h) + 61s), false) << "the next minute begins anew";
  for (int i = 0; i < 1'000; ++i) told += suspicion.guessed(Time(1h) + 61s) ? 1 : 0;
  EXPECT_EQ(told, 2);
}

TEST(Suspicion, AFewNowAndThenAreNothing) {
  Suspicion suspicion;
  for (int i = 0; i < 1'000; ++i) EXPECT_FALSE(suspicion.guessed(Time(1h) + i * 10s));
}

TEST(Suspicion, LiesAndGuessesAreCountedApart) {
  Suspicion suspicion;
  EXPECT_FALSE(suspicion.lied(Time(1h)));
  EXPECT_FALSE(suspicion.guessed(Time(1h)));
  EXPECT_FALSE(suspicion.lied(Time(1h)));
  EXPECT_TRUE(suspicion.lied(Time(1h)));
  EXPECT_FALSE(suspicion.guessed(Time(1h)));
}

}  // namespace
}  // namespace bowline::tcp
