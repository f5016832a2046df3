#pragma once

// A simulation: hosts, wires and virtual time.
//
// The production Stack runs here unchanged; what is simulated is only what lies between two of
// them. Time does not pass by itself: it jumps to the next thing that happens, so an hour of
// keepalive takes no longer than a handshake, and a run is its seed: the same calls on the same
// seed give the same bytes at the same instants, with every compiler.
//
//     sim::Simulation net(42);
//     auto& client = net.add_host("client");
//     auto& server = net.add_host("server");
//     net.connect(client, *Cidr::parse("10.0.0.1/24"), server, *Cidr::parse("10.0.0.2/24"),
//                 {.rate = 10_mbps, .delay = 20ms, .loss = 1_percent});
//
// What shares an instant happens in this order: packets arrive (or leave a managed queue), timers
// run, applications and planned calls get their turn; within each of the three, in the order in
// which they were planned.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/sim/agenda.hpp"
#include "bowline/sim/host.hpp"
#include "bowline/sim/node.hpp"
#include "bowline/sim/pipe.hpp"
#include "bowline/sim/router.hpp"
#include "bowline/sim/tap.hpp"
#include "bowline/sim/wire.hpp"

namespace bowline::inline v0::sim {

/// A network in virtual time. One thread's. Host references stay good as long as it lives.
class Simulation final : private Outlet {
 public:
  /// Time begins at `start`; all that is random comes from `seed`.
  explicit Simulation(std::uint64_t seed, Time start = Time{});
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  ~Simulation() override = default;

  // ---- set-up
  // -------------------------------------------------------------------------------------

  /// Adds a host. Names must differ: a name is what gives a host its random numbers, so that adding
  /// another one changes nothing for it. Throws std::system_error, std::invalid_argument.
  Host& add_host(std::string name, HostOptions options = {});
  /// Adds a router; `{.middlebox = MiddleboxOptions{...}}` makes it a firewall or a NAT. Throws
  /// std::invalid_argument.
  Router& add_router(std::string name, const RouterOptions& options = {});
  /// Adds a stateful firewall. Its second wire leads outside, unless `options` say otherwise.
  Router& add_firewall(std::string name, MiddleboxOptions options = {});
  /// Adds a NAT. The same.
  Router& add_nat(std::string name, MiddleboxOptions options = {});
  /// Adds a node of the caller's own kind, for what no router does; `make` is told its number.
  /// Throws std::invalid_argument.
  Node& add_node(const std::function<std::unique_ptr<Node>(NodeId)>& make);
  /// Lays a wire between new interfaces of `a` and `b`, the same in both directions. A host whose
  /// wire leads to a router and that has no default route of the address's family gets one over it.
  WireId connect(Node& a, const Cidr& address_a, Node& b, const Cidr& address_b,
                 const Wire& both = {}) {
    return connect(a, address_a, b, address_b, both, both);
  }
  /// The same with a direction each: `there` from `a` to `b`, `back` from `b` to `a`.
  WireId connect(Node& a, const Cidr& address_a, Node& b, const Cidr& address_b, const Wire& there,
                 const Wire& back);
  /// Gives every router the shortest way to every network there is, over other routers. (Hosts need
  /// but their default route.) Call it when all wires are laid; not again.
  void route_everything();
  /// From now on the wire is like this, in both directions. The MTU of the interfaces stays.
  void change(WireId wire, const Wire& both) { change(wire, both, both); }
  /// The same with a direction each.
  void change(WireId wire, const Wire& there, const Wire& back);
  /// Tells `tap` of every packet. It must outlive the simulation. A copy by fork() has no taps.
  void observe(Tap& tap) { taps_.push_back(&tap); }
  /// The stream called `name` of this simulation's seed, for whoever acts in it.
  [[nodiscard]] Random random(std::string_view name) const { return Random::stream(seed_, name); }

  // ---- time
  // ---------------------------------------------------------------------------------------

