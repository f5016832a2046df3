#include "bowline/sim/simulation.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace bowline::inline v0::sim {
namespace {

/// Events at one instant beyond which something must be going in circles.
constexpr std::uint32_t kMostAtOneInstant = 1'000'000;

std::uint32_t index(NodeId id) noexcept { return static_cast<std::uint32_t>(id); }
std::uint32_t index(WireId id) noexcept { return static_cast<std::uint32_t>(id); }
std::uint32_t index(Port port) noexcept { return static_cast<std::uint32_t>(port); }

}  // namespace

Simulation::Simulation(std::uint64_t seed, Time start)
    : seed_(seed),
      now_(start),
      pool_(BufferPool::make(heap_memory(), std::numeric_limits<std::uint64_t>::max())),
      calls_party_(add_party({.role = Role::calls})) {
  if (!pool_) throw std::bad_alloc();
}

// ---- set-up -------------------------------------------------------------------------------------

Party Simulation::add_party(Task task) {
  tasks_.push_back(task);
  return agenda_.add();
}

template <class N>
N& Simulation::take_node(std::unique_ptr<N> node) {
  for (const NodeState& other : nodes_) {
    if (other.node->name() == node->name()) {
      throw std::invalid_argument("two nodes are called " + node->name());
    }
  }
  N& reference = *node;
  const auto number = static_cast<std::uint32_t>(nodes_.size());
  NodeState state;
  state.node = std::move(node);
  state.timers = add_party({.role = Role::timers, .index = number});
  state.applications = add_party({.role = Role::applications, .index = number});
  nodes_.push_back(std::move(state));
  return reference;
}

Host& Simulation::add_host(std::string name, HostOptions options) {
  if (options.stack.seed == std::array<std::uint64_t, 4>{}) {
    Random stream = random("host/" + name);
    for (std::uint64_t& word : options.stack.seed) word = stream.next();
  }
  const auto id = static_cast<NodeId>(nodes_.size());
  return take_node(std::make_unique<Host>(id, std::move(name), options));
}

Router& Simulation::add_router(std::string name, const RouterOptions& options) {
  const auto id = static_cast<NodeId>(nodes_.size());
  return take_node(std::make_unique<Router>(id, std::move(name), options));
}

Router& Simulation::add_firewall(std::string name, MiddleboxOptions options) {
  options.translate = false;
  return add_router(std::move(name), {.middlebox = options});
}

Router& Simulation::add_nat(std::string name, MiddleboxOptions options) {
  options.translate = true;
  return add_router(std::move(name), {.middlebox = options});
}

Node& Simulation::add_node(const std::function<std::unique_ptr<Node>(NodeId)>& make) {
  return take_node(make(static_cast<NodeId>(nodes_.size())));
}

WireId Simulation::connect(Node& a, const Cidr& address_a, Node& b, const Cidr& address_b,
                           const Wire& there, const Wire& back) {
  const auto wire = static_cast<std::uint32_t>(wires_.size());
  const std::string name = "wire/" + std::to_string(wire) + "/";
  Link link{{a.id(), b.id()},
            {a.add_interface(address_a, there.mtu), b.add_interface(address_b, back.mtu)},
            {Pipe(there, random(name + "there")), Pipe(back, random(name + "back"))},
            {add_party({.role = Role::pipe, .index = wire, .direction = 0}),
             add_party({.role = Role::pipe, .index = wire, .direction = 1})}};
  wires_.push_back(std::move(link));
  nodes_[index(a.id())].ports.push_back({wire, 0});
  nodes_[index(b.id())].ports.push_back({wire, 1});
  give_default_route(a, wires_.back().ports[0], b, address_b);
  give_default_route(b, wires_.back().ports[1], a, address_a);
  return static_cast<WireId>(wire);
}

void Simulation::give_default_route(Node& host, Port port, const Node& router,
                                    const Cidr& gateway) {
  if (host.forwards() || !router.forwards()) return;
  bool& has = nodes_[index(host.id())].has_default_route[gateway.address.is_v4() ? 0 : 1];
  if (has) return;
  host.add_route({IpAddress::any(gateway.address.family()), 0}, port, gateway.address);
  has = true;
}

void Simulation::route_everything() {
  for (std::uint32_t wire = 0; wire < wires_.size(); ++wire) {
    for (unsigned end = 0; end < 2; ++end) {
      const Link& link = wires_[wire];
      const std::span<const Cidr> addresses =
          nodes_[index(link.ends[end])].node->addresses(link.ports[end]);
      for (const Cidr& network : std::vector<Cidr>(addresses.begin(), addresses.end())) {
        route_to(wire, network);
      }
    }
  }
}

