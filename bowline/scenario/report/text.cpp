#include "bowline/scenario/report/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace bowline::inline v0::scenario {
namespace {

// `value` in the largest unit that leaves at least 1, with three digits.
std::string scaled(double value, const std::array<std::string_view, 4>& units) {
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) {
    value /= 1'000;
    ++unit;
  }
  const int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, digits, units.at(unit));
}

}  // namespace

std::string bytes_text(std::uint64_t bytes) {
  return scaled(static_cast<double>(bytes), {"B", "kB", "MB", "GB"});
}

std::string rate_text(double bits_per_second) {
  return scaled(bits_per_second, {"bit/s", "kbit/s", "Mbit/s", "Gbit/s"});
}

std::string duration_text(Duration duration) {
  if (duration <= Duration::zero()) return "-";
  return scaled(static_cast<double>(duration.count()), {"ns", "us", "ms", "s"});
}

}  // namespace bowline::inline v0::scenario
