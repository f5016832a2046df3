// The write family of a stream socket: tcp_sendmsg_locked().

#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "bowline/sockets/stream_socket.hpp"

namespace bowline::inline v0::sockets {
namespace {

constexpr unsigned kSending = 2;

}  // namespace

Call StreamSocket::send(Outgoing message) {
  const int flags = message.flags;
  Sending sending{std::move(message), 0, false};
  if ((flags & MSG_FASTOPEN) != 0 || deferred_) {
    if (const auto outcome = fast_open(sending)) return *outcome;
  }
  return attempt([this, sending = std::move(sending)](
                     bool may_wait) mutable { return send_step(sending, may_wait); },
                 settings_.send_timeout, flags);
}

// tcp_sendmsg_fastopen() and __inet_stream_connect(): opens, with as much of the data on the SYN as
// goes there. Nothing: what is left is sent as usual.
std::optional<Outcome> StreamSocket::fast_open(Sending& sending) {
  if (!host_.stack.config().tcp.fast_open.client) return failed(EOPNOTSUPP);
  const Outgoing& message = sending.message;
  const auto family = family_of(message.to, message.to_length);
  if (family && *family == AF_UNSPEC) return failed(EOPNOTSUPP);
  if (deferred_) return open_with_data(*std::exchange(deferred_, std::nullopt), sending);
  switch (phase_) {
    case Phase::connected:
      return failed(EISCONN);
    case Phase::connecting:
      break;
    case Phase::unconnected: {
      if (state() != TCP_CLOSE) return failed(EISCONN);
      const auto remote = read_address(domain(), message.to, message.to_length);
      if (!remote) return failed(remote.error());
      return open_with_data(*remote, sending);
    }
  }
  // It was begun before: once it is open the flag means nothing.
  const int state = this->state();
  const bool opening = state == TCP_SYN_SENT || state == TCP_SYN_RECV;
  if (opening && !may_wait(message.flags)) return failed(EALREADY);
  sending.opens = true;
  return std::nullopt;
}

std::optional<Outcome> StreamSocket::open_with_data(const Endpoint& remote, Sending& sending) {
  const Outgoing& message = sending.message;
  const std::uint32_t room = fast_open_room(remote);
  const std::size_t takes = std::min<std::size_t>(room, message.bytes.size());
  tcp_.data_follows = may_wait(message.flags) && takes < message.bytes.size();
  if (const int error = open(remote, true)) {
    phase_ = Phase::unconnected;
    return failed(error);
  }
  phase_ = Phase::connecting;
  sending.opens = true;
  while (sending.sent < takes) {
    const auto next = message.bytes.at(sending.sent);
    const auto written = host_.stack.write(
        handle_, next.first(std::min(next.size(), takes - sending.sent)), host_.now);
    if (!written) break;
    sending.sent += *written;
  }
  if (may_wait(message.flags)) return std::nullopt;
  return sending.sent > 0 ? returned(static_cast<std::int64_t>(sending.sent)) : failed(EINPROGRESS);
}

// do_error and out_err of tcp_sendmsg_locked(), with sk_stream_error().
Outcome StreamSocket::stop_sending(const Sending& sending, int error) {
  if (sending.sent > 0) return returned(static_cast<std::int64_t>(sending.sent));
  if (error == EPIPE) {
    if (const int pending = take_error()) error = pending;
  }
  Outcome outcome = failed(error);
  outcome.broken_pipe = error == EPIPE && (sending.message.flags & MSG_NOSIGNAL) == 0;
  return outcome;
}

std::optional<Outcome> StreamSocket::send_step(Sending& sending, bool may_wait) {
  const auto now = view();
  const int state = this->state();
  if (sending.opens && state == TCP_CLOSE) return connect_step(EINPROGRESS, may_wait);
  if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT && !(now && now->early)) {
    // sk_stream_wait_connect()
    if (sending.sent == 0) {
      if (const int error = take_error()) return stop_sending(sending, error);
    }
    if (state != TCP_SYN_SENT && state != TCP_SYN_RECV) return stop_sending(sending, EPIPE);
    if (!may_wait) return stop_sending(sending, EAGAIN);
    if (!tcp_.data_follows && sending.sent < sending.message.bytes.size()) {  // sk_write_pending
      tcp_.data_follows = true;
      static_cast<void>(apply());
    }
    return std::nullopt;
  }
  if (phase_ == Phase::connecting) phase_ = Phase::connected;
  sending.opens = false;
  if (error_ != 0 || (shut(now) & kSending) != 0) return stop_sending(sending, EPIPE);

  if (const int error = wrong_control(sending.message, host_.limits.net_admin)) {
    return stop_sending(sending, error);
  }

  const Buffers& bytes = sending.message.bytes;
  // sk_stream_wait_memory(): who waits is woken when there is room that is worth it.
  if (sending.waits && may_wait && (host_.stack.readiness(handle_) & kWritable) == 0) {
    return std::nullopt;
  }
  tcp::WriteHow how;
  how.by_packet = host_.transmit != nullptr;
  while (sending.sent < bytes.size()) {
    const std::span<const std::byte> next = bytes.at(sending.sent);
    const bool last = sending.sent + next.size() == bytes.size();
    how.more = !last || (sending.message.flags & MSG_MORE) != 0;
    how.end_of_record = last && (sending.message.flags & MSG_EOR) != 0;
    how.continued = sending.sent > 0;
    const auto written = host_.stack.write(handle_, next, host_.now, how);
    if (written) {
      sending.sent += *written;
      if (*written < next.size() && host_.transmit != nullptr) host_.transmit();
      continue;
    }
    const int error = written.error().value();
    // Out of buffers: Linux waits for memory as it waits for room.
    if (error != EAGAIN && error != EWOULDBLOCK && error != ENOBUFS) {
      return stop_sending(sending, error);
    }
    heard_ &= static_cast<std::uint8_t>(~kWritable);  // SOCK_NOSPACE: the next room is news
    if (may_wait) {
      sending.waits = true;
      return std::nullopt;
    }
    return stop_sending(sending, EAGAIN);
  }
  if (bytes.size() > 0 && (sending.message.flags & MSG_OOB) != 0) {
    static_cast<void>(host_.stack.mark_urgent(handle_, host_.now));
  }
  return returned(static_cast<std::int64_t>(bytes.size()));
}

}  // namespace bowline::inline v0::sockets
