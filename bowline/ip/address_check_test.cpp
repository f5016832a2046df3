#include "bowline/ip/address_check.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bowline::ip {
namespace {

class AddressCheck : public ::testing::Test {
 protected:
  static LocalAddress address(std::string_view text) {
    LocalAddress made;
    made.cidr = *Cidr::parse(text);
    return made;
  }
  std::vector<AddressStep> run(LocalAddress& address, Duration time) {
    std::vector<AddressStep> steps;
    const Time end = now_ + time;
    while (next_step(address) <= end) {
      now_ = std::max(now_, next_step(address));
      const AddressStep next = step(address, now_, timing_, random_);
      if (next == AddressStep::nothing) break;
      steps.push_back(next);
      if (next == AddressStep::expire) address.state = AddressState::none;
    }
    now_ = end;
    return steps;
  }
  Timing timing_;
  Random random_{1};
  Time now_{1h};
};

using Steps = std::vector<AddressStep>;

// RFC 5227 sections 2.1.1 and 2.3.
TEST_F(AddressCheck, Ipv4IsProbedThreeTimesAndAnnouncedTwice) {
  LocalAddress ours = address("10.0.0.1/24");
  begin_check(ours, true, now_, timing_, random_);
  EXPECT_EQ(ours.state, AddressState::tentative);
  EXPECT_LE(ours.due, now_ + 1s);
  EXPECT_EQ(run(ours, 20s),
            (Steps{AddressStep::probe, AddressStep::probe, AddressStep::probe, AddressStep::prefer,
                   AddressStep::announce, AddressStep::announce}));
  EXPECT_EQ(next_step(ours), kNever);
}

// RFC 4862 section 5.4.2: one solicitation, RetransTimer, ours.
TEST_F(AddressCheck, Ipv6IsProbedOnce) {
  LocalAddress ours = address("fd00::1/64");
  begin_check(ours, true, now_, timing_, random_);
  EXPECT_EQ(run(ours, 3s), (Steps{AddressStep::probe, AddressStep::prefer}));
}

TEST_F(AddressCheck, WithoutDetectionItIsUsedAtOnce) {
  LocalAddress v6 = address("fd00::1/64");
  begin_check(v6, false, now_, timing_, random_);
  EXPECT_TRUE(v6.usable());
  LocalAddress v4 = address("10.0.0.1/24");
  begin_check(v4, false, now_, timing_, random_);
  EXPECT_TRUE(v4.usable());
  EXPECT_EQ(run(v4, 0s), Steps{AddressStep::announce});
}

// RFC 4862 section 5.5.4.
TEST_F(AddressCheck, LifetimesDeprecateAndExpire) {
  LocalAddress ours = address("fd00::1/64");
  begin_check(ours, false, now_, timing_, random_);
  ours.preferred_until = now_ + 10s;
  ours.valid_until = now_ + 20s;
  EXPECT_EQ(run(ours, 10s), Steps{AddressStep::deprecate});
  EXPECT_TRUE(ours.usable());
  EXPECT_EQ(run(ours, 10s), Steps{AddressStep::expire});
}

// RFC 5227 section 2.4 (b).
TEST_F(AddressCheck, OneDefenceInTenSeconds) {
  LocalAddress ours = address("10.0.0.1/24");
  EXPECT_TRUE(may_defend(ours, now_, timing_.conflict));
  EXPECT_TRUE(may_defend(ours, now_ + 10s, timing_.conflict));
  EXPECT_FALSE(may_defend(ours, now_ + 19s, timing_.conflict));
}

}  // namespace
}  // namespace bowline::ip
