// A transfer in both directions with somebody who lies about everything (liar.hpp), by seeds: what
// the lies cost is bounded and counted, and both streams arrive whole.

#include "tests/liar/liar.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "bowline/base/testing/failing_memory.hpp"
#include "bowline/sim/simulation.hpp"
#include "bowline/sim/testing/talker.hpp"

namespace bowline::liar {
namespace {

using sim::operator""_mbps;
using sim::operator""_percent;
using sim::testing::Talker;
using sim::testing::TalkerPlan;

constexpr std::uint32_t kEverything = (1U << kLies) - 1;
constexpr std::uint32_t kBuffer = 100'000;  // bytes, each way
constexpr std::uint64_t kBytes = 300'000;   // of each stream

/// What a transfer cost the victim.
struct Cost {
  std::size_t memory = 0;      ///< bytes, the most at a time, of everything it holds
  std::uint64_t received = 0;  ///< packets
  std::uint64_t sent = 0;      ///< packets
  std::array<std::uint64_t, kLies> told{};
  std::array<std::uint64_t, kReasonCount> decided{};
};

/// Counts what the host with this number sends and gets.
class Counter final : public sim::Tap {
 public:
  Counter(sim::NodeId host, Cost& cost) : host_(host), cost_(cost) {}
  void sent(const sim::Passage& passage) override { cost_.sent += passage.from == host_; }
  void arrived(const sim::Passage& passage) override { cost_.received += passage.to == host_; }

 private:
  sim::NodeId host_;
  Cost& cost_;
};

sim::HostOptions draw_victim(Random& random, Memory& memory) {
  sim::HostOptions options;
  if (random.below(3) == 0) {
    options.stack.tcp = tcp::Settings::of(tcp::Profile::linux);
  }
  tcp::Settings& settings = options.stack.tcp;
  settings.timestamps = random.below(3) != 0;
  settings.sack = random.below(4) != 0;
  settings.window_scaling = random.below(2) == 0;
  settings.ecn = random.below(2) == 0 ? tcp::EcnMode::request : tcp::EcnMode::accept;
  settings.congestion =
      random.below(2) == 0 ? tcp::CongestionAlgorithm::cubic : tcp::CongestionAlgorithm::reno;
  settings.send_buffer = settings.receive_buffer = kBuffer;
  settings.send_buffer_max = settings.receive_buffer_max = kBuffer;
  options.stack.limits.sent_ranges = 1'024;
  options.stack.limits.reassembly_ranges = 256;
  options.stack.memory = &memory;
  if (random.below(2) == 0) options.max_gso = 0;
  return options;
}

/// Both ends done, or one that failed, or half a day.
void transfer(std::uint64_t seed, std::uint32_t lies, Cost& cost) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random = Random::stream(seed, "liar");
  testing::FailingMemory memory;
  sim::Simulation net(seed);
  sim::Host& victim = net.add_host("victim", draw_victim(random, memory));
  sim::HostOptions honest;
  honest.stack.tcp.ecn = tcp::EcnMode::request;
  sim::Host& accomplice = net.add_host("accomplice", honest);
  auto& liar = static_cast<Liar&>(net.add_node([&](sim::NodeId id) {
    return std::make_unique<Liar>(id, "liar", lies, 2, net.random("liar"));
  }));
  const bool ipv6 = random.below(2) == 0;
  const auto cidr = [ipv6](const char* v4, const char* v6) { return *Cidr::parse(ipv6 ? v6 : v4); };
  // What is lost on the way to the liar is not acknowledged in anybody's name.
  net.connect(victim, cidr("10.1.0.1/24", "fd01::1/64"), liar, cidr("10.1.0.254/24", "fd01::fe/64"),
              {.rate = 20_mbps, .delay = 10ms, .loss = 1_percent});
  net.connect(liar, cidr("10.2.0.254/24", "fd02::fe/64"), accomplice,
              cidr("10.2.0.1/24", "fd02::1/64"), {.delay = 20ms});
  Counter counter(victim.id(), cost);
  net.observe(counter);

  const bool victim_calls = random.below(2) == 0;
  sim::Host& server = victim_calls ? accomplice : victim;
  sim::Host& client = victim_calls ? victim : accomplice;
  TalkerPlan serving;
  serving.local = {server.addresses(sim::Port{0}).front().address, 80};
  serving.send_key = 2 * seed;
  serving.receive_key = 2 * seed + 1;
  serving.send_bytes = serving.receive_bytes = kBytes;
  TalkerPlan calling = serving;
  calling.connect = serving.local;
  calling.local = {client.addresses(sim::Port{0}).front().address, 0};
  std::swap(calling.send_key, calling.receive_key);
  server.start(std::make_unique<Talker>(serving, net.random("server")));
  net.run_until(net.now());
  client.start(std::make_unique<Talker>(calling, net.random("client")));

