#include "bowline/wire/ethernet.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bowline/wire/hex_literal.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::wire {
namespace {

constexpr auto kFrame = "ffffffffffff 02005e000001 0806 0001"_hex;

TEST(Ethernet, ParsesAHeader) {
  const auto header = parse_ethernet(kFrame);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->destination, kMacBroadcast);
  EXPECT_EQ(header->source, "02005e000001"_hex);
  EXPECT_EQ(header->type, kEtherTypeArp);
}

TEST(Ethernet, ShorterThan14BytesIsNothing) {
  for (std::size_t size = 0; size < kEthernetHeaderSize; ++size) {
    const std::vector<std::byte> bytes(kFrame.begin(),
                                       kFrame.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(parse_ethernet(bytes)) << size;
  }
}

TEST(Ethernet, EmitsWhatItParses) {
  std::array<std::byte, 14> to{};
  EXPECT_EQ(emit_ethernet(to.data(), *parse_ethernet(kFrame)), 14U);
  EXPECT_EQ(to, "ffffffffffff 02005e000001 0806"_hex);
}

TEST(Ethernet, ReadsAnAddress) {
  EXPECT_EQ(parse_mac("02:00:5e:10:aB:01"), "02005e10ab01"_hex);
  EXPECT_EQ(parse_mac("02-00-5e-10-ab-01"), "02005e10ab01"_hex);
  for (const std::string_view bad : {"", "02:00:5e:10:ab", "02:00:5e:10:ab:0", "02:00:5e:10:ab:0g",
                                     "02:00:5e:10:ab:01:", "02:00-5e:10:ab:01", "02.00.5e.10.ab.01",
                                     "+2:00:5e:10:ab:01", "02:00:5e:10:ab:-1"}) {
    EXPECT_FALSE(parse_mac(bad)) << bad;
  }
}

// IEEE 802 8.2: bit 0 of the first byte says group, bit 1 says locally administered.
TEST(Ethernet, LocalAddressIsOneHostsAndNobodysCard) {
  for (const std::uint64_t random : {0ULL, ~0ULL, 0x0123'4567'89ab'cdefULL}) {
    const MacAddress mac = local_mac(random);
    EXPECT_FALSE(is_group(mac));
    EXPECT_EQ(mac[0] & std::byte{2}, std::byte{2});
  }
  EXPECT_NE(local_mac(0x100), local_mac(0x200));
  EXPECT_TRUE(is_group(kMacBroadcast));
}

TEST(Ethernet, GroupAddressOfIpv6Multicast) {  // RFC 2464 7
  EXPECT_EQ(ipv6_multicast_mac(IpAddress::parse("ff02::1:ff28:9c5a")->raw()), "3333ff289c5a"_hex);
}

}  // namespace
}  // namespace bowline::wire
