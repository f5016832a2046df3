// Frames out: stateless replies and datagrams first, then the connections of the interface in turn.

#include <algorithm>

#include "bowline/stack/core.hpp"
#include "bowline/wire/checksum.hpp"

namespace bowline::inline v0 {
namespace {

constexpr std::size_t kBatch = 16;

// Each turn of the round robin lets a connection send as much (deficit round robin, Shreedhar and
// Varghese 1995).
constexpr std::int32_t kQuantum = 65'536;

}  // namespace

void Stack::Core::fill_transport_checksum(Frame& frame, std::uint32_t ip_size,
                                          std::uint16_t field_offset, std::uint8_t protocol,
                                          const IpAddress& source,
                                          const IpAddress& destination) noexcept {
  // The caller has just written the head, which nobody else refers to yet.
  auto* head = const_cast<std::byte*>(frame.pieces[0].data());
  store_be<std::uint16_t>(head + ip_size + field_offset, 0);
  wire::ChecksumSum sum =
      wire::pseudo_header_sum(source, destination, protocol, frame.size - ip_size);
  sum.add(frame.head().subspan(ip_size));
  for (std::size_t i = 1; i < frame.piece_count; ++i) sum.add(frame.pieces[i].bytes());
  std::uint16_t field = sum.finish();
  if (protocol == wire::kProtocolUdp) field = wire::udp_checksum_field(field);
  store_be<std::uint16_t>(head + ip_size + field_offset, field);
  frame.checksum = Checksum::complete;
}

void Stack::Core::reply(const tcp::Reply& reply) noexcept {
  const std::uint32_t ip_size = wire::ip_header_size(reply.remote.address.family());
  const std::uint32_t tcp_size = wire::kTcpHeaderSize + wire::options_size(reply.options);
  const Buffer head = pool->allocate(kHeadroom + ip_size + tcp_size);
  if (!head) return decisions.make(Reason::no_memory);
  std::byte* const packet = head.data() + kHeadroom;

  wire::IpHeader ip;
  ip.source = reply.local.address;
  ip.destination = reply.remote.address;
  ip.protocol = wire::kProtocolTcp;
  ip.ttl = reply.hop_limit != 0 ? reply.hop_limit : std::uint8_t{64};
  ip.tos = reply.traffic_class;
  ip.payload_size = tcp_size;
  wire::emit_ip(packet, ip);

  wire::TcpHeader tcp;
  tcp.source_port = reply.local.port;
  tcp.destination_port = reply.remote.port;
  tcp.seq = reply.seq;
  tcp.ack = reply.ack;
  tcp.flags = reply.flags;
  tcp.window = reply.window;
  if (wire::emit_tcp({packet + ip_size, tcp_size}, tcp, reply.options) == 0) return;

  Frame frame;
  frame.append(head.slice(kHeadroom, ip_size + tcp_size));
  frame.headroom = kHeadroom;
  fill_transport_checksum(frame, ip_size, wire::kTcpChecksumOffset, wire::kProtocolTcp, ip.source,
                          ip.destination);
  static_cast<void>(queue(reply.interface, std::move(frame), reply.why, reply.connection));
}

bool Stack::Core::queue(InterfaceId interface, Frame frame, Reason why,
                        std::uint64_t connection) noexcept {
  Interface& out = interface_of(interface);
  frame.id = new_frame_id();
  if (out.is_ethernet()) return queue_to_next_hop(interface, std::move(frame), why, connection);
  return push_pending(out, std::move(frame), why, connection);
}

std::size_t Stack::Core::transmit(InterfaceId id, FrameSink& sink) noexcept {
  if (!interfaces.live(static_cast<std::uint32_t>(id))) return 0;
  Interface& interface = interface_of(id);
  bool blocked = false;
  std::size_t sent = transmit_pending(interface, sink, blocked);
  if (!blocked) sent += transmit_connections(interface, sink, blocked);
  // A next hop that somebody has just asked for is asked after in the same turn.
  if (!blocked && interface.is_ethernet() && neighbours.next_deadline() <= now) {
    expire_neighbours();
    sent += transmit_pending(interface, sink, blocked);
  }
  decisions.begin(now, FrameId::none);
  return sent;
}

std::size_t Stack::Core::transmit_pending(Interface& interface, FrameSink& sink,
                                          bool& blocked) noexcept {
  std::size_t sent = 0;
  while (!interface.pending.empty() && !blocked) {
    const std::span<Frame> batch = interface.pending.front_run(kBatch);
    const std::size_t count = batch.size();
    std::array<FrameId, kBatch> ids{};  // the sink may leave nothing of what it takes
    for (std::size_t i = 0; i < count; ++i) ids[i] = batch[i].id;
    const auto taken = static_cast<std::uint32_t>(std::min(sink.take(batch), count));
    for (std::uint32_t i = 0; i < taken; ++i) {
      const PendingWhy& gone = interface.pending_why[i];
      decisions.make(gone.why, ids[i], gone.connection, {});
    }
    interface.pending_why.pop_front(taken);
    interface.pending.pop_front(taken);
    sent += taken;
    blocked = taken < count;
  }
  wake_blocked_udp(interface);
  return sent;
}

// Takes connections from the front of the list and plans a frame for each, at most one, so that
// what the sink takes of it can be committed before the next is planned. False when memory ran out.
bool Stack::Core::fill_batch(Interface& interface, Batch& batch) noexcept {
  const auto links = [this](std::uint32_t i) -> ListLink& { return connections[i].output_link; };
  tcp::Context ctx = context();
  while (!batch.frames.full() && !interface.output.empty()) {
    const std::uint32_t index = interface.output.pop_front(links);
    tcp::Connection& c = connections[index];
    auto plan = tcp::next_segment(c, interface.ability(), config.tcp, now);
    if (!plan) {
      c.deficit = 0;
      continue;
    }
    if (c.deficit <= 0) {
      c.deficit += kQuantum;
      if (!interface.output.empty()) {  // its turn is over: the others come first
        interface.output.push_back(links, index);
        continue;
      }
    }
    const wire::MacAddress* mac = nullptr;
    if (interface.is_ethernet()) {
      mac = mac_for(index);
      if (mac == nullptr) {
        if (connections.live(index) && connections[index].waits == tcp::Wait::nothing) {
          lose(index, *plan);
        }
        continue;
      }
    }
    Frame& frame = batch.frames.emplace_back();
    // What cannot be accounted for must not be sent: it would be sent again and again.
    const bool accountable = !plan->fresh || c.transfer->sent.reserve();
    if (!accountable || !tcp::emit(c, *plan, interface.ability(), ctx, frame)) {
      // No memory: later, when something has been given back.
      batch.frames.pop_back();
      interface.output.push_front(links, index);
      retry_at = now + 10ms;
      decisions.make(Reason::no_memory);
      return false;
    }
    if (mac != nullptr) {
      wire::emit_ethernet(const_cast<std::byte*>(frame.pieces[0].data()),
                          {*mac, interface.link.mac,
                           c.remote.address.is_v4() ? wire::kEtherTypeIpv4 : wire::kEtherTypeIpv6});
    }
    frame.id = new_frame_id();
    batch.entries.emplace_back(*plan, index, wire_packets(frame), frame.gso_size, frame.id);
  }
  return true;
}

// There is no way to its next hop now: the segment counts as sent and lost, so that the timers go
// on.
void Stack::Core::lose(std::uint32_t index, const tcp::Plan& plan) noexcept {
  tcp::Connection& c = connections[index];
  if (c.state == tcp::State::closed) return;
  if (plan.fresh && !c.transfer->sent.reserve()) {
    retry_at = now + 10ms;
  } else {
    tcp::Context ctx = context();
    tcp::commit(c, plan, plan.data, ctx);
  }
  settle(index);
}

// The sink took `packets` of the frame of `entry`, from its first on.
void Stack::Core::commit(Interface& interface, const Batch::Entry& entry,
                         std::uint32_t packets) noexcept {
  const auto links = [this](std::uint32_t i) -> ListLink& { return connections[i].output_link; };
  tcp::Connection& c = connections[entry.connection];
  if (packets > 0) {
    const std::uint32_t data =
        packets == entry.packets ? entry.plan.data : packets * entry.packet_size;
    decisions.begin(now, entry.frame);
    decisions.make(entry.plan.why, entry.frame, c.number, c.handle, entry.plan.seq.raw(), data);
    c.deficit -= static_cast<std::int32_t>(std::max(data, 1U));
    tcp::Context ctx = context();
    tcp::commit(c, entry.plan, data, ctx);
  } else {
    c.refused = true;
  }
  if (tcp::next_segment(c, interface.ability(), config.tcp, now)) {
    if (c.deficit > 0) {
      interface.output.push_front(links, entry.connection);
    } else {
      interface.output.push_back(links, entry.connection);
    }
  }
  settle(entry.connection);
}

std::size_t Stack::Core::transmit_connections(Interface& interface, FrameSink& sink,
                                              bool& blocked) noexcept {
  std::size_t sent = 0;
  while (!interface.output.empty() && !blocked) {
    Batch batch;
    blocked = !fill_batch(interface, batch);
    if (batch.frames.empty()) break;
    std::size_t taken = sink.take(batch.frames.span());
    for (const Batch::Entry& entry : batch.entries) {
      const auto mine = static_cast<std::uint32_t>(std::min<std::size_t>(taken, entry.packets));
      taken -= mine;
      sent += mine;
      blocked = blocked || mine < entry.packets;
      commit(interface, entry, mine);
    }
  }
  return sent;
}

}  // namespace bowline::inline v0
