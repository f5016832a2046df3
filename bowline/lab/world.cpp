#include "bowline/lab/world.hpp"

#include <algorithm>
#include <array>
#include <system_error>

#include "bowline/sim/syn_gateway.hpp"

namespace bowline::inline v0::lab {
namespace {

const Cidr kClientNet = *Cidr::parse("10.0.1.2/24");
const Cidr kServerNet = *Cidr::parse("10.0.2.2/24");

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
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
    // The handshake as it is taught: an entry for each SYN, and a queue that can be full.
    host.stack.tcp.syn_cookies = tcp::SynCookies::never;
    host.stack.tcp.syn_ack_retries = 5;  // Linux's, of which the tutorials tell
    if (options_.configure) options_.configure(host.stack, side);
    hosts_[index(side)] = &net_.add_host(side == Side::left ? "client" : "server", host);
  }
  courier_ = static_cast<Courier*>(&net_.add_node([this](sim::NodeId id) {
    return std::make_unique<Courier>(id, static_cast<CourierWatch&>(*this), options_.delay,
                                     options_.firewall);
  }));
  net_.connect(*hosts_[0], kClientNet, *courier_, *Cidr::parse("10.0.1.1/24"));
  sim::Node* before_server = courier_;
  if (options_.syn_gateway) {
    before_server = &sim::add_syn_gateway(net_, "gateway");
    net_.connect(*courier_, *Cidr::parse("10.0.2.1/24"), *before_server,
                 *Cidr::parse("10.0.2.3/24"));
  }
  net_.connect(*before_server, *Cidr::parse("10.0.2.4/24"), *hosts_[1], kServerNet,
               options_.to_server, {});
  net_.observe(*this);
}

Stack& World::stack(Side side) { return hosts_[index(side)]->stack(); }

Endpoint World::client_endpoint(std::uint16_t port) { return {kClientNet.address, port}; }

Endpoint World::server_endpoint() { return {kServerNet.address, kPort}; }

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

void World::abort(Conn& conn, std::error_code why) {
  if (conn.closed) return;
  if (why) {
    conn.error = why;
    conn.ended_at = now();
  }
  conn.aborted = conn.closed = true;
  static_cast<void>(stack(conn.side).abort(conn.handle, now()));
}

void World::hang(Conn& conn) { conn.silent_since = std::min(conn.silent_since, now()); }

void World::power_off(Side side) {
  off_[index(side)] = true;
  hosts_alive_ = false;
  hosts_[index(side)]->restart();
  if (side == Side::right) listener_.reset();
  for (Conn& conn : conns_) {
    if (conn.side == side && !conn.closed) hang(conn);
  }
  drawn_[index(side)].reset();
  std::erase_if(known_, [side](const auto& known) { return known.first.first == side; });
}

void World::power_on(Side side) { off_[index(side)] = false; }

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
  if (conn.closed || conn.silent_since != kNever) return false;
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

}  // namespace bowline::inline v0::lab
