// BBR over whole paths (draft-ietf-ccwg-bbr): what its units are for, seen from outside, in virtual
// time.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bowline/sim/simulation.hpp"
#include "bowline/sim/testing/talker.hpp"

namespace bowline::sim {
namespace {

using tcp::BbrState;
using tcp::CongestionAlgorithm;
using testing::Talker;
using testing::TalkerPlan;

constexpr std::uint64_t kEndless = 1ULL << 40;

/// Writes as much as it can, but from `slow_from` to `slow_until` only `slow_bytes` every 10 ms.
struct SourcePlan {
  Endpoint to{};
  std::uint64_t key = 0;
  Time slow_from = kNever;
  Time slow_until = kNever;
  std::uint32_t slow_bytes = 0;
  CongestionAlgorithm congestion = CongestionAlgorithm::bbr;
};
class Source final : public CopyableActor<Source> {
 public:
  explicit Source(const SourcePlan& plan) : plan_(plan) {}
  [[nodiscard]] Handle socket() const noexcept { return socket_; }

  Time act(Stack& stack, std::span<const Ready>, Time now) override {
    if (!socket_) {
      ConnectOptions how{.remote = plan_.to};
      how.socket.congestion = plan_.congestion;
      socket_ = *stack.connect(how, now);
    }
    const bool slow = now >= plan_.slow_from && now < plan_.slow_until;
    if (slow && now < next_) return next_;
    std::vector<std::byte> bytes(slow ? plan_.slow_bytes : 64'000);
    for (;;) {
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = testing::talker_byte(plan_.key, written_ + i);
      }
      const auto taken = stack.write(socket_, bytes, now);
      if (taken) written_ += *taken;
      if (!taken || slow) break;
    }
    next_ = now + 10ms;
    if (slow) return next_;
    return now < plan_.slow_from ? plan_.slow_from : kNever;
  }

 private:
  SourcePlan plan_;
  Handle socket_;
  std::uint64_t written_ = 0;
  Time next_{};
};

// Senders at one end of a wire, receivers at the other; each flow has a port of its own.
class Path {
 public:
  explicit Path(const Wire& there, std::uint64_t seed = 1, bool sack = true)
      : net_(seed),
        sender_(net_.add_host("sender", host(sack))),
        receiver_(net_.add_host("receiver", host(sack))) {
    wire_ = net_.connect(sender_, *Cidr::parse("10.0.0.1/24"), receiver_,
                         *Cidr::parse("10.0.0.2/24"), there, back(there));
  }

  /// What comes back meets a wire that only delays.
  static Wire back(const Wire& there) {
    return {.rate = there.rate, .delay = there.delay, .queue = 8_MiB, .cuts = there.cuts};
  }

  /// A flow of `bytes` that begins now.
  void flow(CongestionAlgorithm congestion, std::uint64_t bytes = kEndless) {
    TalkerPlan sending;
    sending.connect = listen(bytes);
    sending.local = {*IpAddress::parse("10.0.0.1"), 0};
    sending.send_key = flows_ + 1;
    sending.send_bytes = bytes;
    sending.largest_write = 64'000;
    sending.socket.congestion = congestion;
    sender_.start(std::make_unique<Talker>(sending, net_.random("s" + std::to_string(flows_))));
    ++flows_;
  }
  /// The only flow, from an application that is slow at times.
  void source(SourcePlan plan) {
    plan.to = listen(kEndless);
    plan.key = flows_ + 1;
    sender_.start(std::make_unique<Source>(plan));
    source_ = true;
    ++flows_;
  }

  [[nodiscard]] const Talker& receiver(std::size_t flow = 0) const {
    return static_cast<const Talker&>(receiver_.actor(flow));
  }
  [[nodiscard]] std::uint64_t received(std::size_t flow = 0) const {
    EXPECT_EQ(receiver(flow).failure(), "");
    return receiver(flow).received();
  }
  [[nodiscard]] Handle socket(std::size_t flow = 0) const {
    if (source_) return static_cast<const Source&>(sender_.actor(flow)).socket();
    return static_cast<const Talker&>(sender_.actor(flow)).socket();
  }
  [[nodiscard]] ConnectionView view(std::size_t flow = 0) const {
    const auto found = sender_.stack().inspect(socket(flow));
    return found ? *found : ConnectionView{};
  }
  [[nodiscard]] BbrState state() const { return view().bbr->state; }

