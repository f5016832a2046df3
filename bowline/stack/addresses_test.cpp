// Addresses and routes that come and go while the Stack lives.

#include <gtest/gtest.h>

#include "bowline/stack/stack.hpp"

namespace bowline {
namespace {

class AddressesTest : public ::testing::Test {
 protected:
  AddressesTest() : stack_(Stack::create({}).value()) {
    interface_ = stack_.add_interface({}).value();
    EXPECT_TRUE(stack_.add_address(interface_, kOurs).has_value());
  }
  static inline const Cidr kOurs = *Cidr::parse("10.0.0.1/24");
  static inline const Cidr kOther = *Cidr::parse("10.0.1.1/24");
  Stack stack_;
  InterfaceId interface_{};
};

TEST_F(AddressesTest, AreListedUntilTheyAreTakenAway) {
  ASSERT_TRUE(stack_.add_address(interface_, kOther).has_value());
  EXPECT_EQ(stack_.addresses(interface_).size(), 2U);
  EXPECT_EQ(stack_.address_state(interface_, kOurs.address), AddressState::preferred);
  ASSERT_TRUE(stack_.remove_address(interface_, kOurs.address).has_value());
  ASSERT_EQ(stack_.addresses(interface_).size(), 1U);
  EXPECT_EQ(stack_.addresses(interface_)[0], kOther);
  EXPECT_EQ(stack_.address_state(interface_, kOurs.address).error(),
            std::make_error_code(std::errc::address_not_available));
  EXPECT_EQ(stack_.remove_address(interface_, kOurs.address).error(),
            std::make_error_code(std::errc::address_not_available));
}

TEST_F(AddressesTest, OneThatIsTakenAwayCannotBeBoundToAndHasNoRoute) {
  ASSERT_TRUE(stack_.listen({.local = {kOurs.address, 80}}, Time{}).has_value());
  ASSERT_TRUE(stack_.remove_address(interface_, kOurs.address).has_value());
  EXPECT_FALSE(stack_.listen({.local = {kOurs.address, 81}}, Time{}).has_value());
  EXPECT_EQ(stack_.connect({.remote = {*IpAddress::parse("10.0.0.2"), 80}}, Time{}).error(),
            std::make_error_code(std::errc::network_unreachable));
}

TEST_F(AddressesTest, ThePlaceOfOneThatWentIsUsedAgain) {
  for (int i = 0; i < 100'000; ++i) {  // more than a half-open entry could number
    ASSERT_TRUE(stack_.add_address(interface_, kOther).has_value());
    ASSERT_TRUE(stack_.remove_address(interface_, kOther.address).has_value());
  }
}

TEST_F(AddressesTest, RoutesAreRemovedByWhatTheyAre) {
  const Route route{*Cidr::parse("0.0.0.0/0"), interface_, *IpAddress::parse("10.0.0.254")};
  ASSERT_TRUE(stack_.add_route(route).has_value());
  EXPECT_TRUE(stack_.connect({.remote = {*IpAddress::parse("192.0.2.1"), 80}}, Time{}).has_value());
  ASSERT_TRUE(stack_.remove_route(route).has_value());
  EXPECT_EQ(stack_.remove_route(route).error(), std::make_error_code(std::errc::no_such_process));
  EXPECT_EQ(stack_.connect({.remote = {*IpAddress::parse("192.0.2.2"), 80}}, Time{}).error(),
            std::make_error_code(std::errc::network_unreachable));
}

TEST_F(AddressesTest, AnInterfaceSaysWhatItIs) {
  ASSERT_TRUE(stack_.set_mtu(interface_, 1400).has_value());
  EXPECT_EQ(stack_.link(interface_)->mtu, 1400U);
  EXPECT_FALSE(stack_.link(InterfaceId{7}).has_value());
}

}  // namespace
}  // namespace bowline
