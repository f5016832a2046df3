#include "bowline/os/virtio.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::os {
namespace {

class Virtio : public ::testing::Test {
 protected:
  Frame segment(Family family, std::uint32_t payload, std::uint16_t flags = wire::kAck) {
    wire::IpHeader ip;
    ip.source = family == Family::ipv4 ? IpAddress::v4(0x0a4d0001) : *IpAddress::parse("fd77::1");
    ip.destination =
        family == Family::ipv4 ? IpAddress::v4(0x0a4d0002) : *IpAddress::parse("fd77::2");
    ip.protocol = wire::kProtocolTcp;
    ip.payload_size = 20 + payload;
    std::vector<std::byte> bytes(wire::ip_header_size(family) + ip.payload_size);
    const std::uint32_t at = wire::emit_ip(bytes.data(), ip);
    wire::TcpHeader tcp;
    tcp.flags = flags;
    EXPECT_EQ(wire::emit_tcp(std::span(bytes).subspan(at), tcp, {}), 20U);
    return make_frame(*pool_, bytes);
  }
  static VirtioHeader merged(std::uint8_t type, std::uint16_t size) {
    VirtioHeader header;
    header.gso_type = type;
    header.gso_size = size;
    return header;
  }

  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 1U << 20)};
};

TEST_F(Virtio, ChecksumLeftUndoneByThisKernelCountsAsVerified) {
  Frame frame = segment(Family::ipv4, 100);
  VirtioHeader header;
  header.flags = kVirtioNeedsChecksum;
  header.checksum_start = 20;
  header.checksum_offset = 16;
  ASSERT_TRUE(read_virtio(header, frame));
  EXPECT_EQ(frame.checksum, Checksum::verified);
  EXPECT_EQ(frame.checksum_start, 20);
  EXPECT_EQ(frame.checksum_offset, 16);
}

TEST_F(Virtio, ChecksumSeenByTheKernelCountsAsVerifiedOthersDoNot) {
  Frame frame = segment(Family::ipv4, 100);
  VirtioHeader header;
  ASSERT_TRUE(read_virtio(header, frame));
  EXPECT_EQ(frame.checksum, Checksum::unknown);
  header.flags = kVirtioDataValid;
  ASSERT_TRUE(read_virtio(header, frame));
  EXPECT_EQ(frame.checksum, Checksum::verified);
}

TEST_F(Virtio, MergedSegmentsGetTheirSizes) {
  Frame four = segment(Family::ipv4, 5000);
  ASSERT_TRUE(read_virtio(merged(kVirtioGsoTcp4, 1448), four));
  EXPECT_EQ(four.gso_size, 1448);
  EXPECT_EQ(four.header_size, 40);
  Frame six = segment(Family::ipv6, 5000);
  ASSERT_TRUE(read_virtio(merged(kVirtioGsoTcp6 | kVirtioGsoEcn, 1428), six));
  EXPECT_EQ(six.gso_size, 1428);
  EXPECT_EQ(six.header_size, 60);
  Frame single = segment(Family::ipv4, 1448);
  ASSERT_TRUE(read_virtio(merged(kVirtioGsoTcp4, 1448), single));
  EXPECT_EQ(single.gso_size, 0);
}

