#include "bowline/wire/checksum.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "bowline/wire/hex_literal.hpp"

namespace bowline::wire {
namespace {

using Bytes = std::vector<std::byte>;

// RFC 1071 section 1 as it is written: word by word, end-around carry after each.
std::uint16_t naive_sum(std::span<const std::byte> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const auto high = std::to_integer<std::uint32_t>(bytes[i]);
    const auto low = i + 1 < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i + 1]) : 0U;
    sum += high << 8U | low;
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  return static_cast<std::uint16_t>(sum);
}

// 0 and 0xffff are one number in one's complement; which of them a sum gives is not laid down.
bool same_sum(std::uint16_t a, std::uint16_t b) { return a % 0xffff == b % 0xffff; }

Bytes random_bytes(std::mt19937& random, std::size_t size) {
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0xffU);
  return bytes;
}

TEST(Checksum, ExampleOfRfc1071) {  // section 3
  constexpr auto kBytes = "0001 f203 f4f5 f6f7"_hex;
  EXPECT_EQ(sum_of(kBytes).partial(), 0xddf2);
  EXPECT_EQ(sum_of(kBytes).finish(), 0x220d);
}

TEST(Checksum, OfNothing) {
  EXPECT_EQ(ChecksumSum().partial(), 0);
  EXPECT_EQ(sum_of({}).finish(), 0xffff);
}

TEST(Checksum, AnIpv4HeaderOfTheField) {
  constexpr auto kHeader = "4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7"_hex;
  EXPECT_TRUE(sum_of(kHeader).verifies());
  auto broken = kHeader;
  broken[3] ^= std::byte{1};
  EXPECT_FALSE(sum_of(broken).verifies());
}

TEST(Checksum, AgreesWithTheNaiveSumAtEveryLengthAndAlignment) {
  std::mt19937 random(1071);
  const Bytes bytes = random_bytes(random, 400);
  for (std::size_t start = 0; start < 17; ++start) {
    for (std::size_t size = 0; size <= 300; ++size) {
      const auto part = std::span(bytes).subspan(start, size);
      ASSERT_TRUE(same_sum(sum_of(part).partial(), naive_sum(part))) << start << '+' << size;
    }
  }
}

TEST(Checksum, CarriesSurviveWhereAllBitsAreSet) {
  for (const std::size_t size : {2U, 63U, 64U, 1'460U, 65'535U, 1'000'001U}) {
    const Bytes bytes(size, std::byte{0xff});
    EXPECT_TRUE(same_sum(sum_of(bytes).partial(), naive_sum(bytes))) << size;
  }
}

TEST(Checksum, AddsUpOverPiecesOfAnyLength) {
  std::mt19937 random(2);
  for (int round = 0; round < 2'000; ++round) {
    const Bytes bytes = random_bytes(random, random() % 500);
    ChecksumSum appended;
    ChecksumSum joined;
    ChecksumSum stored;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = std::min<std::size_t>(random() % 40, bytes.size() - at);
      const auto piece = std::span(bytes).subspan(at, size);
      appended.add(piece);
      joined.append_sum(sum_of(piece));
      stored.append_sum(ChecksumSum::from_partial(sum_of(piece).partial(), size));
      at += size;
    }
    const std::uint16_t whole = naive_sum(bytes);
    ASSERT_TRUE(same_sum(appended.partial(), whole));
    ASSERT_TRUE(same_sum(joined.partial(), whole));
    ASSERT_TRUE(same_sum(stored.partial(), whole));
  }
}

TEST(Checksum, CopyAndSumDoesBoth) {
  std::mt19937 random(3);
  for (std::size_t size = 0; size <= 300; ++size) {
    const Bytes from = random_bytes(random, size);
    Bytes to(size + 1, std::byte{0x5a});
    const ChecksumSum sum = copy_and_sum(to.data(), from);
    ASSERT_TRUE(same_sum(sum.partial(), naive_sum(from))) << size;
    ASSERT_TRUE(std::equal(from.begin(), from.end(), to.begin())) << size;
    ASSERT_EQ(to[size], std::byte{0x5a}) << "wrote beyond the end at " << size;
    // The sum knows that it ends in the middle of a word.
    ChecksumSum longer = sum;
    longer.add("abcd"_hex);
    Bytes all = from;
    std::ranges::copy("abcd"_hex, std::back_inserter(all));
    ASSERT_TRUE(same_sum(longer.partial(), naive_sum(all))) << size;
  }
}

