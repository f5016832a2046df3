#pragma once

// For the drivers' tests: a Stack with a link and an address, and applications that carry bytes.

#include <algorithm>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "bowline/driver/turn.hpp"
#include "bowline/link/link.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::driver::test {

/// The value, or an exception: in a test there is no going on.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}
inline void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message());
}

/// A Stack and its turns.
class TestHost {
 public:
  explicit TestHost(std::uint64_t seed, std::size_t batch = Turn::kMaxBatch)
      : stack(make(seed)), turn(stack, batch) {}

  InterfaceId attach(Link& link, std::string_view address) {
    const InterfaceId interface = must(turn.add_link(link));
    must(stack.add_address(interface, *Cidr::parse(address)));
    return interface;
  }

  Stack stack;
  Turn turn;

 private:
  static Stack make(std::uint64_t seed) {
    StackConfig config;
    config.seed = {seed, seed + 1, seed + 2, seed + 3};
    return must(Stack::create(config));
  }
};

/// The byte at `offset` of what the tests send.
constexpr std::byte byte_at(std::size_t offset) {
  return static_cast<std::byte>(offset * 31 + offset / 255);
}

/// Sends `total` bytes once connected, and finishes.
class Sender {
 public:
  Sender(Stack& stack, const Endpoint& to, std::size_t total, Time now) : total_(total) {
    ConnectOptions options;
    options.remote = to;
    socket_ = must(stack.connect(options, now));
  }
  Time operator()(Stack& stack, Time now) {
    while (stack.poll_ready()) {
    }
    // Not before it is open: finishing earlier would take the open back (RFC 9293 3.10.4).
    if (sent_ == 0 && (stack.readiness(socket_) & kWritable) == 0) return kNever;
    while (sent_ < total_) {
      std::vector<std::byte> chunk(std::min<std::size_t>(total_ - sent_, 65'536));
      for (std::size_t i = 0; i < chunk.size(); ++i) chunk[i] = byte_at(sent_ + i);
      const auto took = stack.write(socket_, chunk, now);
      if (!took) return kNever;
      sent_ += *took;
    }
    if (!finished_) {
      must(stack.shutdown(socket_, Direction::send, now));
      finished_ = true;
    }
    std::byte none{};
    const auto end = stack.read(socket_, {&none, 1}, now);
    if (end && *end == 0 && !closed_) {
      must(stack.close(socket_, now));
      closed_ = true;
    }
    return kNever;
  }
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  Handle socket_;
  std::size_t total_;
  std::size_t sent_ = 0;
  bool finished_ = false;
  bool closed_ = false;
};

/// Accepts one connection, checks what comes, and closes when the peer has finished.
class Receiver {
 public:
  Receiver(Stack& stack, const Endpoint& at, Time now) {
    ListenOptions options;
    options.local = at;
    listener_ = must(stack.listen(options, now));
  }
  Time operator()(Stack& stack, Time now) {
    while (stack.poll_ready()) {
    }
    if (!socket_) {
      const auto accepted = stack.accept(listener_, now);
      if (!accepted) return kNever;
      socket_ = *accepted;
    }
    std::vector<std::byte> chunk(65'536);
    while (!done_) {
      const auto got = stack.read(*socket_, chunk, now);
      if (!got) return kNever;
      for (std::size_t i = 0; i < *got; ++i)
        intact_ = intact_ && chunk[i] == byte_at(received_ + i);
      received_ += *got;
      if (*got > 0) continue;
      must(stack.close(*socket_, now));
      must(stack.close(listener_, now));
      done_ = true;
    }
    return kNever;
  }
  [[nodiscard]] std::size_t received() const { return received_; }
  [[nodiscard]] bool intact() const { return intact_; }
  [[nodiscard]] bool done() const { return done_; }

 private:
  Handle listener_;
  std::optional<Handle> socket_;
  std::size_t received_ = 0;
  bool intact_ = true;
  bool done_ = false;
};

}  // namespace bowline::inline v0::driver::test
