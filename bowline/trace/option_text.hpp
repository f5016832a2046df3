#pragma once

// TCP options in words, as they stand in the header: order, padding and mistakes are to be seen.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "bowline/trace/line.hpp"

namespace bowline::inline v0::trace {

/// "mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7" of the bytes of `options`; the classic notation
/// says "timestamp 1 0". `base` is subtracted from the edges of SACK blocks. A length that makes no
/// sense ends it with "bad opt".
[[nodiscard]] std::string option_text(std::span<const std::byte> options, Notation notation,
                                      std::uint32_t base);

}  // namespace bowline::inline v0::trace
