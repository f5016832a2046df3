// The sink that cuts: what it counts as taken, and what it loses.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "bowline/link/segment.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline {
namespace {

class CutSink : public ::testing::Test {
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

// A sink that takes so many packets and then no more.
class Bounded final : public FrameSink {
 public:
  explicit Bounded(std::size_t room) : room_(room) {}
  std::size_t take(std::span<Frame> frames) noexcept override {
    const std::size_t count = std::min(room_, frames.size());
    for (std::size_t i = 0; i < count; ++i) packets.push_back(std::move(frames[i]));
    room_ -= count;
    return count;
  }
  std::vector<Frame> packets;

 private:
  std::size_t room_;
};

TEST_F(CutSink, SinkCountsWirePacketsWhateverPrefixIsTaken) {
  for (std::size_t room = 0; room <= 42; ++room) {
    std::array<Frame, 3> frames{segment(10), segment(40 * 1000, 1000), segment(10)};
    Bounded end(room);
    CuttingSink sink(end, *pool_, 1500);
    EXPECT_EQ(sink.take(frames), room);
    EXPECT_EQ(end.packets.size(), room);
    for (const Frame& packet : end.packets) {
      EXPECT_EQ(packet.checksum, Checksum::complete);
      EXPECT_TRUE(intact(packet));
    }
  }
}

TEST_F(CutSink, SinkLosesAndCountsWhatTheWireDoesNotTake) {
  std::array<Frame, 2> frames{segment(3000, 1000), segment(3000, 1000)};
  frames[0].header_size = 50;
  Bounded end(100);
  CuttingSink sink(end, *pool_, 1000);  // smaller than the cut packets
  EXPECT_EQ(sink.take(frames), wire_packets(frames[0]) + 3U);
  EXPECT_TRUE(end.packets.empty());
  EXPECT_EQ(sink.counters().malformed, 1U);
  EXPECT_EQ(sink.counters().too_big, 3U);

  const BufferPoolOwner empty{BufferPool::make(heap_memory(), 0)};
  CuttingSink starved(end, *empty, 1500);
  EXPECT_EQ(starved.take(std::span(frames).last(1)), 3U);
  EXPECT_EQ(starved.counters().no_memory, 3U);
  EXPECT_TRUE(end.packets.empty());
}

}  // namespace
}  // namespace bowline