/// Breadth first from the ends of `wire` outwards: whoever is reached gets a route back over the
/// wire by which he was reached.
void Simulation::route_to(std::uint32_t wire, const Cidr& network) {
  std::vector<bool> reached(nodes_.size(), false);
  std::vector<std::uint32_t> todo;
  for (const NodeId node : wires_[wire].ends) {
    reached[index(node)] = true;
    todo.push_back(index(node));
  }
  for (std::size_t next = 0; next < todo.size(); ++next) {
    if (!nodes_[todo[next]].node->forwards()) continue;
    const std::vector<Socket>& ports = nodes_[todo[next]].ports;
    for (const Socket& socket : ports) {
      const Link& link = wires_[socket.wire];
      const unsigned other = 1U - socket.end;
      NodeState& neighbour = nodes_[index(link.ends[other])];
      if (reached[index(link.ends[other])] || !neighbour.node->forwards()) continue;
      reached[index(link.ends[other])] = true;
      todo.push_back(index(link.ends[other]));
      const IpAddress gateway =
          nodes_[todo[next]].node->addresses(link.ports[socket.end]).front().address;
      neighbour.node->add_route(network, link.ports[other], gateway);
    }
  }
}

void Simulation::change(WireId wire, const Wire& there, const Wire& back) {
  Link& link = wires_.at(index(wire));
  link.pipes[0].change(there);
  link.pipes[1].change(back);
}

template <class N>
N* Simulation::find_node(std::string_view name) {
  for (NodeState& state : nodes_) {
    if (state.node->name() == name) return dynamic_cast<N*>(state.node.get());
  }
  return nullptr;
}

Host& Simulation::host(std::string_view name) {
  if (Host* const host = find_node<Host>(name)) return *host;
  throw std::out_of_range("no host is called " + std::string(name));
}

Router& Simulation::router(std::string_view name) {
  if (Router* const router = find_node<Router>(name)) return *router;
  throw std::out_of_range("no router is called " + std::string(name));
}

std::size_t Simulation::in_flight() const noexcept {
  std::size_t count = 0;
  for (const Link& link : wires_) count += link.pipes[0].packets() + link.pipes[1].packets();
  return count;
}

std::uint64_t Simulation::queued_bytes(WireId wire, unsigned direction) {
  return wires_.at(index(wire)).pipes[direction == 0 ? 0 : 1].queued_bytes(now_);
}

void Simulation::at(Time when, std::function<void()> call) {
  when = std::max(when, now_);
  calls_.emplace(std::pair(when, ++order_), std::move(call));
  const auto& [first, number] = calls_.begin()->first;
  agenda_.plan(calls_party_, first, Agenda::rank_of(Turn::call, number));
}

// ---- packets ------------------------------------------------------------------------------------

void Simulation::send(NodeId from, Port port, Packet packet, FrameId frame) {
  const Socket socket = nodes_[index(from)].ports[index(port)];
  Link& link = wires_[socket.wire];
  const std::uint8_t direction = socket.end;
  ++packets_;
  if (taps_.empty()) {
    link.pipes[direction].send(std::move(packet), packets_, now_, pipe_context());
  } else {
    Passage passage;
    passage.at = now_;
    passage.wire = static_cast<WireId>(socket.wire);
    passage.from = from;
    passage.to = link.ends[1 - direction];
    passage.packet = packets_;
    passage.frame = frame;
    passage.bytes = packet.bytes(shown_);
    const Packet kept = packet;  // its bytes, while the taps see them
    passage.fate = link.pipes[direction].send(std::move(packet), packets_, now_, pipe_context());
    for (Tap* tap : taps_) tap->sent(passage);
  }
  replan(link, direction);
}

/// The pipe's front may have changed.
void Simulation::replan(Link& link, std::uint8_t direction) {
  const Pipe::Next next = link.pipes[direction].next();
  const std::uint64_t rank = Agenda::rank_of(Turn::frame, next.order);
  const Agenda::Entry planned = agenda_.planned(link.parties[direction]);
  if (planned.at == next.at && (planned.rank == rank || next.at == kNever)) return;
  agenda_.plan(link.parties[direction], next.at, rank);
}

void Simulation::arrive(std::uint32_t wire, std::uint8_t direction) {
  Link& link = wires_[wire];
  const std::uint8_t end = direction == 0 ? 1 : 0;
  Pipe::Arrival arrival = link.pipes[direction].arrive();
  replan(link, direction);
  const NodeId to = link.ends[end];
  Node& node = *nodes_[index(to)].node;
  if (taps_.empty()) {
    node.arrive(link.ports[end], std::move(arrival.packet), now_, *this);
  } else {
    const Packet kept = arrival.packet;
    const FrameId frame = node.arrive(link.ports[end], std::move(arrival.packet), now_, *this);
    Passage passage;
    passage.at = now_;
    passage.wire = static_cast<WireId>(wire);
    passage.from = link.ends[1 - end];
    passage.to = to;
    passage.packet = arrival.number;
    passage.frame = frame;
    passage.fate = arrival.fate;
    passage.copy = arrival.copy;
    passage.bytes = kept.bytes(shown_);
    for (Tap* tap : taps_) tap->arrived(passage);
  }
  settle(index(to));
}