  /// The payload that arrives in `time` from now, in percent of what a wire of `rate` carries.
  [[nodiscard]] double filled(Duration time, Rate rate) {
    const std::uint64_t before = received();
    net_.run_for(time);
    const double bits = static_cast<double>(received() - before) * 8;
    return 100 * bits / static_cast<double>(rate.bits_per_second) /
           (static_cast<double>(time / 1ms) / 1e3);
  }
  /// The bytes in the bottleneck's queue, once a millisecond during `time` from now, in order.
  [[nodiscard]] std::vector<std::uint64_t> queue_during(Duration time) {
    std::vector<std::uint64_t> lengths;
    for (const Time end = net_.now() + time; net_.now() < end; net_.run_for(1ms)) {
      lengths.push_back(net_.queued_bytes(wire_, 0));
    }
    std::ranges::sort(lengths);
    return lengths;
  }
  /// Runs until BBR is in `wanted`; false: it did not get there in `within`.
  [[nodiscard]] bool reaches(BbrState wanted, Duration within) {
    return net_.run_until([&] { return view().bbr && state() == wanted; }, net_.now() + within);
  }

  Simulation net_;
  Host& sender_;
  Host& receiver_;
  WireId wire_{};
  std::size_t flows_ = 0;
  bool source_ = false;

