// Datagrams in and out (RFC 768, RFC 1122 section 4.1).

#include <algorithm>
#include <cstring>

#include "bowline/stack/core.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline::inline v0 {
namespace {

bool checksum_is_right(const Frame& frame, const wire::IpHeader& ip, const wire::UdpHeader& udp,
                       std::span<const std::byte> head) noexcept {
  if (frame.checksum == Checksum::verified || frame.checksum == Checksum::partial) return true;
  if (udp.checksum == 0) return ip.family() == Family::ipv4;  // none was made; IPv6 forbids that
  const std::uint32_t size = wire::kUdpHeaderSize + udp.payload_size;
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(ip.source, ip.destination, wire::kProtocolUdp, size);
  std::uint32_t left = size;
  const auto first = static_cast<std::uint32_t>(std::min<std::size_t>(head.size(), left));
  sum.add(head.first(first));
  left -= first;
  for (std::size_t i = 1; i < frame.piece_count && left > 0; ++i) {
    const Slice piece = frame.pieces[i].part(0, left);
    sum.add(piece.bytes());
    left -= piece.size();
  }
  return left == 0 && sum.verifies();
}

}  // namespace

std::uint32_t Stack::Core::find_udp(const Endpoint& from, const Endpoint& to) const noexcept {
  // A connected socket before one that takes all.
  std::uint32_t best = kNone;
  static_cast<void>(udp_ports.find(port_hash(to.port), [&](std::uint32_t index) {
    const udp::Socket& socket = udp_sockets[index];
    if (!socket.wants(from, to)) return false;
    if (best == kNone || (socket.remote && !udp_sockets[best].remote)) best = index;
    return false;
  }));
  return best;
}

void Stack::Core::receive_udp(Frame& frame, const wire::IpHeader& ip,
                              InterfaceId interface) noexcept {
  const std::span<const std::byte> head = frame.head().subspan(ip.header_size);
  const auto udp = wire::parse_udp(head, ip.payload_size);
  if (!udp) return decisions.make(udp.error());
  if (!checksum_is_right(frame, ip, *udp, head)) return decisions.make(Reason::udp_bad_checksum);
  const Endpoint from{ip.source, udp->source_port};
  const Endpoint to{ip.destination, udp->destination_port};
  const std::uint32_t index = find_udp(from, to);
  if (index == kNone) {
    decisions.make(Reason::udp_no_socket);
    return send_unreachable(frame, ip, wire::IcmpKind::port_unreachable, interface);
  }
  udp::Socket& socket = udp_sockets[index];
  // A copy of its own size: a datagram may wait long, and must not pin the link's frame (DESIGN
  // section 5).
  Slice payload;
  if (udp->payload_size > 0) {
    const Buffer copy = pool->allocate(udp->payload_size);
    if (!copy ||
        !frame.copy_to(ip.header_size + wire::kUdpHeaderSize, {copy.data(), udp->payload_size})) {
      return decisions.make(Reason::no_memory);
    }
    payload = copy.slice(0, udp->payload_size);
  }
  if (!socket.enqueue({std::move(payload), from, to}, config.limits.udp_receive_bytes)) {
    return decisions.make(Reason::udp_queue_full);
  }
  note_ready(tagged(Kind::udp, index), readiness(socket), socket.ready_mask, true);
}

Result<Handle> Stack::Core::open_udp(const UdpOptions& options) noexcept {
  Endpoint local = options.local;
  if (options.remote) {
    if (options.remote->address.family() != local.address.family()) {
      return fail(std::errc::invalid_argument);
    }
    if (local.address.is_unspecified()) {
      BOWLINE_TRY(source, source_for(options.remote->address));
      local.address = source;
    }
  }
  if (!local.address.is_unspecified() && !is_local(local.address)) {
    return fail(std::errc::address_not_available);
  }
  const auto is_taken = [&](std::uint16_t port) {
    return udp_ports.find(port_hash(port), [&](std::uint32_t index) {
      const udp::Socket& other = udp_sockets[index];
      return other.local == Endpoint{local.address, port} && other.remote == options.remote;
    }) != kNone;
  };
  if (local.port == 0) {
    const std::uint32_t first = config.first_ephemeral_port;
    const std::uint32_t count = config.last_ephemeral_port - first + 1U;
    const std::uint64_t offset = random.below(count);  // RFC 6056, RFC 5452: unpredictable
    for (std::uint32_t tried = 0; tried < count && local.port == 0; ++tried) {
      const auto port = static_cast<std::uint16_t>(first + (offset + tried) % count);
      if (!is_taken(port)) local.port = port;
    }
    if (local.port == 0) return fail(std::errc::address_in_use);
  } else if (is_taken(local.port)) {
    return fail(std::errc::address_in_use);
  }
  const std::uint32_t index = udp_sockets.emplace(memory);
  if (index == kNone) return fail(std::errc::not_enough_memory);
  if (!udp_ports.insert(port_hash(local.port), index)) {
    udp_sockets.erase(index);
    return fail(std::errc::not_enough_memory);
  }
  udp::Socket& socket = udp_sockets[index];
  socket.local = local;
  socket.remote = options.remote;
  socket.handle = {index, udp_sockets.generation(index), HandleKind::udp};
  return socket.handle;
}

Result<std::size_t> Stack::Core::send_to(udp::Socket& socket, std::span<const std::byte> bytes,
                                         std::optional<Endpoint> to) noexcept {
  if (!to) to = socket.remote;
  if (!to) return fail(std::errc::destination_address_required);
  if (to->port == 0 || to->address.family() != socket.local.address.family()) {
    return fail(std::errc::invalid_argument);
  }
  BOWLINE_TRY(interface, interface_towards(to->address));
  IpAddress source = socket.local.address;
  if (source.is_unspecified()) {
    BOWLINE_TRY(best, source_for(to->address));
    source = best;
  }
  const std::uint32_t ip_size = wire::ip_header_size(to->address.family());
  const std::uint32_t mtu = interfaces[static_cast<std::uint32_t>(interface)].link.mtu;
  if (bytes.size() > mtu - ip_size - wire::kUdpHeaderSize) return fail(std::errc::message_size);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const Buffer buffer = pool->allocate(ip_size + wire::kUdpHeaderSize + size);
  if (!buffer) return fail(std::errc::no_buffer_space);
  wire::IpHeader ip;
  ip.source = source;
  ip.destination = to->address;
  ip.protocol = wire::kProtocolUdp;
  ip.payload_size = wire::kUdpHeaderSize + size;
  wire::emit_ip(buffer.data(), ip);
  wire::emit_udp(buffer.data() + ip_size,
                 {socket.local.port, to->port, static_cast<std::uint16_t>(size), 0});
  if (size > 0) std::memcpy(buffer.data() + ip_size + wire::kUdpHeaderSize, bytes.data(), size);
  Frame frame;
  frame.append(buffer.slice(0, ip_size + wire::kUdpHeaderSize + size));
  fill_transport_checksum(frame, ip_size, wire::kUdpChecksumOffset, wire::kProtocolUdp, ip.source,
                          ip.destination);
  if (!queue(interface, std::move(frame), Reason::send_udp, 0)) {
    return fail(std::errc::operation_would_block);
  }
  return bytes.size();
}

}  // namespace bowline::inline v0
