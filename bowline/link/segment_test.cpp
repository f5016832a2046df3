#include "bowline/link/segment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/udp.hpp"

namespace bowline {
namespace {

using Bytes = std::vector<std::byte>;

const IpAddress kFrom4 = IpAddress::v4(0x0a4d0002);
const IpAddress kTo4 = IpAddress::v4(0x0a4d0001);
const IpAddress kFrom6 = *IpAddress::parse("fd00::2");
const IpAddress kTo6 = *IpAddress::parse("fd00::1");

Bytes counted(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
  return bytes;
}

Bytes flat(const Frame& frame) {
  Bytes bytes(frame.size);
  EXPECT_TRUE(frame.copy_to(0, bytes));
  return bytes;
}

// What a TCP segment is made from, and how it is scattered over pieces.
struct Segment {
  Family family = Family::ipv4;
  std::uint16_t identification = 0x1234;
  wire::TcpHeader tcp{.source_port = 80,
                      .destination_port = 40'000,
                      .seq = SeqNumber(0xffff'ff00),
                      .ack = SeqNumber(77),
                      .flags = wire::kAck | wire::kPsh,
                      .window = 512};
  bool timestamps = true;
  Bytes payload;
  std::uint16_t gso_size = 0;
  // Bytes of payload in the head piece, then in each further one; the rest in the last.
  std::vector<std::uint32_t> pieces{0};
};

class Cutting : public ::testing::Test {
 protected:
  Frame make(const Segment& segment) {
    const bool v4 = segment.family == Family::ipv4;
    wire::IpHeader ip;
    ip.source = v4 ? kFrom4 : kFrom6;
    ip.destination = v4 ? kTo4 : kTo6;
    ip.protocol = wire::kProtocolTcp;
    ip.identification = segment.identification;
    wire::TcpOptions options;
    if (segment.timestamps) options.timestamps = wire::Timestamps{.value = 5, .echo = 6};
    const std::uint32_t tcp_size = segment.timestamps ? 32 : 20;
    ip.payload_size = tcp_size + static_cast<std::uint32_t>(segment.payload.size());

    Bytes head(wire::ip_header_size(segment.family) + tcp_size);
    const std::uint32_t at = wire::emit_ip(head.data(), ip);
    wire::TcpHeader tcp = segment.tcp;
    tcp.checksum =
        wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size).partial();
    EXPECT_EQ(wire::emit_tcp(std::span(head).subspan(at), tcp, options), tcp_size);

    Frame frame;
    frame.header_size = static_cast<std::uint16_t>(head.size());
    std::size_t offset = 0;
    for (std::size_t i = 0; i < segment.pieces.size(); ++i) {
      const bool last = i + 1 == segment.pieces.size();
      const std::size_t left = segment.payload.size() - offset;
      const std::size_t count =
          last && i > 0 ? left : std::min<std::size_t>(segment.pieces[i], left);
      Bytes piece = i == 0 ? head : Bytes{};
      piece.insert(piece.end(), segment.payload.begin() + static_cast<std::ptrdiff_t>(offset),
                   segment.payload.begin() + static_cast<std::ptrdiff_t>(offset + count));
      EXPECT_TRUE(frame.append(pool_->copy(piece)));
      offset += count;
    }
    EXPECT_EQ(offset, segment.payload.size());
    frame.gso_size = segment.gso_size;
    frame.checksum = Checksum::partial;
    frame.checksum_start = static_cast<std::uint16_t>(at);
    frame.checksum_offset = wire::kTcpChecksumOffset;
    frame.id = FrameId{9};
    return frame;
  }

  // Demands that the packet is intact on the wire, and returns its TCP header and payload.
  struct Opened {
    wire::IpHeader ip;
    wire::TcpHeader tcp;
    Bytes payload;
  };
  static Opened open(const Frame& packet) {
    const Bytes bytes = flat(packet);
    Opened result;
    const auto ip = wire::parse_ip(bytes, packet.size, wire::HeaderChecksum::verify);
    EXPECT_TRUE(ip) << (ip ? "" : info(ip.error()).name);
    if (!ip) return result;
    result.ip = *ip;
    EXPECT_EQ(ip->total_size(), packet.size);
    const auto segment = std::span(bytes).subspan(ip->header_size);
    wire::ChecksumSum sum = wire::pseudo_header_sum(ip->source, ip->destination, ip->protocol,
                                                    static_cast<std::uint32_t>(segment.size()));
    sum.add(segment);
    EXPECT_TRUE(sum.verifies());
    wire::TcpHeader& tcp = result.tcp;
    tcp.source_port = load_be<std::uint16_t>(segment.data());
    tcp.destination_port = load_be<std::uint16_t>(segment.data() + 2);
    tcp.seq = SeqNumber(load_be<std::uint32_t>(segment.data() + 4));
    tcp.ack = SeqNumber(load_be<std::uint32_t>(segment.data() + 8));
    tcp.flags = load_be<std::uint16_t>(segment.data() + 12) & 0x1ffU;
    tcp.window = load_be<std::uint16_t>(segment.data() + 14);
    tcp.urgent = load_be<std::uint16_t>(segment.data() + 18);
    const std::size_t header = std::size_t{std::to_integer<std::uint8_t>(segment[12])} / 16 * 4;
    result.payload.assign(segment.begin() + static_cast<std::ptrdiff_t>(header), segment.end());
    return result;
  }

