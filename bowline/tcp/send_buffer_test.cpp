#include "bowline/tcp/send_buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/base/testing/failing_memory.hpp"

namespace bowline::tcp {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes_from(std::uint32_t first, std::uint32_t count) {
  Bytes bytes(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>((first + i) * 2'654'435'761U >> 24);
  }
  return bytes;
}

Bytes content(const Frame& frame) {
  Bytes bytes(frame.size);
  EXPECT_TRUE(frame.copy_to(0, bytes));
  return bytes;
}

class SendBufferTest : public ::testing::Test {
 protected:
  ~SendBufferTest() override { EXPECT_EQ(memory_.mismatches(), 0U); }

  testing::FailingMemory memory_;
  BufferPoolOwner pool_{BufferPool::make(memory_, 1U << 24)};
  SendBuffer buffer_{memory_};
};

TEST_F(SendBufferTest, TakesNoMoreThanThereIsRoomFor) {
  EXPECT_EQ(buffer_.append(bytes_from(0, 100), 60, *pool_), 60U);
  EXPECT_EQ(buffer_.size(), 60U);
  EXPECT_EQ(buffer_.append(bytes_from(0, 100), 0, *pool_), 0U);
}

// A segment and its retransmission point at the same bytes, whichever way they were cut.
TEST_F(SendBufferTest, GathersAnyPartOverManyChunks) {
  constexpr std::uint32_t kTotal = 6'000;
  for (std::uint32_t done = 0; done < kTotal; done += 500) {
    ASSERT_EQ(buffer_.append(bytes_from(done, 500), 1U << 20, *pool_), 500U);
  }
  for (const std::uint32_t offset : {0U, 1U, 499U, 500U, 2'047U, 2'048U, 5'999U}) {
    for (const std::uint32_t length : {1U, 2U, 700U, 6'000U}) {
      Frame frame;
      const std::uint32_t expected = std::min(length, kTotal - offset);
      ASSERT_EQ(buffer_.gather(offset, length, frame), expected);
      EXPECT_EQ(content(frame), bytes_from(offset, expected));
    }
  }
  Frame nothing;
  EXPECT_EQ(buffer_.gather(kTotal, 1, nothing), 0U);
}

TEST_F(SendBufferTest, SmallWritesShareABlock) {
  for (std::uint32_t i = 0; i < 100; ++i) {
    ASSERT_EQ(buffer_.append(bytes_from(i * 10, 10), 1'000, *pool_), 10U);
  }
  Frame frame;
  EXPECT_EQ(buffer_.gather(0, 1'000, frame), 1'000U);
  EXPECT_EQ(frame.piece_count, 1U);
  EXPECT_EQ(content(frame), bytes_from(0, 1'000));
}

// Bytes that a slice shows must not be written any more (base/buffer.hpp), though more are appended
// behind them.
TEST_F(SendBufferTest, AppendingLeavesSentBytesAlone) {
  ASSERT_EQ(buffer_.append(bytes_from(0, 100), 1'000, *pool_), 100U);
  Frame sent;
  ASSERT_EQ(buffer_.gather(0, 100, sent), 100U);
  ASSERT_EQ(buffer_.append(bytes_from(100, 100), 1'000, *pool_), 100U);
  EXPECT_EQ(content(sent), bytes_from(0, 100));
}

TEST_F(SendBufferTest, LetsGoOfItsEndAndGoesOnBehindWhatIsLeft) {
  for (std::uint32_t done = 0; done < 6'000; done += 500) {
    ASSERT_EQ(buffer_.append(bytes_from(done, 500), 1U << 20, *pool_), 500U);
  }
  buffer_.release(700);
  buffer_.drop_end(3'300);
  ASSERT_EQ(buffer_.size(), 2'000U);
  ASSERT_EQ(buffer_.append(bytes_from(2'700, 300), 1'000, *pool_), 300U);
  Frame frame;
  EXPECT_EQ(buffer_.gather(0, 10'000, frame), 2'300U);
  EXPECT_EQ(content(frame), bytes_from(700, 2'300));
  buffer_.drop_end(10'000);
  EXPECT_TRUE(buffer_.empty());
}

// A frame has eight pieces: the caller is told how much went in, and the rest goes in the next one.
TEST_F(SendBufferTest, StopsAtTheLastPieceOfAFrame) {
  const Bytes bytes = bytes_from(0, 160);
  for (std::uint32_t i = 0; i < 16; ++i) {
    ASSERT_TRUE(buffer_.append_owned(pool_->copy(std::span(bytes).subspan(i * 10, 10))));
  }
  Frame frame;
  EXPECT_EQ(buffer_.gather(0, 160, frame), 80U);
  EXPECT_EQ(frame.piece_count, Frame::kMaxPieces);
  Frame rest;
  EXPECT_EQ(buffer_.gather(80, 80, rest), 80U);
  EXPECT_EQ(content(rest), bytes_from(80, 80));
}

// DESIGN section 3: an owned buffer's deleter runs after the last acknowledgment.
TEST_F(SendBufferTest, LentBytesComeBackWhenReleased) {
  static int returned = 0;
  returned = 0;
  const Bytes bytes = bytes_from(0, 1'000);
  Slice lent = pool_->adopt(bytes, [](void*) noexcept { ++returned; }, nullptr);
  ASSERT_TRUE(buffer_.append_owned(std::move(lent)));
  Frame frame;
  ASSERT_EQ(buffer_.gather(0, 1'000, frame), 1'000U);
  EXPECT_EQ(frame.pieces[0].data(), bytes.data()) << "not copied";
  buffer_.release(999);
  EXPECT_EQ(returned, 0);
  buffer_.release(1);
  EXPECT_EQ(returned, 0) << "the frame still shows them";
  frame = Frame{};
  EXPECT_EQ(returned, 1);
}

TEST_F(SendBufferTest, CopiedBytesAfterLentOnesStandBehindThem) {
  ASSERT_EQ(buffer_.append(bytes_from(0, 10), 1'000, *pool_), 10U);
  ASSERT_TRUE(buffer_.append_owned(pool_->copy(bytes_from(10, 10))));
  ASSERT_EQ(buffer_.append(bytes_from(20, 10), 1'000, *pool_), 10U);
  Frame frame;
  ASSERT_EQ(buffer_.gather(0, 30, frame), 30U);
  EXPECT_EQ(content(frame), bytes_from(0, 30));
}

TEST_F(SendBufferTest, ReleasesAtMostAll) {
  ASSERT_EQ(buffer_.append(bytes_from(0, 10), 1'000, *pool_), 10U);
  buffer_.release(11);
  EXPECT_TRUE(buffer_.empty());
  EXPECT_EQ(pool_->usage().live_blocks, 0U) << "an idle connection owns no buffers";
}

// DESIGN section 3: running out is an answer. Whatever fails, what was said to be taken is there.
TEST_F(SendBufferTest, FailingMemoryTakesLess) {
  for (std::uint64_t n = 0; n < 12; ++n) {
    memory_.fail_at(n);
    SendBuffer buffer(memory_);
    std::uint32_t taken = 0;
    for (int i = 0; i < 8; ++i) {
      taken += buffer.append(bytes_from(taken, 20'000), 1U << 20, *pool_);
    }
    EXPECT_EQ(buffer.size(), taken);
    for (std::uint32_t at = 0; at < taken;) {
      Frame frame;
      const std::uint32_t got = buffer.gather(at, 5'000, frame);
      ASSERT_GT(got, 0U);
      ASSERT_EQ(content(frame), bytes_from(at, got));
      at += got;
    }
  }
  memory_.fail_never();
}

TEST_F(SendBufferTest, ExhaustedPoolTakesNothing) {
  BufferPoolOwner tiny(BufferPool::make(memory_, 4'096));
  const std::uint32_t taken = buffer_.append(bytes_from(0, 100'000), 1U << 20, *tiny);
  EXPECT_LT(taken, 100'000U);
  EXPECT_EQ(buffer_.size(), taken);
  buffer_.release(taken);
}

// Against a plain vector: random appends, releases and gathers, with positions that wrap.
TEST_F(SendBufferTest, IsAVectorToWhoeverLooks) {
  Random random(7);
  std::uint32_t written = 0;
  std::uint32_t front = 0;
  for (int step = 0; step < 20'000; ++step) {
    switch (random.below(4)) {
      case 0:
        written +=
            buffer_.append(bytes_from(written, static_cast<std::uint32_t>(random.below(3'000))),
                           60'000U - buffer_.size(), *pool_);
        break;
      case 1: {
        const auto count = static_cast<std::uint32_t>(random.below(500));
        if (buffer_.size() + count > 60'000) break;
        if (buffer_.append_owned(pool_->copy(bytes_from(written, count)))) written += count;
        break;
      }
      case 2: {
        const auto count =
            std::min(static_cast<std::uint32_t>(random.below(4'000)), buffer_.size());
        buffer_.release(count);
        front += count;
        break;
      }
      default: {
        if (buffer_.empty()) break;
        const auto offset = static_cast<std::uint32_t>(random.below(buffer_.size()));
        Frame frame;
        const std::uint32_t got =
            buffer_.gather(offset, static_cast<std::uint32_t>(random.below(3'000)), frame);
        ASSERT_EQ(content(frame), bytes_from(front + offset, got));
      }
    }
    ASSERT_EQ(buffer_.size(), written - front);
  }
}

}  // namespace
}  // namespace bowline::tcp
