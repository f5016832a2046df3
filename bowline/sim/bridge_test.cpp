#include "bowline/sim/bridge.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "bowline/link/memory_link.hpp"
#include "bowline/link/segment.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::sim {
namespace {

constexpr std::uint32_t kHeaders = 40;
constexpr std::uint16_t kMss = 1460;

// Two cables with a bridge between them, in virtual time.
class Bridged : public ::testing::Test {
 protected:
  void connect(const Wire& there, const Wire& back = {}) {
    bridge_.emplace(left_.right(), right_.left(), there, back, 7);
  }

  // A TCP segment as a link with offloads brings it: uncut, its checksum undone.
  Frame segment(std::uint32_t payload, std::uint32_t seq = 0) {
    std::vector<std::byte> bytes(kHeaders + payload);
    wire::IpHeader ip;
    ip.source = IpAddress::v4(0x0a000001);
    ip.destination = IpAddress::v4(0x0a000002);
    ip.protocol = wire::kProtocolTcp;
    ip.payload_size = 20 + payload;
    wire::emit_ip(bytes.data(), ip);
    wire::TcpHeader tcp;
    tcp.seq = SeqNumber(seq);
    tcp.flags = wire::kAck;
    tcp.checksum =
        wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size).partial();
    EXPECT_EQ(wire::emit_tcp(std::span(bytes).subspan(20), tcp, {}), 20U);
    Frame frame;
    EXPECT_TRUE(frame.append(pool_->copy(bytes)));
    frame.header_size = kHeaders;
    frame.gso_size = payload > kMss ? kMss : 0;
    frame.checksum = Checksum::partial;
    frame.checksum_start = 20;
    frame.checksum_offset = wire::kTcpChecksumOffset;
    return frame;
  }

  void send(Link& link, Frame frame) { EXPECT_GT(link.take(std::span(&frame, 1)), 0U); }

  struct Received {
    Time at{};
    std::uint32_t payload = 0;
    std::uint32_t packets = 0;
    bool intact = false;
  };
  // Runs the bridge until nothing is under way and returns what came out at the right.
  std::vector<Received> run() {
    std::vector<Received> received;
    for (;;) {
      bridge_->turn(now_);
      Frame frame;
      while (right_.right().receive(std::span(&frame, 1), *pool_, now_) == 1) {
        received.push_back({now_, frame.size - kHeaders, wire_packets(frame), intact(frame)});
      }
      const Time next = bridge_->next_deadline();
      if (next == kNever) return received;
      now_ = std::max(now_, next);
    }
  }
  // Does it carry what a receiver would accept?
  bool intact(const Frame& frame) {
    const Segmenter segmenter(frame, *pool_, CutChecksum::complete);
    Frame packet;
    if (!segmenter.cut(0, packet)) return false;
    std::vector<std::byte> bytes(packet.size);
    if (!packet.copy_to(0, bytes)) return false;
    wire::ChecksumSum sum = wire::pseudo_header_sum(
        IpAddress::v4(0x0a000001), IpAddress::v4(0x0a000002), wire::kProtocolTcp, packet.size - 20);
    sum.add(std::span(bytes).subspan(20));
    return sum.verifies();
  }

