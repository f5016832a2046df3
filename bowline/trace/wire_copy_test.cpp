#include "bowline/trace/wire_copy.hpp"

#include <gtest/gtest.h>

#include "bowline/base/byte_order.hpp"
#include "bowline/trace/testing/conversation.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline::trace {
namespace {

constexpr std::size_t kTcpAt = 20;
constexpr std::size_t kChecksumAt = kTcpAt + wire::kTcpChecksumOffset;

bool checksum_is_right(std::span<const std::byte> packet) {
  const Packet parts = take_apart(packet, LinkKind::ip);
  if (!parts.tcp) return false;
  wire::ChecksumSum sum = wire::pseudo_header_sum(parts.ip->source, parts.ip->destination,
                                                  wire::kProtocolTcp, parts.ip->payload_size);
  sum.add(packet.subspan(parts.ip->header_size, parts.ip->payload_size));
  return sum.verifies() && wire::parse_ip(packet, static_cast<std::uint32_t>(packet.size()));
}

class WireCopy : public ::testing::Test {
 protected:
  // A frame whose checksum is still to be made, in two pieces as the stack makes them.
  Frame frame(std::uint32_t payload, std::uint16_t flags, std::uint16_t gso_size) {
    std::vector<std::byte> bytes =
        to_packet(testing::segment(testing::kClient, testing::kServer, flags,
                                   {.seq = 0xffff'fc00, .ack = 1, .length = payload}));
    store_be<std::uint16_t>(bytes.data() + kChecksumAt, 0x1234);
    Frame made;
    made.append(pool_->copy(std::span(bytes).first(40)));
    made.append(pool_->copy(std::span(bytes).subspan(40)));
    made.checksum = Checksum::partial;
    made.checksum_start = kTcpAt;
    made.checksum_offset = wire::kTcpChecksumOffset;
    made.gso_size = gso_size;
    made.header_size = 40;
    return made;
  }

  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 1U << 20U)};
};

TEST_F(WireCopy, CompletesAPartialChecksum) {
  const Frame made = frame(5, wire::kAck, 0);
  EXPECT_TRUE(checksum_is_right(wire_copy(made, LinkKind::ip)));
}

TEST_F(WireCopy, CompletesWhatTheLinkVouchesFor) {
  Frame made = frame(5, wire::kAck, 0);
  made.checksum = Checksum::verified;
  EXPECT_TRUE(checksum_is_right(wire_copy(made, LinkKind::ip)));
}

TEST_F(WireCopy, LeavesAChecksumThatNobodyLookedAt) {
  Frame made = frame(5, wire::kAck, 0);
  made.checksum = Checksum::unknown;
  const std::vector<std::byte> bytes = wire_copy(made, LinkKind::ip);
  EXPECT_EQ(load_be<std::uint16_t>(bytes.data() + kChecksumAt), 0x1234);
}

TEST_F(WireCopy, KeepsALargeSegmentWhole) {
  const std::vector<std::byte> bytes = wire_copy(frame(3'000, wire::kAck, 1'460), LinkKind::ip);
  EXPECT_EQ(bytes.size(), 3'040U);
  EXPECT_TRUE(checksum_is_right(bytes));
}

TEST_F(WireCopy, CutsAsTheLinkDoes) {
  const Frame made = frame(3'000, wire::kAck | wire::kPsh | wire::kFin, 1'460);
  const auto cut = wire_cut(made, LinkKind::ip, 3, *pool_);
  ASSERT_EQ(cut.size(), 3U);
  SeqNumber seq(0xffff'fc00);
  for (std::size_t i = 0; i < cut.size(); ++i) {
    EXPECT_TRUE(checksum_is_right(cut[i])) << i;
    const auto segment = segment_of(take_apart(cut[i], LinkKind::ip));
    ASSERT_TRUE(segment);
    EXPECT_EQ(segment->seq, seq);
    EXPECT_EQ(segment->has(wire::kFin), i == 2);
    EXPECT_EQ(segment->has(wire::kPsh), i == 2);
    seq += segment->length;
  }
  EXPECT_EQ(seq, SeqNumber(0xffff'fc00) + 3'000);
}

TEST_F(WireCopy, CutsNoMoreThanWasTaken) {
  EXPECT_EQ(wire_cut(frame(3'000, wire::kAck, 1'460), LinkKind::ip, 2, *pool_).size(), 2U);
}

TEST_F(WireCopy, WhatCannotBeCutStaysWhole) {
  Frame made = frame(3'000, wire::kAck, 1'460);
  made.header_size = 10;
  const auto cut = wire_cut(made, LinkKind::ip, 3, *pool_);
  ASSERT_EQ(cut.size(), 1U);
  EXPECT_EQ(cut[0].size(), 3'040U);
}

TEST_F(WireCopy, ATruncatedPacketIsCopiedAsItIs) {
  Frame made = make_frame(*pool_, to_packet(testing::handshake()[0]));
  made.pieces[0].truncate(11);
  made.size = 11;
  made.checksum = Checksum::partial;
  EXPECT_EQ(wire_copy(made, LinkKind::ip).size(), 11U);
  EXPECT_EQ(wire_copy(made, LinkKind::ethernet).size(), 11U);
}

}  // namespace
}  // namespace bowline::trace
