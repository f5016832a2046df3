// Datagrams that arrive (RFC 768, RFC 1122 section 4.1).

#include "bowline/stack/core.hpp"
#include "bowline/wire/checksum.hpp"
#include "bowline/wire/transport_checksum.hpp"

namespace bowline::inline v0 {
namespace {

// RFC 768: a checksum of zero says that none was made. IPv6 has no checksum of its own, so that
// such a datagram could be for anybody (RFC 8200 section 8.1; RFC 6935 is for tunnels alone).
std::optional<Reason> judge_checksum(const Frame& frame, const wire::IpHeader& ip,
                                     const wire::UdpHeader& udp) noexcept {
  if (udp.checksum == 0) {
    if (ip.family() == Family::ipv4) return std::nullopt;
    return Reason::udp_no_checksum;
  }
  if (wire::transport_checksum_is_right(frame, ip, wire::kUdpHeaderSize + udp.payload_size)) {
    return std::nullopt;
  }
  return Reason::udp_bad_checksum;
}

udp::Cast cast_of(ip::Cast cast) noexcept {
  switch (cast) {
    case ip::Cast::broadcast:
      return udp::Cast::broadcast;
    case ip::Cast::foreign:
      return udp::Cast::foreign;
    case ip::Cast::unicast:
      break;
  }
  return udp::Cast::unicast;
}

}  // namespace

std::uint32_t Stack::Core::find_udp(const udp::Label& label) const noexcept {
  std::uint32_t best = kNone;
  static_cast<void>(udp_ports.find(port_hash(label.to.port), [&](std::uint32_t index) {
    const udp::Socket& socket = udp_sockets[index];
    if (!socket.wants(label)) return false;
    if (best == kNone) {
      best = index;
      return false;
    }
    const udp::Socket& other = udp_sockets[best];
    const auto rank = [](const udp::Socket& s) { return std::pair(s.closeness(), s.number); };
    if (rank(socket) > rank(other)) best = index;
    return false;
  }));
  return best;
}

void Stack::Core::receive_udp(Frame& frame, const ip::Packet& ip, InterfaceId interface) noexcept {
  const auto udp = wire::parse_udp(frame.head().subspan(ip.header_size), ip.payload_size);
  if (!udp) return decisions.make(udp.error());
  if (const auto why = judge_checksum(frame, ip, *udp)) return decisions.make(*why);
  udp::Label label;
  label.from = {ip.source, udp->source_port};
  label.to = {ip.destination, udp->destination_port};
  label.interface = interface;
  label.cast = cast_of(ip.cast);
  label.hop_limit = ip.ttl;
  label.traffic_class = ip.tos;
  const std::uint32_t index = find_udp(label);
  if (index == kNone) {
    decisions.make(Reason::udp_no_socket);
    // RFC 1122 section 3.2.2: no error about what was broadcast.
    if (ip.cast != ip::Cast::unicast) return;
    return send_unreachable(frame, ip, wire::IcmpKind::port_unreachable, interface);
  }
  // A copy of its own size: a datagram may wait long, and must not pin the link's frame (DESIGN
  // section 5).
  Slice payload;
  if (udp->payload_size > 0) {
    const Buffer copy = pool->allocate(udp->payload_size);
    if (!copy ||
        !frame.copy_to(ip.header_size + wire::kUdpHeaderSize, {copy.data(), udp->payload_size})) {
      ++udp_sockets[index].dropped;
      return decisions.make(Reason::no_memory);
    }
    payload = copy.slice(0, udp->payload_size);
  }
  if (label.cast != udp::Cast::broadcast) return deliver_udp(index, {std::move(payload), label});
  // To all who listen there: each gets the same bytes.
  static_cast<void>(udp_ports.find(port_hash(label.to.port), [&](std::uint32_t each) {
    if (udp_sockets[each].wants(label)) deliver_udp(each, {payload, label});
    return false;
  }));
}

void Stack::Core::deliver_udp(std::uint32_t index, udp::Received datagram) noexcept {
  udp::Socket& socket = udp_sockets[index];
  if (!socket.enqueue(std::move(datagram), socket.receive_limit(config.limits.udp_receive_bytes))) {
    return decisions.make(Reason::udp_queue_full);
  }
  note_ready(tagged(Kind::udp, index), readiness(socket), socket.ready_mask, true);
}

}  // namespace bowline::inline v0
