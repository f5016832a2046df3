#pragma once

// Dates as HTTP writes them (RFC 9110 section 5.6.7): always GMT, whole seconds, English names
// whatever the locale.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bowline::inline v0::http {

/// Seconds since 1970-01-01 00:00:00 GMT.
using Seconds = std::int64_t;

/// "Sun, 06 Nov 1994 08:49:37 GMT". Years outside 1 to 9999 are brought to the nearest of these.
[[nodiscard]] std::string format_date(Seconds time);

/// Reads the preferred form and the two obsolete ones that a recipient must accept:
/// "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37 1994". Nothing for anything else.
/// `now` decides the century of a year with two digits: at most 50 years ahead of it.
[[nodiscard]] std::optional<Seconds> parse_date(std::string_view text, Seconds now);

/// The present time of this machine.
[[nodiscard]] Seconds current_date();

}  // namespace bowline::inline v0::http
