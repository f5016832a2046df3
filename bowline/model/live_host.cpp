#include "bowline/model/live_host.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>
#include <utility>

namespace bowline::inline v0::model {
namespace {

constexpr InterfaceId kInterface{0};
constexpr std::uint16_t kServerPort = 80;
constexpr std::uint16_t kClientPort = 40'000;
constexpr Time kBegin{1h};

IpAddress address_of(Host host) {
  return IpAddress::v4(host == Host::client ? 0x0a000001 : 0x0a000002);
}

// A host that starts anew has other keys: a kept secret would be a kept memory.
StackConfig config_of(const Scenario& scenario, Host side, std::uint64_t life) {
  StackConfig config = side == Host::client ? scenario.client : scenario.server;
  config.seed[0] += (side == Host::client ? 1 : 2) + 16 * life;
  return config;
}

Stack make_stack(const Scenario& scenario, Host side, std::uint64_t life) {
  auto stack = Stack::create(config_of(scenario, side, life));
  if (!stack || !stack->add_interface({}) ||
      !stack->add_address(kInterface, {address_of(side), 24})) {
    throw std::invalid_argument("the exploration cannot make a Stack of this configuration");
  }
  return std::move(*stack);
}

class ByteSink final : public FrameSink {
 public:
  std::size_t take(std::span<Frame> frames) noexcept override {
    std::size_t taken = 0;
    for (const Frame& frame : frames) {
      if (frame.size > bytes_.size()) break;  // stays where it is: seen as overflow
      static_cast<void>(frame.copy_to(0, std::span(bytes_).first(frame.size)));
      sent->push_back(packets->intern(std::span<const std::byte>(bytes_).first(frame.size), from));
      taken += wire_packets(frame);
    }
    return taken;
  }
  Packets* packets = nullptr;
  std::vector<PacketId>* sent = nullptr;
  Host from{};

