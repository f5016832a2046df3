#pragma once

// A TCP segment as it was observed: the segment itself and what the capture adds.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "bowline/explain/decode.hpp"
#include "bowline/trace/output.hpp"
#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::explain {

/// What the rules look at. Views end with the call.
struct Observed {
  std::uint64_t number = 0;  ///< of the packet
  Time time{};
  trace::Segment segment;
  /// The bytes of data, where all of them were captured and the capture holds the real ones.
  std::span<const std::byte> payload;
  ChecksumState checksum = ChecksumState::unknown;
  bool options_known = true;  ///< false: cut off, or a text trace that may leave them out
  std::uint8_t tos = 0;
  std::uint32_t packet_size = 0;  ///< of the IP packet
  std::optional<trace::Way> way;
  std::span<const std::string_view> comments;
};

}  // namespace bowline::inline v0::explain
