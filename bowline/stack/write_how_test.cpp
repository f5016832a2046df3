// What an application says of a write, and what of the send buffer it is told: by bytes, and by
// Linux's packets (Settings::packet_queue).

#include <gtest/gtest.h>

#include "bowline/stack/testing/two_stacks.hpp"
#include "bowline/tcp/packet_sending.hpp"

namespace bowline {
namespace {

using testing::bytes_from;
using testing::config_with_seed;
using testing::TwoStacks;

StackConfig linux_config() {
  StackConfig config = config_with_seed(1);
  config.tcp = tcp::Settings::of(tcp::Profile::linux);
  config.tcp.congestion = tcp::CongestionAlgorithm::cubic;
  return config;
}

// Whole segments in half of the peer's window, which that of its SYN-ACK was.
std::uint32_t full_packet(std::uint32_t mss) { return 65'535 / 2 / mss * mss; }

std::size_t arrived(TwoStacks& two) {
  const auto view = two.right.inspect(two.server);
  return view ? view->receive_queue : 0;
}

void more_waits(TwoStacks& two) {
  two.establish();
  ASSERT_EQ(two.left.write(two.client, bytes_from(0, 300), two.now, {.more = true}), 300u);
  two.exchange();
  EXPECT_EQ(arrived(two), 0u);
  ASSERT_EQ(two.left.write(two.client, bytes_from(300, 200), two.now), 200u);
  two.exchange();
  EXPECT_EQ(arrived(two), 500u);
}

TEST(WriteHow, MoreHoldsBackWhatIsNotFull) {
  TwoStacks two;
  more_waits(two);
}

TEST(WriteHow, MoreHoldsBackByPacketsToo) {
  TwoStacks two(linux_config());
  more_waits(two);
}

TEST(WriteHow, MoreDoesNotHoldBackTheEnd) {
  TwoStacks two;
  two.establish();
  ASSERT_EQ(two.left.write(two.client, bytes_from(0, 300), two.now, {.more = true}), 300u);
  ASSERT_TRUE(two.left.shutdown(two.client, Direction::send, two.now));
  two.exchange();
  EXPECT_EQ(arrived(two), 300u);
}

TEST(WriteHow, TheLowWaterBoundsWhatWaits) {
  TwoStacks two;
  tcp::SocketOptions options;
  options.unsent_low_water = 1'000;
  two.establish(options);
  EXPECT_EQ(two.left.write(two.client, bytes_from(0, 5'000), two.now), 1'000u);
  EXPECT_EQ(two.left.readiness(two.client) & kWritable, 0);
  EXPECT_FALSE(two.left.write(two.client, bytes_from(0, 1), two.now));
  two.exchange();
  EXPECT_NE(two.left.readiness(two.client) & kWritable, 0);
}

TEST(WriteHow, PacketsAreBegunBelowTheLimitAndFilled) {
  TwoStacks two(linux_config());
  tcp::SocketOptions options;
  options.send_buffer = 4'000;
  two.establish(options);
  const std::uint32_t mss = two.left.inspect(two.client)->snd_mss;
  // One packet, full.
  EXPECT_EQ(two.left.write(two.client, bytes_from(0, 200'000), two.now), full_packet(mss));
  const auto view = two.left.inspect(two.client);
  EXPECT_EQ(view->send_memory, full_packet(mss) + tcp::kPacketMemory);
  EXPECT_EQ(view->send_limit, 4'000u);
  EXPECT_FALSE(two.left.write(two.client, bytes_from(0, 1), two.now));
}

TEST(WriteHow, APacketAtATimeLeavesTheRestToTheCaller) {
  TwoStacks two(linux_config());
  tcp::SocketOptions options;
  options.send_buffer = 1U << 20;
  two.establish(options);
  const std::uint32_t mss = two.left.inspect(two.client)->snd_mss;
  const auto bytes = bytes_from(0, 200'000);
  EXPECT_EQ(two.left.write(two.client, bytes, two.now, {.by_packet = true}), full_packet(mss));
  EXPECT_GT(*two.left.write(two.client, bytes, two.now), full_packet(mss));
}

TEST(WriteHow, AllArrivesThatWasCutIntoPackets) {
  TwoStacks two(linux_config(), config_with_seed(9), 65'535);
  two.establish();
  const auto bytes = bytes_from(0, 300'000);
  std::size_t written = 0;
  std::vector<std::byte> read;
  std::vector<std::byte> part(70'000);
  for (int i = 0; i < 1'000 && read.size() < bytes.size(); ++i) {
    const auto rest = std::span(bytes).subspan(written);
    const std::size_t size =
        std::min<std::size_t>(rest.size(), 777 + std::size_t{1'111} * static_cast<std::size_t>(i));
    if (size > 0) {
      const tcp::WriteHow how{.more = i % 3 == 0, .end_of_record = i % 4 == 0};
      if (const auto n = two.left.write(two.client, rest.first(size), two.now, how)) written += *n;
    }
    two.pass(1ms);
    if (const auto n = two.right.read(two.server, part, two.now)) {
      read.insert(read.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(*n));
    }
  }
  two.pass(1s);
  while (const auto n = two.right.read(two.server, part, two.now)) {
    if (*n == 0) break;
    read.insert(read.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(*n));
  }
  EXPECT_EQ(read, bytes);
}

}  // namespace
}  // namespace bowline
