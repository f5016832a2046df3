// Real clients and servers with a SYN proxy between them, over wires that lose (CLAIMS K101, K107,
// K108; REQUIREMENTS A18).

#include "bowline/sim/syn_gateway.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "bowline/base/byte_order.hpp"
#include "bowline/sim/testing/talker.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/tcp.hpp"

namespace bowline::sim {
namespace {

using testing::Talker;
using testing::TalkerPlan;

/// Counts SYNs that arrive by one wire, by whom they come from.
class SynCount final : public Tap {
 public:
  SynCount(WireId wire, const IpAddress& honest) : wire_(wire), honest_(honest) {}

  void sent(const Passage&) override {}
  void arrived(const Passage& passage) override {
    if (passage.wire != wire_) return;
    const auto ip = wire::parse_ip(passage.bytes, static_cast<std::uint32_t>(passage.bytes.size()));
    if (!ip || ip->protocol != wire::kProtocolTcp) return;
    const auto tcp = wire::parse_tcp(passage.bytes.subspan(ip->header_size), ip->payload_size);
    if (!tcp || !tcp->header.has(wire::kSyn) || tcp->header.has(wire::kAck)) return;
    ++(ip->source == honest_ ? of_honest : of_others);
  }

  std::uint64_t of_honest = 0;
  std::uint64_t of_others = 0;

 private:
  WireId wire_;
  IpAddress honest_;
};

/// Sends a SYN every so often, each from another address (K101).
class Flooder final : public Node {
 public:
  Flooder(NodeId id, const Endpoint& target, Duration every, Random random)
      : Node(id, "flooder"), target_(target), every_(every), random_(random) {}

  Port add_interface(const Cidr& address, std::uint32_t) override {
    address_.push_back(address);
    return Port{0};
  }
  void add_address(Port, const Cidr&) override {}
  [[nodiscard]] std::span<const Cidr> addresses(Port) const override { return address_; }
  void add_route(const Cidr&, Port, const IpAddress&) override {}
  [[nodiscard]] bool forwards() const noexcept override { return false; }
  FrameId arrive(Port, Packet, Time, Outlet&) override { return FrameId::none; }
  void advance(Time now) override {
    for (; next_ <= now; next_ += every_) ++due_;
  }
  [[nodiscard]] Time next_deadline() const override { return next_; }
  bool act(Time) override { return false; }
  [[nodiscard]] Time next_act(Time) const override { return kNever; }
  void flush(Outlet& outlet, Time) override {
    for (; due_ > 0; --due_) outlet.send(id(), Port{0}, syn(outlet.pool()), FrameId::none);
  }
  [[nodiscard]] Result<std::unique_ptr<Node>> clone() const override {
    return std::make_unique<Flooder>(*this);
  }
  void stop() { next_ = kNever; }

 private:
  Packet syn(BufferPool& pool) {
    wire::IpHeader ip;
    ip.source = IpAddress::v4(0x0b00'0000U + static_cast<std::uint32_t>(random_.below(1U << 24)));
    ip.destination = target_.address;
    ip.protocol = wire::kProtocolTcp;
    ip.payload_size = wire::kTcpHeaderSize + 4;
    wire::TcpHeader tcp;
    tcp.source_port = static_cast<std::uint16_t>(1'024 + random_.below(60'000));
    tcp.destination_port = target_.port;
    tcp.seq = SeqNumber(static_cast<std::uint32_t>(random_.next()));
    tcp.flags = wire::kSyn;
    tcp.window = 1'024;
    wire::TcpOptions options;
    options.mss = 1'460;
    std::array<std::byte, 44> bytes;
    const std::uint32_t at = wire::emit_ip(bytes.data(), ip);
    const auto segment = std::span(bytes).subspan(at);
    (void)wire::emit_tcp(segment, tcp, options);
    wire::ChecksumSum sum =
        wire::pseudo_header_sum(ip.source, ip.destination, ip.protocol, ip.payload_size);
    sum.add(segment);
    store_be<std::uint16_t>(segment.data() + wire::kTcpChecksumOffset, sum.finish());
    return Packet::copy_of(bytes, pool);
  }

