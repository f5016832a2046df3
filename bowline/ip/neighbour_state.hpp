#pragma once

// How well a neighbour is known (RFC 4861 section 7.3.2), for the cache and for listings.

#include <cstdint>

namespace bowline::inline v0 {

/// RFC 4861 section 7.3.2.
enum class NeighbourState : std::uint8_t {
  incomplete,  ///< being asked for; packets wait
  reachable,   ///< known to have worked lately
  stale,       ///< not known to; used all the same, and then doubted
  delay,       ///< used while stale: asked unless something says that it works
  probe,       ///< being asked by unicast
};

}  // namespace bowline::inline v0
