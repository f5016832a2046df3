// Calls: name(arguments) = result ERRNO (note).

#include "bowline/packetdrill/language/bounds.hpp"
#include "bowline/packetdrill/language/parts.hpp"
#include "bowline/packetdrill/language/symbols.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

// Adds items up to `end`, which it takes.
void parse_items(Cursor& cursor, char end, const char* where, std::vector<Expression>& items,
                 std::size_t depth) {
  if (cursor.accept(end)) return;
  do {
    if (items.size() == kMaxItems) {
      throw SyntaxError(cursor.peek().position, "a list of more than 1000 items");
    }
    items.push_back(parse_expression(cursor, depth + 1));
  } while (cursor.accept(','));
  cursor.expect(end, where);
}

unsigned hex_digit(const Token& string, char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  throw SyntaxError(string.position, "expected two hexadecimal digits behind \\x in a string");
}

// What stands between the quotes, with C's escapes: "\x00\n".
std::string unescaped(const Token& string) {
  constexpr std::string_view kLetters = "\\\"fnrtv";
  constexpr std::string_view kMeanings = "\\\"\f\n\r\t\v";
  const std::string& text = string.text;
  const auto at = [&](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    ++i;
    const std::size_t letter = kLetters.find(at(i));
    if (letter != std::string_view::npos) {
      result += kMeanings[letter];
    } else if (at(i) == 'x') {
      result +=
          static_cast<char>(hex_digit(string, at(i + 1)) << 4U | hex_digit(string, at(i + 2)));
      i += 2;
    } else {
      throw SyntaxError(string.position, "expected one of \\\" f n r t v x behind \\ in a string");
    }
  }
  return result;
}

Expression parse_string(Cursor& cursor) {
  Expression result{.kind = ExpressionKind::string, .position = cursor.peek().position};
  while (cursor.peek().kind == TokenKind::string) result.text += unescaped(cursor.take());
  // "abc"... : a string that goes on in a way that does not matter.
  if (cursor.peek().kind == TokenKind::ellipsis) cursor.take();
  return result;
}

// A constant, name(arguments), name = value or name(argument) = value.
Expression parse_name(Cursor& cursor, std::size_t depth) {
  const Token name = cursor.take();
  Expression result{.kind = ExpressionKind::call, .position = name.position, .text = name.text};
  const bool called = cursor.accept('(');
  if (called) parse_items(cursor, ')', "behind the arguments", result.items, depth);
  if (cursor.accept('=')) {
    result.kind = ExpressionKind::field;
    result.items.insert(result.items.begin(), parse_expression(cursor, depth + 1));
    return result;
  }
  if (called) return result;
  const auto value = symbol(name.text);
  if (!value) {
    throw SyntaxError(name.position, "unknown name '" + name.text +
                                         "': expected a constant of the socket interface");
  }
  result.kind = ExpressionKind::integer;
  result.integer = *value;
  return result;
}

Expression parse_primary(Cursor& cursor, std::size_t depth) {
  if (depth > kMaxDepth) throw SyntaxError(cursor.peek().position, "nested too deeply");
  const Token& next = cursor.peek();
  switch (next.kind) {
    case TokenKind::ellipsis:
      return {.kind = ExpressionKind::ellipsis, .position = cursor.take().position};
    case TokenKind::integer:
    case TokenKind::hexadecimal: {
      const Token token = cursor.take();
      return {.kind = ExpressionKind::integer,
              .position = token.position,
              .text = token.text,
              .integer = token.integer};
    }
    case TokenKind::string:
      return parse_string(cursor);
    case TokenKind::word:
      return parse_name(cursor, depth);
    default:
      break;
  }
  Expression result{.position = next.position};
  if (cursor.accept('[')) {
    result.kind = ExpressionKind::list;
    parse_items(cursor, ']', "behind a list", result.items, depth);
    return result;
  }
  if (cursor.accept('{')) {
    result.kind = ExpressionKind::structure;
    parse_items(cursor, '}', "behind a structure", result.items, depth);
    return result;
  }
  cursor.fail("an argument: a number, a constant, a string, '...', [list] or {structure}");
}

void require_number(const Expression& expression) {
  if (expression.kind != ExpressionKind::integer) {
    throw SyntaxError(expression.position, "'|' joins numbers and constants alone");
  }
}

// (anything): strerror's words, or those of a person.
void skip_note(Cursor& cursor) {
  if (!cursor.accept('(')) return;
  for (std::size_t depth = 1; depth > 0;) {
    if (cursor.peek().kind == TokenKind::end) cursor.fail("')' behind a note");
    const Token token = cursor.take();
    if (token.is('(')) ++depth;
    if (token.is(')')) --depth;
  }
}

}  // namespace

const Expression* Expression::field(std::string_view name) const noexcept {
  for (const Expression& item : items) {
    if (item.kind == ExpressionKind::field && item.text == name) return &item.items[0];
  }
  return nullptr;
}

Expression parse_expression(Cursor& cursor, std::size_t depth) {
  Expression result = parse_primary(cursor, depth);
  while (cursor.accept('|')) {
    require_number(result);
    const Expression next = parse_primary(cursor, depth + 1);
    require_number(next);
    result.integer |= next.integer;
    result.text += '|' + next.text;
  }
  return result;
}

CallSpec parse_call(Cursor& cursor) {
  CallSpec call;
  if (cursor.peek().kind == TokenKind::ellipsis) {
    cursor.take();
    call.blocks_until = parse_time(cursor);
  }
  const Token name = cursor.take();
  if (name.kind != TokenKind::word || !is_call(name.text)) {
    throw SyntaxError(name.position,
                      "expected a system call that is known here, not " + describe(name));
  }
  call.name = name.text;
  cursor.expect('(', "behind the name of a call");
  parse_items(cursor, ')', "behind the arguments", call.arguments, 0);
  cursor.expect('=', "and the result behind a call");
  const Expression result = parse_expression(cursor);
  if (result.kind == ExpressionKind::integer) {
    call.result = result.integer;
  } else if (result.kind != ExpressionKind::ellipsis) {
    throw SyntaxError(result.position, "the result of a call is a number");
  }
  if (cursor.peek().kind == TokenKind::word) {
    const Token error = cursor.take();
    call.error = error_number(error.text);
    call.error_name = error.text;
    if (!call.error) {
      throw SyntaxError(error.position, "expected the name of an errno, not " + describe(error));
    }
  }
  skip_note(cursor);
  return call;
}

}  // namespace bowline::inline v0::packetdrill
