#include "bowline/wire/arp.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bowline/wire/hex_literal.hpp"

namespace bowline::wire {
namespace {

constexpr auto kRequest = "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"_hex;

TEST(Arp, ParsesARequest) {
  const auto packet = parse_arp(kRequest);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->operation, ArpOperation::request);
  EXPECT_EQ(packet->sender_mac, "020000000001"_hex);
  EXPECT_EQ(packet->sender_ip, IpAddress::v4(0x0a000001));
  EXPECT_EQ(packet->target_mac, MacAddress{});
  EXPECT_EQ(packet->target_ip, IpAddress::v4(0x0a000002));
}

TEST(Arp, EmitsWhatItParses) {
  std::array<std::byte, kArpSize> to{};
  EXPECT_EQ(emit_arp(to.data(), *parse_arp(kRequest)), kArpSize);
  EXPECT_EQ(to, kRequest);
}

TEST(Arp, EveryPrefixIsNothing) {
  for (std::size_t size = 0; size < kRequest.size(); ++size) {
    const std::vector<std::byte> bytes(kRequest.begin(),
                                       kRequest.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(parse_arp(bytes)) << size;
  }
}

TEST(Arp, OtherKindsOfAddressesAndOperationsAreNothing) {
  for (const std::size_t byte : {0U, 1U, 2U, 3U, 4U, 5U, 6U}) {
    auto packet = kRequest;
    packet[byte] ^= std::byte{0x10};
    EXPECT_FALSE(parse_arp(packet)) << "byte " << byte;
  }
  for (unsigned operation = 0; operation < 6; ++operation) {
    auto packet = kRequest;
    packet[7] = static_cast<std::byte>(operation);
    EXPECT_EQ(parse_arp(packet).has_value(), operation == 1 || operation == 2) << operation;
  }
}

}  // namespace
}  // namespace bowline::wire