  std::vector<Cidr> address_;
  Endpoint target_;
  Duration every_;
  Random random_;
  Time next_{1s};
  std::uint32_t due_ = 0;
};

struct Ends {
  Cidr client;
  Cidr outside;
  Cidr inside;
  Cidr server;
};

Ends ends(Family family) {
  if (family == Family::ipv4) {
    return {*Cidr::parse("198.51.100.7/24"), *Cidr::parse("198.51.100.1/24"),
            *Cidr::parse("192.0.2.1/24"), *Cidr::parse("192.0.2.2/24")};
  }
  return {*Cidr::parse("2001:db8:1::7/64"), *Cidr::parse("2001:db8:1::1/64"),
          *Cidr::parse("2001:db8:2::1/64"), *Cidr::parse("2001:db8:2::2/64")};
}

/// A client, a gateway, a server.
class SynGatewayTest : public ::testing::Test {
 protected:
  void build(std::uint64_t seed, const Wire& wire, HostOptions of_client = {},
             HostOptions of_server = {}, Family family = Family::ipv4,
             const gateway::Config& config = {}) {
    at = ends(family);
    net = std::make_unique<Simulation>(seed);
    client = &net->add_host("client", of_client);
    gate = &add_syn_gateway(*net, "gateway", config);
    server = &net->add_host("server", of_server);
    outer = net->connect(*client, at.client, *gate, at.outside, wire);
    inner = net->connect(*gate, at.inside, *server, at.server, wire);
    net->route_everything();
  }
  void talk(std::uint64_t there, std::uint64_t back, const TalkerPlan& of = {}) {
    TalkerPlan serving = of;
    serving.local = {at.server.address, 80};
    serving.send_key = 1;
    serving.send_bytes = back;
    serving.receive_key = 2;
    serving.receive_bytes = there;
    TalkerPlan calling = serving;
    calling.connect = serving.local;
    calling.local = {at.client.address, 0};
    std::swap(calling.send_key, calling.receive_key);
    std::swap(calling.send_bytes, calling.receive_bytes);
    calling.answer_last = false;
    server->start(std::make_unique<Talker>(serving, net->random("server")));
    net->run_until(net->now());
    client->start(std::make_unique<Talker>(calling, net->random("client")));
  }
  [[nodiscard]] static const Talker& talker(Host& host) {
    return static_cast<const Talker&>(host.actor(0));
  }
  void expect_whole(Duration limit = 2h) {
    const Talker& a = talker(*client);
    const Talker& b = talker(*server);
    const bool done = net->run_until(
        [&] { return (a.done() && b.done()) || !a.failure().empty() || !b.failure().empty(); },
        net->now() + limit);
    EXPECT_EQ(a.failure(), "");
    EXPECT_EQ(b.failure(), "");
    EXPECT_TRUE(done) << "client sent " << a.sent() << ", received " << a.received()
                      << "; server sent " << b.sent() << ", received " << b.received();
  }
  void expect_nothing_left() {
    net->run_for(3h);
    EXPECT_EQ(gate->usage().flows(), 0U);
    for (Host* host : {client, server}) {
      const StackUsage usage = host->stack().usage();
      EXPECT_EQ(usage.connections + usage.half_open + usage.time_wait + usage.orphans, 0U);
    }
  }

