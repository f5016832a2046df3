#include "bowline/packetdrill/code/token.hpp"

#include <charconv>

#include "bowline/packetdrill/language/bounds.hpp"

namespace bowline::inline v0::packetdrill::code {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Longest first.
constexpr std::string_view kSigns[] = {
    "**=", "//=", "<<=", ">>=", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=",
    "|=",  "&=",  "^=",  "**",  "//", "<<", ">>", "+",  "-",  "*",  "/",  "%",  "|",
    "&",   "^",   "~",   "<",   ">",  "=",  "(",  ")",  "[",  "]",  ",",  ";",  ":"};

class CodeLexer {
 public:
  CodeLexer(std::string_view text, Position position) : text_(text), position_(position) {
    position_.column += 2;  // the %{
  }

  std::vector<CodeToken> run() {
    // Stock strips the blanks behind %{, so that code on that line is not indented.
    bool first_line = true;
    while (offset_ < text_.size()) {
      const std::uint32_t begin = position_.column;
      skip_blanks();
      indentation_ = first_line ? 0 : position_.column - begin;
      line();
      first_line = false;
    }
    if (depth_ > 0) throw SyntaxError(position_, "a bracket is not closed");
    end_line();
    tokens_.push_back({.kind = CodeTokenKind::end, .position = position_});
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] char at(std::size_t ahead = 0) const noexcept {
    return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0';
  }

  void advance(std::size_t count) noexcept {
    for (; count > 0; --count, ++offset_) {
      if (at() == '\n') {
        ++position_.line;
        position_.column = 1;
      } else {
        ++position_.column;
      }
    }
  }

  void skip_blanks() noexcept {
    while (at() == ' ' || at() == '\t' || at() == '\r') advance(1);
  }

  void end_line() {
    if (!tokens_.empty() && tokens_.back().kind != CodeTokenKind::line_end) {
      tokens_.push_back(
          {.kind = CodeTokenKind::line_end, .position = position_, .offset = offset_});
    }
  }

  // The tokens up to the end of a line, and that end unless a bracket is open.
  void line() {
    while (offset_ < text_.size() && at() != '\n') {
      if (at() == '#') {
        while (offset_ < text_.size() && at() != '\n') advance(1);
        break;
      }
      if (at() == '\\' && at(1) == '\n') {  // the line goes on
        advance(2);
        skip_blanks();
        continue;
      }
      if (tokens_.size() >= kMaxTokens) throw SyntaxError(position_, "the block is too long");
      token();
      skip_blanks();
    }
    if (depth_ == 0) end_line();
    if (offset_ < text_.size()) advance(1);
  }

  void push(CodeTokenKind kind, std::string text, std::size_t length, Value value = {}) {
    tokens_.push_back({.kind = kind,
                       .position = position_,
                       .text = std::move(text),
                       .value = std::move(value),
                       .indentation = indentation_,
                       .offset = offset_});
    advance(length);
  }

  void token() {
    if (is_letter(at())) return name();
    if (is_digit(at()) || (at() == '.' && is_digit(at(1)))) return number();
    if (at() == '"' || at() == '\'') return string();
    for (const std::string_view sign : kSigns) {
      if (!text_.substr(offset_).starts_with(sign)) continue;
      if (sign == "(" || sign == "[") ++depth_;
      if ((sign == ")" || sign == "]") && depth_-- == 0) {
        throw SyntaxError(position_, "'" + std::string(sign) + "' closes nothing");
      }
      return push(CodeTokenKind::sign, std::string(sign), sign.size());
    }
    throw SyntaxError(position_, std::string("'") + at() + "' is not understood here");
  }

  void name() {
    std::size_t length = 0;
    while (is_letter(at(length)) || is_digit(at(length))) ++length;
    push(CodeTokenKind::name, std::string(text_.substr(offset_, length)), length);
  }

  void number() {
    const bool hexadecimal = at() == '0' && (at(1) == 'x' || at(1) == 'X');
    std::size_t length = hexadecimal ? 2 : 0;
    bool real = false;
    while (is_digit(at(length)) || is_letter(at(length)) || (at(length) == '.' && !hexadecimal)) {
      real |= at(length) == '.' || (!hexadecimal && (at(length) == 'e' || at(length) == 'E'));
      ++length;
    }
    const std::string text(text_.substr(offset_, length));
    const char* const end = text.data() + text.size();
    if (real) {
      double value = 0;
      const auto [stop, error] = std::from_chars(text.data(), end, value);
      if (error != std::errc{} || stop != end) throw wrong_number(text);
      return push(CodeTokenKind::number, text, length, Value(value));
    }
    std::int64_t value = 0;
    const auto [stop, error] =
        std::from_chars(text.data() + (hexadecimal ? 2 : 0), end, value, hexadecimal ? 16 : 10);
    if (error != std::errc{} || stop != end) throw wrong_number(text);
    push(CodeTokenKind::number, text, length, Value(value));
  }

  [[nodiscard]] SyntaxError wrong_number(const std::string& text) const {
    return {position_, "'" + text + "' is not a number of 63 bits"};
  }

  void string() {
    const char quote = at();
    std::string value;
    std::size_t length = 1;
    while (at(length) != quote) {
      if (offset_ + length >= text_.size() || at(length) == '\n') {
        throw SyntaxError(position_, "this string has no end");
      }
      if (at(length) == '\\') {
        ++length;
        value += at(length) == 'n' ? '\n' : at(length) == 't' ? '\t' : at(length);
      } else {
        value += at(length);
      }
      ++length;
    }
    push(CodeTokenKind::string, value, length + 1, Value(value));
  }

  std::string_view text_;
  std::size_t offset_ = 0;
  Position position_;
  std::vector<CodeToken> tokens_;
  std::size_t depth_ = 0;
  std::uint32_t indentation_ = 0;
};

}  // namespace

std::vector<CodeToken> tokenize_code(std::string_view text, Position position) {
  return CodeLexer(text, position).run();
}

}  // namespace bowline::inline v0::packetdrill::code
