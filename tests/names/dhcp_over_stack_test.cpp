// A host that has nothing but a wire: it gets its address by DHCP, and then resolves a name by the
// name server that the lease told of.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bowline/dhcp/stack_client.hpp"
#include "bowline/dns/stack_resolver.hpp"
#include "bowline/sim/simulation.hpp"
#include "tests/names/dhcp_server.hpp"
#include "tests/names/name_server.hpp"

namespace bowline::names_test {
namespace {

using dhcp::EventKind;
using dhcp::MessageType;
using dhcp::testing::kMac;

constexpr InterfaceId kInterface{};

dhcp::Config client_config() {
  dhcp::Config config;
  config.hardware = kMac;
  return config;
}

/// An application that configures its host, looks up a name once it can, and releases when told.
class Newcomer final : public sim::Actor {
 public:
  Time act(Stack& stack, std::span<const Ready> ready, Time now) override {
    if (!started_) {
      started_ = true;
      EXPECT_TRUE(dhcp_.start(stack, now).has_value());
    }
    for (const Ready& each : ready) {
      if (!dhcp_.serve(stack, each, now)) dns_.serve(stack, each, now);
    }
    dhcp_.advance(stack, now);
    while (const auto event = dhcp_.poll_event()) take(stack, *event, now);
    dns_.advance(stack, now);
    while (const auto finished = dns_.poll_finished(stack, now)) results.push_back(*finished);
    if (release_) {
      release_ = false;
      dhcp_.release(stack, now);
      while (const auto event = dhcp_.poll_event()) events.push_back(event->kind);
    }
    return std::min(dhcp_.next_deadline(), dns_.next_deadline());
  }
  [[nodiscard]] std::unique_ptr<Actor> clone() const override { return nullptr; }  // never forked

  void release() { release_ = true; }
  [[nodiscard]] dhcp::State state() const { return dhcp_.client().state(); }
  [[nodiscard]] const dhcp::Client& client() const { return dhcp_.client(); }

  std::vector<EventKind> events;
  std::vector<dns::Finished> results;

 private:
  void take(Stack& stack, const dhcp::Event& event, Time now) {
    events.push_back(event.kind);
    dns::Config config;
    if (event.kind != EventKind::lost) {
      for (const IpAddress& server : event.lease.name_servers) config.add_server(server);
    }
    dns_.set_config(stack, config, now);
    if (event.kind == EventKind::bound) {
      const auto name = dns::testing::name("www.example");
      EXPECT_TRUE(dns_.start(stack, name, false, {.v4 = true, .v6 = false}, now).has_value());
    }
  }

  dhcp::StackClient dhcp_{kInterface, client_config(), SipKey{7, 8}};
  dns::StackResolver dns_{{}, {}, SipKey{9, 10}, heap_memory()};
  bool started_ = false;
  bool release_ = false;
};

class Dhcp : public ::testing::Test {
 protected:
  Dhcp() : net(11, Time{} + 1h) {
    wire =
        net.connect(host, kPlaceholder, server_host, *Cidr::parse("10.77.0.1/24"), {.delay = 5ms});
    // A simulated host is made with an address; this one starts without.
    EXPECT_TRUE(host.stack().remove_address(kInterface, kPlaceholder.address).has_value());
  }

  void begin(Pool pool = {}) {
    server_host.start(std::make_unique<DhcpServer>(std::move(pool)));
    server_host.start(
        std::make_unique<NameServer>(Zone{.hosts = {{"www.example", {"10.77.0.9"}}}}));
    net.run_until(net.now());
    host.start(std::make_unique<Newcomer>());
  }
  Newcomer& newcomer() { return static_cast<Newcomer&>(host.actor(0)); }
  DhcpServer& server() { return static_cast<DhcpServer&>(server_host.actor(0)); }
  bool run_until_state(dhcp::State state, Duration most = 1h) {
    return net.run_until([&] { return newcomer().state() == state; }, net.now() + most);
  }
  [[nodiscard]] bool has_address(std::string_view text) {
    const auto all = host.stack().addresses(kInterface);
    return std::ranges::find(all, *Cidr::parse(text)) != all.end();
  }

