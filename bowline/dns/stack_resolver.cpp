#include "bowline/dns/stack_resolver.hpp"

#include <algorithm>
#include <utility>

#include "bowline/base/byte_order.hpp"
#include "bowline/dns/order.hpp"

namespace bowline::inline v0::dns {
namespace {

// What servers send at most in a datagram when they were offered kUdpPayload; more is cut off, and
// then dropped as malformed.
constexpr std::size_t kDatagram = 4'096;
constexpr unsigned kPortsTried = 16;

// Is there a way to `address`? A connected socket sends nothing until it is used.
bool can_reach(Stack& stack, const IpAddress& address, Time now) noexcept {
  UdpOptions options;
  options.local.address = IpAddress::any(address.family());
  options.remote = Endpoint{address, kPort};
  const auto probe = stack.open_udp(options, now);
  if (!probe) return false;
  static_cast<void>(stack.close(*probe, now));
  return true;
}

}  // namespace

SipKey derive_secret(const std::array<std::uint64_t, 4>& seed) noexcept {
  const auto word = [&](std::uint64_t purpose) {
    return siphash24({seed[0], seed[1]}, std::array<std::uint64_t, 3>{purpose, seed[2], seed[3]});
  };
  constexpr std::uint64_t kPurpose = 0x736e64;  // "dns"; tcp/secrets.cpp counts its own from 0
  return {word(kPurpose), word(kPurpose + 1)};
}

// ---- calls -------------------------------------------------------------------------------------

void StackResolver::set_config(Stack& stack, const Config& config, Time now) noexcept {
  resolver_.set_config(config, now);
  settle(stack, now);
}

Result<LookupId> StackResolver::start(Stack& stack, const Name& name, bool absolute,
                                      Families families, Time now) noexcept {
  const auto lookup = resolver_.start(name, absolute, families, now);
  settle(stack, now);
  return lookup;
}

void StackResolver::cancel(Stack& stack, LookupId lookup, Time now) noexcept {
  resolver_.cancel(lookup);
  settle(stack, now);
}

void StackResolver::advance(Stack& stack, Time now) noexcept {
  resolver_.advance(now);
  settle(stack, now);
}

bool StackResolver::serve(Stack& stack, const Ready& ready, Time now) noexcept {
  Socket* ours = nullptr;
  sockets_.for_each([&](std::uint32_t, Socket& socket) {
    if (socket.handle == ready.handle) ours = &socket;
  });
  if (ours == nullptr) return false;
  if (ready.handle.kind == HandleKind::udp) {
    serve_udp(stack, *ours, now);
  } else {
    serve_tcp(stack, *ours, ready.mask, now);
  }
  settle(stack, now);
  return true;
}

std::optional<Finished> StackResolver::poll_finished(Stack& stack, Time now) noexcept {
  std::optional<Finished> finished = resolver_.poll_finished();
  if (finished) {
    order_addresses({finished->addresses.begin(), finished->addresses.end()},
                    [&](const IpAddress& address) { return can_reach(stack, address, now); });
  }
  return finished;
}

void StackResolver::close(Stack& stack, Time now) noexcept {
  sockets_.for_each([&](std::uint32_t index, const Socket& socket) {
    static_cast<void>(stack.close(socket.handle, now));
    sockets_.erase(index);
  });
}

// ---- sockets -----------------------------------------------------------------------------------

// After every change: what the resolver has to send goes out, sockets that it needs no more go. A
// try that fails at once makes the next, until one goes out or none is left.
void StackResolver::settle(Stack& stack, Time now) noexcept {
  close_finished(stack, now);
  while (const std::optional<Transmit> transmit = resolver_.poll_transmit()) {
    open(stack, *transmit, now);
  }
  close_finished(stack, now);
}

void StackResolver::close_finished(Stack& stack, Time now) noexcept {
  sockets_.for_each([&](std::uint32_t index, const Socket& socket) {
    if (resolver_.is_open(socket.exchange)) return;
    static_cast<void>(stack.close(socket.handle, now));
    sockets_.erase(index);
  });
}

// RFC 5452 section 9.2: the port is drawn like the ID.
Result<Handle> StackResolver::open_udp(Stack& stack, const Endpoint& server, Time now) noexcept {
  const StackConfig& config = stack.config();
  const std::uint32_t count = config.last_ephemeral_port - config.first_ephemeral_port + 1U;
  UdpOptions options;
  options.remote = server;
  Result<Handle> handle = fail(std::errc::address_in_use);
  for (unsigned i = 0; i < kPortsTried && !handle; ++i) {
    const auto port =
        static_cast<std::uint16_t>(config.first_ephemeral_port + resolver_.draw() % count);
    options.local = {IpAddress::any(server.address.family()), port};
    handle = stack.open_udp(options, now);
    if (!handle && handle.error() != std::errc::address_in_use) break;
  }
  return handle;
}

void StackResolver::open(Stack& stack, const Transmit& transmit, Time now) noexcept {
  const std::uint32_t index = sockets_.emplace();
  if (index == Slab<Socket>::kNone) return resolver_.fail(transmit.exchange, now);
  Socket& socket = sockets_[index];
  socket.exchange = transmit.exchange;
  socket.server = transmit.server;
  if (const Status sent = send(stack, socket, transmit, now); !sent) {
    if (socket.handle) static_cast<void>(stack.close(socket.handle, now));
    sockets_.erase(index);
    resolver_.fail(transmit.exchange, now);
  }
}

Status StackResolver::send(Stack& stack, Socket& socket, const Transmit& transmit,
                           Time now) noexcept {
  if (transmit.transport == Transport::udp) {
    BOWLINE_TRY(handle, open_udp(stack, transmit.server, now));
    socket.handle = handle;
    const auto sent = stack.send_to(handle, transmit.message, std::nullopt, now);
    // Too much waits for the link just now: as if the datagram were lost.
    if (!sent && sent.error() != std::errc::operation_would_block) return fail(sent.error());
    return {};
  }
  ConnectOptions options;
  options.remote = transmit.server;
  BOWLINE_TRY(handle, stack.connect(options, now));
  socket.handle = handle;
  const auto size = static_cast<std::uint16_t>(transmit.message.size());
  store_be<std::uint16_t>(socket.query.data(), size);
  std::ranges::copy(transmit.message, socket.query.begin() + 2);
  socket.query_size = 2U + size;
  return {};
}

void StackResolver::serve_udp(Stack& stack, const Socket& socket, Time now) noexcept {
  // The exchange may end with the first datagram; what else came for it is counted by the resolver.
  const ExchangeId exchange = socket.exchange;
  const Handle handle = socket.handle;
  std::array<std::byte, kDatagram> bytes;
  for (;;) {
    const auto datagram = stack.receive_from(handle, bytes, now);
    if (datagram) {
      resolver_.receive(exchange, datagram->from, std::span(bytes).first(datagram->size), now);
    } else {
      if (datagram.error() != std::errc::operation_would_block) resolver_.fail(exchange, now);
      return;
    }
  }
}

void StackResolver::serve_tcp(Stack& stack, Socket& socket, std::uint8_t mask, Time now) noexcept {
  if ((mask & kError) != 0) return resolver_.fail(socket.exchange, now);
  if ((mask & kWritable) != 0 && !write(stack, socket, now)) {
    return resolver_.fail(socket.exchange, now);
  }
  const Result<bool> whole = read(stack, socket, now);
  if (!whole) return resolver_.fail(socket.exchange, now);
  if (!*whole) return;
  const Slice answer = socket.answer.slice(0, load_be<std::uint16_t>(socket.length.data()));
  resolver_.receive(socket.exchange, socket.server, answer.bytes(), now);
}

Status StackResolver::write(Stack& stack, Socket& socket, Time now) noexcept {
  while (socket.written < socket.query_size) {
    const auto rest =
        std::span(socket.query).subspan(socket.written, socket.query_size - socket.written);
    const auto taken = stack.write(socket.handle, rest, now);
    if (!taken) {
      if (taken.error() == std::errc::operation_would_block) return {};
      return fail(taken.error());
    }
    socket.written += *taken;
  }
  return {};
}

// RFC 7766 section 8: two bytes of length, then the message. True once it is whole.
Result<bool> StackResolver::read(Stack& stack, Socket& socket, Time now) noexcept {
  for (;;) {
    std::span<std::byte> to =
        std::span(socket.length).subspan(std::min<std::size_t>(socket.read, 2));
    if (to.empty()) {
      const std::uint16_t size = load_be<std::uint16_t>(socket.length.data());
      if (!socket.answer) socket.answer = stack.pool().allocate(std::max<std::uint32_t>(size, 1));
      if (!socket.answer) return fail(std::errc::no_buffer_space);
      to = std::span(socket.answer.data(), size).subspan(socket.read - 2);
      if (to.empty()) return true;
    }
    const auto got = stack.read(socket.handle, to, now);
    if (!got && got.error() == std::errc::operation_would_block) return false;
    if (!got) return fail(got.error());
    if (*got == 0) return fail(std::errc::connection_aborted);  // ended before the answer did
    socket.read += *got;
  }
}

}  // namespace bowline::inline v0::dns
