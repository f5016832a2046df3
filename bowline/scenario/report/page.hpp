#pragma once

// What a run came to, as one HTML page that needs nothing else: no network, no library, no font.
//
// The time-sequence graph is drawn as tcptrace and xplot draw it: segments as vertical bars, the
// ACK line below them, the window line above, SACKs beside, what was sent again in red. Below it
// stand cwnd, round-trip times and the queue, over the same time.

#include <string>

#include "bowline/scenario/run.hpp"

namespace bowline::inline v0::scenario {

/// How many entries each series of a run may have so that the page of its `flows` stays below some
/// 8 MB.
[[nodiscard]] std::size_t page_points(const Scenario& scenario) noexcept;

/// The page. The same run gives the same bytes.
[[nodiscard]] std::string page_text(const Run& run);

}  // namespace bowline::inline v0::scenario
