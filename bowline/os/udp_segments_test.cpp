#include "bowline/os/udp_segments.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ethernet.hpp"

namespace bowline::os {
namespace {

using Bytes = std::vector<std::byte>;

class Merged : public ::testing::TestWithParam<Family> {
 protected:
  Frame merged(std::uint32_t payload, std::uint8_t protocol = wire::kProtocolUdp) {
    wire::IpHeader ip;
    const bool v4 = GetParam() == Family::ipv4;
    ip.source = v4 ? IpAddress::v4(0x0a4d0001) : *IpAddress::parse("fd77::1");
    ip.destination = v4 ? IpAddress::v4(0x0a4d0002) : *IpAddress::parse("fd77::2");
    ip.protocol = protocol;
    ip.identification = v4 ? 0xffff : 0;
    ip.payload_size = 8 + payload;
    const std::uint32_t headers = 14U + wire::ip_header_size(GetParam()) + 8;
    Bytes bytes(headers + payload);
    wire::emit_ethernet(bytes.data(), {.type = wire::kEtherTypeIpv4});
    const std::uint32_t at = 14 + wire::emit_ip(bytes.data() + 14, ip);
    wire::emit_udp(bytes.data() + at, {.source_port = 1'000,
                                       .destination_port = 2'000,
                                       .payload_size = static_cast<std::uint16_t>(payload)});
    for (std::size_t i = headers; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 3);
    sent_.assign(bytes.begin() + headers, bytes.end());
    return make_frame(*pool_, bytes);
  }
  static VirtioHeader header(std::uint16_t size) {
    VirtioHeader header;
    header.flags = kVirtioNeedsChecksum;
    header.gso_type = kVirtioGsoUdpL4;
    header.gso_size = size;
    return header;
  }

  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 1U << 20)};
  Bytes sent_;
};

INSTANTIATE_TEST_SUITE_P(Families, Merged, ::testing::Values(Family::ipv4, Family::ipv6),
                         [](const auto& instance) {
                           return instance.param == Family::ipv4 ? "IPv4" : "IPv6";
                         });

TEST_P(Merged, ComeApartAsTheyWereSent) {
  auto segments = UdpSegments::of(header(1'000), merged(2'500));
  ASSERT_TRUE(segments);
  Bytes got;
  std::vector<std::size_t> sizes;
  Frame datagram;
  while (segments->next(*pool_, datagram)) {
    Bytes bytes(datagram.size);
    ASSERT_TRUE(datagram.copy_to(0, bytes));
    const auto ip = wire::parse_ip(std::span(bytes).subspan(14), datagram.size - 14);
    ASSERT_TRUE(ip);  // with a header checksum of its own
    EXPECT_EQ(ip->payload_size, bytes.size() - 14 - ip->header_size);
    if (GetParam() == Family::ipv4) {
      EXPECT_EQ(ip->identification, (0xffff + sizes.size()) & 0xffffU);
    }
    const auto udp =
        wire::parse_udp(std::span(bytes).subspan(14 + ip->header_size), ip->payload_size);
    ASSERT_TRUE(udp);
    EXPECT_EQ(udp->source_port, 1'000);
    EXPECT_EQ(udp->destination_port, 2'000);
    EXPECT_EQ(datagram.checksum, Checksum::verified);
    EXPECT_EQ(datagram.checksum_start, 14 + ip->header_size);
    EXPECT_EQ(udp->checksum,
              wire::pseudo_header_sum(ip->source, ip->destination, ip->protocol, ip->payload_size)
                  .partial());
    sizes.push_back(udp->payload_size);
    got.insert(got.end(), bytes.end() - udp->payload_size, bytes.end());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1'000, 1'000, 500}));
  EXPECT_EQ(got, sent_);
}

TEST_P(Merged, HeadersThatContradictTheirFrameAreRefused) {
  EXPECT_FALSE(UdpSegments::of(header(0), merged(100)));
  EXPECT_FALSE(UdpSegments::of(header(10), merged(100, wire::kProtocolTcp)));
  EXPECT_FALSE(UdpSegments::of(header(10), Frame{}));
  VirtioHeader summed = header(10);
  summed.flags = 0;
  EXPECT_FALSE(UdpSegments::of(summed, merged(100)));
  const Frame whole = merged(100);
  for (std::uint32_t size = 0; size < 14U + wire::ip_header_size(GetParam()) + 8; ++size) {
    EXPECT_FALSE(UdpSegments::of(header(10), make_frame(*pool_, whole.head().first(size)))) << size;
  }
}

TEST_P(Merged, ExhaustedPoolEndsIt) {
  auto segments = UdpSegments::of(header(10), merged(100));
  ASSERT_TRUE(segments);
  const BufferPoolOwner none{BufferPool::make(heap_memory(), 0)};
  Frame datagram;
  EXPECT_FALSE(segments->next(*none, datagram));
}

}  // namespace
}  // namespace bowline::os
