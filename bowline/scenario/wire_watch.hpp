#pragma once

// What went over one direction of a wire.

#include <array>
#include <cstdint>

#include "bowline/scenario/thinned.hpp"
#include "bowline/sim/tap.hpp"
#include "bowline/sim/wire.hpp"

namespace bowline::inline v0::scenario {

/// How much waited for the transmitter.
struct QueuePoint {
  Time at{};
  std::uint64_t bytes = 0;

  /// The fullest of both: a peak must not disappear.
  void merge(const QueuePoint& later) noexcept {
    if (later.bytes >= bytes) *this = later;
  }
};

/// Counts the packets of one direction and follows its queue.
class WireWatch {
 public:
  /// `most` entries of the queue's series.
  explicit WireWatch(std::size_t most) : queue_(most) {}

  /// A packet of `size` bytes was put on it; `waiting` bytes wait now.
  void sent(Time now, std::uint64_t size, sim::Fate fate, std::uint64_t waiting);
  /// A packet left a managed queue, in which `waiting` bytes wait now.
  void departed(Time now, sim::Fate fate, std::uint64_t waiting);

  [[nodiscard]] std::uint64_t packets() const noexcept { return packets_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t count(sim::Fate fate) const noexcept {
    return fates_.at(static_cast<std::size_t>(fate));
  }
  /// Lost on the wire: by chance, or because it was cut.
  [[nodiscard]] std::uint64_t lost() const noexcept {
    return count(sim::Fate::lost) + count(sim::Fate::cut);
  }
  /// Lost in front of it: no room, or CoDel.
  [[nodiscard]] std::uint64_t dropped() const noexcept {
    return count(sim::Fate::queue_full) + count(sim::Fate::dropped);
  }
  [[nodiscard]] std::uint64_t queue_max() const noexcept { return queue_max_; }
  [[nodiscard]] const Thinned<QueuePoint>& queue() const noexcept { return queue_; }

 private:
  void waits(Time now, std::uint64_t bytes);

  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
  std::array<std::uint64_t, 32> fates_{};
  std::uint64_t queue_max_ = 0;
  Thinned<QueuePoint> queue_;
};

}  // namespace bowline::inline v0::scenario
