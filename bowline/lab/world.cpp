#include "bowline/lab/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>

#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::lab {
namespace {

const Cidr kClientNet = *Cidr::parse("10.0.1.2/24");
const Cidr kServerNet = *Cidr::parse("10.0.2.2/24");

std::size_t index(Side side) { return side == Side::left ? 0 : 1; }

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// What stands on a packet's line. PSH is left out: it says nothing to the receiver (K19).
std::string flags_of(const trace::Segment& segment) {
  std::string text;
  const auto add = [&](std::uint16_t flag, std::string_view name) {
    if (!segment.has(flag)) return;
    if (!text.empty()) text += '+';
    text += name;
  };
  add(wire::kSyn, "SYN");
  add(wire::kFin, "FIN");
  add(wire::kRst, "RST");
  add(wire::kAck, "ACK");
  return text;
}

std::error_code worth_telling(const std::error_code& error) {
  if (error == std::errc::operation_would_block || error == std::errc::not_connected) return {};
  return error;
}

}  // namespace

World::World(WorldOptions options, Director& director)
    : options_(std::move(options)),
      director_(director),
      // Not at the origin of time: clocks that stand at 0 hide mistakes.
      net_(options_.seed, Time(1h)),
      start_(net_.now()) {
  diagram_.left = options_.left;
  diagram_.right = options_.right;
  for (const Side side : {Side::left, Side::right}) {
    sim::HostOptions host;
    host.stack.tcp.ablation = options_.ablation;
    if (options_.configure) options_.configure(host.stack, side);
    hosts_[index(side)] = &net_.add_host(side == Side::left ? "client" : "server", host);
  }
  courier_ = static_cast<Courier*>(&net_.add_node([this](sim::NodeId id) {
    return std::make_unique<Courier>(id, static_cast<CourierWatch&>(*this), options_.delay);
  }));
  net_.connect(*hosts_[0], kClientNet, *courier_, *Cidr::parse("10.0.1.1/24"));
  net_.connect(*hosts_[1], kServerNet, *courier_, *Cidr::parse("10.0.2.1/24"));
  net_.observe(*this);
}

Stack& World::stack(Side side) { return hosts_[index(side)]->stack(); }

Endpoint World::client_endpoint(std::uint16_t port) { return {kClientNet.address, port}; }

Endpoint World::server_endpoint() { return {kServerNet.address, kPort}; }

// ---- applications -------------------------------------------------------------------------------

void World::listen(std::function<void(Conn&)> accepted, ListenOptions options) {
  accepted_ = std::move(accepted);
  options.local = server_endpoint();
  half_open_bound_ = options.syn_backlog;
  const auto listener = stack(Side::right).listen(options, now());
  if (!listener) throw std::system_error(listener.error(), "the server cannot listen");
  listener_ = *listener;
}

Conn* World::connect(const std::function<void(Conn&)>& set, std::uint16_t port) {
  ConnectOptions options;
  options.remote = server_endpoint();
  options.local = client_endpoint(port);
  const auto handle = stack(Side::left).connect(options, now());
  if (!handle) return nullptr;
  Conn& conn = conns_.emplace_back();
  conn.handle = *handle;
  conn.opened = now();
  conn.local = *options.local;
  conn.remote = options.remote;
  conn.iss = stack(Side::left).inspect(*handle)->iss;
  conn.incarnation = ++calls_;
  if (set) set(conn);
  return &conn;
}

void World::write(Conn& conn, std::string bytes) { conn.written += std::move(bytes); }

void World::close(Conn& conn) {
  if (conn.closed) return;
  conn.closed = true;
  static_cast<void>(stack(conn.side).close(conn.handle, now()));
}

void World::shutdown(Conn& conn) {
  conn.shut = true;
  static_cast<void>(stack(conn.side).shutdown(conn.handle, Direction::send, now()));
}

void World::cancel(Conn& conn) {
  conn.wanted = false;
  close(conn);
}

void World::remark(Side side, Text what) {
  if (!draws()) return;
  Rung rung;
  rung.at = now();
  rung.side = side;
  rung.remark = std::move(what);
  draw(std::move(rung));
}

void World::accept_all() {
  if (!listener_) return;
  while (const auto handle = stack(Side::right).accept(*listener_, now())) {
    const auto view = stack(Side::right).inspect(*handle);
    Conn& conn = conns_.emplace_back();
    conn.handle = *handle;
    conn.side = Side::right;
    conn.passive = true;
    conn.opened = conn.established_at = now();
    conn.established = true;
    if (view) {
      conn.local = view->local;
      conn.remote = view->remote;
      conn.iss = view->iss;
      conn.irs = view->irs;
    }
    // Was it asked for, by a connect() of these numbers that nobody has cancelled?
    for (const Conn& other : conns_) {  // the latest of these numbers
      if (other.side != Side::left || other.local != conn.remote || other.iss != conn.irs) continue;
      conn.incarnation = other.incarnation;
      conn.wanted_by_peer = other.wanted && !other.closed;
    }
    if (accepted_) accepted_(conn);
  }
}

