#pragma once

// Sockets as a listing, in the columns and words of ss(8) (REQUIREMENTS A22), but for the states,
// which are spelled as everywhere in Bowline (A25).

#include <string>

#include "bowline/trace/socket_record.hpp"

namespace bowline::inline v0::trace {

/// What stands behind the columns.
struct ListingOptions {
  bool timers = false;     ///< -o: timer:(on,200ms,0)
  bool extended = false;   ///< -e: number and interface; a listener's SYN queue
  bool memory = false;     ///< -m: skmem:(r0,rb1048576,t0,tb1048576,o0)
  bool internals = false;  ///< -i: what TCP knows of the path, on a line of its own
};

/// The line of column titles.
[[nodiscard]] std::string listing_header();

/// One socket: a line, with `internals` a second one. No line break at the end.
///
///     tcp   ESTABLISHED   0      1460   10.77.0.2:80   10.77.0.1:40000   timer:(on,200ms,0)
[[nodiscard]] std::string listing_line(const SocketRecord& record, const ListingOptions& options);

}  // namespace bowline::inline v0::trace
