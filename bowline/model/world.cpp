#include "bowline/model/world.hpp"

#include <algorithm>

#include "bowline/model/invariants.hpp"
#include "bowline/model/mix.hpp"

namespace bowline::inline v0::model {
namespace {

constexpr std::size_t index(Host host) noexcept { return static_cast<std::size_t>(host); }

void erase(World& world, std::size_t place) {
  const auto flights = world.flights.begin();
  const auto at = flights + static_cast<std::ptrdiff_t>(place);
  std::copy(at + 1, flights + static_cast<std::ptrdiff_t>(world.in_flight()), at);
  world.flights[world.in_flight() - 1] = {};
}

void insert(World& world, std::size_t place, const Flight& flight) {
  const auto flights = world.flights.begin();
  const auto end = flights + static_cast<std::ptrdiff_t>(world.in_flight());
  std::copy_backward(flights + static_cast<std::ptrdiff_t>(place), end, end + 1);
  world.flights[place] = flight;
}

Flight take_head(World& world, Host host) {
  const std::size_t place = world.queue_begin(host);
  const Flight flight = world.flights[place];
  erase(world, place);
  --world.queued[index(host)];
  return flight;
}

void add_stray(World& world, const Flight& flight) {
  insert(world, world.in_flight(), flight);
  ++world.strays;
}

// A sequence number as which of its host's initial numbers it counts from, and how far.
std::uint64_t relative(std::uint32_t number, const Application& whose) {
  for (std::size_t i = whose.number_count; i-- > 0;) {
    const std::uint32_t distance = number - whose.numbers[i];
    if (distance < 0x1000) return (i + 1) << 32U | distance;
  }
  return number;
}

}  // namespace

World Rules::first() const noexcept {
  World world;
  world.hosts = {hosts_.first(Host::client), hosts_.first(Host::server)};
  return world;
}

Time Rules::now(const World& world) const noexcept {
  return record(world, Host::client).application.now;
}

Time Rules::deadline(const World& world) const noexcept {
  return std::min(record(world, Host::client).deadline, record(world, Host::server).deadline);
}

std::uint32_t Rules::milliseconds(const World& world) const noexcept {
  return static_cast<std::uint32_t>(now(world).time_since_epoch() / 1ms);
}

void Rules::choices(const World& world, std::vector<Choice>& choices) const {
  choices.clear();
  const Faults& faults = scenario_.faults;
  for (const Host host : {Host::client, Host::server}) {
    if (world.queued[index(host)] != 0) {
      choices.push_back({Action::deliver, host, 0});
      if (world.losses < faults.losses) choices.push_back({Action::lose, host, 0});
      if (world.duplicates < faults.duplicates && world.in_flight() < World::kFlights) {
        choices.push_back({Action::duplicate, host, 0});
      }
      if (world.delays < faults.strays) choices.push_back({Action::delay, host, 0});
      const PacketId head = world.flights[world.queue_begin(host)].packet;
      if (world.changes < faults.changes && hosts_.packets()[head].segment.length != 0) {
        choices.push_back({Action::change, host, 0});
      }
    }
  }
  for (std::uint8_t i = 0; i < world.strays; ++i) {
    const Packet& packet = hosts_.packets()[world.flights[world.strays_begin() + i].packet];
    choices.push_back({Action::stray, other(packet.from), i});
  }
  program_choices(world, Host::client, choices);
  program_choices(world, Host::server, choices);
  if (world.queued[0] + world.queued[1] == 0 && deadline(world) != kNever) {
    choices.push_back({Action::wait, Host::client, 0});
  }
}

void Rules::program_choices(const World& world, Host host, std::vector<Choice>& choices) const {
  const Program& may = program(host);
  const Application& app = record(world, host).application;
  if (app.crashes < may.crashes) choices.push_back({Action::crash, host, 0});
  bool any_open = false;
  for (std::uint8_t i = 0; i < app.socket_count; ++i) {
    const Socket& socket = app.sockets[i];
    if (!socket.open) continue;
    any_open = true;
    if (!socket.connected) {
      if (app.cancels < may.cancels) choices.push_back({Action::close, host, i});
      continue;
    }
    if (!socket.finished && socket.written < may.writes * may.write_size &&
        socket.written + may.write_size <= int{Socket::kMostBytes}) {
      choices.push_back({Action::write, host, i});
    }
    if (socket.readable) choices.push_back({Action::read, host, i});
    if (may.half_close && !socket.finished) choices.push_back({Action::finish, host, i});
    if (may.early_close || socket.end_seen) choices.push_back({Action::close, host, i});
    if (app.aborts < may.aborts) choices.push_back({Action::abort, host, i});
  }
  if (!any_open && app.connects < may.connects) choices.push_back({Action::connect, host, 0});
}

// After the faults, in this order: what is on its way arrives, programs read, finish and close, and
// only then time passes.
std::optional<Choice> Rules::fair_choice(const World& world) const {
  for (const Host host : {Host::server, Host::client}) {
    if (world.queued[index(host)] != 0) return Choice{Action::deliver, host, 0};
  }
  if (world.strays != 0) {
    const Packet& packet = hosts_.packets()[world.flights[world.strays_begin()].packet];
    return Choice{Action::stray, other(packet.from), 0};
  }
  for (const Host host : {Host::client, Host::server}) {
    const Application& app = record(world, host).application;
    for (std::uint8_t i = 0; i < app.socket_count; ++i) {
      const Socket& socket = app.sockets[i];
      if (!socket.open || !socket.connected) continue;
      if (socket.readable) return Choice{Action::read, host, i};
      if (!socket.finished) return Choice{Action::finish, host, i};
      if (socket.end_seen) return Choice{Action::close, host, i};
    }
  }
  if (deadline(world) != kNever) return Choice{Action::wait, Host::client, 0};
  return std::nullopt;
}

void Rules::happen(World& world, Host host, const HostEvent& event, Step& step) {
  HostId& id = world.hosts[index(host)];
  const Outcome outcome = hosts_.step(id, host, event, runner_);
  id = outcome.next;
  if (outcome.too_many || world.in_flight() + outcome.sent_count > World::kFlights ||
      hosts_[id].application.overflow) {
    step.cut = true;
    return;
  }
  const Host towards = other(host);
  for (std::size_t i = 0; i < outcome.sent_count; ++i) {
    const std::size_t end = world.queue_begin(towards) + world.queued[index(towards)];
    insert(world, end, {outcome.sent[i], milliseconds(world)});
    ++world.queued[index(towards)];
  }
}

// Time moves for both; what is older than a segment may become is gone.
void Rules::wait(World& world, Duration time, Step& step) {
  const Time then = now(world) + time;
  for (const Host host : {Host::client, Host::server}) {
    HostEvent event;
    event.action = Action::wait;
    event.time = then;
    happen(world, host, event, step);
    if (step.cut) return;
  }
  const std::uint32_t at = milliseconds(world);
  const auto lifetime = static_cast<std::uint32_t>(scenario_.lifetime / 1ms);
  for (std::size_t i = 0; i < world.strays;) {
    const std::size_t place = world.strays_begin() + i;
    if (at - world.flights[place].born <= lifetime) {
      ++i;
      continue;
    }
    erase(world, place);
    --world.strays;
  }
}

PacketId Rules::changed(PacketId packet) const {
  const Packet& as_it_was = hosts_.packets()[packet];
  std::vector<std::byte> bytes = as_it_was.bytes;
  bytes.back() ^= std::byte{1};
  if (scenario_.faults.changes_are_hidden) {
    const std::size_t data = as_it_was.segment.length;
    bytes = trace::to_packet(as_it_was.segment, std::span(bytes).last(data));
  }
  return hosts_.intern(bytes, as_it_was.from);
}

// Packets take no time here, but the clock of initial numbers ticks each 4 us, and no real host
// makes two connections of one four-tuple between two ticks. So before `host` may make a number,
// some time passes since its last one: a round trip of 10 ms, in which no timer is due that would
// not be due anyway.
void Rules::tick(World& world, Host host, Step& step) {
  if (record(world, host).application.last_number == now(world)) wait(world, 10ms, step);
}

Step Rules::take(World& world, const Choice& choice) {
  Step step;
  HostEvent event;
  event.action = choice.action;
  event.which = choice.which;
  switch (choice.action) {
    case Action::lose:
      static_cast<void>(take_head(world, choice.host));
      ++world.losses;
      return step;
    case Action::duplicate:
      add_stray(world, world.flights[world.queue_begin(choice.host)]);
      ++world.duplicates;
      return step;
    case Action::delay:
      add_stray(world, take_head(world, choice.host));
      ++world.delays;
      return step;
    case Action::change: {
      PacketId& packet = world.flights[world.queue_begin(choice.host)].packet;
      packet = changed(packet);
      ++world.changes;
      return step;
    }
    case Action::wait:
      wait(world, std::max(deadline(world), now(world)) - now(world), step);
      break;
    case Action::deliver:
    case Action::stray: {
      Flight flight;
      if (choice.action == Action::deliver) {
        flight = take_head(world, choice.host);
      } else {
        const std::size_t place = world.strays_begin() + choice.which;
        flight = world.flights[place];
        erase(world, place);
        --world.strays;
      }
      event.action = Action::deliver;
      event.packet = flight.packet;
      const trace::Segment& segment = hosts_.packets()[flight.packet].segment;
      if (segment.has(wire::kSyn) && !segment.has(wire::kAck)) tick(world, choice.host, step);
      if (step.cut) return step;
      const HostRecord& before = record(world, choice.host);
      happen(world, choice.host, event, step);
      step.breach =
          judge_arrival(hosts_.packets()[flight.packet], before, record(world, choice.host),
                        record(world, other(choice.host)), scenario_.invariants);
      break;
    }
    case Action::connect:
      tick(world, choice.host, step);
      if (step.cut) return step;
      happen(world, choice.host, event, step);
      break;
    default:
      happen(world, choice.host, event, step);
      break;
  }
  if (!step.cut && !step.breach) {
    step.breach =
        judge(record(world, Host::client), record(world, Host::server), scenario_.invariants);
  }
  return step;
}

std::uint64_t Rules::hash(const World& world, bool with_faults) const {
  Mix hash;
  const std::array<const HostRecord*, 2> records{&record(world, Host::client),
                                                 &record(world, Host::server)};
  for (const Host host : {Host::client, Host::server}) {
    const HostRecord& own = *records[index(host)];
    const Application& app = own.application;
    const Application& peer = records[index(other(host))]->application;
    hash.add(own.canonical);
    for (const Tcb& tcb : own.connections) {
      hash.add(relative(tcb.iss, app));
      hash.add(tcb.state == tcp::State::syn_sent ? 0 : relative(tcb.irs, peer));
    }
    for (const Socket& socket : app.all()) hash.add(relative(socket.irs, peer));
    for (std::size_t i = 0; i < app.known_count; ++i) hash.add(relative(app.known[i][1], peer));
  }
  const std::uint32_t at = milliseconds(world);
  const auto flight_hash = [&](const Flight& flight) {
    const Packet& packet = hosts_.packets()[flight.packet];
    const Application& from = records[index(packet.from)]->application;
    const Application& to = records[index(other(packet.from))]->application;
    return Mix(packet.rest)
        .add(packet.spoilt ? 1U : 0U)
        .add(static_cast<std::uint64_t>(packet.from))
        .add(relative(packet.segment.seq.raw(), from))
        .add(packet.segment.has(wire::kAck) ? relative(packet.segment.ack.raw(), to) : 0)
        .add(at - flight.born)
        .value();
  };
  for (std::size_t i = 0; i < world.strays_begin(); ++i) hash.add(flight_hash(world.flights[i]));
  std::uint64_t strays = 0;  // in no order
  for (std::size_t i = world.strays_begin(); i < world.in_flight(); ++i) {
    strays += flight_hash(world.flights[i]);
  }
  hash.add(strays).add(std::uint64_t{world.queued[0]} << 16U |
                       std::uint64_t{world.queued[1]} << 8U | world.strays);
  if (with_faults) {
    hash.add(std::uint64_t{world.losses} << 16U | std::uint64_t{world.duplicates} << 8U |
             world.delays);
    hash.add(world.changes);
  }
  return hash.value();
}

}  // namespace bowline::inline v0::model
