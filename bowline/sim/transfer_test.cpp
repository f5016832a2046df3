// Transfers over bad networks: whatever a wire does short of cutting the connection, both streams
// arrive whole, and both stacks are empty afterwards (REQUIREMENTS A9, A13, A16).

#include <gtest/gtest.h>

#include <memory>

#include "bowline/sim/simulation.hpp"
#include "bowline/sim/testing/talker.hpp"

namespace bowline::sim {
namespace {

using testing::Talker;
using testing::TalkerPlan;

constexpr std::uint64_t kSeeds = 400;
constexpr std::uint64_t kPerTest = 50;

template <class T, std::size_t N>
T pick(Random& random, const T (&choices)[N]) {
  return choices[random.below(N)];
}

Wire random_wire(Random& random, bool ipv6) {
  Wire wire;
  wire.rate = pick(random, {Rate{}, 1_mbps, 10_mbps, 100_mbps, 1_gbps});
  wire.delay = pick<Duration>(random, {0ms, 100us, 1ms, 10ms, 50ms});
  wire.jitter = pick<Duration>(random, {0ms, 0ms, 500us, 5ms});
  wire.loss = pick(random, {0_percent, 0_percent, 1_percent, 5_percent, 10_percent});
  wire.reorder = pick(random, {0_percent, 0_percent, 5_percent, 20_percent});
  wire.reorder_by = pick<Duration>(random, {1ms, 20ms});
  wire.duplicate = pick(random, {0_percent, 0_percent, 5_percent});
  wire.duplicate_after = pick<Duration>(random, {0ms, 3ms});
  wire.corrupt = pick(random, {0_percent, 0_percent, 1_percent});
  wire.mtu = pick<std::uint32_t>(random, {1'280, 1'500, 9'000});
  if (!ipv6 && random.below(4) == 0) wire.mtu = 576;
  wire.queue = pick(random, {20'000U, 64_KiB, 1_MiB});
  return wire;
}

HostOptions random_host(Random& random) {
  HostOptions options;
  if (random.below(3) == 0) options.max_gso = 0;
  if (options.max_gso == 0 && random.below(2) == 0) options.transmit_checksum = false;
  options.stack.tcp.timestamps = random.below(3) != 0;
  options.stack.tcp.window_scaling = random.below(3) != 0;
  options.stack.tcp.receive_buffer = pick<std::uint32_t>(random, {4'000, 30'000, 1U << 20});
  options.stack.tcp.send_buffer = pick<std::uint32_t>(random, {4'000, 30'000, 1U << 20});
  if (random.below(4) == 0)
    options.stack.tcp = [&] {
      tcp::Settings settings = tcp::Settings::of(tcp::Profile::linux);
      settings.receive_buffer = options.stack.tcp.receive_buffer;
      return settings;
    }();
  return options;
}

std::uint64_t random_size(Random& random) {
  switch (random.below(4)) {
    case 0:
      return 0;
    case 1:
      return random.below(100);
    case 2:
      return random.below(5'000);
    default:
      return random.below(200'000);
  }
}

void transfer(std::uint64_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random = Random::stream(seed, "transfer");
  Simulation net(seed);
  Host& client = net.add_host("client", random_host(random));
  Host& server = net.add_host("server", random_host(random));
  const bool ipv6 = random.below(2) == 0;
  const Cidr at_client = *Cidr::parse(ipv6 ? "fd00::1/64" : "10.0.0.1/24");
  const Cidr at_server = *Cidr::parse(ipv6 ? "fd00::2/64" : "10.0.0.2/24");
  const Wire there = random_wire(random, ipv6);
  const Wire back = random_wire(random, ipv6);
  net.connect(client, at_client, server, at_server, there, back);

  TalkerPlan serving;
  serving.local = {at_server.address, 80};
  serving.socket.no_delay = random.below(2) == 0;
  serving.send_key = 2 * seed;
  serving.send_bytes = random_size(random);
  serving.receive_key = 2 * seed + 1;
  serving.receive_bytes = random_size(random);
  serving.answer_last = random.below(4) == 0;
  if (random.below(8) == 0) serving.pause = 1ms;
  TalkerPlan calling = serving;
  calling.connect = serving.local;
  calling.local = {at_client.address, 0};
  std::swap(calling.send_key, calling.receive_key);
  std::swap(calling.send_bytes, calling.receive_bytes);
  calling.answer_last = false;
  calling.socket.quick_ack = random.below(4) == 0;
  server.start(std::make_unique<Talker>(serving, net.random("server")));
  net.run_until(net.now());  // it listens before anybody calls
  client.start(std::make_unique<Talker>(calling, net.random("client")));

  const auto talker = [](Host& host) -> const Talker& {
    return static_cast<const Talker&>(host.actor(0));
  };
  const Talker& a = talker(client);
  const Talker& b = talker(server);
  const bool done = net.run_until(
      [&] { return (a.done() && b.done()) || !a.failure().empty() || !b.failure().empty(); },
      Time{2h});
  EXPECT_EQ(a.failure(), "");
  EXPECT_EQ(b.failure(), "");
  ASSERT_TRUE(done) << "client sent " << a.sent() << " of " << calling.send_bytes << ", received "
                    << a.received() << " of " << calling.receive_bytes << "; server sent "
                    << b.sent() << ", received " << b.received();

  // TIME-WAIT and whatever else was left is over an hour later: nothing remains of it.
  net.run_for(1h);
  for (Host* host : {&client, &server}) {
    const StackUsage usage = host->stack().usage();
    EXPECT_EQ(usage.connections + usage.half_open + usage.time_wait + usage.orphans, 0U)
        << host->name();
    EXPECT_EQ(usage.buffer_bytes, 0U) << host->name();
    EXPECT_EQ(host->stack().next_deadline(), kNever) << host->name();
  }
}

class Transfer : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Transfer, BothStreamsArriveWhole) {
  const std::uint64_t first = GetParam() * kPerTest;
  for (std::uint64_t seed = first; seed < first + kPerTest; ++seed) {
    transfer(seed);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Transfer, ::testing::Range<std::uint64_t>(0, kSeeds / kPerTest));

}  // namespace
}  // namespace bowline::sim
