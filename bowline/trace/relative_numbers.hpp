#pragma once

// Numbers as a person reads them: counted from where each side began.
//
// The rule is tcpdump's. A SYN shows its number as it is, everything after it relative to that, so
// that the first byte of data is 1. The `ack 1` of a third handshake segment is such a number,
// and not a flag (CLAIMS K136). A conversation whose SYN was not seen is counted from its first
// segment.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::trace {

/// Remembers where the conversations of a trace began.
class RelativeNumbers {
 public:
  /// What to subtract from the numbers of a segment before they are printed.
  struct Base {
    std::uint32_t seq = 0;   ///< from the sender's ISN
    std::uint32_t ack = 0;   ///< from the other's
    std::uint32_t sack = 0;  ///< from the edges of its SACK blocks
  };

  /// Takes note of `segment` and says how to print it.
  [[nodiscard]] Base of(const Segment& segment);

 private:
  using Start = std::pair<std::uint32_t, std::uint32_t>;  // in the order of Ends
  // Conversations remembered; then the oldest is forgotten, and would be printed absolute once.
  static constexpr std::size_t kMost = 65'536;

  std::map<Ends, Start> starts_;
  std::deque<Ends> order_;
};

}  // namespace bowline::inline v0::trace
