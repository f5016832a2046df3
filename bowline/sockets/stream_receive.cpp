// The read family of a stream socket: tcp_recvmsg_locked().

#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "bowline/sockets/stream_socket.hpp"

namespace bowline::inline v0::sockets {
namespace {

constexpr unsigned kReceiving = 1;

}  // namespace

Call StreamSocket::receive(Incoming message) {
  // There is no error queue: errors that IP_RECVERR would put there do not come.
  if ((message.flags & MSG_ERRQUEUE) != 0) return failed(EAGAIN);
  if (listening()) return failed(ENOTCONN);
  if ((message.flags & MSG_OOB) != 0) return receive_urgent(message);
  const int flags = message.flags;
  return attempt([this, receiving = Receiving{std::move(message), 0}](
                     bool may_wait) mutable { return receive_step(receiving, may_wait); },
                 settings_.receive_timeout, flags);
}

std::optional<Outcome> StreamSocket::receive_step(Receiving& receiving, bool may_wait) {
  const Incoming& message = receiving.message;
  const bool peeks = (message.flags & MSG_PEEK) != 0;
  const std::size_t size = message.bytes.size();
  // sock_rcvlowat()
  const std::size_t target = std::max<std::size_t>(
      (message.flags & MSG_WAITALL) != 0
          ? size
          : std::min(static_cast<std::size_t>(settings_.receive_low_water), size),
      1);
  if (peeks) receiving.copied = 0;  // what was seen before is seen again
  while (true) {
    auto now = view();
    if (now) {
      follow_urgent(*now);
      if (receiving.copied > 0 && !peeks && now->urgent == 1) break;  // stops at the mark
      if (!peeks) pass_urgent(*now);
      now = view();
    }
    // A peek starts at the first byte each time, behind an urgent one; so does what it counts.
    const std::size_t skipped = peeks && now && now->urgent == 1 && !settings_.oob_inline ? 1 : 0;
    const std::size_t waiting =
        now ? now->receive_queue - std::min<std::size_t>(now->receive_queue, skipped) : 0;
    const bool readable = (shut_ & kReceiving) == 0 || waiting > 0;
    if (readable && waiting > (peeks ? receiving.copied : 0)) {
      if (size == 0) return finish_receiving(message, 0, 0);
      const std::size_t seen = peeks ? receiving.copied : 0;
      std::size_t most = size - receiving.copied;
      if (now->urgent > 1) {
        if (now->urgent - 1 <= seen) break;
        most = std::min(most, now->urgent - 1 - seen);
      }
      const std::size_t taken = take(receiving, most, skipped);
      receiving.copied += taken;
      if (receiving.copied == size) break;
      if (taken > 0) continue;
      if (receiving.copied > 0) break;  // an urgent byte stands in the way
    }
    if (receiving.copied >= target) break;
    const int state = this->state();
    const bool ended = (shut(now) & kReceiving) != 0;
    if (receiving.copied > 0) {
      const bool over = ended || state == TCP_CLOSE || error_ != 0;
      if (over || !may_wait) break;
      return std::nullopt;
    }
    // "SOCK_DONE": after the peer's FIN, errors are for write() and SO_ERROR.
    if (!(now && now->fin_received)) {
      if (const int error = take_error()) return failed(error);
    }
    if (ended) break;
    if (state == TCP_CLOSE) return failed(ENOTCONN);
    if (!may_wait) return failed(EAGAIN);
    return std::nullopt;
  }
  return finish_receiving(message, receiving.copied, 0);
}

// Moves up to `most` bytes into (or, with MSG_TRUNC, past) the buffers. Returns how many.
std::size_t StreamSocket::take(const Receiving& receiving, std::size_t most, std::size_t skipped) {
  const Incoming& message = receiving.message;
  if ((message.flags & MSG_PEEK) != 0 && discards(message.flags)) {
    const auto now = view();
    const std::size_t waiting = now ? now->receive_queue : 0;
    return std::min(most, waiting - std::min(waiting, receiving.copied + skipped));
  }
  if ((message.flags & MSG_PEEK) != 0) {
    const auto to = message.bytes.at(receiving.copied);
    const auto seen = host_.stack.peek(handle_, to.first(std::min(to.size(), most)),
                                       static_cast<std::uint32_t>(receiving.copied + skipped));
    return seen ? *seen : 0;
  }
  if ((message.flags & MSG_TRUNC) != 0) {
    constexpr std::size_t kMost = 0x7fffffff;
    const auto slice = host_.stack.read_slice(
        handle_, static_cast<std::uint32_t>(std::min(most, kMost)), host_.now);
    return slice ? slice->size() : 0;
  }
  const auto to = message.bytes.at(receiving.copied);
  const auto got = host_.stack.read(handle_, to.first(std::min(to.size(), most)), host_.now);
  return got ? *got : 0;
}

Outcome StreamSocket::finish_receiving(const Incoming& message, std::size_t count, int flags) {
  if (message.from_length != nullptr && message.from != nullptr) *message.from_length = 0;
  if (message.message != nullptr) {
    ControlWriter control(message.message);
    if (stream_.inq) {
      const auto now = view();
      int waiting = now ? static_cast<int>(now->receive_queue) : 0;
      if (waiting == 0 && (shut(now) & kReceiving) != 0) waiting = 1;  // tcp_inq_hint()
      control.put(SOL_TCP, TCP_CM_INQ, &waiting, sizeof waiting);
    }
    control.finish(flags);
    message.message->msg_namelen = 0;
    message.message->msg_flags = flags;
  }
  return returned(static_cast<std::int64_t>(count));
}

// ---- urgent data. The Stack has it where it stands in the stream (RFC 9293 section 3.8.5); BSD
// ---- takes the one byte before the pointer out of it, unless SO_OOBINLINE is set.

// Has the peer announced another urgent byte since we last looked?
void StreamSocket::follow_urgent(const ConnectionView& view) {
  if (view.urgent == 0) {
    if (urgent_ == Urgent::announced) urgent_ = Urgent::none;  // it was read in line
    return;
  }
  if (urgent_ != Urgent::none && view.rcv_up == urgent_end_) return;
  urgent_ = Urgent::announced;
  urgent_end_ = view.rcv_up;
}

// The urgent byte is the next: whoever reads on passes it, and has lost it unless MSG_OOB came
// before.
void StreamSocket::pass_urgent(const ConnectionView& view) {
  if (settings_.oob_inline || view.urgent != 1 || view.receive_queue == 0) return;
  std::byte byte{};
  const auto got = host_.stack.read(handle_, {&byte, 1}, host_.now);
  if (got && *got == 1) urgent_ = Urgent::none;
}

// tcp_recv_urg()
Outcome StreamSocket::receive_urgent(const Incoming& message) {
  const auto now = view();
  if (now) follow_urgent(*now);
  if (settings_.oob_inline || urgent_ == Urgent::none || urgent_ == Urgent::read) {
    return failed(EINVAL);
  }
  const bool keeps = (message.flags & MSG_PEEK) != 0;
  if (!now || now->urgent > now->receive_queue) {  // it has not come yet
    return (shut(now) & kReceiving) != 0 ? returned(0) : failed(EAGAIN);
  }
  std::byte byte{};
  const auto seen = host_.stack.peek(handle_, {&byte, 1}, now->urgent - 1);
  if (!seen || *seen != 1) return failed(EAGAIN);
  if (!keeps) urgent_ = Urgent::read;
  const auto to = message.bytes.at(0);
  if (to.empty()) return finish_receiving(message, 0, MSG_OOB | MSG_TRUNC);
  to[0] = byte;
  return finish_receiving(message, 1, MSG_OOB);
}

}  // namespace bowline::inline v0::sockets
