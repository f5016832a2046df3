#pragma once

// Numbers as people read them, for the table and the page.

#include <string>

#include "bowline/base/time.hpp"

namespace bowline::inline v0::scenario {

/// "950 B", "12.3 kB", "1.50 MB", "20.0 GB": powers of ten, three digits.
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);
/// "9.41 Mbit/s".
[[nodiscard]] std::string rate_text(double bits_per_second);
/// "20.1 ms", "1.50 s", "350 us"; "-" for none.
[[nodiscard]] std::string duration_text(Duration duration);

}  // namespace bowline::inline v0::scenario
