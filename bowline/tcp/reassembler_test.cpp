#include "bowline/tcp/reassembler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/base/testing/failing_memory.hpp"

namespace bowline::tcp {
namespace {

constexpr SeqNumber kStart(0xffff'ff80);  // the numbers wrap after 128

class ReassemblerTest : public ::testing::Test {
 protected:
  ReassemblerTest() {
    limits_.reassembly_ranges = 16;
    reassembler_.set_limits(limits_);
  }

  Slice slice(std::string_view text) {
    return pool_->copy(std::as_bytes(std::span(text.data(), text.size())));
  }
  Placed place(std::uint32_t offset, std::string_view text) {
    const Placed placed = reassembler_.place(kStart + offset, slice(text), kStart + next_, *pool_);
    next_ = reassembler_.readable() + read_;
    next_ += reassembler_.advance(kStart + next_);
    return placed;
  }
  std::string read(std::size_t most = 1'000) {
    std::vector<std::byte> bytes(most);
    const std::size_t count = reassembler_.read(bytes);
    read_ += static_cast<std::uint32_t>(count);
    return {reinterpret_cast<const char*>(bytes.data()), count};
  }
  std::vector<wire::SackBlock> sacks(std::uint32_t latest, std::size_t most = 4) {
    std::vector<wire::SackBlock> blocks(most);
    blocks.resize(reassembler_.sack_blocks(kStart + latest, blocks));
    return blocks;
  }
  static wire::SackBlock block(std::uint32_t left, std::uint32_t right) {
    return {kStart + left, kStart + right};
  }

  testing::FailingMemory memory_;
  BufferPoolOwner pool_{BufferPool::make(memory_, 1U << 26)};
  Limits limits_;
  Reassembler reassembler_{memory_, limits_, 1};
  std::uint32_t next_ = 0;
  std::uint32_t read_ = 0;
};

TEST_F(ReassemblerTest, InOrderIsReadableAtOnce) {
  EXPECT_EQ(place(0, "hello "), Placed::in_order);
  EXPECT_EQ(place(6, "world"), Placed::in_order);
  EXPECT_EQ(read(), "hello world");
  EXPECT_TRUE(reassembler_.empty());
}

// RFC 9293 3.10.7.4 seventh: segments with higher beginning numbers SHOULD be held.
TEST_F(ReassemblerTest, WhatIsBeyondAHoleWaits) {
  EXPECT_EQ(place(5, "fghij"), Placed::out_of_order);
  EXPECT_EQ(reassembler_.readable(), 0U);
  EXPECT_EQ(reassembler_.waiting(), 5U);
  EXPECT_EQ(place(0, "abcde"), Placed::in_order);
  EXPECT_EQ(reassembler_.waiting(), 0U);
  EXPECT_EQ(read(), "abcdefghij");
}

// RFC 9293 3.10.7.4 first: "Segments are processed in sequence ... duplicates are discarded".
TEST_F(ReassemblerTest, DuplicatesAreDropped) {
  place(0, "abcde");
  EXPECT_EQ(place(0, "ABCDE"), Placed::duplicate);
  place(10, "klmno");
  EXPECT_EQ(place(10, "KLMNO"), Placed::duplicate);
  EXPECT_EQ(reassembler_.waiting(), 5U);
  EXPECT_EQ(read(), "abcde");
}

TEST_F(ReassemblerTest, OldPartIsCutOff) {
  place(0, "abcde");
  EXPECT_EQ(place(3, "DEfgh"), Placed::in_order);
  EXPECT_EQ(read(), "abcdefgh");
}

// What came first stands: an overlap must not change what may have been acknowledged by SACK.
TEST_F(ReassemblerTest, OverlapsOutOfOrderKeepTheFirstBytes) {
  place(4, "ef");
  EXPECT_EQ(place(2, "CDEFGH"), Placed::out_of_order);
  place(0, "ab");
  EXPECT_EQ(read(), "abCDefGH");
}

TEST_F(ReassemblerTest, OverlapsInOrderKeepTheFirstBytes) {
  place(2, "cd");
  place(6, "gh");
  EXPECT_EQ(place(0, "ABCDEFGHIJ"), Placed::in_order);
  EXPECT_EQ(read(), "ABcdEFghIJ");
  EXPECT_EQ(reassembler_.waiting(), 0U);
}

// DESIGN section 3: caps count what is pinned. CVE-2018-5390: and the ranges.
TEST_F(ReassemblerTest, RangesAreBounded) {
  for (std::uint32_t i = 1; i <= 16; ++i) {
    EXPECT_EQ(place(i * 4, "x"), Placed::out_of_order);
  }
  EXPECT_EQ(place(100, "x"), Placed::refused);
  EXPECT_EQ(reassembler_.ranges(), 16U);
}

TEST_F(ReassemblerTest, PinnedBytesAreBounded) {
  limits_.reassembly_bytes = 10'000;
  reassembler_.set_limits(limits_);
  std::uint32_t kept = 0;
  for (std::uint32_t i = 1; i <= 16; ++i) {
    // A quarter of a block each: it is not worth a copy, and pins all of it.
    if (place(i * 1'000, std::string(600, 'x')) == Placed::out_of_order) ++kept;
  }
  EXPECT_EQ(kept, 4U) << "four blocks of 2048";
}

// DESIGN section 5: a small payload in a large frame is copied out.
TEST_F(ReassemblerTest, SmallPayloadDoesNotPinALargeFrame) {
  const Buffer large = pool_->allocate(60'000);
  ASSERT_TRUE(large);
  std::fill_n(large.data(), 10, std::byte{'a'});
  EXPECT_EQ(reassembler_.place(kStart + 5, large.slice(0, 10), kStart, *pool_),
            Placed::out_of_order);
  EXPECT_EQ(large.slice(0, 1).references(), 2U) << "the buffer and this slice alone";
  EXPECT_EQ(reassembler_.place(kStart, large.slice(0, 5), kStart, *pool_), Placed::in_order);
  EXPECT_EQ(large.slice(0, 1).references(), 2U);
}

// RFC 2018 section 4: the first block holds the segment that came last.
TEST_F(ReassemblerTest, FirstSackBlockIsTheLatest) {
  place(10, "aaaaa");
  place(30, "bbbbb");
  place(20, "ccccc");
  EXPECT_EQ(sacks(20), (std::vector{block(20, 25), block(30, 35), block(10, 15)}));
  EXPECT_EQ(sacks(10), (std::vector{block(10, 15), block(30, 35), block(20, 25)}));
}

// RFC 2018 section 3: a block is contiguous data with nothing received just before and behind it.
TEST_F(ReassemblerTest, SackBlocksAreMaximal) {
  place(10, "aaaaa");
  place(15, "bbbbb");
  place(20, "ccccc");
  EXPECT_EQ(sacks(15), (std::vector{block(10, 25)}));
}

TEST_F(ReassemblerTest, SackBlocksFitTheOption) {
  for (std::uint32_t i = 1; i <= 6; ++i) place(i * 10, "x");
  EXPECT_EQ(sacks(10, 3).size(), 3U);
  EXPECT_EQ(sacks(10, 4).size(), 4U);
  EXPECT_EQ(sacks(10, 0).size(), 0U);
  EXPECT_EQ(sacks(10, 3)[0], block(10, 11));
}

TEST_F(ReassemblerTest, PeekLeavesTheBytes) {
  place(0, "abc");
  place(3, "def");
  std::vector<std::byte> bytes(3);
  EXPECT_EQ(reassembler_.peek(2, bytes), 3U);
  EXPECT_EQ(bytes, (std::vector{std::byte{'c'}, std::byte{'d'}, std::byte{'e'}}));
  EXPECT_EQ(reassembler_.peek(6, bytes), 0U);
  EXPECT_EQ(read(), "abcdef");
}

TEST_F(ReassemblerTest, SlicesComeOutWithoutACopy) {
  place(0, "abcdef");
  const Slice first = reassembler_.read_slice(4);
  const Slice second = reassembler_.read_slice(100);
  EXPECT_EQ(first.size(), 4U);
  EXPECT_EQ(second.size(), 2U);
  EXPECT_EQ(first.data() + 4, second.data());
  EXPECT_TRUE(reassembler_.read_slice(1).empty());
}

TEST_F(ReassemblerTest, FailingMemoryRefusesAndForgetsNothing) {
  for (std::uint64_t n = 0; n < 6; ++n) {
    Reassembler reassembler(memory_, limits_, 1);
    memory_.fail_at(n);
    const Placed first = reassembler.place(kStart + 5, slice("fghij"), kStart, *pool_);
    memory_.fail_at(n);
    const Placed second = reassembler.place(kStart, slice("abcde"), kStart, *pool_);
    memory_.fail_never();
    const std::uint32_t in_order = second == Placed::in_order ? 5 : 0;
    const std::uint32_t beyond = first == Placed::out_of_order ? 5 : 0;
    EXPECT_EQ(reassembler.readable() + reassembler.waiting(), in_order + beyond);
    if (in_order == 0) continue;
    static_cast<void>(reassembler.advance(kStart + reassembler.readable()));
    EXPECT_EQ(reassembler.readable(), in_order + beyond) << "moved when there is memory again";
  }
  EXPECT_EQ(memory_.mismatches(), 0U);
}

// Against a map of bytes: segments of a stream, with lies among them, in any order. Whatever came
// first for a number is what is read.
TEST(ReassemblerRandom, AgreesWithAMapOfBytes) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    BufferPoolOwner pool(BufferPool::make(heap_memory(), 1U << 26));
    Limits limits;
    limits.reassembly_ranges = 4'096;
    Reassembler reassembler(heap_memory(), limits, seed);
    std::map<std::uint32_t, std::byte> naive;  // what came first, by offset
    std::uint32_t next = 0;
    std::uint32_t read = 0;
    for (int step = 0; step < 400; ++step) {
      const auto back = static_cast<std::uint32_t>(random.below(20));
      const std::uint32_t offset =
          (next > back ? next - back : 0) + static_cast<std::uint32_t>(random.below(60));
      std::vector<std::byte> bytes(1 + random.index(30));
      random.bytes(bytes);
      const Placed placed =
          reassembler.place(kStart + offset, pool->copy(bytes), kStart + next, *pool);
      ASSERT_NE(placed, Placed::refused);
      for (std::uint32_t i = 0; i < bytes.size(); ++i) {
        if (offset + i >= next) naive.try_emplace(offset + i, bytes[i]);
      }
      ASSERT_EQ(placed == Placed::in_order, offset <= next && offset + bytes.size() > next);
      next = read + reassembler.readable();
      next += reassembler.advance(kStart + next);
      std::uint32_t expected = read;
      while (naive.contains(expected)) ++expected;
      ASSERT_EQ(next, expected) << "seed " << seed << " step " << step;
      ASSERT_EQ(reassembler.readable(), next - read);
      ASSERT_EQ(reassembler.waiting(), naive.size() - (next - read));
      if (random.below(4) != 0) continue;
      std::vector<std::byte> out(random.index(40));
      const std::size_t got = reassembler.read(out);
      ASSERT_EQ(got, std::min<std::size_t>(out.size(), next - read));
      for (std::size_t i = 0; i < got; ++i, ++read) {
        ASSERT_EQ(out[i], naive.at(read)) << "seed " << seed << " step " << step;
        naive.erase(read);
      }
    }
  }
}

}  // namespace
}  // namespace bowline::tcp
