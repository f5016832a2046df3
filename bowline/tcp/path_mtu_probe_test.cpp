#include "bowline/tcp/path_mtu_probe.hpp"

#include <gtest/gtest.h>

#include "bowline/base/random.hpp"

namespace bowline::tcp {
namespace {

using Phase = PathMtuProbe::Phase;
constexpr Time kStart = Time(9s);
constexpr std::uint32_t kHeaders = 52;
constexpr SeqNumber kSeq{0xfffffff0};

ProbeConditions plenty(Time now) {
  return {.now = now, .queued = 1'000'000, .window = 1'000'000, .cwnd = 1'000'000};
}

PathMtuProbe searching(std::uint16_t path_mtu = 1500, std::uint16_t least = 576) {
  PathMtuProbe probe;
  probe.start(MtuProbing::always, {.least = least, .most = path_mtu}, path_mtu, kStart);
  return probe;
}

/// Searches a path that carries `carries`, with no other losses; returns how many probes were sent.
int search(PathMtuProbe& probe, std::uint16_t carries, Time& now) {
  for (int sent = 0;; ++sent) {
    const std::uint16_t size = probe.due(plenty(now), kHeaders);
    if (size == 0) {
      if (probe.phase() != Phase::searching || sent > 100) return sent;
      now += 1s;
      --sent;
      continue;
    }
    EXPECT_GT(size, probe.eff_pmtu());
    probe.probe_sent(size, kSeq, kSeq + size);
    if (size <= carries) {
      EXPECT_TRUE(probe.delivered(kSeq, kSeq + size, now));
    } else {
      EXPECT_TRUE(probe.lost(true, now));
    }
  }
}

TEST(PathMtuProbe, OffItDoesNothing) {
  PathMtuProbe probe;
  probe.start(MtuProbing::off, {}, 1500, kStart);
  EXPECT_EQ(probe.eff_pmtu(), 1500);
  EXPECT_EQ(probe.due(plenty(kStart), kHeaders), 0);
  EXPECT_FALSE(probe.timed_out(10, 1500, kStart));
  EXPECT_TRUE(probe.packet_too_big(1400, kStart)) << "ICMP counts all the same";
  EXPECT_EQ(probe.eff_pmtu(), 1400);
}

// RFC 4821 section 7.2: "eff_pmtu to be 1024 bytes"; section 7.6.1: success.
TEST(PathMtuProbe, StartsSmallAndTriesTheInterfacesSizeFirst) {
  PathMtuProbe probe = searching();
  EXPECT_EQ(probe.eff_pmtu(), 1064);
  ASSERT_EQ(probe.due(plenty(kStart), kHeaders), 1500);
  probe.probe_sent(1500, kSeq, kSeq + 1448);
  EXPECT_EQ(probe.due(plenty(kStart), kHeaders), 0) << "one at a time";
  EXPECT_TRUE(probe.probes(kSeq + 1447));
  EXPECT_FALSE(probe.probes(kSeq + 1448));
  EXPECT_FALSE(probe.delivered(kSeq, kSeq + 1000, kStart)) << "not all of it";
  EXPECT_TRUE(probe.delivered(kSeq - 5000u, kSeq + 1448, kStart));
  EXPECT_EQ(probe.eff_pmtu(), 1500);
  EXPECT_EQ(probe.phase(), Phase::complete);
}

// Section 7.3: whatever the path carries is found, to 8 bytes, exactly if it is a common size.
TEST(PathMtuProbe, FindsWhateverThePathCarries) {
  for (const std::uint16_t most : std::initializer_list<std::uint16_t>{1500, 9000, 65'535}) {
    for (std::uint16_t carries = 1064; carries <= most;
         carries = static_cast<std::uint16_t>(carries + 1 + carries / 300)) {
      PathMtuProbe probe = searching(most);
      Time now = kStart;
      EXPECT_LE(search(probe, carries, now), 75);
      ASSERT_LE(probe.eff_pmtu(), carries);
      ASSERT_GE(probe.eff_pmtu() + 8, carries);
      if (carries > 60'000) break;
    }
  }
  for (const std::uint16_t carries : std::initializer_list<std::uint16_t>{1492, 1480, 1420, 1280}) {
    PathMtuProbe probe = searching();
    Time now = kStart;
    (void)search(probe, carries, now);
    EXPECT_EQ(probe.eff_pmtu(), carries);
  }
}

// Section 7.6.2: lost alone it is not congestion; RFC 8899 section 5.1.2: MAX_PROBES is 3.
TEST(PathMtuProbe, ThreeLossesOfItsOwnSayThatASizeDoesNotFit) {
  PathMtuProbe probe = searching();
  Time now = kStart;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(probe.due(plenty(now), kHeaders), 1500);
    probe.probe_sent(1500, kSeq, kSeq + 1448);
    EXPECT_TRUE(probe.lost(true, now)) << "no congestion";
    EXPECT_EQ(probe.due(plenty(now + 999ms), kHeaders), 0) << "not at once again";
    now += 1s;
  }
  EXPECT_EQ(probe.search_high(), 1499);
  EXPECT_EQ(probe.eff_pmtu(), 1064);
  EXPECT_LT(probe.due(plenty(now), kHeaders), 1500);
}

// Section 7.6.4: other losses make it inconclusive.
TEST(PathMtuProbe, ALossAmongOthersIsCongestionAndSaysNothing) {
  PathMtuProbe probe = searching();
  for (int i = 0; i < 10; ++i) {
    probe.probe_sent(1500, kSeq, kSeq + 1448);
    EXPECT_FALSE(probe.lost(false, kStart));
  }
  EXPECT_EQ(probe.search_high(), 1500);
  EXPECT_EQ(probe.due(plenty(kStart + 1s), kHeaders), 1500);
}

TEST(PathMtuProbe, ALateDeliveryOfALostProbeProvesNothing) {
  PathMtuProbe probe = searching();
  probe.probe_sent(1500, kSeq, kSeq + 1448);
  (void)probe.lost(true, kStart);
  EXPECT_FALSE(probe.delivered(kSeq, kSeq + 1448, kStart)) << "it was sent again in small pieces";
}

// Sections 7.4 and 7.5: the loss must be one that ACKs can find.
TEST(PathMtuProbe, NeedsEnoughToSendBehindIt) {
  PathMtuProbe probe = searching();
  const std::uint32_t needed = 1448 + 4 * (1064 - kHeaders);
  const ProbeConditions enough{
      .now = kStart, .queued = needed, .window = needed, .cwnd = needed, .in_flight = 0};
  EXPECT_EQ(probe.due(enough, kHeaders), 1500);
  ProbeConditions with = enough;
  --with.queued;
  EXPECT_EQ(probe.due(with, kHeaders), 0);
  with = enough;
  --with.window;
  EXPECT_EQ(probe.due(with, kHeaders), 0);
  with = enough;
  --with.cwnd;
  EXPECT_EQ(probe.due(with, kHeaders), 0);
  with = enough;
  with.in_flight = needed - 1447;
  EXPECT_EQ(probe.due(with, kHeaders), 0) << "no room in the window";
  with = enough;
  with.in_recovery = true;
  EXPECT_EQ(probe.due(with, kHeaders), 0);
}

// RFC 8899 section 5.1.1: PMTU_RAISE_TIMER is 600 s.
TEST(PathMtuProbe, LooksAgainAfterTenMinutes) {
  PathMtuProbe probe = searching();
  Time now = kStart;
  (void)search(probe, 1400, now);
  ASSERT_EQ(probe.phase(), Phase::complete);
  EXPECT_EQ(probe.due(plenty(now + 599s), kHeaders), 0);
  EXPECT_EQ(probe.due(plenty(now + 600s), kHeaders), 1500) << "the route may have changed";
}

TEST(PathMtuProbe, NothingToFindIsNoSearch) {
  PathMtuProbe probe = searching(1060);
  EXPECT_EQ(probe.eff_pmtu(), 1060);
  EXPECT_EQ(probe.due(plenty(kStart), kHeaders), 0);
  EXPECT_EQ(probe.due(plenty(kStart + 601s), kHeaders), 0);
}

// RFC 4821 section 7.7: repeated timeouts. The sizes fall, one class for each timeout.
TEST(PathMtuProbe, ABlackHoleIsLeftStepByStep) {
  PathMtuProbe probe;
  probe.start(MtuProbing::on_black_hole, {}, 1500, kStart);
  EXPECT_EQ(probe.due(plenty(kStart), kHeaders), 0) << "there is no reason to";
  EXPECT_FALSE(probe.timed_out(1, 1500, kStart));
  EXPECT_FALSE(probe.timed_out(2, 1500, kStart));
  EXPECT_TRUE(probe.timed_out(3, 1500, kStart));
  EXPECT_EQ(probe.eff_pmtu(), 1280);
  EXPECT_TRUE(probe.timed_out(4, 1280, kStart));
  EXPECT_EQ(probe.eff_pmtu(), 1064);
  EXPECT_TRUE(probe.timed_out(5, 1064, kStart));
  EXPECT_EQ(probe.eff_pmtu(), 576);
  EXPECT_FALSE(probe.timed_out(6, 576, kStart));
  EXPECT_EQ(probe.phase(), Phase::error) << "it is not the size";
  EXPECT_EQ(probe.due(plenty(kStart + 1h), kHeaders), 0);
}

TEST(PathMtuProbe, IPv6NeverFallsBelow1280) {
  PathMtuProbe probe;
  probe.start(MtuProbing::on_black_hole, {.least = 1280, .most = 1500}, 1500, kStart);
  EXPECT_TRUE(probe.timed_out(3, 1500, kStart));
  EXPECT_EQ(probe.eff_pmtu(), 1280);
  EXPECT_FALSE(probe.timed_out(4, 1280, kStart));
  EXPECT_EQ(probe.eff_pmtu(), 1280);
}

TEST(PathMtuProbe, SmallSegmentsThatVanishAreNoBlackHole) {
  PathMtuProbe probe;
  probe.start(MtuProbing::on_black_hole, {}, 1500, kStart);
  EXPECT_FALSE(probe.timed_out(5, 200, kStart));
  EXPECT_EQ(probe.eff_pmtu(), 1500);
}

// A cut link looks the same: the size that had worked is tried first, and all is as before.
TEST(PathMtuProbe, AfterAnOutageTheOldSizeIsTriedFirst) {
  PathMtuProbe probe;
  probe.start(MtuProbing::on_black_hole, {}, 1500, kStart);
  for (unsigned i = 3; i < 10; ++i) (void)probe.timed_out(i, probe.eff_pmtu(), kStart);
  EXPECT_EQ(probe.due(plenty(kStart + 1h), kHeaders), 0) << "nothing has arrived yet";
  const Time now = kStart + 1h;
  probe.progress(now);
  EXPECT_EQ(probe.due(plenty(now), kHeaders), 0);
  ASSERT_EQ(probe.due(plenty(now + 1s), kHeaders), 1500);
  probe.probe_sent(1500, kSeq, kSeq + 1448);
  EXPECT_TRUE(probe.delivered(kSeq, kSeq + 1448, now + 1s));
  EXPECT_EQ(probe.eff_pmtu(), 1500);
}

TEST(PathMtuProbe, ABlackHolesSizeIsFound) {
  PathMtuProbe probe;
  probe.start(MtuProbing::on_black_hole, {}, 1500, kStart);
  ASSERT_TRUE(probe.timed_out(3, 1500, kStart));
  probe.progress(kStart);
  Time now = kStart;
  (void)search(probe, 1420, now);
  EXPECT_EQ(probe.eff_pmtu(), 1420);
}

TEST(PathMtuProbe, ATimeoutMakesAProbeInconclusive) {
  PathMtuProbe probe = searching();
  probe.probe_sent(1500, kSeq, kSeq + 1448);
  EXPECT_FALSE(probe.timed_out(1, 1500, kStart));
  EXPECT_FALSE(probe.probing());
  EXPECT_EQ(probe.search_high(), 1500);
}

// Section 7.6.2, last paragraph.
TEST(PathMtuProbe, AnIcmpMessageEndsTheGuessing) {
  PathMtuProbe probe = searching();
  probe.probe_sent(1500, kSeq, kSeq + 1448);
  EXPECT_FALSE(probe.packet_too_big(1400, kStart)) << "what is in use fits";
  EXPECT_FALSE(probe.probing());
  EXPECT_EQ(probe.due(plenty(kStart), kHeaders), 1400);
  EXPECT_FALSE(probe.packet_too_big(9000, kStart));
  EXPECT_EQ(probe.search_high(), 1400);
  EXPECT_TRUE(probe.packet_too_big(100, kStart));
  EXPECT_EQ(probe.eff_pmtu(), 576) << "no lower than the least";
}

// Whatever happens in whatever order: the bounds hold.
TEST(PathMtuProbe, AnyEventsKeepTheInvariants) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    const std::uint16_t least = random.chance(0.5) ? 576 : 1280;
    const auto most = static_cast<std::uint16_t>(least + random.below(65'536u - least));
    PathMtuProbe probe;
    Time now = kStart;
    probe.start(static_cast<MtuProbing>(random.below(3)), {.least = least, .most = most},
                static_cast<std::uint16_t>(random.below(65'536)), now);
    unsigned timeouts = 0;
    for (int i = 0; i < 1'000; ++i) {
      now += Duration(static_cast<std::int64_t>(random.next() >> (24 + random.below(30))));
      const std::uint16_t before = probe.eff_pmtu();
      switch (random.below(7)) {
        case 0:
        case 1: {
          const std::uint16_t size = probe.due(plenty(now), kHeaders);
          if (size == 0) break;
          ASSERT_GT(size, probe.eff_pmtu());
          ASSERT_LE(size, most);
          probe.probe_sent(size, kSeq, kSeq + (size - kHeaders));
          break;
        }
        case 2: {
          const bool grown = probe.delivered(kSeq, kSeq + 100'000u, now);
          ASSERT_EQ(grown, probe.eff_pmtu() > before);
          break;
        }
        case 3:
          (void)probe.lost(random.chance(0.7), now);
          break;
        case 4: {
          const bool shrunk = probe.timed_out(++timeouts, probe.eff_pmtu(), now);
          ASSERT_EQ(shrunk, probe.eff_pmtu() < before);
          break;
        }
        case 5:
          timeouts = 0;
          probe.progress(now);
          break;
        default: {
          if (!random.chance(0.1)) break;
          const auto mtu = static_cast<std::uint16_t>(random.below(65'536));
          const bool shrunk = probe.packet_too_big(mtu, now);
          ASSERT_EQ(shrunk, probe.eff_pmtu() < before);
        }
      }
      ASSERT_GE(probe.eff_pmtu(), least) << "seed " << seed;
      ASSERT_LE(probe.eff_pmtu(), probe.search_high()) << "seed " << seed;
      ASSERT_LE(probe.search_high(), most) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace bowline::tcp