  Ends at;
  std::unique_ptr<Simulation> net;
  Host* client = nullptr;
  Host* server = nullptr;
  SynGateway* gate = nullptr;
  WireId outer{};
  WireId inner{};
};

TEST_F(SynGatewayTest, K107_BothStreamsCrossTheGatewayWhole) {
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    build(1, {.rate = 100_mbps, .delay = 5ms}, {}, {}, family);
    talk(1'000'000, 3'000'000);
    expect_whole();
    EXPECT_EQ(gate->counters()[Reason::gateway_established], 1U);
    EXPECT_EQ(gate->counters()[Reason::gateway_no_flow], 0U);
    EXPECT_EQ(gate->counters()[Reason::tcp_bad_checksum], 0U);
    // What timestamps carried is in use: no window of more than 64 KiB without it.
    EXPECT_LT(net->now(), Time{10s});
    expect_nothing_left();
  }
}

// Whatever the wires do and the ends are like, short of cutting the connection.
TEST_F(SynGatewayTest, A18_BothStreamsCrossLossyWiresWhole) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random = Random::stream(seed, "gateway");
    const auto host = [&] {
      HostOptions options;
      options.stack.tcp.timestamps = random.below(4) != 0;
      options.stack.tcp.window_scaling = random.below(4) != 0;
      options.stack.tcp.sack = random.below(4) != 0;
      constexpr std::uint32_t kBuffers[] = {4'000, 30'000, 300'000, 1U << 20};
      options.stack.tcp.receive_buffer = kBuffers[random.below(4)];
      options.stack.tcp.send_buffer = kBuffers[random.below(4)];
      if (random.below(3) == 0) options.max_gso = 0;
      return options;
    };
    Wire wire{.rate = 10_mbps, .delay = 10ms};
    wire.jitter = Duration(1ms) * static_cast<std::int64_t>(random.below(5));
    wire.loss = random.below(2) == 0 ? 1_percent : 5_percent;  // of each of four wires
    wire.reorder = random.below(2) == 0 ? 0_percent : 5_percent;
    wire.reorder_by = 15ms;
    wire.duplicate = random.below(2) == 0 ? 0_percent : 5_percent;
    wire.corrupt = random.below(3) == 0 ? 1_percent : 0_percent;
    const HostOptions of_client = host();
    const HostOptions of_server = host();
    gateway::Config config;
    config.timestamps = of_server.stack.tcp.timestamps;  // as who runs the gateway may know
    build(seed, wire, of_client, of_server, random.below(2) == 0 ? Family::ipv4 : Family::ipv6,
          config);
    TalkerPlan plan;
    plan.answer_last = random.below(4) == 0;
    talk(random.below(3) == 0 ? 0 : random.below(200'000),
         random.below(3) == 0 ? 0 : random.below(200'000), plan);
    expect_whole();
    if (HasFailure()) return;
    expect_nothing_left();
  }
}

TEST_F(SynGatewayTest, AServerThatLacksTimestampsIsLearntOf) {
  HostOptions plain;
  plain.stack.tcp.timestamps = false;
  build(3, {.delay = 5ms}, {}, plain);
  const Endpoint service{at.server.address, 80};
  const Handle listener = *server->stack().listen({.local = service}, net->now());
  const Handle first = *client->stack().connect({.remote = service}, net->now());
  net->run_for(5s);
  EXPECT_EQ(gate->counters()[Reason::gateway_mismatch], 2U);
  EXPECT_FALSE(client->stack().inspect(first) &&
               client->stack().inspect(first)->state == tcp::State::established);
  const Handle second = *client->stack().connect({.remote = service}, net->now());
  net->run_for(5s);
  EXPECT_EQ(client->stack().inspect(second)->state, tcp::State::established);
  EXPECT_TRUE(server->stack().accept(listener, net->now()));
}

TEST_F(SynGatewayTest, AClosedPortIsRefused) {
  build(4, {.delay = 5ms});
  const Handle socket = *client->stack().connect({.remote = {at.server.address, 81}}, net->now());
  net->run_for(5s);
  const auto read = client->stack().read(socket, {}, net->now());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), std::errc::connection_reset) << "it was open for a moment";
  EXPECT_EQ(gate->usage().flows(), 0U);
  EXPECT_EQ(gate->counters()[Reason::gateway_refused], 1U);
}

TEST_F(SynGatewayTest, AnAbortReachesTheOtherSide) {
  build(5, {.delay = 5ms});
  const Endpoint service{at.server.address, 80};
  const Handle listener = *server->stack().listen({.local = service}, net->now());
  for (const bool from_client : {true, false}) {
    const Handle socket = *client->stack().connect({.remote = service}, net->now());
    net->run_for(1s);
    const Handle peer = *server->stack().accept(listener, net->now());
    if (from_client) {
      ASSERT_TRUE(client->stack().abort(socket, net->now()));
    } else {
      ASSERT_TRUE(server->stack().abort(peer, net->now()));
    }
    net->run_for(1s);
    Host& told = from_client ? *server : *client;
    const auto read = told.stack().read(from_client ? peer : socket, {}, net->now());
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error(), std::errc::connection_reset);
  }
  net->run_for(20s);
  EXPECT_EQ(gate->usage().flows(), 0U);
}

