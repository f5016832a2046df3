#pragma once

// What an explanation may hold. A capture of any size streams through a fixed amount of memory:
// what goes beyond a bound is put out of the table, the one that was quiet longest first, and the
// output says how many.

#include <cstddef>

namespace bowline::inline v0::explain {

/// The bounds, each with its reason.
struct Bounds {
  /// Connections observed at a time, about 4 KiB each (12 KiB for busy ones). Half of them at most
  /// are handshakes that have not finished, so that a SYN flood does not push out the others.
  std::size_t connections = 16'384;
  /// Connections that are described one by one; the others are counted by how they ended.
  std::size_t reports = 4'096;
  /// Of these, handshakes that came to nothing: a scan would leave no room for anything else.
  std::size_t probe_reports = 512;
  /// Segments of a connection that its ladder shows: from its beginning, and from its end.
  std::size_t first_rungs = 24;
  std::size_t last_rungs = 16;
  /// Segments of one direction that are remembered until they are acknowledged: a repeat of an
  /// older one is still known as a repeat, but not when the first was sent.
  std::size_t sent = 512;
  /// Gaps of one direction that are remembered until they are filled.
  std::size_t holes = 64;
  /// Conversations of other protocols.
  std::size_t conversations = 4'096;
  /// Pairs of scanner and target, and targets of a flood, about 2 KiB each.
  std::size_t suspects = 1'024;
};

}  // namespace bowline::inline v0::explain
