#pragma once

// The words of the language.

#include <cstdint>
#include <string>

#include "bowline/packetdrill/language/problem.hpp"

namespace bowline::inline v0::packetdrill {

/// What a token is.
enum class TokenKind : std::uint8_t {
  end,          ///< the end of the script
  word,         ///< letters, digits and underscores: a name, a flag, a cookie
  integer,      ///< decimal, perhaps with a minus in front
  hexadecimal,  ///< 0x1f
  decimal,      ///< 0.25, .5: a time, or the flags ".5" of an AccECN segment
  string,       ///< "text"; `text` is what stands between the quotes
  command,      ///< `text`
  code,         ///< %{ text }%
  option,       ///< --name; `text` is the name
  address,      ///< of IPv4 or IPv6
  ellipsis,     ///< ...
  sign,         ///< one character: `text`
};

/// One token.
struct Token {
  TokenKind kind = TokenKind::end;  ///< what it is
  Position position{};              ///< where it begins
  std::string text{};               ///< see TokenKind; otherwise as it stands there
  std::int64_t integer = 0;         ///< of integer and hexadecimal
  /// Of a time: in nanoseconds. Of other numbers: nothing.
  std::int64_t nanoseconds = 0;

  /// The sign `c`?
  [[nodiscard]] bool is(char c) const noexcept {
    return kind == TokenKind::sign && text.size() == 1 && text[0] == c;
  }
  /// The word `name`?
  [[nodiscard]] bool is(const char* name) const noexcept {
    return kind == TokenKind::word && text == name;
  }
};

/// How a token is called in an error: "'foo'", "the end of the script".
[[nodiscard]] std::string describe(const Token& token);

}  // namespace bowline::inline v0::packetdrill