void Simulation::depart(std::uint32_t wire, std::uint8_t direction) {
  Link& link = wires_[wire];
  departures_.clear();
  link.pipes[direction].depart(now_, pipe_context(), departures_);
  replan(link, direction);
  for (const Pipe::Departure& departure : departures_) {
    Passage passage;
    passage.at = now_;
    passage.wire = static_cast<WireId>(wire);
    passage.from = link.ends[direction];
    passage.to = link.ends[1 - direction];
    passage.packet = departure.number;
    passage.fate = departure.fate;
    if (!taps_.empty()) passage.bytes = departure.packet.bytes(shown_);
    for (Tap* tap : taps_) tap->departed(passage);
  }
  departures_.clear();
}

// ---- timers and applications --------------------------------------------------------------------

void Simulation::wake(std::uint32_t node) {
  NodeState& state = nodes_[node];
  agenda_.plan(state.timers, kNever, 0);
  // The deadline may have moved away since this was planned; then settle() plans anew.
  if (state.node->next_deadline() <= now_) state.node->advance(now_);
  settle(node);
}

void Simulation::act(std::uint32_t node) {
  NodeState& state = nodes_[node];
  agenda_.plan(state.applications, kNever, 0);
  if (state.node->next_act(now_) <= now_) state.node->act(now_);
  settle(node);
}

void Simulation::call() {
  auto first = calls_.extract(calls_.begin());
  Time next = kNever;
  std::uint64_t number = 0;
  if (!calls_.empty()) std::tie(next, number) = calls_.begin()->first;
  agenda_.plan(calls_party_, next, Agenda::rank_of(Turn::call, number));
  first.mapped()();
  settle_all();  // it may have called any Stack
}

/// After anything that concerned `node`: sends what waits, and plans when to look at it again.
void Simulation::settle(std::uint32_t node) {
  NodeState& state = nodes_[node];
  state.node->flush(*this, now_);
  plan_if_earlier(state.timers, state.node->next_deadline(), Turn::timer);
  plan_if_earlier(state.applications, state.node->next_act(now_), Turn::call);
}

/// A deadline that moves away, as every acknowledgement moves one, leaves the agenda alone: whoever
/// is called too early plans anew.
void Simulation::plan_if_earlier(Party party, Time at, Turn turn) {
  at = std::max(at, now_);
  if (at >= agenda_.planned(party).at) return;
  agenda_.plan(party, at, Agenda::rank_of(turn, ++order_));
}

void Simulation::settle_all() {
  for (std::uint32_t node = 0; node < nodes_.size(); ++node) settle(node);
}

// ---- time ---------------------------------------------------------------------------------------

bool Simulation::step(Time limit) {
  settle_all();  // whoever runs the simulation may have called Stacks since
  return take_one(limit);
}

bool Simulation::take_one(Time limit) {
  if (agenda_.empty() || agenda_.next().at > limit) return false;
  const Agenda::Entry next = agenda_.next();
  same_instant_ = next.at == now_ ? same_instant_ + 1 : 0;
  if (same_instant_ > kMostAtOneInstant) {
    throw std::logic_error("the simulation does not get past one instant");
  }
  now_ = next.at;
  const Task task = tasks_[static_cast<std::size_t>(next.party)];
  switch (task.role) {
    case Role::pipe:
      if (wires_[task.index].pipes[task.direction].departs_next()) {
        depart(task.index, task.direction);
      } else {
        arrive(task.index, task.direction);
      }
      break;
    case Role::timers:
      wake(task.index);
      break;
    case Role::applications:
      act(task.index);
      break;
    case Role::calls:
      call();
      break;
  }
  return true;
}

void Simulation::run_until(Time when) {
  settle_all();
  while (take_one(when)) {
  }
  now_ = std::max(now_, when);
}

bool Simulation::run_until(const std::function<bool()>& done, Time limit) {
  settle_all();
  while (!done()) {
    if (!take_one(limit)) return done();
  }
  return true;
}

// ---- copies -------------------------------------------------------------------------------------

Result<std::unique_ptr<Simulation>> Simulation::fork() const {
  if (!calls_.empty()) return fail(std::errc::operation_not_permitted);
  auto copy = std::make_unique<Simulation>(seed_, now_);
  for (const NodeState& state : nodes_) {
    BOWLINE_TRY(node, state.node->clone());
    NodeState other;
    other.node = std::move(node);
    other.ports = state.ports;
    other.timers = state.timers;
    other.applications = state.applications;
    std::copy(std::begin(state.has_default_route), std::end(state.has_default_route),
              other.has_default_route);
    copy->nodes_.push_back(std::move(other));
  }
  copy->agenda_ = agenda_;
  copy->tasks_ = tasks_;
  copy->wires_ = wires_;
  for (Link& link : copy->wires_) {
    for (Pipe& pipe : link.pipes) pipe.own_packets(*copy->pool_);
  }
  copy->order_ = order_;
  copy->packets_ = packets_;
  copy->same_instant_ = same_instant_;
  return copy;
}

}  // namespace bowline::inline v0::sim
