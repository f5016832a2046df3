#include "bowline/base/siphash.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bowline {
namespace {

// The setting of the published test vectors: key 00 01 .. 0f, message 00 01 .. of the length given.
// The SipHash-2-4 values are the paper's and the reference implementation's; the others come from
// OpenSSL 3's SIPHASH with the rounds set.
constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::vector<std::byte> message(std::size_t length) {
  std::vector<std::byte> bytes(length);
  for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

struct Vector {
  std::size_t length;
  std::uint64_t hash24;
  std::uint64_t hash13;
};
constexpr Vector kVectors[] = {
    {0, 0x726fdb47dd0e0e31, 0xabac0158050fc4dc},  {1, 0x74f839c593dc67fd, 0xc9f49bf37d57ca93},
    {7, 0xab0200f58b01d137, 0xd3927d989bb11140},  {8, 0x93f5f5799a932462, 0x369095118d299a8e},
    {9, 0x9e0082df0ba9e4b0, 0x25a48eb36c063de4},  {15, 0xa129ca6149be45e5, 0xd320d86d2a519956},
    {16, 0x3f2acc7f57c29bdb, 0xcc4fdd1a7d908b66}, {24, 0xb8ad50c6f649af94, 0xf464aeb267349c8c},
    {63, 0x958a324ceb064572, 0x9d199062b7bbb3a8},
};

TEST(SipHash, ReferenceVectors) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(siphash24(kKey, message(vector.length)), vector.hash24) << vector.length;
    EXPECT_EQ(siphash13(kKey, message(vector.length)), vector.hash13) << vector.length;
  }
}

TEST(SipHash, WordsHashAsTheirLittleEndianBytes) {
  constexpr std::array<std::uint64_t, 3> kWords{0x0706050403020100, 0x0f0e0d0c0b0a0908,
                                                0x1716151413121110};
  static_assert(siphash24(kKey, kWords) == 0xb8ad50c6f649af94);
  static_assert(siphash13(kKey, kWords) == 0xf464aeb267349c8c);
  static_assert(siphash24(kKey, std::array<std::uint64_t, 0>{}) == 0x726fdb47dd0e0e31);
}

TEST(SipHash, WideHasherGives128Bits) {
  SipHasher<2, 4> empty = SipHasher<2, 4>::wide(kKey);
  const Hash128 none = empty.finish128(0);
  EXPECT_EQ(none, (Hash128{0xe6a825ba047f81a3, 0x930255c71472f66d}));
  SipHasher<1, 3> two_words = SipHasher<1, 3>::wide(kKey);
  two_words.add(0x0706050403020100);
  two_words.add(0x0f0e0d0c0b0a0908);
  EXPECT_EQ(two_words.finish128(std::uint64_t{16} << 56),
            (Hash128{0xeb8e511557d9a8d0, 0x93179e3df8b013b5}));
}

TEST(SipHash, TheKeyDecides) {
  const std::vector<std::byte> same = message(12);
  EXPECT_NE(siphash24(SipKey{1, 2}, same), siphash24(SipKey{1, 3}, same));
  EXPECT_NE(siphash24(SipKey{1, 2}, same), siphash24(SipKey{2, 2}, same));
}

}  // namespace
}  // namespace bowline
