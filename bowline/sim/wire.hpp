#pragma once

// A wire: what happens to packets between two nodes.
//
// `Wire` describes one direction, in the order in which a packet meets it: the queue in front of
// the transmitter, the transmitter's rate, then the distance with its accidents. `Pipe` is a wire
// in use. Only wire packets travel (the sender has cut its large segments and filled in the
// checksums before), so that one percent of loss is one percent of packets, and a flipped bit is
// there to be detected.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/base/time.hpp"
#include "bowline/sim/units.hpp"

namespace bowline::inline v0::sim {

/// One direction of a wire: `Wire{.rate = 10_mbps, .delay = 20ms, .loss = 1_percent}`.
struct Wire {
  Rate rate{};                 ///< of the transmitter
  Duration delay{};            ///< from the last bit sent to the packet's arrival
  Duration jitter{};           ///< added to the delay, evenly from 0 to this; keeps the order
  Chance loss{};               ///< of each packet, by itself
  Chance reorder{};            ///< that a packet is held back, so that later ones overtake it
  Duration reorder_by = 5ms;   ///< for how long
  Chance duplicate{};          ///< that a packet arrives a second time
  Duration duplicate_after{};  ///< how long after the first
  Chance corrupt{};            ///< that one bit of the packet is flipped
  std::uint32_t mtu = 1500;    ///< the largest IP packet, in bytes; a larger one is lost
  std::uint32_t queue =
      256_KiB;  ///< bytes that wait for the transmitter; what finds it full is lost
};

/// An IP packet under way. Never changed, so that a copy of a simulation may share it.
using Packet = std::shared_ptr<const std::vector<std::byte>>;

/// What became of a packet.
enum class Fate : std::uint8_t {
  passed,      ///< nothing happened to it
  reordered,   ///< held back
  duplicated,  ///< it arrives twice
  corrupted,   ///< a bit was flipped
  lost,        ///< by the wire's loss
  queue_full,  ///< the transmitter's queue had no room
  too_big,     ///< larger than the MTU
};

/// "passed", "reordered", ...
[[nodiscard]] std::string_view name(Fate fate) noexcept;

/// Does a packet with this fate arrive at all?
[[nodiscard]] constexpr bool arrives(Fate fate) noexcept { return fate < Fate::lost; }

/// A wire in use, one direction. Copyable: a copy goes on with the same accidents.
class Pipe {
 public:
  /// `random` decides the accidents of this direction alone.
  Pipe(const Wire& wire, Random random) : wire_(wire), random_(random) {}

  /// One arrival at the far end.
  struct Arrival {
    Time at{};      ///< when it arrives
    Packet packet;  ///< what arrives
  };
  /// What send() decided.
  struct Outcome {
    Fate fate = Fate::passed;  ///< what became of it
    std::uint8_t count = 0;    ///< of arrivals: 0, 1 or 2
    Arrival arrivals[2];       ///< the first `count`
  };

  /// Takes `packet` at `now`. Every packet that is transmitted draws the same count of random
  /// numbers, whatever happens to it, so that one accident does not shift the others.
  [[nodiscard]] Outcome send(Packet packet, Time now);

  [[nodiscard]] const Wire& wire() const noexcept { return wire_; }  ///< What it is like.
  /// From now on the wire is like this (a cable is cut: `.loss = 100_percent`). What is under way
  /// arrives.
  void change(const Wire& wire) noexcept { wire_ = wire; }

 private:
  [[nodiscard]] Packet flip_a_bit(const Packet& packet);

  Wire wire_;
  Random random_;
  Time free_at_{};       // the transmitter has sent everything by then
  Time last_arrival_{};  // of packets in order: jitter must not let one overtake another
  std::deque<std::pair<Time, std::uint32_t>> waiting_;  // when a packet has left, and its size
  std::uint64_t waiting_bytes_ = 0;
};

}  // namespace bowline::inline v0::sim
