#pragma once

// The code of a %{ }% block, parsed: the part of Python that scripts use.
//
// assert, assignments (= += -= *= //= |= &=), print(...), pass, and if/elif/else; expressions of
// integers, decimals and strings with + - * / // % ** | & ^ ~ << >>, chained comparisons, in, and,
// or, not, a if c else b, tuples, lists, and the functions abs, bool, float, int, len, max, min,
// round, str. Nothing else: no loops, so a block always ends.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/packetdrill/code/value.hpp"
#include "bowline/packetdrill/language/problem.hpp"

namespace bowline::inline v0::packetdrill::code {

/// What a node of an expression is.
enum class NodeKind : std::uint8_t {
  literal,      ///< `value`
  name,         ///< `text`
  unary,        ///< text ("-", "+", "~", "not") of children[0]
  binary,       ///< children[0] text children[1]
  both,         ///< children[0] and children[1]
  either,       ///< children[0] or children[1]
  comparison,   ///< children[0] operators[0] children[1] operators[1] ...
  conditional,  ///< children[0] if children[1] else children[2]
  call,         ///< text(children)
  items,        ///< (children), [children]
  element,      ///< children[0][children[1]]
};

/// An expression.
struct Node {
  NodeKind kind = NodeKind::literal;     ///< what it is
  Position position{};                   ///< where it begins
  std::string text{};                    ///< see NodeKind
  Value value{};                         ///< of a literal
  std::vector<std::string> operators{};  ///< of a comparison
  std::vector<Node> children{};          ///< see NodeKind
};

/// What a statement is.
enum class StatementKind : std::uint8_t {
  expression,  ///< nodes[0], for its effect: print(...)
  assertion,   ///< assert nodes[0], nodes[1] (the latter may be missing)
  assignment,  ///< name = nodes[0]; `text` is the operator in front of '=': "", "+", ...
  branch,      ///< if nodes[0]: bodies[0] elif nodes[1]: bodies[1] else: bodies[2]
  pass,        ///< nothing
};

/// A statement.
struct Statement {
  StatementKind kind = StatementKind::pass;      ///< what it is
  Position position{};                           ///< where it begins
  std::string name{};                            ///< of an assignment
  std::string text{};                            ///< see StatementKind; of an assertion: its source
  std::vector<Node> nodes{};                     ///< see StatementKind
  std::vector<std::vector<Statement>> bodies{};  ///< of a branch
};

/// A block.
struct Block {
  Position position{};                  ///< of its %{
  std::vector<Statement> statements{};  ///< in order
};

/// Parses what stands between %{ and }%; `position` is that of the %{. Throws SyntaxError.
[[nodiscard]] Block parse_block(std::string_view text, Position position);

}  // namespace bowline::inline v0::packetdrill::code
