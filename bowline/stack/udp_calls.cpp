// The application's calls on UDP sockets: opening, connecting, sending, receiving (RFC 1122
// section 4.1).

#include <algorithm>
#include <cstring>

#include "bowline/stack/core.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline::inline v0 {

udp::Socket* Stack::Core::find_udp(Handle handle) noexcept {
  return handle.kind == HandleKind::udp ? udp_sockets.find(handle.index, handle.generation)
                                        : nullptr;
}

const udp::Socket* Stack::Core::find_udp(Handle handle) const noexcept {
  return handle.kind == HandleKind::udp ? udp_sockets.find(handle.index, handle.generation)
                                        : nullptr;
}

// Whether `remote` can be sent to, from a socket of `family` with these options.
Status Stack::Core::check_udp_remote(const Endpoint& remote, Family family,
                                     const udp::SocketOptions& options) const noexcept {
  if (remote.port == 0 || remote.address.family() != family || remote.address.is_unspecified()) {
    return fail(std::errc::invalid_argument);
  }
  if (remote.address.is_multicast()) return fail(std::errc::operation_not_supported);
  if (!options.broadcast && ip::is_broadcast(remote.address, local_addresses())) {
    return fail(std::errc::permission_denied);
  }
  return {};
}

Result<InterfaceId> Stack::Core::udp_interface(const IpAddress& remote,
                                               std::optional<InterfaceId> wanted) const noexcept {
  if (wanted) return *wanted;
  auto interface = interface_towards(remote);
  // "This network" needs no route where there is only one.
  if (!interface && remote.is_limited_broadcast() && interfaces.size() == 1) return InterfaceId{0};
  return interface;
}

// The address to send from by `interface`.
Result<IpAddress> Stack::Core::udp_source(const udp::Socket& socket, const IpAddress& remote,
                                          InterfaceId interface) const noexcept {
  if (!socket.local.address.is_unspecified()) return socket.local.address;
  // RFC 2131 section 4.1: whoever has no address yet sends from 0.0.0.0.
  if (socket.configures_interface) return IpAddress::any(remote.family());
  auto source = source_by(interface, remote);
  if (!source && remote.is_limited_broadcast()) return IpAddress::any(Family::ipv4);
  return source;
}

bool Stack::Core::udp_conflicts(const udp::Socket& socket) const noexcept {
  return udp_ports.find(port_hash(socket.local.port), [&](std::uint32_t index) {
    const udp::Socket& other = udp_sockets[index];
    return other.number != socket.number && other.conflicts_with(socket);
  }) != kNone;
}

// RFC 6056, RFC 5452: a port that nobody can guess from those of other sockets.
bool Stack::Core::pick_udp_port(udp::Socket& socket) noexcept {
  const std::uint32_t first = config.first_ephemeral_port;
  const std::uint32_t count = config.last_ephemeral_port - first + 1U;
  const std::uint64_t offset =
      siphash24(secrets.port, std::array<std::uint64_t, 1>{socket.number}) % count;
  for (std::uint32_t tried = 0; tried < count; ++tried) {
    socket.local.port = static_cast<std::uint16_t>(first + (offset + tried) % count);
    const bool taken = udp_ports.find(port_hash(socket.local.port), [&](std::uint32_t index) {
      const udp::Socket& other = udp_sockets[index];
      return other.local.port == socket.local.port &&
             other.local.address.family() == socket.local.address.family();
    }) != kNone;
    if (!taken) return true;
  }
  return false;
}

// Fills in what `options` ask for, or says why that cannot be.
Status Stack::Core::bind_udp(udp::Socket& socket, const UdpOptions& options) noexcept {
  const IpAddress& address = options.local.address;
  if (address.is_multicast()) return fail(std::errc::operation_not_supported);
  const bool known =
      !options.interface || interfaces.live(static_cast<std::uint32_t>(*options.interface));
  const bool sound =
      !options.configures_interface || (options.interface && address.is_unspecified());
  if (!known || !sound) return fail(std::errc::invalid_argument);
  if (!address.is_unspecified() && !may_bind(address)) {
    return fail(std::errc::address_not_available);
  }
  socket.number = next_udp_number++;
  socket.local = options.local;
  socket.interface = options.interface;
  socket.reuse_address = options.reuse_address;
  socket.configures_interface = options.configures_interface;
  socket.options = options.socket;
  if (options.remote) BOWLINE_CHECK(set_udp_remote(socket, *options.remote));
  if (socket.local.port == 0) {
    if (!pick_udp_port(socket)) return fail(std::errc::address_in_use);
  } else if (udp_conflicts(socket)) {
    return fail(std::errc::address_in_use);
  }
  return {};
}

