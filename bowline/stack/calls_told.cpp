// The public calls that may change a Stack: each is done (bare.hpp), and told to who listens.

#include <utility>

#include "bowline/stack/bare.hpp"
#include "bowline/stack/call_bytes.hpp"
#include "bowline/stack/call_listener.hpp"
#include "bowline/stack/core.hpp"

namespace bowline::inline v0 {
namespace {

// Tells `listener` of a call. `put_arguments` and `put_result` save what there was.
template <class Arguments, class Outcome>
void tell(CallListener& listener, StackCall call, Arguments put_arguments, Outcome put_result) {
  SaveVisitor arguments(heap_memory());
  SaveVisitor result(heap_memory());
  put_arguments(arguments);
  put_result(result);
  if (arguments.failed() || result.failed()) return listener.missed();
  listener.called(call, arguments.bytes(), result.bytes());
}

// Does `act`, and tells of it with the arguments as they are.
template <class Act, class... A>
auto told(CallListener* listener, StackCall call, Act act, const A&... arguments) {
  if (listener == nullptr) [[likely]]
    return act();
  auto result = act();
  tell(
      *listener, call, [&](SaveVisitor& v) { (call_bytes::put(v, arguments), ...); },
      [&](SaveVisitor& v) { call_bytes::put(v, result); });
  return result;
}

// The same with an act that fills the front of `to`: its size is an argument, what it got a result.
template <class Act, class Size, class... A>
auto told_bytes(CallListener* listener, StackCall call, Act act, std::span<const std::byte> to,
                Size size, const A&... arguments) {
  if (listener == nullptr) [[likely]]
    return act();
  auto result = act();
  tell(
      *listener, call,
      [&](SaveVisitor& v) {
        (call_bytes::put(v, arguments), ...);
        call_bytes::put_size(v, to.size());
      },
      [&](SaveVisitor& v) {
        call_bytes::put(v, result);
        if (result) v.raw(to.first(size(*result)));
      });
  return result;
}

constexpr auto kCount = [](std::size_t count) { return count; };
constexpr auto kDatagram = [](const Datagram& datagram) { return datagram.size; };

// A link, of which is noted what it was offered and how much it took.
class NotingSink final : public FrameSink {
 public:
  NotingSink(FrameSink& sink, SaveVisitor& notes) : sink_(sink), notes_(notes) {}

  std::size_t take(std::span<Frame> frames) noexcept override {
    std::uint64_t hash = 0;
    for (const Frame& frame : frames) {
      hash = siphash24(SipKey{}, std::array<std::uint64_t, 2>{hash, call_bytes::digest(frame)});
    }
    bool more = true;
    notes_(more);
    call_bytes::put_size(notes_, frames.size());
    notes_(hash);
    const std::size_t taken = sink_.take(frames);
    call_bytes::put_size(notes_, taken);
    return taken;
  }

