#pragma once

// A lane: one direction of a wire between two links, in whatever time its caller has.
//
// What the simulator does with packets between Stacks in virtual time, a lane does with the frames
// of any link: they go in as the link brought them, with large segments and unfinished checksums,
// are cut into wire packets, meet the accidents of the wire one by one, and come out when they are
// due, merged again where neighbours are due together.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bowline/base/buffer.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/base/random.hpp"
#include "bowline/base/time.hpp"
#include "bowline/sim/fifo.hpp"
#include "bowline/sim/pipe.hpp"
#include "bowline/sim/wire.hpp"

namespace bowline::inline v0::sim {

/// What a Lane did, in wire packets.
struct LaneCounters {
  std::uint64_t packets = 0;  ///< taken in
  std::uint64_t bytes = 0;    ///< theirs, from the IP header on
  std::uint64_t arrived = 0;  ///< given out, copies included
  /// What became of them, by Fate. Those that wait in a managed queue are not among them yet.
  std::array<std::uint64_t, static_cast<std::size_t>(Fate::too_big) + 1> fates{};
  std::uint64_t malformed = 0;  ///< asked to be cut and could not be
  std::uint64_t no_memory = 0;  ///< found no room under way (kMostUnderWay)

  /// How many met this fate.
  [[nodiscard]] std::uint64_t of(Fate fate) const noexcept {
    return fates[static_cast<std::size_t>(fate)];
  }
};

/// One direction of a wire. Refers to its pool, which must outlive it and the frames that it gives.
class Lane {
 public:
  /// The most packets that are under way; what finds no room is lost and counted. Enough for 1500
  /// bytes each at 10 Gbit/s over 150 ms.
  static constexpr std::size_t kMostUnderWay = 128U << 10;

  /// `random` decides the accidents.
  Lane(const Wire& wire, Random random, BufferPool& pool) : pipe_(wire, random), pool_(pool) {}

  /// Takes the wire packets of `frame` (IP, as a Link receives it) at `now`, which never goes back.
  void put(const Frame& frame, Time now);

  /// When the next packet is due, or something happens in the queue; kNever if none is under way.
  [[nodiscard]] Time next() const noexcept {
    return ready_.empty() ? pipe_.next().at : ready_.front().at;
  }
  /// Fills `frames` from the front with packets that are due at `now`, in the order in which they
  /// are, merged; returns how many frames that made. 0: none is due, or the pool is exhausted.
  /// `due`, unless null, becomes the instant of the first.
  [[nodiscard]] std::size_t give(std::span<Frame> frames, Time now, Time* due = nullptr);

  [[nodiscard]] const LaneCounters& counters() const noexcept { return counters_; }  ///< So far.
  [[nodiscard]] const Wire& wire() const noexcept { return pipe_.wire(); }  ///< What it is like.

 private:
  void send(const Frame& packet, Time now);
  /// Lets everything happen that was to happen by `now`, each at its own instant.
  void advance(Time now);
  void count(Fate fate) noexcept { ++counters_.fates[static_cast<std::size_t>(fate)]; }

  Pipe pipe_;
  BufferPool& pool_;
  std::uint64_t order_ = 0;                  // PipeContext::order
  Fifo<Pipe::Arrival> ready_;                // due, not given out yet
  std::vector<Pipe::Departure> departures_;  // scratch
  std::vector<std::byte> scratch_;           // one packet
  LaneCounters counters_;
};

}  // namespace bowline::inline v0::sim
