// What a Stack tells of itself. Nothing here changes anything.

#include "bowline/stack/inspect.hpp"

#include <algorithm>

#include "bowline/stack/core.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0 {

Result<ConnectionView> Stack::inspect(Handle socket) const noexcept {
  if (const tcp::Connection* c = core_->find(socket)) return core_->view(*c);
  return fail(std::errc::bad_file_descriptor);
}

Result<FlightView> Stack::inspect_flight(Handle socket) const noexcept {
  const tcp::Connection* c = core_->find(socket);
  if (c == nullptr) return fail(std::errc::bad_file_descriptor);
  FlightView flight;
  if (!c->transfer) return flight;
  const tcp::SentRanges& sent = c->transfer->sent;
  const std::uint32_t mss = std::max<std::uint32_t>(c->snd_mss, 1);
  for (std::uint32_t id = sent.first(); id != tcp::SentRanges::kNone; id = sent.next(id)) {
    const auto& range = sent[id];
    const std::uint32_t packets = (range.length + mss - 1) / mss;
    flight.outstanding += packets;
    if (range.value.sacked) flight.sacked += packets;
    if (range.value.lost) flight.lost += packets;
    if (!range.value.in_network() || !range.value.retransmitted()) continue;
    flight.retransmitted += packets;
    if (range.value.repaired) flight.repaired += packets;
  }
  return flight;
}

Result<ListenerView> Stack::inspect_listener(Handle listener) const noexcept {
  if (listener.kind != HandleKind::listener) return fail(std::errc::bad_file_descriptor);
  const tcp::Listener* l = core_->listeners.find(listener.index, listener.generation);
  if (l == nullptr) return fail(std::errc::bad_file_descriptor);
  return core_->view(*l);
}

Result<Endpoint> Stack::local_endpoint(Handle socket) const noexcept {
  if (const tcp::Connection* c = core_->find(socket)) return c->local;
  if (socket.kind == HandleKind::listener) {
    const tcp::Listener* l = core_->listeners.find(socket.index, socket.generation);
    if (l != nullptr) return l->local;
  }
  if (const udp::Socket* s = core_->find_udp(socket)) return s->local;
  return fail(std::errc::bad_file_descriptor);
}

Result<Endpoint> Stack::remote_endpoint(Handle socket) const noexcept {
  if (const tcp::Connection* c = core_->find(socket)) return c->remote;
  if (socket.kind == HandleKind::udp) {
    const udp::Socket* s = core_->find_udp(socket);
    if (s == nullptr) return fail(std::errc::bad_file_descriptor);
    if (s->remote) return *s->remote;
    return fail(std::errc::not_connected);
  }
  if (socket.kind == HandleKind::listener) return fail(std::errc::not_connected);
  return fail(std::errc::bad_file_descriptor);
}

void Stack::for_each_connection(void (*visitor)(void*, const ConnectionView&),
                                void* context) const noexcept {
  core_->connections.for_each(
      [&](std::uint32_t, const tcp::Connection& c) { visitor(context, core_->view(c)); });
  core_->half_open.for_each(
      [&](std::uint32_t, const tcp::SynEntry& entry) { visitor(context, core_->view(entry)); });
  core_->time_waits.for_each([&](std::uint32_t, const tcp::TimeWaitRecord& record) {
    visitor(context, core_->view(record));
  });
}

bool Stack::walk_connections(ConnectionCursor& cursor, std::uint32_t places,
                             void (*visitor)(void*, const ConnectionView&),
                             void* context) const noexcept {
  using Table = ConnectionCursor::Table;
  const auto show = [&](std::uint32_t, const auto& each) { visitor(context, core_->view(each)); };
  std::uint32_t next = Slab<tcp::Connection>::kNone;
  if (cursor.table == Table::connections) {
    next = core_->connections.walk(cursor.place, places, show);
  } else if (cursor.table == Table::half_open) {
    next = core_->half_open.walk(cursor.place, places, show);
  } else if (cursor.table == Table::time_wait) {
    next = core_->time_waits.walk(cursor.place, places, show);
  }
  cursor.place = next;
  if (next == Slab<tcp::Connection>::kNone && cursor.table != Table::end) {
    cursor = {static_cast<Table>(static_cast<std::uint8_t>(cursor.table) + 1), 0};
  }
  return cursor.table != Table::end;
}

