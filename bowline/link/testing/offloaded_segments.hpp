#pragma once

// Segments as a stack hands them to a link with offloads: for the tests of links.

#include <gtest/gtest.h>

#include <vector>

#include "bowline/base/frame.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::testing {

/// Makes segments with their checksum left to the link, and looks whether a packet is intact.
class OffloadedSegments : public ::testing::Test {
 protected:
  // A TCP segment as a stack hands it to a link with offloads: headers, then one piece of payload.
  Frame segment(std::uint32_t payload, std::uint16_t gso_size = 0) {
    std::vector<std::byte> head(40);
    wire::IpHeader ip;
    ip.source = IpAddress::v4(0x0a000001);
    ip.destination = IpAddress::v4(0x0a000002);
    ip.protocol = wire::kProtocolTcp;
    ip.payload_size = 20 + payload;
    wire::emit_ip(head.data(), ip);
    wire::TcpHeader tcp;
    tcp.flags = wire::kAck;
    tcp.checksum =
        wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size).partial();
    EXPECT_EQ(wire::emit_tcp(std::span(head).subspan(20), tcp, {}), 20U);
    Frame frame;
    frame.append(pool_->copy(head));
    frame.append(pool_->copy(std::vector<std::byte>(payload, std::byte{7})));
    frame.header_size = 40;
    frame.gso_size = gso_size;
    frame.checksum = Checksum::partial;
    frame.checksum_start = 20;
    frame.checksum_offset = wire::kTcpChecksumOffset;
    frame.id = FrameId{3};
    return frame;
  }
  static bool intact(const Frame& frame) {
    std::vector<std::byte> bytes(frame.size);
    if (!frame.copy_to(0, bytes)) return false;
    wire::ChecksumSum sum = wire::pseudo_header_sum(
        IpAddress::v4(0x0a000001), IpAddress::v4(0x0a000002), wire::kProtocolTcp, frame.size - 20);
    sum.add(std::span(bytes).subspan(20));
    return sum.verifies();
  }

  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 64U << 20)};
};

}  // namespace bowline::inline v0::testing