Result<Handle> Stack::Core::open_udp(const UdpOptions& options) noexcept {
  const std::uint32_t index = udp_sockets.emplace(memory);
  if (index == kNone) return fail(std::errc::not_enough_memory);
  udp::Socket& socket = udp_sockets[index];
  const Status bound = bind_udp(socket, options);
  if (!bound || !udp_ports.insert(port_hash(socket.local.port), index)) {
    udp_sockets.erase(index);
    return bound ? fail(std::errc::not_enough_memory) : fail(bound.error());
  }
  if (socket.configures_interface) {
    ++interfaces[static_cast<std::uint32_t>(*socket.interface)].takes_foreign;
  }
  socket.handle = {index, udp_sockets.generation(index), HandleKind::udp};
  socket.ready_mask = readiness(socket);
  return socket.handle;
}

void Stack::Core::close_udp(std::uint32_t index) noexcept {
  const udp::Socket& socket = udp_sockets[index];
  ready.erase([this](std::uint32_t i) -> ListLink& { return ready_link(i); },
              tagged(Kind::udp, index));
  if (socket.configures_interface) {
    --interfaces[static_cast<std::uint32_t>(*socket.interface)].takes_foreign;
  }
  if (socket.blocked_link.linked) {
    interfaces[static_cast<std::uint32_t>(socket.blocked_by)].blocked_udp.erase(
        [this](std::uint32_t i) -> ListLink& { return udp_sockets[i].blocked_link; }, index);
  }
  udp_ports.erase(port_hash(socket.local.port), index);
  udp_sockets.erase(index);
}

Status Stack::Core::set_udp_remote(udp::Socket& socket, const Endpoint& remote) noexcept {
  BOWLINE_CHECK(check_udp_remote(remote, socket.local.address.family(), socket.options));
  BOWLINE_TRY(interface, udp_interface(remote.address, socket.interface));
  const bool choose = socket.local.address.is_unspecified() || socket.any_address;
  if (choose && !socket.configures_interface) {
    BOWLINE_TRY(source, source_by(interface, remote.address));
    socket.local.address = source;
    socket.any_address = true;
  }
  socket.remote = remote;
  return {};
}

Status Stack::Core::connect_udp(udp::Socket& socket, const Endpoint& remote) noexcept {
  const auto before = std::pair(socket.local, socket.remote);
  BOWLINE_CHECK(set_udp_remote(socket, remote));
  if (udp_conflicts(socket)) {
    std::tie(socket.local, socket.remote) = before;
    return fail(std::errc::address_in_use);
  }
  // What was said of another peer is nothing to this one.
  socket.error = socket.soft_error = {};
  return {};
}

Status Stack::Core::disconnect_udp(udp::Socket& socket) noexcept {
  if (!socket.remote) return fail(std::errc::not_connected);
  socket.remote.reset();
  if (socket.any_address) socket.local.address = IpAddress::any(socket.local.address.family());
  socket.any_address = false;
  socket.error = socket.soft_error = {};
  return {};
}

Result<std::size_t> Stack::Core::send_message(udp::Socket& socket, std::span<const std::byte> bytes,
                                              const UdpMessage& message) noexcept {
  if (const std::errc error = take_udp_error(socket); error != std::errc{}) return fail(error);
  const std::optional<Endpoint> to = message.to ? message.to : socket.remote;
  if (!to) return fail(std::errc::destination_address_required);
  BOWLINE_CHECK(check_udp_remote(*to, socket.local.address.family(), socket.options));
  const auto wanted = message.interface ? message.interface : socket.interface;
  if (wanted && !interfaces.live(static_cast<std::uint32_t>(*wanted))) {
    return fail(std::errc::invalid_argument);
  }
  BOWLINE_TRY(interface, udp_interface(to->address, wanted));
  wire::IpHeader ip;
  if (message.source) {
    const bool unspecified = message.source->is_unspecified() && socket.configures_interface;
    if (message.source->family() != to->address.family() ||
        (!unspecified && !is_local(*message.source))) {
      return fail(std::errc::address_not_available);
    }
    ip.source = *message.source;
  } else {
    BOWLINE_TRY(source, udp_source(socket, to->address, interface));
    ip.source = source;
  }
  ip.destination = to->address;
  ip.protocol = wire::kProtocolUdp;
  if (socket.options.hop_limit != 0) ip.ttl = socket.options.hop_limit;
  ip.tos = socket.options.traffic_class;
  BOWLINE_CHECK(send_udp(socket, ip, to->port, bytes, interface));
  socket.largest_sent = std::max(socket.largest_sent, static_cast<std::uint32_t>(bytes.size()));
  ++socket.datagrams_sent;
  socket.bytes_sent += bytes.size();
  return bytes.size();
}

