#pragma once

// Decisions in words: what stands in a capture's comments, behind a trace line, beside a ladder's
// arrow.

#include <span>
#include <string>

#include "bowline/base/decision.hpp"

namespace bowline::inline v0::trace {

/// The reason alone, with its paragraph: "a SYN came for a listener [RFC 9293 3.10.7.2 third]".
[[nodiscard]] std::string why(Reason reason);

/// The whole decision, its kind and what changed in front:
///
///     state LISTEN -> SYN-RECEIVED: a SYN came for a listener [RFC 9293 3.10.7.2 third]
///     drop: wrong TCP checksum [RFC 9293 3.1 MUST-3]
///     timer 1000 ms -> 2000 ms: the RTO is doubled [RFC 6298 5.5]
[[nodiscard]] std::string sentence(const Decision& decision);

/// sentence() of each, apart by "; ".
[[nodiscard]] std::string sentences(std::span<const Decision> decisions);

}  // namespace bowline::inline v0::trace