// The server asks an outside service: not the proxy's affair, and it works.
TEST_F(SynGatewayTest, ServersMayConnectOutwards) {
  build(6, {.rate = 10_mbps, .delay = 5ms, .loss = 2_percent});
  TalkerPlan serving;
  serving.local = {at.client.address, 25};
  serving.send_key = 1;
  serving.send_bytes = 50'000;
  serving.receive_key = 2;
  serving.receive_bytes = 100'000;
  TalkerPlan calling = serving;
  calling.connect = serving.local;
  calling.local = {at.server.address, 0};
  std::swap(calling.send_key, calling.receive_key);
  std::swap(calling.send_bytes, calling.receive_bytes);
  client->start(std::make_unique<Talker>(serving, net->random("a")));
  net->run_until(net->now());
  server->start(std::make_unique<Talker>(calling, net->random("b")));
  expect_whole();
  EXPECT_EQ(gate->counters()[Reason::gateway_syn_ack], 0U);
  expect_nothing_left();
}

// ---- a flood ------------------------------------------------------------------------------------

// K101: the server hears of nobody but the honest client, who is served as if nothing were.
TEST_F(SynGatewayTest, K101_BehindTheGatewayTheServerSeesNoSynOfAFlood) {
  at = ends(Family::ipv4);
  net = std::make_unique<Simulation>(7);
  client = &net->add_host("client");
  gate = &add_syn_gateway(*net, "gateway");
  server = &net->add_host("server");
  Router& router = net->add_router("router");
  const Endpoint service{at.server.address, 80};
  auto& flooder = static_cast<Flooder&>(net->add_node([&](NodeId id) {
    return std::make_unique<Flooder>(id, service, 100us, net->random("flooder"));
  }));
  net->connect(*client, at.client, router, at.outside, {.delay = 2ms});
  net->connect(flooder, *Cidr::parse("203.0.113.66/24"), router, *Cidr::parse("203.0.113.1/24"));
  net->connect(router, *Cidr::parse("198.18.0.1/24"), *gate, *Cidr::parse("198.18.0.2/24"),
               {.rate = 1_gbps, .delay = 1ms});
  inner = net->connect(*gate, at.inside, *server, at.server, {.rate = 1_gbps, .delay = 1ms});
  net->route_everything();
  SynCount count(inner, at.client.address);
  net->observe(count);

  net->run_until(Time{2s});  // the flood is under way
  talk(100'000, 2'000'000);
  expect_whole(30s);
  net->run_until(Time{4s});
  flooder.stop();
  net->run_for(1s);
  EXPECT_GE(gate->counters()[Reason::gateway_syn_ack], 30'000U);
  EXPECT_EQ(count.of_others, 0U);
  EXPECT_EQ(count.of_honest, 1U);
  EXPECT_EQ(server->stack().usage().half_open, 0U);
  EXPECT_LE(gate->usage().flows(), 1U);
}

TEST_F(SynGatewayTest, AForkGoesOnTheSameWay) {
  build(8, {.rate = 10_mbps, .delay = 10ms, .loss = 3_percent});
  talk(200'000, 200'000);
  net->run_until(Time{200ms});
  auto fork = net->fork();
  ASSERT_TRUE(fork);
  DigestTap first;
  DigestTap second;
  net->observe(first);
  (*fork)->observe(second);
  net->run_until(Time{1min});
  (*fork)->run_until(Time{1min});
  EXPECT_GT(first.packets(), 200U);
  EXPECT_EQ(first.digest(), second.digest());
}

}  // namespace
}  // namespace bowline::sim
