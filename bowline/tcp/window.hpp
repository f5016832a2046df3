#pragma once

// The receive window: what we offer (RFC 9293 section 3.8.6).
//
// The right edge never goes back (SHLD-14), and moves forward only in steps that are worth a
// segment (MUST-39: silly window avoidance). Whether a step is worth a segment of its own is a
// second question.

#include <cstdint>

#include "bowline/tcp/connection.hpp"

namespace bowline::inline v0::tcp {

/// A window as it is announced.
struct Announcement {
  std::uint16_t field = 0;  ///< in the header
  SeqNumber edge;           ///< the right edge that the peer will understand
};

/// What the next segment announces. `syn`: the field is not scaled then (RFC 7323 section 2.2).
/// `scarce`: buffers are, so that the edge moves a few segments at most, and not while anything
/// waits to be read.
[[nodiscard]] Announcement announce_window(const Connection& c, const Settings& settings, bool syn,
                                           bool scarce = false) noexcept;

/// Has the application read so much that the peer should be told by a segment of its own?
[[nodiscard]] bool window_update_due(const Connection& c, const Settings& settings,
                                     bool scarce = false) noexcept;

}  // namespace bowline::inline v0::tcp
