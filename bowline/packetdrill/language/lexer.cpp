#include "bowline/packetdrill/language/lexer.hpp"

#include <charconv>

#include "bowline/packetdrill/language/bounds.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
constexpr bool is_word(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    std::vector<Token> tokens;
    for (;;) {
      skip_blanks();
      if (tokens.size() == kMaxTokens) throw SyntaxError(position_, "the script is too long");
      tokens.push_back(next());
      if (tokens.back().kind == TokenKind::end) return tokens;
    }
  }

 private:
  [[nodiscard]] char at(std::size_t ahead = 0) const noexcept {
    return offset_ + ahead < text_.size() ? text_[offset_ + ahead] : '\0';
  }
  [[nodiscard]] bool done() const noexcept { return offset_ >= text_.size(); }
  [[nodiscard]] std::string_view rest() const noexcept { return text_.substr(offset_); }

  void advance(std::size_t count) noexcept {
    for (; count > 0 && !done(); --count, ++offset_) {
      if (text_[offset_] == '\n') {
        ++position_.line;
        position_.column = 1;
      } else {
        ++position_.column;
      }
    }
  }

  void skip_line() noexcept {
    while (!done() && at() != '\n') advance(1);
  }

  void skip_blanks() {
    for (;;) {
      if (at() == ' ' || at() == '\t' || at() == '\n' || at() == '\r') {
        advance(1);
      } else if ((at() == '/' && at(1) == '/') || (at() == '#' && at_line_begin())) {
        skip_line();
      } else if (at() == '/' && at(1) == '*') {
        const Position begin = position_;
        const std::size_t end = text_.find("*/", offset_ + 2);
        if (end == std::string_view::npos) {
          throw SyntaxError(begin, "this comment has no end: expected */");
        }
        advance(end + 2 - offset_);
      } else {
        return;
      }
    }
  }

  // Only blanks stand before it on its line.
  [[nodiscard]] bool at_line_begin() const noexcept {
    for (std::size_t i = offset_; i > 0; --i) {
      if (text_[i - 1] == '\n') return true;
      if (text_[i - 1] != ' ' && text_[i - 1] != '\t') return false;
    }
    return true;
  }

  Token take(TokenKind kind, std::size_t count) {
    Token token{.kind = kind, .position = position_, .text = std::string(rest().substr(0, count))};
    advance(count);
    return token;
  }

  Token next() {
    if (done()) return {.kind = TokenKind::end, .position = position_, .text = {}};
    if (at() == '"') return quoted('"', TokenKind::string);
    if (at() == '`') return quoted('`', TokenKind::command);
    if (at() == '%' && at(1) == '{') return code();
    if (rest().starts_with("...")) return take(TokenKind::ellipsis, 3);
    if (rest().starts_with("--") && is_word(at(2))) {
      advance(2);
      Token token = take(TokenKind::option, word_length());
      token.position.column -= 2;
      return token;
    }
    const std::size_t address = address_length();
    if (address > 0) return take(TokenKind::address, address);
    const std::size_t number = number_length();
    const std::size_t word = word_length();
    if (number > 0 && number >= word) return this->number(number);
    if (word > 0) return take(TokenKind::word, word);
    if (at() < ' ' || at() > '~') {
      throw SyntaxError(position_, "a byte that no script can hold here");
    }
    return take(TokenKind::sign, 1);
  }

  [[nodiscard]] std::size_t word_length() const noexcept {
    std::size_t length = 0;
    while (is_word(at(length))) ++length;
    return length;
  }

  // Digits, 0x and hexadecimal ones, or digits around a point: the latter must follow it.
  [[nodiscard]] std::size_t number_length() const noexcept {
    if (at() == '0' && at(1) == 'x' && is_hex(at(2))) {
      std::size_t length = 3;
      while (is_hex(at(length))) ++length;
      return length;
    }
    std::size_t length = at() == '-' ? 1 : 0;
    const std::size_t sign = length;
    while (is_digit(at(length))) ++length;
    if (at(length) == '.' && is_digit(at(length + 1))) {
      ++length;
      while (is_digit(at(length))) ++length;
      return length;
    }
    return length > sign ? length : 0;
  }

  // a.b.c.d, or what has a :: or seven colons in it: 1:1001 is two sequence numbers.
  [[nodiscard]] std::size_t address_length() const noexcept {
    std::size_t length = 0;
    std::size_t points = 0;
    std::size_t colons = 0;
    bool doubled = false;
    while (is_hex(at(length)) || at(length) == ':' || at(length) == '.') {
      if (at(length) == '.' && (at(length + 1) == '.' || !is_digit(at(length + 1)))) break;
      points += at(length) == '.' ? 1U : 0U;
      colons += at(length) == ':' ? 1U : 0U;
      doubled |= at(length) == ':' && at(length + 1) == ':';
      ++length;
    }
    if (is_word(at(length)) || (points != 3 && !doubled && colons != 7)) return 0;
    while (length > 0 && at(length - 1) == ':' && !(length > 1 && at(length - 2) == ':')) --length;
    return IpAddress::parse(rest().substr(0, length)) ? length : 0;
  }

  Token number(std::size_t length) {
    Token token = take(TokenKind::integer, length);
    const std::string& text = token.text;
    const bool hexadecimal = text.starts_with("0x");
    const std::size_t point = text.find('.');
    if (point != std::string::npos) {
      token.kind = TokenKind::decimal;
      token.nanoseconds = seconds(token, text.substr(0, point), text.substr(point + 1));
      return token;
    }
    std::uint64_t value = 0;
    const bool negative = text[0] == '-';
    const char* const begin = text.data() + (hexadecimal ? 2 : negative ? 1 : 0);
    const auto [end, error] =
        std::from_chars(begin, text.data() + text.size(), value, hexadecimal ? 16 : 10);
    if (error != std::errc{} || end != text.data() + text.size() ||
        (!hexadecimal && value > static_cast<std::uint64_t>(INT64_MAX))) {
      // A cookie of digits alone is longer than any number; whoever wants a number looks at
      // `integer`, and -1 is none that could be meant.
      token.kind = TokenKind::word;
      return token;
    }
    token.kind = hexadecimal ? TokenKind::hexadecimal : TokenKind::integer;
    token.integer = static_cast<std::int64_t>(value);
    if (negative) token.integer = -token.integer;
    if (!hexadecimal && value <= static_cast<std::uint64_t>(kMaxSeconds)) {
      token.nanoseconds = token.integer * 1'000'000'000;
    }
    return token;
  }

  static std::int64_t seconds(const Token& token, std::string_view whole, std::string part) {
    const bool negative = whole.starts_with('-');
    if (negative) whole.remove_prefix(1);
    std::int64_t value = 0;
    std::from_chars(whole.data(), whole.data() + whole.size(), value);
    if (value > kMaxSeconds || whole.size() > 9) {
      throw SyntaxError(token.position, "a time of more than 10000000 s");
    }
    part.resize(9, '0');
    std::int64_t fraction = 0;
    std::from_chars(part.data(), part.data() + part.size(), fraction);
    const std::int64_t sum = value * 1'000'000'000 + fraction;
    return negative ? -sum : sum;
  }

  Token quoted(char quote, TokenKind kind) {
    Token token{.kind = kind, .position = position_, .text = {}};
    std::size_t end = 1;
    while (offset_ + end < text_.size() && at(end) != quote) end += at(end) == '\\' ? 2U : 1U;
    if (offset_ + end >= text_.size()) {
      throw SyntaxError(token.position, std::string("this has no end: expected ") + quote);
    }
    token.text = std::string(rest().substr(1, end - 1));
    advance(end + 1);
    return token;
  }

  Token code() {
    Token token{.kind = TokenKind::code, .position = position_, .text = {}};
    const std::size_t end = text_.find("}%", offset_ + 2);
    if (end == std::string_view::npos) {
      throw SyntaxError(token.position, "this code has no end: expected }%");
    }
    token.text = std::string(text_.substr(offset_ + 2, end - offset_ - 2));
    advance(end + 2 - offset_);
    return token;
  }

  std::string_view text_;
  std::size_t offset_ = 0;
  Position position_;
};

}  // namespace

std::string describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::end:
      return "the end of the script";
    case TokenKind::string:
      return "a string";
    case TokenKind::command:
      return "a command in backticks";
    case TokenKind::code:
      return "a %{ }% block";
    case TokenKind::option:
      return "'--" + token.text + "'";
    default:
      return "'" + token.text + "'";
  }
}

std::vector<Token> tokenize(std::string_view text) {
  if (text.size() > kMaxScriptBytes) throw SyntaxError({}, "the script is larger than 1 MiB");
  return Lexer(text).run();
}

Token defined(const Token& token, const Defines& defines) {
  if (token.kind != TokenKind::word) return token;
  const auto found = defines.find(token.text);
  if (found == defines.end()) return token;
  std::vector<Token> value;
  try {
    value = tokenize(found->second);
  } catch (const SyntaxError& error) {
    throw SyntaxError(token.position,
                      "the definition of '" + token.text + "' is wrong: " + error.what());
  }
  if (value.size() != 2) {
    throw SyntaxError(token.position, "the definition of '" + token.text +
                                          "' is not one number, word, string or command");
  }
  value[0].position = token.position;
  return value[0];
}

}  // namespace bowline::inline v0::packetdrill