void Stack::for_each_listener(void (*visitor)(void*, const ListenerView&),
                              void* context) const noexcept {
  core_->listeners.for_each(
      [&](std::uint32_t, const tcp::Listener& l) { visitor(context, core_->view(l)); });
}

void Stack::for_each_scanner(void (*visitor)(void*, const ScannerView&),
                             void* context) const noexcept {
  if (!core_->scans) return;
  core_->scans->for_each(core_->now,
                         [&](const ScannerView& scanner) { visitor(context, scanner); });
}

Status Stack::can_bind(const Endpoint& local) const noexcept { return core_->can_bind(local); }

Result<LinkInfo> Stack::link(InterfaceId interface) const noexcept {
  const auto index = static_cast<std::uint32_t>(interface);
  if (!core_->interfaces.live(index)) return fail(std::errc::invalid_argument);
  return core_->interfaces[index].link;
}

Result<AddressState> Stack::address_state(InterfaceId interface,
                                          const IpAddress& address) const noexcept {
  const std::uint32_t index = core_->address_index(interface, address);
  if (index == Core::kNone) return fail(std::errc::address_not_available);
  return core_->addresses[index].state;
}

std::span<const Cidr> Stack::addresses(InterfaceId interface) const noexcept {
  const auto index = static_cast<std::uint32_t>(interface);
  if (!core_->interfaces.live(index)) return {};
  const auto& ring = core_->interfaces[index].addresses;  // only ever appended to: contiguous
  return ring.empty() ? std::span<const Cidr>() : std::span(&ring.front(), ring.size());
}

void Stack::for_each_neighbour(void (*visitor)(void*, const NeighbourView&),
                               void* context) const noexcept {
  core_->neighbours.for_each([&](std::uint32_t, const ip::Neighbour& neighbour) {
    NeighbourView view;
    view.interface = neighbour.interface;
    view.address = neighbour.address;
    view.state = neighbour.state;
    if (view.state == NeighbourState::reachable && core_->now >= neighbour.reachable_until) {
      view.state = NeighbourState::stale;
    }
    if (neighbour.state != NeighbourState::incomplete) view.mac = neighbour.mac;
    view.router = neighbour.router;
    view.frames_waiting = neighbour.held.size();
    view.connections_waiting = neighbour.waiters.size;
    visitor(context, view);
  });
}

const ReasonCounters& Stack::counters() const noexcept { return core_->decisions.counters(); }

StackUsage Stack::usage() const noexcept {
  StackUsage usage;
  usage.connections = core_->connections.size();
  usage.half_open = core_->half_open.size();
  usage.time_wait = core_->time_waits.size();
  usage.listeners = core_->listeners.size();
  usage.udp_sockets = core_->udp_sockets.size();
  usage.orphans = core_->orphans.size;
  usage.fragmented_datagrams = core_->reassembly.size();
  usage.fragment_bytes = core_->reassembly.bytes();
  usage.neighbours = core_->neighbours.size();
  usage.buffer_bytes = core_->pool->usage().live_bytes;
  usage.buffers_refused = core_->pool->usage().refused;
  usage.buffers_scarce = core_->scarce;
  usage.sources = core_->sources.size();
  usage.out_of_order_holders = core_->gapped.size;
  usage.stalled_connections = core_->stalled.size;
  usage.sent_ranges = core_->sent_ranges.used();
  return usage;
}

const StackConfig& Stack::config() const noexcept { return core_->config; }

}  // namespace bowline::inline v0
