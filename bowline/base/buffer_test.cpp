#include "bowline/base/buffer.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "bowline/base/testing/failing_memory.hpp"

namespace bowline {
namespace {

using testing::FailingMemory;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(const Slice& slice) {
  return {reinterpret_cast<const char*>(slice.data()), slice.size()};
}

class BufferPoolTest : public ::testing::Test {
 protected:
  // Whatever a test did: everything went home, with the size it left with.
  void TearDown() override {
    pool_ = {};
    EXPECT_EQ(memory_.live_blocks(), 0U);
    EXPECT_EQ(memory_.mismatches(), 0U);
  }

  FailingMemory memory_;
  BufferPoolOwner pool_{BufferPool::make(memory_, 1U << 20)};
};

TEST_F(BufferPoolTest, CopyHoldsTheBytes) {
  const Slice slice = pool_->copy(bytes_of("half a league onward"));
  EXPECT_EQ(text_of(slice), "half a league onward");
  EXPECT_EQ(slice.references(), 1U);
  EXPECT_EQ(pool_->usage().live_blocks, 1U);
}

TEST_F(BufferPoolTest, SlicesShareAndTheLastOneFreesTheBlock) {
  Slice first = pool_->copy(bytes_of("abcdefgh"));
  {
    const Slice second = first;
    Slice third = first.part(2, 3);
    EXPECT_EQ(text_of(third), "cde");
    EXPECT_EQ(first.references(), 3U);
    first.reset();
    EXPECT_TRUE(first.empty());
    EXPECT_EQ(text_of(second), "abcdefgh");
    EXPECT_EQ(pool_->usage().live_blocks, 1U);
  }
  EXPECT_EQ(pool_->usage().live_blocks, 0U);
  EXPECT_EQ(pool_->usage().live_bytes, 0U);
}

TEST_F(BufferPoolTest, CuttingStaysWithinTheSlice) {
  Slice slice = pool_->copy(bytes_of("0123456789"));
  EXPECT_EQ(text_of(slice.part(8, 100)), "89");
  EXPECT_TRUE(slice.part(10, 1).empty());
  EXPECT_TRUE(slice.part(4'000'000'000, 1).empty());
  slice.drop_front(3);
  slice.truncate(4);
  EXPECT_EQ(text_of(slice), "3456");
  slice.truncate(100);
  EXPECT_EQ(text_of(slice), "3456");
  slice.drop_front(100);
  EXPECT_TRUE(slice.empty());
}

TEST_F(BufferPoolTest, AssignmentToItselfAndMovesKeepTheCount) {
  Slice slice = pool_->copy(bytes_of("self"));
  const Slice& alias = slice;
  slice = alias;
  EXPECT_EQ(text_of(slice), "self");
  EXPECT_EQ(slice.references(), 1U);
  Slice moved = std::move(slice);
  EXPECT_EQ(moved.references(), 1U);
  EXPECT_EQ(text_of(moved), "self");
}

// DESIGN section 3: caps count what is kept from being reused, not the payload.
TEST_F(BufferPoolTest, PinnedIsTheCapacityOfTheWholeBlock) {
  const Buffer buffer = pool_->allocate(BufferPool::kLargest);
  ASSERT_TRUE(buffer);
  const Slice one_byte = buffer.slice(100, 1);
  EXPECT_EQ(one_byte.size(), 1U);
  EXPECT_EQ(one_byte.pinned(), BufferPool::kLargest);
  EXPECT_EQ(Slice().pinned(), 0U);
}

TEST_F(BufferPoolTest, CapacityIsAtLeastWhatWasAskedFor) {
  for (const std::uint32_t size :
       {0U, 1U, 256U, 257U, 1500U, 2048U, 9000U, 16384U, 65536U, BufferPool::kLargest}) {
    const Buffer buffer = pool_->allocate(size);
    ASSERT_TRUE(buffer) << size;
    EXPECT_GE(buffer.capacity(), size);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0U);
    std::memset(buffer.data(), 0x5a, buffer.capacity());  // a sanitizer watches
  }
}

TEST_F(BufferPoolTest, RefusesWhatIsTooLarge) {
  EXPECT_FALSE(pool_->allocate(BufferPool::kLargest + 1));
  const std::vector<std::byte> large(BufferPool::kLargest + 1);
  EXPECT_TRUE(pool_->copy(large).empty());
  EXPECT_TRUE(pool_->copy({}).empty());
  EXPECT_EQ(pool_->usage().live_blocks, 0U);
}

TEST_F(BufferPoolTest, TheLimitCountsLiveCapacityAndRecovers) {
  std::vector<Slice> held;
  while (true) {
    Slice slice = pool_->copy(bytes_of("x"));
    if (slice.empty()) break;
    held.push_back(std::move(slice));
  }
  EXPECT_EQ(held.size(), (1U << 20) / 256);
  EXPECT_LE(pool_->usage().live_bytes, 1U << 20);
  EXPECT_EQ(pool_->usage().refused, 1U);
  held.pop_back();
  EXPECT_FALSE(pool_->copy(bytes_of("x")).empty());
}

// When payload has taken all that it may, there is room for headers still.
TEST_F(BufferPoolTest, TheLastPartIsForHeaders) {
  std::vector<Buffer> payload;
  while (Buffer block = pool_->allocate_payload(2'000)) payload.push_back(std::move(block));
  EXPECT_FALSE(pool_->has_room_for_payload(2'048));
  EXPECT_LE(pool_->usage().live_bytes, (1U << 20) / 100 * BufferPool::kPayloadPercent);
  EXPECT_EQ(pool_->usage().refused, 1U);
  const std::array<std::byte, 3'000> lent{};
  EXPECT_TRUE(pool_->adopt(lent, nullptr, nullptr).empty());
  std::vector<Buffer> headers;
  for (int i = 0; i < 100; ++i) {
    headers.push_back(pool_->allocate(200));
    ASSERT_TRUE(headers.back());
  }
  EXPECT_FALSE(pool_->allocate_payload(200));
}

TEST_F(BufferPoolTest, ABlockThatCameHomeIsHandedOutAgainFirst) {
  Slice first = pool_->copy(bytes_of("first"));
  Slice second = pool_->copy(bytes_of("second"));
  const std::byte* place = second.data();
  second.reset();
  const std::uint64_t requests = memory_.requests();
  const Slice third = pool_->copy(bytes_of("third"));
  EXPECT_EQ(third.data(), place);
  EXPECT_EQ(memory_.requests(), requests);
  EXPECT_EQ(pool_->usage().cached_bytes, 0U);
}

TEST_F(BufferPoolTest, NoMemoryIsAnEmptyBuffer) {
  memory_.fail_at(0);
  EXPECT_FALSE(pool_->allocate(100));
  EXPECT_EQ(pool_->usage().refused, 1U);
  EXPECT_EQ(pool_->usage().live_blocks, 0U);
  EXPECT_EQ(pool_->usage().live_bytes, 0U);
  EXPECT_TRUE(pool_->allocate(100));
  memory_.fail_at(0);
  EXPECT_EQ(BufferPool::make(memory_, 100), nullptr);
}

int deleted = 0;
void count_deletion(void* context) noexcept { deleted += *static_cast<int*>(context); }

// A lent buffer is shown as it is, and its deleter runs once, after the last slice.
TEST_F(BufferPoolTest, AdoptedMemoryGoesBackWithItsLastSlice) {
  deleted = 0;
  int weight = 7;
  std::string lent = "lent, not copied";
  Slice slice = pool_->adopt(bytes_of(lent), count_deletion, &weight);
  EXPECT_EQ(reinterpret_cast<const char*>(slice.data()), lent.data());
  EXPECT_EQ(slice.pinned(), lent.size());
  EXPECT_EQ(pool_->usage().live_bytes, lent.size());
  Slice part = slice.part(0, 4);
  slice.reset();
  EXPECT_EQ(deleted, 0);
  EXPECT_EQ(text_of(part), "lent");
  part.reset();
  EXPECT_EQ(deleted, 7);
  EXPECT_EQ(pool_->usage().live_bytes, 0U);
}

TEST_F(BufferPoolTest, AdoptThatFailsDoesNotDelete) {
  deleted = 0;
  int weight = 1;
  memory_.fail_at(0);
  EXPECT_TRUE(pool_->adopt(bytes_of("abc"), count_deletion, &weight).empty());
  const std::vector<std::byte> larger_than_the_pool((1U << 20) + 1);
  EXPECT_TRUE(pool_->adopt(larger_than_the_pool, count_deletion, &weight).empty());
  EXPECT_TRUE(pool_->adopt({}, count_deletion, &weight).empty());
  EXPECT_EQ(deleted, 0);
  EXPECT_TRUE(pool_->adopt(bytes_of("abc"), nullptr, nullptr).size() == 3);
}

// DESIGN section 3: pools outlive slices.
TEST_F(BufferPoolTest, RetiredPoolLivesUntilItsLastSliceIsGone) {
  deleted = 0;
  int weight = 1;
  Slice copied = pool_->copy(bytes_of("still here"));
  Slice lent = pool_->adopt(bytes_of("lent"), count_deletion, &weight);
  (void)pool_->copy(bytes_of("back at once, now cached"));
  pool_ = {};
  EXPECT_EQ(text_of(copied), "still here");
  EXPECT_GT(memory_.live_blocks(), 0U);
  copied.reset();
  EXPECT_GT(memory_.live_blocks(), 0U);
  lent.reset();
  EXPECT_EQ(deleted, 1);
  EXPECT_EQ(memory_.live_blocks(), 0U);
}

TEST_F(BufferPoolTest, ABufferKeepsItsBlockLikeASlice) {
  Buffer buffer = pool_->allocate(100);
  std::memcpy(buffer.data(), "abc", 3);
  const Slice slice = buffer.slice(0, 3);
  Buffer moved = std::move(buffer);
  EXPECT_FALSE(
      buffer);  // NOLINT(bugprone-use-after-move): what a moved-from Buffer is, is the point
  moved = Buffer();
  EXPECT_EQ(text_of(slice), "abc");
  EXPECT_EQ(slice.references(), 1U);
}

}  // namespace
}  // namespace bowline
