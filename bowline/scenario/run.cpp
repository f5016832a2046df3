#include "bowline/scenario/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::scenario {
namespace {

// Each flow's listener has a port of its own, by which its packets are known.
constexpr std::uint16_t kFirstPort = 5'001;

// Of `end` (1 or 2) of the wire with that index, which is a network of its own.
Cidr address(Family family, std::size_t wire, int end) {
  return *Cidr::parse(family == Family::ipv4 ? fmt::format("10.0.{}.{}/24", wire, end)
                                             : fmt::format("fd00:0:0:{:x}::{}/64", wire, end));
}

}  // namespace

std::string_view name(FlowState state) noexcept {
  switch (state) {
    case FlowState::done:
      return "done";
    case FlowState::failed:
      return "failed";
    case FlowState::unfinished:
      return "unfinished";
  }
  return "unknown";
}

Run::Run(const Scenario& scenario, std::size_t points)
    : scenario_(scenario), points_(points), simulation_(scenario.seed) {
  build_nodes();
  build_wires();
  simulation_.route_everything();
  build_flows();
  simulation_.observe(*this);
  simulation_.observe(digest_);
}

Run::~Run() = default;

void Run::build_nodes() {
  for (const HostPlan& plan : scenario_.hosts) {
    sim::HostOptions options;
    options.stack.tcp = plan.tcp;
    options.max_gso = plan.offload ? 65'535 : 0;
    hosts_.push_back(&simulation_.add_host(plan.name, options));
    nodes_.push_back(hosts_.back());
  }
  for (const RouterPlan& plan : scenario_.routers) {
    nodes_.push_back(&simulation_.add_router(plan.name, plan.how));
  }
  applications_.resize(hosts_.size());
}

void Run::build_wires() {
  std::vector<sim::WireId> ids;
  for (std::size_t i = 0; i < scenario_.wires.size(); ++i) {
    const WirePlan& plan = scenario_.wires[i];
    ids.push_back(simulation_.connect(*nodes_[plan.a], address(scenario_.family, i, 1),
                                      *nodes_[plan.b], address(scenario_.family, i, 2), plan.there,
                                      plan.back));
    wires_.emplace_back(points_);
    wires_.emplace_back(points_);
  }
  for (const ChangePlan& change : scenario_.changes) {
    simulation_.at(change.at, [this, &change, id = ids[change.wire]] {
      simulation_.change(id, change.there, change.back);
    });
  }
}

void Run::build_flows() {
  for (std::size_t i = 0; i < scenario_.flows.size(); ++i) {
    const FlowPlan& plan = scenario_.flows[i];
    const Hop& last = plan.path.back();
    const Endpoint at{address(scenario_.family, last.wire, last.back ? 1 : 2).address,
                      static_cast<std::uint16_t>(kFirstPort + i)};
    const std::uint64_t key = simulation_.random("flow/" + plan.name).next() >> 1;
    // Who listens comes first: a host's applications start in their order.
    Flow flow;
    flow.trace = std::make_unique<FlowTrace>(points_);
    flow.acceptor = applications_[plan.to]++;
    hosts_[plan.to]->start(
        std::make_unique<Acceptor>(plan, scenario_.hosts[plan.to].socket, key, at));
    flow.opener = applications_[plan.from]++;
    hosts_[plan.from]->start(
        std::make_unique<Opener>(plan, scenario_.hosts[plan.from].socket, key, at));
    flows_.push_back(std::move(flow));
  }
}

const Opener& Run::opener(std::size_t flow) const {
  return static_cast<const Opener&>(hosts_[scenario_.flows[flow].from]->actor(flows_[flow].opener));
}
const Acceptor& Run::acceptor(std::size_t flow) const {
  return static_cast<const Acceptor&>(
      hosts_[scenario_.flows[flow].to]->actor(flows_[flow].acceptor));
}

bool Run::over(std::size_t flow) const {
  const Progress& a = opener(flow).progress();
  const Progress& b = acceptor(flow).progress();
  return !a.failure.empty() || !b.failure.empty() || (a.done && b.done);
}

std::size_t Run::flows_over() const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    if (over(i)) ++count;
  }
  return count;
}

