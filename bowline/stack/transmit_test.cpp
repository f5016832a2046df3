// Output is fair and never stuck (DESIGN section 3).

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <vector>

#include "bowline/stack/testing/two_stacks.hpp"

namespace bowline {
namespace {

using testing::KeepingSink;
using testing::kInterface;
using testing::tcp_of;
using testing::TwoStacks;

std::uint32_t payload(const Frame& frame) { return tcp_of(frame).payload_size; }

// Lets the congestion window of `socket` grow, so that it can send much at once.
void warm_up(TwoStacks& two, Handle client, Handle server) {
  std::vector<std::byte> to(1U << 20);
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(two.left.write(client, testing::bytes_from(0, 400'000), two.now));
    two.exchange();
    while (const auto got = two.right.read(server, to, two.now)) {
      if (*got == 0) break;
    }
    two.exchange();
    two.pass(1ms);
  }
  two.pass(45ms);  // the last acknowledgment may be delayed; an idle RTO must not pass
  while (const auto got = two.right.read(server, to, two.now)) {
    if (*got == 0) break;
  }
  two.exchange();
}

// Deficit round robin: those with much to send share the link; one with little does not wait long.
TEST(Transmit, ConnectionsShareTheLink) {
  for (const std::uint32_t max_gso : {0U, 65'535U}) {
    TwoStacks two(testing::config_with_seed(1), testing::config_with_seed(9), max_gso);
    std::vector<Handle> clients;
    for (int i = 0; i < 3; ++i) {
      two.establish();
      warm_up(two, two.client, two.server);
      clients.push_back(two.client);
    }
    for (const Handle client : clients) {
      ASSERT_GE(two.left.inspect(client)->cwnd, 300'000U);
      ASSERT_TRUE(two.left.write(client, testing::bytes_from(0, 300'000), two.now));
    }
    KeepingSink sink;
    static_cast<void>(two.left.transmit(kInterface, sink, two.now));
    std::map<std::uint16_t, std::uint32_t> sent;
    for (const Frame& frame : sink.whole) {
      sent[tcp_of(frame).header.source_port] += payload(frame);
      if (sent.size() < 3) continue;
      std::uint32_t least = ~0U;
      std::uint32_t most = 0;
      for (const auto& [_, bytes] : sent) {
        least = std::min(least, bytes);
        most = std::max(most, bytes);
      }
      if (most >= 300'000) break;  // who has finished waits for nobody
      EXPECT_LE(most - least, 2U * 65'536U) << "max_gso " << max_gso;
    }
    EXPECT_EQ(sent.size(), 3U);
  }
}

// The stack commits what was taken, whatever prefix that is, and offers the rest again.
TEST(Transmit, PartOfALargeFrameIsCommitted) {
  for (std::size_t k = 0; k <= 8; ++k) {
    TwoStacks two(testing::config_with_seed(1), testing::config_with_seed(9), 65'535);
    two.establish();
    const std::uint32_t mss = two.left.inspect(two.client)->snd_mss;
    ASSERT_TRUE(two.left.write(two.client, testing::bytes_from(0, 8U * mss), two.now));
    KeepingSink some(k);
    EXPECT_EQ(two.left.transmit(kInterface, some, two.now), k);
    const auto view = two.left.inspect(two.client);
    EXPECT_EQ(view->in_flight, k * mss);
    EXPECT_EQ(view->unsent, (8 - k) * mss);
    KeepingSink rest;
    EXPECT_EQ(two.left.transmit(kInterface, rest, two.now), 8 - k);
    if (k == 8) continue;
    ASSERT_EQ(rest.whole.size(), 1U);
    EXPECT_EQ(distance(view->iss + 1, tcp_of(rest.whole[0]).header.seq), k * mss);
    EXPECT_EQ(payload(rest.whole[0]), (8 - k) * mss);
  }
}

// With a part taken, no FIN or PSH has gone out: they stand at the end.
TEST(Transmit, FinGoesWithTheLastPacket) {
  TwoStacks two(testing::config_with_seed(1), testing::config_with_seed(9), 65'535);
  two.establish();
  const std::uint32_t mss = two.left.inspect(two.client)->snd_mss;
  ASSERT_TRUE(two.left.write(two.client, testing::bytes_from(0, 3U * mss), two.now));
  ASSERT_TRUE(two.left.shutdown(two.client, Direction::send, two.now));
  KeepingSink some(2);
  EXPECT_EQ(two.left.transmit(kInterface, some, two.now), 2U);
  EXPECT_FALSE(two.left.inspect(two.client)->fin_sent);
  KeepingSink rest;
  EXPECT_EQ(two.left.transmit(kInterface, rest, two.now), 1U);
  EXPECT_TRUE(two.left.inspect(two.client)->fin_sent);
  ASSERT_EQ(rest.whole.size(), 1U);
  EXPECT_TRUE(tcp_of(rest.whole[0]).header.has(wire::kFin));
}

// RFC 9293 2.2: how the stream is cut means nothing to the application. One packet at a time,
// everything arrives.
TEST(Transmit, K93_StreamIsPutTogetherHoweverItWasCut) {
  TwoStacks two;
  two.establish();
  ASSERT_TRUE(two.left.write(two.client, testing::bytes_from(0, 100'000), two.now));
  std::vector<std::byte> received;
  std::array<std::byte, 4'096> to{};
  for (int i = 0; i < 2'000 && received.size() < 100'000; ++i) {
    KeepingSink sink(1);
    static_cast<void>(two.left.transmit(kInterface, sink, two.now));
    for (Frame& frame : sink.whole) two.right.receive(kInterface, {&frame, 1}, two.now);
    two.carry(two.right, two.left, {});
    two.now += 1ms;
    two.left.advance(two.now);
    two.right.advance(two.now);
    while (const auto got = two.right.read(two.server, to, two.now)) {
      received.insert(received.end(), to.begin(), to.begin() + static_cast<std::ptrdiff_t>(*got));
    }
  }
  EXPECT_EQ(received, testing::bytes_from(0, 100'000));
}

TEST(Transmit, FullInterfaceDoesNotBlockAnother) {
  auto stack = testing::make_stack(testing::config_with_seed(1), testing::left_address());
  ASSERT_TRUE(stack);
  const auto second = stack->add_interface({});
  ASSERT_TRUE(second);
  ASSERT_TRUE(stack->add_address(*second, *Cidr::parse("10.1.0.1/24")));
  const Time now(1h);
  ConnectOptions options;
  options.remote = {IpAddress::v4(0x0a000002), 80};
  ASSERT_TRUE(stack->connect(options, now));
  options.remote = {IpAddress::v4(0x0a010002), 80};
  ASSERT_TRUE(stack->connect(options, now));
  KeepingSink full(0);
  EXPECT_EQ(stack->transmit(kInterface, full, now), 0U);
  EXPECT_TRUE(stack->has_output(kInterface));
  KeepingSink other;
  EXPECT_EQ(stack->transmit(*second, other, now), 1U);
  EXPECT_FALSE(stack->has_output(*second));
}

// Stateless replies go before the data of connections, and leave in part as well.
TEST(Transmit, RepliesLeaveOneByOne) {
  TwoStacks two;
  ConnectOptions options;
  options.remote = {testing::right_address(), 81};
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(two.left.connect(options, two.now));
  two.carry(two.left, two.right, {});
  for (int i = 0; i < 5; ++i) {
    KeepingSink one(1);
    EXPECT_EQ(two.right.transmit(kInterface, one, two.now), 1U);
  }
  EXPECT_FALSE(two.right.has_output(kInterface));
}

}  // namespace
}  // namespace bowline
