#include "bowline/tcp/user_calls.hpp"

#include <algorithm>

#include "bowline/tcp/buffers.hpp"
#include "bowline/tcp/fast_open.hpp"
#include "bowline/tcp/output.hpp"
#include "bowline/tcp/packet_sending.hpp"
#include "bowline/tcp/path_mtu.hpp"

namespace bowline::inline v0::tcp {
namespace {

// May the application give data now? Success, or the section 3.10.2 error.
Status can_send(Connection& c) noexcept {
  if (c.state == State::closed) {
    if (const std::error_code error = take_error(c)) return fail(error);
    return fail(std::errc::broken_pipe);
  }
  if (c.fin_queued || !can_queue_data(c.state)) return fail(std::errc::broken_pipe);
  return {};
}

std::uint32_t send_room(const Connection& c, const Settings& settings, bool scarce) noexcept {
  const std::uint32_t queued = c.transfer ? c.transfer->send.size() : 0;
  const std::uint32_t limit = send_limit(c, settings, scarce);
  const std::uint32_t room = limit > queued ? limit - queued : 0;
  const std::uint32_t low_water = unsent_low_water(c, settings);
  if (low_water == 0) return room;
  const std::uint32_t unsent = c.unsent();
  return std::min(room, low_water > unsent ? low_water - unsent : 0);
}

// Is there room for `bytes`, which are taken whole or not at all? While buffers are scarce a
// connection that has nothing else to send takes them though they be more than a few segments: what
// is lent exists already.
bool takes_lent(const Connection& c, const Slice& bytes, const Context& context) noexcept {
  const bool waits = c.transfer && !c.transfer->send.empty();
  const bool scarce = context.scarce && waits;
  if (context.settings.packet_queue) return has_packet_room(c, context.settings, scarce);
  return bytes.size() <= send_room(c, context.settings, scarce);
}

// RFC 7661 section 4.4.3: a window that was not used for five minutes is halved.
void halve_if_unused(Connection& c, Context& context) noexcept {
  const std::uint32_t cwnd = c.congestion.cwnd();
  for (unsigned n = c.validation.take_expired(context.now, cwnd); n > 0; --n) {
    c.congestion.unused(context.settings.initial_window_segments);
  }
  if (c.congestion.cwnd() != cwnd) {
    decide(c, Reason::cwnd_unused, context, cwnd, c.congestion.cwnd());
  }
}

// RFC 5681 section 4.1: after an idle RTO the window that was is no longer known to fit the path.
void restart_after_idle(Connection& c, Context& context) noexcept {
  if (c.snd_una != c.snd_nxt || (c.unsent() > 0 && !context.settings.packet_queue)) return;
  const Duration timeout = rto(c, context.settings);
  if (context.now - c.last_sent_at <= timeout) return;
  const std::uint32_t cwnd = c.congestion.cwnd();
  if (context.settings.idle_halves) {
    const auto times = (context.now - c.last_sent_at) / timeout;
    c.congestion.idle_for(static_cast<unsigned>(std::min<std::int64_t>(times, 31)),
                          context.settings.initial_window_segments);
  } else {
    c.congestion.idle(context.settings.initial_window_segments);
  }
  if (c.congestion.cwnd() != cwnd) {
    decide(c, Reason::cwnd_idle_restart, context, cwnd, c.congestion.cwnd());
  }
}

// The same by packets.
Result<std::size_t> send_packets(Connection& c, std::span<const std::byte> bytes,
                                 const WriteHow& how, Context& context) noexcept {
  if (!ensure_transfer(c, context)) return fail(std::errc::no_buffer_space);
  const std::uint32_t taken = queue_packets(c, bytes, how, context);
  const bool full = !has_packet_room(c, context.settings, context.scarce);
  if (taken < bytes.size() && full && !how.by_packet) c.tally.wants_room = true;
  if (taken > 0) return taken;
  if (!full) return fail(std::errc::no_buffer_space);
  c.tally.wants_room = true;
  return fail(std::errc::operation_would_block);
}

Status send_owned_packets(Connection& c, Slice bytes, Context& context) noexcept {
  if (bytes.empty()) return {};
  if (!takes_lent(c, bytes, context)) {
    c.tally.wants_room = true;
    return fail(std::errc::operation_would_block);
  }
  if (!ensure_transfer(c, context)) return fail(std::errc::no_buffer_space);
  const std::uint32_t size = bytes.size();
  if (!c.transfer->send.append_owned(std::move(bytes))) return fail(std::errc::no_buffer_space);
  if (queue_owned_packets(c, size, context)) return {};
  c.transfer->send.drop_end(size);
  return fail(std::errc::no_buffer_space);
}

// SND.NXT, but within the peer's window: what he refused (the byte of a probe of his shut window)
// he does not count, and a RST beyond it he would not believe.
SeqNumber acceptable_seq(const Connection& c) noexcept {
  const SeqNumber edge = c.snd_una + c.snd_wnd + (c.syn_outstanding() ? 1U : 0U);
  return earliest(c.snd_nxt, edge);
}

}  // namespace

void review_window(Connection& c, Context& context) noexcept {
  if (c.bbr) return bbr_before_event(c);
  if (!is_synchronized(c.state)) return;
  if (context.settings.window_validation && context.settings.pacing) {
    halve_if_unused(c, context);
  } else if (context.settings.idle_restart) {
    restart_after_idle(c, context);
  }
}

FastOpenPlan plan_fast_open(const IpAddress& remote, const SocketOptions& options,
                            std::uint16_t mss, const Settings& settings, const FastOpenCache& cache,
                            Time now) noexcept {
  if (!settings.fast_open.client || !options.fast_open ||
      !cache.trusts(remote, settings.fast_open, now)) {
    return {};
  }
  const FastOpenCache::Entry* known = cache.find(remote);
  const bool without = settings.fast_open.client_without_cookie || options.fast_open_without_cookie;
  if (!without && (known == nullptr || known->cookie.size == 0)) return {FastOpenRole::asks, 0};
  // "the cached MSS, or the default" (section 4.1.3). Options may take all their room.
  std::uint16_t otherwise =
      remote.family() == Family::ipv4 ? settings.mss_default_v4 : settings.mss_default_v6;
  if (settings.fast_open.room_by_own_mss) otherwise = mss;
  const std::uint16_t taken = known != nullptr && known->mss != 0 ? known->mss : otherwise;
  const std::uint32_t fits = std::min(taken, mss);
  const std::uint32_t room = fits > wire::kTcpMaxOptionsSize ? fits - wire::kTcpMaxOptionsSize : 0;
  return {without ? FastOpenRole::sends_bare : FastOpenRole::sends,
          static_cast<std::uint16_t>(room)};
}

bool open_active(Connection& c, SeqNumber iss, Context& context) noexcept {
  if (!ensure_transfer(c, context)) return false;
  c.iss = c.snd_una = c.snd_nxt = c.snd_small = iss;
  c.send_front = iss + 1;
  c.transfer->recovery.leave(iss);
  c.transfer->reduction.leave(iss);
  set_path_mtu(c, c.path_mtu);
  c.ts_offset = timestamp_offset(context.secrets.tuple, c.local, c.remote);
  const FastOpenPlan plan = plan_fast_open(c.remote.address, c.options, c.rcv_mss, context.settings,
                                           context.fast_open, context.now);
  c.fast_open = plan.role;
  c.syn_data_room = plan.room;
  set_state(c, State::syn_sent, Reason::state_active_open, context);
  return true;
}

Result<std::size_t> send(Connection& c, std::span<const std::byte> bytes, const WriteHow& how,
                         Context& context) noexcept {
  BOWLINE_CHECK(can_send(c));
  if (bytes.empty()) return 0;
  if (context.settings.packet_queue) return send_packets(c, bytes, how, context);
  std::uint32_t room = send_room(c, context.settings, context.scarce);
  if (room < bytes.size()) {
    tune_send_buffer(c, context);
    room = send_room(c, context.settings, context.scarce);
  }
  c.tally.wants_room = room < bytes.size();
  if (c.tally.wants_room) c.more_coming = false;  // who waits for room is not about to write
  if (room == 0) return fail(std::errc::operation_would_block);
  if (!ensure_transfer(c, context)) return fail(std::errc::no_buffer_space);
  review_window(c, context);
  const std::uint32_t taken = c.transfer->send.append(bytes, room, context.pool);
  if (taken == 0) return fail(std::errc::no_buffer_space);
  c.more_coming = how.more && taken == bytes.size();
  return taken;
}

Status send_owned(Connection& c, Slice bytes, Context& context) noexcept {
  BOWLINE_CHECK(can_send(c));
  if (context.settings.packet_queue) return send_owned_packets(c, std::move(bytes), context);
  if (!takes_lent(c, bytes, context)) tune_send_buffer(c, context);
  if (!takes_lent(c, bytes, context)) return fail(std::errc::operation_would_block);
  if (!ensure_transfer(c, context)) return fail(std::errc::no_buffer_space);
  review_window(c, context);
  if (!c.transfer->send.append_owned(std::move(bytes))) return fail(std::errc::no_buffer_space);
  return {};
}

bool at_end(const Connection& c) noexcept {
  return c.readable() == 0 && (c.fin_received || c.read_closed || c.ended != EndReason::none);
}

Status can_receive(Connection& c) noexcept {
  if (c.readable() > 0) return {};
  // What ended it is told once, after what had come was read; the peer's FIN comes before it.
  if (c.state == State::closed && !c.fin_received) {
    if (const std::error_code error = take_error(c)) return fail(error);
  }
  if (at_end(c)) return {};
  return fail(std::errc::operation_would_block);
}

void after_receive(Connection& c, std::uint32_t bytes, Context& context) noexcept {
  tune_receive_buffer(c, bytes, context);
  if (c.urgent_received && at_or_after(c.rcv_read(), c.rcv_up)) c.urgent_received = false;
  if (window_update_due(c, context.settings, context.scarce))
    request_ack(c, Reason::send_window_update);
}

Status close_sending(Connection& c, Context& context) noexcept {
  if (c.fin_queued) return {};
  // The FIN is accounted for like data; a connection that was idle has given its account back.
  const bool sends_fin = c.state == State::syn_received || c.state == State::established ||
                         c.state == State::close_wait;
  if (sends_fin && !ensure_transfer(c, context)) return fail(std::errc::no_buffer_space);
  switch (c.state) {
    case State::syn_sent:
      // "Delete the TCB": nobody has answered, so there is nobody to tell.
      end(c, EndReason::aborted, Reason::state_close, context);
      return {};
    case State::syn_received:
      c.fin_queued = true;
      // "If no SENDs have been issued and there is no pending data to send, then form a FIN segment
      // and send it, and enter FIN-WAIT-1 state; otherwise, queue for processing after entering
      // ESTABLISHED state."
      if (c.unsent() == 0) set_state(c, State::fin_wait_1, Reason::state_close, context);
      return {};
    case State::established:
      c.fin_queued = true;
      set_state(c, State::fin_wait_1, Reason::state_close, context);
      return {};
    case State::close_wait:
      c.fin_queued = true;
      set_state(c, State::last_ack, Reason::state_close, context);
      return {};
    default:
      return fail(std::errc::not_connected);
  }
}

void release(Connection& c, Context& context) noexcept {
  c.orphan = true;
  switch (c.state) {
    case State::closed:
      return;
    case State::syn_sent:
      // "Delete the TCB": nobody has answered, so there is nobody to tell.
      return end(c, EndReason::aborted, Reason::state_close, context);
    case State::syn_received:
    case State::established:
    case State::fin_wait_1:
    case State::fin_wait_2:
    case State::close_wait:
      if (c.readable() > 0) {
        return abort(c, Reason::send_rst_unread_data, EndReason::aborted, Reason::state_abort,
                     context);
      }
      break;
    default:
      break;
  }
  if (c.options.linger && c.options.linger_time == Duration::zero()) {
    return abort(c, Reason::send_rst_abort, EndReason::aborted, Reason::state_abort, context);
  }
  if (c.transfer) c.transfer->received.clear();
  if (const Status closed = close_sending(c, context);
      !closed && closed.error() == std::errc::no_buffer_space) {
    // Nobody is left to try again: the peer must learn of it some way.
    return abort(c, Reason::send_rst_abort, EndReason::no_resources, Reason::state_abort, context);
  }
  if (c.state == State::fin_wait_2) wait_for_peers_fin(c, context);
}

void wait_for_peers_fin(Connection& c, Context& context) noexcept {
  if (c.options.fin_wait_2 < Duration::zero()) {
    return abort(c, Reason::send_rst_abort, EndReason::aborted, Reason::state_abort, context);
  }
  const Duration wait =
      c.options.fin_wait_2 != Duration::zero() ? c.options.fin_wait_2 : context.settings.fin_wait_2;
  c.timers.set(Timer::ending, saturating_add(context.now, wait));
}

void abort(Connection& c, Reason reset_reason, EndReason how, Reason why,
           Context& context) noexcept {
  // <SEQ=SND.NXT><CTL=RST> where the peer may hold the connection for alive; elsewhere it is enough
  // to forget it.
  switch (c.state) {
    case State::syn_received:
    case State::established:
    case State::fin_wait_1:
    case State::fin_wait_2:
    case State::close_wait: {
      Reply reset;
      reset.local = c.local;
      reset.remote = c.remote;
      reset.interface = c.interface;
      reset.seq = acceptable_seq(c);
      reset.ack = c.rcv_nxt;
      reset.flags = wire::kRst | wire::kAck;
      reset.why = reset_reason;
      if (c.timestamps &&
          context.settings.profile == Profile::linux) {  // RFC 7323 section 3.2: SHOULD
        reset.options.timestamps = {timestamp_clock(context.now) + c.ts_offset, c.ts_recent};
      }
      reset.connection = c.number;
      context.replies.reply(reset);
      break;
    }
    default:
      break;
  }
  if (c.state != State::closed) end(c, how, why, context);
  if (c.transfer) c.transfer->received.clear();
}

std::error_code take_error(Connection& c) noexcept {
  if (c.ended != EndReason::none && c.ended != EndReason::orderly && !c.error_told) {
    c.error_told = true;
    // Who was told why it cannot be reached says that.
    if (c.ended == EndReason::unreachable && c.soft_error != std::errc{}) {
      return std::make_error_code(c.soft_error);
    }
    return error_of(c.ended);
  }
  if (c.has_soft_error && c.state != State::closed) {
    c.has_soft_error = false;
    return std::make_error_code(c.soft_error);
  }
  return {};
}

}  // namespace bowline::inline v0::tcp
