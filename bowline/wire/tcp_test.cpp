#include "bowline/wire/tcp.hpp"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "bowline/wire/hex_literal.hpp"

namespace bowline::wire {
namespace {

// A copy on the heap of exactly these bytes, so that AddressSanitizer sees the first one too many.
using Bytes = std::vector<std::byte>;

Bytes exactly(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

std::expected<TcpView, Reason> parse(std::span<const std::byte> bytes) {
  return parse_tcp(bytes, static_cast<std::uint32_t>(bytes.size()));
}

// The segments of CLAIMS.md, "The traced example of 002".
constexpr auto kSynBytes = "0d091e6cd828aec4000000005002ffff79400000"_hex;
constexpr auto kSynAckBytes = "1e6c0d0967ac0416d828aec55012ffff0d6d0000"_hex;
constexpr auto kAckBytes = "0d091e6cd828aec567ac04175010ffff0d6e0000"_hex;
const IpAddress kClient = IpAddress::v4(0xc0a80174);
const IpAddress kServer = IpAddress::v4(0xc0a8017b);

TEST(TcpHeader, ParsesTheTracedExample) {
  const auto syn = parse(kSynBytes);
  ASSERT_TRUE(syn);
  EXPECT_EQ(syn->header.source_port, 3337);
  EXPECT_EQ(syn->header.destination_port, 7788);
  EXPECT_EQ(syn->header.seq, SeqNumber(3626544836));
  EXPECT_EQ(syn->header.flags, kSyn);
  EXPECT_EQ(syn->header.window, 65535);
  EXPECT_EQ(syn->header.checksum, 0x7940);
  EXPECT_EQ(syn->header_size, 20U);
  EXPECT_EQ(syn->payload_size, 0U);

  const auto syn_ack = parse(kSynAckBytes);
  ASSERT_TRUE(syn_ack);
  EXPECT_EQ(syn_ack->header.flags, kSyn | kAck);
  EXPECT_EQ(syn_ack->header.seq, SeqNumber(1739326486));
  EXPECT_EQ(syn_ack->header.ack, SeqNumber(3626544837));

  const auto ack = parse(kAckBytes);
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->header.flags, kAck);
  EXPECT_EQ(ack->header.seq, SeqNumber(3626544837));
  EXPECT_EQ(ack->header.ack, SeqNumber(1739326487));
}

TEST(TcpHeader, ChecksumsOfTheTracedExample) {
  for (const auto& [bytes, from, to] :
       {std::tuple(kSynBytes, kClient, kServer), std::tuple(kSynAckBytes, kServer, kClient),
        std::tuple(kAckBytes, kClient, kServer)}) {
    ChecksumSum sum = pseudo_header_sum(from, to, 6, 20);
    sum.add(bytes);
    EXPECT_TRUE(sum.verifies());
  }
}

// RFC 9293 3.1: the number of the first data byte; with SYN it is the ISN, and the data has ISN+1
// on.
TEST(TcpHeader, K9_SequenceNumberIsThatOfTheFirstByte) {
  Bytes bytes = exactly("0001 0002 fffffffe 00000000 5010 0000 0000 0000 414243"_hex);
  const auto view = parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header.seq.raw(), 0xffff'fffeU);
  EXPECT_EQ(view->payload_size, 3U);
  EXPECT_EQ((view->header.seq + view->payload_size).raw(), 1U) << "the next segment's";
}

// RFC 9293 3.1: the field is always there; that it means something, only the flag says.
TEST(TcpHeader, K12_AckFieldAndAckFlagAreDifferentThings) {
  Bytes bytes = exactly("0001 0002 00000001 0000002a 5002 0000 0000 0000"_hex);
  auto view = parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->header.has(kAck));
  EXPECT_EQ(view->header.ack.raw(), 42U) << "given as it stands, for the engine to pass over";
  bytes[13] |= std::byte{0x10};
  view = parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->header.has(kAck));
}

