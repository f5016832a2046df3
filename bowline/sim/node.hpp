#pragma once

// Nodes: what stands at the ends of wires.
//
// A host is one (sim/host.hpp), a router another (sim/router.hpp). A node never sees the agenda: it
// is told of packets and of time, and sends through the Outlet of one of its ports.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "bowline/base/result.hpp"
#include "bowline/base/time.hpp"
#include "bowline/sim/packet.hpp"
#include "bowline/sim/tap.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::sim {

/// The number of a node's end of a wire, counted from 0 in the order of connecting.
enum class Port : std::uint32_t {};

/// Where a node puts packets that it sends. The Simulation implements it.
class Outlet {
 public:
  virtual ~Outlet() = default;
  /// Puts `packet` on the wire at `port` of node `from`. `frame` is its number in the node's Stack.
  virtual void send(NodeId from, Port port, Packet packet, FrameId frame) = 0;
  /// Where the bytes of packets come from.
  [[nodiscard]] virtual BufferPool& pool() noexcept = 0;
};

/// Something that packets come to and go from.
class Node {
 public:
  /// Number `id` of its simulation.
  Node(NodeId id, std::string name) : id_(id), name_(std::move(name)) {}
  virtual ~Node() = default;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] NodeId id() const noexcept { return id_; }  ///< Its number in the simulation.
  /// By it its random numbers are drawn.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// Gives the node an end of a wire with this MTU, and the address there. Throws
  /// std::system_error.
  virtual Port add_interface(const Cidr& address, std::uint32_t mtu) = 0;
  /// Gives an interface another address (IPv4 and IPv6). Throws std::system_error.
  virtual void add_address(Port port, const Cidr& address) = 0;
  /// The addresses at `port`.
  [[nodiscard]] virtual std::span<const Cidr> addresses(Port port) const = 0;
  /// Packets to `destination` go out at `port`, over the node `gateway` there. Throws
  /// std::system_error.
  virtual void add_route(const Cidr& destination, Port port, const IpAddress& gateway) = 0;
  /// Does it pass on packets that are not for itself?
  [[nodiscard]] virtual bool forwards() const noexcept = 0;

  /// `packet` has come to `port`. Returns the number that the node gave it, if it gives numbers.
  virtual FrameId arrive(Port port, Packet packet, Time now, Outlet& outlet) = 0;
  /// Lets what is due at `now` happen.
  virtual void advance(Time now) = 0;
  /// When advance() must be called at the latest; kNever: no need.
  [[nodiscard]] virtual Time next_deadline() const = 0;
  /// Lets the applications at this node work. True if they had anything to do.
  virtual bool act(Time now) = 0;
  /// When act() must be called at the latest; kNever: no need. `now`: at once.
  [[nodiscard]] virtual Time next_act(Time now) const = 0;
  /// Puts whatever waits on its wires.
  virtual void flush(Outlet& outlet, Time now) = 0;
  /// A copy that goes on by itself. Errors: not_enough_memory.
  [[nodiscard]] virtual Result<std::unique_ptr<Node>> clone() const = 0;

 protected:
  Node(const Node&) = default;

 private:
  NodeId id_;
  std::string name_;
};

}  // namespace bowline::inline v0::sim
