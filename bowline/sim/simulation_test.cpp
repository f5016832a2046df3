#include "bowline/sim/simulation.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "bowline/sim/testing/talker.hpp"

namespace bowline::sim {
namespace {

using testing::Talker;
using testing::TalkerPlan;

Endpoint endpoint(const char* address, std::uint16_t port) {
  return {*IpAddress::parse(address), port};
}

/// Two hosts and a wire; the client sends `there` bytes and the server `back`.
struct Pair {
  explicit Pair(std::uint64_t seed, const Wire& wire = {.rate = 10_mbps, .delay = 20ms},
                std::uint64_t there = 100'000, std::uint64_t back = 30'000, Time start = Time{})
      : net(seed, start) {
    Host& client = net.add_host("client");
    Host& server = net.add_host("server");
    cable =
        net.connect(client, *Cidr::parse("10.0.0.1/24"), server, *Cidr::parse("10.0.0.2/24"), wire);
    TalkerPlan serving;
    serving.local = endpoint("10.0.0.2", 80);
    serving.send_key = 2;
    serving.send_bytes = back;
    serving.receive_key = 1;
    serving.receive_bytes = there;
    server.start(std::make_unique<Talker>(serving, net.random("server")));
    TalkerPlan calling;
    calling.connect = serving.local;
    calling.local = endpoint("10.0.0.1", 40'000);
    calling.send_key = 1;
    calling.send_bytes = there;
    calling.receive_key = 2;
    calling.receive_bytes = back;
    client.start(std::make_unique<Talker>(calling, net.random("client")));
    net.observe(digest);
  }
  static const Talker& talker(Simulation& net, const char* host) {
    return static_cast<const Talker&>(net.host(host).actor(0));
  }
  static bool done(Simulation& net) {
    return talker(net, "client").done() && talker(net, "server").done();
  }

  Simulation net;
  WireId cable{};
  DigestTap digest;
};

TEST(Simulation, TwoHostsTalk) {
  Pair pair(1);
  EXPECT_TRUE(pair.net.run_until([&] { return Pair::done(pair.net); }, Time{1min}));
  EXPECT_EQ(Pair::talker(pair.net, "server").failure(), "");
  EXPECT_EQ(Pair::talker(pair.net, "client").failure(), "");
  EXPECT_EQ(Pair::talker(pair.net, "server").received(), 100'000U);
  // A wire of 10 Mbit/s takes 80 ms for the bytes alone, and four times 20 ms pass before the last
  // is read.
  EXPECT_GT(pair.net.now(), Time{140ms});
  EXPECT_LT(pair.net.now(), Time{2s});
}

TEST(Simulation, TimeStandsStillUntilItIsRun) {
  Pair pair(1);
  EXPECT_EQ(pair.net.now(), Time{});
  EXPECT_EQ(pair.digest.packets(), 0U);
  pair.net.run_until(Time{0s});
  EXPECT_EQ(pair.digest.packets(), 1U) << "the SYN";
  pair.net.run_until(Time{19ms});
  EXPECT_EQ(pair.digest.packets(), 1U);
  EXPECT_EQ(pair.net.in_flight(), 1U);
  pair.net.run_until(Time{21ms});
  EXPECT_EQ(pair.digest.packets(), 2U) << "the SYN-ACK";
}

TEST(Simulation, TheSameSeedIsTheSameRun) {
  const Wire rough{.rate = 10_mbps,
                   .delay = 20ms,
                   .jitter = 3ms,
                   .loss = 2_percent,
                   .reorder = 2_percent,
                   .duplicate = 1_percent,
                   .corrupt = 1_percent};
  std::vector<std::uint64_t> digests;
  for (const std::uint64_t seed : {7U, 7U, 8U}) {
    Pair pair(seed, rough);
    EXPECT_TRUE(pair.net.run_until([&] { return Pair::done(pair.net); }, Time{10min}));
    digests.push_back(pair.digest.digest());
  }
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_NE(digests[0], digests[2]) << "the digest sees something";
}

TEST(Simulation, CallsComeAfterFramesAndTimersOfTheirInstant) {
  Simulation net(1);
  Host& a = net.add_host("a");
  Host& b = net.add_host("b");
  net.connect(a, *Cidr::parse("10.0.0.1/24"), b, *Cidr::parse("10.0.0.2/24"), {.delay = 1ms});
  ListenOptions listening;
  listening.local = endpoint("10.0.0.2", 80);
  const auto listener = b.stack().listen(listening, net.now());
  ASSERT_TRUE(listener);
  // Planned before the SYN is even sent, for the instant at which it arrives: the frame goes first.
  std::uint32_t half_open = 0;
  net.at(Time{1ms}, [&] { half_open = b.stack().usage().half_open; });
  ConnectOptions connecting;
  connecting.remote = listening.local;
  ASSERT_TRUE(a.stack().connect(connecting, net.now()));
  net.run_until(Time{1ms});
  EXPECT_EQ(half_open, 1U);
}

TEST(Simulation, ACutCableIsMendedAndTheTransferGoesOn) {
  Pair pair(3);
  pair.net.run_until(Time{100ms});
  pair.net.change(pair.cable, {.rate = 10_mbps, .delay = 20ms, .loss = 100_percent});
  pair.net.run_until(Time{20s});
  EXPECT_FALSE(Pair::done(pair.net));
  pair.net.change(pair.cable, {.rate = 10_mbps, .delay = 20ms});
  EXPECT_TRUE(pair.net.run_until([&] { return Pair::done(pair.net); }, Time{2min}));
  EXPECT_EQ(Pair::talker(pair.net, "server").failure(), "");
  EXPECT_EQ(Pair::talker(pair.net, "client").failure(), "");
}

/// Keeps what it is told.
class ListTap final : public Tap {
 public:
  void sent(const Passage& passage) override { sent_.push_back(passage); }
  void arrived(const Passage& passage) override { arrived_.push_back(passage); }
  std::vector<Passage> sent_;
  std::vector<Passage> arrived_;
};

TEST(Simulation, ATapSeesBothEndsOfEveryPacket) {
  Pair pair(5, {.delay = 10ms, .duplicate = 100_percent, .duplicate_after = 1ms}, 10, 0);
  ListTap tap;
  pair.net.observe(tap);
  pair.net.run_until(Time{15ms});
  ASSERT_EQ(tap.sent_.size(), 3U) << "the SYN, and a SYN-ACK for each of its copies";
  ASSERT_EQ(tap.arrived_.size(), 2U);
  const Passage& syn = tap.sent_[0];
  EXPECT_EQ(syn.at, Time{});
  EXPECT_EQ(syn.fate, Fate::duplicated);
  EXPECT_NE(syn.frame, FrameId::none) << "by which the sender's decisions speak of it";
  EXPECT_EQ(tap.arrived_[0].packet, syn.packet);
  EXPECT_EQ(tap.arrived_[0].at, Time{10ms});
  EXPECT_FALSE(tap.arrived_[0].copy);
  EXPECT_NE(tap.arrived_[0].frame, FrameId::none);
  EXPECT_EQ(tap.arrived_[1].packet, syn.packet);
  EXPECT_EQ(tap.arrived_[1].at, Time{11ms});
  EXPECT_TRUE(tap.arrived_[1].copy);
}

TEST(Simulation, AHostAddedChangesNothingForTheOthers) {
  Pair plain(11);
  Pair more(11);
  more.net.add_host("bystander");
  for (Pair* pair : {&plain, &more}) {
    EXPECT_TRUE(pair->net.run_until([&] { return Pair::done(pair->net); }, Time{1min}));
  }
  EXPECT_EQ(plain.digest.digest(), more.digest.digest());
}

TEST(Simulation, TwoHostsCannotShareAName) {
  Simulation net(1);
  net.add_host("a");
  EXPECT_THROW(net.add_host("a"), std::invalid_argument);
  EXPECT_THROW((void)net.host("b"), std::out_of_range);
}

// ---- fork ---------------------------------------------------------------------------------------

TEST(SimulationFork, BothContinueTheSameWay) {
  Pair pair(13, {.rate = 10_mbps, .delay = 20ms, .jitter = 2ms, .loss = 3_percent});
  pair.net.run_until(Time{90ms});  // data under way in both directions
  ASSERT_GT(pair.net.in_flight(), 0U);
  auto fork = pair.net.fork();
  ASSERT_TRUE(fork) << fork.error().message();
  DigestTap of_original;
  DigestTap of_fork;
  pair.net.observe(of_original);
  (*fork)->observe(of_fork);
  EXPECT_TRUE(pair.net.run_until([&] { return Pair::done(pair.net); }, Time{10min}));
  EXPECT_TRUE((*fork)->run_until([&] { return Pair::done(**fork); }, Time{10min}));
  EXPECT_EQ(Pair::talker(pair.net, "client").failure(), "");
  EXPECT_EQ(Pair::talker(pair.net, "server").failure(), "");
  EXPECT_GT(of_original.packets(), 10U);
  EXPECT_EQ(of_original.digest(), of_fork.digest());
  EXPECT_EQ(pair.net.now(), (*fork)->now());
}

TEST(SimulationFork, TheyDoNotDisturbEachOther) {
  Pair pair(13, {.rate = 10_mbps, .delay = 20ms});
  pair.net.run_until(Time{90ms});
  auto fork = pair.net.fork();
  ASSERT_TRUE(fork);
  (*fork)->change(pair.cable, {.loss = 100_percent});
  (*fork)->run_until(Time{5min});
  EXPECT_FALSE(Pair::done(**fork));
  EXPECT_TRUE(pair.net.run_until([&] { return Pair::done(pair.net); }, Time{1min}));
  EXPECT_EQ(Pair::talker(pair.net, "server").failure(), "");
}

TEST(SimulationFork, ACopyOutlivesTheOriginal) {
  auto pair = std::make_unique<Pair>(17);
  pair->net.run_until(Time{90ms});
  auto fork = pair->net.fork();
  ASSERT_TRUE(fork);
  pair.reset();
  EXPECT_TRUE((*fork)->run_until([&] { return Pair::done(**fork); }, Time{1min}));
  EXPECT_EQ(Pair::talker(**fork, "server").failure(), "");
}

TEST(SimulationFork, PlannedCallsForbidIt) {
  Pair pair(1);
  pair.net.after(1s, [] {});
  const auto fork = pair.net.fork();
  ASSERT_FALSE(fork);
  EXPECT_EQ(fork.error(), std::errc::operation_not_permitted);
}

// ---- a machine that starts anew
// ---------------------------------------------------------------------------

TEST(Restart, ForgetsConnectionsAndProgramsAndKeepsItsAddresses) {
  Pair pair(7);
  pair.net.run_until(Time{100ms});
  Host& client = pair.net.host("client");
  const Cidr address = client.addresses(Port{})[0];
  ASSERT_GT(client.stack().usage().connections, 0U);
  client.restart();
  EXPECT_EQ(client.stack().usage().connections, 0U);
  ASSERT_EQ(client.addresses(Port{}).size(), 1U);
  EXPECT_EQ(client.addresses(Port{})[0], address);
  // RFC 9293 figure 10: what comes for the old connection is answered by RST, and ends it.
  pair.net.run_until(Time{10s});
  EXPECT_EQ(pair.net.host("server").stack().counters()[Reason::state_reset_received], 1U);
  EXPECT_EQ(client.stack().usage().connections, 0U) << "the program is gone";
  EXPECT_TRUE(pair.net.fork());
}

// ---- the canonical hash
// ----------------------------------------------------------------------------

// Stack::canonical_hash does not see absolute numbers: other ISNs, other timestamps, another time
// of day.
TEST(CanonicalHash, DoesNotSeeIsnsNorTheTimeOfDay) {
  const Wire clean{.rate = 10_mbps, .delay = 20ms};
  Pair one(21, clean);
  Pair other(21, clean, 100'000, 30'000, Time{5'000s + 1ms});
  bool differed = false;
  std::uint64_t last = 0;
  for (int i = 0; i < 300; ++i) {
    one.net.run_for(1ms);
    other.net.run_for(1ms);
    for (const char* name : {"client", "server"}) {
      const std::uint64_t a = one.net.host(name).stack().canonical_hash(one.net.now());
      const std::uint64_t b = other.net.host(name).stack().canonical_hash(other.net.now());
      ASSERT_EQ(a, b) << name << " after " << i + 1 << " ms";
      differed = differed || a != last;
      last = a;
    }
  }
  EXPECT_TRUE(differed);
}

TEST(CanonicalHash, SeesWhatIsDifferent) {
  Pair one(21);
  Pair other(21);
  one.net.run_until(Time{100ms});
  other.net.run_until(Time{100ms});
  Stack& a = one.net.host("client").stack();
  Stack& b = other.net.host("client").stack();
  const Time now = one.net.now();
  EXPECT_EQ(a.canonical_hash(now), b.canonical_hash(now));
  const Handle socket = Pair::talker(other.net, "client").socket();
  ASSERT_TRUE(b.shutdown(socket, Direction::receive, now));
  EXPECT_NE(a.canonical_hash(now), b.canonical_hash(now));
}

TEST(CanonicalHash, OfACloneIsTheOriginals) {
  Pair pair(23);
  pair.net.run_until(Time{100ms});
  const Stack& original = pair.net.host("client").stack();
  auto clone = original.clone();
  ASSERT_TRUE(clone);
  EXPECT_EQ(clone->canonical_hash(pair.net.now()), original.canonical_hash(pair.net.now()));
}

}  // namespace
}  // namespace bowline::sim
