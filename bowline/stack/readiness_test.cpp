// Readiness: level-style, coalesced, and in order (DESIGN section 3).

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using testing::all_ready;
using testing::TwoStacks;

class ReadinessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    tcp::SocketOptions options;
    options.no_delay = true;  // so that each write is a segment
    two_.establish(options);
    all_ready(two_.left);
    all_ready(two_.right);
  }
  void client_writes(std::size_t count) {
    ASSERT_TRUE(two_.left.write(two_.client, testing::bytes_from(0, count), two_.now));
    two_.exchange();
  }
  Result<std::size_t> server_reads(std::size_t most) {
    std::vector<std::byte> to(most);
    return two_.right.read(two_.server, to, two_.now);
  }
  [[nodiscard]] std::uint8_t server() const { return two_.right.readiness(two_.server); }

  TwoStacks two_;
};

TEST_F(ReadinessTest, IsALevel) {
  EXPECT_EQ(server() & kReadable, 0);
  client_writes(10);
  EXPECT_NE(server() & kReadable, 0);
  EXPECT_NE(server() & kReadable, 0) << "asking changes nothing";
  EXPECT_EQ(server_reads(4), 4U);
  EXPECT_NE(server() & kReadable, 0) << "as long as it is true";
  EXPECT_EQ(server_reads(100), 6U);
  EXPECT_EQ(server() & kReadable, 0);
}

TEST_F(ReadinessTest, ManyEventsAreNamedOnce) {
  for (int i = 0; i < 20; ++i) client_writes(10);
  const auto ready = all_ready(two_.right);
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].handle, two_.server);
  EXPECT_NE(ready[0].mask & kReadable, 0);
  EXPECT_TRUE(all_ready(two_.right).empty());
}

TEST_F(ReadinessTest, NewBytesAreNewsThoughOldOnesWait) {
  client_writes(10);
  all_ready(two_.right);
  client_writes(10);
  EXPECT_EQ(all_ready(two_.right).size(), 1U);
}

// What comes before accept() is not lost on whoever accepts later.
TEST_F(ReadinessTest, DataBeforeAcceptIsTold) {
  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  const auto client = two_.left.connect(options, two_.now);
  ASSERT_TRUE(client);
  two_.exchange();
  ASSERT_TRUE(two_.left.write(*client, testing::bytes_from(0, 5), two_.now));
  two_.exchange();
  for (const Ready& ready : all_ready(two_.right)) {
    EXPECT_EQ(ready.handle, *two_.listener) << "nobody has a handle of the new one yet";
  }
  const auto accepted = two_.right.accept(*two_.listener, two_.now);
  ASSERT_TRUE(accepted);
  const auto ready = all_ready(two_.right);
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].handle, *accepted);
  EXPECT_NE(ready[0].mask & kReadable, 0);
}

TEST_F(ReadinessTest, ListenerIsAcceptableWhileSomebodyWaits) {
  EXPECT_EQ(two_.right.readiness(*two_.listener) & kAcceptable, 0);
  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  ASSERT_TRUE(two_.left.connect(options, two_.now));
  two_.exchange();
  EXPECT_NE(two_.right.readiness(*two_.listener) & kAcceptable, 0);
  ASSERT_TRUE(two_.right.accept(*two_.listener, two_.now));
  EXPECT_EQ(two_.right.readiness(*two_.listener) & kAcceptable, 0);
  EXPECT_EQ(two_.right.accept(*two_.listener, two_.now).error(), std::errc::operation_would_block);
}

// Readable before end-of-stream before closed.
TEST_F(ReadinessTest, DataThenEndThenClosed) {
  client_writes(10);
  ASSERT_TRUE(two_.left.shutdown(two_.client, Direction::send, two_.now));
  two_.exchange();
  EXPECT_EQ(server() & (kReadable | kPeerClosed | kClosed), kReadable | kPeerClosed);
  EXPECT_EQ(server_reads(100), 10U);
  EXPECT_NE(server() & kReadable, 0) << "the end can be read";
  EXPECT_EQ(server_reads(100), 0U);
  EXPECT_EQ(server_reads(100), 0U) << "as often as one likes";
  EXPECT_EQ(server() & kClosed, 0);
  ASSERT_TRUE(two_.right.shutdown(two_.server, Direction::send, two_.now));
  two_.exchange();
  EXPECT_NE(server() & kClosed, 0);
  EXPECT_EQ(server() & kError, 0);
  EXPECT_EQ(server_reads(100), 0U);
}

