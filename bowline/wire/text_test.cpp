#include "bowline/wire/text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "bowline/wire/hex_literal.hpp"

namespace bowline::wire {
namespace {

TEST(Text, Appends) {
  std::array<char, 64> buffer;
  Text text(buffer);
  text.add("a");
  text.add('b');
  text.decimal(0);
  text.decimal(std::numeric_limits<std::uint64_t>::max());
  text.hex(0xbeefU);
  text.hex("0a0b"_hex);
  EXPECT_EQ(text.view(), "ab018446744073709551615beef0a0b");
  EXPECT_EQ(text.size(), text.view().size());
}

TEST(Text, IsCutWhereTheMemoryEnds) {
  std::array<char, 8> buffer{};
  Text text(std::span<char>(buffer).first(4));
  text.add("abc");
  text.decimal(123);
  text.add('x');
  EXPECT_EQ(text.view(), "abc1");
  EXPECT_EQ(buffer[4], '\0');
  Text nothing({});
  nothing.add("a");
  nothing.add('a');
  EXPECT_EQ(nothing.view(), "");
}

}  // namespace
}  // namespace bowline::wire
