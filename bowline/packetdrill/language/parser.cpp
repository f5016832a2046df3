#include "bowline/packetdrill/language/parser.hpp"

#include "bowline/packetdrill/language/bounds.hpp"
#include "bowline/packetdrill/language/parts.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

bool begins_event(const Token& token) noexcept {
  return token.is('+') || token.is('*') || token.kind == TokenKind::integer ||
         token.kind == TokenKind::decimal;
}

// NAME=value, after --define or between quotes of it: value is put down as it stands.
void parse_define(Cursor& cursor, Defines& defines, const Defines& given) {
  const Token name = cursor.take_undefined();
  if (name.kind != TokenKind::word) {
    throw SyntaxError(name.position, "expected NAME=value after --define=");
  }
  cursor.expect('=', "after the name that is defined");
  const Token value = cursor.take();
  std::string text = value.text;
  switch (value.kind) {
    case TokenKind::string:
      text = '"' + text + '"';
      break;
    case TokenKind::command:
      text = '`' + text + '`';
      break;
    case TokenKind::word:
    case TokenKind::integer:
    case TokenKind::hexadecimal:
    case TokenKind::address:
      break;
    default:
      throw SyntaxError(value.position, "expected a number, word, string or command as the value");
  }
  if (!given.contains(name.text)) defines.insert_or_assign(name.text, std::move(text));
}

void parse_option(Cursor& cursor, Script& script, Defines& defines, const Defines& given) {
  const Token name = cursor.take();
  if (name.text == "define") {
    cursor.expect('=', "after --define");
    parse_define(cursor, defines, given);
    return;
  }
  Option option{.position = name.position, .name = name.text, .value = {}};
  if (cursor.accept('=')) {
    const Token value = cursor.take();
    option.value = value.text;
    switch (value.kind) {
      case TokenKind::word:
      case TokenKind::integer:
      case TokenKind::hexadecimal:
      case TokenKind::decimal:
      case TokenKind::string:
      case TokenKind::address:
        break;
      default:
        throw SyntaxError(value.position, "expected a value after --" + name.text + "=");
    }
    // ipv4-mapped-ipv6 is one value to a person.
    while (cursor.peek().is('-') && cursor.peek_second().kind == TokenKind::word) {
      cursor.take();
      option.value += '-' + cursor.take().text;
    }
    while (cursor.accept(',')) option.value += ',' + cursor.take().text;
  }
  script.options.push_back(std::move(option));
}

void parse_event_time(Cursor& cursor, Event& event) {
  event.position = cursor.peek().position;
  if (cursor.accept('*')) {
    event.time_kind = TimeKind::any;
    return;
  }
  const bool relative = cursor.accept('+');
  event.time_kind = relative ? TimeKind::relative : TimeKind::absolute;
  event.time = parse_time(cursor);
  if (cursor.accept('~')) {
    event.time_kind = relative ? TimeKind::relative_range : TimeKind::absolute_range;
    if (relative) cursor.expect('+', "before the end of a relative range");
    const Position end = cursor.peek().position;
    event.time_end = parse_time(cursor);
    if (event.time_end < event.time) throw SyntaxError(end, "the range of time goes backwards");
  }
}

void check_time(const Event& event) {
  const auto* const packet = std::get_if<PacketSpec>(&event.action);
  if (event.time_kind == TimeKind::absolute || event.time_kind == TimeKind::relative) return;
  if (packet == nullptr || packet->way != Way::outbound) {
    throw SyntaxError(event.position,
                      "'*' and ranges of time are for outbound packets: give one time");
  }
}

Event parse_event(Cursor& cursor) {
  Event event;
  parse_event_time(cursor, event);
  const Token& next = cursor.peek();
  if (next.is('<') || next.is('>')) {
    event.action = parse_packet(cursor);
  } else if (next.kind == TokenKind::word || next.kind == TokenKind::ellipsis) {
    event.action = parse_call(cursor);
  } else if (next.kind == TokenKind::command) {
    event.action = CommandSpec{cursor.take().text};
  } else if (next.kind == TokenKind::code) {
    const Token token = cursor.take();
    event.action = code::parse_block(token.text, token.position);
  } else {
    cursor.fail("a packet ('<' or '>'), a call, `a command` or %{ code }% after the time");
  }
  check_time(event);
  return event;
}

bool is_absolute(const Event& event) noexcept {
  return event.time_kind == TimeKind::absolute || event.time_kind == TimeKind::absolute_range;
}

// A script begins at 0, and absolute times that follow each other go on from there.
void check_order(const std::vector<Event>& events) {
  if (!events.empty() && events[0].time != Duration::zero()) {
    throw SyntaxError(events[0].position, "the first event is at time 0");
  }
  for (std::size_t i = 1; i < events.size(); ++i) {
    if (!is_absolute(events[i]) || !is_absolute(events[i - 1])) continue;
    if (events[i].time < events[i - 1].time) {
      throw SyntaxError(events[i].position, "the time goes backwards");
    }
  }
}

Script parse(std::string_view text, const Defines& given) {
  Script script;
  Defines defines = given;
  Cursor cursor(tokenize(text), defines);
  while (cursor.peek().kind == TokenKind::option) parse_option(cursor, script, defines, given);
  if (cursor.peek().kind == TokenKind::command) {
    script.set_up_position = cursor.peek().position;
    script.set_up = CommandSpec{cursor.take().text};
  }
  while (begins_event(cursor.peek())) script.events.push_back(parse_event(cursor));
  if (cursor.peek().kind == TokenKind::command) script.clean_up = CommandSpec{cursor.take().text};
  if (cursor.peek().kind == TokenKind::option) {
    cursor.fail("no option here: options stand before all else");
  }
  if (cursor.peek().kind != TokenKind::end) cursor.fail("an event, which begins with its time");
  if (script.events.empty()) cursor.fail("at least one event: a script without any tests nothing");
  check_order(script.events);
  return script;
}

}  // namespace

std::int64_t Cursor::number(const char* what, std::int64_t least, std::int64_t most) {
  const Token token = take();
  if (token.kind != TokenKind::integer && token.kind != TokenKind::hexadecimal) {
    throw SyntaxError(token.position, std::string("expected ") + what + ", not " + describe(token));
  }
  if (token.integer < least || token.integer > most) {
    throw SyntaxError(token.position, std::string(what) + " is out of range: " + token.text +
                                          " is not from " + std::to_string(least) + " to " +
                                          std::to_string(most));
  }
  return token.integer;
}

Duration parse_time(Cursor& cursor) {
  const Token token = cursor.take();
  if (token.kind != TokenKind::integer && token.kind != TokenKind::decimal) {
    throw SyntaxError(token.position, "expected a time in seconds, not " + describe(token));
  }
  if (token.nanoseconds < 0 || token.integer < 0) {
    throw SyntaxError(token.position, "a time is not negative");
  }
  if (token.kind == TokenKind::integer && token.integer > kMaxSeconds) {
    throw SyntaxError(token.position, "a time of more than 10000000 s");
  }
  return Duration(token.nanoseconds);
}

std::expected<Script, Problem> parse_script(std::string_view text, const Defines& defines) {
  try {
    return parse(text, defines);
  } catch (const SyntaxError& error) {
    return std::unexpected(Problem{.position = error.position(), .message = error.what()});
  }
}

}  // namespace bowline::inline v0::packetdrill
