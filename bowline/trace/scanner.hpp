#pragma once

// Reads text from left to right: the few steps that a line of a trace is made of.

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace bowline::inline v0::trace {

/// What is left of a text. Each step takes something off the front, or nothing at all.
class Scanner {
 public:
  /// Reads `text`, which must live as long.
  explicit constexpr Scanner(std::string_view text) noexcept : text_(text) {}

  [[nodiscard]] constexpr bool at_end() const noexcept { return text_.empty(); }  ///< Nothing left?
  /// What is left.
  [[nodiscard]] constexpr std::string_view rest() const noexcept { return text_; }

  /// Goes past spaces and tabs.
  constexpr void skip_blanks() noexcept {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\t')) {
      text_.remove_prefix(1);
    }
  }
  /// Takes `word` if it comes next.
  constexpr bool take(std::string_view word) noexcept {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  /// Takes a decimal number that fits in T.
  template <std::unsigned_integral T>
  std::optional<T> number() noexcept {
    T value{};
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return value;
  }
  /// Takes all characters up to `stop`, and `stop` too; nothing is taken when it does not come.
  constexpr std::optional<std::string_view> until(std::string_view stop) noexcept {
    const std::size_t at = text_.find(stop);
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view taken = text_.substr(0, at);
    text_.remove_prefix(at + stop.size());
    return taken;
  }
  /// Takes characters as long as they are among `set`.
  constexpr std::string_view while_in(std::string_view set) noexcept {
    std::size_t count = 0;
    while (count < text_.size() && set.find(text_[count]) != std::string_view::npos) ++count;
    const std::string_view taken = text_.substr(0, count);
    text_.remove_prefix(count);
    return taken;
  }

 private:
  std::string_view text_;
};

}  // namespace bowline::inline v0::trace
