// The cases of the draft's appendix A ("BBR Example Test Cases"), on a path in virtual time: a
// bottleneck with a queue and a delay, and a sender that paces by BBR.

#include "bowline/tcp/bbr.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/tcp/pacer.hpp"

namespace bowline::tcp {
namespace {

using State = Bbr::State;
constexpr std::uint32_t kMss = 1'000;
constexpr Time kStart = Time(3s);

struct PathSetup {
  std::uint64_t rate = 1'250'000;  // bytes a second
  Duration delay = 40ms;
  std::uint64_t buffer = 1'000'000;
  double loss = 0;
  std::uint64_t app_rate = 0;  // bytes a second; 0: always more
  std::uint64_t seed = 1;
};

class Path {
 public:
  explicit Path(const PathSetup& with) : setup(with), random_(with.seed) {
    bbr.start({.now = kStart,
               .mss = kMss,
               .initial_cwnd = cwnd,
               .srtt = setup.delay,
               .selective_acks = true,
               .seed = setup.seed});
    pacer.start(cwnd);
    pacer.set_rate(bbr.pacing_rate(), now);
  }

  /// Runs until `done`, for `most`; says whether it was done.
  bool run(Duration most, const std::function<bool()>& done = [] { return false; }) {
    const Time end = now + most;
    while (now < end) {
      if (done()) return true;
      step(end);
    }
    return done();
  }
  bool run_to(State state, Duration most = 30s) {
    return run(most, [&] { return bbr.state() == state; });
  }

  [[nodiscard]] std::uint64_t bdp() const {
    return setup.rate * static_cast<std::uint64_t>(setup.delay / 1us) / 1'000'000;
  }

  PathSetup setup;
  Bbr bbr;
  RateSampler sampler;
  Pacer pacer;
  Time now = kStart;
  std::uint32_t cwnd = 10 * kMss;
  std::uint32_t in_flight = 0;
  std::uint64_t lost_bytes = 0;
  bool paused = false;
  bool in_recovery = false;
  RateSample last;

 private:
  struct Packet {
    RateStamp stamp;
    Time sent_at;
    Time acked_at;
    SeqNumber start;
    bool dropped;
    bool lost = false;
    int later = 0;  // how many that were sent after it have been delivered
  };

  [[nodiscard]] Time app_ready() const {
    if (paused) return kNever;
    if (setup.app_rate == 0) return now;
    return std::max(now, app_next_);
  }

  void step(Time end) {
    const bool room = in_flight + kMss <= cwnd;
    if (!room) limited_until_ = sampler.delivered() + in_flight;
    const Time send_at = room ? std::max(pacer.next_send(now), app_ready()) : kNever;
    Time ack_at = kNever;
    for (const Packet& packet : packets_) {
      if (!packet.dropped) {
        ack_at = packet.acked_at;
        break;
      }
    }
    const Time timeout = in_flight > 0 ? Time(last_progress_ + 1s + setup.delay * 4) : kNever;
    now = std::min({send_at, ack_at, timeout, end});
    if (now == ack_at) return take_ack();
    if (now == send_at) return send();
    if (now == timeout) return time_out();
  }

  [[nodiscard]] SendState send_state() const {
    return {.unsent_data = app_ready() <= now, .in_flight = in_flight, .cwnd = cwnd};
  }

  void send() {
    // The application wrote just now: it had been the limit until then.
    if (setup.app_rate != 0 && pacer.next_send(now) <= now) {
      sampler.check_app_limited({.in_flight = in_flight, .cwnd = cwnd});
      app_next_ =
          std::max(app_next_, Time(now - 1ms)) + 1s * kMss / static_cast<int>(setup.app_rate);
    }
    bbr.sending(now, in_flight, sampler, cwnd);
    pacer.set_rate(bbr.pacing_rate(), now);
    if (in_flight == 0) last_progress_ = now;
    const std::uint64_t backlog =
        link_free_ > now
            ? static_cast<std::uint64_t>((link_free_ - now) / 1us) * setup.rate / 1'000'000
            : 0;
    const bool dropped = backlog + kMss > setup.buffer || random_.chance(setup.loss);
    if (!dropped) {
      link_free_ =
          std::max(link_free_, now) + Duration(1s) * kMss / static_cast<std::int64_t>(setup.rate);
    }
    packets_.push_back(
        {sampler.sent(now, kMss, in_flight), now, link_free_ + setup.delay, next_, dropped});
    next_ += kMss;
    in_flight += kMss;
    pacer.sent(kMss, now);
  }