TEST(Checksum, HeadersMayBeAddedAfterAnOddPayload) {
  constexpr auto kHeader = "0102 0304"_hex;
  constexpr auto kPayload = "0506 07"_hex;
  constexpr auto kWhole = "0102 0304 0506 07"_hex;
  ChecksumSum sum = sum_of(kPayload);
  sum.add_sum(sum_of(kHeader));
  EXPECT_TRUE(same_sum(sum.partial(), naive_sum(kWhole)));
  // And the payload goes on where it was.
  sum.add("08"_hex);
  EXPECT_TRUE(same_sum(sum.partial(), naive_sum("0102 0304 0506 0708"_hex)));
}

TEST(Checksum, FieldsAreTermsInHostOrder) {
  ChecksumSum sum;
  sum.add_word(0x0001);
  sum.add_word32(0xf203'f4f5);
  sum.add_word(0xf6f7);
  EXPECT_EQ(sum.partial(), 0xddf2);
}

// RFC 9293 3.1: source, destination, zero, protocol, length: 12 bytes.
TEST(Checksum, K24_PseudoHeaderOfIpv4Has12Bytes) {
  constexpr auto kPseudoHeader = "c0a80174 c0a8017b 00 06 1234"_hex;
  static_assert(kPseudoHeader.size() == 12);
  const auto sum =
      pseudo_header_sum(IpAddress::v4(0xc0a80174), IpAddress::v4(0xc0a8017b), 6, 0x1234);
  EXPECT_TRUE(same_sum(sum.partial(), naive_sum(kPseudoHeader)));
}

// RFC 8200 8.1: source, destination, length in 32 bits, zeros, next header: 40 bytes.
TEST(Checksum, K24_PseudoHeaderOfIpv6Has40Bytes) {
  constexpr auto kPseudoHeader =
      "fd3d0a0b17d600000000000000000001 fd3dfa7bd17d00000000000000000002 00012345 000000 06"_hex;
  static_assert(kPseudoHeader.size() == 40);
  const auto sum = pseudo_header_sum(*IpAddress::parse("fd3d:a0b:17d6::1"),
                                     *IpAddress::parse("fd3d:fa7b:d17d::2"), 6, 0x12345);
  EXPECT_TRUE(same_sum(sum.partial(), naive_sum(kPseudoHeader)));
}

// K24: over header, data and pseudo-header; here the SYN of the traced example, which has no data.
TEST(Checksum, K24_CoversPseudoHeaderHeaderAndData) {
  constexpr auto kSyn = "0d091e6c d828aec4 00000000 5002ffff 7940 0000"_hex;
  ChecksumSum sum =
      pseudo_header_sum(IpAddress::v4(0xc0a80174), IpAddress::v4(0xc0a8017b), 6, kSyn.size());
  sum.add(kSyn);
  EXPECT_TRUE(sum.verifies());

  ChecksumSum other_address =
      pseudo_header_sum(IpAddress::v4(0xc0a80175), IpAddress::v4(0xc0a8017b), 6, kSyn.size());
  other_address.add(kSyn);
  EXPECT_FALSE(other_address.verifies()) << "a segment that was misdelivered is detected";
}

TEST(ChecksumUpdate, ExampleOfRfc1624) {  // section 4: the checksum becomes zero
  EXPECT_EQ(update_checksum(0xdd2f, 0x5555, 0x3285), 0x0000);
}

TEST(ChecksumUpdate, AgreesWithSummingAgain) {
  std::mt19937 random(1624);
  for (int round = 0; round < 5'000; ++round) {
    Bytes bytes = random_bytes(random, 2 * (1 + random() % 20));
    const std::size_t at = 2 * (random() % (bytes.size() / 2));
    const std::uint16_t checksum = sum_of(bytes).finish();
    const auto before = load_be<std::uint16_t>(bytes.data() + at);
    const auto after = static_cast<std::uint16_t>(random() % 3 == 0 ? 0 : random());
    store_be(bytes.data() + at, after);
    ASSERT_TRUE(same_sum(update_checksum(checksum, before, after), sum_of(bytes).finish()));
  }
}

}  // namespace
}  // namespace bowline::wire
