#include "bowline/base/frame.hpp"

#include <gtest/gtest.h>

#include <string>

#include "bowline/base/testing/failing_memory.hpp"

namespace bowline {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

class FrameTest : public ::testing::Test {
 protected:
  [[nodiscard]] static std::string text(const Frame& frame, std::uint32_t offset,
                                        std::uint32_t size) {
    std::string out(size, '?');
    EXPECT_TRUE(frame.copy_to(offset, std::as_writable_bytes(std::span(out))));
    return out;
  }
  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 1U << 20)};
};

TEST_F(FrameTest, AppendAddsUpSizesAndLeavesOutEmptyPieces) {
  Frame frame;
  EXPECT_TRUE(frame.append(pool_->copy(bytes_of("head"))));
  EXPECT_TRUE(frame.append(Slice()));
  EXPECT_TRUE(frame.append(pool_->copy(bytes_of("payload"))));
  EXPECT_EQ(frame.size, 11U);
  EXPECT_EQ(frame.piece_count, 2U);
  EXPECT_EQ(frame.head().size(), 4U);
}

TEST_F(FrameTest, RefusesMorePiecesThanItHas) {
  Frame frame;
  for (std::size_t i = 0; i < Frame::kMaxPieces; ++i) {
    EXPECT_TRUE(frame.append(pool_->copy(bytes_of("x"))));
  }
  EXPECT_FALSE(frame.append(pool_->copy(bytes_of("y"))));
  EXPECT_TRUE(frame.append(Slice()));
  EXPECT_EQ(frame.size, Frame::kMaxPieces);
}

TEST_F(FrameTest, CopyToReadsAcrossPieces) {
  Frame frame;
  for (const char* piece : {"abc", "d", "efgh", "ij"}) {
    ASSERT_TRUE(frame.append(pool_->copy(bytes_of(piece))));
  }
  const std::string whole = "abcdefghij";
  for (std::uint32_t offset = 0; offset <= 10; ++offset) {
    for (std::uint32_t size = 0; size <= 10 - offset; ++size) {
      EXPECT_EQ(text(frame, offset, size), whole.substr(offset, size)) << offset << " " << size;
    }
  }
}

TEST_F(FrameTest, CopyToBeyondTheEndCopiesNothing) {
  const Frame frame = make_frame(*pool_, bytes_of("abcdef"));
  std::string out = "???";
  EXPECT_FALSE(frame.copy_to(4, std::as_writable_bytes(std::span(out))));
  EXPECT_FALSE(frame.copy_to(7, {}));
  EXPECT_FALSE(frame.copy_to(0xffffffff, std::as_writable_bytes(std::span(out))));
  EXPECT_EQ(out, "???");
  EXPECT_TRUE(frame.copy_to(6, {}));
}

// One frame counts as what it will be on the wire: 1 % loss is 1 % of these (DESIGN section 3).
TEST_F(FrameTest, WirePacketsIsThePayloadOverGsoSizeRoundedUp) {
  Frame frame;
  frame.size = 54;
  EXPECT_EQ(wire_packets(frame), 1U);
  frame.header_size = 54;
  frame.gso_size = 1460;
  EXPECT_EQ(wire_packets(frame), 1U) << "a bare ACK";
  for (const auto& [payload, packets] :
       {std::pair{1U, 1U}, {1460U, 1U}, {1461U, 2U}, {2920U, 2U}, {65000U, 45U}}) {
    frame.size = 54 + payload;
    EXPECT_EQ(wire_packets(frame), packets) << payload;
  }
  frame.gso_size = 0;
  EXPECT_EQ(wire_packets(frame), 1U);
}

TEST_F(FrameTest, MakeFrameIsEmptyWhenThePoolIs) {
  testing::FailingMemory memory;
  const BufferPoolOwner tiny(BufferPool::make(memory, 100));
  const Frame frame = make_frame(*tiny, bytes_of("x"));
  EXPECT_EQ(frame.size, 0U);
  EXPECT_EQ(frame.piece_count, 0U);
}

TEST_F(FrameTest, CopiesShareTheirBytes) {
  const Frame frame = make_frame(*pool_, bytes_of("shared"));
  const Frame copy = frame;
  EXPECT_EQ(copy.head().data(), frame.head().data());
  EXPECT_EQ(frame.pieces[0].references(), 2U);
}

}  // namespace
}  // namespace bowline
