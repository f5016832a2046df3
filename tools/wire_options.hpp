#pragma once

// What a wire is like, as options of a command line: the words of a scenario file.

#include <CLI/App.hpp>
#include <array>
#include <memory>
#include <optional>
#include <string>

#include "bowline/sim/unit_text.hpp"
#include "bowline/sim/wire.hpp"

namespace bowline::tools {

/// A wire's two directions, there and back.
struct WirePair {
  sim::Wire there;  ///< from the first end named to the second
  sim::Wire back;   ///< the other way
};

/// The options of a wire, as far as they have been read.
class WireOptions {
 public:
  /// Adds --rate, --delay, --loss and their like to `command`. Each takes one value for both
  /// directions, or two, THERE/BACK. Reading throws WrongUsage. This must outlive `command`.
  void add_to(CLI::App& command);

  /// The wire that they describe. To be called when all have been read: a queue of a
  /// bandwidth-delay product depends on the others.
  [[nodiscard]] WirePair wires() const;

 private:
  struct Way {
    sim::Wire wire;
    std::optional<sim::QueueLength> queue;
  };
  std::array<Way, 2> ways_;  // there, back
};

}  // namespace bowline::tools
