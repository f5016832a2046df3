#pragma once

// A bridge: two links joined by a wire of the simulator, in real time.
//
// What comes from one link goes out at the other when the wire has brought it there, and the other
// way round. The bridge has no clock and does not wait: whoever drives it calls turn() when a link
// has something or when next_deadline() has come. Being late is the price of real time; the bridge
// keeps account of it, so that a measurement over it can say how faithful it was.

#include <array>
#include <cstddef>
#include <cstdint>

#include "bowline/base/buffer.hpp"
#include "bowline/base/time.hpp"
#include "bowline/link/link.hpp"
#include "bowline/sim/lane.hpp"

namespace bowline::inline v0::sim {

/// How late packets left, as counts of turns in which some did.
class Lateness {
 public:
  /// Upper ends of the classes; the last class has none.
  static constexpr std::array<Duration, 9> kClasses{50us, 100us, 200us, 500us, 1ms,
                                                    2ms,  5ms,   10ms,  50ms};

  /// A turn gave out packets the first of which was due `late` before.
  void add(Duration late) noexcept;
  /// An upper bound of the lateness of `share` (0 to 1) of the turns: the end of a class, or
  /// most().
  [[nodiscard]] Duration of(double share) const noexcept;
  /// The latest.
  [[nodiscard]] Duration most() const noexcept { return most_; }
  /// How many turns gave out something.
  [[nodiscard]] std::uint64_t turns() const noexcept { return turns_; }

 private:
  std::array<std::uint64_t, kClasses.size() + 1> counts_{};
  std::uint64_t turns_ = 0;
  Duration most_{};
};

/// Two links and the wire between them. Refers to the links, which must outlive it.
class Bridge {
 public:
  /// Packets leave at most this much later than they are due, on a machine that is not late itself:
  /// a packet that is due waits for its neighbours up to now, so that at high rates several share a
  /// turn (as a network card's interrupts do) and are merged.
  static constexpr Duration kGather = 50us;

  /// `there` leads from `left` to `right`, `back` from `right` to `left`. The same `seed` brings
  /// the same accidents to the same succession of packets.
  Bridge(Link& left, Link& right, const Wire& there, const Wire& back, std::uint64_t seed);

  /// Takes in what has arrived and gives out what is due at `now`, which never goes back.
  void turn(Time now);
  /// When turn() is to be called though no link has anything; kNever: then only.
  [[nodiscard]] Time next_deadline() const noexcept;

  [[nodiscard]] const Lane& there() const noexcept { return there_; }  ///< From left to right.
  [[nodiscard]] const Lane& back() const noexcept { return back_; }    ///< From right to left.
  [[nodiscard]] const Lateness& lateness() const noexcept { return lateness_; }  ///< Of both.
  /// Packets that a link did not take when they were due; they are lost.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

 private:
  void take_in(Link& from, Lane& lane, Time now);
  void give_out(Lane& lane, Link& to, Time now);

  Link& left_;
  Link& right_;
  BufferPoolOwner pool_;
  Lane there_;
  Lane back_;
  Lateness lateness_;
  std::uint64_t refused_ = 0;
  Time gave_out_ = Time::min();  // the last turn that did
};

}  // namespace bowline::inline v0::sim
