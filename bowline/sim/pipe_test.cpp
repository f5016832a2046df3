#include "bowline/sim/pipe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "bowline/wire/checksum.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::sim {
namespace {

constexpr Time kStart{1s};

/// A pipe with what a simulation gives it.
class TestPipe {
 public:
  explicit TestPipe(const Wire& wire, std::uint64_t seed = 1)
      : pool_(BufferPool::make(heap_memory(), 1U << 30)),
        pipe_(wire, Random::stream(seed, "wire")) {}
  TestPipe(const TestPipe& other)
      : pool_(BufferPool::make(heap_memory(), 1U << 30)), pipe_(other.pipe_), order_(other.order_) {
    pipe_.own_packets(*pool_);
  }

  /// What becomes of one packet in a pipe without a managed queue.
  struct Outcome {
    Fate fate{};
    std::vector<Pipe::Arrival> arrivals;
  };
  Outcome send(std::size_t size, Time now) {
    return send(Packet::copy_of(std::vector<std::byte>(size, std::byte{0x55}), *pool_), now);
  }
  Outcome send(Packet packet, Time now) {
    Outcome outcome;
    outcome.fate = pipe_.send(std::move(packet), ++number_, now, context());
    while (pipe_.next().at != kNever) outcome.arrivals.push_back(pipe_.arrive());
    return outcome;
  }
  /// Puts one into the managed queue.
  Fate queue(Packet packet, Time now) {
    return pipe_.send(std::move(packet), ++number_, now, context());
  }
  Fate queue(std::size_t size, Time now) {
    return queue(Packet::copy_of(std::vector<std::byte>(size, std::byte{0x55}), *pool_), now);
  }
  /// Lets everything happen; returns the departures' fates, and the arrivals.
  std::pair<std::vector<Fate>, std::vector<Pipe::Arrival>> run() {
    std::pair<std::vector<Fate>, std::vector<Pipe::Arrival>> result;
    std::vector<Pipe::Departure> departures;
    while (pipe_.next().at != kNever) {
      if (!pipe_.departs_next()) {
        result.second.push_back(pipe_.arrive());
        continue;
      }
      departures.clear();
      pipe_.depart(pipe_.next().at, context(), departures);
      for (const auto& departure : departures) result.first.push_back(departure.fate);
    }
    return result;
  }
  /// An IPv4 or IPv6 packet with these ECN bits.
  Packet ip_packet(Family family, std::uint8_t ecn) {
    std::vector<std::byte> bytes(1'000);
    wire::IpHeader header;
    header.source = IpAddress::any(family);
    header.destination = IpAddress::any(family);
    header.protocol = wire::kProtocolUdp;
    header.tos = static_cast<std::uint8_t>(0xb8U | ecn);
    header.payload_size = static_cast<std::uint32_t>(1'000 - wire::ip_header_size(family));
    (void)wire::emit_ip(bytes.data(), header);
    return Packet::copy_of(bytes, *pool_);
  }
  void change(const Wire& wire) { pipe_.change(wire); }
  BufferPool& pool() { return *pool_; }

 private:
  PipeContext context() { return {*pool_, order_}; }
  BufferPoolOwner pool_;
  Pipe pipe_;
  std::uint64_t order_ = 0;
  std::uint64_t number_ = 0;
};

TEST(SimPipe, APacketArrivesAfterItsTransmissionAndTheDelay) {
  TestPipe pipe({.rate = 8_mbps, .delay = 20ms});
  const auto outcome = pipe.send(1'000, kStart);
  ASSERT_EQ(outcome.arrivals.size(), 1U);
  EXPECT_EQ(outcome.arrivals[0].at, kStart + 21ms);
  EXPECT_EQ(outcome.fate, Fate::passed);
}

TEST(SimPipe, TheTransmitterSendsOneAfterTheOther) {
  TestPipe pipe({.rate = 8_mbps});
  EXPECT_EQ(pipe.send(1'000, kStart).arrivals[0].at, kStart + 1ms);
  EXPECT_EQ(pipe.send(500, kStart).arrivals[0].at, kStart + 1500us);
  // After a pause it starts at once.
  EXPECT_EQ(pipe.send(1'000, kStart + 10ms).arrivals[0].at, kStart + 11ms);
}

TEST(SimPipe, AFullQueueLosesWhatComes) {
  TestPipe pipe({.rate = 8_mbps, .queue = 3'000});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pipe.send(1'000, kStart).fate, Fate::passed);
  EXPECT_EQ(pipe.send(1'000, kStart).fate, Fate::queue_full);
  EXPECT_EQ(pipe.send(1'000, kStart + 1ms).fate, Fate::passed);
}

TEST(SimPipe, AnIdleTransmitterTakesAPacketLargerThanItsQueue) {
  TestPipe pipe({.rate = 8_mbps, .queue = 100});
  EXPECT_EQ(pipe.send(1'000, kStart).fate, Fate::passed);
}

TEST(SimPipe, WhatIsLargerThanTheMtuIsLost) {
  TestPipe pipe({.mtu = 576});
  EXPECT_EQ(pipe.send(577, kStart).fate, Fate::too_big);
  EXPECT_EQ(pipe.send(576, kStart).fate, Fate::passed);
}

TEST(SimPipe, LossIsAsFrequentAsItSays) {
  TestPipe pipe({.loss = 1_percent});
  int lost = 0;
  for (int i = 0; i < 100'000; ++i) lost += pipe.send(40, kStart).fate == Fate::lost;
  EXPECT_NEAR(lost, 1'000, 130);  // four standard deviations
}

TEST(SimPipe, NeverAndAlwaysAreExact) {
  TestPipe never({});
  TestPipe always({.loss = 100_percent});
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(never.send(40, kStart).fate, Fate::passed);
    EXPECT_EQ(always.send(40, kStart).fate, Fate::lost);
  }
}

TEST(SimPipe, AHeldBackPacketIsOvertaken) {
  TestPipe pipe({.delay = 1ms, .reorder = 100_percent, .reorder_by = 5ms});
  const auto held = pipe.send(40, kStart);
  EXPECT_EQ(held.fate, Fate::reordered);
  EXPECT_EQ(held.arrivals[0].at, kStart + 6ms);
  pipe.change({.delay = 1ms});
  EXPECT_EQ(pipe.send(40, kStart).arrivals[0].at, kStart + 1ms);
}

TEST(SimPipe, JitterKeepsTheOrder) {
  TestPipe pipe({.delay = 1ms, .jitter = 10ms});
  Time last{};
  bool varied = false;
  for (int i = 0; i < 1'000; ++i) {
    const Time arrival = pipe.send(40, kStart + i * 1ms).arrivals[0].at;
    EXPECT_GE(arrival, last);
    EXPECT_LE(arrival, kStart + i * 1ms + 11ms);
    varied = varied || arrival - last != 1ms;
    last = arrival;
  }
  EXPECT_TRUE(varied);
}

TEST(SimPipe, ADuplicateArrivesTwice) {
  TestPipe pipe({.delay = 1ms, .duplicate = 100_percent, .duplicate_after = 2ms});
  const auto outcome = pipe.send(40, kStart);
  ASSERT_EQ(outcome.arrivals.size(), 2U);
  EXPECT_EQ(outcome.arrivals[0].at, kStart + 1ms);
  EXPECT_EQ(outcome.arrivals[1].at, kStart + 3ms);
  EXPECT_FALSE(outcome.arrivals[0].copy);
  EXPECT_TRUE(outcome.arrivals[1].copy);
  std::vector<std::byte> scratch;
  EXPECT_EQ(std::memcmp(outcome.arrivals[0].packet.bytes(scratch).data(),
                        outcome.arrivals[1].packet.head().data(), 40),
            0);
}

TEST(SimPipe, CorruptionFlipsOneBitOfACopy) {
  TestPipe pipe({.corrupt = 100_percent});
  const Packet sent = Packet::copy_of(std::vector<std::byte>(40, std::byte{0x55}), pipe.pool());
  const auto outcome = pipe.send(sent, kStart);
  int flipped = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(sent.head()[i], std::byte{0x55}) << "the sender's packet is not touched";
    flipped += std::popcount(
        std::to_integer<unsigned>(sent.head()[i] ^ outcome.arrivals[0].packet.head()[i]));
  }
  EXPECT_EQ(flipped, 1);
}

// One accident does not shift the others: with loss switched on, the same packets are held back as
// without.
TEST(SimPipe, AccidentsAreIndependent) {
  TestPipe reordering({.reorder = 10_percent});
  TestPipe both({.loss = 50_percent, .reorder = 10_percent});
  for (int i = 0; i < 1'000; ++i) {
    const Fate one = reordering.send(40, kStart).fate;
    const Fate other = both.send(40, kStart).fate;
    if (other != Fate::lost) {
      EXPECT_EQ(one, other) << i;
    }
  }
}

TEST(SimPipe, ACopyHasTheSameAccidents) {
  TestPipe pipe({.jitter = 3ms,
                 .loss = 20_percent,
                 .bursts = {.enter = 10_percent, .leave = 30_percent},
                 .duplicate = 20_percent});
  for (int i = 0; i < 10; ++i) (void)pipe.send(40, kStart);
  TestPipe copy = pipe;
  for (int i = 0; i < 1'000; ++i) {
    const auto a = pipe.send(40, kStart + i * 1ms);
    const auto b = copy.send(40, kStart + i * 1ms);
    ASSERT_EQ(a.fate, b.fate);
    ASSERT_EQ(a.arrivals.size(), b.arrivals.size());
    if (!a.arrivals.empty()) {
      ASSERT_EQ(a.arrivals[0].at, b.arrivals[0].at);
    }
  }
}

// ---- loss in bursts -----------------------------------------------------------------------------

TEST(SimPipe, BurstsAreAsFrequentAndAsLongAsTheySay) {
  TestPipe pipe({.bursts = {.enter = 1_percent, .leave = 25_percent}});
  int lost = 0;
  int bursts = 0;
  bool before = false;
  for (int i = 0; i < 200'000; ++i) {
    const bool now = pipe.send(40, kStart).fate == Fate::lost;
    lost += now;
    bursts += now && !before;
    before = now;
  }
  // 1 / (1 + 25) of all packets, in bursts of 4.
  EXPECT_NEAR(lost / 200'000.0, 1 / 26.0, 0.003);
  EXPECT_NEAR(static_cast<double>(lost) / bursts, 4, 0.2);
}

TEST(SimPipe, TheGoodStateMayLoseTooAndTheBadOneNotAll) {
  TestPipe pipe({.bursts = {.enter = 50_percent,
                            .leave = 50_percent,
                            .loss_good = 10_percent,
                            .loss_bad = 30_percent}});
  int lost = 0;
  for (int i = 0; i < 100'000; ++i) lost += pipe.send(40, kStart).fate == Fate::lost;
  EXPECT_NEAR(lost / 100'000.0, 0.2, 0.01);
}

// ---- cuts ---------------------------------------------------------------------------------------

TEST(SimPipe, WhatIsOnACutWireIsLost) {
  TestPipe pipe({.delay = 10ms, .cuts = {{kStart, kStart + 100ms}}});
  EXPECT_EQ(pipe.send(40, kStart - 11ms).fate, Fate::passed) << "arrives before";
  EXPECT_EQ(pipe.send(40, kStart - 10ms).fate, Fate::cut) << "is on it";
  EXPECT_EQ(pipe.send(40, kStart + 99ms).fate, Fate::cut);
  EXPECT_EQ(pipe.send(40, kStart + 100ms).fate, Fate::passed) << "sent after";
}

// ---- congestion marks ---------------------------------------------------------------------------

std::uint8_t ecn_of(const Packet& packet) {
  return wire::parse_ip(packet.head(), packet.size()).value().tos;  // its checksum is right
}

TEST(SimPipeRfc3168, AQueueAboveTheThresholdMarksWhatCanBeMarked) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    TestPipe pipe({.rate = 8_mbps, .mark_above = 1'500});
    EXPECT_EQ(pipe.queue(pipe.ip_packet(family, wire::kEcnCapable0), kStart), Fate::passed);
    EXPECT_EQ(pipe.queue(pipe.ip_packet(family, wire::kEcnCapable0), kStart), Fate::passed);
    EXPECT_EQ(pipe.queue(pipe.ip_packet(family, wire::kEcnNotCapable), kStart), Fate::passed);
    EXPECT_EQ(pipe.queue(pipe.ip_packet(family, wire::kEcnCapable1), kStart), Fate::marked);
    EXPECT_EQ(pipe.queue(pipe.ip_packet(family, wire::kEcnCapable0), kStart), Fate::marked);
    const auto [departures, arrivals] = pipe.run();
    ASSERT_EQ(arrivals.size(), 5U);
    const std::uint8_t expected[]{0xb8 | 2, 0xb8 | 2, 0xb8, 0xb8 | 3, 0xb8 | 3};
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(ecn_of(arrivals[i].packet), expected[i]) << i;
  }
}

TEST(SimPipe, AManagedQueueDeliversInOrderAtTheRateOfTheWire) {
  TestPipe pipe({.rate = 8_mbps, .delay = 5ms, .codel = Codel{}});
  EXPECT_EQ(pipe.queue(1'000, kStart), Fate::passed);
  EXPECT_EQ(pipe.queue(1'000, kStart), Fate::queued);
  EXPECT_EQ(pipe.queue(1'000, kStart), Fate::queued);
  const auto [departures, arrivals] = pipe.run();
  EXPECT_EQ(departures, (std::vector<Fate>{Fate::passed, Fate::passed}));
  ASSERT_EQ(arrivals.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(arrivals[i].number, i + 1);
    EXPECT_EQ(arrivals[i].at, kStart + static_cast<int>(i + 1) * 1ms + 5ms);
  }
}

TEST(SimPipe, AManagedQueueIsFullAtItsLimitToo) {
  TestPipe pipe({.rate = 8_mbps, .queue = 3'000, .codel = Codel{}});
  EXPECT_EQ(pipe.queue(1'000, kStart), Fate::passed);
  EXPECT_EQ(pipe.queue(1'000, kStart), Fate::queued);
  EXPECT_EQ(pipe.queue(1'000, kStart), Fate::queued);
  EXPECT_EQ(pipe.queue(1'000, kStart), Fate::queue_full);
}

// RFC 8289: a queue that stands for more than an interval is drained from its front.
TEST(SimPipeRfc8289, AStandingQueueIsDroppedFromItsFront) {
  TestPipe pipe({.rate = 8_mbps, .queue = 1_MiB, .codel = Codel{}});
  for (int i = 0; i < 400; ++i) (void)pipe.queue(pipe.ip_packet(Family::ipv4, 0), kStart);
  const auto [departures, arrivals] = pipe.run();
  const auto dropped = std::count(departures.begin(), departures.end(), Fate::dropped);
  EXPECT_EQ(arrivals.size() + static_cast<std::size_t>(dropped), 400U);
  // Packet 6 is the first that waits 5 ms; an interval later the first is dropped, then at
  // 205, 276, 333, 383, ... ms: five before the queue of 400 ms has run empty.
  EXPECT_GE(dropped, 4);
  EXPECT_LE(dropped, 6);
  EXPECT_EQ(arrivals.back().number, 400U);
}

// RFC 8289 section 3.1, RFC 3168: what can be marked is not dropped.
TEST(SimPipeRfc8289, WhatCanBeMarkedIsMarkedInstead) {
  for (const bool ecn : {true, false}) {
    TestPipe pipe({.rate = 8_mbps, .queue = 1_MiB, .codel = Codel{.ecn = ecn}});
    for (int i = 0; i < 400; ++i) {
      (void)pipe.queue(pipe.ip_packet(Family::ipv6, wire::kEcnCapable0), kStart);
    }
    const auto [departures, arrivals] = pipe.run();
    const auto marked = std::count_if(arrivals.begin(), arrivals.end(), [](const auto& arrival) {
      return (ecn_of(arrival.packet) & wire::kEcnMask) == wire::kEcnCongested;
    });
    EXPECT_EQ(marked > 0, ecn);
    EXPECT_EQ(arrivals.size() == 400, ecn);
  }
}

}  // namespace
}  // namespace bowline::sim