  void lose(Packet& packet) {
    packet.lost = true;
    in_flight -= kMss;
    lost_bytes += kMss;
    sampler.lost(kMss);
    bbr.lost({.now = now,
              .stamp = packet.stamp,
              .start = packet.start,
              .bytes = kMss,
              .in_recovery = in_recovery},
             sampler, cwnd);
    if (!in_recovery) {
      bbr.recovery_begins(cwnd);
      in_recovery = true;
      recovery_point_ = next_;
    }
    // What was lost before that point is sent again now; recovery lasts until it has arrived.
    if (before(packet.start, recovery_point_)) recovery_end_ = next_;
  }

  void take_ack() {
    last_progress_ = now;
    sampler.check_app_limited(send_state());
    const auto acked =
        std::find_if(packets_.begin(), packets_.end(), [](const Packet& p) { return !p.dropped; });
    const Packet packet = *acked;
    RateSample rs;
    rs.rtt = now - packet.sent_at;
    sampler.delivered(rs, packet.stamp, packet.sent_at, packet.start + kMss, kMss, now);
    in_flight -= kMss;
    for (auto p = packets_.begin(); p != acked; ++p) {
      if (++p->later == 3) {
        lose(*p);
      }
    }
    packets_.erase(acked);
    std::erase_if(packets_, [](const Packet& p) { return p.lost; });
    if (in_recovery && at_or_after(packet.start, recovery_end_)) {
      in_recovery = false;
      bbr.recovered(cwnd);
    }
    sampler.finish(rs, bbr.min_rtt() == Duration::max() ? Duration() : bbr.min_rtt());
    bbr.acked({.now = now,
               .in_flight = in_flight,
               .cwnd_limited = sampler.delivered() <= limited_until_,
               .in_recovery = in_recovery},
              rs, sampler, cwnd);
    pacer.set_rate(bbr.pacing_rate(), now);
    last = rs;
  }

  void time_out() {
    last_progress_ = now;
    for (Packet& packet : packets_) {
      if (!packet.lost) lose(packet);
    }
    packets_.clear();
    bbr.timed_out(in_flight, in_recovery, cwnd);
  }

