#include "bowline/http/content_range.hpp"

#include <charconv>
#include <limits>

namespace bowline::inline v0::http {
namespace {

// Takes a whole number off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || stopped == text.data()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stopped - text.data()));
  return value;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool take_unit(std::string_view& text) {
  constexpr std::string_view kUnit = "bytes";
  if (text.size() <= kUnit.size()) return false;
  for (std::size_t i = 0; i < kUnit.size(); ++i) {
    if ((text[i] | 0x20) != kUnit[i]) return false;  // range units are case-insensitive
  }
  text.remove_prefix(kUnit.size());
  return take(text, " ");
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (!take_unit(text)) return std::nullopt;
  ContentRange range;
  if (!take(text, "*")) {
    const auto first = take_number(text);
    if (!first || !take(text, "-")) return std::nullopt;
    const auto last = take_number(text);
    if (!last || *last < *first || *last == std::numeric_limits<std::uint64_t>::max()) {
      return std::nullopt;
    }
    range.part = ByteRange{.offset = *first, .length = *last - *first + 1};
  }
  if (!take(text, "/")) return std::nullopt;
  if (!take(text, "*")) {
    range.total = take_number(text);
    if (!range.total) return std::nullopt;
  }
  if (!text.empty() || (!range.part && !range.total)) return std::nullopt;
  if (range.part && range.total && range.part->offset + range.part->length > *range.total) {
    return std::nullopt;
  }
  return range;
}

}  // namespace bowline::inline v0::http
