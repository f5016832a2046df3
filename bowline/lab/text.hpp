#pragma once

// Words in both languages, and lines that fit.
//
// The tutorials whose claims the labs show are Chinese, the standards English; so everything that
// an experiment says is written twice, the two beside each other, and neither can be forgotten.
// Chinese characters are two columns wide and may be broken anywhere but before closing
// punctuation, which is all that is needed to set them in a terminal.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bowline::inline v0::lab {

/// A language to speak.
enum class Language { en, zh };

/// The same in both languages.
struct Text {
  std::string en;  ///< in English
  std::string zh;  ///< in Chinese

  /// In one of them.
  [[nodiscard]] const std::string& in(Language language) const {
    return language == Language::zh ? zh : en;
  }
};

/// Columns that `text` (UTF-8) takes in a terminal.
[[nodiscard]] std::size_t width_of(std::string_view text);

/// `text` filled up with blanks to `width` columns.
[[nodiscard]] std::string padded(std::string text, std::size_t width);

/// `text` in lines of at most `width` columns; a line break in it ends a paragraph.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace bowline::inline v0::lab
