#include "bowline/tcp/ablation.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "bowline/tcp/ablation_key.hpp"
#include "bowline/tcp/settings.hpp"

namespace bowline::tcp {
namespace {

TEST(Ablation, NothingIsTakenOutByDefault) {
  for (const Profile profile : {Profile::rfc, Profile::linux}) {
    EXPECT_EQ(Settings::of(profile).ablation, Ablation{});
  }
  for (unsigned i = 0; i < 32; ++i) {
    EXPECT_FALSE(Ablation{}.without(static_cast<Mechanism>(i)));
  }
}

TEST(Ablation, OnlyTheKeyTakesSomethingOut) {
  static_assert(!std::is_constructible_v<Ablation, std::uint32_t>);
  static_assert(!std::is_constructible_v<Ablation, Mechanism>);
  static_assert(!std::is_aggregate_v<Ablation>);
  constexpr Ablation two = AblationKey::without({Mechanism::paws, Mechanism::time_wait});
  static_assert(two.without(Mechanism::paws) && two.without(Mechanism::time_wait));
  static_assert(!two.without(Mechanism::checksum) && !two.without(Mechanism::retransmission));
}

TEST(Ablation, TimeWaitIsTwoMslUnlessItIsTakenOut) {
  Settings settings;
  settings.msl = 7s;
  EXPECT_EQ(time_wait_length(settings), 14s);
  settings.ablation = AblationKey::without({Mechanism::time_wait});
  EXPECT_EQ(time_wait_length(settings), 0s);
}

}  // namespace
}  // namespace bowline::tcp