bool Run::advance() {
  const Time end = Time{} + scenario_.duration;
  const Duration slice = std::clamp<Duration>(scenario_.duration / 1'000, 1ms, 1s);
  simulation_.run_until(std::min(end, now() + slice));
  return now() < end && flows_over() < flows_.size();
}

// ---- what it came to ----------------------------------------------------------------------------

std::vector<FlowResult> Run::results() const {
  std::vector<FlowResult> results;
  for (std::size_t i = 0; i < flows_.size(); ++i) {
    const FlowPlan& plan = scenario_.flows[i];
    const Progress& a = opener(i).progress();
    const Progress& b = acceptor(i).progress();
    FlowResult result;
    result.plan = &plan;
    result.trace = flows_[i].trace.get();
    if (a.done && b.done) result.state = FlowState::done;
    if (!b.failure.empty())
      result.failure = fmt::format("{}: {}", scenario_.hosts[plan.to].name, b.failure);
    if (!a.failure.empty())
      result.failure = fmt::format("{}: {}", scenario_.hosts[plan.from].name, a.failure);
    if (!result.failure.empty()) result.state = FlowState::failed;
    const Progress& receiver = plan.forward() ? b : a;
    const Progress& other = plan.forward() ? a : b;
    result.bytes = receiver.received;
    result.bytes_back = other.received;
    Time last = plan.start;
    for (const Progress* end : {&a, &b}) {
      if (end->received > 0) last = std::max(last, end->last_byte);
    }
    result.time = last - plan.start;
    if (receiver.received > 0 && receiver.last_byte > plan.start) {
      result.goodput = static_cast<double>(receiver.received) * 8 /
                       std::chrono::duration<double>(receiver.last_byte - plan.start).count();
    }
    result.exchanges = a.exchanges;
    if (a.exchanges > 0) {
      result.exchange_min = a.exchange_min;
      result.exchange_max = a.exchange_max;
      result.exchange_mean = a.exchange_sum / static_cast<Duration::rep>(a.exchanges);
    }
    results.push_back(std::move(result));
  }
  return results;
}

// ---- what is seen on the wires ------------------------------------------------------------------

std::optional<std::size_t> Run::flow_of(const trace::Segment& segment) const {
  for (const std::uint16_t port : {segment.destination.port, segment.source.port}) {
    const auto index = static_cast<std::size_t>(port - kFirstPort);
    if (port >= kFirstPort && index < flows_.size()) return index;
  }
  return std::nullopt;
}

std::size_t Run::direction_of(const sim::Passage& passage) const {
  const auto wire = static_cast<std::size_t>(passage.wire);
  const bool back = passage.from != nodes_[scenario_.wires[wire].a]->id();
  return 2 * wire + (back ? 1 : 0);
}

void Run::sent(const sim::Passage& passage) {
  const std::size_t direction = direction_of(passage);
  wires_[direction].sent(passage.at, passage.bytes.size(), passage.fate,
                         simulation_.queued_bytes(passage.wire, direction % 2));
  const auto segment = trace::segment_of(trace::take_apart(passage.bytes, LinkKind::ip));
  if (!segment) return;
  const auto flow = flow_of(*segment);
  if (!flow) return;
  const FlowPlan& plan = scenario_.flows[*flow];
  const std::size_t sender = plan.forward() ? plan.from : plan.to;
  if (passage.from == hosts_[sender]->id()) flows_[*flow].trace->sent(*segment, passage.at);
}

void Run::departed(const sim::Passage& passage) {
  const std::size_t direction = direction_of(passage);
  wires_[direction].departed(passage.at, passage.fate,
                             simulation_.queued_bytes(passage.wire, direction % 2));
}

void Run::arrived(const sim::Passage& passage) {
  if (passage.fate == sim::Fate::corrupted) return;  // its Stack drops it
  const auto segment = trace::segment_of(trace::take_apart(passage.bytes, LinkKind::ip));
  if (!segment) return;
  const auto flow = flow_of(*segment);
  if (!flow) return;
  const FlowPlan& plan = scenario_.flows[*flow];
  const std::size_t sender = plan.forward() ? plan.from : plan.to;
  if (passage.to != hosts_[sender]->id()) return;
  FlowTrace& trace = *flows_[*flow].trace;
  trace.arrived(*segment, passage.at);
  const FlowEnd& end = plan.forward() ? static_cast<const FlowEnd&>(opener(*flow))
                                      : static_cast<const FlowEnd&>(acceptor(*flow));
  const sim::Host& host = *hosts_[sender];
  if (const auto view = host.stack().inspect(end.socket())) trace.state(*view, passage.at);
}

}  // namespace bowline::inline v0::scenario
