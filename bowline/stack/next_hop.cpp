// The next hop: which neighbour a packet is handed to, and what waits until it answers (RFC 1122
// section 2.3.2, RFC 4861 sections 5.2, 7.2 and 7.3).
//
// Frames that belong to nobody wait in the neighbour's entry. A connection waits there by its link
// in the list of those with something to send: it takes no turn, and blocks nobody, until the
// neighbour has answered.

#include "bowline/stack/core.hpp"
#include "bowline/tcp/user_calls.hpp"
#include "bowline/wire/ethernet.hpp"

namespace bowline::inline v0 {
namespace {

std::uint16_t ether_type(Family family) noexcept {
  return family == Family::ipv4 ? wire::kEtherTypeIpv4 : wire::kEtherTypeIpv6;
}

// Puts room for the link's header in front of an IP packet: what its builder left free, or a copy
// of its headers.
bool make_room(Frame& frame, BufferPool& pool) noexcept {
  if (frame.prepend(wire::kEthernetHeaderSize) != nullptr) return true;
  constexpr std::uint32_t kMostHeaders = 128;
  const std::uint32_t head = std::min(frame.pieces[0].size(), kMostHeaders);
  const Buffer buffer = pool.allocate(wire::kEthernetHeaderSize + head);
  if (!buffer) return false;
  std::copy_n(frame.head().data(), head, buffer.data() + wire::kEthernetHeaderSize);
  Frame framed;
  framed.checksum = frame.checksum;
  framed.id = frame.id;
  framed.arrival = frame.arrival;
  framed.append(buffer.slice(0, wire::kEthernetHeaderSize + head));
  if (!append_part(framed, frame, head, frame.size - head)) return false;
  frame = std::move(framed);
  return true;
}

}  // namespace

std::optional<IpAddress> Stack::Core::next_hop(InterfaceId interface,
                                               const IpAddress& destination) const noexcept {
  // What is link-local is on whichever link is meant (RFC 4007 section 9).
  if (!destination.is_v4() && destination.is_link_local()) return destination;
  const ip::Route* route = routes.find(destination, interface);
  if (route == nullptr) return std::nullopt;
  return route->gateway.value_or(destination);
}

std::uint32_t Stack::Core::neighbour_for(InterfaceId interface, const IpAddress& address) noexcept {
  const std::uint32_t known = neighbours.find(interface, address);
  if (known != kNone) return known;
  if (const std::uint32_t victim = neighbours.victim(true); victim != kNone) {
    drop_held(victim, Reason::neighbour_table_full);
    decisions.make(Reason::neighbour_evicted);
    neighbours.forget(victim);
  }
  const std::uint32_t made = neighbours.add(interface, address, now);
  if (made == kNone) decisions.make(Reason::neighbour_table_full);
  return made;
}

bool Stack::Core::queue_to_next_hop(InterfaceId interface, Frame frame, Reason why,
                                    std::uint64_t connection) noexcept {
  Interface& out = interface_of(interface);
  const auto ip = wire::parse_quoted_ip(frame.head());
  if (!ip) {
    decisions.make(ip.error(), frame.id, connection, {});
    return true;
  }
  const auto dropped = [&](Reason reason) {
    decisions.make(reason, frame.id, connection, {});
    return true;  // a decision, and no reason to try again
  };
  const IpAddress to = ip->destination;
  const std::uint16_t type = ether_type(to.family());
  // Tentative, somebody else's, or taken away meanwhile.
  if (!ip->source.is_unspecified() && !is_local(ip->source)) {
    return dropped(Reason::address_not_ready);
  }
  if (!make_room(frame, *pool)) return dropped(Reason::no_memory);
  if (ip::is_broadcast(to, local_addresses())) {
    return send_framed(out, std::move(frame), wire::kMacBroadcast, type, why, connection);
  }
  if (to.is_multicast()) {
    const wire::MacAddress group =
        to.is_v4() ? wire::ipv4_multicast_mac(to.v4_value())
                   : wire::ipv6_multicast_mac(std::span<const std::byte, 16>(to.raw()));
    return send_framed(out, std::move(frame), group, type, why, connection);
  }
  const auto hop = next_hop(interface, to);
  if (!hop) return dropped(Reason::ip_no_route);
  const std::uint32_t index = neighbour_for(interface, *hop);
  if (index == kNone) return dropped(Reason::neighbour_table_full);
  if (const auto* mac = neighbours.use(index, now, out.timing.neighbour)) {
    return send_framed(out, std::move(frame), *mac, type, why, connection);
  }
  Ring<ip::HeldFrame>& held = neighbours[index].held;
  if (held.size() >= std::max(config.limits.neighbour_frames, 1U)) {
    const ip::HeldFrame& oldest = held.front();
    decisions.make(Reason::neighbour_queue_full, oldest.frame.id, oldest.connection, {});
    held.pop_front();
  }
  if (!held.push_back({std::move(frame), why, connection})) return dropped(Reason::no_memory);
  return true;
}

// ---- connections

void Stack::Core::leave_output(std::uint32_t index) noexcept {
  const auto links = [this](std::uint32_t i) -> ListLink& { return connections[i].output_link; };
  tcp::Connection& c = connections[index];
  switch (std::exchange(c.waits, tcp::Wait::nothing)) {
    case tcp::Wait::nothing:
      interface_of(c.interface).output.erase(links, index);
      break;
    case tcp::Wait::address:
      interface_of(c.interface).waiting.erase(links, index);
      break;
    case tcp::Wait::next_hop: {
      IndexList& waiters = neighbours[c.next_hop].waiters;
      waiters.erase(links, index);
      if (waiters.empty()) neighbours.release(c.next_hop);
      break;
    }
  }
}

void Stack::Core::park(std::uint32_t index, tcp::Wait what) noexcept {
  const auto links = [this](std::uint32_t i) -> ListLink& { return connections[i].output_link; };
  tcp::Connection& c = connections[index];
  c.waits = what;
  if (what == tcp::Wait::address) {
    interface_of(c.interface).waiting.push_back(links, index);
  } else {
    neighbours[c.next_hop].waiters.push_back(links, index);
    neighbours.keep(c.next_hop);
  }
  settle(index);
}

void Stack::Core::resume(IndexList& waiters) noexcept {
  const auto links = [this](std::uint32_t i) -> ListLink& { return connections[i].output_link; };
  for (std::uint32_t left = waiters.size; left > 0; --left) {
    const std::uint32_t index = waiters.pop_front(links);
    if (index == kNone) break;
    connections[index].waits = tcp::Wait::nothing;
    settle(index);
  }
}

// False: it waits, or is over.
bool Stack::Core::find_next_hop(std::uint32_t index) noexcept {
  tcp::Connection& c = connections[index];
  c.next_hop_generation = 0;
  if (!is_local(c.local.address)) {
    if (may_bind(c.local.address)) {
      park(index, tcp::Wait::address);
    } else {
      tcp::Context ctx = context();
      tcp::decide(c, Reason::address_not_ready, ctx);
    }
    return false;
  }
  const auto hop = next_hop(c.interface, c.remote.address);
  const std::uint32_t neighbour = hop ? neighbour_for(c.interface, *hop) : kNone;
  if (neighbour == kNone) {
    // No way to it: as on a path that loses everything, the timers go on.
    tcp::Context ctx = context();
    tcp::decide(c, hop ? Reason::neighbour_table_full : Reason::ip_no_route, ctx);
    c.has_soft_error = true;
    c.soft_error = std::errc::host_unreachable;
    if (c.state == tcp::State::syn_sent) {
      tcp::end(c, tcp::EndReason::unreachable, Reason::state_neighbour_unreachable, ctx);
      settle(index);
    }
    return false;
  }
  c.next_hop = neighbour;
  c.next_hop_generation = neighbours.generation(neighbour);
  return true;
}

const wire::MacAddress* Stack::Core::mac_for(std::uint32_t index) noexcept {
  tcp::Connection& c = connections[index];
  if (neighbours.find(c.next_hop, c.next_hop_generation) == nullptr && !find_next_hop(index)) {
    return nullptr;
  }
  const auto* mac = neighbours.use(c.next_hop, now, interface_of(c.interface).timing.neighbour);
  if (mac == nullptr) park(index, tcp::Wait::next_hop);
  return mac;
}

// Routes have changed: connections look for their next hop again.
void Stack::Core::forget_next_hops() noexcept {
  connections.for_each([this](std::uint32_t index, tcp::Connection& c) {
    if (c.waits == tcp::Wait::next_hop) {
      leave_output(index);
      c.next_hop_generation = 0;
      settle(index);
    } else {
      c.next_hop_generation = 0;
    }
  });
}

// RFC 4861 section 7.3.1: "forward progress" is an acknowledgment of something new.
void Stack::Core::note_progress(tcp::Connection& c) noexcept {
  if (c.next_hop_generation == 0 || c.progress == c.snd_una) return;
  c.progress = c.snd_una;
  if (neighbours.find(c.next_hop, c.next_hop_generation) == nullptr) return;
  neighbours.confirm(c.next_hop, now, interface_of(c.interface).reachable_time);
}

// RFC 9293 section 3.8.3 (MUST-20 b): R1 retransmissions are negative advice to the layer below.
// The neighbour may have come back as another station, and without this it would be believed for as
// long as it was once reachable.
void Stack::Core::note_trouble(const tcp::Connection& c, std::uint8_t in_vain) noexcept {
  if (c.next_hop_generation == 0 || in_vain < config.tcp.r1) return;
  if (neighbours.find(c.next_hop, c.next_hop_generation) == nullptr) return;
  neighbours.doubt(c.next_hop);
}

// ---- answers, and none

void Stack::Core::hear(InterfaceId interface, const IpAddress& address,
                       const ip::Announcement& said) noexcept {
  std::uint32_t index = neighbours.find(interface, address);
  if (index == kNone) {
    if (!said.create || !said.mac) return;
    if (const std::uint32_t victim = neighbours.victim(false); victim != kNone) {
      drop_held(victim, Reason::neighbour_table_full);
      decisions.make(Reason::neighbour_evicted);
      neighbours.forget(victim);
    }
    index = neighbours.add(interface, address, now);
    if (index == kNone) return;
  }
  const bool was_router = neighbours[index].router;
  const ip::Heard heard = neighbours.hear(index, said, now, interface_of(interface).reachable_time);
  if (heard == ip::Heard::resolved) neighbour_resolved(index);
  if (heard == ip::Heard::changed) decisions.make(Reason::neighbour_changed);
  // Section 7.2.5: a router that says that it is none takes its routes with it.
  if (was_router && said.router == false && routes.drop_router(interface, address) > 0) {
    decisions.make(Reason::router_gone);
    forget_next_hops();
  }
}

void Stack::Core::neighbour_resolved(std::uint32_t index) noexcept {
  ip::Neighbour& neighbour = neighbours[index];
  Interface& out = interface_of(neighbour.interface);
  decisions.make(Reason::neighbour_resolved);
  const std::uint16_t type = ether_type(neighbour.address.family());
  while (!neighbour.held.empty()) {
    ip::HeldFrame next = std::move(neighbour.held.front());
    neighbour.held.pop_front();
    const auto* mac = neighbours.use(index, now, out.timing.neighbour);
    static_cast<void>(
        send_framed(out, std::move(next.frame), *mac, type, next.why, next.connection));
  }
  resume(neighbour.waiters);
}

void Stack::Core::drop_held(std::uint32_t index, Reason why) noexcept {
  ip::Neighbour& neighbour = neighbours[index];
  while (!neighbour.held.empty()) {
    const ip::HeldFrame gone = std::move(neighbour.held.front());
    neighbour.held.pop_front();
    decisions.make(why, gone.frame.id, gone.connection, {});
    if (why == Reason::neighbour_unreachable) tell_unreachable(gone.frame, neighbour.interface);
  }
}

// What a router would say by ICMP (RFC 4861 section 7.2.2), said to ourselves.
void Stack::Core::tell_unreachable(const Frame& frame, InterfaceId interface) noexcept {
  const std::span<const std::byte> packet = frame.head().subspan(wire::kEthernetHeaderSize);
  const auto ip = wire::parse_quoted_ip(packet);
  if (!ip || ip->protocol != wire::kProtocolUdp || ip->fragment_offset != 0 ||
      packet.size() < ip->header_size + std::size_t{4}) {
    return;
  }
  wire::IcmpMessage message;
  message.family = ip->family();
  message.kind = wire::IcmpKind::host_unreachable;
  message.quote.emplace();
  message.quote->ip = *ip;
  message.quote->source_port = load_be<std::uint16_t>(packet.data() + ip->header_size);
  message.quote->destination_port = load_be<std::uint16_t>(packet.data() + ip->header_size + 2);
  icmp_error_for_udp(message, interface);
}

// RFC 1122 section 4.2.3.9: soft for a connection that stands, which goes on and asks again until
// R2 has passed; one that is opening fails, as its user would otherwise wait in vain.
void Stack::Core::neighbour_failed(std::uint32_t index) noexcept {
  const InterfaceId interface = neighbours[index].interface;
  const IpAddress address = neighbours[index].address;
  const auto links = [this](std::uint32_t i) -> ListLink& { return connections[i].output_link; };
  decisions.make(Reason::neighbour_failed);
  drop_held(index, Reason::neighbour_unreachable);
  IndexList waiters = std::exchange(neighbours[index].waiters, {});
  neighbours.forget(index);
  tcp::Context ctx = context();
  for (std::uint32_t waiting = waiters.pop_front(links); waiting != kNone;
       waiting = waiters.pop_front(links)) {
    tcp::Connection& c = connections[waiting];
    c.waits = tcp::Wait::nothing;
    c.next_hop_generation = 0;
    tcp::decide(c, Reason::soft_error, ctx);
    c.has_soft_error = true;
    c.soft_error = std::errc::host_unreachable;
    if (c.state == tcp::State::syn_sent) {
      tcp::end(c, tcp::EndReason::unreachable, Reason::state_neighbour_unreachable, ctx);
    }
    settle(waiting);
  }
  if (routes.demote(interface, address)) forget_next_hops();
}

void Stack::Core::expire_neighbours() noexcept {
  neighbours.expire(
      now,
      [this](InterfaceId interface) -> const ip::NeighbourTiming& {
        return interface_of(interface).timing.neighbour;
      },
      [this](std::uint32_t index, ip::NeighbourDue due) {
        const ip::Neighbour& neighbour = neighbours[index];
        const bool unicast = due == ip::NeighbourDue::ask_it;
        if (due == ip::NeighbourDue::nothing) return;
        if (due == ip::NeighbourDue::failed) return neighbour_failed(index);
        if (neighbour.address.is_v4()) return ask_by_arp(neighbour, unicast);
        ask_by_solicitation(neighbour, unicast);
      });
}

}  // namespace bowline::inline v0
