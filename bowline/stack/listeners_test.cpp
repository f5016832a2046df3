// Listeners that share a port, and what can be set anew of one that listens.

#include <gtest/gtest.h>

#include <vector>

#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using testing::TwoStacks;

ListenOptions listening(bool shared, std::uint32_t backlog = 128) {
  ListenOptions options;
  options.local = {testing::right_address(), testing::kPort};
  options.share_port = shared;
  options.backlog = backlog;
  return options;
}

void connect(TwoStacks& two, int count) {
  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  for (int i = 0; i < count; ++i) ASSERT_TRUE(two.left.connect(options, two.now));
  two.exchange();
}

std::uint32_t waiting_at(TwoStacks& two, Handle listener) {
  const auto view = two.right.inspect_listener(listener);
  return view ? view->accept_queue : 0;
}

// SO_REUSEPORT: all must say so.
TEST(SharedPort, IsForListenersThatAllSaySo) {
  TwoStacks two;
  ASSERT_TRUE(two.right.listen(listening(true), two.now));
  EXPECT_TRUE(two.right.listen(listening(true), two.now));
  const auto alone = two.right.listen(listening(false), two.now);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error(), std::errc::address_in_use);
}

// Each flow is for one of them; when that one goes its flows are for the others, and theirs stay.
TEST(SharedPort, SpreadsTheFlows) {
  TwoStacks two;
  const auto first = two.right.listen(listening(true), two.now);
  const auto second = two.right.listen(listening(true), two.now);
  ASSERT_TRUE(first && second);
  constexpr int kFlows = 64;
  connect(two, kFlows);
  const std::uint32_t at_first = waiting_at(two, *first);
  const std::uint32_t at_second = waiting_at(two, *second);
  EXPECT_EQ(at_first + at_second, std::uint32_t{kFlows});
  EXPECT_GT(at_first, 12U);  // half, give or take five standard deviations
  EXPECT_GT(at_second, 12U);
  ASSERT_TRUE(two.right.close(*first, two.now));
  connect(two, 16);
  EXPECT_EQ(waiting_at(two, *second), at_second + 16);
}

TEST(ListenAgain, ChangesTheBacklogAndKeepsWhoWaits) {
  TwoStacks two;
  const auto listener = two.right.listen(listening(false, 1), two.now);
  ASSERT_TRUE(listener);
  connect(two, 3);
  EXPECT_EQ(waiting_at(two, *listener), 1U);
  ASSERT_TRUE(two.right.listen_again(*listener, listening(false, 8), two.now));
  two.pass(4s);  // who was turned away asks again
  EXPECT_EQ(waiting_at(two, *listener), 3U);
}

TEST(ListenAgain, RefusesWhatIsNoListener) {
  TwoStacks two;
  const auto listener = two.right.listen(listening(false), two.now);
  ASSERT_TRUE(listener);
  EXPECT_EQ(two.right.listen_again(*listener, listening(false, 0), two.now).error(),
            std::errc::invalid_argument);
  EXPECT_EQ(two.right.listen_again({}, listening(false), two.now).error(),
            std::errc::bad_file_descriptor);
  ASSERT_TRUE(two.right.close(*listener, two.now));
  EXPECT_EQ(two.right.listen_again(*listener, listening(false), two.now).error(),
            std::errc::bad_file_descriptor);
}

}  // namespace
}  // namespace bowline
