#pragma once

// Taps: who wants to see every packet of a simulation.
//
// A packet is seen twice, where it leaves and where it arrives, with the time of each, so that a
// ladder can draw a slanted line between two ends and a lost packet as a line that stops. A copy
// made by the wire arrives under the number of the packet that it is a copy of.

#include <cstddef>
#include <cstdint>
#include <span>

#include "bowline/base/handle.hpp"
#include "bowline/base/time.hpp"
#include "bowline/sim/wire.hpp"

namespace bowline::inline v0::sim {

/// The number of a node (host, router) or of a wire, in the order in which they were added.
enum class NodeId : std::uint32_t {};
enum class WireId : std::uint32_t {};

/// A packet at one end of a wire.
struct Passage {
  Time at{};                         ///< when, at this end
  WireId wire{};                     ///< which wire
  NodeId from{};                     ///< who sent it
  NodeId to{};                       ///< whom the wire leads to
  std::uint64_t packet = 0;          ///< counts the packets of the simulation, from 1
  FrameId frame = FrameId::none;     ///< its number in the Stack at this end, if that gave it one
  Fate fate = Fate::passed;          ///< known as soon as it is sent, but for Fate::queued
  bool copy = false;                 ///< arrivals: the second of a duplicated packet
  std::span<const std::byte> bytes;  ///< the IP packet; valid during the call
};

/// Is told of every packet, in order. Must not call the simulation.
class Tap {
 public:
  virtual ~Tap() = default;
  /// `passage` was put on its wire.
  virtual void sent(const Passage& passage) = 0;
  /// `passage` left a managed queue (it was Fate::queued when it was sent): for the far end or, if
  /// its fate says so, to be lost.
  virtual void departed(const Passage& passage) { (void)passage; }
  /// `passage` came off its wire, and the node has dealt with it.
  virtual void arrived(const Passage& passage) = 0;
};

/// Sums up a run in one number: every packet with its bytes, instants, ends and fate. Two runs with
/// the same digest were the same run.
class DigestTap final : public Tap {
 public:
  void sent(const Passage& passage) override { add(passage, 1); }
  void departed(const Passage& passage) override { add(passage, 3); }
  void arrived(const Passage& passage) override { add(passage, 2); }

  [[nodiscard]] std::uint64_t digest() const noexcept { return hash_; }      ///< The number so far.
  [[nodiscard]] std::uint64_t packets() const noexcept { return packets_; }  ///< Those sent so far.

 private:
  void add(const Passage& passage, std::uint64_t end) noexcept;

  std::uint64_t hash_ = 0;
  std::uint64_t packets_ = 0;  // as sent
};

}  // namespace bowline::inline v0::sim
