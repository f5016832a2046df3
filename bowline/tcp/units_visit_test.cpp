// The units of rate, path and feedback, saved half-way through random events and loaded again: the
// copy goes on exactly as the original does. What visit() forgets is found here.

#include <gtest/gtest.h>

#include "bowline/base/memory.hpp"
#include "bowline/base/random.hpp"
#include "bowline/base/visit.hpp"
#include "bowline/tcp/acc_ecn.hpp"
#include "bowline/tcp/bbr.hpp"
#include "bowline/tcp/buffer_tuning.hpp"
#include "bowline/tcp/pacer.hpp"
#include "bowline/tcp/path_mtu_probe.hpp"
#include "bowline/tcp/rate_sampler.hpp"

namespace bowline::tcp {
namespace {

std::uint32_t any(Random& random) {
  return static_cast<std::uint32_t>(random.next() >> random.below(64));
}

// Each world has a unit, an event drawn at random, and a number that says what came out of it.

struct PacerWorld {
  Pacer unit;
  std::uint64_t step(Random& random, Time now) {
    switch (random.below(3)) {
      case 0:
        unit.set_rate(any(random), now);
        break;
      case 1:
        unit.start(any(random) & 0xffff);
        break;
      default:
        unit.sent(any(random) & 0xffff, now);
    }
    return unit.allowance(now, 1'000) +
           static_cast<std::uint64_t>(unit.next_send(now).time_since_epoch().count());
  }
};

struct BbrWorld {
  BbrWorld() { unit.bbr.start({.mss = 1'000, .initial_cwnd = 10'000, .srtt = 30ms, .seed = 5}); }
  struct Both {
    Bbr bbr;
    RateSampler sampler;
    RateStamp stamp;
    std::uint32_t cwnd = 10'000;
    template <class V>
    void visit(V& v) {
      v(bbr, sampler, stamp, cwnd);
    }
  } unit;
  std::uint64_t step(Random& random, Time now) {
    const std::uint32_t in_flight = any(random) & 0xfffff;
    switch (random.below(8)) {
      case 0:
        unit.bbr.sending(now, 0, unit.sampler, unit.cwnd);
        break;
      case 1:
        unit.sampler.lost(5'000);
        unit.bbr.lost({.now = now,
                       .stamp = unit.stamp,
                       .start = SeqNumber(any(random)),
                       .bytes = 5'000,
                       .in_recovery = random.chance(0.5)},
                      unit.sampler, unit.cwnd);
        break;
      case 2:
        unit.bbr.recovery_begins(unit.cwnd);
        break;
      case 3:
        unit.bbr.recovered(unit.cwnd);
        break;
      case 4:
        unit.bbr.spurious(unit.sampler, unit.cwnd);
        break;
      case 5:
        unit.sampler.mark_app_limited(in_flight);
        break;
      default: {
        RateSample rs;
        rs.rtt = Duration(any(random));
        unit.sampler.delivered(rs, unit.stamp, now, SeqNumber(1), 3'000, now);
        unit.sampler.finish(rs, {});
        unit.bbr.acked({.now = now, .in_flight = in_flight, .in_recovery = random.chance(0.2)}, rs,
                       unit.sampler, unit.cwnd);
        unit.stamp = unit.sampler.sent(now, 1'000, in_flight);
      }
    }
    return unit.cwnd + unit.bbr.pacing_rate() + unit.bbr.inflight_longterm();
  }
};

struct ProbeWorld {
  ProbeWorld() { unit.start(MtuProbing::always, {}, 1500, Time(1s)); }
  PathMtuProbe unit;
  std::uint64_t step(Random& random, Time now) {
    const SeqNumber seq(77);
    switch (random.below(6)) {
      case 0:
        (void)unit.delivered(seq, seq + 9'000u, now);
        break;
      case 1:
        (void)unit.lost(random.chance(0.5), now);
        break;
      case 2:
        (void)unit.timed_out(static_cast<unsigned>(random.below(8)), unit.eff_pmtu(), now);
        break;
      case 3:
        unit.progress(now);
        break;
      default: {
        const std::uint16_t size =
            unit.due({.now = now, .queued = 99'999, .window = 99'999, .cwnd = 99'999}, 40);
        if (size != 0) unit.probe_sent(size, seq, seq + size);
      }
    }
    return unit.eff_pmtu() * 65'536u + unit.search_high() + unit.probing();
  }
};

struct EcnWorld {
  AccEcn unit;
  std::uint64_t step(Random& random, Time) {
    std::uint64_t out = unit.received(static_cast<IpEcn>(random.below(4)), any(random) & 0xffff,
                                      random.chance(0.5));
    if (random.chance(0.3)) unit.acknowledged(random.chance(0.5));
    wire::AccEcnOption option;
    option.fields = 2;
    option.field = {any(random) & 0xffffff, any(random) & 0xffffff, 0};
    const AccEcnFeedback feedback = unit.feedback({.flags = ace_to_flags(any(random)),
                                                   .option = random.chance(0.5) ? &option : nullptr,
                                                   .acked_packets = any(random) & 0xff,
                                                   .mss = 1'000});
    if (const auto own = unit.option(12)) out += own->field[0] + own->field[1] + own->field[2];
    return out + feedback.ce_packets + feedback.ce_bytes + unit.ace_flags() + unit.ect_allowed();
  }
};

struct TuningWorld {
  TuningWorld() { unit.start(64'000, 0x7fffffff, SeqNumber(9), 64'000, 1'000, Time(1s)); }
  ReceiveTuning unit;
  std::uint64_t step(Random& random, Time now) {
    switch (random.below(4)) {
      case 0:
        unit.echoed(Duration(any(random)));
        break;
      case 1:
        unit.arrived(SeqNumber(any(random)), any(random) & 0xffff, now);
        break;
      default:
        (void)unit.read(any(random) & 0xffffff, 1'000, now);
    }
    return unit.buffer() + static_cast<std::uint64_t>(unit.rtt().count());
  }
};

template <class World>
class UnitsVisit : public ::testing::Test {};
using Worlds = ::testing::Types<PacerWorld, BbrWorld, ProbeWorld, EcnWorld, TuningWorld>;
TYPED_TEST_SUITE(UnitsVisit, Worlds);

TYPED_TEST(UnitsVisit, ALoadedCopyGoesOnAsTheOriginal) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    TypeParam world;
    Time now(2s);
    const auto pass = [&] {
      now += Duration(static_cast<std::int64_t>(random.below(300'000'000)));
    };
    for (std::uint64_t i = random.below(200); i > 0; --i) {
      pass();
      (void)world.step(random, now);
    }
    SaveVisitor saved(heap_memory());
    saved(world.unit);
    ASSERT_FALSE(saved.failed());
    TypeParam copy;
    const BufferPoolOwner pool{BufferPool::make(heap_memory(), 1'000)};
    LoadVisitor loaded(saved.bytes(), *pool);
    loaded(copy.unit);
    ASSERT_TRUE(loaded.complete());
    EXPECT_EQ(canonical_hash(world.unit, now), canonical_hash(copy.unit, now));
    for (int i = 0; i < 100; ++i) {
      pass();
      Random same = random;
      ASSERT_EQ(world.step(random, now), copy.step(same, now)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace bowline::tcp
