#include "bowline/link/merge.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/link/segment.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline {
namespace {

using Bytes = std::vector<std::byte>;

// Cuts a segment as a link does and merges the packets again.
class Merging : public ::testing::TestWithParam<Family> {
 protected:
  static constexpr std::uint16_t kMss = 100;

  Frame segment(std::uint32_t payload, unsigned flags = wire::kAck | wire::kPsh) {
    const bool v4 = GetParam() == Family::ipv4;
    wire::IpHeader ip;
    ip.source = v4 ? IpAddress::v4(0x0a000001) : *IpAddress::parse("fd00::1");
    ip.destination = v4 ? IpAddress::v4(0x0a000002) : *IpAddress::parse("fd00::2");
    ip.protocol = wire::kProtocolTcp;
    ip.identification = v4 ? 0xfffe : 0;  // it goes round between two packets
    ip.payload_size = 32 + payload;
    Bytes bytes(wire::ip_header_size(GetParam()) + 32);
    const auto at = wire::emit_ip(bytes.data(), ip);
    wire::TcpHeader tcp;
    tcp.seq = SeqNumber(0xffff'ff80);  // so do these
    tcp.ack = SeqNumber(5);
    tcp.flags = static_cast<std::uint16_t>(flags);
    tcp.window = 500;
    wire::TcpOptions options;
    options.timestamps = wire::Timestamps{.value = 5, .echo = 6};
    EXPECT_EQ(wire::emit_tcp(std::span(bytes).subspan(at), tcp, options), 32U);
    Frame frame;
    frame.header_size = static_cast<std::uint16_t>(bytes.size());
    for (std::uint32_t i = 0; i < payload; ++i) bytes.push_back(static_cast<std::byte>(i * 7));
    EXPECT_TRUE(frame.append(pool_->copy(bytes)));
    frame.gso_size = kMss;
    frame.checksum = Checksum::partial;
    frame.checksum_start = static_cast<std::uint16_t>(at);
    frame.checksum_offset = wire::kTcpChecksumOffset;
    return frame;
  }

  // Its packets, each in one piece as from a wire.
  std::vector<Frame> packets(const Frame& whole) {
    const Segmenter segmenter(whole, *pool_, CutChecksum::complete);
    EXPECT_TRUE(segmenter.valid());
    std::vector<Frame> result;
    for (std::uint32_t i = 0; i < segmenter.packets(); ++i) {
      Frame packet;
      EXPECT_TRUE(segmenter.cut(i, packet));
      result.push_back(wire_packet(flat(packet)));
    }
    return result;
  }
  Frame wire_packet(const Bytes& bytes) {
    Frame frame = make_frame(*pool_, bytes);
    frame.checksum = Checksum::complete;
    return frame;
  }
  static Bytes flat(const Frame& frame) {
    Bytes bytes(frame.size);
    EXPECT_TRUE(frame.copy_to(0, bytes));
    return bytes;
  }
  // Merging must change nothing that a receiver of wire packets could see.
  std::size_t merge_and_compare(std::vector<Frame> given) {
    std::vector<Bytes> before;
    for (const Frame& frame : given) before.push_back(flat(frame));
    const std::size_t count = merge_neighbours(given, *pool_);
    std::vector<Bytes> after;
    for (std::size_t i = 0; i < count; ++i) {
      for (const Frame& packet : packets(given[i])) after.push_back(flat(packet));
    }
    EXPECT_EQ(before, after);
    return count;
  }

  std::uint32_t ip_size() const { return wire::ip_header_size(GetParam()); }

  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 16U << 20)};
};

INSTANTIATE_TEST_SUITE_P(Families, Merging, ::testing::Values(Family::ipv4, Family::ipv6),
                         [](const auto& about) {
                           return about.param == Family::ipv4 ? "IPv4" : "IPv6";
                         });

TEST_P(Merging, JoinsWhatWasCut) {
  std::vector<Frame> given = packets(segment(5 * kMss + 30));
  ASSERT_EQ(given.size(), 6U);
  ASSERT_EQ(merge_neighbours(given, *pool_), 1U);
  const Bytes original = flat(segment(5 * kMss + 30));
  const Bytes joined = flat(given[0]);
  ASSERT_EQ(joined.size(), original.size());
  EXPECT_EQ(given[0].gso_size, kMss);
  EXPECT_EQ(given[0].header_size, ip_size() + 32);
  EXPECT_EQ(given[0].checksum, Checksum::partial);
  EXPECT_TRUE(std::equal(joined.begin() + given[0].header_size, joined.end(),
                         original.begin() + given[0].header_size));
  EXPECT_EQ(given[5].size, 0U);
  EXPECT_EQ(merge_and_compare(packets(segment(5 * kMss + 30))), 1U);
}

