#include "bowline/model/hosts.hpp"

#include <algorithm>
#include <utility>

#include "bowline/model/mix.hpp"

namespace bowline::inline v0::model {
namespace {

// An event in a state, as one number: 26 bits of state and 38 of event.
std::uint64_t question(HostId id, Host host, const HostEvent& event, Time now) {
  std::uint64_t detail = 0;
  if (event.action == Action::deliver) {
    detail = event.packet;
  } else if (event.action == Action::wait) {
    detail = static_cast<std::uint64_t>((event.time - now).count());
  } else {
    detail = event.which;
  }
  return Mix(id)
      .add(static_cast<std::uint64_t>(event.action) << 1U | static_cast<std::uint64_t>(host))
      .add(detail)
      .value();
}

// The program's state without handles (the Stack's hash has them), absolute times and numbers. The
// peer's numbers are compared with the peer's own list by whoever knows both hosts.
std::uint64_t program_hash(const Application& app) {
  Mix hash(app.socket_count);
  hash.add(app.connects).add(app.cancels).add(app.aborts).add(app.crashes);
  hash.add(app.last_number == app.now ? 1U : 0U);
  hash.add(app.overflow ? 1U : 0U).add(app.left_waiting ? 1U : 0U);
  for (const Socket& socket : app.all()) {
    hash.add(app.number_of(socket.iss));
    hash.add(static_cast<std::uint64_t>(socket.open) | std::uint64_t{socket.passive} << 1U |
             std::uint64_t{socket.connected} << 2U | std::uint64_t{socket.finished} << 3U |
             std::uint64_t{socket.end_seen} << 4U | std::uint64_t{socket.closed} << 5U |
             std::uint64_t{socket.cancelled} << 6U | std::uint64_t{socket.aborted} << 7U |
             std::uint64_t{socket.crashed} << 8U | std::uint64_t{socket.readable} << 9U |
             static_cast<std::uint64_t>(socket.failure) << 10U |
             std::uint64_t{socket.written} << 16U | std::uint64_t{socket.read} << 24U);
    std::uint64_t log = 0;
    for (const std::uint8_t byte : socket.log) log = log << 8U | byte;
    hash.add(log);
  }
  for (std::size_t i = 0; i < app.known_count; ++i) hash.add(app.number_of(app.known[i][0]));
  // Of two numbers in a row what counts is which comes later (RFC 6191, MAY-2): they are always far
  // apart as windows go.
  std::uint64_t order = 0;
  for (std::size_t i = 1; i < app.number_count; ++i) {
    order = order << 1U |
            std::uint64_t{before(SeqNumber(app.numbers[i - 1]), SeqNumber(app.numbers[i]))};
  }
  return hash.add(app.number_count).add(order).value();
}

}  // namespace

Hosts::Hosts(const Scenario& scenario, Keeping keeping) : scenario_(scenario), keeping_(keeping) {
  for (const Host host : {Host::client, Host::server}) {
    static_cast<void>(intern(first(host), {}, LiveHost(scenario, host), true));
  }
}

Hosts::Key Hosts::key_of(const LiveHost& host, const HostRecord& record) {
  Mix rest(record.canonical);
  const Application& app = host.application();
  rest.add(static_cast<std::uint64_t>(app.now.time_since_epoch().count()));
  rest.add(static_cast<std::uint64_t>(app.last_number.time_since_epoch().count()));
  for (const std::uint32_t number : app.numbers) rest.add(number);
  for (const auto& known : app.known) rest.add(known[0]).add(known[1]);
  for (const Tcb& tcb : record.connections) rest.add(tcb.iss).add(tcb.irs);
  for (const Socket& socket : app.all()) rest.add(socket.iss).add(socket.irs);
  // Seen from the beginning of time every time is absolute.
  return {host.stack().canonical_hash(Time{}), rest.value()};
}

HostId Hosts::intern(HostId parent, const HostEvent& event, const LiveHost& host, bool is_first) {
  HostRecord record;
  record.parent = parent;
  record.event = event;
  record.application = host.application();
  record.connections = host.connections();
  record.deadline = host.stack().next_deadline();
  const StackUsage usage = host.stack().usage();
  record.half_open = usage.half_open;
  record.buffer_bytes = usage.buffer_bytes;
  record.canonical = Mix(host.stack().canonical_hash(record.application.now))
                         .add(program_hash(record.application))
                         .value();
  // What the Stack's hash leaves out, and keepalive and idle restart look at.
  for (const Tcb& tcb : record.connections) {
    const Time now = record.application.now;
    record.canonical = Mix(record.canonical)
                           .add(static_cast<std::uint64_t>((now - tcb.sent).count()))
                           .add(static_cast<std::uint64_t>((now - tcb.received).count()))
                           .value();
  }
  const Key key = key_of(host, record);
  const std::scoped_lock lock(mutex_);
  if (keeping_ == Keeping::separate || is_first) {
    const HostId id = records_.append(std::move(record));
    if (is_first) ids_.emplace(key, id);
    return id;
  }
  const auto [place, is_new] = ids_.try_emplace(key, records_.size());
  if (is_new) records_.append(std::move(record));
  return place->second;
}

// A Stack in state `id`: the one that is at hand, or the first one led there again.
LiveHost& Hosts::live(HostId id, Host host, Runner& runner) {
  std::vector<HostId> path;
  HostId at = id;
  while (!runner.live_.contains(at) && at != first(host)) {
    path.push_back(at);
    at = records_[at].parent;
  }
  if (path.empty() && runner.live_.contains(id)) return runner.live_.at(id);
  LiveHost running =
      runner.live_.contains(at) ? runner.live_.at(at).clone() : LiveHost(scenario_, host);
  std::vector<PacketId> ignored;
  for (auto one = path.rbegin(); one != path.rend(); ++one) {
    running.apply(records_[*one].event, packets_, ignored);
  }
  if (runner.live_.size() >= kMostLive) runner.live_.clear();
  return runner.live_.emplace(id, std::move(running)).first->second;
}

Outcome Hosts::step(HostId id, Host host, const HostEvent& event, Runner& runner) {
  std::vector<PacketId> sent;
  Outcome outcome;
  const auto finish = [&](const LiveHost& after) {
    outcome.next = intern(id, event, after, false);
    outcome.too_many = sent.size() > Outcome::kMostSent;
    outcome.sent_count = static_cast<std::uint8_t>(std::min(sent.size(), Outcome::kMostSent));
    std::copy_n(sent.begin(), outcome.sent_count, outcome.sent.begin());
    ++steps_;
  };
  if (keeping_ == Keeping::separate) {
    auto node = runner.live_.extract(id);
    LiveHost& running = node.empty() ? live(id, host, runner) : node.mapped();
    running.apply(event, packets_, sent);
    finish(running);
    if (node.empty()) node = runner.live_.extract(id);
    node.key() = outcome.next;
    runner.live_.insert(std::move(node));
    return outcome;
  }

  const std::uint64_t asked = question(id, host, event, records_[id].application.now);
  Shard& shard = shards_[asked % kShards];
  {
    const std::scoped_lock lock(shard.mutex);
    const auto known = shard.outcomes.find(asked);
    if (known != shard.outcomes.end()) return known->second;
  }
  LiveHost running = live(id, host, runner).clone();
  running.apply(event, packets_, sent);
  finish(running);
  if (runner.live_.size() >= kMostLive) runner.live_.clear();
  runner.live_.emplace(outcome.next, std::move(running));
  const std::scoped_lock lock(shard.mutex);
  shard.outcomes.emplace(asked, outcome);
  return outcome;
}

void Hosts::set_listener(Host host, DecisionListener* listener, Runner& runner) {
  live(first(host), host, runner).set_listener(listener);
}

std::uint64_t Hosts::bytes() const noexcept {
  constexpr std::uint64_t kOutcome = sizeof(Outcome) + 40;  // with what a hash node costs
  constexpr std::uint64_t kRecord = sizeof(HostRecord) + 200;
  return steps_ * kOutcome + std::uint64_t{records_.size()} * kRecord;
}

}  // namespace bowline::inline v0::model
