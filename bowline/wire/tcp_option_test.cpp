#include "bowline/wire/tcp_option.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "bowline/wire/hex_literal.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::wire {
namespace {

// A header with `options`, filled up by ends of list, on the heap in exactly its size.
std::expected<TcpView, Reason> parse(std::span<const std::byte> options) {
  std::vector<std::byte> bytes(20);
  bytes.insert(bytes.end(), options.begin(), options.end());
  bytes.resize((bytes.size() + 3) / 4 * 4);
  bytes[12] = static_cast<std::byte>(bytes.size() / 4 << 4U);
  return parse_tcp(bytes, static_cast<std::uint32_t>(bytes.size()));
}

TcpOptions parsed(std::span<const std::byte> options) {
  const auto view = parse(options);
  EXPECT_TRUE(view) << info(view.error()).name;
  return view ? view->options : TcpOptions{};
}

Reason error(std::span<const std::byte> options) {
  const auto view = parse(options);
  return view ? Reason::interface_unknown : view.error();
}

TEST(TcpOptions, NoneByDefault) {
  const TcpOptions options = parsed({});
  EXPECT_FALSE(options.mss || options.window_scale || options.timestamps || options.user_timeout ||
               options.fast_open || options.sack_permitted || options.md5 ||
               options.authentication || options.window_scale_clamped);
  EXPECT_TRUE(options.sack_blocks().empty());
}

// RFC 9293 3.1, 3.2: a list in what the data offset leaves after 20 bytes, aligned by
// no-operations.
TEST(TcpOptions, K25_ASynOfLinux) {
  const TcpOptions options = parsed("020405b4 0402 080a 00000064 00000000 01 030307"_hex);
  EXPECT_EQ(options.mss, 1460);
  EXPECT_TRUE(options.sack_permitted);
  EXPECT_EQ(options.timestamps, (Timestamps{100, 0}));
  EXPECT_EQ(options.window_scale, 7);
}

// That layout is read at once; one that only looks like it must not be.
TEST(TcpOptions, WhatOnlyLooksLikeASynOfLinux) {
  const TcpOptions steep = parsed("020405b4 0402 080a 00000064 00000000 01 03030f"_hex);
  EXPECT_EQ(steep.window_scale, 14);
  EXPECT_TRUE(steep.window_scale_clamped);
  EXPECT_EQ(error("020505b4 0402 080a 00000064 00000000 01 030307"_hex), Reason::tcp_bad_option);
  EXPECT_EQ(error("020405b4 0402 080a 00000064 00000000 01 030407"_hex), Reason::tcp_bad_option);
  const TcpOptions ended = parsed("020405b4 0402 080a 00000064 00000000 00 030307"_hex);
  EXPECT_EQ(ended.mss, 1460);
  EXPECT_FALSE(ended.window_scale.has_value());
}

TEST(TcpOptions, K25_FortyBytesAreTheMost) {
  std::vector<std::byte> bytes(40, std::byte{tcp_option::kNop});
  EXPECT_TRUE(parse(bytes));
  // The largest option possible fills them: 2 + 4 * 8 and six no-operations.
  bytes[6] = std::byte{tcp_option::kSack};
  bytes[7] = std::byte{34};
  EXPECT_EQ(parsed(bytes).sack_count, 4);
}

// MUST-64
TEST(TcpOptions, TimestampsAloneInTheUsualLayoutAndInOthers) {
  constexpr Timestamps kExpected{0x01020304, 0x05060708};
  EXPECT_EQ(parsed("0101 080a 01020304 05060708"_hex).timestamps, kExpected);
  EXPECT_EQ(parsed("080a 01020304 05060708 0101"_hex).timestamps, kExpected);
  EXPECT_EQ(parsed("080a 01020304 05060708 0000"_hex).timestamps, kExpected);
  EXPECT_EQ(parsed("01 080a 01020304 05060708 01"_hex).timestamps, kExpected);
  EXPECT_EQ(parsed("0101 080a 01020304 05060708 01010101"_hex).timestamps, kExpected);
}

TEST(TcpOptions, SackBlocks) {  // RFC 2018 3
  const TcpOptions options = parsed("0101 0512 00000001 00000002 fffffffe 00000003"_hex);
  ASSERT_EQ(options.sack_blocks().size(), 2U);
  EXPECT_EQ(options.sack_blocks()[0], (SackBlock{SeqNumber(1), SeqNumber(2)}));
  EXPECT_EQ(options.sack_blocks()[1], (SackBlock{SeqNumber(0xffff'fffe), SeqNumber(3)}));
}

TEST(TcpOptions, ThreeSackBlocksFitBesideTimestamps) {
  const TcpOptions options = parsed(
      "0101 080a 00000001 00000002 0101 051a 00000001 00000002 00000003 00000004 00000005 00000006"_hex);
  EXPECT_TRUE(options.timestamps);
  EXPECT_EQ(options.sack_count, 3);
}

TEST(TcpOptions, WindowScaleAbove14CountsAs14) {  // RFC 7323 2.3
  EXPECT_EQ(parsed("03030e"_hex).window_scale, 14);
  EXPECT_FALSE(parsed("03030e"_hex).window_scale_clamped);
  EXPECT_EQ(parsed("03030f"_hex).window_scale, 14);
  EXPECT_TRUE(parsed("03030f"_hex).window_scale_clamped);
  EXPECT_EQ(parsed("0303ff"_hex).window_scale, 14);
  EXPECT_EQ(parsed("030300"_hex).window_scale, 0) << "a shift of zero is an offer, too";
}

TEST(TcpOptions, UserTimeout) {  // RFC 5482 3
  EXPECT_EQ(parsed("1c04 8001"_hex).user_timeout, 0x8001);
}

TEST(TcpOptions, SignaturesAreSeen) {
  EXPECT_TRUE(parsed("1312 00112233445566778899aabbccddeeff"_hex).md5);
  EXPECT_TRUE(parsed("1d10 0000 000102030405060708090a0b"_hex).authentication);
}

TEST(TcpOptions, FastOpenCookies) {  // RFC 7413 4.1.1
  const auto request = parsed("2202"_hex).fast_open;
  ASSERT_TRUE(request);
  EXPECT_EQ(request->size, 0);
  const auto cookie = parsed("220a 0102030405060708"_hex).fast_open;
  ASSERT_TRUE(cookie);
  EXPECT_TRUE(std::ranges::equal(cookie->bytes(), "0102030405060708"_hex));
  EXPECT_EQ(parsed("2212 000102030405060708090a0b0c0d0e0f"_hex).fast_open->size, 16);
  EXPECT_EQ(parsed("2206 01020304"_hex).fast_open->size, 4);
}

TEST(TcpOptions, FastOpenCookiesOfAWrongLengthAreIgnored) {  // RFC 7413 4.1.1
  for (std::size_t size = 1; size <= 38; ++size) {
    if (size >= 4 && size <= 16 && size % 2 == 0) continue;
    std::vector<std::byte> bytes(2 + size);
    bytes[0] = std::byte{tcp_option::kFastOpen};
    bytes[1] = static_cast<std::byte>(bytes.size());
    EXPECT_FALSE(parsed(bytes).fast_open) << size;
  }
}

// MUST-4
TEST(TcpOptions, NothingAfterTheEndOfTheList) {
  const TcpOptions options = parsed("020405b4 00 030307"_hex);
  EXPECT_EQ(options.mss, 1460);
  EXPECT_FALSE(options.window_scale);
  EXPECT_TRUE(parse("00 08ff ff"_hex)) << "not even a wrong length";
}

TEST(TcpOptions, UnknownKindsAreSkipped) {  // RFC 9293 3.1 MUST-6
  const TcpOptions options = parsed("fd04 ffff 4c02 020405b4"_hex);
  EXPECT_EQ(options.mss, 1460);
}

TEST(TcpOptions, TheLastOfARepeatedOptionCounts) {
  EXPECT_EQ(parsed("020405b4 02040200"_hex).mss, 512);
}

// RFC 9293 3.1 MUST-7: "be prepared to handle an illegal option length (e.g., zero)".
TEST(TcpOptions, IllegalLengthsAreErrors) {
  EXPECT_EQ(error("0200 05b4"_hex), Reason::tcp_bad_option) << "zero would never end";
  EXPECT_EQ(error("0201 05b4"_hex), Reason::tcp_bad_option) << "does not count itself";
  EXPECT_EQ(error("fd00"_hex), Reason::tcp_bad_option) << "of an unknown kind as well";
  EXPECT_EQ(error("0101 fd05"_hex), Reason::tcp_bad_option) << "beyond the header";
  EXPECT_EQ(error("010101 fd"_hex), Reason::tcp_bad_option) << "no length byte";
  EXPECT_EQ(error("010101 02"_hex), Reason::tcp_bad_option);
  EXPECT_EQ(error("fdff"_hex), Reason::tcp_bad_option);
}

TEST(TcpOptions, EveryLengthThatIsWrongForItsKindIsAnError) {
  const auto legal = [](std::uint8_t kind, std::size_t length) {
    switch (kind) {
      case tcp_option::kMss:
        return length == 4;
      case tcp_option::kWindowScale:
        return length == 3;
      case tcp_option::kSackPermitted:
        return length == 2;
      case tcp_option::kSack:
        return length == 10 || length == 18 || length == 26 || length == 34;
      case tcp_option::kTimestamps:
        return length == 10;
      case tcp_option::kMd5:
        return length == 18;
      case tcp_option::kUserTimeout:
        return length == 4;
      case tcp_option::kAuthentication:
        return length >= 4;
      default:
        return length >= 2;
    }
  };
  for (unsigned kind = 2; kind < 256; ++kind) {
    for (std::size_t length = 2; length <= 40; ++length) {
      std::vector<std::byte> bytes(length);
      bytes[0] = static_cast<std::byte>(kind);
      bytes[1] = static_cast<std::byte>(length);
      EXPECT_EQ(parse(bytes).has_value(), legal(static_cast<std::uint8_t>(kind), length))
          << "kind " << kind << " length " << length;
    }
  }
}

// RFC 9768 3.2.3, figure 4 and table 5.
TEST(TcpOptions, AccEcnInBothOrders) {
  const TcpOptions order0 = parsed("ac0b 010203 040506 070809"_hex);
  ASSERT_TRUE(order0.acc_ecn);
  EXPECT_EQ(order0.acc_ecn->e0b(), 0x010203u);
  EXPECT_EQ(order0.acc_ecn->ceb(), 0x040506u);
  EXPECT_EQ(order0.acc_ecn->e1b(), 0x070809u);
  const TcpOptions order1 = parsed("ae0b 010203 040506 070809"_hex);
  ASSERT_TRUE(order1.acc_ecn);
  EXPECT_EQ(order1.acc_ecn->e1b(), 0x010203u);
  EXPECT_EQ(order1.acc_ecn->ceb(), 0x040506u);
  EXPECT_EQ(order1.acc_ecn->e0b(), 0x070809u);
}

TEST(TcpOptions, AccEcnMayLackFieldsAtItsEnd) {
  const auto two = parsed("ac08 010203 040506"_hex).acc_ecn;
  EXPECT_EQ(two->fields, 2);
  EXPECT_EQ(two->ceb(), 0x040506u);
  EXPECT_EQ(two->e1b(), std::nullopt);
  const auto one = parsed("ae05 010203"_hex).acc_ecn;
  EXPECT_EQ(one->e1b(), 0x010203u);
  EXPECT_EQ(one->ceb(), std::nullopt);
  EXPECT_EQ(one->e0b(), std::nullopt);
  const auto none = parsed("ac02"_hex).acc_ecn;
  ASSERT_TRUE(none);
  EXPECT_EQ(none->e0b(), std::nullopt);
}

// 3.2.3: "MUST use those whole 3-octet fields that fit within the length and ignore the remainder".
TEST(TcpOptions, AccEcnOfAnyOtherLengthCountsAsFarAsItGoes) {
  EXPECT_EQ(parsed("ac04 0102"_hex).acc_ecn->fields, 0);
  const auto one = parsed("ac07 010203 0405"_hex).acc_ecn;
  EXPECT_EQ(one->fields, 1);
  EXPECT_EQ(one->e0b(), 0x010203u);
  const auto more = parsed("ac0f 010203 040506 070809 0a0b0c0d"_hex).acc_ecn;
  EXPECT_EQ(more->fields, 3);
  EXPECT_EQ(more->e1b(), 0x070809u);
}

}  // namespace
}  // namespace bowline::wire