TEST_P(Merging, FillsAtMostAllPiecesOfAFrame) {
  EXPECT_EQ(merge_and_compare(packets(segment(20 * kMss))), 3U);  // 7, 7 and 6
}

TEST_P(Merging, LeavesPacketsThatDoNotFollowEachOther) {
  std::vector<Frame> given = packets(segment(3 * kMss));
  std::swap(given[1], given[2]);
  EXPECT_EQ(merge_and_compare(given), 3U);
  given.erase(given.begin() + 1);
  EXPECT_EQ(merge_and_compare(given), 1U);  // the first two in their order
}

TEST_P(Merging, EndsWithAShortPacketAPushOrAFin) {
  std::vector<Frame> given = packets(segment(2 * kMss + 1));
  for (Frame& more : packets(segment(2 * kMss))) given.push_back(std::move(more));
  EXPECT_EQ(merge_and_compare(given), 2U);
  EXPECT_EQ(merge_and_compare(packets(segment(3 * kMss, wire::kAck | wire::kFin))), 1U);
}

TEST_P(Merging, DoesNotJoinUnusualFlags) {
  for (const int flags : {wire::kAck | wire::kUrg, wire::kAck | wire::kRst, wire::kAck | wire::kSyn,
                          int{wire::kPsh}}) {
    EXPECT_EQ(merge_and_compare(packets(segment(2 * kMss, static_cast<unsigned>(flags)))), 2U)
        << flags;
  }
}

TEST_P(Merging, JoinsOnlyEqualHeaders) {
  struct Change {
    const char* what;
    std::uint32_t tcp_offset;
  };
  for (const Change change :
       {Change{"port", 1}, Change{"sequence number", 7}, Change{"acknowledgment", 11},
        Change{"window", 15}, Change{"timestamp", 27}}) {
    std::vector<Frame> given = packets(segment(2 * kMss));
    Bytes bytes = flat(given[1]);
    bytes[ip_size() + change.tcp_offset] ^= std::byte{1};
    // Make its checksum right again, so that the header alone decides.
    std::byte* const field = bytes.data() + ip_size() + wire::kTcpChecksumOffset;
    store_be<std::uint16_t>(field, std::uint16_t{0});
    const auto ip = wire::parse_ip(bytes, static_cast<std::uint32_t>(bytes.size()));
    ASSERT_TRUE(ip);
    wire::ChecksumSum sum =
        wire::pseudo_header_sum(ip->source, ip->destination, ip->protocol, ip->payload_size);
    sum.add(std::span(bytes).subspan(ip_size()));
    store_be<std::uint16_t>(field, sum.finish());
    given[1] = wire_packet(bytes);
    EXPECT_EQ(merge_neighbours(given, *pool_), 2U) << change.what;
  }
}

TEST_P(Merging, DoesNotMendAWrongChecksum) {
  for (const std::size_t wrong : {0U, 1U, 2U}) {
    std::vector<Frame> given = packets(segment(3 * kMss));
    Bytes bytes = flat(given[wrong]);
    bytes.back() ^= std::byte{4};
    given[wrong] = wire_packet(bytes);
    const std::size_t count = merge_neighbours(given, *pool_);
    EXPECT_EQ(count, wrong == 1 ? 3U : 2U);
    EXPECT_EQ(flat(given[wrong == 2 ? 1 : wrong]), bytes);
  }
}

TEST_P(Merging, LeavesPureAcknowledgments) {
  const Frame data = packets(segment(kMss))[0];
  Bytes bytes = flat(data);
  bytes.resize(bytes.size() - kMss);
  std::vector<Frame> given;
  given.push_back(wire_packet(bytes));
  given.push_back(wire_packet(bytes));
  EXPECT_EQ(merge_neighbours(given, *pool_), 2U);
}

TEST_P(Merging, WithoutMemoryLeavesAllAsItIs) {
  std::vector<Frame> given = packets(segment(3 * kMss));
  const BufferPoolOwner none{BufferPool::make(heap_memory(), 0)};
  EXPECT_EQ(merge_neighbours(given, *none), 3U);
  EXPECT_EQ(given[2].size, ip_size() + 32 + kMss);
}

}  // namespace
}  // namespace bowline
