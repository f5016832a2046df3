#pragma once

// What is wrong with a script, and where.
//
// A script is read as a whole before anything runs. The first thing in it that is not understood
// ends the reading: file, line, column, what stands there and what was expected.

#include <cstdint>
#include <stdexcept>
#include <string>

namespace bowline::inline v0::packetdrill {

/// A place in a script. Lines and columns count from 1; a column counts bytes.
struct Position {
  std::uint32_t line = 1;    ///< the first is 1
  std::uint32_t column = 1;  ///< the first is 1
  friend bool operator==(const Position&, const Position&) = default;
};

/// Thrown by lexer and parsers, and caught by parse_script(): what is wrong where.
class SyntaxError : public std::runtime_error {
 public:
  /// `message` says what was expected and what stands there, in one line.
  SyntaxError(Position position, const std::string& message)
      : std::runtime_error(message), position_(position) {}
  [[nodiscard]] Position position() const noexcept { return position_; }  ///< Where.

 private:
  Position position_;
};

/// What parse_script() gives instead of a script.
struct Problem {
  Position position{};    ///< where
  std::string message{};  ///< one line, without the place
};

/// "file.pkt:3:14: message".
[[nodiscard]] inline std::string to_text(const Problem& problem, const std::string& file) {
  return file + ':' + std::to_string(problem.position.line) + ':' +
         std::to_string(problem.position.column) + ": " + problem.message;
}

}  // namespace bowline::inline v0::packetdrill