// An error is reported once, after what had come was read.
TEST_F(ReadinessTest, ErrorIsToldOnce) {
  client_writes(10);
  ASSERT_TRUE(two_.left.abort(two_.client, two_.now));
  two_.exchange();
  EXPECT_EQ(server() & (kError | kClosed), kError | kClosed);
  EXPECT_EQ(server_reads(100), 10U);
  EXPECT_EQ(server_reads(100).error(), std::errc::connection_reset);
  EXPECT_EQ(server() & kError, 0);
  EXPECT_EQ(server_reads(100), 0U);
  EXPECT_FALSE(two_.right.take_error(two_.server));
  EXPECT_EQ(two_.right.write(two_.server, testing::bytes_from(0, 1), two_.now).error(),
            std::errc::broken_pipe);
}

TEST_F(ReadinessTest, WritableWhenThereIsRoom) {
  EXPECT_NE(two_.left.readiness(two_.client) & kWritable, 0);
  two_.to_right = [](const Frame&) { return false; };
  while (two_.left.write(two_.client, testing::bytes_from(0, 100'000), two_.now)) {
  }
  EXPECT_EQ(two_.left.readiness(two_.client) & kWritable, 0);
  all_ready(two_.left);
  two_.to_right = {};
  std::vector<std::byte> to(1U << 20);
  for (int i = 0; i < 400 && (two_.left.readiness(two_.client) & kWritable) == 0; ++i) {
    two_.pass(100ms);
    static_cast<void>(two_.right.read(two_.server, to, two_.now));
  }
  const auto ready = all_ready(two_.left);
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_NE(ready[0].mask & kWritable, 0);
}

TEST_F(ReadinessTest, OpenSucceededIsWritable) {
  ConnectOptions options;
  options.remote = {testing::right_address(), testing::kPort};
  const auto client = two_.left.connect(options, two_.now);
  ASSERT_TRUE(client);
  EXPECT_EQ(two_.left.readiness(*client) & kWritable, 0);
  two_.exchange();
  EXPECT_NE(two_.left.readiness(*client) & kWritable, 0);
}

TEST_F(ReadinessTest, RefusedOpenIsAnError) {
  ConnectOptions options;
  options.remote = {testing::right_address(), 81};
  const auto client = two_.left.connect(options, two_.now);
  ASSERT_TRUE(client);
  all_ready(two_.left);
  two_.exchange();
  const auto ready = all_ready(two_.left);
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_NE(ready[0].mask & kError, 0);
  EXPECT_EQ(two_.left.take_error(*client), std::errc::connection_refused);
  EXPECT_FALSE(two_.left.take_error(*client));
}

TEST_F(ReadinessTest, ClosedHandleIsNeverNamed) {
  client_writes(10);
  ASSERT_TRUE(two_.right.close(two_.server, two_.now));
  EXPECT_TRUE(all_ready(two_.right).empty());
  two_.pass(1s);
  EXPECT_TRUE(all_ready(two_.right).empty());
}

// RFC 768; REQUIREMENTS A3: a socket is TCP or UDP, and both live side by side.
TEST_F(ReadinessTest, K126_UdpBesideTcp) {
  UdpOptions options;
  options.local = {IpAddress::any(Family::ipv4), testing::kPort};  // TCP's port 80 is another space
  const auto socket = two_.right.open_udp(options, two_.now);
  ASSERT_TRUE(socket);
  options.local.port = 0;
  const auto sender = two_.left.open_udp(options, two_.now);
  ASSERT_TRUE(sender);
  const Endpoint to{testing::right_address(), testing::kPort};
  ASSERT_EQ(two_.left.send_to(*sender, testing::bytes_from(0, 7), to, two_.now), 7U);
  two_.exchange();
  const auto ready = all_ready(two_.right);
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].handle, *socket);
  std::array<std::byte, 4> bytes{};
  const auto got = two_.right.receive_from(*socket, bytes, two_.now);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->size, 4U);
  EXPECT_TRUE(got->truncated);
  EXPECT_EQ(got->from.address, testing::left_address());
  EXPECT_EQ(two_.right.readiness(*socket) & kReadable, 0);
}

}  // namespace
}  // namespace bowline
