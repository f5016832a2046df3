#pragma once

// Reads what tcpdump prints, in both notations, one line by itself.
//
// The classic notation lives on in books and tutorials, often abridged: without window, without the
// number of bytes, without the dot for "no flag". All that is optional here. What a line does not
// say stays unsaid; a TraceReader puts it together from the lines around it.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "bowline/trace/line.hpp"
#include "bowline/trace/packet.hpp"

namespace bowline::inline v0::trace {

/// A line about a TCP segment. The numbers are as printed, absolute or relative.
struct TraceLine {
  /// As printed: of the day, since the first line, or since 1970.
  std::optional<Duration> time;
  Notation notation = Notation::today;  ///< in whose manner it was written
  Endpoint source;                      ///< sender
  Endpoint destination;                 ///< receiver
  std::uint16_t flags = 0;              ///< wire::kSyn, …
  std::optional<std::uint32_t> seq;     ///< as printed
  std::optional<std::uint32_t> ack;     ///< as printed
  /// The same number once more, in the other form: "ack 1739326487,ack 1" (CLAIMS K136).
  std::optional<std::uint32_t> second_ack;
  std::uint32_t length = 0;             ///< bytes of text
  std::optional<std::uint16_t> window;  ///< unscaled, as printed
  std::uint16_t urgent = 0;             ///< the pointer
  wire::TcpOptions options;             ///< those printed
};

/// Reads one line. Nothing for a line that is about something else: blank, a comment ("# ..."),
/// ARP, UDP, ICMP. The error says what is wrong, in one line without the line's number.
[[nodiscard]] std::expected<std::optional<TraceLine>, std::string> read_line(std::string_view line);

}  // namespace bowline::inline v0::trace