  std::vector<Opened> cut_and_open(const Frame& frame) {
    const Segmenter segmenter(frame, *pool_, CutChecksum::complete);
    EXPECT_TRUE(segmenter.valid());
    EXPECT_EQ(segmenter.packets(), wire_packets(frame));
    std::vector<Opened> packets;
    for (std::uint32_t i = 0; i < segmenter.packets(); ++i) {
      Frame packet;
      EXPECT_TRUE(segmenter.cut(i, packet));
      EXPECT_EQ(packet.checksum, Checksum::complete);
      EXPECT_EQ(packet.gso_size, 0);
      EXPECT_EQ(packet.id, frame.id);
      EXPECT_LE(packet.size, segmenter.largest_packet());
      packets.push_back(open(packet));
    }
    return packets;
  }

  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 64U << 20)};
};

TEST_F(Cutting, ShortLastPacketLengthsAndNumbers) {
  Segment segment;
  segment.payload = counted(2 * 1448 + 100);
  segment.gso_size = 1448;
  segment.pieces = {0, 0};
  const auto packets = cut_and_open(make(segment));
  ASSERT_EQ(packets.size(), 3U);
  EXPECT_EQ(packets[0].ip.total_size(), 1500U);
  EXPECT_EQ(packets[1].ip.total_size(), 1500U);
  EXPECT_EQ(packets[2].ip.total_size(), 52U + 100U);
  // Sequence numbers go on over 2^32 (RFC 9293 3.4); identifications count up.
  EXPECT_EQ(packets[1].tcp.seq, segment.tcp.seq + 1448);
  EXPECT_EQ(packets[2].tcp.seq, segment.tcp.seq + 2896);
  EXPECT_EQ(packets[0].ip.identification, 0x1234U);
  EXPECT_EQ(packets[2].ip.identification, 0x1236U);
}

TEST_F(Cutting, EndAndPushStandOnTheLastAloneCwrOnTheFirst) {
  Segment segment;
  segment.tcp.flags = wire::kAck | wire::kPsh | wire::kFin | wire::kCwr | wire::kEce;
  segment.payload = counted(3000);
  segment.gso_size = 1000;
  segment.pieces = {0, 0};
  const auto packets = cut_and_open(make(segment));
  ASSERT_EQ(packets.size(), 3U);
  EXPECT_EQ(packets[0].tcp.flags, wire::kAck | wire::kEce | wire::kCwr);
  EXPECT_EQ(packets[1].tcp.flags, wire::kAck | wire::kEce);
  EXPECT_EQ(packets[2].tcp.flags, wire::kAck | wire::kEce | wire::kPsh | wire::kFin);
}

// RFC 9293 3.8.5 MUST-62: the pointer counts from the segment's own sequence number.
TEST_F(Cutting, UrgentPointerIsCountedFromEachPacket) {
  Segment segment;
  segment.tcp.flags = wire::kAck | wire::kUrg;
  segment.tcp.urgent = 1500;
  segment.payload = counted(3000);
  segment.gso_size = 1000;
  segment.pieces = {0, 0};
  const auto packets = cut_and_open(make(segment));
  ASSERT_EQ(packets.size(), 3U);
  EXPECT_EQ(packets[0].tcp.urgent, 1500);
  EXPECT_EQ(packets[1].tcp.urgent, 500);
  EXPECT_EQ(packets[1].tcp.flags, wire::kAck | wire::kUrg);
  EXPECT_EQ(packets[2].tcp.urgent, 0);
  EXPECT_EQ(packets[2].tcp.flags, wire::kAck);
}

