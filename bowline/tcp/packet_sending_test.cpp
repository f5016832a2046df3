#include "bowline/tcp/packet_sending.hpp"

#include <gtest/gtest.h>

namespace bowline::tcp {
namespace {

// Linux, tcp_sndbuf_expand(): each segment in a head of a power of two, and a sk_buff.
TEST(PacketSending, TheBufferHoldsTwoWindowsOfPackets) {
  EXPECT_EQ(packet_send_buffer(10 * 1'460, 1'460), 2u * 10 * (4'096 + 256));
  EXPECT_EQ(packet_send_buffer(36 * 1'000, 1'000), 2u * 36 * (2'048 + 256));
}

TEST(PacketSending, AndNeverLessThanTwoInitialWindows) {
  EXPECT_EQ(packet_send_buffer(1'000, 1'000), 2u * 10 * (2'048 + 256)) << "after a timeout";
}

TEST(PacketSending, ExtremesDoNotOverflow) {
  EXPECT_GT(packet_send_buffer(0xffffffff, 1), 0u);
  EXPECT_GT(packet_send_buffer(0xffffffff, 0xffffffff), 0u);
  EXPECT_GT(packet_send_buffer(0, 0), 0u);
}

}  // namespace
}  // namespace bowline::tcp
