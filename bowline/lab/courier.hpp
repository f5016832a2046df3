#pragma once

// The courier: the network between the hosts of an experiment, one node that everything crosses.
//
// Wires of the simulator have accidents by chance. An experiment needs this packet lost and that
// one late, so its hosts' wires are perfect and lead here, where a Director decides about each
// packet. An outsider's forgeries enter here too: he is not on the path, he only sends. A firewall
// stands here where an experiment wants one: the simulator's, the client behind it.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "bowline/lab/director.hpp"
#include "bowline/sim/middlebox.hpp"
#include "bowline/sim/node.hpp"

namespace bowline::inline v0::lab {

/// Is told what the courier does. The World.
class CourierWatch {
 public:
  virtual ~CourierWatch() = default;
  /// A packet was handed in at `port`; the firewall refuses it, or not. Returns what happens to it,
  /// and gives it a number.
  virtual Accident handed_in(sim::Port port, std::span<const std::byte> bytes, Time now,
                             bool refused, std::uint64_t& number) = 0;
  /// Packet `number` (its copy, if `copy`) is put on the wire to its receiver at once.
  virtual void hands_out(std::uint64_t number, bool copy) = 0;
};

/// The node.
class Courier final : public sim::Node {
 public:
  /// Every packet takes `delay` to cross, past `firewall` if there is one. Refers to `watch`.
  Courier(sim::NodeId id, CourierWatch& watch, Duration delay,
          const std::optional<sim::MiddleboxOptions>& firewall)
      : Node(id, "courier"), watch_(watch), delay_(delay) {
    if (firewall) firewall_.emplace(*firewall);
  }

  /// Lets `bytes`, an IP packet, start at `now` as if its source had sent it.
  void forge(std::span<const std::byte> bytes, std::uint64_t number, Time now);

  sim::Port add_interface(const Cidr& address, std::uint32_t mtu) override;
  void add_address(sim::Port port, const Cidr& address) override;
  [[nodiscard]] std::span<const Cidr> addresses(sim::Port port) const override;
  void add_route(const Cidr& destination, sim::Port port, const IpAddress& gateway) override;
  [[nodiscard]] bool forwards() const noexcept override { return true; }
  FrameId arrive(sim::Port port, sim::Packet packet, Time now, sim::Outlet& outlet) override;
  void advance(Time now) override { now_ = now; }
  [[nodiscard]] Time next_deadline() const override;
  bool act(Time) override { return false; }
  [[nodiscard]] Time next_act(Time) const override { return kNever; }
  void flush(sim::Outlet& outlet, Time now) override;
  [[nodiscard]] Result<std::unique_ptr<Node>> clone() const override;

 private:
  struct Carried {
    sim::Packet packet;
    std::vector<std::byte> forged;  // instead of a packet: the pool is known only when it leaves
    std::uint64_t number = 0;
    bool copy = false;
  };
  [[nodiscard]] bool refuses(sim::Port port, sim::Packet& packet, Time now, BufferPool& pool);
  [[nodiscard]] std::optional<sim::Port> port_to(std::span<const std::byte> ip) const;

  CourierWatch& watch_;
  Duration delay_;
  std::optional<sim::Middlebox> firewall_;
  Time now_{};
  std::vector<std::vector<Cidr>> ports_;
  std::multimap<Time, Carried> carried_;
};

}  // namespace bowline::inline v0::lab
