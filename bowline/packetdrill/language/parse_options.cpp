// TCP options: <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 8>.

#include <string_view>

#include "bowline/packetdrill/language/parts.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/tcp_option.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

constexpr std::int64_t kMax8 = 0xff;
constexpr std::int64_t kMax16 = 0xffff;
constexpr std::int64_t kMax24 = 0xff'ffff;
constexpr std::int64_t kMax32 = 0xffff'ffff;
constexpr std::size_t kMaxHex = 38;  // bytes: what an option can hold
constexpr std::uint8_t kExperiment = 254;
constexpr std::uint16_t kFastOpenMagic = 0xf989;  // RFC 7413 appendix A

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& to, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i > 0; --i) {
    to.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
  }
}

// Digits of either kind: a0b1, 1234, 0x12. Nothing: no bytes.
Bytes parse_hex(Cursor& cursor) {
  Bytes bytes;
  const Token& next = cursor.peek();
  if (next.kind != TokenKind::word && next.kind != TokenKind::integer &&
      next.kind != TokenKind::hexadecimal) {
    return bytes;
  }
  const Token token = cursor.take();
  std::string_view text = token.text;
  if (token.kind == TokenKind::hexadecimal) text.remove_prefix(2);
  const auto digit = [&](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    throw SyntaxError(token.position, "expected hexadecimal digits, not '" + token.text + "'");
  };
  if (text.size() % 2 != 0 || text.size() > 2 * kMaxHex) {
    throw SyntaxError(token.position, "expected pairs of hexadecimal digits, 38 at most");
  }
  for (std::size_t i = 0; i < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4U | digit(text[i + 1])));
  }
  return bytes;
}

void put_option(Bytes& to, std::uint8_t kind, const Bytes& value) {
  to.push_back(kind);
  to.push_back(static_cast<std::uint8_t>(2 + value.size()));
  to.insert(to.end(), value.begin(), value.end());
}

Bytes parse_sack_blocks(Cursor& cursor) {
  Bytes value;
  do {
    put(value, static_cast<std::uint64_t>(cursor.number("a block's left edge", 0, kMax32)), 4);
    cursor.expect(':', "between the edges of a SACK block");
    put(value, static_cast<std::uint64_t>(cursor.number("a block's right edge", 0, kMax32)), 4);
  } while (cursor.peek().kind == TokenKind::integer && value.size() < kMaxHex);
  return value;
}

Bytes parse_timestamps(Cursor& cursor) {
  Bytes value;
  cursor.expect("val", "and the value behind 'TS'");
  put(value, static_cast<std::uint64_t>(cursor.number("a timestamp", 0, kMax32)), 4);
  cursor.expect("ecr", "and the echo behind a timestamp's value");
  put(value, static_cast<std::uint64_t>(cursor.number("a timestamp", 0, kMax32)), 4);
  return value;
}

// ECN e0b N [ceb N [e1b N]], or the other way round (RFC 9768 section 3.2.3).
void parse_acc_ecn(Cursor& cursor, Bytes& to) {
  const bool order1 = cursor.peek().is("e1b");
  const char* const names[] = {order1 ? "e1b" : "e0b", "ceb", order1 ? "e0b" : "e1b"};
  Bytes value;
  cursor.expect(names[0], "or 'e1b' behind 'ECN'");
  put(value, static_cast<std::uint64_t>(cursor.number("a counter", 0, kMax24)), 3);
  for (int i = 1; i < 3 && cursor.accept(names[i]); ++i) {
    put(value, static_cast<std::uint64_t>(cursor.number("a counter", 0, kMax24)), 3);
  }
  put_option(to, order1 ? wire::tcp_option::kAccEcn1 : wire::tcp_option::kAccEcn0, value);
}

void parse_option(Cursor& cursor, Bytes& to) {
  namespace kind = wire::tcp_option;
  const Token token = cursor.take();
  Bytes value;
  if (token.is("nop")) {
    to.push_back(kind::kNop);
  } else if (token.is("eol")) {
    to.push_back(kind::kEnd);
  } else if (token.is("mss")) {
    put(value, static_cast<std::uint64_t>(cursor.number("a segment size", 0, kMax16)), 2);
    put_option(to, kind::kMss, value);
  } else if (token.is("wscale")) {
    put(value, static_cast<std::uint64_t>(cursor.number("a shift", 0, kMax8)), 1);
    put_option(to, kind::kWindowScale, value);
  } else if (token.is("sackOK")) {
    put_option(to, kind::kSackPermitted, {});
  } else if (token.is("sack")) {
    put_option(to, kind::kSack, parse_sack_blocks(cursor));
  } else if (token.is("TS")) {
    put_option(to, kind::kTimestamps, parse_timestamps(cursor));
  } else if (token.is("FO")) {
    put_option(to, kind::kFastOpen, parse_hex(cursor));
  } else if (token.is("FOEXP")) {
    put(value, kFastOpenMagic, 2);
    const Bytes cookie = parse_hex(cursor);
    value.insert(value.end(), cookie.begin(), cookie.end());
    put_option(to, kExperiment, value);
  } else if (token.is("md5")) {
    put_option(to, kind::kMd5, parse_hex(cursor));
  } else if (token.is("ECN")) {
    parse_acc_ecn(cursor, to);
  } else if (token.is("kind")) {
    const auto number = static_cast<std::uint8_t>(cursor.number("an option's kind", 2, kMax8));
    put_option(to, number, parse_hex(cursor));
  } else {
    throw SyntaxError(token.position,
                      "expected a TCP option (mss, wscale, sackOK, sack, TS, nop, eol, FO, FOEXP, "
                      "ECN, md5, kind), not " +
                          describe(token));
  }
}

}  // namespace

void parse_tcp_options(Cursor& cursor, Way way, TcpSpec& segment) {
  const Position begin = cursor.take().position;
  if (cursor.peek().kind == TokenKind::ellipsis) {
    if (way == Way::inbound) cursor.fail("options: '...' is for outbound packets");
    cursor.take();
    segment.any_options = true;
  } else {
    do {
      parse_option(cursor, segment.options);
    } while (cursor.accept(','));
  }
  cursor.expect('>', "behind the TCP options");
  if (segment.options.size() > wire::kTcpMaxOptionsSize) {
    throw SyntaxError(begin, "these TCP options need " + std::to_string(segment.options.size()) +
                                 " bytes, and a header has room for 40");
  }
  if (segment.options.size() % 4 != 0) {
    throw SyntaxError(begin, "these TCP options are " + std::to_string(segment.options.size()) +
                                 " bytes, no multiple of 4: add nop");
  }
}

}  // namespace bowline::inline v0::packetdrill
