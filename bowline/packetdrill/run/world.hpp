#pragma once

// The stack under test, its sockets, and the time.
//
// One Stack with one interface, whose other end is the script: packets go in, and what comes out
// waits in a queue with the instant at which it left. Time is a number that goes on when the script
// waits; timers of the Stack run on the way, each at its own instant. A hook runs whenever anything
// may have happened: a call that blocks looks there whether it can go on.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bowline/base/decision.hpp"
#include "bowline/link/link.hpp"
#include "bowline/packetdrill/run/config.hpp"
#include "bowline/sockets/socket_table.hpp"
#include "bowline/stack/stack.hpp"
#include "bowline/trace/capture_link.hpp"
#include "bowline/trace/recorder.hpp"

namespace bowline::inline v0::packetdrill {

/// A packet that the stack has sent.
struct SentPacket {
  Time at{};                     ///< when
  std::vector<std::byte> bytes;  ///< from the IP header on
};

/// Where a script runs.
class World {
 public:
  /// Starts at `start()` with the stack that `config` and `settings` describe, watched by
  /// `recorder` unless that is null (it must outlive this).
  World(const RunConfig& config, const tcp::Settings& settings, trace::Recorder* recorder);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// When every script begins: not at the origin, so that nothing is 0 by chance.
  [[nodiscard]] static constexpr Time start() noexcept { return Time{} + 1h; }

  [[nodiscard]] Time now() const noexcept { return now_; }                    ///< The time.
  [[nodiscard]] Stack& stack() noexcept { return *stack_; }                   ///< Under test.
  [[nodiscard]] sockets::SocketTable& sockets() noexcept { return *table_; }  ///< Its sockets.

  /// Called after anything has happened; returns when it wants to be called at the latest.
  void set_hook(std::function<Time()> hook) { hook_ = std::move(hook); }

  /// `packet` arrives now.
  void inject(std::span<const std::byte> packet);
  /// Takes what the stack wants to send, and lets the hook look. After every call.
  void settle();
  /// Lets time pass, and timers run, until `until`. False: work without end at one instant.
  [[nodiscard]] bool run_until(Time until);
  /// From now on the interface takes nothing (a queue with room for nothing), or takes packets
  /// again.
  void refuse(bool refusing) noexcept;
  /// Has a packet been sent that next_packet() would give at once?
  [[nodiscard]] bool has_packet() const noexcept;
  /// When anything happens next by itself; kNever: nothing is under way.
  [[nodiscard]] Time next_event() const noexcept;
  /// The next packet sent, waiting for it until `until` at the longest.
  [[nodiscard]] std::optional<SentPacket> next_packet(Time until);

  /// The last decisions of the stack, one line each, the latest last.
  [[nodiscard]] std::vector<std::string> last_decisions() const;

 private:
  class Wire;
  class Log;

  void take_output();
  bool step(Time until);

  RunConfig config_;
  Time now_ = start();
  std::optional<Stack> stack_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Wire> wire_;
  std::unique_ptr<trace::CaptureLink> capture_;
  std::unique_ptr<sockets::SocketTable> table_;
  Link* link_ = nullptr;
  std::function<Time()> hook_;
  Time hook_at_ = kNever;
  std::uint64_t steps_at_once_ = 0;
};

}  // namespace bowline::inline v0::packetdrill
