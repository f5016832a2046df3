#include "bowline/http/range.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace bowline::inline v0::http {
namespace {

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// A position as digits alone; one too large for 64 bits lies behind every file.
std::optional<std::uint64_t> read_position(std::string_view text) {
  if (text.empty()) return {};
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return {};
  if (error == std::errc::result_out_of_range) return UINT64_MAX;
  if (error != std::errc{}) return {};
  return value;
}

// One int-range or suffix-range. Nothing: a syntax error; a length of 0: not satisfiable.
std::optional<ByteRange> read_range(std::string_view text, std::uint64_t size) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view first_text = text.substr(0, dash);
  const std::string_view last_text = text.substr(dash + 1);

  if (first_text.empty()) {  // "-n": the last n bytes
    const auto count = read_position(last_text);
    if (!count) return {};
    const std::uint64_t length = std::min(*count, size);
    return ByteRange{size - length, length};
  }
  const auto first = read_position(first_text);
  if (!first) return {};
  std::uint64_t end = size;
  if (!last_text.empty()) {
    const auto last = read_position(last_text);
    if (!last || *last < *first) return {};
    if (*last < size) end = *last + 1;
  }
  if (*first >= size) return ByteRange{};
  return ByteRange{*first, end - *first};
}

bool overlap(std::vector<ByteRange> parts) {
  std::ranges::sort(parts, {}, &ByteRange::offset);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i - 1].offset + parts[i - 1].length > parts[i].offset) return true;
  }
  return false;
}

}  // namespace

RangeSelection select_ranges(std::string_view field, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!field.starts_with(kUnit)) return {};
  field.remove_prefix(kUnit.size());

  RangeSelection selection{RangeSelection::Kind::parts, {}};
  std::size_t asked = 0;
  for (std::size_t begin = 0; begin <= field.size();) {
    const std::size_t end = std::min(field.find(',', begin), field.size());
    const std::string_view text = trim(field.substr(begin, end - begin));
    begin = end + 1;
    if (text.empty()) continue;  // an empty list element (RFC 9110 section 5.6.1)
    const auto range = read_range(text, size);
    if (!range || ++asked > kMostRanges) return {};
    if (range->length > 0) selection.parts.push_back(*range);
  }
  if (asked == 0 || overlap(selection.parts)) return {};
  if (selection.parts.empty()) selection.kind = RangeSelection::Kind::unsatisfiable;
  return selection;
}

}  // namespace bowline::inline v0::http
