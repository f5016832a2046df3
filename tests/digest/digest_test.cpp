// The same seed gives the same bytes at the same instants with every compiler, library and
// processor (issue 4; DESIGN section 6): the digest of every packet of each of these runs is known
// (tests/golden/digests.txt). One run for each thing that a simulation can do, so that what differs
// has a name.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "bowline/sim/simulation.hpp"
#include "bowline/sim/testing/talker.hpp"
#include "tests/golden/golden.hpp"

namespace bowline::sim {
namespace {

using testing::Talker;
using testing::TalkerPlan;

/// What stands between the two hosts.
enum class Between : std::uint8_t { nothing, router, firewall, nat };

/// How a run goes: two hosts send each other a stream.
struct Course {
  std::string name;
  Wire wire{.rate = 10_mbps, .delay = 20ms};
  Between between = Between::nothing;
  bool ipv6 = false;
  HostOptions host{};
  Duration pause{};               // of the applications
  bool fork = false;              // goes on as a copy from the middle on
  std::uint64_t bytes = 150'000;  // of the client's stream; of the server's a third
};

std::vector<Course> runs() {
  const Wire plain{.rate = 10_mbps, .delay = 20ms};
  std::vector<Course> all;
  const auto wire = [&](const char* name, auto change) {
    Course run{.name = name};
    change(run.wire);
    all.push_back(run);
  };
  all.push_back({.name = "plain"});
  wire("jitter", [](Wire& it) { it.jitter = 5ms; });
  wire("loss", [](Wire& it) { it.loss = 2_percent; });
  wire("bursts", [](Wire& it) {
    it.bursts = {.enter = 1_percent, .leave = 30_percent, .loss_bad = 80_percent};
  });
  wire("reordering", [](Wire& it) {
    it.reorder = 3_percent;
    it.reorder_by = 8ms;
  });
  wire("duplication", [](Wire& it) {
    it.duplicate = 3_percent;
    it.duplicate_after = 4ms;
  });
  wire("corruption", [](Wire& it) { it.corrupt = 2_percent; });
  wire("cut",
       [](Wire& it) { it.cuts = {{Time{100ms}, Time{900ms}}, {Time{1500ms}, Time{1600ms}}}; });
  wire("short queue", [](Wire& it) { it.queue = 12'000; });
  wire("codel", [](Wire& it) { it.codel = Codel{.target = 2ms, .interval = 40ms, .ecn = false}; });
  wire("unlimited rate", [](Wire& it) { it.rate = {}; });
  wire("large packets", [](Wire& it) { it.mtu = 9'000; });
  wire("everything", [](Wire& it) {
    it.jitter = 2ms;
    it.loss = it.reorder = it.duplicate = it.corrupt = 1_percent;
    it.bursts = {.enter = 0.5_percent, .leave = 50_percent};
    it.codel = Codel{};
    it.cuts = {{Time{300ms}, Time{500ms}}};
  });

  const Wire lossy{.rate = 10_mbps, .delay = 20ms, .loss = 1_percent};
  all.push_back({.name = "ipv6", .wire = lossy, .ipv6 = true});
  all.push_back({.name = "router", .wire = lossy, .between = Between::router});
  all.push_back({.name = "ipv6 router", .wire = lossy, .between = Between::router, .ipv6 = true});
  all.push_back({.name = "firewall", .wire = lossy, .between = Between::firewall});
  all.push_back({.name = "nat", .wire = lossy, .between = Between::nat});
  all.push_back({.name = "slow applications", .wire = lossy, .pause = 3ms});
  all.push_back({.name = "fork", .wire = lossy, .fork = true});

  const auto tcp = [&](const char* name, const Wire& over, auto change) {
    Course run{.name = name, .wire = over};
    change(run.host);
    all.push_back(run);
  };
  using tcp::CongestionAlgorithm;
  tcp("reno", lossy, [](HostOptions& it) { it.stack.tcp.congestion = CongestionAlgorithm::reno; });
  tcp("profile linux", lossy,
      [](HostOptions& it) { it.stack.tcp = tcp::Settings::of(tcp::Profile::linux); });
  tcp("no sack", lossy, [](HostOptions& it) { it.stack.tcp.sack = false; });
  tcp("no timestamps", lossy, [](HostOptions& it) { it.stack.tcp.timestamps = false; });
  tcp("no pacing", lossy, [](HostOptions& it) { it.stack.tcp.pacing = false; });
  tcp("segments cut by the stack", lossy, [](HostOptions& it) {
    it.max_gso = 0;
    it.transmit_checksum = false;
  });
  tcp("small buffers", lossy, [](HostOptions& it) {
    it.stack.tcp.send_buffer = 5'000;
    it.stack.tcp.receive_buffer = it.stack.tcp.receive_buffer_max = 4'000;
  });
  Wire marking = plain;
  marking.mark_above = 8'000;
  tcp("ecn", marking, [](HostOptions& it) { it.stack.tcp.ecn = tcp::EcnMode::request; });
  marking.mark_above = 0;
  marking.codel = Codel{.target = 2ms, .interval = 40ms};
  tcp("codel with ecn", marking, [](HostOptions& it) { it.stack.tcp.ecn = tcp::EcnMode::request; });
  return all;
}

Cidr cidr(bool ipv6, int network, int host, int width4 = 24) {
  return *Cidr::parse(ipv6 ? fmt::format("fd00:{}::{}/64", network, host)
                           : fmt::format("10.{}.0.{}/{}", network, host, width4));
}

/// Lays what is between `client` and `server`; returns the server's address.
IpAddress lay(Simulation& net, const Course& run, Host& client, Host& server) {
  const Cidr near = cidr(run.ipv6, 1, 1);
  if (run.between == Between::nothing) {
    net.connect(client, near, server, cidr(run.ipv6, 1, 2), run.wire);
    return cidr(run.ipv6, 1, 2).address;
  }
  Router& router = run.between == Between::router     ? net.add_router("between")
                   : run.between == Between::firewall ? net.add_firewall("between")
                                                      : net.add_nat("between");
  net.connect(client, near, router, cidr(run.ipv6, 1, 254), run.wire);
  // The second wire takes less: the path MTU has to be found.
  net.connect(router, cidr(run.ipv6, 2, 254), server, cidr(run.ipv6, 2, 1),
              {.rate = 20_mbps, .delay = 5ms, .mtu = 1'280});
  net.route_everything();
  return cidr(run.ipv6, 2, 1).address;
}

bool done(Simulation& net) {
  const auto talker = [&](const char* host) -> const Talker& {
    return static_cast<const Talker&>(net.host(host).actor(0));
  };
  EXPECT_EQ(talker("client").failure(), "");
  EXPECT_EQ(talker("server").failure(), "");
  return talker("client").done() && talker("server").done();
}

/// "name: packets, digest"
std::string digest_of(const Course& run) {
  SCOPED_TRACE(run.name);
  Simulation net(42);
  Host& client = net.add_host("client", run.host);
  Host& server = net.add_host("server", run.host);
  TalkerPlan serving;
  serving.local = {lay(net, run, client, server), 80};
  serving.send_key = 2;
  serving.receive_key = 1;
  serving.send_bytes = run.bytes / 3;
  serving.receive_bytes = run.bytes;
  serving.pause = run.pause;
  server.start(std::make_unique<Talker>(serving, net.random("server")));
  TalkerPlan calling = serving;
  calling.connect = serving.local;
  calling.local = {IpAddress::any(serving.local.address.family()), 0};
  std::swap(calling.send_key, calling.receive_key);
  std::swap(calling.send_bytes, calling.receive_bytes);
  client.start(std::make_unique<Talker>(calling, net.random("client")));

  DigestTap digest;
  Simulation* running = &net;
  std::unique_ptr<Simulation> copy;
  if (run.fork) {
    net.run_until(Time{150ms});
    copy = std::move(*net.fork());
    running = copy.get();
  }
  running->observe(digest);
  EXPECT_TRUE(running->run_until([&] { return done(*running); }, Time{1h}));
  running->run_for(5min);  // the ends of both connections as well
  return fmt::format("{}: {} packets, {:016x}\n", run.name, digest.packets(), digest.digest());
}

TEST(Digest, EveryRunIsTheKnownOne) {
  std::string all;
  for (const Course& run : runs()) all += digest_of(run);
  golden::expect_drawing("digests.txt", all);
}

}  // namespace
}  // namespace bowline::sim
