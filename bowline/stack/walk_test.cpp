// Walking the connections in pieces, and what their views say. REQUIREMENTS A22.
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using testing::TwoStacks;

std::vector<std::uint64_t> all(const Stack& stack) {
  std::vector<std::uint64_t> numbers;
  stack.for_each_connection(
      [](void* context, const ConnectionView& view) {
        static_cast<std::vector<std::uint64_t>*>(context)->push_back(view.number);
      },
      &numbers);
  return numbers;
}

std::vector<std::uint64_t> in_pieces(const Stack& stack, std::uint32_t places) {
  std::vector<std::uint64_t> numbers;
  ConnectionCursor cursor;
  for (int guard = 0; guard < 1'000; ++guard) {
    const std::size_t before = numbers.size();
    const bool more = stack.walk_connections(
        cursor, places,
        [](void* context, const ConnectionView& view) {
          static_cast<std::vector<std::uint64_t>*>(context)->push_back(view.number);
        },
        &numbers);
    EXPECT_LE(numbers.size() - before, places);
    if (!more) return numbers;
  }
  ADD_FAILURE() << "it does not end";
  return numbers;
}

TEST(Walk, VisitsEachOnceWhateverThePieces) {
  TwoStacks two(testing::config_with_seed(1));
  two.listen();
  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  std::vector<Handle> handles;
  for (int i = 0; i < 20; ++i) {
    const auto handle = two.left.connect(options, two.now);
    ASSERT_TRUE(handle);
    handles.push_back(*handle);
  }
  two.exchange();
  ASSERT_TRUE(two.left.abort(handles[3], two.now));  // a hole in the table
  ASSERT_TRUE(two.left.close(handles[5], two.now));
  two.exchange();
  for (const Stack* stack : {&two.left, &two.right}) {
    const auto expected = all(*stack);
    EXPECT_FALSE(expected.empty());
    for (const std::uint32_t places : {1U, 2U, 7U, 20U, 1'000U}) {
      EXPECT_EQ(in_pieces(*stack, places), expected) << places;
    }
  }
}

TEST(Walk, AnEmptyStackHasNone) {
  TwoStacks two(testing::config_with_seed(1));
  EXPECT_TRUE(in_pieces(two.left, 10).empty());
}

TEST(View, CountsWhatWasAcknowledgedAndWhen) {
  TwoStacks two(testing::config_with_seed(1));
  two.establish();
  const std::array<std::byte, 1'000> bytes{};
  ASSERT_TRUE(two.left.write(two.client, bytes, two.now));
  two.exchange();
  two.pass(1s);
  const auto client = two.left.inspect(two.client);
  ASSERT_TRUE(client);
  EXPECT_EQ(client->bytes_sent, 1'000u);
  EXPECT_GE(client->bytes_acked, 1'000u);
  EXPECT_EQ(client->bytes_retransmitted, 0u);
  EXPECT_EQ(client->lost, 0u);
  EXPECT_GT(client->send_limit, 0u);
  EXPECT_GT(client->receive_limit, 0u);
  EXPECT_GT(client->path_mtu, client->snd_mss);
  EXPECT_LE(client->last_sent_at, two.now - 900ms);
  const auto server = two.right.inspect(two.server);
  ASSERT_TRUE(server);
  EXPECT_EQ(server->seen_mss, 1'000u);
}

}  // namespace
}  // namespace bowline
