#pragma once

// Prints every packet of a simulation as a line: what a replayed failure is read from.

#include <cstdio>

#include "bowline/sim/simulation.hpp"

namespace bowline::random_simulation {

/// Prints to a stream: the time, which wire in which direction, the packet, what became of it.
class LineTap final : public sim::Tap {
 public:
  explicit LineTap(std::FILE* to) : to_(to) {}
  void sent(const sim::Passage& passage) override { print("sent", passage); }
  void departed(const sim::Passage& passage) override { print("left", passage); }
  void arrived(const sim::Passage& passage) override { print("came", passage); }

 private:
  void print(const char* what, const sim::Passage& passage);
  std::FILE* to_;
};

}  // namespace bowline::random_simulation
