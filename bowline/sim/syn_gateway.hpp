#pragma once

// A filtering gateway on the way to servers: a SYN proxy with two wires (bowline/gateway, RFC 4987
// section 3.8).
//
// It stands where a router would, and hosts behind it get their default route over it. It routes
// nothing: what comes by one wire leaves by the other.
//
//     auto& gateway = sim::add_syn_gateway(net, "gateway");
//     net.connect(client, …, gateway, …);   // the first wire leads outside
//     net.connect(gateway, …, server, …);

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bowline/base/decision.hpp"
#include "bowline/gateway/config.hpp"
#include "bowline/sim/node.hpp"
#include "bowline/sim/simulation.hpp"

namespace bowline::inline v0::gateway {
class SynProxy;
}

namespace bowline::inline v0::sim {

/// A SYN proxy of a Simulation, which owns it.
class SynGateway final : public Node {
 public:
  /// Without wires yet; the first that is connected leads outside, the second inside. Throws
  /// std::bad_alloc.
  SynGateway(NodeId id, std::string name, const gateway::Config& config);
  ~SynGateway() override;

  /// Throws std::invalid_argument for a third one.
  Port add_interface(const Cidr& address, std::uint32_t mtu) override;
  void add_address(Port port, const Cidr& address) override;
  [[nodiscard]] std::span<const Cidr> addresses(Port port) const override;
  void add_route(const Cidr&, Port, const IpAddress&) override {}  // it has one way to go
  [[nodiscard]] bool forwards() const noexcept override { return true; }

  /// How often each reason applied: those called gateway_… are its own.
  [[nodiscard]] const ReasonCounters& counters() const noexcept;
  /// What it holds now.
  [[nodiscard]] gateway::Usage usage() const noexcept;

  FrameId arrive(Port port, Packet packet, Time now, Outlet& outlet) override;
  void advance(Time now) override;
  [[nodiscard]] Time next_deadline() const override;
  bool act(Time) override { return false; }
  [[nodiscard]] Time next_act(Time) const override { return kNever; }
  void flush(Outlet& outlet, Time now) override;
  [[nodiscard]] Result<std::unique_ptr<Node>> clone() const override;

 private:
  struct Parts;  // the proxy, its memory, and what it has put out
  struct Interface {
    std::vector<Cidr> addresses;
    std::uint32_t mtu = 1'500;
  };

  gateway::Config config_;
  std::vector<Interface> interfaces_;
  std::unique_ptr<Parts> parts_;
};

/// Adds one called `name` to `net`. An all-zero seed in `config` is replaced by one of the
/// simulation's. Throws std::invalid_argument, std::bad_alloc.
SynGateway& add_syn_gateway(Simulation& net, const std::string& name, gateway::Config config = {});

}  // namespace bowline::inline v0::sim
