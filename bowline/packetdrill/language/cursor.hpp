#pragma once

// Walks along the tokens of a script; what all its parsers share.

#include <string>
#include <string_view>
#include <vector>

#include "bowline/packetdrill/language/lexer.hpp"

namespace bowline::inline v0::packetdrill {

/// The place in a script where a parser stands.
class Cursor {
 public:
  /// Over `tokens`, whose last is the end; words that `defines` knows are replaced as they come.
  Cursor(std::vector<Token> tokens, const Defines& defines)
      : tokens_(std::move(tokens)), defines_(&defines) {
    current_ = defined(tokens_[0], *defines_);
  }

  [[nodiscard]] const Token& peek() const noexcept { return current_; }  ///< The next token.
  /// The one after it, undefined.
  [[nodiscard]] const Token& peek_second() const noexcept {
    return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_];
  }
  /// Takes the next token.
  Token take() {
    Token token = std::move(current_);
    if (at_ + 1 < tokens_.size()) ++at_;
    current_ = defined(tokens_[at_], *defines_);
    return token;
  }
  /// Takes the next token as it stands in the script, whatever is defined.
  Token take_undefined() {
    current_ = tokens_[at_];
    return take();
  }
  /// Takes the sign `c` if it is next.
  bool accept(char c) {
    if (!current_.is(c)) return false;
    take();
    return true;
  }
  /// Takes the word `name` if it is next.
  bool accept(const char* name) {
    if (!current_.is(name)) return false;
    take();
    return true;
  }
  /// Takes the sign `c`, or throws.
  void expect(char c, const char* where) {
    if (!accept(c)) fail(std::string("'") + c + "' " + where);
  }
  /// Takes the word `name`, or throws.
  void expect(const char* name, const char* where) {
    if (!accept(name)) fail(std::string("'") + name + "' " + where);
  }
  /// Takes a whole number from `least` to `most`, or throws; `what` names it.
  std::int64_t number(const char* what, std::int64_t least, std::int64_t most);
  /// Throws: `expected` should stand here.
  [[noreturn]] void fail(const std::string& expected) const {
    throw SyntaxError(current_.position, "expected " + expected + ", not " + describe(current_));
  }

 private:
  std::vector<Token> tokens_;
  const Defines* defines_;
  std::size_t at_ = 0;
  Token current_;
};

}  // namespace bowline::inline v0::packetdrill
