#pragma once

// What the operators and functions of %{ }% blocks do.

#include <string_view>

#include "bowline/packetdrill/code/value.hpp"
#include "bowline/packetdrill/language/problem.hpp"

namespace bowline::inline v0::packetdrill::code {

/// A block cannot go on: an assertion does not hold, a name is unknown, a string is added to a
/// number, something is divided by zero.
class EvaluationError : public SyntaxError {
 public:
  using SyntaxError::SyntaxError;
};

/// `sign` of `value`: - + ~ not. Throws EvaluationError, as all of these do.
[[nodiscard]] Value operate(std::string_view sign, const Value& value, Position position);
/// left `sign` right: + - * / // % ** | & ^ << >>. Numbers of 64 bits; more is an error.
[[nodiscard]] Value operate(std::string_view sign, const Value& left, const Value& right,
                            Position position);
/// Does left `sign` right hold: == != < <= > >= in, not in?
[[nodiscard]] bool holds(std::string_view sign, const Value& left, const Value& right,
                         Position position);
/// The function `name` of `arguments`.
[[nodiscard]] Value apply(std::string_view name, const Items& arguments, Position position);
/// value[index].
[[nodiscard]] Value element(const Value& value, const Value& index, Position position);

}  // namespace bowline::inline v0::packetdrill::code
