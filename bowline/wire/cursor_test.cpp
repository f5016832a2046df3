#include "bowline/wire/cursor.hpp"

#include <gtest/gtest.h>

#include <array>

#include "bowline/wire/hex_literal.hpp"

namespace bowline::wire {
namespace {

TEST(Cursor, ReadsNetworkOrderFrontToBack) {
  constexpr auto kBytes = "01 0203 04050607 0809"_hex;
  Cursor cursor(kBytes);
  EXPECT_EQ(cursor.u8(), 0x01);
  EXPECT_EQ(cursor.u16(), 0x0203);
  EXPECT_EQ(cursor.u32(), 0x04050607U);
  EXPECT_EQ(cursor.offset(), 7U);
  EXPECT_EQ(cursor.remaining(), 2U);
  EXPECT_EQ(cursor.rest().size(), 2U);
  EXPECT_TRUE(cursor.ok());
  EXPECT_EQ(cursor.remaining(), 0U);
}

TEST(Cursor, FailureIsStickyAndGivesZeros) {
  constexpr auto kBytes = "ffffff"_hex;
  Cursor cursor(kBytes);
  EXPECT_EQ(cursor.u16(), 0xffff);
  EXPECT_EQ(cursor.u16(), 0) << "only one byte is left";
  EXPECT_FALSE(cursor.ok());
  EXPECT_EQ(cursor.u8(), 0) << "the byte that is left is not given any more";
  EXPECT_EQ(cursor.remaining(), 0U);
  EXPECT_TRUE(cursor.bytes(0).empty());
  EXPECT_TRUE(cursor.rest().empty());
  EXPECT_FALSE(cursor.ok());
}

TEST(Cursor, EmptyReadsAreAlwaysThere) {
  Cursor cursor({});
  EXPECT_TRUE(cursor.bytes(0).empty());
  cursor.skip(0);
  EXPECT_TRUE(cursor.ok());
  cursor.skip(1);
  EXPECT_FALSE(cursor.ok());
}

TEST(Cursor, SkipBeyondTheEndOfMemoryFails) {
  constexpr auto kBytes = "0102"_hex;
  Cursor cursor(kBytes);
  cursor.skip(1);
  cursor.skip(~std::size_t{0});  // offset plus this would wrap
  EXPECT_FALSE(cursor.ok());
}

TEST(Cursor, PartIsBoundedByItsOwnLength) {
  constexpr auto kBytes = "0102 0304"_hex;
  Cursor cursor(kBytes);
  Cursor part = cursor.part(2);
  EXPECT_EQ(part.u32(), 0U) << "the bytes behind the part are not its own";
  EXPECT_FALSE(part.ok());
  EXPECT_EQ(cursor.u16(), 0x0304) << "and its failure is not the whole's";
  EXPECT_TRUE(cursor.ok());
  EXPECT_FALSE(cursor.part(1).ok());
  EXPECT_FALSE(cursor.ok());
}

TEST(Field, ReadsAtAnOffset) {
  static constexpr auto kBytes = "01 02 0304"_hex;
  constexpr std::span<const std::byte, 4> kSpan(kBytes);
  EXPECT_EQ((field<std::uint8_t, 1>(kSpan)), 0x02);
  EXPECT_EQ((field<std::uint16_t, 2>(kSpan)), 0x0304);
}

TEST(Writer, WritesNetworkOrderFrontToBack) {
  std::array<std::byte, 10> memory{};
  Writer writer(memory);
  writer.u8(1);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  writer.bytes("08"_hex);
  writer.fill(2, std::byte{9});
  EXPECT_TRUE(writer.ok());
  EXPECT_EQ(writer.size(), 10U);
  EXPECT_EQ(memory, "01 0203 04050607 08 0909"_hex);
}

TEST(Writer, LeavesOutWhatDoesNotFitAndAllThatFollows) {
  std::array<std::byte, 3> memory{};
  Writer writer(memory);
  writer.u16(0x0102);
  writer.u16(0x0304);
  writer.u8(5);
  EXPECT_FALSE(writer.ok());
  EXPECT_EQ(writer.size(), 2U);
  EXPECT_EQ(memory, "010200"_hex);
}

}  // namespace
}  // namespace bowline::wire
