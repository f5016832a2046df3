#include "bowline/scenario/applications.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace bowline::inline v0::scenario {
namespace {

constexpr std::uint64_t kNoEnd = UINT64_MAX;

// Eight bytes of the stream `key`, those from 8 * `word` on.
constexpr std::uint64_t pattern(std::uint64_t key, std::uint64_t word) noexcept {
  std::uint64_t x = word + (key << 40);
  x = (x ^ x >> 29) * 0x9e3779b97f4a7c15;
  return x ^ x >> 32;
}

// The bytes from `offset` on. By words: a simulation of a fast wire spends its time here otherwise.
void fill(std::uint64_t key, std::uint64_t offset, std::span<std::byte> to) noexcept {
  for (std::size_t i = 0; i < to.size();) {
    const std::uint64_t word = pattern(key, (offset + i) / 8);
    for (std::uint64_t at = (offset + i) % 8; at < 8 && i < to.size(); ++at, ++i) {
      to[i] = static_cast<std::byte>(word >> (8 * at));
    }
  }
}

}  // namespace

void FlowEnd::fail(const char* what, const std::error_code& error) {
  if (progress_.failure.empty()) progress_.failure = std::string(what) + ": " + error.message();
}

bool FlowEnd::write_to(std::uint64_t end, Stack& stack, Time now) {
  std::array<std::byte, 16'384> bytes;
  while (progress_.sent < end) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(end - progress_.sent, bytes.size()));
    fill(send_key_, progress_.sent, std::span(bytes).first(count));
    const auto taken = stack.write(socket_, std::span(bytes).first(count), now);
    if (!taken && taken.error() == std::errc::operation_would_block) return false;
    if (!taken) {
      fail("write", taken.error());
      return false;
    }
    progress_.connected = true;
    progress_.sent += *taken;
  }
  return true;
}

void FlowEnd::read_to(std::uint64_t end, Stack& stack, Time now) {
  std::array<std::byte, 65'536> bytes;
  std::array<std::byte, 65'536> expected;
  while (!peer_finished_ && progress_.received < end) {
    const auto most =
        static_cast<std::size_t>(std::min<std::uint64_t>(end - progress_.received, bytes.size()));
    const auto got = stack.read(socket_, std::span(bytes).first(most), now);
    if (!got && got.error() == std::errc::operation_would_block) return;
    if (!got) return fail("read", got.error());
    progress_.connected = true;
    if (*got == 0) {
      peer_finished_ = true;
      return;
    }
    fill(receive_key_, progress_.received, std::span(expected).first(*got));
    if (std::memcmp(bytes.data(), expected.data(), *got) != 0) {
      progress_.failure = "a wrong byte was received after " + std::to_string(progress_.received);
      return;
    }
    if (progress_.first_byte == kNever) progress_.first_byte = now;
    progress_.last_byte = now;
    progress_.received += *got;
  }
}

void FlowEnd::finish_sending(Stack& stack, Time now) {
  if (finished_sending_) return;
  const Status shut = stack.shutdown(socket_, Direction::send, now);
  if (!shut) return fail("shutdown", shut.error());
  finished_sending_ = true;
}

void FlowEnd::close(Stack& stack, Time now) {
  const Status closed = stack.close(socket_, now);
  if (!closed) return fail("close", closed.error());
  progress_.done = true;
  progress_.done_at = now;
}

// ---- the end that opens -------------------------------------------------------------------------

Time Opener::act(Stack& stack, std::span<const Ready>, Time now) {
  if (over()) return kNever;
  if (now < plan_.start) return plan_.start;
  if (!socket_) {
    const auto opened = stack.connect({.remote = to_, .local = {}, .socket = socket_options_}, now);
    if (!opened) {
      fail("connect", opened.error());
      return kNever;
    }
    socket_ = *opened;
  }
  return plan_.kind == FlowKind::bulk ? bulk(stack, now) : request(stack, now);
}

Time Opener::bulk(Stack& stack, Time now) {
  const Time stop = plan_.duration ? saturating_add(plan_.start, *plan_.duration) : kNever;
  read_to(kNoEnd, stack, now);
  if (!over() && !finished_sending_) {
    const bool all = now >= stop || write_to(plan_.size.value_or(kNoEnd), stack, now);
    // In SYN-SENT the end would be that of the attempt (RFC 9293 section 3.10.4).
    const bool open = (stack.readiness(socket_) & kWritable) != 0;
    if (!over() && all && open) finish_sending(stack, now);
  }
  if (over()) return kNever;
  if (finished_sending_ && peer_finished_) {
    if (progress_.received != plan_.answer) {
      progress_.failure = "the answer ended after " + std::to_string(progress_.received) + " bytes";
    } else {
      close(stack, now);
    }
    return kNever;
  }
  return finished_sending_ || stop <= now ? kNever : stop;
}

Time Opener::request(Stack& stack, Time now) {
  for (;;) {
    const bool last = progress_.exchanges == plan_.repeat;
    if (!last && now < ask_next_) {
      // Between two exchanges a connection may die; its application sees that when it next asks.
      return ask_next_;
    }
    if (!last) {
      const std::uint64_t asked = plan_.request * (progress_.exchanges + 1ULL);
      if (progress_.sent + plan_.request == asked) asked_at_ = now;
      write_to(asked, stack, now);
      read_to(plan_.response * (progress_.exchanges + 1ULL), stack, now);
      if (peer_finished_ && !over()) progress_.failure = "the other end closed between responses";
      if (over() || progress_.received < plan_.response * (progress_.exchanges + 1ULL))
        return kNever;
      const Duration took = now - asked_at_;
      progress_.exchange_min =
          progress_.exchanges == 0 ? took : std::min(progress_.exchange_min, took);
      progress_.exchange_max = std::max(progress_.exchange_max, took);
      progress_.exchange_sum += took;
      ++progress_.exchanges;
      ask_next_ = saturating_add(now, plan_.pause);
      continue;
    }
    finish_sending(stack, now);
    if (!over()) read_to(kNoEnd, stack, now);
    if (!over() && peer_finished_) close(stack, now);
    return kNever;
  }
}

// ---- the end that listens -----------------------------------------------------------------------

bool Acceptor::accept(Stack& stack, Time now) {
  if (!listener_) {
    const auto listening = stack.listen({.local = at_, .socket = socket_options_}, now);
    if (!listening) {
      fail("listen", listening.error());
      return false;
    }
    listener_ = *listening;
  }
  if (socket_) return true;
  const auto accepted = stack.accept(listener_, now);
  if (accepted) socket_ = *accepted;
  if (!accepted && accepted.error() != std::errc::operation_would_block) {
    fail("accept", accepted.error());
  }
  return accepted.has_value();
}

Time Acceptor::act(Stack& stack, std::span<const Ready>, Time now) {
  if (over() || !accept(stack, now)) return kNever;
  read_to(kNoEnd, stack, now);
  if (!over() && plan_.kind == FlowKind::request) {
    const std::uint64_t whole = progress_.received / plan_.request;
    write_to(whole * plan_.response, stack, now);
  }
  if (!over() && peer_finished_) {
    const std::uint64_t all = plan_.kind == FlowKind::bulk
                                  ? plan_.answer
                                  : progress_.received / plan_.request * plan_.response;
    if (write_to(all, stack, now)) {
      finish_sending(stack, now);
      if (!over()) close(stack, now);
    }
  }
  return kNever;
}

}  // namespace bowline::inline v0::scenario