  static LinkPair cable() { return *LinkPair::create({.queue = 100'000}); }

  BufferPoolOwner pool_{BufferPool::make(heap_memory(), 256U << 20)};
  LinkPair left_ = cable();
  LinkPair right_ = cable();
  std::optional<Bridge> bridge_;
  Time now_{1s};
};

TEST_F(Bridged, CarriesLargeSegmentsAsWirePacketsAtTheWiresRate) {
  connect({.rate = 12_mbps, .delay = 10ms, .queue = 1_MiB});  // 1500 bytes take 1 ms
  send(left_.left(), segment(4 * kMss));
  const auto received = run();
  ASSERT_EQ(received.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(received[i].at, Time(1s + 10ms + (i + 1) * 1ms));
    EXPECT_EQ(received[i].payload, kMss);
    EXPECT_TRUE(received[i].intact);
  }
  EXPECT_EQ(bridge_->there().counters().packets, 4U);
  EXPECT_EQ(bridge_->there().counters().bytes, 4U * 1500);
  EXPECT_EQ(bridge_->back().counters().packets, 0U);
}

TEST_F(Bridged, MergesWhatIsDueTogether) {
  connect({.delay = 10ms});
  send(left_.left(), segment(10 * kMss));
  const auto received = run();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_EQ(received[0].packets, 7U);
  EXPECT_EQ(received[1].packets, 3U);
  EXPECT_TRUE(received[0].intact);
  EXPECT_EQ(received[0].at, Time(1s + 10ms));
}

TEST_F(Bridged, WaitsForNeighboursNoLongerThanItSays) {
  connect({.rate = 1200_mbps, .queue = 1_MiB});  // 10 us a packet
  send(left_.left(), segment(10 * kMss));
  const auto received = run();
  ASSERT_EQ(received.size(), 3U);  // the first; those of 50 us; the rest
  EXPECT_EQ(received[0].at, Time(1s + 10us));
  EXPECT_EQ(received[1].at, Time(1s + 60us));
  EXPECT_EQ(received[1].packets, 5U);
  EXPECT_EQ(received[2].at, Time(1s + 110us));
  EXPECT_LE(bridge_->lateness().most(), Bridge::kGather);
}

TEST_F(Bridged, LosesWirePacketsNotSegments) {
  connect({.delay = 1ms, .loss = 10_percent, .queue = 1_MiB});
  constexpr std::uint32_t kSegments = 500;
  for (std::uint32_t i = 0; i < kSegments; ++i) send(left_.left(), segment(10 * kMss, i * 14600));
  std::uint64_t arrived = 0;
  for (const Received& each : run()) arrived += each.payload / kMss;
  const LaneCounters& counters = bridge_->there().counters();
  EXPECT_EQ(counters.packets, 10U * kSegments);
  EXPECT_EQ(counters.of(Fate::lost) + arrived, counters.packets);
  // Whole segments lost would be 500 in all; 5000 packets of 10 %: 500 +- 5 deviations of 21.
  EXPECT_NEAR(static_cast<double>(counters.of(Fate::lost)), 500, 110);
}

TEST_F(Bridged, FlipsABitThatTheReceiverCanSee) {
  connect({.delay = 1ms, .corrupt = 100_percent});
  send(left_.left(), segment(3 * kMss));
  const auto received = run();
  EXPECT_EQ(received.size(), 3U);  // not merged: that would make the checksum right
  EXPECT_EQ(bridge_->there().counters().of(Fate::corrupted), 3U);
}

TEST_F(Bridged, DropsWhatTheQueueAndTheMtuDoNotTake) {
  connect({.rate = 12_mbps, .queue = 4'500}, {.mtu = 1'499});
  send(left_.left(), segment(10 * kMss));
  send(right_.right(), segment(kMss));
  EXPECT_EQ(run().size(), 3U);
  EXPECT_EQ(bridge_->there().counters().of(Fate::queue_full), 7U);
  EXPECT_EQ(bridge_->back().counters().of(Fate::too_big), 1U);
}

TEST_F(Bridged, AManagedQueueKeepsTheRateThoughTurnsAreLate) {
  connect({.rate = 12_mbps, .queue = 1_MiB, .codel = Codel{}});  // 1500 bytes take 1 ms
  send(left_.left(), segment(10 * kMss));
  bridge_->turn(now_);
  now_ += 5ms + 500us;  // nobody looks for a while: five have left in the meantime
  bridge_->turn(now_);
  EXPECT_EQ(bridge_->there().counters().arrived, 5U);
  now_ += 5ms;
  bridge_->turn(now_);
  EXPECT_EQ(bridge_->there().counters().arrived, 10U);
  EXPECT_EQ(bridge_->there().counters().of(Fate::passed), 10U);
}

TEST_F(Bridged, TheSameSeedBringsTheSameAccidents) {
  const Wire wire{.delay = 1ms,
                  .jitter = 3ms,
                  .loss = 5_percent,
                  .reorder = 5_percent,
                  .duplicate = 5_percent,
                  .queue = 1_MiB};
  std::vector<std::pair<Duration, std::uint32_t>> runs[2];
  for (auto& record : runs) {
    connect(wire);
    const Time start = now_;
    for (std::uint32_t i = 0; i < 200; ++i) send(left_.left(), segment(kMss, i * kMss));
    for (const Received& each : run()) record.emplace_back(each.at - start, each.payload);
  }
  EXPECT_GT(bridge_->there().counters().of(Fate::lost), 0U);
  EXPECT_GT(bridge_->there().counters().of(Fate::reordered), 0U);
  EXPECT_GT(bridge_->there().counters().of(Fate::duplicated), 0U);
  EXPECT_EQ(runs[0], runs[1]);
}

TEST(Lateness, GivesTheClassThatHoldsAShare) {
  Lateness lateness;
  EXPECT_EQ(lateness.of(0.99), 0us);
  for (int i = 0; i < 90; ++i) lateness.add(20us);
  for (int i = 0; i < 10; ++i) lateness.add(700us);
  EXPECT_EQ(lateness.turns(), 100U);
  EXPECT_EQ(lateness.of(0.5), 50us);
  EXPECT_EQ(lateness.of(0.9), 50us);
  EXPECT_EQ(lateness.of(0.99), 700us);  // its class ends at 1 ms, but nothing was later than this
  lateness.add(1s);
  EXPECT_EQ(lateness.of(0.9), 1ms);
  EXPECT_EQ(lateness.of(1), 1s);
  EXPECT_EQ(lateness.most(), 1s);
}

}  // namespace
}  // namespace bowline::sim
