#pragma once

// A pipe: one direction of a wire in use.
//
// It keeps what is under way. A wire delivers in order, so that is a queue, of which only the front
// concerns the simulation's agenda; what was held back or copied waits aside. In front stands the
// transmitter. Without a managed queue everything about a packet is known as soon as it is sent:
// when it leaves, when it arrives. With CoDel it is known when it gets to the front.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bowline/base/random.hpp"
#include "bowline/base/time.hpp"
#include "bowline/sim/codel.hpp"
#include "bowline/sim/fifo.hpp"
#include "bowline/sim/packet.hpp"
#include "bowline/sim/wire.hpp"

namespace bowline::inline v0::sim {

/// What a Pipe draws from and counts with that belongs to the whole simulation.
struct PipeContext {
  BufferPool& pool;      ///< for packets that it changes
  std::uint64_t& order;  ///< of all that was ever planned: ranks what happens at one instant
};

/// A wire in use, one direction. Copyable: a copy goes on with the same accidents, and shares the
/// packets under way until own_packets().
class Pipe {
 public:
  /// `random` decides the accidents of this direction alone. Each kind has a stream of its own, so
  /// that one accident does not shift the others.
  Pipe(Wire wire, Random random);

  /// One packet's arrival at the far end.
  struct Arrival {
    Time at{};                 ///< when
    std::uint64_t order = 0;   ///< its rank among what happens then
    std::uint64_t number = 0;  ///< the packet's
    Packet packet;             ///< what arrives
    Fate fate = Fate::passed;  ///< what became of it
    bool copy = false;         ///< the second of a duplicated packet
  };
  /// A packet that leaves the managed queue otherwise than into the wire.
  struct Departure {
    std::uint64_t number = 0;  ///< the packet's
    Packet packet;             ///< as it is now
    Fate fate = Fate::passed;  ///< dropped; or that of a packet that has left for the far end
  };
  /// When something happens here, and its rank then.
  struct Next {
    Time at = kNever;         ///< kNever: nothing will
    std::uint64_t order = 0;  ///< its rank
  };

  /// Takes `packet`, the `number`-th of the simulation, at `now`. Fate::queued: departs later.
  Fate send(Packet packet, std::uint64_t number, Time now, PipeContext context);
  /// What happens next.
  [[nodiscard]] Next next() const noexcept;
  /// Is that the transmitter's taking a packet out of the managed queue? Else it is an arrival.
  [[nodiscard]] bool departs_next() const noexcept { return departure_.at < next_arrival().at; }
  /// The transmitter takes a packet from the managed queue at `now`. Appends the packets that left
  /// the queue to `departures`, those that CoDel dropped among them.
  void depart(Time now, PipeContext context, std::vector<Departure>& departures);
  /// Takes out the next arrival; there must be one.
  [[nodiscard]] Arrival arrive();

  [[nodiscard]] const Wire& wire() const noexcept { return wire_; }  ///< What it is like.
  /// From now on the wire is like this (a cable is cut: `.loss = 100_percent`). What is under way
  /// arrives, and what waits for the transmitter goes on waiting.
  void change(Wire wire) { wire_ = std::move(wire); }
  /// Bytes that wait for the transmitter at `now`, the packet that it sends among them.
  [[nodiscard]] std::uint64_t queued_bytes(Time now) noexcept;
  /// Packets in it: waiting, or on their way.
  [[nodiscard]] std::size_t packets() const noexcept {
    return managed_.size() + in_order_.size() + stragglers_.size();
  }
  /// Gives the packets in it bytes of their own, from `pool`: the last step of a copy that is to
  /// outlive the original.
  void own_packets(BufferPool& pool);

 private:
  struct Waiting {  // for the transmitter, or in it
    Time until{};
    std::uint32_t size = 0;
  };
  struct Managed {  // in the managed queue
    Time since{};
    std::uint64_t number = 0;
    Packet packet;
    Fate fate = Fate::passed;
  };
  struct Accidents {
    Random jitter;
    Random loss;
    Random bursts;
    Random reorder;
    Random duplicate;
    Random corrupt;
  };

  [[nodiscard]] Next next_arrival() const noexcept;
  [[nodiscard]] bool has_room(std::uint32_t size, Time now) noexcept;
  Fate enqueue(Packet packet, std::uint64_t number, Fate fate, Time now, PipeContext context);
  Fate transmit(Packet packet, std::uint64_t number, Fate fate, Time start, PipeContext context);
  [[nodiscard]] bool loses();
  [[nodiscard]] bool is_cut(Time departure, Time arrival) const noexcept;
  void hold_back(Arrival arrival);

  Wire wire_;
  Accidents random_;
  Time free_at_{};  // the transmitter has sent everything by then
  Fifo<Waiting>
      waiting_;  // drop-tail: what has been sent and not left yet; CoDel: in the transmitter
  std::uint64_t waiting_bytes_ = 0;
  Fifo<Managed> managed_;  // CoDel's queue
  std::uint64_t managed_bytes_ = 0;
  CodelState codel_;
  Next departure_;       // when the transmitter takes the next of managed_
  bool bad_ = false;     // the state of GilbertElliott
  Time last_arrival_{};  // of packets in order: jitter must not let one overtake another
  Fifo<Arrival> in_order_;
  std::vector<Arrival> stragglers_;  // a heap, the next one first
};

}  // namespace bowline::inline v0::sim
