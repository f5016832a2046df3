#pragma once

// Cuts a script into tokens.
//
// As in stock packetdrill the longest match wins, so that `0...0.1` is a number, an ellipsis and a
// number, and 1:1001 two numbers but fd00::1 an address. Comments are `// ...`, `/* ... */` and, at
// the beginning of a line, `# ...`.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/packetdrill/language/token.hpp"

namespace bowline::inline v0::packetdrill {

/// Names that stand for something else: --define=NAME=value, -D NAME=value. The value as it would
/// stand in a script: a number, a word, "a string", `a command`.
using Defines = std::map<std::string, std::string, std::less<>>;

/// The tokens of `text`; the last is TokenKind::end. Throws SyntaxError.
[[nodiscard]] std::vector<Token> tokenize(std::string_view text);

/// `token`, or what its definition says if it is a word that has one; at the token's place.
[[nodiscard]] Token defined(const Token& token, const Defines& defines);

}  // namespace bowline::inline v0::packetdrill
