#include "tests/support/segment_literal.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bowline/wire/hex_literal.hpp"

namespace bowline::test {
namespace {

using wire::operator""_hex;

std::string again(std::string_view text) {
  const ParsedSegment parsed = parse_segment(text);
  return parsed.error != nullptr ? parsed.error : to_string(parsed.segment);
}

TEST(SegmentLiteral, SynOfLinux) {
  constexpr Segment kSegment =
      "S 1000:1000(0) win 65535 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>"_seg;
  static_assert(kSegment.flags == wire::kSyn);
  static_assert(kSegment.seq == 1000 && kSegment.length == 0);
  static_assert(!kSegment.ack && kSegment.window == 65535 && !kSegment.urgent);
  static_assert(kSegment.options_given);
  EXPECT_EQ(kSegment.options.mss, 1460);
  EXPECT_EQ(kSegment.options.window_scale, 7);
  EXPECT_TRUE(kSegment.options.sack_permitted);
  EXPECT_EQ(kSegment.options.timestamps, (wire::Timestamps{100, 0}));
  EXPECT_TRUE(std::ranges::equal(kSegment.raw_options(),
                                 "020405b4 0402 080a 00000064 00000000 01 030307"_hex));
}

TEST(SegmentLiteral, DataWithAck) {
  constexpr Segment kSegment = "P. 1:101(100) ack 1 win 500"_seg;
  static_assert(kSegment.flags == (wire::kPsh | wire::kAck));
  static_assert(kSegment.seq == 1 && kSegment.length == 100);
  static_assert(kSegment.ack == 1U && kSegment.window == 500);
  static_assert(!kSegment.options_given);
}

TEST(SegmentLiteral, EveryFlag) {
  static_assert("FSRP.UEWA 0:0(0) ack 0 urg 7"_seg.flags == 0x1ff);
  static_assert("- 0:0(0)"_seg.flags == 0);
  static_assert("U 0:0(0) urg 7"_seg.urgent == 7);
}

TEST(SegmentLiteral, TheNumbersAreACircle) {
  static_assert("P. 4294967295:1(2) ack 4294967295"_seg.seq == 0xffff'ffff);
}

TEST(SegmentLiteral, EmptyOptionsAreSomethingElseThanNone) {
  static_assert(". 1:1(0) ack 1 <>"_seg.options_given);
  static_assert(!". 1:1(0) ack 1"_seg.options_given);
}

TEST(SegmentLiteral, SackAndFastOpenAndBytes) {
  constexpr Segment kSack = ". 1:1(0) ack 1 <nop,nop,sack 5:7 9:11>"_seg;
  EXPECT_EQ(kSack.options.sack_count, 2);
  EXPECT_EQ(kSack.options.sack[1], (wire::SackBlock{SeqNumber(9), SeqNumber(11)}));
  EXPECT_TRUE(
      std::ranges::equal(kSack.raw_options(), "0101 0512 00000005 00000007 00000009 0000000b"_hex));
  constexpr Segment kFastOpen = "S 0:0(0) <FO 01020304,eol,nop>"_seg;
  EXPECT_EQ(kFastOpen.options.fast_open->size, 4);
  EXPECT_TRUE(std::ranges::equal(kFastOpen.raw_options(), "2206 01020304 0001"_hex));
  constexpr Segment kBytes = "S 0:0(0) <bytes 0200,nop,nop>"_seg;
  EXPECT_FALSE(kBytes.options.mss);
  EXPECT_TRUE(std::ranges::equal(kBytes.raw_options(), "02000101"_hex));
}

// Each of these would not compile; malformed_literal.cpp shows that for one of them.
TEST(SegmentLiteral, MalformedTexts) {
  for (const auto* text :
       {"",
        " ",
        "S",
        "S ",
        "S 1",
        "S 1:1",
        "S 1:1(",
        "S 1:1(0",
        "S1:1(0)",
        "1:1(0)",
        "X 1:1(0)",
        "SS 1:1(0)",
        "-S 1:1(0)",
        "S- 1:1(0)",
        "S 1:2(0)",
        "S 1:1(1)",
        "S -1:-1(0)",
        "S :1(0)",
        "S 4294967296:4294967296(0)",
        "S 1:1(0) ack 1",
        ". 1:1(0)",
        ". 1:1(0) ack",
        ". 1:1(0) ack x",
        ". 1:1(0) win 1 ack 1",
        "S 1:1(0) win 65536",
        "S 1:1(0) win",
        "S 1:1(0) win 1 win 1",
        "S 1:1(0) urg 1",
        "U 1:1(0) urg 65536",
        "S 1:1(0) foo",
        "S 1:1(0) <",
        "S 1:1(0) <>x",
        "S 1:1(0) <mss>",
        "S 1:1(0) <mss 65536>",
        "S 1:1(0) <foo>",
        "S 1:1(0) <nop>",
        "S 1:1(0) <nop,nop,nop,>",
        "S 1:1(0) <nop nop,nop,nop>",
        "S 1:1(0) <wscale 256,nop>",
        "S 1:1(0) <TS val 1,nop,nop>",
        "S 1:1(0) <TS 1 2,nop,nop>",
        "S 1:1(0) <nop,nop,sack>",
        "S 1:1(0) <nop,nop,sack 1>",
        "S 1:1(0) <nop,nop,sack 1:2 3>",
        "S 1:1(0) <nop,nop,sack 1:2 1:2 1:2 1:2 1:2>",
        "S 1:1(0) <bytes 0>",
        "S 1:1(0) <bytes>",
        "S 1:1(0) <bytes 0102030>",
        "S 1:1(0) <FO 0102030405060708090a0b0c0d0e0f101112>",
        "S 1:1(0) <TS val 1 ecr 1,TS val 1 ecr 1,TS val 1 ecr 1,TS val 1 ecr 1,mss 1>"}) {
    EXPECT_NE(parse_segment(text).error, nullptr) << text;
  }
}

TEST(SegmentText, GivesTheNotationBack) {
  for (const auto* text :
       {"S 0:0(0) win 65535 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>",
        "P. 1:101(100) ack 1 win 500", "- 0:0(0)", "FSRP.UEWA 0:0(0) ack 0 win 0 urg 7 <>",
        ". 1:1(0) ack 1 <nop,nop,sack 5:7 9:11>", "S 0:0(0) <FO,nop,nop>",
        "S 0:0(0) <FO 01020304,eol,nop>", "S 0:0(0) <bytes fd04abcd,nop,nop,nop,eol>",
        "S 0:0(0) <nop,nop,bytes 0200>", "S 0:0(0) <nop,nop,nop,bytes 02>",
        "R 4294967295:4294967295(0)"}) {
    EXPECT_EQ(again(text), text);
  }
  EXPECT_EQ(again("  S 1:1(0)"), "flags: of S F R P . U E W A, or - for none");
  EXPECT_EQ(again(".P 1:3(2)   ack  7  <  nop , nop,nop, nop > "),
            "P. 1:3(2) ack 7 <nop,nop,nop,nop>");
  EXPECT_EQ(fmt::format("{}", "R 5:5(0)"_seg), "R 5:5(0)");
}

TEST(SegmentPacket, NumbersAreRelativeToTheIsns) {
  constexpr SeqNumber kSender(0xffff'fffe);
  constexpr SeqNumber kReceiver(1000);
  constexpr Segment kSegment =
      "P. 1:4(3) ack 5 win 77 <nop,nop,TS val 1 ecr 2,nop,nop,sack 7:9>"_seg;
  std::vector<std::byte> bytes(wire::kTcpMaxHeaderSize);
  const std::uint32_t size = emit_segment(std::span<std::byte, wire::kTcpMaxHeaderSize>(bytes),
                                          kSegment, 10, 20, kSender, kReceiver);
  ASSERT_EQ(size, 44U);
  const auto view = wire::parse_tcp(bytes, size + 3);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header.source_port, 10);
  EXPECT_EQ(view->header.destination_port, 20);
  EXPECT_EQ(view->header.seq, SeqNumber(0xffff'ffff));
  EXPECT_EQ(view->header.ack, SeqNumber(1005));
  EXPECT_EQ(view->options.sack[0], (wire::SackBlock{SeqNumber(1007), SeqNumber(1009)}));
  EXPECT_EQ(view->options.timestamps, (wire::Timestamps{1, 2}));

  const auto back = segment_of(bytes, size + 3, kSender, kReceiver);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_string(*back), to_string(kSegment));
  EXPECT_EQ(back->options.sack[0], (wire::SackBlock{SeqNumber(7), SeqNumber(9)}));
  EXPECT_FALSE(segment_of(std::span(bytes).first(19), 19, kSender, kReceiver));
}

TEST(SegmentDifference, NamesEachFieldThatIsNotAsExpected) {
  constexpr Segment kActual = "P. 1:4(3) ack 5 win 77 <nop,nop,TS val 1 ecr 2>"_seg;
  EXPECT_EQ(difference("P. 1:4(3) ack 5"_seg, kActual), "");
  EXPECT_EQ(difference(kActual, kActual), "");
  EXPECT_EQ(difference(". 2:4(2) ack 6 win 78"_seg, kActual),
            "flags P., expected .; seq 1, expected 2; length 3, expected 2; ack 5, expected 6; "
            "win 77, expected 78");
  EXPECT_EQ(difference("P. 1:4(3) ack 5 <>"_seg, kActual),
            "options <nop,nop,TS val 1 ecr 2>, expected <>");
  EXPECT_EQ(difference("PU 1:4(3) urg 1"_seg, kActual), "flags P., expected PU; urg 0, expected 1");
}

}  // namespace
}  // namespace bowline::test