  [[nodiscard]] Time now() const noexcept { return now_; }  ///< The present instant.
  /// Calls `call` at `when` (not before now), after the frames and timers of that instant.
  void at(Time when, std::function<void()> call);
  /// The same, `delay` from now.
  void after(Duration delay, std::function<void()> call) {
    at(saturating_add(now_, delay), std::move(call));
  }
  /// Goes to the next thing that happens, if that is at `limit` or before. False if there is none.
  bool step(Time limit = kNever);
  /// Lets everything happen up to and including `when`; then it is `when`.
  void run_until(Time when);
  void run_for(Duration duration) { run_until(saturating_add(now_, duration)); }  ///< For so long.
  /// Runs until `done()` holds, asked before each event, or until nothing more happens by `limit`.
  /// Returns what `done()` says then. `done` may look at Stacks, not call them.
  bool run_until(const std::function<bool()>& done, Time limit);

  // ---- queries
  // ------------------------------------------------------------------------------------

  /// The host of that name. Throws std::out_of_range.
  [[nodiscard]] Host& host(std::string_view name);
  /// The router, firewall or NAT of that name. Throws std::out_of_range.
  [[nodiscard]] Router& router(std::string_view name);
  /// Packets on their way, and those that wait in managed queues.
  [[nodiscard]] std::size_t in_flight() const noexcept;
  /// Packets that were sent so far, whatever became of them.
  [[nodiscard]] std::uint64_t packets() const noexcept { return packets_; }
  /// Bytes that wait now at one end of a wire: 0 for the direction from the first node that was
  /// named in connect(), 1 for the other.
  [[nodiscard]] std::uint64_t queued_bytes(WireId wire, unsigned direction);
  /// A second simulation in the same state, which goes on the same way by itself: stacks, wires,
  /// packets under way, random numbers, actors. Errors: not_enough_memory; operation_not_permitted
  /// while calls planned with at() are pending (they may refer to anything).
  [[nodiscard]] Result<std::unique_ptr<Simulation>> fork() const;

 private:
  /// What the agenda's parties are.
  enum class Role : std::uint8_t { pipe, timers, applications, calls };
  struct Link {
    NodeId ends[2]{};
    Port ports[2]{};
    Pipe pipes[2];  // pipes[0] leads from ends[0] to ends[1]
    Party parties[2]{};
  };
  struct Socket {  // a node's port: which end of which wire
    std::uint32_t wire = 0;
    std::uint8_t end = 0;
  };
  struct NodeState {
    std::unique_ptr<Node> node;
    std::vector<Socket> ports;
    Party timers{};
    Party applications{};
    bool has_default_route[2]{};  // IPv4, IPv6
  };
  struct Task {  // of a party
    Role role{};
    std::uint32_t index = 0;  // of the node or wire
    std::uint8_t direction = 0;
  };

  void send(NodeId from, Port port, Packet packet, FrameId frame) override;
  [[nodiscard]] BufferPool& pool() noexcept override { return *pool_; }
  template <class N>
  N& take_node(std::unique_ptr<N> node);
  [[nodiscard]] Party add_party(Task task);
  template <class N>
  [[nodiscard]] N* find_node(std::string_view name);
  void route_to(std::uint32_t wire, const Cidr& network);
  void give_default_route(Node& host, Port port, const Node& router, const Cidr& gateway);
  [[nodiscard]] PipeContext pipe_context() noexcept { return {*pool_, order_}; }

  void arrive(std::uint32_t wire, std::uint8_t direction);
  void depart(std::uint32_t wire, std::uint8_t direction);
  void wake(std::uint32_t node);
  void act(std::uint32_t node);
  void call();
  bool take_one(Time limit);
  void replan(Link& link, std::uint8_t direction);
  void plan_if_earlier(Party party, Time at, Turn turn);
  void settle(std::uint32_t node);
  void settle_all();

  std::uint64_t seed_;
  Time now_;
  BufferPoolOwner pool_;  // of packets under way
  Agenda agenda_;
  std::vector<Task> tasks_;  // by party
  Party calls_party_;
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> calls_;
  std::vector<NodeState> nodes_;
  std::vector<Link> wires_;
  std::vector<Tap*> taps_;
  std::vector<std::byte> shown_;             // the packet that the taps see
  std::vector<Pipe::Departure> departures_;  // room for depart()
  std::uint64_t order_ = 0;
  std::uint64_t packets_ = 0;
  std::uint32_t same_instant_ = 0;  // events since time last moved on
};

}  // namespace bowline::inline v0::sim
