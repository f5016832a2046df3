#include "bowline/sim/testing/talker.hpp"

namespace bowline::inline v0::sim::testing {

Time Talker::act(Stack& stack, std::span<const Ready>, Time now) {
  if (done_ || !failure_.empty()) return kNever;
  if (!begun_ && !begin(stack, now)) return kNever;
  if (!socket_ && !accept(stack, now)) return kNever;
  read(stack, now);
  write(stack, now);
  if (!failure_.empty()) return kNever;
  if (finished_sending_ && peer_finished_) {
    if (const Status closed = stack.close(socket_, now); !closed) {
      fail("close: " + closed.error().message());
    }
    if (listener_) (void)stack.close(listener_, now);
    done_ = true;
    return kNever;
  }
  Time next = kNever;
  if (next_write_ > now && !finished_sending_) next = std::min(next, next_write_);
  if (next_read_ > now && !peer_finished_) next = std::min(next, next_read_);
  return next;
}

bool Talker::begin(Stack& stack, Time now) {
  begun_ = true;
  if (plan_.connect) {
    ConnectOptions how;
    how.remote = *plan_.connect;
    how.local = plan_.local;
    how.socket = plan_.socket;
    const auto socket = stack.connect(how, now);
    if (!socket) fail("connect: " + socket.error().message());
    if (socket) socket_ = *socket;
    return socket.has_value();
  }
  ListenOptions how;
  how.local = plan_.local;
  how.socket = plan_.socket;
  const auto listener = stack.listen(how, now);
  if (!listener) fail("listen: " + listener.error().message());
  if (listener) listener_ = *listener;
  return listener.has_value();
}

bool Talker::accept(Stack& stack, Time now) {
  const auto socket = stack.accept(listener_, now);
  if (socket) socket_ = *socket;
  if (!socket && socket.error() != std::errc::operation_would_block) {
    fail("accept: " + socket.error().message());
  }
  return socket.has_value();
}

void Talker::write(Stack& stack, Time now) {
  if (plan_.answer_last && !peer_finished_) return;
  std::vector<std::byte> bytes;
  while (sent_ < plan_.send_bytes && next_write_ <= now) {
    const std::uint64_t left = plan_.send_bytes - sent_;
    const auto count =
        static_cast<std::size_t>(std::min(1 + random_.below(plan_.largest_write), left));
    bytes.resize(count);
    for (std::size_t i = 0; i < count; ++i) bytes[i] = talker_byte(plan_.send_key, sent_ + i);
    const auto taken = stack.write(socket_, bytes, now);
    if (!taken && taken.error() == std::errc::operation_would_block) return;
    if (!taken) return fail("write: " + taken.error().message());
    sent_ += *taken;
    if (plan_.pause > Duration::zero()) next_write_ = now + plan_.pause;
  }
  if (sent_ < plan_.send_bytes || finished_sending_) return;
  if (!plan_.connect || (stack.readiness(socket_) & kWritable) != 0) {
    // Finished: the peer may go on for as long as it likes (RFC 9293 section 3.6.1).
    const Status shut = stack.shutdown(socket_, Direction::send, now);
    if (!shut) return fail("shutdown: " + shut.error().message());
    finished_sending_ = true;
  }
}

void Talker::read(Stack& stack, Time now) {
  std::vector<std::byte> bytes(plan_.largest_read);
  while (!peer_finished_ && next_read_ <= now) {
    const auto size = static_cast<std::size_t>(1 + random_.below(plan_.largest_read));
    const auto got = stack.read(socket_, std::span(bytes).first(size), now);
    if (!got && got.error() == std::errc::operation_would_block) return;
    if (!got) return fail("read: " + got.error().message());
    if (*got == 0) {
      peer_finished_ = true;
      if (received_ != plan_.receive_bytes) {
        fail("the stream ended after " + std::to_string(received_) + " of " +
             std::to_string(plan_.receive_bytes) + " bytes");
      }
      return;
    }
    for (std::size_t i = 0; i < *got; ++i) {
      if (bytes[i] != talker_byte(plan_.receive_key, received_ + i)) {
        return fail("byte " + std::to_string(received_ + i) + " is wrong");
      }
    }
    received_ += *got;
    if (plan_.pause > Duration::zero()) next_read_ = now + plan_.pause;
  }
}

}  // namespace bowline::inline v0::sim::testing
