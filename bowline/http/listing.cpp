#include "bowline/http/listing.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

#include "bowline/http/target.hpp"

namespace bowline::inline v0::http {
namespace {

std::string page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n"
      "<html lang=\"en\">\n"
      "<head>\n"
      "<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<title>{}</title>\n"
      "<style>\n"
      "body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: "
      "0 1rem; }}\n"
      "table {{ border-collapse: collapse; width: 100%; }}\n"
      "td, th {{ padding: .2rem .5rem; text-align: left; border-bottom: 1px solid #8884; }}\n"
      ".n {{ text-align: right; white-space: nowrap; }}\n"
      ":root {{ color-scheme: light dark; }}\n"
      "</style>\n"
      "</head>\n"
      "<body>\n"
      "{}"
      "</body>\n"
      "</html>\n",
      title, body);
}

// gmtime() knows no year that does not fit an int.
std::time_t shown_time(std::int64_t modified) {
  return std::clamp<std::int64_t>(modified, -62'135'596'800, 253'402'300'799);  // years 1 to 9999
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 7> kUnits = {"B",   "KiB", "MiB", "GiB",
                                                      "TiB", "PiB", "EiB"};
  if (bytes < 1'024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1'023.95 && unit + 1 < kUnits.size()) {
    value /= 1'024;
    ++unit;
  }
  std::string number = fmt::format("{:.1f}", value);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return fmt::format("{} {}", number, kUnits[unit]);
}

std::string listing_page(std::string_view path, const FolderList& list) {
  const std::string title = escape_html(fmt::format("/{}{}", path, path.empty() ? "" : "/"));
  std::string body;
  auto out = std::back_inserter(body);
  fmt::format_to(out, "<h1>{}</h1>\n<table>\n", title);
  fmt::format_to(
      out, "<tr><th>Name</th><th class=\"n\">Size</th><th class=\"n\">Changed (UTC)</th></tr>\n");
  if (!path.empty()) {
    fmt::format_to(out, "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n");
  }
  for (const FolderEntry& entry : list.entries) {
    const std::string_view slash = entry.folder ? "/" : "";
    // "./" in front: a name such as "javascript:x" must not be read as a scheme.
    fmt::format_to(out,
                   "<tr><td><a href=\"./{}{}\">{}{}</a></td><td class=\"n\">{}</td>"
                   "<td class=\"n\">{:%Y-%m-%d %H:%M}</td></tr>\n",
                   percent_encode(entry.name), slash, escape_html(entry.name), slash,
                   entry.folder ? "" : format_size(entry.size),
                   fmt::gmtime(shown_time(entry.modified)));
  }
  fmt::format_to(out, "</table>\n");
  if (list.more) {
    fmt::format_to(out, "<p>The folder holds more than {} entries; the rest is left out.</p>\n",
                   kMostEntries);
  }
  return page(title, body);
}

std::string message_page(std::string_view title, std::string_view text) {
  const std::string escaped = escape_html(title);
  return page(escaped, fmt::format("<h1>{}</h1>\n<p>{}</p>\n", escaped, escape_html(text)));
}

}  // namespace bowline::inline v0::http
