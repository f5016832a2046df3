// What HTTP brings in as text: Range and Content-Range fields, request targets, URLs and
// references, dates. Whatever it is, parts lie within the file and their sum is no more than it
// (RFC 9110 section 14.2), no path climbs, and what was read and written again reads the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bowline/http/content_range.hpp"
#include "bowline/http/date.hpp"
#include "bowline/http/range.hpp"
#include "bowline/http/target.hpp"
#include "bowline/http/url.hpp"
#include "fuzz/require.hpp"

namespace bowline::fuzz {
namespace {

void check_range(std::string_view field, std::uint64_t size) {
  const http::RangeSelection selection = http::select_ranges(field, size);
  require((selection.kind == http::RangeSelection::Kind::parts) == !selection.parts.empty());
  require(selection.parts.size() <= http::kMostRanges);
  std::uint64_t sum = 0;
  for (const http::ByteRange& part : selection.parts) {
    require(part.length > 0 && part.offset < size && part.length <= size - part.offset);
    require(part.length <= size - sum);
    sum += part.length;
  }
}

bool climbs(std::string_view path) {
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    const std::string_view name = path.substr(at, slash - at);
    if (name == "." || name == ".." || (name.empty() && !path.empty())) return true;
    at = slash + 1;
  }
  return path.find('\0') != std::string_view::npos;
}

void check_target(std::string_view text) {
  const auto target = http::read_target(text);
  if (target) require(!climbs(target->path));
  const auto decoded = http::percent_decode(text);
  if (decoded) require(http::percent_decode(http::percent_encode(*decoded)) == *decoded);
}

void check_url(std::string_view text) {
  const auto url = http::parse_url(text);
  if (!url) return require(!url.error().empty());
  const auto again = http::parse_url(http::to_string(*url));
  require(again && *again == *url);
  require(file_name(*url).find('/') == std::string::npos);
}

void check_reference(std::string_view text) {
  const http::Url base = *http::parse_url("http://example.net/a/b/c?d");
  const auto url = http::resolve_reference(base, text);
  if (url) require(!url->host.empty() && url->port != 0 && url->target.starts_with('/'));
}

void check_date(std::string_view text) {
  const auto date = http::parse_date(text, 1'790'000'000);
  if (date) require(http::parse_date(http::format_date(*date), 0) == *date);
}

void check(std::string_view text) {
  if (text.size() < 2 || text.size() > 4'096) return;
  const auto choice = static_cast<unsigned char>(text[0]);
  const auto sizes = static_cast<unsigned char>(text[1]);
  const std::string_view rest = text.substr(2);
  switch (choice % 6U) {
    case 0:
      // Sizes of 0, small, and near the end of the numbers.
      return check_range(rest, sizes >= 128 ? ~std::uint64_t{0} >> (sizes & 63U) : sizes * 10U);
    case 1:
      return static_cast<void>(http::parse_content_range(rest));
    case 2:
      return check_target(rest);
    case 3:
      return check_url(rest);
    case 4:
      return check_reference(rest);
    default:
      return check_date(rest);
  }
}

}  // namespace
}  // namespace bowline::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bowline::fuzz::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
