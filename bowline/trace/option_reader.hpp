#pragma once

// Reads TCP options from the words that option_text() and tcpdump make of them.

#include <optional>
#include <string_view>

#include "bowline/wire/tcp.hpp"

namespace bowline::inline v0::trace {

/// The options in `text`: "mss 1460,nop,wscale 7,TS val 1 ecr 0" or, classic, "timestamp 1 0".
/// Edges of SACK blocks are as printed. Padding is passed over, and so are options that have no
/// words. Nothing when a known word is not followed by what belongs to it.
[[nodiscard]] std::optional<wire::TcpOptions> read_options(std::string_view text);

}  // namespace bowline::inline v0::trace
