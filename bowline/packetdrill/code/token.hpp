#pragma once

// Words of the code in %{ }% blocks, line by line: indentation means something here.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/packetdrill/code/value.hpp"
#include "bowline/packetdrill/language/problem.hpp"

namespace bowline::inline v0::packetdrill::code {

/// What a token is.
enum class CodeTokenKind : std::uint8_t { name, number, string, sign, line_end, end };

/// One token.
struct CodeToken {
  CodeTokenKind kind = CodeTokenKind::end;  ///< what it is
  Position position{};                      ///< where it begins
  std::string text{};                       ///< as written; of a string: its value
  Value value{};                            ///< of numbers and strings
  std::uint32_t indentation = 0;            ///< of the line that it begins, in columns
  std::size_t offset = 0;                   ///< in the block's text
};

/// The tokens of a block; each line that holds some ends with line_end, the last token is end.
/// Throws SyntaxError.
[[nodiscard]] std::vector<CodeToken> tokenize_code(std::string_view text, Position position);

}  // namespace bowline::inline v0::packetdrill::code