// RFC 9293 3.1: four bits in 32-bit words: 20 bytes at least, 60 at most.
TEST(TcpHeader, K15_DataOffsetIs5To15Words) {
  for (std::uint32_t words = 0; words < 16; ++words) {
    Bytes bytes(60, std::byte{1});  // no-operations, wherever options are
    bytes[12] = static_cast<std::byte>(words << 4U);
    const auto view = parse(bytes);
    if (words < 5) {
      ASSERT_FALSE(view) << words;
      EXPECT_EQ(view.error(), Reason::tcp_bad_offset);
    } else {
      ASSERT_TRUE(view) << words;
      EXPECT_EQ(view->header_size, 4 * words);
      EXPECT_EQ(view->payload_size, 60 - 4 * words);
    }
  }
}

TEST(TcpHeader, DataOffsetBeyondTheSegment) {
  for (std::size_t size = 20; size < 60; ++size) {
    Bytes bytes(size, std::byte{1});
    bytes[12] = std::byte{0xf0};
    const auto view = parse(bytes);
    ASSERT_FALSE(view) << size;
    EXPECT_EQ(view.error(), Reason::tcp_bad_offset);
  }
}

TEST(TcpHeader, ShorterThan20BytesIsTruncated) {
  for (std::size_t size = 0; size < 20; ++size) {
    const auto view = parse(exactly(std::span(kSynBytes).first(size)));
    ASSERT_FALSE(view) << size;
    EXPECT_EQ(view.error(), Reason::tcp_truncated);
  }
}

TEST(TcpHeader, TheHeaderMustStandInTheFirstPiece) {
  // The segment is long enough, the piece is not.
  EXPECT_EQ(parse_tcp(exactly(std::span(kSynBytes).first(19)), 1'000).error(),
            Reason::tcp_truncated);
  Bytes bytes(24, std::byte{1});
  bytes[12] = std::byte{0x70};
  EXPECT_EQ(parse_tcp(bytes, 1'000).error(), Reason::tcp_truncated);
  bytes.resize(28, std::byte{1});
  const auto view = parse_tcp(bytes, 1'000);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->payload_size, 972U) << "the payload may stand elsewhere";
}

TEST(TcpHeader, BytesBeyondTheSegmentAreNotItsOwn) {  // the padding of a frame
  Bytes bytes = exactly(kAckBytes);
  bytes.resize(26);
  const auto view = parse_tcp(bytes, 20);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->payload_size, 0U);
  bytes[12] = std::byte{0x60};
  EXPECT_EQ(parse_tcp(bytes, 20).error(), Reason::tcp_bad_offset);
}

// RFC 9293 3.1 names eight, RFC 9768 a ninth; any of them together.
TEST(TcpHeader, K16_FlagsAreNineBitsInAnyCombination) {
  Bytes bytes = exactly(kSynBytes);
  for (unsigned flags = 0; flags < 0x200; ++flags) {
    bytes[12] = static_cast<std::byte>(0x50U | flags >> 8U);
    bytes[13] = static_cast<std::byte>(flags);
    const auto view = parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header.flags, flags);
  }
  EXPECT_EQ(kFin | kSyn | kRst | kPsh | kAck | kUrg | kEce | kCwr | kAe, 0x1ff);
}

TEST(TcpHeader, ReservedBitsAreIgnored) {  // RFC 9293 3.1: "ignored in received segments"
  Bytes bytes = exactly(kSynBytes);
  bytes[12] |= std::byte{0x0e};
  const auto view = parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header.flags, kSyn);
}

// RFC 9293 3.1, MUST-62: a 16-bit offset from the sequence number, to the byte after the urgent
// data.
TEST(TcpHeader, K18_UrgentPointerIsAnOffset) {
  const auto view = parse("0001 0002 fffffff0 00000000 5030 0000 0000 0020"_hex);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->header.has(kUrg));
  EXPECT_EQ(view->header.urgent, 0x20);
  EXPECT_EQ((view->header.seq + view->header.urgent).raw(), 0x10U)
      << "the byte after the last urgent";
}

TEST(TcpHeader, HasMeansAllOfTheBits) {
  TcpHeader header;
  header.flags = kSyn;
  EXPECT_TRUE(header.has(kSyn));
  EXPECT_FALSE(header.has(kSyn | kAck));
}

}  // namespace
}  // namespace bowline::wire
