#include "tests/random/end.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bowline/sim/testing/talker.hpp"

namespace bowline::random_simulation {

using sim::testing::talker_byte;

Time End::act(Stack& stack, std::span<const Ready>, Time now) {
  if (outcome_ == Outcome::waiting && !socket_ && !listener_) {
    const Time when = std::max(plan_.start, next_open_);
    if (now < when) return when;
    open(stack, now);
    if (outcome_ == Outcome::waiting && !listener_) return next_open_;
  }
  if (outcome_ == Outcome::waiting && listener_) accept(stack, now);
  if (outcome_ == Outcome::open) read(stack, now);
  if (outcome_ == Outcome::open) write(stack, now);
  if (outcome_ == Outcome::open) misbehave(stack, now);
  if (outcome_ == Outcome::open && finished_sending_ && peer_finished_) {
    end(stack, Outcome::finished, now);
  }
  if (outcome_ == Outcome::waiting && !listener_) return next_open_;
  if (outcome_ != Outcome::open) return kNever;
  Time next = kNever;
  if (next_write_ > now && !finished_sending_) next = std::min(next, next_write_);
  if (next_read_ > now && !peer_finished_) next = std::min(next, next_read_);
  return next;
}

void End::open(Stack& stack, Time now) {
  if (plan_.after != nullptr && !plan_.after->is_over()) {
    next_open_ = now + 1s;
    return;
  }
  if (plan_.connect) {
    ConnectOptions how;
    how.remote = *plan_.connect;
    how.local = plan_.local;
    how.socket = plan_.socket;
    const auto socket = stack.connect(how, now);
    if (!socket && try_later(socket.error(), now)) return;
    if (!socket) return wrong(stack, "connect: " + socket.error().message(), now);
    socket_ = *socket;
    outcome_ = Outcome::open;
    return;
  }
  const auto listener = stack.listen({.local = plan_.local, .socket = plan_.socket}, now);
  if (!listener && try_later(listener.error(), now)) return;
  if (!listener) return wrong(stack, "listen: " + listener.error().message(), now);
  listener_ = *listener;
}

/// The addresses are still another connection's, or nobody listens there yet.
bool End::try_later(std::error_code error, Time now) {
  if (!plan_.shares_addresses || received_ > 0 ||
      (error != std::errc::address_in_use && error != std::errc::connection_refused)) {
    return false;
  }
  next_open_ = now + 1s;
  sent_ = 0;
  napped_ = finished_sending_ = peer_finished_ = false;
  return true;
}

void End::accept(Stack& stack, Time now) {
  const auto socket = stack.accept(listener_, now);
  if (!socket && socket.error() == std::errc::operation_would_block) return;
  if (!socket) return wrong(stack, "accept: " + socket.error().message(), now);
  socket_ = *socket;
  if (plan_.shares_addresses) (void)stack.close(std::exchange(listener_, {}), now);
  outcome_ = Outcome::open;
}

void End::read(Stack& stack, Time now) {
  std::vector<std::byte> bytes(plan_.largest_read);
  while (!peer_finished_ && next_read_ <= now) {
    const auto size = static_cast<std::size_t>(1 + random_.below(plan_.largest_read));
    const auto got = stack.read(socket_, std::span(bytes).first(size), now);
    if (!got && got.error() == std::errc::operation_would_block) return;
    if (!got) return fail(stack, got.error(), now);
    if (*got == 0) {
      peer_finished_ = true;
      if (received_ != plan_.receive_bytes) {
        return wrong(stack, fmt::format("the stream ended early, after {} bytes", received_), now);
      }
      return;
    }
    for (std::size_t i = 0; i < *got; ++i) {
      if (bytes[i] != talker_byte(plan_.receive_key, received_ + i)) {
        return wrong(stack, fmt::format("byte {} is wrong", received_ + i), now);
      }
    }
    received_ += *got;
    if (received_ > plan_.receive_bytes) return wrong(stack, "more than was sent", now);
    if (plan_.read_pause > Duration::zero()) next_read_ = now + plan_.read_pause;
  }
}

void End::write(Stack& stack, Time now) {
  if (plan_.answer_last && !peer_finished_) return;
  std::vector<std::byte> bytes;
  while (sent_ < plan_.send_bytes && next_write_ <= now) {
    const std::uint64_t left = plan_.send_bytes - sent_;
    bytes.resize(static_cast<std::size_t>(std::min(1 + random_.below(plan_.largest_write), left)));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = talker_byte(plan_.send_key, sent_ + i);
    }
    const auto taken = stack.write(socket_, bytes, now);
    if (!taken && taken.error() == std::errc::operation_would_block) return;
    if (!taken) return fail(stack, taken.error(), now);
    sent_ += *taken;
    if (plan_.write_pause > Duration::zero()) next_write_ = now + plan_.write_pause;
    if (plan_.nap > Duration::zero() && !napped_ && sent_ >= plan_.send_bytes / 2) {
      napped_ = true;
      next_write_ = now + plan_.nap;
    }
  }
  if (sent_ < plan_.send_bytes || finished_sending_ || plan_.close_early) return;
  if (plan_.connect && (stack.readiness(socket_) & (kWritable | kError)) == 0) return;
  const Status shut = stack.shutdown(socket_, Direction::send, now);
  if (!shut) return fail(stack, shut.error(), now);
  finished_sending_ = true;
}

void End::misbehave(Stack& stack, Time now) {
  if (plan_.abort_after != 0 && sent_ + received_ >= plan_.abort_after) {
    (void)stack.abort(std::exchange(socket_, {}), now);
    return end(stack, Outcome::left, now);
  }
  const bool opened = !plan_.connect || (stack.readiness(socket_) & kWritable) != 0;
  if (plan_.close_early && opened && sent_ == plan_.send_bytes) {
    end(stack, Outcome::left, now);
  }
}

void End::leave(Stack& stack, Time now) {
  if (socket_) (void)stack.close(std::exchange(socket_, {}), now);
  if (listener_) (void)stack.close(std::exchange(listener_, {}), now);
  if (outcome_ == Outcome::waiting) outcome_ = Outcome::left;
}

void End::end(Stack& stack, Outcome outcome, Time now) {
  outcome_ = outcome;
  leave(stack, now);
}

void End::fail(Stack& stack, std::error_code error, Time now) {
  if (plan_.connect && try_later(error, now)) {
    (void)stack.close(std::exchange(socket_, {}), now);
    outcome_ = Outcome::waiting;
    return;
  }
  error_ = error;
  end(stack, Outcome::failed, now);
}

void End::wrong(Stack& stack, std::string what, Time now) {
  what_ = std::move(what);
  end(stack, Outcome::wrong, now);
}

std::string End::describe() const {
  static constexpr const char* kNames[]{"waiting", "open", "finished", "left", "failed", "WRONG"};
  return fmt::format(
      "{} {}: {}{}, sent {} of {}, received {} of {}", plan_.connect ? "client of" : "server at",
      (plan_.connect ? *plan_.connect : plan_.local).port,
      kNames[static_cast<std::size_t>(outcome_)],
      error_ ? " (" + error_.message() + ")" : (what_.empty() ? "" : " (" + what_ + ")"), sent_,
      plan_.send_bytes, received_, plan_.receive_bytes);
}

}  // namespace bowline::random_simulation
