// The sink that cuts: what it counts as taken, and what it loses.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "bowline/link/segment.hpp"
#include "bowline/link/testing/offloaded_segments.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline {
namespace {

class CutSink : public testing::OffloadedSegments {};

// A sink that takes so many packets and then no more.
class Bounded final : public FrameSink {
 public:
  explicit Bounded(std::size_t room) : room_(room) {}
  std::size_t take(std::span<Frame> frames) noexcept override {
    const std::size_t count = std::min(room_, frames.size());
    for (std::size_t i = 0; i < count; ++i) packets.push_back(std::move(frames[i]));
    room_ -= count;
    return count;
  }
  std::vector<Frame> packets;

 private:
  std::size_t room_;
};

TEST_F(CutSink, SinkCountsWirePacketsWhateverPrefixIsTaken) {
  for (std::size_t room = 0; room <= 42; ++room) {
    std::array<Frame, 3> frames{segment(10), segment(40 * 1000, 1000), segment(10)};
    Bounded end(room);
    CuttingSink sink(end, *pool_, 1500);
    EXPECT_EQ(sink.take(frames), room);
    EXPECT_EQ(end.packets.size(), room);
    for (const Frame& packet : end.packets) {
      EXPECT_EQ(packet.checksum, Checksum::complete);
      EXPECT_TRUE(intact(packet));
    }
  }
}

TEST_F(CutSink, SinkLosesAndCountsWhatTheWireDoesNotTake) {
  std::array<Frame, 2> frames{segment(3000, 1000), segment(3000, 1000)};
  frames[0].header_size = 50;
  Bounded end(100);
  CuttingSink sink(end, *pool_, 1000);  // smaller than the cut packets
  EXPECT_EQ(sink.take(frames), wire_packets(frames[0]) + 3U);
  EXPECT_TRUE(end.packets.empty());
  EXPECT_EQ(sink.counters().malformed, 1U);
  EXPECT_EQ(sink.counters().too_big, 3U);

  const BufferPoolOwner empty{BufferPool::make(heap_memory(), 0)};
  CuttingSink starved(end, *empty, 1500);
  EXPECT_EQ(starved.take(std::span(frames).last(1)), 3U);
  EXPECT_EQ(starved.counters().no_memory, 3U);
  EXPECT_TRUE(end.packets.empty());
}

}  // namespace
}  // namespace bowline
