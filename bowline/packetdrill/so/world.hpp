#pragma once

// A Stack, one interface, and the time: what a packetdrill script runs against.
//
// Time is virtual. It stands still while the stack works, and moves when the script sleeps or waits
// for a packet; on its way it stops at every deadline of the stack, so that what a timer sends
// leaves at the instant at which it is due. Large segments are cut to packets, as a network device
// would, and wait in order with the time at which they left.

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "bowline/base/time.hpp"
#include "bowline/link/segment.hpp"
#include "bowline/packetdrill/so/flags.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::packetdrill {

/// A packet that has left the stack.
struct SentPacket {
  std::vector<std::byte> bytes;  ///< from its IP header on
  Time at{};                     ///< when it left
};

/// The stack under test in its network. Not movable: the stack's sink refers to it.
class World {
 public:
  /// Throws std::system_error when the Stack cannot be made.
  World(const NetworkFlags& network, const tcp::Settings& settings);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] Stack& stack() noexcept { return stack_; }  ///< The stack under test.
  [[nodiscard]] Time now() const noexcept { return now_; }  ///< Virtual time.
  [[nodiscard]] const NetworkFlags& network() const noexcept {
    return network_;
  }  ///< As it was made.

  /// From now on the interface takes nothing (a queue with room for nothing), or takes packets
  /// again.
  void refuse(bool refusing) noexcept { refusing_ = refusing; }
  /// A packet arrives from the network, now. False when there is no memory for it.
  bool inject(std::span<const std::byte> packet);
  /// Takes what the stack wants to send; called after everything that may make it want to.
  void collect();
  /// The oldest packet that has left; nothing: there is none yet.
  [[nodiscard]] std::optional<SentPacket> take_packet();
  [[nodiscard]] bool has_packet() const noexcept {
    return !sent_.empty();
  }  ///< Would take_packet() give one?

  /// When the stack wants to be called next; kNever: never, unless something happens to it.
  [[nodiscard]] Time next_deadline() const noexcept;
  /// Moves the time to `to` (not before now()), which must not lie behind next_deadline(), and lets
  /// the stack work.
  void move_to(Time to);

 private:
  // Copies packets out of the stack's frames.
  class Queue final : public FrameSink {
   public:
    explicit Queue(World& world) : world_(world) {}
    std::size_t take(std::span<Frame> frames) noexcept override;

   private:
    World& world_;
  };

  NetworkFlags network_;
  Stack stack_;
  InterfaceId interface_{};
  Time now_;
  bool refusing_ = false;
  std::deque<SentPacket> sent_;
  Queue queue_{*this};
  CuttingSink cutter_;
};

}  // namespace bowline::inline v0::packetdrill
