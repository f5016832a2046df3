// Settings that change while the stack runs: what connections look up later, they look up in the
// new ones; what two SYNs have agreed on stays.

#include <gtest/gtest.h>

#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using testing::TwoStacks;

// RFC 7323 section 1.3: whether timestamps are used is settled by the two SYNs.
TEST(Settings, NewOnesHoldForConnectionsFromThenOn) {
  TwoStacks two;
  two.establish();
  tcp::Settings settings = two.left.config().tcp;
  ASSERT_TRUE(settings.timestamps);
  settings.timestamps = false;
  ASSERT_TRUE(two.left.set_tcp_settings(settings, two.now));
  EXPECT_FALSE(two.left.config().tcp.timestamps);
  EXPECT_TRUE(two.left.inspect(two.client)->timestamps) << "agreed on";

  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  const auto second = two.left.connect(options, two.now);
  ASSERT_TRUE(second);
  two.exchange();
  EXPECT_EQ(two.left.inspect(*second)->state, tcp::State::established);
  EXPECT_FALSE(two.left.inspect(*second)->timestamps);
}

// MUST-40: an acknowledgment is not delayed by more than half a second, whoever asks for it.
TEST(Settings, OnesThatContradictTheStandardAreRefused) {
  TwoStacks two;
  tcp::Settings settings = two.left.config().tcp;
  settings.delayed_ack = 501ms;
  const Status set = two.left.set_tcp_settings(settings, two.now);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error(), std::errc::invalid_argument);
  EXPECT_NE(two.left.config().tcp.delayed_ack, settings.delayed_ack);
}

}  // namespace
}  // namespace bowline
