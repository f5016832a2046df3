#include "bowline/sim/simulation.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace bowline::inline v0::sim {
namespace {

/// Events at one instant beyond which something must be going in circles.
constexpr std::uint32_t kMostAtOneInstant = 1'000'000;

std::uint32_t index(NodeId id) noexcept { return static_cast<std::uint32_t>(id); }
std::uint32_t index(WireId id) noexcept { return static_cast<std::uint32_t>(id); }
std::uint32_t index(Port port) noexcept { return static_cast<std::uint32_t>(port); }

}  // namespace

Host& Simulation::add_host(std::string name, HostOptions options) {
  for (const NodeState& other : nodes_) {
    if (other.node->name() == name) {
      throw std::invalid_argument("two hosts are called " + name);
    }
  }
  if (options.stack.seed == std::array<std::uint64_t, 4>{}) {
    Random stream = random("host/" + name);
    for (std::uint64_t& word : options.stack.seed) word = stream.next();
  }
  const auto id = static_cast<NodeId>(nodes_.size());
  auto host = std::make_unique<Host>(id, std::move(name), options);
  Host& reference = *host;
  nodes_.push_back({std::move(host), {}, kNever, kNever});
  return reference;
}

WireId Simulation::connect(Host& a, const Cidr& address_a, Host& b, const Cidr& address_b,
                           const Wire& there, const Wire& back) {
  const auto wire = static_cast<std::uint32_t>(wires_.size());
  const std::string name = "wire/" + std::to_string(wire) + "/";
  Link link{{a.id(), b.id()},
            {a.add_interface(address_a, there.mtu), b.add_interface(address_b, back.mtu)},
            {Pipe(there, random(name + "there")), Pipe(back, random(name + "back"))}};
  wires_.push_back(std::move(link));
  nodes_[index(a.id())].ports.push_back({wire, 0});
  nodes_[index(b.id())].ports.push_back({wire, 1});
  return static_cast<WireId>(wire);
}

void Simulation::change(WireId wire, const Wire& both) {
  for (Pipe& pipe : wires_.at(index(wire)).pipes) pipe.change(both);
}

Host& Simulation::host(std::string_view name) {
  for (NodeState& state : nodes_) {
    if (state.node->name() == name) return dynamic_cast<Host&>(*state.node);
  }
  throw std::out_of_range("no host is called " + std::string(name));
}

void Simulation::at(Time when, std::function<void()> call) {
  queue_.plan(std::max(when, now_), Turn::call, Call{std::move(call)});
}

// ---- packets ------------------------------------------------------------------------------------

void Simulation::send(NodeId from, Port port, Packet packet, FrameId frame) {
  const Socket socket = nodes_[index(from)].ports[index(port)];
  Link& link = wires_[socket.wire];
  const std::uint8_t direction = socket.end;
  Pipe::Outcome outcome = link.pipes[direction].send(packet, now_);
  ++packets_;

  Passage passage;
  passage.at = now_;
  passage.wire = static_cast<WireId>(socket.wire);
  passage.from = from;
  passage.to = link.ends[1 - direction];
  passage.packet = packets_;
  passage.frame = frame;
  passage.fate = outcome.fate;
  passage.bytes = *packet;
  for (Tap* tap : taps_) tap->sent(passage);

  for (std::uint8_t i = 0; i < outcome.count; ++i) {
    Pipe::Arrival& arrival = outcome.arrivals[i];
    queue_.plan(
        arrival.at, Turn::frame,
        Arrive{socket.wire, direction, i == 1, outcome.fate, packets_, std::move(arrival.packet)});
    ++in_flight_;
  }
}

void Simulation::happen(Arrive& arrive) {
  --in_flight_;
  const Link& link = wires_[arrive.wire];
  const std::uint8_t end = arrive.direction == 0 ? 1 : 0;
  const NodeId to = link.ends[end];
  const FrameId frame = nodes_[index(to)].node->arrive(link.ports[end], arrive.packet, now_);

  Passage passage;
  passage.at = now_;
  passage.wire = static_cast<WireId>(arrive.wire);
  passage.from = link.ends[1 - end];
  passage.to = to;
  passage.packet = arrive.number;
  passage.frame = frame;
  passage.fate = arrive.fate;
  passage.copy = arrive.copy;
  passage.bytes = *arrive.packet;
  for (Tap* tap : taps_) tap->arrived(passage);
  settle(index(to));
}

// ---- timers and applications --------------------------------------------------------------------

void Simulation::happen(Wake& wake) {
  NodeState& state = nodes_[wake.node];
  state.timer_planned = kNever;
  // The deadline may have moved away since this was planned; then settle() plans anew.
  if (state.node->next_deadline() <= now_) state.node->advance(now_);
  settle(wake.node);
}

void Simulation::happen(Act& act) {
  NodeState& state = nodes_[act.node];
  state.act_planned = kNever;
  if (state.node->next_act(now_) <= now_) state.node->act(now_);
  settle(act.node);
}

void Simulation::happen(Call& call) {
  call.call();
  settle_all();  // it may have called any Stack
}

/// After anything that concerned `node`: sends what waits, and plans when to look at it again.
void Simulation::settle(std::uint32_t node) {
  NodeState& state = nodes_[node];
  state.node->flush(*this, now_);
  const Time deadline = std::max(state.node->next_deadline(), now_);
  if (deadline < state.timer_planned) {
    state.timer_planned = deadline;
    queue_.plan(deadline, Turn::timer, Wake{node});
  }
  const Time act = state.node->next_act(now_);
  if (act < state.act_planned) {
    state.act_planned = act;
    queue_.plan(act, Turn::call, Act{node});
  }
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
  if (queue_.next() > limit || queue_.empty()) return false;
  auto event = queue_.take();
  same_instant_ = event.at == now_ ? same_instant_ + 1 : 0;
  if (same_instant_ > kMostAtOneInstant) {
    throw std::logic_error("the simulation does not get past one instant");
  }
  now_ = event.at;
  std::visit([this](auto& what) { happen(what); }, event.what);
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
  if (queue_.any_of([](const Happening& what) { return std::holds_alternative<Call>(what); })) {
    return fail(std::errc::operation_not_permitted);
  }
  auto copy = std::make_unique<Simulation>(seed_, now_);
  for (const NodeState& state : nodes_) {
    BOWLINE_TRY(node, state.node->clone());
    copy->nodes_.push_back({std::move(node), state.ports, state.timer_planned, state.act_planned});
  }
  copy->queue_ = queue_;
  copy->wires_ = wires_;
  copy->packets_ = packets_;
  copy->in_flight_ = in_flight_;
  copy->same_instant_ = same_instant_;
  return copy;
}

}  // namespace bowline::inline v0::sim