  Random random_;
  std::deque<Packet> packets_;
  Time link_free_ = kStart;
  Time app_next_ = kStart;
  Time last_progress_ = kStart;
  SeqNumber next_{1};
  SeqNumber recovery_point_;
  SeqNumber recovery_end_;
  std::uint64_t limited_until_ = 0;
};

/// Within `percent` of each other.
void expect_near(std::uint64_t actual, std::uint64_t expected, std::uint64_t percent) {
  EXPECT_GE(actual, expected - expected * percent / 100);
  EXPECT_LE(actual, expected + expected * percent / 100);
}

// Section 5.6.2, InitPacingRate(): 2.77 initial windows per round trip, of 1 ms where none is
// known.
TEST(Bbr, TheInitialPacingRate) {
  Bbr bbr;
  bbr.start({.mss = kMss, .initial_cwnd = 10'000, .srtt = 100ms});
  EXPECT_EQ(bbr.pacing_rate(), 277'000u);
  bbr.start({.mss = kMss, .initial_cwnd = 10'000});
  EXPECT_EQ(bbr.pacing_rate(), 27'700'000u);
  RateSampler sampler;
  std::uint32_t cwnd = 10'000;
  RateSample rs;
  rs.rtt = 100ms;
  bbr.acked({.now = kStart, .in_flight = 9'000}, rs, sampler, cwnd);
  EXPECT_EQ(bbr.pacing_rate(), 277'000u) << "with the first sample, that guess is corrected";
}

TEST(Bbr, ExitsStartupOnABandwidthPlateau) {
  for (const std::uint64_t rate : {100'000u, 1'250'000u, 12'500'000u}) {
    for (const Duration delay : {5ms, 40ms, 200ms}) {
      Path path({.rate = rate, .delay = delay, .buffer = 100'000'000});
      ASSERT_TRUE(path.run_to(State::drain));
      EXPECT_TRUE(path.bbr.full_bw_reached());
      expect_near(path.bbr.max_bw(), rate, 2);
      ASSERT_TRUE(path.run(10s, [&] { return path.bbr.in_probe_bw(); }));
    }
  }
}

TEST(Bbr, DoublesItsRateEachRoundInStartup) {
  Path path({.rate = 12'500'000, .delay = 100ms, .buffer = 100'000'000});
  ASSERT_TRUE(path.run_to(State::drain));
  // 12.5 MB/s are 1250 segments per round, 7 doublings of the initial ten; 3 rounds of plateau,
  // and a round or two until the rate that was reached is measured.
  EXPECT_LE(path.bbr.round_count(), 13u);
}

TEST(Bbr, ExitsStartupOnLossWhenApplicationLimited) {
  Path path({.rate = 12'500'000, .loss = 0.1, .app_rate = 3'000'000});
  ASSERT_TRUE(path.run_to(State::drain)) << "2 % and six ranges in a round of recovery";
  EXPECT_NE(path.bbr.inflight_longterm(), Bbr::kNoLimit);
}

TEST(Bbr, StaysInStartupWhenApplicationLimitedWithoutLoss) {
  Path path({.rate = 12'500'000, .app_rate = 200'000});
  EXPECT_FALSE(path.run_to(State::drain, 4s));
  EXPECT_EQ(path.bbr.state(), State::startup);
}

TEST(Bbr, ExitsDrainWhenTheQueueIsDrained) {
  Path path({});
  ASSERT_TRUE(path.run_to(State::drain));
  EXPECT_GT(path.in_flight, path.bdp() * 3 / 2);
  expect_near(path.bbr.pacing_rate(), path.bbr.bw() * 99 / 200, 1);  // 0.5, less 1 %
  ASSERT_TRUE(path.run(5s, [&] { return path.bbr.in_probe_bw(); }));
  EXPECT_LE(path.in_flight, std::max<std::uint64_t>(path.bdp() * 103 / 100, 3 * 2 * kMss));
}

TEST(Bbr, ExitsDrainAfterThreeRoundsAtTheLatest) {
  Path path({.buffer = 10'000'000});
  ASSERT_TRUE(path.run_to(State::drain));
  const std::uint32_t round = path.bbr.round_count();
  path.setup.rate /= 10;  // the queue now lasts longer than it should
  ASSERT_TRUE(path.run(5s, [&] { return path.bbr.in_probe_bw(); }));
  EXPECT_LE(path.bbr.round_count() - round, 4u);
}

TEST(Bbr, CyclesThroughProbeBw) {
  Path path({});
  ASSERT_TRUE(path.run_to(State::probe_bw_down));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(path.run_to(State::probe_bw_cruise));
    const Time cruise = path.now;
    ASSERT_TRUE(path.run(4s, [&] { return path.bbr.state() != State::probe_bw_cruise; }));
    if (path.bbr.state() == State::probe_rtt) continue;
    EXPECT_EQ(path.bbr.state(), State::probe_bw_refill);
    EXPECT_LE(path.now - cruise, 3s);
    ASSERT_TRUE(path.run(1s, [&] { return path.bbr.state() != State::probe_bw_refill; }));
    EXPECT_EQ(path.bbr.state(), State::probe_bw_up) << "after one round";
    ASSERT_TRUE(path.run(1s, [&] { return path.bbr.state() != State::probe_bw_up; }));
    if (path.bbr.state() == State::probe_rtt) continue;
    EXPECT_EQ(path.bbr.state(), State::probe_bw_down) << "the rate has reached its plateau";
    expect_near(path.bbr.max_bw(), path.setup.rate, 2);
  }
}

TEST(Bbr, FillsThePathAndKeepsTheQueueShort) {
  Path path({.buffer = 10'000'000});
  ASSERT_TRUE(path.run_to(State::probe_bw_cruise));
  const std::uint64_t before = path.sampler.delivered();
  const Time from = path.now;
  path.run(10s);
  const auto span = static_cast<std::uint64_t>((path.now - from) / 1ms);
  EXPECT_GE(path.sampler.delivered() - before, path.setup.rate * span / 1'000 * 93 / 100)
      << "ProbeRTT costs 4 %";
  EXPECT_LE(path.in_flight, path.bdp() * 5 / 2);
}

TEST(Bbr, GoesDownOnLossInProbeUp) {
  Path path({});
  ASSERT_TRUE(path.run_to(State::probe_bw_refill));
  ASSERT_TRUE(path.run_to(State::probe_bw_up));
  path.setup.loss = 0.2;
  ASSERT_TRUE(path.run_to(State::probe_bw_down, 1s));
  EXPECT_GT(path.lost_bytes, 0u);
  ASSERT_NE(path.bbr.inflight_longterm(), Bbr::kNoLimit);
  EXPECT_GE(path.bbr.inflight_longterm(), path.bdp() * 7 / 10 - kMss) << "no less than CUBIC";
  path.setup.loss = 0;
  ASSERT_TRUE(path.run_to(State::probe_bw_cruise));
  EXPECT_LE(path.cwnd, path.bbr.inflight_longterm() - path.bbr.inflight_longterm() / 100 * 15 + 15)
      << "headroom for others";
}

TEST(Bbr, LeavesProbeDownAtTheLatestWhenItIsTimeToProbe) {
  Path path({.buffer = 10'000'000});
  ASSERT_TRUE(path.run_to(State::probe_bw_down));
  path.setup.rate /= 3;  // what was sent at nine tenths is now far too much
  bool cruised = false;
  ASSERT_TRUE(path.run(4s, [&] {
    cruised |= path.bbr.state() == State::probe_bw_cruise;
    return path.bbr.state() == State::probe_bw_refill;
  }));
  EXPECT_FALSE(cruised);
}

TEST(Bbr, EntersAndExitsProbeRtt) {
  Path path({});
  ASSERT_TRUE(path.run_to(State::probe_rtt));
  EXPECT_GE(path.now - kStart, 5s);
  EXPECT_LE(path.cwnd, path.bdp() * 52 / 100);
  const Time entered = path.now;
  ASSERT_TRUE(path.run(2s, [&] { return path.bbr.state() != State::probe_rtt; }));
  EXPECT_GE(path.now - entered, 200ms);
  EXPECT_LE(path.now - entered, 400ms);
  EXPECT_EQ(path.bbr.state(), State::probe_bw_cruise);
  EXPECT_GE(path.cwnd, path.bdp()) << "the window is what it was";
  EXPECT_LE(path.bbr.min_rtt(), path.setup.delay + 2ms);
  EXPECT_TRUE(path.run(4s, [&] { return path.bbr.state() == State::probe_bw_refill; }));
}

TEST(Bbr, IdleTimeStandsForProbeRtt) {
  Path path({});
  ASSERT_TRUE(path.run_to(State::probe_bw_cruise));
  path.paused = true;
  path.run(6s);
  ASSERT_EQ(path.in_flight, 0u);
  path.sampler.check_app_limited({.in_flight = 0, .cwnd = path.cwnd});
  path.paused = false;
  EXPECT_FALSE(path.run_to(State::probe_rtt, 2s));
}

TEST(Bbr, ProbeRttDuringStartupReturnsToStartup) {
  Path path({.rate = 12'500'000, .app_rate = 200'000});
  // The round-trip time grows after the first: the minimum expires.
  path.run(200ms);
  path.setup.delay += 5ms;
  ASSERT_TRUE(path.run_to(State::probe_rtt, 8s));
  EXPECT_FALSE(path.bbr.full_bw_reached());
  ASSERT_TRUE(path.run(2s, [&] { return path.bbr.state() != State::probe_rtt; }));
  EXPECT_EQ(path.bbr.state(), State::startup);
}

TEST(Bbr, FourSegmentsAreTheLeastWindow) {
  Path path({.rate = 8'000, .delay = 100ms});  // 0.8 segments
  ASSERT_TRUE(path.run(60s, [&] { return path.bbr.in_probe_bw(); }));
  path.run(20s, [&] {
    EXPECT_GE(path.cwnd, 4 * kMss);
    return false;
  });
  expect_near(path.bbr.max_bw(), 8'000, 2);
}

TEST(Bbr, FindsTenTimesTheBandwidth) {
  Path path({});
  ASSERT_TRUE(path.run_to(State::probe_bw_cruise));
  path.setup.rate *= 10;
  ASSERT_TRUE(path.run(30s, [&] { return path.bbr.max_bw() > path.setup.rate * 9 / 10; }));
}

TEST(Bbr, ForgetsABandwidthThatIsNoMore) {
  Path path({.rate = 12'500'000, .buffer = 500'000});
  ASSERT_TRUE(path.run_to(State::probe_bw_cruise));
  path.setup.rate /= 10;
  ASSERT_TRUE(path.run(2s, [&] { return path.bbr.bw_shortterm() != Bbr::kNoRate; }))
      << "losses bound the rate for the moment";
  ASSERT_TRUE(path.run(30s, [&] { return path.bbr.max_bw() < path.setup.rate * 11 / 10; }));
}

TEST(Bbr, StandsOnePercentOfLoss) {
  Path path({.loss = 0.01});
  path.run(5s);
  const std::uint64_t before = path.sampler.delivered();
  path.run(20s);
  EXPECT_GE(path.sampler.delivered() - before, path.setup.rate * 20 * 85 / 100);
}

TEST(Bbr, ConformsToAPolicer) {
  Path path({.buffer = 5'000});  // hardly any queue: more than the rate is dropped
  path.run(10s);
  const std::uint64_t before = path.sampler.delivered();
  const std::uint64_t lost = path.lost_bytes;
  path.run(20s);
  EXPECT_GE(path.sampler.delivered() - before, path.setup.rate * 20 * 70 / 100);
  EXPECT_LE(path.lost_bytes - lost, (path.sampler.delivered() - before) / 20);
}

// Section 5.5.11.2: what a loss that was none had changed is undone.
TEST(Bbr, ASpuriousLossIsUndone) {
  Path path({});
  ASSERT_TRUE(path.run_to(State::probe_bw_refill));
  ASSERT_TRUE(path.run_to(State::probe_bw_up));
  const std::uint32_t cwnd = path.cwnd;
  path.setup.loss = 0.2;
  ASSERT_TRUE(path.run_to(State::probe_bw_down, 1s));
  ASSERT_NE(path.bbr.inflight_longterm(), Bbr::kNoLimit);
  path.bbr.spurious(path.sampler, path.cwnd);
  EXPECT_EQ(path.bbr.state(), State::probe_bw_refill);
  EXPECT_EQ(path.bbr.inflight_longterm(), Bbr::kNoLimit);
  EXPECT_GE(path.cwnd, cwnd);
}

TEST(Bbr, AfterATimeoutOneSegmentMayGoAndRecoveryRestoresTheWindow) {
  Bbr bbr;
  bbr.start({.mss = kMss, .initial_cwnd = 10'000, .srtt = 100ms});
  std::uint32_t cwnd = 50'000;
  bbr.timed_out(0, false, cwnd);
  EXPECT_EQ(cwnd, kMss);
  bbr.timed_out(0, true, cwnd);
  bbr.recovered(cwnd);
  EXPECT_EQ(cwnd, 50'000u) << "the last good one, whatever it was meanwhile";
}

// The draft's section on ECN: "MUST treat any CE marks as congestion".
TEST(Bbr, AMarkEndsStartupAndAProbe) {
  Path path({});
  path.run(100ms);
  ASSERT_EQ(path.bbr.state(), State::startup);
  path.bbr.acked({.now = path.now, .in_flight = path.in_flight, .ce_marked = true}, path.last,
                 path.sampler, path.cwnd);
  EXPECT_NE(path.bbr.state(), State::startup);
  ASSERT_TRUE(path.run_to(State::probe_bw_up));
  path.bbr.acked({.now = path.now, .in_flight = path.in_flight, .ce_marked = true}, path.last,
                 path.sampler, path.cwnd);
  EXPECT_EQ(path.bbr.state(), State::probe_bw_down);
}

TEST(WindowedMax, RemembersForTheWindow) {
  WindowedMax max;
  EXPECT_EQ(max.update(100, 0, 10), 100u);
  EXPECT_EQ(max.update(50, 5, 10), 100u);
  EXPECT_EQ(max.update(10, 10, 10), 100u);
  EXPECT_EQ(max.update(10, 11, 10), 50u);
  EXPECT_EQ(max.update(10, 16, 10), 10u);
  EXPECT_EQ(max.update(70, 17, 10), 70u);
  EXPECT_EQ(max.update(1, 40, 10), 1u);
}

// Never below the newest nor below the true maximum of the last quarter, never above the true
// maximum of the window.
TEST(WindowedMax, StaysWithinTheTruth) {
  Random random(1);
  WindowedMax max;
  std::vector<std::uint32_t> values;
  for (std::uint32_t time = 0; time < 20'000; ++time) {
    values.push_back(static_cast<std::uint32_t>(random.below(1'000)));
    const std::uint32_t got = max.update(values.back(), time, 20);
    const auto window = std::min<std::ptrdiff_t>(21, std::ssize(values));
    ASSERT_LE(got, *std::max_element(values.end() - window, values.end()));
    ASSERT_GE(got, values.back());
  }
}

// Whatever comes, in whatever order, with the largest numbers: the window stays between four
// segments and its largest, the rate is never 0.
TEST(Bbr, AnyEventsKeepTheInvariants) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    const auto any = [&] { return static_cast<std::uint32_t>(random.next() >> random.below(64)); };
    const auto mss = static_cast<std::uint32_t>(1 + random.below(65'000));
    Bbr bbr;
    RateSampler sampler;
    Time now = kStart;
    std::uint32_t cwnd = 10 * mss;
    bbr.start({.now = now,
               .mss = mss,
               .initial_cwnd = cwnd,
               .srtt = Duration(any()),
               .selective_acks = random.chance(0.8),
               .seed = seed});
    std::vector<RateStamp> stamps;
    for (int i = 0; i < 2'000; ++i) {
      now += Duration(static_cast<std::int64_t>(random.next() >> (20 + random.below(40))) / 1'000);
      const std::uint32_t in_flight = any() & 0x3fffffff;
      switch (random.below(8)) {
        case 0:
          bbr.sending(now, random.chance(0.5) ? 0 : in_flight, sampler, cwnd);
          break;
        case 1: {
          const std::uint32_t bytes = any() & 0xffffff;
          sampler.lost(bytes);
          const RateStamp stamp =
              stamps.empty() ? RateStamp() : stamps[random.index(stamps.size())];
          bbr.lost({.now = now,
                    .stamp = stamp,
                    .start = SeqNumber(any()),
                    .bytes = bytes,
                    .in_recovery = random.chance(0.5)},
                   sampler, cwnd);
          break;
        }
        case 2:
          bbr.recovery_begins(cwnd);
          break;
        case 3:
          bbr.timed_out(in_flight, random.chance(0.5), cwnd);
          break;
        case 4:
          bbr.recovered(cwnd);
          break;
        case 5:
          bbr.spurious(sampler, cwnd);
          break;
        default: {
          if (random.chance(0.2)) sampler.mark_app_limited(in_flight);
          stamps.push_back(sampler.sent(now, any() & 0xffff, in_flight));
          RateSample rs;
          if (random.chance(0.9)) {
            sampler.delivered(rs, stamps[random.index(stamps.size())], now, SeqNumber(any()),
                              any() & 0xffffff, now);
            rs.rtt = Duration(any());
          }
          sampler.finish(rs, {});
          bbr.acked({.now = now,
                     .in_flight = in_flight,
                     .cwnd_limited = random.chance(0.5),
                     .in_recovery = random.chance(0.3),
                     .ce_marked = random.chance(0.05)},
                    rs, sampler, cwnd);
          ASSERT_GE(cwnd, std::min(4 * mss, 0x3fffffffu)) << "seed " << seed;
        }
      }
      ASSERT_LE(cwnd, 0x3fffffffu + mss) << "seed " << seed;
      ASSERT_GT(bbr.pacing_rate(), 0u) << "seed " << seed;
      ASSERT_LE(bbr.bw(), bbr.max_bw()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace bowline::tcp
