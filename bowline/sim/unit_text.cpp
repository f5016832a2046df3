#include "bowline/sim/unit_text.hpp"

#include <algorithm>
#include <span>

namespace bowline::inline v0::sim {
namespace {

// A decimal number as written: `digits` over ten to the power of `decimals`.
struct Number {
  std::uint64_t digits = 0;
  unsigned decimals = 0;
};

constexpr unsigned kMostDigits = 15;  // times the largest factor (10^9) this may overflow: checked

// Takes the number off the front of `text`.
std::optional<Number> take_number(std::string_view& text) noexcept {
  Number number;
  unsigned count = 0;
  bool point = false;
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point && count > 0) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    if (++count > kMostDigits) return std::nullopt;
    number.digits = number.digits * 10 + static_cast<std::uint64_t>(c - '0');
    if (point) ++number.decimals;
  }
  if (count == 0 || (point && number.decimals == 0)) return std::nullopt;
  text.remove_prefix(at);
  return number;
}

// `number` times `factor`, if that is a whole number of at most `most`.
std::optional<std::uint64_t> scale(Number number, std::uint64_t factor,
                                   std::uint64_t most) noexcept {
  for (; number.decimals > 0; --number.decimals) {  // over ten: over two and over five
    for (const std::uint64_t prime : {2U, 5U}) {
      if (factor % prime == 0) {
        factor /= prime;
      } else if (number.digits % prime == 0) {
        number.digits /= prime;
      } else {
        return std::nullopt;
      }
    }
  }
  if (number.digits != 0 && factor > most / number.digits) return std::nullopt;
  return number.digits * factor;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// The whole of `text`: a number and one of `units`.
std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units,
                                   std::uint64_t most) noexcept {
  const auto number = take_number(text);
  if (!number) return std::nullopt;
  const auto unit = std::ranges::find(units, text, &Unit::name);
  if (unit == units.end()) return std::nullopt;
  return scale(*number, unit->factor, most);
}

constexpr Unit kRates[] = {
    {"bit", 1}, {"kbit", 1'000}, {"mbit", 1'000'000}, {"gbit", 1'000'000'000}};
constexpr Unit kDurations[] = {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}};
constexpr Unit kSizes[] = {
    {"", 1}, {"kB", 1'000}, {"MB", 1'000'000}, {"KiB", 1'024}, {"MiB", 1'048'576}};

constexpr std::uint64_t kMostSize = 1'073'741'824;

}  // namespace

std::optional<Rate> parse_rate(std::string_view text) noexcept {
  if (text == "unlimited") return Rate{};
  const auto bits = parse(text, kRates, 1'000'000'000'000);
  if (!bits || *bits == 0) return std::nullopt;  // 0 would mean: unlimited
  return Rate{*bits};
}

std::optional<Duration> parse_duration(std::string_view text) noexcept {
  if (text == "0") return Duration::zero();
  const auto nanos = parse(text, kDurations, 3'600'000'000'000);
  if (!nanos) return std::nullopt;
  return Duration(static_cast<Duration::rep>(*nanos));
}

std::optional<Chance> parse_chance(std::string_view text) noexcept {
  if (text == "0") return Chance{};
  constexpr std::uint64_t kParts = 1'000'000'000;  // of a percent
  constexpr Unit kPercent[] = {{"%", kParts}};
  const auto parts = parse(text, kPercent, 100 * kParts);
  if (!parts) return std::nullopt;
  return Chance{static_cast<double>(*parts) / static_cast<double>(100 * kParts)};
}

std::optional<std::uint32_t> parse_size(std::string_view text) noexcept {
  const auto bytes = parse(text, kSizes, kMostSize);
  if (!bytes) return std::nullopt;
  return static_cast<std::uint32_t>(*bytes);
}

std::optional<QueueLength> parse_queue(std::string_view text) noexcept {
  if (text == "bdp") return QueueLength{.unit = QueueLength::Unit::round_trips, .count = 1};
  constexpr Unit kPackets[] = {{"packets", 1}};
  constexpr Unit kProducts[] = {{"bdp", 1}};
  constexpr std::uint64_t kMostCount = 1'000'000;
  QueueLength length;
  if (const auto packets = parse(text, kPackets, kMostCount)) {
    length = {.unit = QueueLength::Unit::packets, .count = static_cast<std::uint32_t>(*packets)};
  } else if (const auto products = parse(text, kProducts, kMostCount)) {
    length = {.unit = QueueLength::Unit::round_trips,
              .count = static_cast<std::uint32_t>(*products)};
  } else if (const auto size = parse_size(text)) {
    length = {.unit = QueueLength::Unit::bytes, .count = *size};
  }
  if (length.count == 0) return std::nullopt;
  return length;
}

std::uint32_t QueueLength::bytes(Rate rate, std::uint32_t mtu, Duration round_trip) const noexcept {
  const auto bounded = [](double size) {
    return static_cast<std::uint32_t>(std::min(size, static_cast<double>(kMostSize)));
  };
  if (unit == Unit::bytes) return count;
  if (unit == Unit::packets) return bounded(double{1} * count * mtu);
  const double seconds = static_cast<double>(round_trip.count()) / 1e9;
  const double product = static_cast<double>(rate.bits_per_second) / 8 * seconds;
  return bounded(std::max(product * count, double{1} * kLeastPackets * mtu));
}

}  // namespace bowline::inline v0::sim