TEST_F(Cutting, PayloadIsSharedNotCopied) {
  Segment segment;
  segment.payload = counted(20'000);
  segment.gso_size = 1448;
  segment.pieces = {0, 0};
  const Frame frame = make(segment);
  const Segmenter segmenter(frame, *pool_, CutChecksum::complete);
  Frame packet;
  ASSERT_TRUE(segmenter.cut(2, packet));
  ASSERT_EQ(packet.piece_count, 2);
  EXPECT_EQ(packet.pieces[1].data(), frame.pieces[1].data() + 2 * 1448);
}

TEST_F(Cutting, PartialKeepsThePseudoHeaderOfEachPacket) {
  Segment segment;
  segment.payload = counted(2500);
  segment.gso_size = 1000;
  segment.pieces = {0, 0};
  const Frame frame = make(segment);
  const Segmenter segmenter(frame, *pool_, CutChecksum::partial);
  for (std::uint32_t i = 0; i < 3; ++i) {
    Frame packet;
    ASSERT_TRUE(segmenter.cut(i, packet));
    EXPECT_EQ(packet.checksum, Checksum::partial);
    ASSERT_TRUE(complete_checksum(packet, *pool_));
    EXPECT_EQ(packet.checksum, Checksum::complete);
    EXPECT_GE(packet.head().size(), frame.header_size);  // every header in the first piece
    EXPECT_EQ(open(packet).payload.size(), i < 2 ? 1000U : 500U);
  }
}

// The differential test: whatever the family, the options, the scattering and the size of the cut,
// the packets are intact and their payload in order is the payload of the whole.
TEST_F(Cutting, AnyCutReassemblesToTheSameBytes) {
  std::mt19937 random(20'26);
  const auto below = [&](std::uint32_t bound) {
    return static_cast<std::uint32_t>(random() % bound);
  };
  for (int round = 0; round < 400; ++round) {
    Segment segment;
    segment.family = below(2) == 0 ? Family::ipv4 : Family::ipv6;
    segment.timestamps = below(2) == 0;
    segment.tcp.seq = SeqNumber(static_cast<std::uint32_t>(random()));
    segment.tcp.flags = static_cast<std::uint16_t>(wire::kAck | (below(2) != 0 ? wire::kFin : 0) |
                                                   (below(2) != 0 ? wire::kPsh : 0));
    segment.payload = counted(1 + below(round % 10 == 0 ? 60'000 : 6'000));
    segment.gso_size = static_cast<std::uint16_t>(1 + below(2'000));
    segment.pieces.clear();
    const std::uint32_t pieces = 2 + below(7);
    for (std::uint32_t i = 0; i < pieces; ++i) {
      segment.pieces.push_back(below(2) == 0 && i == 0 ? 0 : below(1'500));
    }
    const Frame frame = make(segment);
    const Bytes before = flat(frame);

    Bytes payload;
    SeqNumber expected = segment.tcp.seq;
    const auto packets = cut_and_open(frame);
    for (std::size_t i = 0; i < packets.size(); ++i) {
      const Opened& packet = packets[i];
      EXPECT_EQ(packet.tcp.seq, expected);
      EXPECT_EQ(packet.tcp.ack, segment.tcp.ack);
      EXPECT_EQ(packet.tcp.window, segment.tcp.window);
      const std::uint16_t ends = wire::kFin | wire::kPsh;
      EXPECT_EQ(packet.tcp.flags & ends, i + 1 == packets.size() ? segment.tcp.flags & ends : 0);
      EXPECT_EQ(packet.payload.size() == segment.gso_size || i + 1 == packets.size(), true);
      expected += static_cast<std::uint32_t>(packet.payload.size());
      payload.insert(payload.end(), packet.payload.begin(), packet.payload.end());
    }
    ASSERT_EQ(payload, segment.payload) << "round " << round;
    EXPECT_EQ(flat(frame), before);  // other holders of its slices saw nothing of this
  }
}

TEST_F(Cutting, EightFullPiecesLeaveNoPlaceForHeadersAndAreCopied) {
  Segment segment;
  segment.payload = counted(800);
  segment.gso_size = 900;
  segment.pieces = {100, 100, 100, 100, 100, 100, 100, 100};
  const Frame frame = make(segment);
  ASSERT_EQ(frame.piece_count, Frame::kMaxPieces);
  const auto packets = cut_and_open(frame);
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].payload, segment.payload);

  Frame single = frame;
  single.gso_size = 0;
  ASSERT_TRUE(complete_checksum(single, *pool_));
  EXPECT_EQ(open(single).payload, segment.payload);
}

TEST_F(Cutting, ExhaustedPoolGivesNothingAndLeaksNothing) {
  Segment segment;
  segment.payload = counted(3000);
  segment.gso_size = 1000;
  segment.pieces = {0, 0};
  Frame frame = make(segment);
  const BufferPoolOwner empty{BufferPool::make(heap_memory(), 0)};
  const Segmenter segmenter(frame, *empty, CutChecksum::complete);
  Frame packet;
  EXPECT_FALSE(segmenter.cut(0, packet));
  EXPECT_EQ(packet.size, 0U);
  frame.gso_size = 0;
  EXPECT_FALSE(complete_checksum(frame, *empty));
  EXPECT_EQ(frame.checksum, Checksum::partial);
  EXPECT_EQ(empty->usage().live_blocks, 0U);
}

TEST_F(Cutting, WhatLiesAboutItselfIsNotCut) {
  Segment segment;
  segment.payload = counted(3000);
  segment.gso_size = 1000;
  segment.pieces = {0, 0};
  const Frame good = make(segment);
  const auto refused = [&](const Frame& frame) {
    return !Segmenter(frame, *pool_, CutChecksum::complete).valid();
  };
  EXPECT_FALSE(refused(good));

  Frame frame = good;
  frame.header_size = 48;  // not where TCP's data offset says
  EXPECT_TRUE(refused(frame));
  frame.header_size = 4000;
  EXPECT_TRUE(refused(frame));
  frame.header_size = 0;
  EXPECT_TRUE(refused(frame));

  Bytes bytes = flat(good);
  bytes[9] = std::byte{wire::kProtocolUdp};
  frame = make_frame(*pool_, bytes);
  frame.gso_size = good.gso_size;
  frame.header_size = good.header_size;
  EXPECT_TRUE(refused(frame));

  bytes = flat(good);
  bytes[3] = std::byte{60};  // a total length that is not the frame's
  frame = make_frame(*pool_, bytes);
  frame.gso_size = good.gso_size;
  frame.header_size = good.header_size;
  EXPECT_TRUE(refused(frame));
}

TEST_F(Cutting, ChecksumFieldOutsideTheFrameIsRefused) {
  Frame frame = make_frame(*pool_, counted(30));
  frame.checksum = Checksum::partial;
  frame.checksum_start = 20;
  frame.checksum_offset = 9;
  EXPECT_FALSE(complete_checksum(frame, *pool_));
  frame.checksum_start = 0xffff;
  frame.checksum_offset = 0xffff;
  EXPECT_FALSE(complete_checksum(frame, *pool_));
}

// RFC 768: a computed checksum of 0 is sent as all ones.
TEST_F(Cutting, UdpChecksumOfZeroBecomesAllOnes) {
  Bytes bytes(10);
  bytes[6] = std::byte{0xff};
  bytes[7] = std::byte{0xfe};
  bytes[9] = std::byte{0x01};
  Frame frame = make_frame(*pool_, bytes);
  frame.checksum = Checksum::partial;
  frame.checksum_offset = wire::kUdpChecksumOffset;
  ASSERT_TRUE(complete_checksum(frame, *pool_));
  const Bytes after = flat(frame);
  EXPECT_EQ(after[6], std::byte{0xff});
  EXPECT_EQ(after[7], std::byte{0xff});
}

TEST_F(Cutting, EthernetHeaderIsRepeatedInFrontOfEachPacket) {
  Segment segment;
  segment.payload = counted(2000);
  segment.gso_size = 1000;
  segment.pieces = {0};
  segment.pieces = {2000};
  const Bytes ip = flat(make(segment));
  Bytes bytes(14, std::byte{0xee});
  bytes.insert(bytes.end(), ip.begin(), ip.end());
  Frame frame = make_frame(*pool_, bytes);
  frame.gso_size = 1000;
  frame.header_size = 14 + 52;
  const Segmenter segmenter(frame, *pool_, CutChecksum::complete, LinkKind::ethernet);
  ASSERT_TRUE(segmenter.valid());
  EXPECT_EQ(segmenter.largest_packet(), 1052U);
  for (std::uint32_t i = 0; i < 2; ++i) {
    Frame packet;
    ASSERT_TRUE(segmenter.cut(i, packet));
    const Bytes cut = flat(packet);
    EXPECT_TRUE(std::all_of(cut.begin(), cut.begin() + 14,
                            [](std::byte byte) { return byte == std::byte{0xee}; }));
    EXPECT_EQ(open(make_frame(*pool_, std::span(cut).subspan(14))).payload.size(), 1000U);
  }
}

}  // namespace
}  // namespace bowline
