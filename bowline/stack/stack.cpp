// The public calls: each says what time it is, finds what the handle names, and leaves the work to
// the parts.

#include "bowline/stack/stack.hpp"

#include <algorithm>
#include <new>

#include "bowline/stack/bare.hpp"
#include "bowline/stack/core.hpp"
#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/path_mtu.hpp"
#include "bowline/tcp/user_calls.hpp"

namespace bowline::inline v0 {

namespace {

bool in_order(const tcp::Settings& settings) noexcept {
  return settings.rto_min > Duration::zero() && settings.rto_min <= settings.rto_max &&
         settings.delayed_ack <= 500ms;  // MUST-40
}

}  // namespace

Stack::Stack(Core* core) noexcept : core_(core) {}
Stack::Stack(Stack&&) noexcept = default;
Stack& Stack::operator=(Stack&&) noexcept = default;
Stack::~Stack() = default;

void Stack::CoreDeleter::operator()(Core* core) const noexcept {
  Memory& memory = core->memory;
  core->~Core();
  memory.release(core, sizeof(Core), alignof(Core));
}

Result<Stack> Stack::create(const StackConfig& config) noexcept {
  const bool ports_in_order =
      config.first_ephemeral_port != 0 && config.first_ephemeral_port <= config.last_ephemeral_port;
  if (!ports_in_order || !in_order(config.tcp)) return fail(std::errc::invalid_argument);
  Memory& memory = config.memory != nullptr ? *config.memory : heap_memory();
  BufferPool* pool = BufferPool::make(memory, config.limits.buffer_bytes);
  if (pool == nullptr) return fail(std::errc::not_enough_memory);
  void* place = memory.allocate(sizeof(Core), alignof(Core));
  if (place == nullptr) {
    pool->retire();
    return fail(std::errc::not_enough_memory);
  }
  return Stack(new (place) Core(config, memory, pool));
}

Result<InterfaceId> Stack::Bare::add_interface(const InterfaceConfig& config) const noexcept {
  if (config.link.mtu < 68 || config.link.mtu > 65'535) return fail(std::errc::invalid_argument);
  const bool ethernet = config.link.kind == LinkKind::ethernet;
  if (ethernet && (wire::is_group(config.link.mac) || config.link.mac == wire::MacAddress{})) {
    return fail(std::errc::invalid_argument);
  }
  const std::uint32_t index = core_->interfaces.emplace(core_->memory);
  if (index == Core::kNone) return fail(std::errc::not_enough_memory);
  const auto id = static_cast<InterfaceId>(index);
  Interface& made = core_->interfaces[index];
  made.link = config.link;
  if (!ethernet) return id;
  made.detect_duplicates = config.detect_duplicates;
  made.router_discovery = config.router_discovery && config.link_local;
  made.timing = core_->config.timing;
  made.reachable_time =
      ip::random_reachable_time(made.timing.neighbour.reachable_time, core_->random);
  // IPv6 needs links that carry 1280 bytes (RFC 8200 section 5).
  if (config.link_local && config.link.mtu >= wire::kIpv6MinMtu) core_->add_link_local(id, 0);
  return id;
}

Status Stack::Bare::add_address(InterfaceId interface, const Cidr& address) const noexcept {
  return core_->add_address(interface, address);
}

Status Stack::Bare::remove_address(InterfaceId interface, const IpAddress& address) const noexcept {
  return core_->remove_address(interface, address);
}

Status Stack::Bare::add_route(const Route& route) const noexcept {
  if (!core_->interfaces.live(static_cast<std::uint32_t>(route.interface))) {
    return fail(std::errc::invalid_argument);
  }
  BOWLINE_CHECK(core_->routes.add(route));
  core_->forget_next_hops();
  return {};
}

Status Stack::Bare::remove_route(const Route& route) const noexcept {
  BOWLINE_CHECK(core_->routes.remove(route));
  core_->forget_next_hops();
  return {};
}

Status Stack::Bare::set_mtu(InterfaceId interface, std::uint32_t mtu) const noexcept {
  const auto index = static_cast<std::uint32_t>(interface);
  if (!core_->interfaces.live(index) || mtu < 68 || mtu > 65'535) {
    return fail(std::errc::invalid_argument);
  }
  core_->interfaces[index].link.mtu = mtu;
  core_->connections.for_each([&](std::uint32_t, tcp::Connection& c) {
    if (c.interface == interface) static_cast<void>(tcp::limit_path_mtu(c, mtu, core_->now));
  });
  return {};
}

void Stack::set_listener(DecisionListener* listener) noexcept {
  core_->decisions.set_listener(listener);
}

BufferPool& Stack::pool() noexcept { return *core_->pool; }

Status Stack::Bare::set_tcp_settings(const tcp::Settings& settings, Time now) const noexcept {
  if (!in_order(settings)) return fail(std::errc::invalid_argument);
  core_->begin(now);
  core_->config.tcp = settings;
  return {};
}

Status Stack::Bare::forget_servers(Time now) const noexcept {
  core_->begin(now);
  core_->fast_open.clear();
  return {};
}

void Stack::Bare::receive(InterfaceId interface, std::span<Frame> frames, Time now) const noexcept {
  core_->begin(now);
  core_->receive(interface, frames);
}

void Stack::Bare::advance(Time now) const noexcept {
  core_->begin(now);
  core_->advance();
}

std::size_t Stack::Bare::transmit(InterfaceId interface, FrameSink& sink, Time now) const noexcept {
  core_->begin(now);
  return core_->transmit(interface, sink);
}

bool Stack::has_output(InterfaceId interface) const noexcept {
  const auto index = static_cast<std::uint32_t>(interface);
  if (!core_->interfaces.live(index) || core_->retry_at != kNever) return false;
  const Interface& out = core_->interfaces[index];
  return !out.pending.empty() || !out.output.empty();
}

Result<Handle> Stack::Bare::listen(const ListenOptions& options, Time now) const noexcept {
  core_->begin(now);
  return core_->listen(options);
}

Status Stack::Bare::listen_again(Handle listener, const ListenOptions& options,
                                 Time now) const noexcept {
  core_->begin(now);
  if (options.backlog == 0) return fail(std::errc::invalid_argument);
  if (listener.kind != HandleKind::listener) return fail(std::errc::bad_file_descriptor);
  tcp::Listener* l = core_->listeners.find(listener.index, listener.generation);
  if (l == nullptr) return fail(std::errc::bad_file_descriptor);
  Core::set_up(*l, options);
  return {};
}

Result<Handle> Stack::Bare::accept(Handle listener, Time now) const noexcept {
  core_->begin(now);
  return core_->accept(listener);
}

Result<Handle> Stack::Bare::connect(const ConnectOptions& options, Time now) const noexcept {
  core_->begin(now);
  return core_->connect(options);
}

Result<std::size_t> Stack::Bare::write(Handle socket, std::span<const std::byte> bytes, Time now,
                                       const tcp::WriteHow& how) const noexcept {
  core_->begin(now);
  tcp::Connection* c = core_->find(socket);
  if (c == nullptr) return fail(std::errc::bad_file_descriptor);
  tcp::Context ctx = core_->context();
  auto written = tcp::send(*c, bytes, how, ctx);
  core_->settle(socket.index);
  return written;
}

Status Stack::Bare::write_owned(Handle socket, Slice bytes, Time now) const noexcept {
  core_->begin(now);
  tcp::Connection* c = core_->find(socket);
  if (c == nullptr) return fail(std::errc::bad_file_descriptor);
  tcp::Context ctx = core_->context();
  auto written = tcp::send_owned(*c, std::move(bytes), ctx);
  core_->settle(socket.index);
  return written;
}

Result<std::size_t> Stack::Bare::read(Handle socket, std::span<std::byte> to,
                                      Time now) const noexcept {
  core_->begin(now);
  tcp::Connection* c = core_->find(socket);
  if (c == nullptr) return fail(std::errc::bad_file_descriptor);
  BOWLINE_CHECK(tcp::can_receive(*c));
  const std::size_t count = c->transfer ? c->transfer->received.read(to) : 0;
  if (count > 0) {
    tcp::Context ctx = core_->context();
    tcp::after_receive(*c, static_cast<std::uint32_t>(count), ctx);
    core_->settle_after_read(socket.index);
  }
  return count;
}

Result<Slice> Stack::Bare::read_slice(Handle socket, std::uint32_t most, Time now) const noexcept {
  core_->begin(now);
  tcp::Connection* c = core_->find(socket);
  if (c == nullptr) return fail(std::errc::bad_file_descriptor);
  BOWLINE_CHECK(tcp::can_receive(*c));
  Slice taken = c->transfer ? c->transfer->received.read_slice(most) : Slice();
  if (!taken.empty()) {
    tcp::Context ctx = core_->context();
    tcp::after_receive(*c, taken.size(), ctx);
    core_->settle_after_read(socket.index);
  }
  return taken;
}

Result<std::size_t> Stack::Bare::peek(Handle socket, std::span<std::byte> to,
                                      std::uint32_t offset) const noexcept {
  tcp::Connection* c = core_->find(socket);
  if (c == nullptr) return fail(std::errc::bad_file_descriptor);
  BOWLINE_CHECK(tcp::can_receive(*c));
  return c->transfer ? c->transfer->received.peek(offset, to) : 0;
}

Status Stack::Bare::shutdown(Handle socket, Direction direction, Time now) const noexcept {
  core_->begin(now);
  tcp::Connection* c = core_->find(socket);
  if (c == nullptr) return fail(std::errc::bad_file_descriptor);
  tcp::Context ctx = core_->context();
  Status status;
  if (direction != Direction::send) {
    c->read_closed = true;
    if (c->transfer) c->transfer->received.clear_readable();
  }
  if (direction != Direction::receive) status = tcp::close_sending(*c, ctx);
  core_->settle(socket.index);
  return status;
}

Status Stack::Bare::close(Handle socket, Time now) const noexcept {
  core_->begin(now);
  return core_->close(socket, false);
}

Status Stack::Bare::abort(Handle socket, Time now) const noexcept {
  core_->begin(now);
  return core_->close(socket, true);
}

Result<tcp::SocketOptions> Stack::options(Handle socket) const noexcept {
  if (const tcp::Connection* c = core_->find(socket)) return c->options;
  if (socket.kind == HandleKind::listener) {
    if (const tcp::Listener* l = core_->listeners.find(socket.index, socket.generation)) {
      return l->options;
    }
  }
  return fail(std::errc::bad_file_descriptor);
}

Status Stack::Bare::set_options(Handle socket, const tcp::SocketOptions& options,
                                Time now) const noexcept {
  core_->begin(now);
  if (options.keepalive.enabled && (options.keepalive.idle <= Duration::zero() ||
                                    options.keepalive.interval <= Duration::zero())) {
    return fail(std::errc::invalid_argument);
  }
  if (options.user_timeout < Duration::zero()) return fail(std::errc::invalid_argument);
  if (socket.kind == HandleKind::listener) {
    tcp::Listener* l = core_->listeners.find(socket.index, socket.generation);
    if (l == nullptr) return fail(std::errc::bad_file_descriptor);
    l->options = options;
    return {};
  }
  tcp::Connection* c = core_->find(socket);
  if (c == nullptr) return fail(std::errc::bad_file_descriptor);
  const tcp::SocketOptions before = std::exchange(c->options, options);
  tcp::Context ctx = core_->context();
  if (!tcp::change_congestion(*c, ctx)) {
    c->options = before;
    return fail(std::errc::no_buffer_space);
  }
  // "Switch to quickack mode": what is owed goes now.
  if (options.quick_ack && !before.quick_ack && c->unacked_bytes > 0) {
    tcp::request_ack(*c, Reason::send_ack_immediate);
  }
  // With Linux's quick acknowledgments the option is an order, see Settings::quick_acks.
  if (options.quick_ack != before.quick_ack) c->answers = !options.quick_ack;
  // tcp(7): TCP_NODELAY pushes what waits, even where TCP_CORK holds it back.
  if (options.no_delay && !before.no_delay && c->unsent() > 0) c->override_due = true;
  if (before.cork && !options.cork) c->more_coming = false;
  if (before.keepalive != options.keepalive) c->timers.cancel(tcp::Timer::keepalive);
  tcp::set_path_mtu(*c, c->path_mtu);
  core_->settle(socket.index);
  return {};
}

Status Stack::Bare::mark_urgent(Handle socket, Time now) const noexcept {
  core_->begin(now);
  tcp::Connection* c = core_->find(socket);
  if (c == nullptr) return fail(std::errc::bad_file_descriptor);
  if (c->state == tcp::State::closed) return fail(std::errc::not_connected);
  if (!c->transfer) return {};  // everything was acknowledged long ago: nothing is urgent any more
  c->snd_up = c->send_front + c->transfer->send.size();
  c->urgent_send = after(c->snd_up, c->snd_una);
  return {};
}

std::error_code Stack::Bare::take_error(Handle socket) const noexcept {
  if (tcp::Connection* c = core_->find(socket)) return tcp::take_error(*c);
  if (udp::Socket* s = core_->find_udp(socket)) {
    std::errc error = Core::take_udp_error(*s);
    if (error == std::errc{}) error = std::exchange(s->soft_error, std::errc{});
    if (error != std::errc{}) return std::make_error_code(error);
  }
  return {};
}

std::optional<Ready> Stack::Bare::poll_ready() const noexcept {
  const auto links = [this](std::uint32_t i) -> ListLink& { return core_->ready_link(i); };
  const std::uint32_t next = core_->ready.pop_front(links);
  if (next == Core::kNone) return std::nullopt;
  const std::uint32_t index = index_of(next);
  switch (kind_of(next)) {
    case Kind::listener: {
      const tcp::Listener& listener = core_->listeners[index];
      return Ready{listener.handle, Core::readiness(listener)};
    }
    case Kind::udp: {
      const udp::Socket& socket = core_->udp_sockets[index];
      return Ready{socket.handle, Core::readiness(socket)};
    }
    case Kind::connection:
      break;
  }
  const tcp::Connection& c = core_->connections[index];
  return Ready{c.handle, core_->readiness(c)};
}

std::uint8_t Stack::readiness(Handle socket) const noexcept {
  if (const tcp::Connection* c = core_->find(socket)) return core_->readiness(*c);
  if (socket.kind == HandleKind::listener) {
    const tcp::Listener* l = core_->listeners.find(socket.index, socket.generation);
    if (l != nullptr) return Core::readiness(*l);
  }
  if (const udp::Socket* s = core_->find_udp(socket)) return Core::readiness(*s);
  return kError | kClosed;
}

Time Stack::next_deadline() const noexcept {
  const auto links = [this](std::uint32_t i) -> WheelLink& { return core_->connections[i].wheel; };
  return std::min({core_->wheel.next_deadline(links), core_->time_waits.next_deadline(),
                   core_->reassembly.next_deadline(), core_->neighbours.next_deadline(),
                   core_->half_open.next_deadline(core_->config.tcp, core_->now), core_->retry_at,
                   core_->upkeep_at});
}

Result<std::uint32_t> Stack::fast_open_room(const ConnectOptions& options,
                                            Time now) const noexcept {
  const IpAddress& remote = options.remote.address;
  BOWLINE_TRY(interface, core_->interface_towards(remote));
  const tcp::Settings& settings = core_->config.tcp;
  const tcp::Offer offer =
      tcp::make_offer(settings, remote.family(), core_->mtu_towards(interface, remote),
                      options.socket.mss, tcp::most_receive_buffer(options.socket, settings));
  return tcp::plan_fast_open(remote, options.socket, offer.mss, settings, core_->fast_open, now)
      .room;
}

Result<std::uint16_t> Stack::Bare::pick_port(const IpAddress& local) const noexcept {
  return core_->ephemeral_port(local, {IpAddress::any(local.family()), 0});
}

}  // namespace bowline::inline v0
