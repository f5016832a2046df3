#include "bowline/trace/packet.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "bowline/trace/testing/conversation.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline::trace {
namespace {

std::string tcp_hex(const std::vector<std::byte>& packet) {
  std::string text;
  for (std::size_t i = 20; i < packet.size(); ++i) {
    text += fmt::format("{:02x}", std::to_integer<unsigned>(packet[i]));
  }
  return text;
}

// The TCP headers that CLAIMS.md gives for the trace of 002, checksums included.
TEST(ToPacket, K135_TheHandshakeOf002OnTheWire) {
  const std::vector<Segment> segments = testing::handshake();
  EXPECT_EQ(tcp_hex(to_packet(segments[0])), "0d091e6cd828aec4000000005002ffff79400000");
  EXPECT_EQ(tcp_hex(to_packet(segments[1])), "1e6c0d0967ac0416d828aec55012ffff0d6d0000");
  EXPECT_EQ(tcp_hex(to_packet(segments[2])), "0d091e6cd828aec567ac04175010ffff0d6e0000");
}

TEST(ToPacket, ComesBackAsTheSegmentThatWentIn) {
  Segment segment = testing::segment(testing::at("fd00::1", 1), testing::at("fd00::2", 2),
                                     wire::kPsh | wire::kAck, {.seq = 7, .ack = 9, .length = 3});
  segment.options.timestamps = wire::Timestamps{11, 12};
  const std::vector<std::byte> payload{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
  const std::vector<std::byte> bytes = to_packet(segment, payload);
  const Packet packet = take_apart(bytes, LinkKind::ip);
  const auto back = segment_of(packet);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->source, segment.source);
  EXPECT_EQ(back->destination, segment.destination);
  EXPECT_EQ(back->seq, segment.seq);
  EXPECT_EQ(back->ack, segment.ack);
  EXPECT_EQ(back->flags, segment.flags);
  EXPECT_EQ(back->length, 3U);
  EXPECT_EQ(back->options.timestamps, segment.options.timestamps);
  EXPECT_TRUE(std::ranges::equal(packet.payload, payload));
  EXPECT_EQ(packet.tcp_options.size(), 12U);
}

TEST(ToPacket, WhatFitsInNoPacketIsEmpty) {
  Segment segment = testing::handshake()[0];
  segment.length = 70'000;
  EXPECT_TRUE(to_packet(segment).empty());
  segment = testing::handshake()[0];
  segment.destination = testing::at("fd00::1", 1);
  EXPECT_TRUE(to_packet(segment).empty());
}

TEST(TakeApart, ALookBehindTheEthernetHeader) {
  const std::vector<std::byte> ip = to_packet(testing::handshake()[0]);
  std::vector<std::byte> frame(14);
  frame[12] = std::byte{0x08};
  frame.insert(frame.end(), ip.begin(), ip.end());
  EXPECT_TRUE(take_apart(frame, LinkKind::ethernet).tcp);
  frame[13] = std::byte{0x06};  // ARP
  EXPECT_FALSE(take_apart(frame, LinkKind::ethernet).ip);
}

TEST(TakeApart, SaysWhyItStops) {
  std::vector<std::byte> bytes = to_packet(testing::handshake()[0]);
  bytes[32] = std::byte{0x10};  // a data offset of one word
  EXPECT_EQ(take_apart(bytes, LinkKind::ip).broken, Reason::tcp_bad_offset);
  EXPECT_EQ(take_apart(std::span(bytes).first(10), LinkKind::ip).broken, Reason::ip_truncated);
}

TEST(TakeApart, NeverReadsBeyondARandomEnd) {
  std::mt19937 random(1);
  const std::vector<std::byte> good = to_packet(testing::handshake()[1]);
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::byte> bytes = good;
    bytes.resize(random() % (good.size() + 1));
    for (int change = 0; change < 3 && !bytes.empty(); ++change) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    const Packet packet = take_apart(bytes, i % 2 == 0 ? LinkKind::ip : LinkKind::ethernet);
    if (packet.tcp) {
      EXPECT_LE(packet.tcp_options.size() + packet.payload.size(), bytes.size());
    }
  }
}

}  // namespace
}  // namespace bowline::trace