bool World::poll(Conn& conn) {
  if (conn.closed) return false;
  Stack& its = stack(conn.side);
  bool acted = false;
  if (const auto view = its.inspect(conn.handle)) {
    if (view->state != tcp::State::syn_sent && view->state != tcp::State::closed) {
      conn.irs = view->irs;
    }
    if (!conn.established && tcp::is_synchronized(view->state)) {
      conn.established = true;
      conn.established_at = now();
      if (conn.on_open) conn.on_open(conn);
      acted = true;
    }
  }
  if (!conn.established && !conn.error) {
    if (const std::error_code error = its.take_error(conn.handle)) {
      conn.error = error;
      conn.ended_at = now();
      return true;
    }
    return acted;
  }
  while (conn.accepted_bytes < conn.written.size() && !conn.error) {
    const auto rest = std::string_view(conn.written).substr(conn.accepted_bytes);
    const auto taken = its.write(conn.handle, bytes_of(rest), now());
    if (!taken) {
      if (const auto error = worth_telling(taken.error())) conn.error = error;
      break;
    }
    conn.accepted_bytes += *taken;
    acted = true;
  }
  std::array<std::byte, 4'096> room{};
  while (conn.reads && !conn.end_seen && !conn.closed) {
    const auto count = its.read(conn.handle, room, now());
    if (!count) {
      const auto error = worth_telling(count.error());
      if (error && !conn.error) {
        conn.error = error;
        conn.ended_at = now();
        acted = true;
      }
      break;
    }
    acted = true;
    if (*count == 0) {
      conn.end_seen = true;
      conn.ended_at = now();
      if (conn.on_end) conn.on_end(conn);
      if (conn.close_on_end) conn.close_when_written = true;
      break;
    }
    conn.read.append(reinterpret_cast<const char*>(room.data()), *count);
    if (conn.on_read) conn.on_read(conn);
  }
  const bool all = conn.accepted_bytes == conn.written.size() || conn.error;
  if (all && conn.shut_when_written && !conn.shut && !conn.closed) {
    shutdown(conn);
    acted = true;
  }
  if (all && conn.close_when_written && !conn.closed) {
    close(conn);
    acted = true;
  }
  return acted;
}

void World::poll() {
  bool acted = true;
  while (acted) {
    accept_all();
    acted = false;
    for (Conn& conn : conns_) acted = poll(conn) || acted;
  }
}

void World::run_until(Duration since) {
  const Time limit = start_ + since;
  poll();
  while (net_.step(limit)) {
    poll();
    witness();
  }
  net_.run_until(limit);
}

// ---- packets ------------------------------------------------------------------------------------

std::string World::label(const trace::Segment& segment, bool datagram, Side from,
                         std::size_t size) {
  if (datagram) return fmt::format("UDP {} bytes", size);
  // Numbers count from the ISNs of this pair of ports, a new one from a SYN on.
  const Side to = trace::opposite(from);
  const Endpoint& client = from == Side::left ? segment.source : segment.destination;
  if (segment.has(wire::kSyn)) {
    origins_[{from, client}] = segment.seq.raw();
    if (!segment.has(wire::kAck)) origins_.erase({to, client});
  }
  const auto relative = [&](Side side, SeqNumber number) {
    const auto origin = origins_.find({side, client});
    const std::uint32_t base = origin == origins_.end() ? number.raw() - 1 : origin->second;
    return static_cast<std::int32_t>(number.raw() - base);
  };
  std::string text = flags_of(segment);
  const std::int32_t first = relative(from, segment.seq);
  text += segment.length == 0
              ? fmt::format(" seq {}", first)
              : fmt::format(" seq {}:{}", first, first + static_cast<std::int32_t>(segment.length));
  if (segment.has(wire::kAck)) {
    const bool known = origins_.contains({to, client});
    text += known ? fmt::format(" ack {}", relative(to, segment.ack)) : " ack ?";
  }
  return text;
}

std::size_t World::draw(Rung rung) {
  diagram_.rungs.push_back(std::move(rung));
  return diagram_.rungs.size() - 1;
}

// In the order of time. Rungs stand in the order of departure, so a state that was drawn again with
// each packet would seem to come back where packets cross.
std::optional<tcp::State> World::news(Side side, std::optional<tcp::State> state) {
  std::optional<tcp::State>& drawn = drawn_[index(side)];
  if (!state || state == drawn) return std::nullopt;
  drawn = state;
  return state;
}

