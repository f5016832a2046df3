#pragma once

// The applications of a scenario: who opens, who listens, and what they send.
//
// Every byte is a function of its flow's key and its place, and the far end checks each one: a
// simulation that shows a goodput shows that of the right bytes.

#include <cstdint>
#include <string>
#include <vector>

#include "bowline/scenario/scenario.hpp"
#include "bowline/sim/actor.hpp"

namespace bowline::inline v0::scenario {

/// What one end of a flow has done so far.
struct Progress {
  std::uint64_t sent = 0;       ///< bytes written to the Stack
  std::uint64_t received = 0;   ///< bytes read, all of them right
  std::uint32_t exchanges = 0;  ///< request flows, at the opener: responses read whole
  Duration exchange_min{};      ///< from a request's first byte written to its response's last read
  Duration exchange_max{};
  Duration exchange_sum{};
  bool connected = false;
  Time first_byte = kNever;  ///< when a byte was read first
  Time last_byte = kNever;   ///< when the latest one was
  bool done = false;         ///< all was done as planned, and closed
  Time done_at = kNever;
  std::string failure;  ///< what went wrong; empty: nothing so far
};

/// What both ends have in common: a socket, what is sent on it and what is checked.
class FlowEnd {
 public:
  FlowEnd(const FlowPlan& plan, const tcp::SocketOptions& socket, std::uint64_t key, bool opener)
      : plan_(plan),
        socket_options_(socket),
        send_key_(2 * key + (opener ? 0 : 1)),
        receive_key_(2 * key + (opener ? 1 : 0)) {
    if (plan.congestion) socket_options_.congestion = plan.congestion;
  }

  [[nodiscard]] const Progress& progress() const noexcept { return progress_; }  ///< So far.
  /// Its connection; names nothing before there is one.
  [[nodiscard]] Handle socket() const noexcept { return socket_; }

 protected:
  /// Writes until `end` bytes of the stream are written or the buffer is full. True: all are.
  bool write_to(std::uint64_t end, Stack& stack, Time now);
  /// Reads and checks what is there, up to `end` bytes of the stream.
  void read_to(std::uint64_t end, Stack& stack, Time now);
  /// Ends the outgoing stream.
  void finish_sending(Stack& stack, Time now);
  /// Closes: done.
  void close(Stack& stack, Time now);
  void fail(const char* what, const std::error_code& error);
  [[nodiscard]] bool over() const noexcept { return progress_.done || !progress_.failure.empty(); }

  FlowPlan plan_;
  tcp::SocketOptions socket_options_;
  std::uint64_t send_key_;
  std::uint64_t receive_key_;
  Handle socket_;
  bool finished_sending_ = false;
  bool peer_finished_ = false;
  Progress progress_;
};

/// The end that opens the connection at the plan's start.
class Opener final : public sim::CopyableActor<Opener>, public FlowEnd {
 public:
  Opener(const FlowPlan& plan, const tcp::SocketOptions& socket, std::uint64_t key,
         const Endpoint& to)
      : FlowEnd(plan, socket, key, true), to_(to) {}
  Time act(Stack& stack, std::span<const Ready> ready, Time now) override;

 private:
  Time bulk(Stack& stack, Time now);
  Time request(Stack& stack, Time now);

  Endpoint to_;
  Time asked_at_{};
  Time ask_next_ = Time::min();
};

/// The end that listens and serves one connection.
class Acceptor final : public sim::CopyableActor<Acceptor>, public FlowEnd {
 public:
  Acceptor(const FlowPlan& plan, const tcp::SocketOptions& socket, std::uint64_t key,
           const Endpoint& at)
      : FlowEnd(plan, socket, key, false), at_(at) {}
  Time act(Stack& stack, std::span<const Ready> ready, Time now) override;

 private:
  bool accept(Stack& stack, Time now);

  Endpoint at_;
  Handle listener_;
};

}  // namespace bowline::inline v0::scenario