  static inline const Cidr kPlaceholder = *Cidr::parse("192.0.2.1/32");
  sim::Simulation net;
  sim::Host& host = net.add_host("newcomer");
  sim::Host& server_host = net.add_host("server");
  sim::WireId wire{};
};

TEST_F(Dhcp, AHostGetsItsAddressAndResolvesAName) {
  begin();
  const Time start = net.now();
  ASSERT_TRUE(net.run_until([&] { return !newcomer().results.empty(); }, start + 1min));
  EXPECT_EQ(net.now() - start, 30ms) << "three round trips of 10 ms";
  EXPECT_EQ(newcomer().events, std::vector{EventKind::bound});
  EXPECT_EQ(newcomer().results[0].outcome, dns::Outcome::found);
  EXPECT_EQ(newcomer().results[0].addresses[0], IpAddress::parse("10.77.0.9").value());
  EXPECT_EQ(server().seen(), (std::vector{MessageType::discover, MessageType::request}));
  EXPECT_TRUE(has_address("10.77.0.50/24"));
  EXPECT_EQ(host.stack().link(kInterface)->mtu, 1400U) << "option 26";
}

TEST_F(Dhcp, TheRouterIsTheWayToEverythingElse) {  // option 3
  begin();
  ASSERT_TRUE(run_until_state(dhcp::State::bound));
  UdpOptions away;
  away.remote = Endpoint{IpAddress::parse("198.51.100.1").value(), 9};
  const auto socket = host.stack().open_udp(away, net.now());
  ASSERT_TRUE(socket.has_value()) << socket.error().message();
  EXPECT_EQ(host.stack().local_endpoint(*socket)->address, IpAddress::parse("10.77.0.50").value());
}

TEST_F(Dhcp, TheLeaseIsRenewedByUnicast) {  // RFC 2131 section 4.4.5
  begin();
  ASSERT_TRUE(run_until_state(dhcp::State::bound));
  net.run_for(3h);
  EXPECT_EQ(newcomer().state(), dhcp::State::bound);
  EXPECT_TRUE(has_address("10.77.0.50/24"));
  const auto renewals = std::ranges::count(newcomer().events, EventKind::renewed);
  EXPECT_EQ(renewals, 6) << "every half hour, the last at 3 h less a round trip";
}

TEST_F(Dhcp, ALeaseThatNobodyRenewsIsLost) {
  begin();
  ASSERT_TRUE(run_until_state(dhcp::State::bound));
  server().pool().silent = true;
  net.run_for(59min);
  EXPECT_EQ(newcomer().state(), dhcp::State::rebinding);
  EXPECT_TRUE(has_address("10.77.0.50/24"));
  net.run_for(2min);
  EXPECT_EQ(newcomer().events, (std::vector{EventKind::bound, EventKind::lost}));
  EXPECT_FALSE(has_address("10.77.0.50/24"));
  EXPECT_EQ(host.stack().link(kInterface)->mtu, 1500U) << "as it was before";
  server().pool().silent = false;
  EXPECT_TRUE(run_until_state(dhcp::State::bound)) << "and got anew when the server is back";
}

TEST_F(Dhcp, AtTheEndTheLeaseIsGivenBack) {  // RFC 2131 section 4.4.6
  begin();
  ASSERT_TRUE(run_until_state(dhcp::State::bound));
  net.run_for(1s);
  newcomer().release();
  net.run_for(1min);
  EXPECT_EQ(server().seen().back(), MessageType::release);
  EXPECT_EQ(newcomer().state(), dhcp::State::stopped);
  EXPECT_EQ(newcomer().events.back(), EventKind::lost);
  EXPECT_FALSE(has_address("10.77.0.50/24"));
}

TEST_F(Dhcp, AServerThatRefusesIsAskedEverLessOften) {
  begin({.refuses = true});
  net.run_for(10min);
  EXPECT_TRUE(newcomer().events.empty());
  const auto requests = std::ranges::count(server().seen(), MessageType::request);
  EXPECT_GT(requests, 8);
  EXPECT_LT(requests, 20) << "1, 2, 4 … 64 s apart";
}

TEST_F(Dhcp, LiesInFrontOfTheTruthChangeNothing) {
  begin({.lies = [](MessageType type, std::uint32_t transaction) {
    using dhcp::testing::honest;
    auto elsewhere = honest(type, transaction, "10.66.0.66");
    elsewhere.hardware({});
    return std::vector{honest(type, transaction + 1, "10.66.0.66"), elsewhere,
                       honest(type, transaction, "127.0.0.1"),
                       honest(type, transaction, "10.77.0.255")};
  }});
  ASSERT_TRUE(run_until_state(dhcp::State::bound, 1min));
  EXPECT_TRUE(has_address("10.77.0.50/24"));
  EXPECT_EQ(host.stack().addresses(kInterface).size(), 1U);
  EXPECT_GE(newcomer().client().drops().total(), 7U);
}

TEST_F(Dhcp, AnAddressIsGotThroughLoss) {
  net.change(wire, {.delay = 5ms, .loss = sim::Chance{0.4}});
  begin();
  EXPECT_TRUE(run_until_state(dhcp::State::bound));
}

TEST_F(Dhcp, WithoutAServerTheHostHasNoAddressAndGoesOnAsking) {
  begin({.silent = true});
  net.run_for(10min);
  EXPECT_EQ(newcomer().state(), dhcp::State::selecting);
  EXPECT_TRUE(host.stack().addresses(kInterface).empty());
  const auto discovers = static_cast<int>(server().seen().size());
  EXPECT_GE(discovers, 11) << "4, 8, 16, 32, then every 64 s";
  EXPECT_LE(discovers, 14);
}

}  // namespace
}  // namespace bowline::names_test
