#include "bowline/base/byte_order.hpp"

#include <gtest/gtest.h>

#include <array>

namespace bowline {
namespace {

TEST(ByteOrder, NetworkOrderPutsTheHighByteFirst) {
  std::array<std::byte, 8> wire{};
  store_be<std::uint16_t>(wire.data(), 0x1234);
  EXPECT_EQ(wire[0], std::byte{0x12});
  EXPECT_EQ(wire[1], std::byte{0x34});
  store_be<std::uint32_t>(wire.data(), 0xd828aec4);  // the ISN of document 002's trace
  EXPECT_EQ(wire[0], std::byte{0xd8});
  EXPECT_EQ(wire[3], std::byte{0xc4});
  store_be<std::uint64_t>(wire.data(), 0x0102030405060708);
  EXPECT_EQ(wire[0], std::byte{0x01});
  EXPECT_EQ(wire[7], std::byte{0x08});
}

TEST(ByteOrder, LoadsWhatWasStoredAtAnyAlignment) {
  std::array<std::byte, 16> wire{};
  for (std::size_t at = 0; at < 8; ++at) {
    store_be<std::uint64_t>(wire.data() + at, 0xfedcba9876543210);
    EXPECT_EQ(load_be<std::uint64_t>(wire.data() + at), 0xfedcba9876543210);
    EXPECT_EQ(load_be<std::uint32_t>(wire.data() + at), 0xfedcba98U);
    EXPECT_EQ(load_be<std::uint16_t>(wire.data() + at), 0xfedcU);
    EXPECT_EQ(load_be<std::uint8_t>(wire.data() + at), 0xfeU);
  }
}

TEST(ByteOrder, TurningTwiceGivesTheSame) {
  static_assert(network_order(network_order(std::uint32_t{0x01020304})) == 0x01020304);
  static_assert(network_order(std::uint8_t{7}) == 7);
}

}  // namespace
}  // namespace bowline
