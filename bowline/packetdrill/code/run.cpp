#include "bowline/packetdrill/code/run.hpp"

#include <algorithm>
#include <limits>

#include "bowline/packetdrill/code/operators.hpp"

namespace bowline::inline v0::packetdrill::code {
namespace {

class Runner {
 public:
  Runner(Variables& variables, std::string& printed) : variables_(variables), printed_(printed) {}

  void run(const std::vector<Statement>& statements) {
    for (const Statement& statement : statements) run(statement);
  }

 private:
  void run(const Statement& statement) {
    switch (statement.kind) {
      case StatementKind::pass:
        return;
      case StatementKind::expression:
        evaluate(statement.nodes[0]);
        return;
      case StatementKind::assertion:
        return check(statement);
      case StatementKind::assignment:
        return assign(statement);
      case StatementKind::branch:
        break;
    }
    for (std::size_t i = 0; i < statement.bodies.size(); ++i) {
      const bool otherwise = i == statement.nodes.size();
      if (otherwise || evaluate(statement.nodes[i]).truth()) return run(statement.bodies[i]);
    }
  }

  void check(const Statement& statement) {
    if (evaluate(statement.nodes[0]).truth()) return;
    std::string message = statement.text + " does not hold";
    if (statement.nodes.size() > 1) message += ": " + to_text(evaluate(statement.nodes[1]));
    throw EvaluationError(statement.position, message);
  }

  void assign(const Statement& statement) {
    Value value = evaluate(statement.nodes[0]);
    if (!statement.text.empty()) {
      value = operate(statement.text, look_up(statement.name, statement.position), value,
                      statement.position);
    }
    variables_.insert_or_assign(statement.name, std::move(value));
  }

  const Value& look_up(const std::string& name, Position position) const {
    const auto found = variables_.find(name);
    if (found == variables_.end()) {
      throw EvaluationError(position, "'" + name + "' is not defined");
    }
    return found->second;
  }

  Value evaluate(const Node& node) {
    switch (node.kind) {
      case NodeKind::literal:
        return node.value;
      case NodeKind::name:
        return look_up(node.text, node.position);
      case NodeKind::unary:
        return operate(node.text, evaluate(node.children[0]), node.position);
      case NodeKind::binary:
        return operate(node.text, evaluate(node.children[0]), evaluate(node.children[1]),
                       node.position);
      case NodeKind::both: {
        Value left = evaluate(node.children[0]);
        return left.truth() ? evaluate(node.children[1]) : left;
      }
      case NodeKind::either: {
        Value left = evaluate(node.children[0]);
        return left.truth() ? left : evaluate(node.children[1]);
      }
      case NodeKind::comparison:
        return compare(node);
      case NodeKind::conditional:
        return evaluate(node.children[evaluate(node.children[1]).truth() ? 0 : 2]);
      case NodeKind::call:
        return call(node);
      case NodeKind::items:
        return all(node);
      case NodeKind::element:
        break;
    }
    return element(evaluate(node.children[0]), evaluate(node.children[1]), node.position);
  }

  Items all(const Node& node) {
    Items items;
    for (const Node& child : node.children) items.push_back(evaluate(child));
    return items;
  }

  Value compare(const Node& node) {
    Value left = evaluate(node.children[0]);
    for (std::size_t i = 0; i < node.operators.size(); ++i) {
      Value right = evaluate(node.children[i + 1]);
      if (!holds(node.operators[i], left, right, node.position)) return std::int64_t{0};
      left = std::move(right);
    }
    return std::int64_t{1};
  }

  Value call(const Node& node) {
    const Items arguments = all(node);
    if (node.text != "print") return apply(node.text, arguments, node.position);
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (i > 0) printed_ += ' ';
      printed_ += to_text(arguments[i]);
    }
    printed_ += '\n';
    return {};
  }

  Variables& variables_;
  std::string& printed_;
};

}  // namespace

std::optional<Failure> run(const Block& block, Variables& variables, std::string& printed) {
  try {
    Runner(variables, printed).run(block.statements);
  } catch (const EvaluationError& error) {
    return Failure{.position = error.position(), .message = error.what()};
  }
  return std::nullopt;
}

}  // namespace bowline::inline v0::packetdrill::code