Accident World::handed_in(sim::Port port, std::span<const std::byte> bytes, Time at,
                          std::uint64_t& number) {
  const trace::Packet packet = trace::take_apart(bytes, LinkKind::ip);
  Crossing crossing;
  crossing.at = at;
  crossing.from = static_cast<std::uint32_t>(port) == 0 ? Side::left : Side::right;
  crossing.number = static_cast<std::uint32_t>(++counts_[index(crossing.from)]);
  ++packets_;
  crossing.datagram = packet.udp.has_value();
  if (const auto segment = trace::segment_of(packet)) crossing.segment = *segment;
  if (crossing.datagram) {
    crossing.segment.source = packet.source();
    crossing.segment.destination = packet.destination();
    crossing.segment.length = static_cast<std::uint32_t>(packet.payload.size());
  }
  const Accident accident = director_.fate(crossing);

  number = ++next_number_;
  Sent sent;
  sent.from = crossing.from;
  sent.to = trace::opposite(crossing.from);
  sent.segment = crossing.segment;
  sent.label = label(crossing.segment, crossing.datagram, crossing.from, packet.payload.size());
  sent.accident = accident.kind;
  const IpAddress& to = crossing.segment.destination.address;
  const bool for_nobody = to != kClientNet.address && to != kServerNet.address;
  if (draws() && (!for_nobody || ++for_nobody_ <= options_.most_in_vain)) {
    Rung rung;
    rung.at = at;
    rung.side = sent.from;
    rung.packet = true;
    rung.label = sent.label;
    switch (accident.kind) {
      case Accident::Kind::lose:
        rung.crossed = Crossed::lost;
        break;
      case Accident::Kind::delay:
        rung.crossed = Crossed::leaves;
        break;
      case Accident::Kind::corrupt:
        rung.crossed = Crossed::corrupted;
        break;
      default:
        break;
    }
    if (!crossing.datagram) {
      (sent.from == Side::left ? rung.left : rung.right) =
          news(sent.from, state_of(sent.from, sent.segment.source, sent.segment.destination));
    }
    sent.rung = draw(std::move(rung));
    sent.drawn = true;
  }
  on_their_way_.emplace(number, std::move(sent));
  return accident;
}

void World::forge(const trace::Segment& segment, std::string_view payload) {
  trace::Segment whole = segment;
  whole.length = static_cast<std::uint32_t>(payload.size());
  ++forged_;
  const std::uint64_t number = ++next_number_;
  Sent sent;
  sent.to = whole.destination.address == kClientNet.address ? Side::left : Side::right;
  sent.from = trace::opposite(sent.to);
  sent.segment = whole;
  sent.label = label(whole, false, sent.from, payload.size());
  sent.forged = true;
  on_their_way_.emplace(number, std::move(sent));
  courier_->forge(trace::to_packet(whole, bytes_of(payload)), number, now());
}

void World::hands_out(std::uint64_t number, bool copy) { handing_out_ = {number, copy}; }

void World::sent(const sim::Passage& passage) {
  if (passage.from == courier_->id()) handed_out_[passage.packet] = handing_out_;
}

void World::arrived(const sim::Passage& passage) {
  if (passage.to == courier_->id()) return;
  const auto found = handed_out_.find(passage.packet);
  if (found == handed_out_.end()) return;
  const auto [number, copy] = found->second;
  handed_out_.erase(found);
  Sent& sent = on_their_way_.at(number);
  const trace::Segment& segment = sent.segment;
  if (segment.has(wire::kSyn | wire::kAck) && sent.to == Side::left) {
    saw_syn_ack_[segment.destination] = true;
  }
  if (segment.has(wire::kRst)) {
    const auto met = states_.find({sent.to, {segment.destination, segment.source}});
    Reset reset;
    reset.at = sent.to;
    if (met != states_.end()) reset.met = met->second;
    reset.forged = sent.forged;
    reset.asked_for = std::ranges::any_of(conns_, [&](const Conn& conn) {
      return conn.side == sent.from && conn.local == segment.source && conn.aborted;
    });
    resets_.push_back(reset);
  }
  const auto state = state_of(sent.to, segment.destination, segment.source);
  const auto before = states_.find({sent.to, {segment.destination, segment.source}});
  const bool changes = state != (before != states_.end() ? before->second : tcp::State::listen);
  const bool shown = !sent.forged || changes || ++in_vain_ <= options_.most_in_vain;
  const bool late = copy || sent.accident == Accident::Kind::delay || sent.forged;
  if (late && shown && draws()) {
    Rung rung;
    rung.at = now();
    rung.side = sent.from;
    rung.packet = true;
    rung.label = sent.label;
    rung.crossed = sent.forged ? Crossed::forged : Crossed::late;
    (sent.to == Side::left ? rung.left : rung.right) = news(sent.to, state);
    draw(std::move(rung));
  } else if (!late && sent.drawn) {
    Rung& rung = diagram_.rungs.at(sent.rung);
    (sent.to == Side::left ? rung.left : rung.right) = news(sent.to, state);
  }
}

