#pragma once

// A random simulation: a counted seed draws a path (one to three wires, routers, a firewall or NAT
// in between), what goes wrong on each wire, how both stacks are set, and a few connections with
// both directions at once, half-closes, resets, slow readers, small and large writes, long naps;
// opened by one end or by both, each from ports of its own or all from one pair of them.
//
// What must hold, whatever was drawn: every byte that arrives is the one that was sent at its
// place; every connection ends; one that nobody cuts short and no outage kills ends with both
// streams whole; and when all is over neither stack holds anything any more.

#include <cstdint>
#include <string>

#include "bowline/sim/tap.hpp"

namespace bowline::random_simulation {

/// What came of one.
struct Report {
  std::string failure;            ///< empty: all is as it must be
  std::string scenario;           ///< what was drawn, in a few lines
  std::uint32_t connections = 0;  ///< of the scenario
  std::uint32_t finished = 0;     ///< with both streams whole
  std::uint64_t bytes = 0;        ///< received and found right
  std::uint64_t packets = 0;      ///< on all wires
};

/// Runs the simulation of `seed`; `tap`, if any, sees its packets.
[[nodiscard]] Report run(std::uint64_t seed, sim::Tap* tap = nullptr);

}  // namespace bowline::random_simulation
