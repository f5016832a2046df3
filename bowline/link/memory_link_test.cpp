#include "bowline/link/memory_link.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/link/testing/offloaded_segments.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline {
namespace {

constexpr Time kNow{5s};

class MemoryLinks : public testing::OffloadedSegments {
 protected:
  std::array<Frame, 64> in_;
};

TEST_F(MemoryLinks, BytesCrossByReference) {
  auto pair = LinkPair::create();
  ASSERT_TRUE(pair);
  std::array<Frame, 1> out{segment(60'000, 1448)};
  const std::byte* const payload = out[0].pieces[1].data();
  EXPECT_EQ(pair->right().next_deadline(), kNever);
  EXPECT_EQ(pair->left().take(out), 42U);  // as wire packets, though it crosses in one piece
  EXPECT_EQ(pair->right().next_deadline(), Time{});
  EXPECT_EQ(pair->left().next_deadline(), kNever);
  ASSERT_EQ(pair->right().receive(in_, *pool_, kNow), 1U);
  EXPECT_EQ(in_[0].pieces[1].data(), payload);
  EXPECT_EQ(in_[0].gso_size, 1448);
  EXPECT_EQ(in_[0].checksum, Checksum::verified);
  EXPECT_EQ(in_[0].id, FrameId::none);
  EXPECT_EQ(in_[0].arrival, kNow);
  EXPECT_EQ(pair->right().receive(in_, *pool_, kNow), 0U);
  EXPECT_EQ(pair->right().next_deadline(), kNever);
}

TEST_F(MemoryLinks, CutWireBringsWirePackets) {
  MemoryLinkOptions options;
  options.wire = MemoryWire::cut;
  auto pair = LinkPair::create(options);
  ASSERT_TRUE(pair);
  std::array<Frame, 1> out{segment(3 * 1460, 1460)};
  EXPECT_EQ(pair->left().take(out), 3U);
  ASSERT_EQ(pair->right().receive(in_, *pool_, kNow), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(in_[i].size, 1500U);
    EXPECT_EQ(in_[i].checksum, Checksum::verified);
    EXPECT_EQ(in_[i].gso_size, 0);
  }
  EXPECT_EQ(pair->from_left().frames, 3U);
  EXPECT_EQ(pair->from_left().bytes, 4500U);
}

TEST_F(MemoryLinks, CheckedWireCompletesChecksumsAndVouchesForNothing) {
  MemoryLinkOptions options;
  options.wire = MemoryWire::checked;
  auto pair = LinkPair::create(options);
  ASSERT_TRUE(pair);
  std::array<Frame, 2> out{segment(3 * 1460, 1460), segment(11)};
  EXPECT_EQ(pair->left().take(out), 4U);
  ASSERT_EQ(pair->right().receive(in_, *pool_, kNow), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(in_[i].checksum, Checksum::unknown);
    EXPECT_TRUE(intact(in_[i]));
  }
}

TEST_F(MemoryLinks, FullQueueTakesAPrefixAndSaysSo) {
  MemoryLinkOptions options;
  options.wire = MemoryWire::cut;
  options.queue = 4;
  auto pair = LinkPair::create(options);
  ASSERT_TRUE(pair);
  std::array<Frame, 2> out{segment(100), segment(6 * 1000, 1000)};
  EXPECT_EQ(pair->left().take(out), 4U);  // the small one, and three pieces of the large one
  EXPECT_TRUE(pair->left().blocked());
  EXPECT_EQ(pair->left().take(out), 0U);
  ASSERT_EQ(pair->right().receive(std::span(in_).first(1), *pool_, kNow), 1U);
  EXPECT_FALSE(pair->left().blocked());
  EXPECT_EQ(pair->right().receive(in_, *pool_, kNow), 3U);
}

TEST_F(MemoryLinks, WhatDoesNotFitIsLostAndCounted) {
  auto pair = LinkPair::create();
  ASSERT_TRUE(pair);
  std::array<Frame, 2> out{segment(1461), segment(5000, 1461)};
  EXPECT_EQ(pair->left().take(out), 5U);
  EXPECT_EQ(pair->from_left().too_big, 5U);
  EXPECT_EQ(pair->right().receive(in_, *pool_, kNow), 0U);
}

TEST_F(MemoryLinks, LoopbackReturnsWhatItTook) {
  auto loopback = LoopbackLink::create();
  ASSERT_TRUE(loopback);
  EXPECT_EQ(loopback->info().mtu, 65'535U);
  std::array<Frame, 1> out{segment(60'000)};
  EXPECT_EQ(loopback->take(out), 1U);
  EXPECT_EQ(loopback->next_deadline(), Time{});
  ASSERT_EQ(loopback->receive(in_, *pool_, kNow), 1U);
  EXPECT_EQ(in_[0].size, 60'040U);
}

TEST_F(MemoryLinks, FramesOutliveLinkAndSender) {
  MemoryLinkOptions options;
  options.wire = MemoryWire::checked;
  std::array<Frame, 1> kept;
  {
    auto pair = LinkPair::create(options);
    ASSERT_TRUE(pair);
    std::array<Frame, 1> out{segment(500)};
    EXPECT_EQ(pair->left().take(out), 1U);
    ASSERT_EQ(pair->right().receive(kept, *pool_, kNow), 1U);
  }
  pool_ = BufferPoolOwner{};
  EXPECT_TRUE(intact(kept[0]));
}

TEST(MemoryLinkOptions, NonsenseIsRefused) {
  const auto refused = [](auto change) {
    MemoryLinkOptions options;
    change(options);
    const auto pair = LinkPair::create(options);
    return !pair && pair.error() == std::errc::invalid_argument;
  };
  EXPECT_TRUE(refused([](auto& options) { options.mtu = 67; }));
  EXPECT_TRUE(refused([](auto& options) { options.mtu = 65'536; }));
  EXPECT_TRUE(refused([](auto& options) { options.max_gso = 65'536; }));
  EXPECT_TRUE(refused([](auto& options) { options.queue = 0; }));
  EXPECT_TRUE(refused([](auto& options) { options.transmit_checksum = false; }));
  EXPECT_FALSE(refused([](auto& options) {
    options.transmit_checksum = false;
    options.max_gso = 0;
  }));
}

// Says no from the n-th request on.
class Stingy final : public Memory {
 public:
  explicit Stingy(int grants) : grants_(grants) {}
  void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
    return grants_-- > 0 ? heap_memory().allocate(bytes, alignment) : nullptr;
  }
  void release(void* memory, std::size_t bytes, std::size_t alignment) noexcept override {
    heap_memory().release(memory, bytes, alignment);
  }

 private:
  int grants_;
};

TEST(MemoryLinkOptions, RunningOutOfMemoryIsAnError) {
  for (const MemoryWire wire : {MemoryWire::whole, MemoryWire::checked}) {
    const int needed = wire == MemoryWire::whole ? 3 : 5;
    for (int grants = 0; grants <= needed; ++grants) {
      Stingy memory(grants);
      MemoryLinkOptions options;
      options.wire = wire;
      options.memory = &memory;
      const auto pair = LinkPair::create(options);
      EXPECT_EQ(pair.has_value(), grants == needed);
      if (!pair) {
        EXPECT_EQ(pair.error(), std::errc::not_enough_memory);
      }
    }
  }
}

}  // namespace
}  // namespace bowline
