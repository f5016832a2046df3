// Statements and expressions of %{ }% blocks: recursive descent, in Python's precedence.

#include <algorithm>
#include <array>

#include "bowline/packetdrill/code/block.hpp"
#include "bowline/packetdrill/code/token.hpp"
#include "bowline/packetdrill/language/bounds.hpp"

namespace bowline::inline v0::packetdrill::code {
namespace {

constexpr std::array<std::string_view, 10> kFunctions = {"abs", "bool", "float", "int",   "len",
                                                         "max", "min",  "print", "round", "str"};
constexpr std::array<std::string_view, 28> kReserved = {
    "and",    "as",   "assert", "break",  "class",   "continue", "def",
    "del",    "elif", "else",   "except", "finally", "for",      "from",
    "global", "if",   "import", "in",     "is",      "lambda",   "nonlocal",
    "not",    "or",   "raise",  "return", "try",     "while",    "yield"};

class Parser {
 public:
  Parser(std::string_view text, Position position)
      : text_(text), tokens_(tokenize_code(text, position)) {}

  std::vector<Statement> run() {
    std::vector<Statement> statements = body(0);
    if (peek().kind != CodeTokenKind::end) {
      throw SyntaxError(peek().position, "this line is indented, and nothing above asks for it");
    }
    return statements;
  }

 private:
  [[nodiscard]] const CodeToken& peek() const noexcept { return tokens_[at_]; }
  CodeToken take() {
    CodeToken token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }
  [[nodiscard]] bool next_is(std::string_view text) const noexcept {
    return (peek().kind == CodeTokenKind::sign || peek().kind == CodeTokenKind::name) &&
           peek().text == text;
  }
  bool accept(std::string_view text) {
    if (!next_is(text)) return false;
    take();
    return true;
  }
  void expect(std::string_view text) {
    if (!accept(text)) fail("'" + std::string(text) + "'");
  }
  [[noreturn]] void fail(const std::string& expected) const {
    const CodeToken& token = peek();
    const bool over = token.kind == CodeTokenKind::line_end || token.kind == CodeTokenKind::end;
    throw SyntaxError(token.position, "expected " + expected + ", not " +
                                          (over ? "the end of the line" : "'" + token.text + "'"));
  }

  struct Deeper {
    explicit Deeper(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxDepth) {
        throw SyntaxError(parser_.peek().position, "nested too deeply");
      }
    }
    ~Deeper() { --parser_.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;

   private:
    Parser& parser_;
  };

  // ---- statements

  // The lines that are indented by exactly `indentation`.
  std::vector<Statement> body(std::uint32_t indentation) {
    const Deeper deeper(*this);
    std::vector<Statement> statements;
    while (peek().kind != CodeTokenKind::end && peek().indentation == indentation) {
      if (next_is("if")) {
        statements.push_back(branch(indentation));
      } else {
        line(statements);
      }
    }
    if (peek().kind != CodeTokenKind::end && peek().indentation > indentation) {
      throw SyntaxError(peek().position, "this line is indented, and nothing above asks for it");
    }
    return statements;
  }

  // Statements apart by ';', to the end of the line.
  void line(std::vector<Statement>& statements) {
    do {
      if (peek().kind == CodeTokenKind::line_end) break;  // a ';' at its end
      if (++count_ > kMaxStatements) throw SyntaxError(peek().position, "too many statements");
      statements.push_back(simple());
    } while (accept(";"));
    if (peek().kind != CodeTokenKind::line_end) fail("';' or the end of the line");
    take();
  }

  // What stands behind the ':' of a branch.
  std::vector<Statement> suite(std::uint32_t indentation) {
    expect(":");
    std::vector<Statement> statements;
    if (peek().kind != CodeTokenKind::line_end) {
      line(statements);
      return statements;
    }
    take();
    if (peek().kind == CodeTokenKind::end || peek().indentation <= indentation) {
      throw SyntaxError(peek().position, "expected an indented line behind ':'");
    }
    return body_of_suite(indentation);
  }