TEST_F(Virtio, HeadersThatContradictTheirFrameAreRefused) {
  const Frame good = segment(Family::ipv4, 5000);
  const auto refused = [&](const VirtioHeader& header, Frame frame) {
    return !read_virtio(header, frame);
  };
  EXPECT_TRUE(refused(merged(kVirtioGsoTcp4, 0), good));
  EXPECT_TRUE(refused(merged(kVirtioGsoTcp6, 1448), good));  // another version of IP
  EXPECT_TRUE(refused(merged(kVirtioGsoUdp, 1448), good));
  EXPECT_TRUE(refused(merged(kVirtioGsoUdpL4, 1448), good));
  EXPECT_TRUE(refused(merged(0x7f, 1448), good));

  VirtioHeader beyond;
  beyond.flags = kVirtioNeedsChecksum;
  beyond.checksum_start = 5020;
  beyond.checksum_offset = 19;
  EXPECT_TRUE(refused(beyond, good));
  beyond.checksum_offset = 18;
  EXPECT_FALSE(refused(beyond, good));
  beyond.checksum_start = 0xffff;
  beyond.checksum_offset = 0xffff;
  EXPECT_TRUE(refused(beyond, good));

  EXPECT_TRUE(refused(merged(kVirtioGsoTcp4, 10), make_frame(*pool_, good.head().first(25))));
  std::vector<std::byte> bytes(good.head().begin(), good.head().end());
  bytes[32] = std::byte{0x40};  // a data offset of 4 words
  EXPECT_TRUE(refused(merged(kVirtioGsoTcp4, 1448), make_frame(*pool_, bytes)));
  EXPECT_TRUE(refused(merged(kVirtioGsoTcp4, 1448), Frame{}));
}

TEST_F(Virtio, LargeSegmentIsDescribedForTheKernelToCut) {
  Frame frame = segment(Family::ipv6, 5000, wire::kAck | wire::kCwr);
  frame.gso_size = 1428;
  frame.header_size = 60;
  frame.checksum = Checksum::partial;
  frame.checksum_start = 40;
  frame.checksum_offset = 16;
  const VirtioHeader header = write_virtio(frame);
  EXPECT_EQ(header.flags, kVirtioNeedsChecksum);
  EXPECT_EQ(header.gso_type, kVirtioGsoTcp6 | kVirtioGsoEcn);
  EXPECT_EQ(header.gso_size, 1428);
  EXPECT_EQ(header.header_size, 60);
  EXPECT_EQ(header.checksum_start, 40);
  EXPECT_EQ(header.checksum_offset, 16);
}

// On Ethernet all offsets count the 14 bytes in front as well.
TEST_F(Virtio, EthernetHeaderMovesEverything) {
  const Frame packet = segment(Family::ipv6, 5000);
  std::vector<std::byte> bytes(wire::kEthernetHeaderSize);
  wire::emit_ethernet(bytes.data(), {.type = wire::kEtherTypeIpv6});
  bytes.insert(bytes.end(), packet.head().begin(), packet.head().end());
  Frame frame = make_frame(*pool_, bytes);
  VirtioHeader header = merged(kVirtioGsoTcp6, 1428);
  header.flags = kVirtioNeedsChecksum;
  header.checksum_start = 54;
  header.checksum_offset = 16;
  EXPECT_FALSE(read_virtio(header, frame));  // no IP packet begins there
  ASSERT_TRUE(read_virtio(header, frame, LinkKind::ethernet));
  EXPECT_EQ(frame.header_size, 74);
  EXPECT_EQ(frame.checksum_start, 54);
  EXPECT_EQ(frame.gso_size, 1428);

  frame.checksum = Checksum::partial;
  const VirtioHeader back = write_virtio(frame, LinkKind::ethernet);
  EXPECT_EQ(back.gso_type, kVirtioGsoTcp6);
  EXPECT_EQ(back.header_size, 74);
  EXPECT_EQ(back.checksum_start, 54);
  Frame runt = make_frame(*pool_, std::span(bytes).first(13));
  EXPECT_FALSE(read_virtio(merged(kVirtioGsoTcp6, 1428), runt, LinkKind::ethernet));
}

TEST_F(Virtio, SinglePacketNeedsNoCutting) {
  Frame frame = segment(Family::ipv4, 1448);
  frame.gso_size = 1448;
  frame.header_size = 40;
  frame.checksum = Checksum::complete;
  const VirtioHeader header = write_virtio(frame);
  EXPECT_EQ(header.flags, 0);
  EXPECT_EQ(header.gso_type, kVirtioGsoNone);
  EXPECT_EQ(header.gso_size, 0);
}

}  // namespace
}  // namespace bowline::os
