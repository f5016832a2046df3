#pragma once

// The bytes of a frame as the wire carries them.
//
// Inside the stack a segment may be larger than any packet and its checksum not yet made: that is
// for the link, the kernel or the device. A capture that showed such frames as they are would show
// "bad checksums" that nobody ever sent. So it completes them in a copy of its own, and cuts them
// as the link would, if asked; the frame itself stays as it is (DESIGN section 3).

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bowline/base/buffer.hpp"
#include "bowline/base/frame.hpp"
#include "bowline/link/link.hpp"

namespace bowline::inline v0::trace {

/// All of `frame` in one piece. A transport checksum that is known to be right on the wire
/// (partial: the link completes it; verified: the link vouches for it) is filled in; one that
/// nobody has looked at is left as it came.
[[nodiscard]] std::vector<std::byte> wire_copy(const Frame& frame, LinkKind link);

/// The first `packets` wire packets of `frame` (see wire_packets()), each in one piece with its own
/// lengths, numbers and checksums. A frame that cannot be cut gives its wire_copy(). `pool` gives
/// the memory for headers; packets for which it has none are left out.
[[nodiscard]] std::vector<std::vector<std::byte>> wire_cut(const Frame& frame, LinkKind link,
                                                           std::uint32_t packets, BufferPool& pool);

}  // namespace bowline::inline v0::trace