 private:
  static HostOptions host(bool sack) {
    HostOptions options;
    options.stack.tcp.sack = sack;
    options.stack.tcp.send_buffer = 4U << 20;
    options.stack.tcp.receive_buffer = 16U << 20;
    return options;
  }
  Endpoint listen(std::uint64_t bytes) {
    TalkerPlan plan;
    plan.local = {*IpAddress::parse("10.0.0.2"), static_cast<std::uint16_t>(80 + flows_)};
    plan.receive_key = flows_ + 1;
    plan.receive_bytes = bytes;
    plan.largest_read = 256'000;
    receiver_.start(std::make_unique<Talker>(plan, net_.random("r" + std::to_string(flows_))));
    net_.run_until(net_.now());  // it listens before anybody calls
    return plan.local;
  }
};

// 20 Mbit/s and 40 ms: 100 kB fill it, and as much may wait.
constexpr Rate kRate = 20_mbps;
constexpr std::uint32_t kBdp = 100'000;
constexpr std::uint64_t kBytesPerSecond = 2'500'000;
Wire bottleneck() { return {.rate = kRate, .delay = 20ms, .queue = kBdp}; }

TEST(SimBbr, FillsAPathAndKeepsTheQueueShort) {
  Path path(bottleneck());
  path.flow(CongestionAlgorithm::bbr);
  path.net_.run_for(5s);
  EXPECT_GE(path.filled(30s, kRate), 90);
  const auto queue = path.queue_during(30s);
  EXPECT_LT(queue[queue.size() / 2], kBdp / 4);
  // CUBIC keeps it half full and more.
  Path other(bottleneck());
  other.flow(CongestionAlgorithm::cubic);
  other.net_.run_for(5s);
  const auto cubic = other.queue_during(30s);
  EXPECT_GT(cubic[cubic.size() / 2], 2 * queue[queue.size() / 2]);
}

// Section 5.3.1.2: three rounds without a quarter more; then Drain takes out of the queue what
// Startup left there.
TEST(SimBbr, StartupEndsWhereTheRateGrowsNoMore) {
  Wire wire = bottleneck();
  wire.queue = 10 * kBdp;  // no loss ends it
  Path path(wire);
  path.flow(CongestionAlgorithm::bbr);
  ASSERT_TRUE(path.reaches(BbrState::startup, 1s));
  const Time begun = path.net_.now();
  ASSERT_TRUE(path.reaches(BbrState::drain, 5s));
  // Ten segments a round trip, nearly doubled in each, are the path's rate after three or four; the
  // round trips of the three rounds that follow are longer by the queue.
  EXPECT_LT(path.net_.now() - begun, 12 * 40ms);
  EXPECT_EQ(path.view().retransmissions, 0U);
  EXPECT_NEAR(static_cast<double>(path.view().bbr->max_bw), kBytesPerSecond,
              0.05 * kBytesPerSecond);
  EXPECT_GT(path.net_.queued_bytes(path.wire_, 0), kBdp / 2);
  ASSERT_TRUE(
      path.net_.run_until([&] { return path.state() != BbrState::drain; }, path.net_.now() + 1s));
  path.net_.run_for(40ms);
  EXPECT_LT(path.net_.queued_bytes(path.wire_, 0), kBdp / 4);
}

// What Startup puts into a deep queue is at most what its window allows: twice what fills the path
// (section 5.6.1), and what a round trip's acknowledgments let out more.
TEST(SimBbr, TheQueueOfStartupIsBounded) {
  Wire wire = bottleneck();
  wire.queue = 30 * kBdp;
  Path path(wire);
  path.flow(CongestionAlgorithm::bbr);
  EXPECT_LT(path.queue_during(10s).back(), 3 * kBdp);
}

// Loss below 2 % bounds only the short-term model (section 5.5.10.3): by what was delivered, in
// each round that lost something, until the next probe. More rounds between two probes, more of
// that.
TEST(SimBbr, HoldsTheRateWhereOnePacketInAHundredIsLost) {
  struct Case {
    Rate rate;
    Duration delay;
    double bbr;
    double cubic;
  };
  for (const Case& one : {Case{10_mbps, 10ms, 85, 70}, Case{20_mbps, 20ms, 75, 30}}) {
    Wire wire{.rate = one.rate, .delay = one.delay, .loss = 1_percent, .queue = kBdp};
    Path path(wire);
    path.flow(CongestionAlgorithm::bbr);
    path.net_.run_for(5s);
    EXPECT_GE(path.filled(30s, one.rate), one.bbr);
    EXPECT_EQ(path.sender_.stack().counters()[Reason::retransmit_timeout], 0U);
    Path other(wire);
    other.flow(CongestionAlgorithm::cubic);
    other.net_.run_for(5s);
    EXPECT_LT(other.filled(30s, one.rate), one.cubic);
  }
}

// Section 5.3.4: every five seconds without a lower round-trip time, for 200 ms and a round trip,
// with half of what fills the path.
TEST(SimBbr, ProbeRttLowersWhatIsInFlight) {
  Path path(bottleneck());
  path.flow(CongestionAlgorithm::bbr);
  path.net_.run_for(5s);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(path.reaches(BbrState::probe_rtt, 10s));
    const Time from = path.net_.now();
    std::uint32_t least = path.view().in_flight;
    while (path.state() == BbrState::probe_rtt) {
      path.net_.run_for(1ms);
      least = std::min(least, path.view().in_flight);
    }
    EXPECT_LE(least, kBdp * 11 / 20);
    EXPECT_GE(least, kBdp / 4);
    EXPECT_GE(path.net_.now() - from, 200ms);
    EXPECT_LE(path.net_.now() - from, 200ms + 4 * 40ms);
    EXPECT_EQ(path.state(), BbrState::probe_bw_cruise);
    EXPECT_NEAR(static_cast<double>(path.view().bbr->min_rtt / 1us), 40'600, 1'000);
  }
}

TEST(SimBbr, TwoFlowsShareAPath) {
  Path path(bottleneck());
  path.flow(CongestionAlgorithm::bbr);
  path.net_.run_for(5s);  // one has the path, the other comes
  path.flow(CongestionAlgorithm::bbr);
  const std::uint64_t before[] = {path.received(0), path.received(1)};
  path.net_.run_for(60s);
  const double a = static_cast<double>(path.received(0) - before[0]);
  const double b = static_cast<double>(path.received(1) - before[1]);
  EXPECT_GE((a + b) * (a + b) / (2 * (a * a + b * b)), 0.9) << a << " and " << b;  // Jain
  EXPECT_GE(a + b, 0.9 * 60 * static_cast<double>(kBytesPerSecond));
}

// Section 4.1.2.4: what was sent while the application was the limit says nothing of the path.
TEST(SimBbr, ASlowApplicationDoesNotLowerTheModel) {
  Path path(bottleneck());
  path.source({.slow_from = Time(5s), .slow_until = Time(25s), .slow_bytes = 2'000});
  path.net_.run_until(Time(5s));
  const std::uint64_t model = path.view().bbr->max_bw;
  EXPECT_NEAR(static_cast<double>(model), kBytesPerSecond, 0.05 * kBytesPerSecond);
  path.net_.run_until(Time(24s));
  EXPECT_GE(path.view().bbr->max_bw, model * 95 / 100);
  path.net_.run_until(Time(25s));
  EXPECT_GE(path.filled(1s, kRate), 85);  // it goes on where it was
}

// Section 5.4: nor does an idle one, whose Transfer is given back meanwhile.
TEST(SimBbr, TheModelOutlivesAnIdleConnection) {
  Path path(bottleneck());
  path.source({.slow_from = Time(5s), .slow_until = Time(15s), .slow_bytes = 0});
  path.net_.run_until(Time(14s));
  ASSERT_TRUE(path.view().bbr);
  EXPECT_EQ(path.view().send_queue, 0U);
  EXPECT_NEAR(static_cast<double>(path.view().bbr->max_bw), kBytesPerSecond,
              0.05 * kBytesPerSecond);
  path.net_.run_until(Time(15s));
  EXPECT_GE(path.filled(1s, kRate), 80);
  EXPECT_LE(path.view().srtt, 80ms);  // no burst: it was paced
}

TEST(SimBbr, GoesOnAfterACut) {
  Wire wire = bottleneck();
  wire.cuts = {{Time(5s), Time(9s)}};
  Path path(wire);
  path.flow(CongestionAlgorithm::bbr);
  path.net_.run_until(Time(9s));
  EXPECT_GT(path.sender_.stack().counters()[Reason::cwnd_bbr_timeout], 0U);
  path.net_.run_for(8s);  // the backed-off timeout, then the model's rate
  EXPECT_GE(path.filled(10s, kRate), 90);
}

// The rate falls to a fifth: within some cycles the model has forgotten the old one.
TEST(SimBbr, FollowsAPathThatHasBecomeSlower) {
  Path path(bottleneck());
  path.flow(CongestionAlgorithm::bbr);
  path.net_.run_for(6s);
  Wire slower = bottleneck();
  slower.rate = 4_mbps;
  path.net_.change(path.wire_, slower, Path::back(slower));
  path.net_.run_for(15s);
  EXPECT_GE(path.filled(20s, slower.rate), 85);
  EXPECT_LE(path.view().bbr->max_bw, 2 * kBytesPerSecond / 5);
  path.net_.change(path.wire_, bottleneck(), Path::back(bottleneck()));
  path.net_.run_for(10s);
  EXPECT_GE(path.filled(20s, kRate), 85);
}

// SACK or not, lost, overtaken and doubled: every byte arrives.
TEST(SimBbr, EveryByteArrives) {
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Wire wire = bottleneck();
    wire.queue = seed % 3 == 0 ? 20'000 : kBdp;
    wire.loss = seed % 2 == 0 ? 2_percent : 0.1_percent;
    wire.reorder = 3_percent;
    wire.reorder_by = seed % 4 < 2 ? Duration(4ms) : Duration(60ms);
    wire.duplicate = 1_percent;
    Path path(wire, seed, seed % 5 != 0);
    path.flow(CongestionAlgorithm::bbr, 2'000'000);
    EXPECT_TRUE(path.net_.run_until([&] { return path.receiver().done(); }, Time(5min)));
    EXPECT_EQ(path.received(), 2'000'000U);
  }
}

// TCP_CONGESTION on a connection in full flight, there and back.
TEST(SimBbr, TakesOverAndHandsOver) {
  Path path(bottleneck());
  path.flow(CongestionAlgorithm::cubic);
  path.net_.run_for(5s);
  const auto choose = [&](CongestionAlgorithm algorithm) {
    auto options = *path.sender_.stack().options(path.socket());
    options.congestion = algorithm;
    ASSERT_TRUE(path.sender_.stack().set_options(path.socket(), options, path.net_.now()));
    EXPECT_EQ(path.view().congestion, algorithm);
    EXPECT_EQ(path.view().bbr.has_value(), algorithm == CongestionAlgorithm::bbr);
  };
  choose(CongestionAlgorithm::bbr);
  path.net_.run_for(3s);
  EXPECT_GE(path.filled(10s, kRate), 90);
  EXPECT_NEAR(static_cast<double>(path.view().bbr->max_bw), kBytesPerSecond,
              0.05 * kBytesPerSecond);
  choose(CongestionAlgorithm::reno);
  EXPECT_LE(path.view().cwnd, 3 * kBdp);
  EXPECT_EQ(path.view().ssthresh, path.view().cwnd);
  EXPECT_GE(path.filled(10s, kRate), 85);
  choose(CongestionAlgorithm::bbr);
  path.net_.run_for(3s);
  EXPECT_GE(path.filled(10s, kRate), 90);
}

// All of it is state: a copy goes on as the original.
TEST(SimBbr, AForkGoesOnTheSameWay) {
  Wire wire = bottleneck();
  wire.loss = 1_percent;
  for (const int when : {100, 700, 3'456, 6'000, 11'000}) {
    Path path(wire);
    path.flow(CongestionAlgorithm::bbr);
    path.net_.run_for(when * 1ms);
    const auto copy = path.net_.fork();
    ASSERT_TRUE(copy);
    DigestTap here;
    DigestTap there;
    path.net_.observe(here);
    (*copy)->observe(there);
    path.net_.run_for(3s);
    (*copy)->run_for(3s);
    EXPECT_GT(here.packets(), 1'000U);
    EXPECT_EQ(here.digest(), there.digest());
  }
}

}  // namespace
}  // namespace bowline::sim
