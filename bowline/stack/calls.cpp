// The application's calls: finding what a handle means, opening, closing, and views of it all.

#include <algorithm>

#include "bowline/stack/core.hpp"
#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/loss_recovery.hpp"
#include "bowline/tcp/packet_sending.hpp"
#include "bowline/tcp/user_calls.hpp"

namespace bowline::inline v0 {
namespace {

BbrView view_of(const tcp::Bbr& bbr) noexcept {
  BbrView v;
  v.state = bbr.state();
  v.max_bw = bbr.max_bw();
  v.bw = bbr.bw();
  if (bbr.min_rtt() != Duration::max()) v.min_rtt = bbr.min_rtt();
  if (bbr.inflight_longterm() != tcp::Bbr::kNoLimit) {
    v.inflight_longterm = bbr.inflight_longterm();
  }
  return v;
}

}  // namespace

tcp::Connection* Stack::Core::find(Handle handle) noexcept {
  if (handle.kind != HandleKind::tcp) return nullptr;
  return connections.find(handle.index, handle.generation);
}

const tcp::Connection* Stack::Core::find(Handle handle) const noexcept {
  if (handle.kind != HandleKind::tcp) return nullptr;
  return connections.find(handle.index, handle.generation);
}

Result<Handle> Stack::Core::listen(const ListenOptions& options) noexcept {
  if (options.backlog == 0 || options.local.address.is_multicast() ||
      options.local.address.is_limited_broadcast()) {
    return fail(std::errc::invalid_argument);
  }
  Endpoint local = options.local;
  BOWLINE_CHECK(can_bind(local, options.share_port));
  if (local.port == 0) {
    BOWLINE_TRY(port, ephemeral_port(local.address, {IpAddress::any(local.address.family()), 0}));
    local.port = port;
  }
  const std::uint32_t index = listeners.emplace();
  if (index == kNone) return fail(std::errc::not_enough_memory);
  if (!listening.insert(port_hash(local.port), index)) {
    listeners.erase(index);
    return fail(std::errc::not_enough_memory);
  }
  tcp::Listener& listener = listeners[index];
  listener.local = local;
  listener.share_port = options.share_port;
  set_up(listener, options);
  listener.handle = {index, listeners.generation(index), HandleKind::listener};
  return listener.handle;
}

// What can be set anew (listen_again()).
void Stack::Core::set_up(tcp::Listener& listener, const ListenOptions& options) noexcept {
  listener.backlog = options.backlog;
  listener.syn_backlog = options.syn_backlog;
  listener.fast_open_key = options.fast_open_key;
  listener.fast_open_previous_key = options.fast_open_previous_key;
  listener.options = options.socket;
}

Result<Handle> Stack::Core::accept(Handle handle) noexcept {
  tcp::Listener* listener = handle.kind == HandleKind::listener
                                ? listeners.find(handle.index, handle.generation)
                                : nullptr;
  if (listener == nullptr) return fail(std::errc::bad_file_descriptor);
  const auto links = [this](std::uint32_t i) -> ListLink& { return connections[i].queue_link; };
  const std::uint32_t index = listener->accept_queue.pop_front(links);
  if (index == kNone) return fail(std::errc::operation_would_block);
  note_ready(tagged(Kind::listener, handle.index), readiness(*listener), listener->ready_mask,
             false);
  tcp::Connection& c = connections[index];
  c.listener = kNone;
  announce(index, true);
  return c.handle;
}

Result<Endpoint> Stack::Core::local_for(const ConnectOptions& options) noexcept {
  Endpoint local =
      options.local.value_or(Endpoint{IpAddress::any(options.remote.address.family()), 0});
  if (local.address.family() != options.remote.address.family()) {
    return fail(std::errc::invalid_argument);
  }
  if (local.address.is_unspecified()) {
    BOWLINE_TRY(source, source_for(options.remote.address));
    local.address = source;
  } else if (!may_bind(local.address)) {
    return fail(std::errc::address_not_available);
  }
  if (local.port == 0) {
    BOWLINE_TRY(port, ephemeral_port(local.address, options.remote));
    local.port = port;
  }
  return local;
}

// RFC 9293 section 3.10.1: OPEN, active.
Result<Handle> Stack::Core::connect(const ConnectOptions& options) noexcept {
  if (options.remote.port == 0 ||
      !ip::is_possible_peer(options.remote.address, local_addresses())) {
    return fail(std::errc::invalid_argument);  // MUST-46
  }
  BOWLINE_TRY(interface, interface_towards(options.remote.address));
  BOWLINE_TRY(local, local_for(options));
  const std::uint64_t tuple = hash(local, options.remote);
  const std::uint32_t listener = find_listener(local);
  if (local == options.remote || find_tuple(tuple, local, options.remote) != kNone ||
      (listener != kNone && listeners[listener].local == local)) {
    return fail(std::errc::address_in_use);
  }
  const std::uint32_t index = new_connection(local, options.remote, interface, options.socket);
  if (index == kNone) return fail(std::errc::no_buffer_space);
  tcp::Connection& c = connections[index];
  if (!tuples.insert(tuple, tagged(Kind::connection, index))) {
    connections.erase(index);
    return fail(std::errc::no_buffer_space);
  }
  c.in_table = true;
  c.number = next_number++;
  c.rcv_edge = c.rcv_nxt;
  tcp::Context ctx = context();
  const SeqNumber iss =
      tcp::initial_sequence(secrets.isn, local, options.remote, now, config.tcp.ablation);
  if (!tcp::open_active(c, iss, ctx)) {
    destroy(index);
    return fail(std::errc::no_buffer_space);
  }
  settle(index);
  return c.handle;
}

Status Stack::Core::close_listener(std::uint32_t index) noexcept {
  tcp::Listener& listener = listeners[index];
  // Unaccepted connections belong to nobody now; half-open ones end without a word, as their peers'
  // next ACK gets a RST from CLOSED.
  const auto links = [this](std::uint32_t i) -> ListLink& { return connections[i].queue_link; };
  for (std::uint32_t waiting = listener.accept_queue.pop_front(links); waiting != kNone;
       waiting = listener.accept_queue.pop_front(links)) {
    tcp::Connection& c = connections[waiting];
    c.listener = kNone;
    tcp::Context ctx = context();
    tcp::abort(c, Reason::send_rst_abort, tcp::EndReason::aborted, Reason::state_listener_closed,
               ctx);
    destroy(waiting);
  }
  half_open.for_each([&](std::uint32_t i, const tcp::SynEntry& entry) {
    if (entry.listener == index) drop_syn_entry(i, Reason::state_listener_closed);
  });
  ready.erase([this](std::uint32_t i) -> ListLink& { return ready_link(i); },
              tagged(Kind::listener, index));
  listening.erase(port_hash(listener.local.port), index);
  listeners.erase(index);
  return {};
}

Status Stack::Core::close(Handle handle, bool abortive) noexcept {
  if (handle.kind == HandleKind::listener &&
      listeners.find(handle.index, handle.generation) != nullptr) {
    return close_listener(handle.index);
  }
  const auto ready_links = [this](std::uint32_t i) -> ListLink& { return ready_link(i); };
  if (handle.kind == HandleKind::udp) {
    if (find_udp(handle) == nullptr) return fail(std::errc::bad_file_descriptor);
    close_udp(handle.index);
    return {};
  }
  tcp::Connection* c = find(handle);
  if (c == nullptr) return fail(std::errc::bad_file_descriptor);
  connections.retire(handle.index);
  c->handle = {};
  ready.erase(ready_links, tagged(Kind::connection, handle.index));
  tcp::Context ctx = context();
  if (abortive) {
    c->orphan = true;
    tcp::abort(*c, Reason::send_rst_abort, tcp::EndReason::aborted, Reason::state_abort, ctx);
  } else {
    tcp::release(*c, ctx);
  }
  const bool lives_on = c->state != tcp::State::closed;
  settle(handle.index);
  if (lives_on && connections.live(handle.index) && connections[handle.index].orphan &&
      !connections[handle.index].queue_link.linked) {
    add_orphan(handle.index);
  }
  return {};
}

ConnectionView Stack::Core::view(const tcp::Connection& c) const noexcept {
  ConnectionView v;
  v.number = c.number;
  v.handle = c.handle;
  v.local = c.local;
  v.remote = c.remote;
  v.interface = c.interface;
  v.state = c.state;
  v.orphan = c.orphan;
  v.iss = c.iss;
  v.snd_una = c.snd_una;
  v.snd_nxt = c.snd_nxt;
  v.snd_wl1 = c.snd_wl1;
  v.snd_wl2 = c.snd_wl2;
  v.snd_up = c.snd_up;
  v.snd_wnd = c.snd_wnd;
  v.max_snd_wnd = c.max_snd_wnd;
  v.irs = c.irs;
  v.rcv_nxt = c.rcv_nxt;
  v.rcv_up = c.rcv_up;
  if (c.urgent_received) v.urgent = distance(c.rcv_read(), c.rcv_up);
  v.rcv_wnd = c.rcv_wnd();
  v.snd_mss = c.snd_mss;
  v.rcv_mss = c.rcv_mss;
  v.snd_wind_shift = c.snd_shift;
  v.rcv_wind_shift = c.rcv_shift;
  v.timestamps = c.timestamps;
  v.sack = c.sack;
  v.window_scaling = c.window_scaling;
  v.cwnd = c.congestion.cwnd();
  v.ssthresh = c.congestion.ssthresh();
  v.congestion = c.congestion.algorithm();
  if (c.bbr) v.bbr = view_of(c.bbr->bbr);
  v.pacing_rate = c.transfer ? c.transfer->pacer.rate() : 0;
  v.min_rtt = c.rtt.min_rtt();
  v.in_flight = c.outstanding();
  v.srtt = c.rtt.srtt();
  v.rttvar = c.rtt.rttvar();
  v.rto = tcp::rto(c, config.tcp);
  v.retransmissions = c.retransmissions;
  v.backoff = c.rtt.backoff();
  v.timeouts = c.retransmits;
  v.passive = c.passive;
  v.early = c.fast_open == tcp::FastOpenRole::accepted && c.state == tcp::State::syn_received;
  v.ecn = c.ecn.active();
  v.recovering = c.transfer && c.transfer->recovery.active();
  if (v.recovering) {
    v.recovery_window = c.transfer->recovery.window();
  } else if (c.transfer && c.transfer->reduction.active()) {
    v.recovery_window = c.transfer->reduction.window();
  }
  v.after_timeout = c.transfer && tcp::is_synchronized(c.state) && tcp::in_timeout_recovery(c);
  v.reordering = c.reordering;
  v.reordering_seen = c.transfer && c.transfer->rack.reordering_seen();
  v.ts_offset = c.ts_offset;
  if (c.transfer) v.receive_rtt = c.transfer->tuning.rtt();
  v.ack_timeout = config.tcp.delayed_ack;
  v.bytes_acked_in_order = c.delivered - (c.transfer ? c.transfer->sent.sacked() : 0);
  v.tally = c.tally;
  v.tally.hold(c.tally.held, now);  // up to this very moment
  v.send_queue = c.transfer ? c.transfer->send.size() : 0;
  v.unsent = c.unsent();
  v.receive_queue = c.readable();
  v.out_of_order = c.transfer ? c.transfer->received.waiting() : 0;
  v.fin_queued = c.fin_queued;
  v.fin_sent = c.fin_sent;
  v.fin_received = c.fin_received;
  v.retransmit_at = c.timers.deadline(tcp::Timer::retransmit);
  v.probe_at = c.timers.deadline(tcp::Timer::probe);
  v.delayed_ack_at = c.timers.deadline(tcp::Timer::delayed_ack);
  v.keepalive_at = c.timers.deadline(tcp::Timer::keepalive);
  v.user_timeout_at = c.timers.deadline(tcp::Timer::give_up);
  if (c.state == tcp::State::time_wait) v.time_wait_at = c.timers.deadline(tcp::Timer::ending);
  v.bytes_sent = c.bytes_sent;
  v.bytes_received = c.bytes_received;
  v.segments_sent = c.segments_sent;
  v.segments_received = c.segments_received;
  v.ended = c.ended;
  v.path_mtu = c.path_mtu;
  v.peer_mss = c.peer_mss;
  v.seen_mss = c.seen_mss;
  v.lost = c.transfer ? c.transfer->sent.lost() : 0;
  v.sacked = c.transfer ? c.transfer->sent.sacked() : 0;
  v.dup_acks = c.dup_acks;
  v.keepalive_probes = c.probes;
  v.send_memory = config.tcp.packet_queue ? tcp::send_memory(c) : v.send_queue;
  v.send_limit = tcp::send_limit(c, config.tcp);
  v.receive_limit = tcp::receive_limit(c, config.tcp);
  v.bytes_acked = c.delivered;
  v.bytes_retransmitted = c.bytes_retransmitted;
  v.syn_data = c.syn_data_acked;
  v.answers = c.answers;
  v.last_sent_at = c.last_sent_at;
  v.last_received_at = c.last_received_at;
  return v;
}

ListenerView Stack::Core::view(const tcp::Listener& listener) const noexcept {
  ListenerView v;
  v.handle = listener.handle;
  v.local = listener.local;
  v.half_open = listener.half_open;
  v.half_open_limit = listener.syn_backlog;
  v.accept_queue = listener.accept_queue.size;
  v.accept_limit = listener.backlog;
  v.accepted = listener.accepted;
  v.overflows = listener.overflows;
  v.cookies_sent = listener.cookies_sent;
  v.cookies_taken = listener.cookies_taken;
  v.cookies_wrong = listener.cookies_wrong;
  v.flooded = listener.flood.flooded(now);
  return v;
}

ConnectionView Stack::Core::view(const tcp::SynEntry& entry) const noexcept {
  ConnectionView v;
  v.number = entry.number;
  v.local = local_of(entry);
  v.remote = entry.remote();
  v.interface = static_cast<InterfaceId>(entry.interface);
  v.state = tcp::State::syn_received;
  v.iss = v.snd_una = entry.iss;
  v.snd_nxt = entry.iss + 1;
  v.irs = entry.irs;
  v.rcv_nxt = entry.irs + 1;
  v.rcv_wnd = syn_window(listeners[entry.listener]);
  v.timestamps = entry.timestamps;
  v.sack = entry.sack;
  v.window_scaling = entry.window_scaling;
  v.retransmissions = entry.retries;
  v.peer_mss = entry.peer_mss;
  v.snd_wind_shift = entry.snd_shift;
  v.rcv_wind_shift = entry.rcv_shift;
  v.in_flight = 1;
  return v;
}

ConnectionView Stack::Core::view(const tcp::TimeWaitRecord& record) const noexcept {
  ConnectionView v;
  v.number = record.number;
  v.local = record.local;
  v.remote = record.remote;
  v.interface = static_cast<InterfaceId>(record.interface);
  v.state = tcp::State::time_wait;
  v.orphan = true;
  v.iss = record.iss;
  v.irs = record.irs;
  v.snd_una = v.snd_nxt = record.snd_nxt;
  v.rcv_nxt = record.rcv_nxt;
  v.rcv_wnd = record.rcv_wnd;
  v.rcv_wind_shift = record.rcv_shift;
  v.timestamps = record.timestamps;
  v.fin_queued = v.fin_sent = v.fin_received = true;
  v.time_wait_at = record.ends_at;
  v.ended = tcp::EndReason::orderly;
  return v;
}

}  // namespace bowline::inline v0
