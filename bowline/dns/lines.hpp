#pragma once

// Lines and words of a configuration file, as views on its text.

#include <optional>
#include <string_view>

namespace bowline::inline v0::dns {

/// The text up to the next line break, which `text` leaves behind; nothing at its end.
[[nodiscard]] inline std::optional<std::string_view> next_line(std::string_view& text) noexcept {
  if (text.empty()) return std::nullopt;
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// The next word of `line`, which leaves it behind; empty at its end.
[[nodiscard]] inline std::string_view next_word(std::string_view& line) noexcept {
  constexpr std::string_view kBlank = " \t\r\v\f";
  const std::size_t begin = line.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) {
    line = {};
    return {};
  }
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace bowline::inline v0::dns