 private:
  FrameSink& sink_;
  SaveVisitor& notes_;
};

}  // namespace

void Stack::set_call_listener(CallListener* listener) noexcept { calls_ = listener; }

void Stack::receive(InterfaceId interface, std::span<Frame> frames, Time now) noexcept {
  if (calls_ == nullptr) [[likely]]
    return Bare{core_.get()}.receive(interface, frames, now);
  // The frames are used up by the call; their numbers are names for traces.
  SaveVisitor arguments(heap_memory());
  call_bytes::put(arguments, interface);
  call_bytes::put(arguments, now);
  call_bytes::put_size(arguments, frames.size());
  for (const Frame& frame : frames) {
    Frame nameless = frame;
    nameless.id = FrameId::none;
    arguments(nameless);
  }
  Bare{core_.get()}.receive(interface, frames, now);
  if (arguments.failed()) return calls_->missed();
  calls_->called(StackCall::receive, arguments.bytes(), {});
}

void Stack::advance(Time now) noexcept {
  Bare{core_.get()}.advance(now);
  if (calls_ == nullptr) [[likely]]
    return;
  tell(
      *calls_, StackCall::advance, [&](SaveVisitor& v) { call_bytes::put(v, now); },
      [](SaveVisitor&) {});
}

std::size_t Stack::transmit(InterfaceId interface, FrameSink& sink, Time now) noexcept {
  if (calls_ == nullptr) [[likely]]
    return Bare{core_.get()}.transmit(interface, sink, now);
  SaveVisitor notes(heap_memory());
  NotingSink noting(sink, notes);
  const std::size_t packets = Bare{core_.get()}.transmit(interface, noting, now);
  bool more = false;
  notes(more);
  call_bytes::put_size(notes, packets);
  SaveVisitor arguments(heap_memory());
  call_bytes::put(arguments, interface);
  call_bytes::put(arguments, now);
  if (arguments.failed() || notes.failed()) {
    calls_->missed();
  } else {
    calls_->called(StackCall::transmit, arguments.bytes(), notes.bytes());
  }
  return packets;
}

Status Stack::write_owned(Handle socket, Slice bytes, Time now) noexcept {
  if (calls_ == nullptr) [[likely]] {
    return Bare{core_.get()}.write_owned(socket, std::move(bytes), now);
  }
  const Slice kept = bytes;
  return told(
      calls_, StackCall::write_owned,
      [&] { return Bare{core_.get()}.write_owned(socket, std::move(bytes), now); }, socket, kept,
      now);
}

Result<InterfaceId> Stack::add_interface(const InterfaceConfig& config) noexcept {
  return told(
      calls_, StackCall::add_interface, [&] { return Bare{core_.get()}.add_interface(config); },
      config);
}

Status Stack::add_address(InterfaceId interface, const Cidr& address) noexcept {
  return told(
      calls_, StackCall::add_address,
      [&] { return Bare{core_.get()}.add_address(interface, address); }, interface, address);
}

Status Stack::remove_address(InterfaceId interface, const IpAddress& address) noexcept {
  return told(
      calls_, StackCall::remove_address,
      [&] { return Bare{core_.get()}.remove_address(interface, address); }, interface, address);
}

Status Stack::add_route(const Route& route) noexcept {
  return told(
      calls_, StackCall::add_route, [&] { return Bare{core_.get()}.add_route(route); }, route);
}

Status Stack::remove_route(const Route& route) noexcept {
  return told(
      calls_, StackCall::remove_route, [&] { return Bare{core_.get()}.remove_route(route); },
      route);
}

Status Stack::set_mtu(InterfaceId interface, std::uint32_t mtu) noexcept {
  return told(
      calls_, StackCall::set_mtu, [&] { return Bare{core_.get()}.set_mtu(interface, mtu); },
      interface, mtu);
}

Status Stack::set_tcp_settings(const tcp::Settings& settings, Time now) noexcept {
  return told(
      calls_, StackCall::set_tcp_settings,
      [&] { return Bare{core_.get()}.set_tcp_settings(settings, now); }, settings, now);
}

Status Stack::forget_servers(Time now) noexcept {
  return told(
      calls_, StackCall::forget_servers, [&] { return Bare{core_.get()}.forget_servers(now); },
      now);
}

Result<Handle> Stack::listen(const ListenOptions& options, Time now) noexcept {
  return told(
      calls_, StackCall::listen, [&] { return Bare{core_.get()}.listen(options, now); }, options,
      now);
}

Status Stack::listen_again(Handle listener, const ListenOptions& options, Time now) noexcept {
  return told(
      calls_, StackCall::listen_again,
      [&] { return Bare{core_.get()}.listen_again(listener, options, now); }, listener, options,
      now);
}

Result<Handle> Stack::accept(Handle listener, Time now) noexcept {
  return told(
      calls_, StackCall::accept, [&] { return Bare{core_.get()}.accept(listener, now); }, listener,
      now);
}

Result<Handle> Stack::connect(const ConnectOptions& options, Time now) noexcept {
  return told(
      calls_, StackCall::connect, [&] { return Bare{core_.get()}.connect(options, now); }, options,
      now);
}

Result<std::size_t> Stack::write(Handle socket, std::span<const std::byte> bytes, Time now,
                                 const tcp::WriteHow& how) noexcept {
  return told(
      calls_, StackCall::write, [&] { return Bare{core_.get()}.write(socket, bytes, now, how); },
      socket, bytes, now, how);
}

Result<std::size_t> Stack::read(Handle socket, std::span<std::byte> to, Time now) noexcept {
  return told_bytes(
      calls_, StackCall::read, [&] { return Bare{core_.get()}.read(socket, to, now); }, to, kCount,
      socket, now);
}

Result<Slice> Stack::read_slice(Handle socket, std::uint32_t most, Time now) noexcept {
  return told(
      calls_, StackCall::read_slice,
      [&] { return Bare{core_.get()}.read_slice(socket, most, now); }, socket, most, now);
}

Result<std::size_t> Stack::peek(Handle socket, std::span<std::byte> to,
                                std::uint32_t offset) noexcept {
  return told_bytes(
      calls_, StackCall::peek, [&] { return Bare{core_.get()}.peek(socket, to, offset); }, to,
      kCount, socket, offset);
}

Status Stack::shutdown(Handle socket, Direction direction, Time now) noexcept {
  return told(
      calls_, StackCall::shutdown,
      [&] { return Bare{core_.get()}.shutdown(socket, direction, now); }, socket, direction, now);
}

Status Stack::close(Handle socket, Time now) noexcept {
  return told(
      calls_, StackCall::close, [&] { return Bare{core_.get()}.close(socket, now); }, socket, now);
}

Status Stack::abort(Handle socket, Time now) noexcept {
  return told(
      calls_, StackCall::abort, [&] { return Bare{core_.get()}.abort(socket, now); }, socket, now);
}

Status Stack::set_options(Handle socket, const tcp::SocketOptions& options, Time now) noexcept {
  return told(
      calls_, StackCall::set_options,
      [&] { return Bare{core_.get()}.set_options(socket, options, now); }, socket, options, now);
}

Status Stack::mark_urgent(Handle socket, Time now) noexcept {
  return told(
      calls_, StackCall::mark_urgent, [&] { return Bare{core_.get()}.mark_urgent(socket, now); },
      socket, now);
}

std::error_code Stack::take_error(Handle socket) noexcept {
  return told(
      calls_, StackCall::take_error, [&] { return Bare{core_.get()}.take_error(socket); }, socket);
}

Result<Handle> Stack::open_udp(const UdpOptions& options, Time now) noexcept {
  return told(
      calls_, StackCall::open_udp, [&] { return Bare{core_.get()}.open_udp(options, now); },
      options, now);
}

Status Stack::connect_udp(Handle socket, const Endpoint& remote, Time now) noexcept {
  return told(
      calls_, StackCall::connect_udp,
      [&] { return Bare{core_.get()}.connect_udp(socket, remote, now); }, socket, remote, now);
}

Status Stack::disconnect_udp(Handle socket, Time now) noexcept {
  return told(
      calls_, StackCall::disconnect_udp,
      [&] { return Bare{core_.get()}.disconnect_udp(socket, now); }, socket, now);
}

Result<std::size_t> Stack::send_to(Handle socket, std::span<const std::byte> bytes,
                                   std::optional<Endpoint> to, Time now) noexcept {
  return told(
      calls_, StackCall::send_to, [&] { return Bare{core_.get()}.send_to(socket, bytes, to, now); },
      socket, bytes, to, now);
}

Result<std::size_t> Stack::send_message(Handle socket, std::span<const std::byte> bytes,
                                        const UdpMessage& message, Time now) noexcept {
  return told(
      calls_, StackCall::send_message,
      [&] { return Bare{core_.get()}.send_message(socket, bytes, message, now); }, socket, bytes,
      message, now);
}

Result<Datagram> Stack::receive_from(Handle socket, std::span<std::byte> to, Time now) noexcept {
  return told_bytes(
      calls_, StackCall::receive_from,
      [&] { return Bare{core_.get()}.receive_from(socket, to, now); }, to, kDatagram, socket, now);
}

Result<Datagram> Stack::peek_from(Handle socket, std::span<std::byte> to, Time now) noexcept {
  return told_bytes(
      calls_, StackCall::peek_from, [&] { return Bare{core_.get()}.peek_from(socket, to, now); },
      to, kDatagram, socket, now);
}

Status Stack::set_udp_options(Handle socket, const udp::SocketOptions& options) noexcept {
  return told(
      calls_, StackCall::set_udp_options,
      [&] { return Bare{core_.get()}.set_udp_options(socket, options); }, socket, options);
}

std::optional<Ready> Stack::poll_ready() noexcept {
  return told(calls_, StackCall::poll_ready, [&] { return Bare{core_.get()}.poll_ready(); });
}

Result<std::uint16_t> Stack::pick_port(const IpAddress& local) noexcept {
  return told(
      calls_, StackCall::pick_port, [&] { return Bare{core_.get()}.pick_port(local); }, local);
}

}  // namespace bowline::inline v0
