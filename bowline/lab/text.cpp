#include "bowline/lab/text.hpp"

#include <algorithm>
#include <array>

namespace bowline::inline v0::lab {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
};

// The first character of `text`, which is not empty; a broken one counts as a byte.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t bytes = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (bytes == 1 || text.size() < bytes) return {lead, 1};
  char32_t code = lead & (0xffU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) code = code << 6 | (byte(i) & 0x3fU);
  return {code, bytes};
}

// Unicode's East Asian Width, "wide" and "fullwidth", as far as texts here need it.
bool is_wide(char32_t code) {
  return (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
         (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
         (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
         (code >= 0xffe0 && code <= 0xffe6) || (code >= 0x20000 && code <= 0x3fffd);
}

// What must not begin a line.
bool closes(char32_t code) {
  constexpr std::u32string_view kClosing = U"，。；：、！？）》」』”’…";
  return kClosing.find(code) != std::u32string_view::npos;
}

std::vector<std::string> wrap_paragraph(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::size_t used = 0;
    std::size_t end = 0;    // bytes that fit
    std::size_t split = 0;  // the last good place to break
    bool after_wide = false;
    while (end < text.size()) {
      const Character next = first_of(text.substr(end));
      const bool wide = is_wide(next.code);
      if (end > 0 && !closes(next.code) && (next.code == ' ' || wide || after_wide)) split = end;
      used += wide ? 2U : 1U;
      if (used > width) break;
      end += next.bytes;
      after_wide = wide;
    }
    if (end == text.size()) split = end;
    if (split == 0) split = std::max<std::size_t>(end, 1);
    lines.emplace_back(text.substr(0, split));
    text.remove_prefix(split);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return lines;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character next = first_of(text);
    width += is_wide(next.code) ? 2U : 1U;
    text.remove_prefix(next.bytes);
  }
  return width;
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t used = width_of(text);
  if (used < width) text.append(width - used, ' ');
  return text;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (true) {
    const std::size_t end = text.find('\n');
    const std::string_view paragraph = text.substr(0, end);
    for (std::string& line : wrap_paragraph(paragraph, width)) lines.push_back(std::move(line));
    if (paragraph.empty()) lines.emplace_back();
    if (end == std::string_view::npos) return lines;
    text.remove_prefix(end + 1);
  }
}

}  // namespace bowline::inline v0::lab
