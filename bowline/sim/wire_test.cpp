#include "bowline/sim/wire.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <memory>
#include <vector>

namespace bowline::sim {
namespace {

constexpr Time kStart{1s};

Packet packet_of(std::size_t size) {
  return std::make_shared<const std::vector<std::byte>>(size, std::byte{0x55});
}

Pipe pipe_of(const Wire& wire, std::uint64_t seed = 1) {
  return Pipe(wire, Random::stream(seed, "wire"));
}

TEST(SimWire, APacketArrivesAfterItsTransmissionAndTheDelay) {
  Pipe pipe = pipe_of({.rate = 8_mbps, .delay = 20ms});
  const auto outcome = pipe.send(packet_of(1'000), kStart);
  ASSERT_EQ(outcome.count, 1);
  EXPECT_EQ(outcome.arrivals[0].at, kStart + 21ms);
  EXPECT_EQ(outcome.fate, Fate::passed);
}

TEST(SimWire, TheTransmitterSendsOneAfterTheOther) {
  Pipe pipe = pipe_of({.rate = 8_mbps});
  EXPECT_EQ(pipe.send(packet_of(1'000), kStart).arrivals[0].at, kStart + 1ms);
  EXPECT_EQ(pipe.send(packet_of(500), kStart).arrivals[0].at, kStart + 1500us);
  // After a pause it starts at once.
  EXPECT_EQ(pipe.send(packet_of(1'000), kStart + 10ms).arrivals[0].at, kStart + 11ms);
}

TEST(SimWire, AFullQueueLosesWhatComes) {
  Pipe pipe = pipe_of({.rate = 8_mbps, .queue = 3'000});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pipe.send(packet_of(1'000), kStart).fate, Fate::passed);
  EXPECT_EQ(pipe.send(packet_of(1'000), kStart).fate, Fate::queue_full);
  EXPECT_EQ(pipe.send(packet_of(1'000), kStart + 1ms).fate, Fate::passed);
}

TEST(SimWire, AnIdleTransmitterTakesAPacketLargerThanItsQueue) {
  Pipe pipe = pipe_of({.rate = 8_mbps, .queue = 100});
  EXPECT_EQ(pipe.send(packet_of(1'000), kStart).fate, Fate::passed);
}

TEST(SimWire, WhatIsLargerThanTheMtuIsLost) {
  Pipe pipe = pipe_of({.mtu = 576});
  EXPECT_EQ(pipe.send(packet_of(577), kStart).fate, Fate::too_big);
  EXPECT_EQ(pipe.send(packet_of(576), kStart).fate, Fate::passed);
}

TEST(SimWire, LossIsAsFrequentAsItSays) {
  Pipe pipe = pipe_of({.loss = 1_percent});
  int lost = 0;
  for (int i = 0; i < 100'000; ++i) lost += pipe.send(packet_of(40), kStart).fate == Fate::lost;
  EXPECT_NEAR(lost, 1'000, 130);  // four standard deviations
}

TEST(SimWire, NeverAndAlwaysAreExact) {
  Pipe never = pipe_of({});
  Pipe always = pipe_of({.loss = 100_percent});
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(never.send(packet_of(40), kStart).fate, Fate::passed);
    EXPECT_EQ(always.send(packet_of(40), kStart).fate, Fate::lost);
  }
}

TEST(SimWire, AHeldBackPacketIsOvertaken) {
  Pipe pipe = pipe_of({.delay = 1ms, .reorder = 100_percent, .reorder_by = 5ms});
  const auto held = pipe.send(packet_of(40), kStart);
  EXPECT_EQ(held.fate, Fate::reordered);
  EXPECT_EQ(held.arrivals[0].at, kStart + 6ms);
  pipe.change({.delay = 1ms});
  EXPECT_EQ(pipe.send(packet_of(40), kStart).arrivals[0].at, kStart + 1ms);
}

TEST(SimWire, JitterKeepsTheOrder) {
  Pipe pipe = pipe_of({.delay = 1ms, .jitter = 10ms});
  Time last{};
  bool varied = false;
  for (int i = 0; i < 1'000; ++i) {
    const Time arrival = pipe.send(packet_of(40), kStart + i * 1ms).arrivals[0].at;
    EXPECT_GE(arrival, last);
    EXPECT_LE(arrival, kStart + i * 1ms + 11ms);
    varied = varied || arrival - last != 1ms;
    last = arrival;
  }
  EXPECT_TRUE(varied);
}

TEST(SimWire, ADuplicateArrivesTwice) {
  Pipe pipe = pipe_of({.delay = 1ms, .duplicate = 100_percent, .duplicate_after = 2ms});
  const auto outcome = pipe.send(packet_of(40), kStart);
  ASSERT_EQ(outcome.count, 2);
  EXPECT_EQ(outcome.arrivals[0].at, kStart + 1ms);
  EXPECT_EQ(outcome.arrivals[1].at, kStart + 3ms);
  EXPECT_EQ(*outcome.arrivals[0].packet, *outcome.arrivals[1].packet);
}

TEST(SimWire, CorruptionFlipsOneBitOfACopy) {
  Pipe pipe = pipe_of({.corrupt = 100_percent});
  const Packet sent = packet_of(40);
  const auto outcome = pipe.send(sent, kStart);
  int flipped = 0;
  for (std::size_t i = 0; i < 40; ++i) {
    flipped +=
        std::popcount(std::to_integer<unsigned>((*sent)[i] ^ (*outcome.arrivals[0].packet)[i]));
  }
  EXPECT_EQ(flipped, 1);
  EXPECT_EQ(*sent, *packet_of(40)) << "the sender's packet is not touched";
}

// One accident does not shift the others: with loss switched on, the same packets are held back as
// without.
TEST(SimWire, AccidentsAreIndependent) {
  Pipe reordering = pipe_of({.reorder = 10_percent});
  Pipe both = pipe_of({.loss = 50_percent, .reorder = 10_percent});
  for (int i = 0; i < 1'000; ++i) {
    const Fate one = reordering.send(packet_of(40), kStart).fate;
    const Fate other = both.send(packet_of(40), kStart).fate;
    if (other != Fate::lost) {
      EXPECT_EQ(one, other) << i;
    }
  }
}

TEST(SimWire, ACopyHasTheSameAccidents) {
  Pipe pipe = pipe_of({.jitter = 3ms, .loss = 20_percent, .duplicate = 20_percent});
  for (int i = 0; i < 10; ++i) (void)pipe.send(packet_of(40), kStart);
  Pipe copy = pipe;
  for (int i = 0; i < 1'000; ++i) {
    const auto a = pipe.send(packet_of(40), kStart + i * 1ms);
    const auto b = copy.send(packet_of(40), kStart + i * 1ms);
    ASSERT_EQ(a.fate, b.fate);
    ASSERT_EQ(a.arrivals[0].at, b.arrivals[0].at);
  }
}

}  // namespace
}  // namespace bowline::sim
