#pragma once

// A host: a Stack at the end of wires, with the applications that use it.
//
// The host is the Stack's driver in virtual time. It repeats what every driver does: receive() what
// came or advance() to the time, let the applications work, transmit() what is to go out. What the
// Stack hands out as large segments is cut to the wire's MTU here and the checksums are filled in,
// as a device would do.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bowline/sim/actor.hpp"
#include "bowline/sim/node.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::sim {

/// Makes a host.
struct HostOptions {
  /// The Stack's; an all-zero seed is replaced by the host's own stream of the simulation's seed.
  StackConfig stack;
  /// Largest segment that the Stack may hand out to be cut here; 0: it cuts by itself.
  std::uint32_t max_gso = 65'535;
  /// The Stack leaves checksums to be filled in here.
  bool transmit_checksum = true;
};

/// A host of a Simulation, which owns it.
class Host final : public Node {
 public:
  /// Throws std::system_error when the Stack cannot be made.
  Host(NodeId id, std::string name, const HostOptions& options);

  /// The Stack. Calls on it count for the present instant of the simulation; what they cause to be
  /// sent goes out as soon as the simulation runs on.
  [[nodiscard]] Stack& stack() noexcept { return stack_; }
  [[nodiscard]] const Stack& stack() const noexcept { return stack_; }  ///< The same, to look at.

  Port add_interface(const Cidr& address, std::uint32_t mtu) override;
  void add_address(Port port, const Cidr& address) override;
  [[nodiscard]] std::span<const Cidr> addresses(Port port) const override;
  void add_route(const Cidr& destination, Port port, const IpAddress& gateway) override;
  [[nodiscard]] bool forwards() const noexcept override { return false; }

  /// The machine is switched off and on again: connections, sockets and programs are gone without a
  /// word to anybody; interfaces, addresses and routes are set up as before. Handles into the old
  /// Stack mean nothing any more. Throws std::system_error when the Stack cannot be made.
  void restart();

  /// Starts an application. It is called for the first time when the simulation runs on.
  void start(std::unique_ptr<Actor> actor);
  /// The `index`-th application that was started.
  [[nodiscard]] Actor& actor(std::size_t index) { return *applications_.at(index).actor; }

  FrameId arrive(Port port, Packet packet, Time now, Outlet& outlet) override;
  void advance(Time now) override;
  [[nodiscard]] Time next_deadline() const override { return stack_.next_deadline(); }
  bool act(Time now) override;
  [[nodiscard]] Time next_act(Time now) const override;
  void flush(Outlet& outlet, Time now) override;
  [[nodiscard]] Result<std::unique_ptr<Node>> clone() const override;

 private:
  struct Application {
    std::unique_ptr<Actor> actor;
    Time wakes_at{};  // the origin of time: at once
  };
  Host(const Host& other, Stack stack);
  /// How one of its interfaces was set up, for a restart.
  struct Setup {
    std::uint32_t mtu = 0;
    std::vector<Cidr> addresses;
    std::vector<std::pair<Cidr, IpAddress>> routes;
  };
  void gather_ready();
  void set_up_interface(std::uint32_t mtu);

  HostOptions options_;
  Stack stack_;
  std::vector<Setup> setup_;  // by port
  std::vector<Application> applications_;
  std::vector<Ready> ready_;  // since the applications were called last
};

}  // namespace bowline::inline v0::sim
