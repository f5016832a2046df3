#include "bowline/wire/udp.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "bowline/wire/hex_literal.hpp"

namespace bowline::wire {
namespace {

TEST(Udp, ParsesAHeader) {
  const auto header = parse_udp("0035 ff01 000b abcd 010203"_hex, 11);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->source_port, 53);
  EXPECT_EQ(header->destination_port, 0xff01);
  EXPECT_EQ(header->payload_size, 3);
  EXPECT_EQ(header->checksum, 0xabcd);
}

TEST(Udp, TheLengthFieldMayLeaveOutTheEnd) {
  const auto header = parse_udp("0035 ff01 0009 abcd 010203"_hex, 11);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->payload_size, 1);
}

TEST(Udp, ThePayloadMayStandElsewhere) {
  EXPECT_EQ(parse_udp("0035 ff01 ffff abcd"_hex, 65'535)->payload_size, 65'527);
}

TEST(Udp, LengthsThatCannotBe) {
  EXPECT_EQ(parse_udp("0035 ff01 0007 abcd"_hex, 8).error(), Reason::udp_malformed) << "below 8";
  EXPECT_EQ(parse_udp("0035 ff01 0000 abcd"_hex, 8).error(), Reason::udp_malformed);
  EXPECT_EQ(parse_udp("0035 ff01 0009 abcd"_hex, 8).error(), Reason::udp_malformed)
      << "beyond IP's";
  EXPECT_EQ(parse_udp("0035 ff01 0008 abcd"_hex, 7).error(), Reason::udp_malformed) << "padding";
}

TEST(Udp, EveryPrefixOfAHeaderIsMalformed) {
  constexpr auto kHeader = "0035 ff01 0008 abcd"_hex;
  for (std::size_t size = 0; size < kHeader.size(); ++size) {
    const std::vector<std::byte> bytes(kHeader.begin(),
                                       kHeader.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_EQ(parse_udp(bytes, 100).error(), Reason::udp_malformed) << size;
  }
}

TEST(Udp, Emits) {
  std::array<std::byte, 8> to{};
  EXPECT_EQ(
      emit_udp(
          to.data(),
          {.source_port = 53, .destination_port = 0xff01, .payload_size = 3, .checksum = 0xabcd}),
      8U);
  EXPECT_EQ(to, "0035 ff01 000b abcd"_hex);
}

TEST(Udp, AChecksumOfZeroIsSentAsAllOnes) {  // RFC 768
  EXPECT_EQ(udp_checksum_field(0), 0xffff);
  EXPECT_EQ(udp_checksum_field(1), 1);
  EXPECT_EQ(udp_checksum_field(0xffff), 0xffff);
}

}  // namespace
}  // namespace bowline::wire