  std::vector<Statement> body_of_suite(std::uint32_t outer) {
    const std::uint32_t inner = peek().indentation;
    std::vector<Statement> statements = body(inner);
    if (peek().kind != CodeTokenKind::end && peek().indentation > outer) {
      throw SyntaxError(peek().position, "this line is indented like none above it");
    }
    return statements;
  }

  Statement branch(std::uint32_t indentation) {
    Statement statement{.kind = StatementKind::branch, .position = peek().position};
    take();
    statement.nodes.push_back(expression());
    statement.bodies.push_back(suite(indentation));
    while (next_is("elif") && peek().indentation == indentation) {
      take();
      statement.nodes.push_back(expression());
      statement.bodies.push_back(suite(indentation));
    }
    if (next_is("else") && peek().indentation == indentation) {
      take();
      statement.bodies.push_back(suite(indentation));
    }
    return statement;
  }

  Statement simple() {
    Statement statement{.position = peek().position};
    if (accept("pass")) return statement;
    const std::size_t begin = peek().offset;
    if (accept("assert")) {
      statement.kind = StatementKind::assertion;
      statement.nodes.push_back(expression());
      statement.text = std::string(text_.substr(begin, peek().offset - begin));
      while (statement.text.ends_with(' ')) statement.text.pop_back();
      if (accept(",")) statement.nodes.push_back(expression());
      return statement;
    }
    if (peek().kind == CodeTokenKind::name && is_assignment(tokens_[at_ + 1])) {
      statement.kind = StatementKind::assignment;
      statement.name = peek().text;
      if (std::ranges::find(kReserved, std::string_view(statement.name)) != kReserved.end()) {
        fail("a name that can be assigned");
      }
      take();
      statement.text = take().text;
      statement.text.pop_back();  // the '='
      statement.nodes.push_back(tuple());
      return statement;
    }
    statement.kind = StatementKind::expression;
    statement.nodes.push_back(tuple());
    return statement;
  }

  static bool is_assignment(const CodeToken& token) noexcept {
    return token.kind == CodeTokenKind::sign && token.text.ends_with('=') && token.text != "==" &&
           token.text != "!=" && token.text != "<=" && token.text != ">=";
  }

  // ---- expressions, from the loosest to the tightest

  // a, b
  Node tuple() {
    Node node = expression();
    if (!next_is(",")) return node;
    Node items{.kind = NodeKind::items, .position = node.position};
    items.children.push_back(std::move(node));
    while (accept(",")) {
      if (peek().kind == CodeTokenKind::line_end || next_is(")") || next_is(";")) break;
      items.children.push_back(expression());
    }
    return items;
  }

  Node expression() {
    const Deeper deeper(*this);
    Node value = either();
    if (!accept("if")) return value;
    Node node{.kind = NodeKind::conditional, .position = value.position};
    node.children.push_back(std::move(value));
    node.children.push_back(either());
    expect("else");
    node.children.push_back(expression());
    return node;
  }

  Node either() {
    Node left = both();
    while (accept("or")) left = pair(NodeKind::either, "or", std::move(left), both());
    return left;
  }

  Node both() {
    Node left = negation();
    while (accept("and")) left = pair(NodeKind::both, "and", std::move(left), negation());
    return left;
  }

  Node negation() {
    const Deeper deeper(*this);
    if (!next_is("not")) return comparison();
    Node node{.kind = NodeKind::unary, .position = take().position, .text = "not"};
    node.children.push_back(negation());
    return node;
  }

  // "<", "in", "not in", ...; empty: none stands here.
  std::string comparator() {
    for (const std::string_view sign : {"==", "!=", "<=", ">=", "<", ">", "in"}) {
      if (accept(sign)) return std::string(sign);
    }
    if (next_is("not")) {
      take();
      expect("in");
      return "not in";
    }
    return {};
  }

