// Link headers, cut captures, checksums.

#include "bowline/explain/decode.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bowline/trace/packet.hpp"

namespace bowline::explain {
namespace {

std::vector<std::byte> bytes(std::initializer_list<unsigned> values) {
  std::vector<std::byte> result;
  for (const unsigned value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

std::vector<std::byte> tcp_packet(bool v6 = false) {
  trace::Segment segment;
  segment.source = {*IpAddress::parse(v6 ? "fd00::1" : "10.0.0.1"), 1'000};
  segment.destination = {*IpAddress::parse(v6 ? "fd00::2" : "10.0.0.2"), 80};
  segment.flags = wire::kAck;
  segment.length = 3;
  segment.options.timestamps = wire::Timestamps{1, 2};
  constexpr std::string_view kData = "abc";
  return trace::to_packet(segment, std::as_bytes(std::span(kData)));
}

std::vector<std::byte> behind(std::vector<std::byte> header, const std::vector<std::byte>& packet) {
  header.insert(header.end(), packet.begin(), packet.end());
  return header;
}

Decoded taken_apart(const std::vector<std::byte>& frame, LinkType link, std::size_t captured = 0) {
  CapturedPacket packet;
  packet.number = 1;
  packet.link = link;
  packet.size = static_cast<std::uint32_t>(frame.size());
  packet.bytes = std::span(frame).first(captured == 0 ? frame.size() : captured);
  return decode(packet);
}

std::vector<std::byte> ethernet(std::initializer_list<unsigned> type) {
  std::vector<std::byte> header(12);
  const auto behind_addresses = bytes(type);
  header.insert(header.end(), behind_addresses.begin(), behind_addresses.end());
  return header;
}

struct Link {
  const char* name;
  LinkType link;
  std::vector<std::byte> header;
};

TEST(Decode, A2_FindsTheSegmentBehindEachLinkHeader) {
  for (const Link& each : {
           Link{"Ethernet", LinkType::ethernet, ethernet({8, 0})},
           Link{"VLAN", LinkType::ethernet, ethernet({0x81, 0, 0x20, 7, 8, 0})},
           Link{"QinQ", LinkType::ethernet, ethernet({0x88, 0xa8, 0, 9, 0x81, 0, 0, 7, 8, 0})},
           Link{"raw", LinkType::raw, {}},
           Link{"raw 12", LinkType::raw_12, {}},
           Link{"raw 14", LinkType::raw_14, {}},
           Link{"IPv4", LinkType::ipv4, {}},
           Link{"NULL, little-endian", LinkType::null, bytes({2, 0, 0, 0})},
           Link{"NULL, big-endian", LinkType::null, bytes({0, 0, 0, 2})},
           Link{"LOOP", LinkType::loop, bytes({0, 0, 0, 2})},
           Link{"SLL", LinkType::linux_sll,
                bytes({0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0})},
           Link{"SLL2", LinkType::linux_sll2,
                bytes({8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 4, 6, 1, 2, 3, 4, 5, 6, 0, 0})},
       }) {
    const auto frame = behind(each.header, tcp_packet());
    const Decoded decoded = taken_apart(frame, each.link);
    ASSERT_TRUE(decoded.tcp) << each.name;
    EXPECT_EQ(decoded.link_size, each.header.size()) << each.name;
    EXPECT_EQ(decoded.tcp->header.source_port, 1'000) << each.name;
    EXPECT_EQ(decoded.payload.size(), 3u) << each.name;
    EXPECT_EQ(decoded.checksum, ChecksumState::right) << each.name;
    EXPECT_EQ(decoded.ip_checksum, ChecksumState::right) << each.name;
    // No prefix of it reads beyond its end or makes up what is not there.
    for (std::size_t captured = 1; captured < frame.size(); ++captured) {
      const Decoded cut = taken_apart(frame, each.link, captured);
      EXPECT_FALSE(cut.broken) << each.name << ": cut at " << captured << " is no fault";
      EXPECT_LE(cut.payload.size(), captured);
    }
  }
}

TEST(Decode, FindsIpv6ByEveryFamilyNumber) {
  for (const unsigned family : {10U, 24U, 28U, 30U}) {
    const auto frame = behind(bytes({family, 0, 0, 0}), tcp_packet(true));
    EXPECT_TRUE(taken_apart(frame, LinkType::null).tcp) << family;
  }
  EXPECT_TRUE(taken_apart(tcp_packet(true), LinkType::ipv6).tcp);
}

TEST(Decode, KnowsTheWayFromACookedHeader) {
  const auto frame = behind(bytes({0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0}), tcp_packet());
  EXPECT_EQ(taken_apart(frame, LinkType::linux_sll).way, trace::Way::out);
}

TEST(Decode, ReadsTheTags) {
  const auto frame = behind(ethernet({0x88, 0xa8, 0, 9, 0x81, 0, 0x60, 7, 8, 0}), tcp_packet());
  const Decoded decoded = taken_apart(frame, LinkType::ethernet);
  ASSERT_EQ(decoded.vlan_count, 2);
  EXPECT_EQ(decoded.vlans[0].id(), 9);
  EXPECT_EQ(decoded.vlans[1].id(), 7);
}

// The payload cut by the snap length is normal: its length is known all the same.
TEST(Decode, KnowsTheLengthOfACutPayload) {
  const auto packet = tcp_packet();
  const Decoded decoded = taken_apart(packet, LinkType::raw, packet.size() - 2);
  ASSERT_TRUE(decoded.tcp);
  EXPECT_EQ(decoded.payload_size, 3u);
  EXPECT_EQ(decoded.payload.size(), 1u);
  EXPECT_TRUE(decoded.payload_cut());
  EXPECT_EQ(decoded.checksum, ChecksumState::unknown);
}

TEST(Decode, KeepsTheFixedHeaderWhenTheOptionsAreCut) {
  const auto packet = tcp_packet();
  const Decoded decoded = taken_apart(packet, LinkType::raw, 20 + 24);
  ASSERT_TRUE(decoded.tcp);
  EXPECT_TRUE(decoded.options_cut);
  EXPECT_EQ(decoded.tcp->header.destination_port, 80);
  EXPECT_EQ(decoded.payload_size, 3u);
  EXPECT_TRUE(decoded.payload.empty()) << "what is there are options";
  EXPECT_FALSE(decoded.tcp->options.timestamps);
}

TEST(Decode, K24_TellsTheThreeKindsOfChecksum) {
  auto packet = tcp_packet();
  packet.back() ^= std::byte{1};
  EXPECT_EQ(taken_apart(packet, LinkType::raw).checksum, ChecksumState::wrong);
  const std::uint16_t pseudo =
      wire::pseudo_header_sum(*IpAddress::parse("10.0.0.1"), *IpAddress::parse("10.0.0.2"), 6, 35)
          .partial();
  store_be<std::uint16_t>(packet.data() + 20 + wire::kTcpChecksumOffset, pseudo);
  EXPECT_EQ(taken_apart(packet, LinkType::raw).checksum, ChecksumState::to_device);
}

TEST(Decode, LeavesAnUnknownLinkAlone) {
  const Decoded decoded = taken_apart(tcp_packet(), static_cast<LinkType>(105));
  EXPECT_FALSE(decoded.ip);
  EXPECT_FALSE(is_known(static_cast<LinkType>(105)));
}

}  // namespace
}  // namespace bowline::explain
