// What follows from an event for a connection: its timers, its place among those that have
// something to send or to tell, and, at the end, its end (REQUIREMENTS A16: kept and destroyed
// exactly when it should be).

#include <algorithm>

#include "bowline/stack/core.hpp"
#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/packet_sending.hpp"
#include "bowline/tcp/path_mtu.hpp"
#include "bowline/tcp/timeouts.hpp"
#include "bowline/tcp/user_calls.hpp"

namespace bowline::inline v0 {

std::uint32_t Stack::Core::new_connection(const Endpoint& local, const Endpoint& remote,
                                          InterfaceId interface,
                                          const tcp::SocketOptions& options) noexcept {
  const std::uint32_t index = connections.emplace();
  if (index == kNone) {
    decisions.make(Reason::no_connection_slot);
    return kNone;
  }
  tcp::Connection& c = connections[index];
  c.local = local;
  c.remote = remote;
  c.interface = interface;
  c.options = options;
  if (options.keepalive == tcp::Keepalive{}) c.options.keepalive = config.tcp.keepalive;
  c.hash = hash(local, remote);
  c.handle = {index, connections.generation(index), HandleKind::tcp};
  c.last_received_at = c.last_sent_at = now;
  const tcp::Offer offer =
      tcp::make_offer(config.tcp, remote.address.family(), mtu_towards(interface, remote.address),
                      options.mss, tcp::most_receive_buffer(options, config.tcp));
  c.rcv_mss = offer.mss;
  tcp::set_path_mtu(c, mtu_towards(interface, remote.address));
  return index;
}

std::uint8_t Stack::Core::readiness(const tcp::Connection& c) const noexcept {
  unsigned mask = 0;
  const bool failed = c.ended != tcp::EndReason::none && c.ended != tcp::EndReason::orderly;
  if (c.readable() >= std::max(c.options.read_low_water, 1U) || tcp::at_end(c)) mask |= kReadable;
  if (c.fin_received || c.read_closed) mask |= kPeerClosed;
  if (c.urgent_received) mask |= kUrgent;
  if (c.state == tcp::State::closed) mask |= kClosed | kWritable;
  if (failed && !c.error_told) mask |= kError;
  // Writable when a third of the buffer is free, so that a writer is not woken for every few bytes.
  const bool may_write =
      tcp::is_synchronized(c.state) || c.fast_open == tcp::FastOpenRole::accepted;
  if (may_write && (c.fin_queued || tcp::is_writable(c, config.tcp, scarce))) mask |= kWritable;
  return static_cast<std::uint8_t>(mask);
}

std::uint8_t Stack::Core::readiness(const tcp::Listener& listener) noexcept {
  return listener.accept_queue.empty() ? std::uint8_t{0} : std::uint8_t{kAcceptable};
}

std::uint8_t Stack::Core::readiness(const udp::Socket& socket) noexcept {
  unsigned mask = socket.blocked_link.linked ? 0U : unsigned{kWritable};
  if (!socket.queue.empty()) mask |= kReadable;
  if (socket.error != std::errc{}) mask |= kError;
  return static_cast<std::uint8_t>(mask);
}

// A socket is named when it has become ready for something more, or has news of what it was ready
// for already.
void Stack::Core::note_ready(std::uint32_t tagged_index, std::uint8_t mask, std::uint8_t& announced,
                             bool news) noexcept {
  const bool more = (mask & ~announced) != 0;
  announced = mask;
  if (!more && !(news && mask != 0)) return;
  const auto links = [this](std::uint32_t i) -> ListLink& { return ready_link(i); };
  if (!ready.contains(links, tagged_index)) ready.push_back(links, tagged_index);
}

void Stack::Core::settle(std::uint32_t index) noexcept {
  tcp::Connection& c = connections[index];
  tcp::Context ctx = context();
  const auto wheel_links = [this](std::uint32_t i) -> WheelLink& { return connections[i].wheel; };
  const auto output_links = [this](std::uint32_t i) -> ListLink& {
    return connections[i].output_link;
  };
  Interface& interface = interfaces[static_cast<std::uint32_t>(c.interface)];

  if (c.fast_open_listener != Handle{}) settle_fast_open(c);
  if (c.state == tcp::State::closed) {
    leave_table(c, index);
    forget_holdings(index);
    wheel.cancel(wheel_links, index);
    leave_output(index);
    if (c.orphan) return destroy(index);
    announce(index, false);
    return;
  }
  if (c.state == tcp::State::time_wait && c.orphan && become_record(index)) return;

  tcp::settle_timers(c, interface.ability(), ctx);
  tcp::note_holdup(c, config.tcp, now);
  const Time earliest = c.timers.earliest();
  // Lazy re-arming: a later deadline is noticed when the earlier one fires (DESIGN section 7).
  if (earliest < c.wheel.deadline) wheel.schedule(wheel_links, index, earliest);
  if (!c.output_link.linked && tcp::next_segment(c, interface.ability(), config.tcp, now)) {
    interface.output.push_back(output_links, index);
  }
  if (c.room_due && !c.output_link.linked) tcp::review_send_room(c, ctx);
  note_holdings(index);
  announce_readable(index);
}

// Reading makes room; until that is worth an ACK nothing else follows from it, and an application
// that takes slices reads once for each packet.
void Stack::Core::settle_after_read(std::uint32_t index) noexcept {
  const tcp::Connection& c = connections[index];
  // All is read: its buffer may go in a while.
  const bool sheds = c.transfer && !c.timers.is_set(tcp::Timer::shed) && c.transfer->idle();
  if (c.ack_now || sheds) return settle(index);
  announce_readable(index);
}

void Stack::Core::announce_readable(std::uint32_t index) noexcept {
  tcp::Connection& c = connections[index];
  const std::uint32_t readable = c.readable();
  const bool news = readable > c.announced_readable || c.urgent_news;
  if (!c.orphan) announce(index, news);
  c.urgent_news = false;
  c.announced_readable = readable;
}

// Whoever waits in an accept queue has no application yet that could be told.
void Stack::Core::announce(std::uint32_t index, bool news) noexcept {
  tcp::Connection& c = connections[index];
  if (c.listener != kNone) return;
  note_ready(tagged(Kind::connection, index), readiness(c), c.ready_mask, news);
}

void Stack::Core::leave_table(tcp::Connection& c, std::uint32_t index) noexcept {
  if (!c.in_table) return;
  tuples.erase(c.hash, tagged(Kind::connection, index));
  c.in_table = false;
}

void Stack::Core::destroy(std::uint32_t index) noexcept {
  tcp::Connection& c = connections[index];
  leave_table(c, index);
  wheel.cancel([this](std::uint32_t i) -> WheelLink& { return connections[i].wheel; }, index);
  ready.erase([this](std::uint32_t i) -> ListLink& { return ready_link(i); },
              tagged(Kind::connection, index));
  const auto queue_links = [this](std::uint32_t i) -> ListLink& {
    return connections[i].queue_link;
  };
  if (c.orphan) {
    orphans.erase(queue_links, index);
  } else if (c.listener != kNone && c.queue_link.linked) {
    listeners[c.listener].accept_queue.erase(queue_links, index);
  }
  leave_output(index);
  forget_holdings(index);
  if (c.counted) sources.remove(c.remote.address, ip::Holding::connection);
  connections.erase(index);
}

// TIME-WAIT without an application: the TCB goes, a record stays. False when it has to stay a
// connection.
bool Stack::Core::become_record(std::uint32_t index) noexcept {
  tcp::Connection& c = connections[index];
  tcp::TimeWaitRecord record;
  record.local = c.local;
  record.remote = c.remote;
  record.iss = c.iss;
  record.irs = c.irs;
  record.snd_nxt = c.snd_nxt;
  record.rcv_nxt = c.rcv_nxt;
  record.rcv_wnd = std::min(c.rcv_wnd(), std::uint32_t{0xffff} << c.rcv_shift);
  record.rcv_shift = c.rcv_shift;
  record.ts_recent = c.ts_recent;
  record.timestamps = c.timestamps;
  record.number = static_cast<std::uint32_t>(c.number);
  record.interface = static_cast<std::uint8_t>(c.interface);
  record.ends_at = c.timers.deadline(tcp::Timer::ending);
  if (time_waits.full()) {
    if (time_waits.oldest() == kNone) return false;
    const std::uint32_t oldest = time_waits.oldest();
    const tcp::TimeWaitRecord& evicted = time_waits[oldest];
    decisions.make(Reason::state_time_wait_evicted, decisions.frame(), evicted.number, {},
                   static_cast<std::uint32_t>(tcp::State::time_wait),
                   static_cast<std::uint32_t>(tcp::State::closed));
    tuples.erase(hash(evicted.local, evicted.remote), tagged(Kind::time_wait, oldest));
    time_waits.remove(oldest);
  }
  const std::uint32_t number = time_waits.add(record);
  if (number == kNone) return false;
  const bool owes_ack = c.ack_now;
  const Reason why = c.ack_reason;
  const std::uint64_t tuple = c.hash;
  destroy(index);
  if (!tuples.insert(tuple, tagged(Kind::time_wait, number))) {
    time_waits.remove(number);
    return true;
  }
  if (owes_ack) {
    tcp::Context ctx = context();
    reply(tcp::time_wait_ack(time_waits[number], true, why, ctx));
  }
  return true;
}

// A connection whose handle was given up goes on by itself, counted and bounded (DESIGN section 3).
void Stack::Core::add_orphan(std::uint32_t index) noexcept {
  const auto links = [this](std::uint32_t i) -> ListLink& { return connections[i].queue_link; };
  orphans.push_back(links, index);
  if (orphans.size <= config.limits.orphans) return;
  const std::uint32_t oldest = orphans.front();
  tcp::Context ctx = context();
  tcp::abort(connections[oldest], Reason::send_rst_orphan_limit, tcp::EndReason::aborted,
             Reason::state_orphan_limit, ctx);
  settle(oldest);
}

void Stack::Core::advance() noexcept {
  if (retry_at <= now) retry_at = kNever;
  upkeep();
  expire_neighbours();
  expire_half_open();
  expire_time_wait();
  expire_fragments();
  const auto links = [this](std::uint32_t i) -> WheelLink& { return connections[i].wheel; };
  wheel.expire(links, now, [this](std::uint32_t index) {
    tcp::Context ctx = context();
    tcp::Connection& c = connections[index];
    const std::uint8_t retransmits = c.retransmits;
    const std::uint8_t backoff = c.rtt.backoff();
    const bool unanswered = c.last_received_at < c.last_sent_at;
    tcp::on_timers(c, ctx);
    if (c.retransmits > retransmits) {
      note_trouble(c, c.retransmits);
    } else if (c.rtt.backoff() > backoff && unanswered) {
      note_trouble(c, c.rtt.backoff());  // window probes are retransmissions as well
    }
    settle(index);
  });
}

}  // namespace bowline::inline v0
