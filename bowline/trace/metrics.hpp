#pragma once

// A Stack's counters and gauges in Prometheus's text format 0.0.4. The names of the reasons are
// those of base/reasons.inc, as labels; every reason is listed from the beginning, so that a rate
// can be taken of what has not happened yet.

#include <string>
#include <string_view>

#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::trace {

/// The media type of metrics_text().
inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

/// One page of metrics. Costs one pass over the listeners and the UDP sockets, none over the
/// connections.
[[nodiscard]] std::string metrics_text(const Stack& stack);

}  // namespace bowline::inline v0::trace