Status Stack::Core::send_udp(udp::Socket& socket, const wire::IpHeader& ip, std::uint16_t to,
                             std::span<const std::byte> bytes, InterfaceId interface) noexcept {
  // The length field holds 16 bits, IPv4's as well (RFC 768, RFC 791).
  const std::uint32_t most =
      (ip.family() == Family::ipv4 ? 0xffffU - wire::kIpv4HeaderSize : 0xffffU) -
      wire::kUdpHeaderSize;
  if (bytes.size() > most) return fail(std::errc::message_size);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const std::uint32_t segment = wire::kUdpHeaderSize + size;
  const std::uint32_t mtu = datagram_mtu(interface, ip.destination);
  const std::uint32_t packets = packets_of(ip.family(), segment, mtu);
  if (packets > 1 && socket.options.dont_fragment) return fail(std::errc::message_size);
  if (packets > config.limits.replies) return fail(std::errc::message_size);
  if (!has_room(interface, packets)) {
    block_udp(socket, interface);
    return fail(std::errc::operation_would_block);
  }
  std::array<std::byte, wire::kUdpHeaderSize> header;
  wire::emit_udp(header.data(), {socket.local.port, to, static_cast<std::uint16_t>(size), 0});
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(ip.source, ip.destination, wire::kProtocolUdp, segment);
  sum.add(header);
  sum.add(bytes);
  store_be(header.data() + wire::kUdpChecksumOffset, wire::udp_checksum_field(sum.finish()));
  BOWLINE_CHECK(send_datagram(ip, header, bytes, interface, Reason::send_udp));
  udp_sizes.note(ip.destination, std::min(wire::ip_header_size(ip.family()) + segment, mtu), now);
  return {};
}

void Stack::Core::block_udp(udp::Socket& socket, InterfaceId interface) noexcept {
  const auto links = [this](std::uint32_t i) -> ListLink& { return udp_sockets[i].blocked_link; };
  const std::uint32_t index = socket.handle.index;
  if (socket.blocked_link.linked) {
    interfaces[static_cast<std::uint32_t>(socket.blocked_by)].blocked_udp.erase(links, index);
  }
  socket.blocked_by = interface;
  interfaces[static_cast<std::uint32_t>(interface)].blocked_udp.push_back(links, index);
  socket.ready_mask = readiness(socket);
}

// Half of the ring is free, so that a writer is not woken for every frame.
void Stack::Core::wake_blocked_udp(Interface& interface) noexcept {
  if (interface.blocked_udp.empty() || interface.pending.size() > config.limits.replies / 2) return;
  const auto links = [this](std::uint32_t i) -> ListLink& { return udp_sockets[i].blocked_link; };
  while (!interface.blocked_udp.empty()) {
    const std::uint32_t index = interface.blocked_udp.pop_front(links);
    udp::Socket& socket = udp_sockets[index];
    note_ready(tagged(Kind::udp, index), readiness(socket), socket.ready_mask, false);
  }
}

std::errc Stack::Core::take_udp_error(udp::Socket& socket) noexcept {
  const std::errc error = socket.take_hard_error();
  if (error != std::errc{}) socket.ready_mask = readiness(socket);
  return error;
}

Result<Datagram> Stack::Core::receive_from(udp::Socket& socket, std::span<std::byte> to,
                                           bool keep) noexcept {
  if (const std::errc error = take_udp_error(socket); error != std::errc{}) return fail(error);
  if (socket.queue.empty()) return fail(std::errc::operation_would_block);
  const udp::Label& label = socket.queue.front().label;
  Datagram datagram;
  datagram.full_size = socket.queue.front().payload.size();
  datagram.size = std::min(datagram.full_size, to.size());
  datagram.truncated = datagram.size < datagram.full_size;
  datagram.from = label.from;
  datagram.to = label.to;
  datagram.interface = label.interface;
  datagram.hop_limit = label.hop_limit;
  datagram.traffic_class = label.traffic_class;
  socket.peek(to);
  if (keep) return datagram;
  socket.pop();
  socket.ready_mask = readiness(socket);
  return datagram;
}

UdpView Stack::Core::view(const udp::Socket& socket) const noexcept {
  UdpView v;
  v.handle = socket.handle;
  v.local = socket.local;
  v.remote = socket.remote;
  v.interface = socket.interface;
  v.receive_queue = socket.queued_bytes;
  v.receive_datagrams = socket.queue.size();
  v.receive_cost = socket.queued_cost;
  v.receive_limit = socket.receive_limit(config.limits.udp_receive_bytes);
  v.dropped = socket.dropped;
  v.datagrams_sent = socket.datagrams_sent;
  v.datagrams_received = socket.datagrams_received;
  v.bytes_sent = socket.bytes_sent;
  v.bytes_received = socket.bytes_received;
  const std::errc error = socket.error != std::errc{} ? socket.error : socket.soft_error;
  if (error != std::errc{}) v.error = std::make_error_code(error);
  if (socket.remote) {
    const auto interface = udp_interface(socket.remote->address, socket.interface);
    if (interface) v.path_mtu = datagram_mtu(*interface, socket.remote->address);
  }
  return v;
}

}  // namespace bowline::inline v0
