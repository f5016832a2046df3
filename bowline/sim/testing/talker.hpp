#pragma once

// A talker: an application that sends a stream of known bytes, checks the one it gets, and closes.
//
// Every byte is a function of its stream's key and its place, so that a byte that is lost,
// repeated, swapped or from another stream shows at once. For tests and simulations of transfers.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/sim/actor.hpp"

namespace bowline::inline v0::sim::testing {

/// The byte at `offset` of the stream called `key`.
[[nodiscard]] constexpr std::byte talker_byte(std::uint64_t key, std::uint64_t offset) noexcept {
  std::uint64_t x = offset ^ key << 32;
  x = (x ^ x >> 29) * 0x9e3779b97f4a7c15;
  return static_cast<std::byte>(x >> 56);
}

/// What a talker does.
struct TalkerPlan {
  std::optional<Endpoint> connect;  ///< given: opens to there; else listens
  Endpoint local;                   ///< where it listens, or from where it connects (port 0: any)
  tcp::SocketOptions socket;
  std::uint64_t send_key = 0;
  std::uint64_t send_bytes = 0;
  std::uint64_t receive_key = 0;
  std::uint64_t receive_bytes = 0;       ///< how many must come before the end of the stream
  std::uint32_t largest_write = 16'384;  ///< each write is 1 to so many bytes
  std::uint32_t largest_read = 16'384;
  Duration pause{};          ///< between two writes, and between two reads: a slow application
  bool answer_last = false;  ///< sends nothing until the peer has finished (the half-closed way)
};

/// The application. Ends by close() when both directions are done.
class Talker final : public CopyableActor<Talker> {
 public:
  Talker(const TalkerPlan& plan, Random random) : plan_(plan), random_(random) {}

  /// Did everything go as planned, the close included?
  [[nodiscard]] bool done() const noexcept { return done_; }
  /// What went wrong; empty: nothing so far.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  /// Its connection; names nothing before there is one.
  [[nodiscard]] Handle socket() const noexcept { return socket_; }

  Time act(Stack& stack, std::span<const Ready> ready, Time now) override;

 private:
  bool begin(Stack& stack, Time now);
  bool accept(Stack& stack, Time now);
  void write(Stack& stack, Time now);
  void read(Stack& stack, Time now);
  void fail(std::string what) {
    if (failure_.empty()) failure_ = std::move(what);
  }

  TalkerPlan plan_;
  Random random_;
  Handle listener_;
  Handle socket_;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  Time next_write_ = Time::min();
  Time next_read_ = Time::min();
  bool begun_ = false;
  bool finished_sending_ = false;
  bool peer_finished_ = false;
  bool done_ = false;
  std::string failure_;
};

}  // namespace bowline::inline v0::sim::testing