 private:
  std::array<std::byte, 2048> bytes_;
};

Failure failure_of(std::error_code error) {
  if (error == std::errc::connection_refused) return Failure::refused;
  if (error == std::errc::connection_reset || error == std::errc::broken_pipe) {
    return Failure::reset;
  }
  if (error == std::errc::timed_out) return Failure::timed_out;
  return Failure::other;
}

}  // namespace

LiveHost::LiveHost(const Scenario& scenario, Host side)
    : scenario_(&scenario), side_(side), stack_(make_stack(scenario, side, 0)) {
  app_.now = kBegin;
  stack_.advance(kBegin);
  open_listener();
}

LiveHost::LiveHost(const LiveHost& like, Stack stack)
    : scenario_(like.scenario_), side_(like.side_), stack_(std::move(stack)), app_(like.app_) {}

LiveHost LiveHost::clone() const {
  auto copy = stack_.clone();
  if (!copy) throw std::bad_alloc();
  return {*this, std::move(*copy)};
}

const Program& LiveHost::program() const noexcept {
  return side_ == Host::client ? scenario_->client_program : scenario_->server_program;
}

void LiveHost::set_listener(DecisionListener* listener) noexcept {
  listener_ = listener;
  stack_.set_listener(listener);
}

void LiveHost::open_listener() {
  app_.listener = {};
  if (program().connects != 0) return;
  ListenOptions options;
  options.local = {IpAddress::any(Family::ipv4), kServerPort};
  options.backlog = kHalfOpenBound;
  options.syn_backlog = kHalfOpenBound;
  options.socket.keepalive = config_of(*scenario_, side_, 0).tcp.keepalive;
  const auto listener = stack_.listen(options, app_.now);
  if (!listener) throw std::invalid_argument("the exploration's server cannot listen");
  app_.listener = *listener;
}

void LiveHost::apply(const HostEvent& event, Packets& packets, std::vector<PacketId>& sent) {
  Socket* const socket = event.which < app_.socket_count ? &app_.sockets[event.which] : nullptr;
  switch (event.action) {
    case Action::deliver: {
      Frame frame = make_frame(stack_.pool(), packets[event.packet].bytes);
      stack_.receive(kInterface, {&frame, 1}, app_.now);
      break;
    }
    case Action::wait:
      app_.now = event.time;
      stack_.advance(app_.now);
      break;
    case Action::connect:
      connect();
      break;
    case Action::write:
      if (socket != nullptr) write(*socket);
      break;
    case Action::read:
      if (socket != nullptr) read(*socket);
      break;
    case Action::finish:
      if (socket != nullptr && stack_.shutdown(socket->handle, Direction::send, app_.now)) {
        socket->finished = true;
      }
      break;
    case Action::close:
      if (socket == nullptr) break;
      static_cast<void>(stack_.close(socket->handle, app_.now));
      socket->closed = true;
      socket->open = false;
      if (socket->connected) {
        socket->finished = true;
      } else {
        socket->cancelled = true;
        ++app_.cancels;
      }
      break;
    case Action::abort:
      if (socket == nullptr) break;
      static_cast<void>(stack_.abort(socket->handle, app_.now));
      socket->aborted = true;
      socket->open = false;
      ++app_.aborts;
      break;
    case Action::crash:
      crash();
      break;
    default:
      break;
  }
  note_numbers();
  serve();
  transmit(packets, sent);
  note_numbers();
  // A clone's counters begin at 0.
  if (stack_.counters()[Reason::state_fin_wait_2_timeout] != 0) app_.left_waiting = true;
  while (stack_.poll_ready()) {
  }
}

void LiveHost::connect() {
  ++app_.connects;
  ConnectOptions options;
  options.local = Endpoint{address_of(side_), kClientPort};
  options.remote = {address_of(other(side_)), kServerPort};
  options.socket.keepalive = config_of(*scenario_, side_, 0).tcp.keepalive;
  const auto handle = stack_.connect(options, app_.now);
  if (!handle) return;  // TIME-WAIT holds the port: the call has failed, and that is that
  if (app_.socket_count == Application::kSockets) {
    app_.overflow = true;
    return;
  }
  Socket& socket = app_.sockets[app_.socket_count++];
  socket.handle = *handle;
  socket.open = true;
  if (const auto view = stack_.inspect(*handle)) socket.iss = view->iss.raw();
}

void LiveHost::accept() {
  while (app_.listener) {
    const auto handle = stack_.accept(app_.listener, app_.now);
    if (!handle) return;
    if (app_.socket_count == Application::kSockets) {
      app_.overflow = true;
      return;
    }
    Socket& socket = app_.sockets[app_.socket_count++];
    socket.handle = *handle;
    socket.open = socket.passive = socket.connected = true;
    if (const auto view = stack_.inspect(*handle)) {
      socket.iss = view->iss.raw();
      socket.irs = view->irs.raw();
    }
  }
}

void LiveHost::write(Socket& socket) {
  std::array<std::byte, Socket::kMostBytes> bytes{};
  const auto number = static_cast<std::size_t>(&socket - app_.sockets.data());
  const std::size_t count =
      std::min<std::size_t>(program().write_size, Socket::kMostBytes - socket.written);
  for (std::size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<std::byte>(written_byte(side_, number, socket.written + i));
  }
  const auto taken = stack_.write(socket.handle, std::span(bytes).first(count), app_.now);
  if (taken) {
    socket.written = static_cast<std::uint8_t>(socket.written + *taken);
  } else if (taken.error() != std::errc::operation_would_block) {
    fail(socket, taken.error());
  }
}

void LiveHost::read(Socket& socket) {
  socket.readable = false;
  std::array<std::byte, Socket::kMostBytes + 1> to{};
  while (socket.open && !socket.end_seen) {
    const auto count = stack_.read(socket.handle, to, app_.now);
    if (!count) {
      if (count.error() != std::errc::operation_would_block) fail(socket, count.error());
      return;
    }
    if (*count == 0) socket.end_seen = true;
    for (std::size_t i = 0; i < *count; ++i) {
      if (socket.read == Socket::kMostBytes) {
        app_.overflow = true;
      } else {
        socket.log[socket.read++] = std::to_integer<std::uint8_t>(to[i]);
      }
    }
  }
}

void LiveHost::serve() {
  accept();
  for (std::size_t i = 0; i < app_.socket_count; ++i) {
    if (app_.sockets[i].open) serve(app_.sockets[i]);
  }
}

void LiveHost::serve(Socket& socket) {
  const std::uint8_t ready = stack_.readiness(socket.handle);
  if (!socket.connected && (ready & kWritable) != 0 && (ready & kError) == 0) {
    socket.connected = true;
    if (const auto view = stack_.inspect(socket.handle)) socket.irs = view->irs.raw();
  }
  if ((ready & kError) != 0) {
    // What had been received before the error is read first.
    if (socket.connected) read(socket);
    if (socket.open) fail(socket, stack_.take_error(socket.handle));
    return;
  }
  socket.readable =
      socket.connected && !socket.end_seen && (ready & (kReadable | kPeerClosed)) != 0;
  if (socket.readable && !program().late_reads) read(socket);
}

// The program does what programs do: it closes what has failed.
void LiveHost::fail(Socket& socket, std::error_code error) {
  socket.failure = failure_of(error);
  socket.open = false;
  static_cast<void>(stack_.close(socket.handle, app_.now));
}

void LiveHost::crash() {
  stack_.set_listener(nullptr);
  stack_ = make_stack(*scenario_, side_, ++app_.crashes);
  stack_.set_listener(listener_);
  stack_.advance(app_.now);
  for (Socket& socket : app_.sockets) {
    if (socket.open) socket.crashed = true;
    socket.open = false;
  }
  open_listener();
}

std::vector<Tcb> LiveHost::connections() const {
  std::vector<Tcb> all;
  stack_.for_each_connection(
      [](void* to, const ConnectionView& view) {
        Tcb tcb;
        tcb.state = view.state;
        tcb.orphan = view.orphan;
        tcb.iss = view.iss.raw();
        tcb.irs = view.irs.raw();
        tcb.sent = view.last_sent_at;
        tcb.received = view.last_received_at;
        static_cast<std::vector<Tcb>*>(to)->push_back(tcb);
      },
      &all);
  return all;
}

void LiveHost::note_numbers() {
  for (const Tcb& tcb : connections()) {
    if (tcb.state == tcp::State::closed) continue;
    app_.remember(tcb.iss);
    if (tcb.state != tcp::State::syn_sent) app_.remember(tcb.iss, tcb.irs);
  }
}

void LiveHost::transmit(Packets& packets, std::vector<PacketId>& sent) {
  ByteSink sink;
  sink.packets = &packets;
  sink.sent = &sent;
  sink.from = side_;
  static_cast<void>(stack_.transmit(kInterface, sink, app_.now));
}

}  // namespace bowline::inline v0::model