  const auto& a = static_cast<const Talker&>(victim.actor(0));
  const auto& b = static_cast<const Talker&>(accomplice.actor(0));
  const bool over = net.run_until(
      [&] { return (a.done() && b.done()) || !a.failure().empty() || !b.failure().empty(); },
      Time{12h});
  EXPECT_EQ(a.failure(), "") << "the victim";
  EXPECT_EQ(b.failure(), "") << "the accomplice";
  ASSERT_TRUE(over) << "victim: sent " << a.sent() << ", received " << a.received()
                    << "; accomplice: sent " << b.sent() << ", received " << b.received();

  cost.memory = std::max(cost.memory, memory.peak_bytes());
  for (std::size_t lie = 0; lie < kLies; ++lie) {
    cost.told[lie] += liar.told(static_cast<Lie>(lie));
  }
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    cost.decided[i] += victim.stack().counters()[static_cast<Reason>(i)];
  }
  net.run_for(2h);
  const StackUsage usage = victim.stack().usage();
  EXPECT_EQ(usage.connections + usage.half_open + usage.time_wait + usage.orphans, 0U);
  EXPECT_EQ(usage.buffer_bytes, 0U);
}

/// No more than a lie or a packet of the stream is answered with, and no more than Limits allow.
void expect_bounded(const Cost& cost, std::uint64_t transfers) {
  // Two buffers, each of which may pin twice what it carries, 256 pieces out of order in frames of
  // their own, 1,024 ranges in flight, and the stack itself.
  EXPECT_LT(cost.memory, 2U << 20);
  constexpr std::uint64_t kSmallest = 36;  // bytes: the floor of the MSS, less the timestamps
  EXPECT_LT(cost.sent, cost.received + transfers * kBytes / kSmallest);
}

class LiarTest : public ::testing::TestWithParam<std::uint64_t> {};

// All lies at once, each of them often.
TEST_P(LiarTest, BothStreamsArriveWholeWhateverItSays) {
  constexpr std::uint64_t kPerTest = 5;
  Cost cost;
  for (std::uint64_t i = 0; i < kPerTest; ++i) {
    transfer(kPerTest * GetParam() + i, kEverything, cost);
  }
  expect_bounded(cost, kPerTest);
  for (std::size_t lie = 0; lie < kLies; ++lie) EXPECT_GT(cost.told[lie], 0U) << "lie " << lie;
}

INSTANTIATE_TEST_SUITE_P(Seeds, LiarTest, ::testing::Range<std::uint64_t>(0, 8));

/// What a lie is counted as. None: an honest peer may say the same.
std::optional<Reason> counted_as(Lie lie) {
  switch (lie) {
    case Lie::tiny_mss:
      return Reason::mss_raised;
    case Lie::ack_of_unsent:
      return Reason::ack_of_unsent;
    case Lie::ack_of_old:
      return Reason::ack_too_old;
    case Lie::divided_ack:
      return Reason::ack_divided;
    case Lie::sack_of_unsent:
      return Reason::sack_ignored;
    case Lie::dsack_flood:
      return Reason::dsack_received;
    case Lie::shrunk_window:
      return Reason::window_peer_shrunk;
    case Lie::old_timestamp:
      return Reason::paws;
    case Lie::invented_echo:
      return Reason::echo_from_the_future;
    case Lie::marks:
      return Reason::cwnd_ecn;
    case Lie::repeats_otherwise:
    case Lie::beyond_the_window:
      return Reason::seq_out_of_window;
    case Lie::stray_reset:
      return Reason::rst_not_exact;
    case Lie::early_ack:
    case Lie::duplicate_storm:
    case Lie::sack_crumbs:
    case Lie::sack_not_had:
    case Lie::boasted_window:
    case Lie::urgency:
      break;
  }
  return std::nullopt;
}

class OneLie : public ::testing::TestWithParam<std::size_t> {};

TEST_P(OneLie, IsCountedAndBounded) {
  constexpr std::uint64_t kTransfers = 8;
  Cost cost;
  for (std::uint64_t seed = 0; seed < kTransfers; ++seed) transfer(seed, 1U << GetParam(), cost);
  expect_bounded(cost, kTransfers);
  EXPECT_GE(cost.told[GetParam()], kTransfers);
  if (const auto reason = counted_as(static_cast<Lie>(GetParam()))) {
    EXPECT_GT(cost.decided[static_cast<std::size_t>(*reason)], 0U) << info(*reason).name;
  }
}

INSTANTIATE_TEST_SUITE_P(Lies, OneLie, ::testing::Range<std::size_t>(0, kLies));

}  // namespace
}  // namespace bowline::liar