// ---- the witness --------------------------------------------------------------------------------

std::optional<tcp::State> World::state_of(Side side, const Endpoint& local,
                                          const Endpoint& remote) {
  struct Search {
    const Endpoint& local;
    const Endpoint& remote;
    std::optional<tcp::State> found;
  } search{local, remote, std::nullopt};
  stack(side).for_each_connection(
      [](void* context, const ConnectionView& view) {
        auto& wanted = *static_cast<Search*>(context);
        if (view.local == wanted.local && view.remote == wanted.remote &&
            view.state != tcp::State::closed) {
          wanted.found = view.state;
        }
      },
      &search);
  if (search.found) return search.found;
  // What an application was handed is gone; otherwise there is but the listener.
  const bool was_there = std::ranges::any_of(conns_, [&](const Conn& conn) {
    return conn.side == side && conn.local == local && conn.remote == remote;
  });
  const bool listens = side == Side::right && listener_ && !was_there;
  return listens ? tcp::State::listen : tcp::State::closed;
}

// Both ends at one instant: who is ESTABLISHED, and does the other know?
void World::witness() {
  std::uint32_t unproven = 0;
  states_.clear();
  for (const Side side : {Side::left, Side::right}) {
    std::vector<ConnectionView> views;
    stack(side).for_each_connection(
        [](void* context, const ConnectionView& view) {
          static_cast<std::vector<ConnectionView>*>(context)->push_back(view);
        },
        &views);
    std::uint32_t half_open = 0;
    for (const ConnectionView& view : views) {
      auto [entry, fresh] = known_.try_emplace({side, view.number});
      if (fresh) entry->second.since = now();
      states_[{side, {view.local, view.remote}}] = view.state;
      const bool whole = tcp::is_synchronized(view.state) && view.state != tcp::State::time_wait;
      if (view.state == tcp::State::established && !entry->second.judged) {
        entry->second.judged = true;
        judge(side, view);
      }
      if (side == Side::right && view.state == tcp::State::syn_received) ++half_open;
      if (side == Side::right && whole && !saw_syn_ack_.contains(view.remote)) ++unproven;
    }
    most_half_open_ = std::max(most_half_open_, half_open);
  }
  most_unproven_ = std::max(most_unproven_, unproven);
}

void World::judge(Side side, const ConnectionView& view) {
  struct Search {
    const ConnectionView& own;
    bool knows = false;
    bool agreed = false;
  } search{view};
  stack(trace::opposite(side))
      .for_each_connection(
          [](void* context, const ConnectionView& other) {
            auto& wanted = *static_cast<Search*>(context);
            const ConnectionView& own = wanted.own;
            if (other.local != own.remote || other.remote != own.local) return;
            // In SYN-SENT nothing has been received: IRS means nothing yet.
            wanted.knows = other.state != tcp::State::syn_sent && other.irs == own.iss;
            wanted.agreed = other.iss == own.irs;
          },
          &search);
  established_.push_back({side, now(), search.knows, search.agreed});
}

Observation World::observe() {
  Observation seen;
  seen.end = now();
  seen.bound = options_.bound;
  for (const Conn& conn : conns_) seen.connections.push_back(conn);
  seen.established = established_;
  seen.resets = resets_;
  seen.forged = forged_;
  seen.unproven = most_unproven_;
  seen.half_open = most_half_open_;
  seen.half_open_bound = half_open_bound_;
  for (const Side side : {Side::left, Side::right}) {
    std::vector<ConnectionView> views;
    stack(side).for_each_connection(
        [](void* context, const ConnectionView& view) {
          static_cast<std::vector<ConnectionView>*>(context)->push_back(view);
        },
        &views);
    for (const ConnectionView& view : views) {
      if (view.state == tcp::State::closed) continue;
      Record record;
      record.side = side;
      record.state = view.state;
      record.local = view.local;
      record.remote = view.remote;
      const auto known = known_.find({side, view.number});
      record.age = known == known_.end() ? Duration{} : now() - known->second.since;
      const auto other = state_of(trace::opposite(side), view.remote, view.local);
      record.peer_gone = other == tcp::State::closed || other == tcp::State::listen;
      record.unproven = side == Side::right && !saw_syn_ack_.contains(view.remote);
      seen.left.push_back(record);
    }
  }
  return seen;
}

}  // namespace bowline::inline v0::lab