  Node comparison() {
    Node first = binary(0);
    std::string sign = comparator();
    if (sign.empty()) return first;
    Node node{.kind = NodeKind::comparison, .position = first.position};
    node.children.push_back(std::move(first));
    for (; !sign.empty(); sign = comparator()) {
      node.operators.push_back(sign);
      node.children.push_back(binary(0));
    }
    return node;
  }

  static constexpr std::array<std::array<std::string_view, 4>, 6> kLevels = {{
      {"|", "", "", ""},
      {"^", "", "", ""},
      {"&", "", "", ""},
      {"<<", ">>", "", ""},
      {"+", "-", "", ""},
      {"*", "/", "//", "%"},
  }};

  Node binary(std::size_t level) {
    if (level == kLevels.size()) return unary();
    Node left = binary(level + 1);
    for (;;) {
      const auto sign = std::ranges::find_if(
          kLevels[level], [&](std::string_view s) { return !s.empty() && next_is(s); });
      if (sign == kLevels[level].end()) return left;
      take();
      left = pair(NodeKind::binary, std::string(*sign), std::move(left), binary(level + 1));
    }
  }

  Node unary() {
    const Deeper deeper(*this);
    for (const std::string_view sign : {"-", "+", "~"}) {
      if (!next_is(sign)) continue;
      Node node{.kind = NodeKind::unary, .position = take().position, .text = std::string(sign)};
      node.children.push_back(unary());
      return node;
    }
    Node base = postfix();
    if (!accept("**")) return base;
    return pair(NodeKind::binary, "**", std::move(base), unary());
  }

  Node postfix() {
    Node node = atom();
    while (next_is("[")) {
      take();
      node = pair(NodeKind::element, "[]", std::move(node), expression());
      expect("]");
    }
    return node;
  }

  Node atom() {
    const CodeToken token = peek();
    if (token.kind == CodeTokenKind::number || token.kind == CodeTokenKind::string) {
      take();
      return {.position = token.position, .value = token.value};
    }
    if (token.kind == CodeTokenKind::name) return name();
    if (accept("(")) {
      if (accept(")")) return {.kind = NodeKind::items, .position = token.position};
      Node inner = tuple();
      expect(")");
      return inner;
    }
    if (accept("[")) {
      Node node{.kind = NodeKind::items, .position = token.position};
      arguments("]", node);
      return node;
    }
    fail("a value");
  }

  Node name() {
    const CodeToken token = peek();
    if (std::ranges::find(kReserved, std::string_view(token.text)) != kReserved.end()) {
      fail("a value");
    }
    take();
    if (token.text == "True") return {.position = token.position, .value = std::int64_t{1}};
    if (token.text == "False") return {.position = token.position, .value = std::int64_t{0}};
    if (token.text == "None") return {.position = token.position};
    Node node{.kind = NodeKind::name, .position = token.position, .text = token.text};
    if (!accept("(")) return node;
    if (std::ranges::find(kFunctions, std::string_view(token.text)) == kFunctions.end()) {
      throw SyntaxError(token.position, "'" + token.text +
                                            "' is none of the functions that there are: abs, bool, "
                                            "float, int, len, max, min, print, round, str");
    }
    node.kind = NodeKind::call;
    arguments(")", node);
    return node;
  }

  void arguments(std::string_view end, Node& node) {
    while (!accept(end)) {
      node.children.push_back(expression());
      if (!next_is(end)) expect(",");
    }
  }

  static Node pair(NodeKind kind, std::string text, Node left, Node right) {
    Node node{.kind = kind, .position = left.position, .text = std::move(text)};
    node.children.push_back(std::move(left));
    node.children.push_back(std::move(right));
    return node;
  }

  std::string_view text_;
  std::vector<CodeToken> tokens_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t count_ = 0;
};

}  // namespace

Block parse_block(std::string_view text, Position position) {
  return {.position = position, .statements = Parser(text, position).run()};
}

}  // namespace bowline::inline v0::packetdrill::code
