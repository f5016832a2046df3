#include "tests/support/segment_literal.hpp"

#include <algorithm>
#include <utility>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/cursor.hpp"

namespace bowline::test {
namespace {

namespace option = wire::tcp_option;

std::string flags_text(std::uint16_t flags) {
  constexpr std::pair<std::uint16_t, char> kLetters[] = {
      {wire::kFin, 'F'}, {wire::kSyn, 'S'}, {wire::kRst, 'R'}, {wire::kPsh, 'P'}, {wire::kAck, '.'},
      {wire::kUrg, 'U'}, {wire::kEce, 'E'}, {wire::kCwr, 'W'}, {wire::kAe, 'A'}};
  std::string text;
  for (const auto& [flag, letter] : kLetters) {
    if ((flags & flag) != 0) text += letter;
  }
  return text.empty() ? "-" : text;
}

std::string hex_text(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<int>(byte));
  return text;
}

/// The option at the start of `cursor`, which is left behind it; bytes that make no sense as they
/// are.
std::string take_option(wire::Cursor& cursor, std::span<const std::byte> all) {
  const std::size_t start = cursor.offset();
  const std::uint8_t kind = cursor.u8();
  if (kind == option::kNop) return "nop";
  if (kind == option::kEnd) return "eol";
  const std::uint8_t length = cursor.u8();
  wire::Cursor value = cursor.part(length < 2 ? 0xff : length - 2U);
  if (!cursor.ok()) return "bytes " + hex_text(all.subspan(start));
  if (kind == option::kMss && length == option::kMssLength) {
    return fmt::format("mss {}", value.u16());
  }
  if (kind == option::kWindowScale && length == option::kWindowScaleLength) {
    return fmt::format("wscale {}", value.u8());
  }
  if (kind == option::kSackPermitted && length == option::kSackPermittedLength) return "sackOK";
  if (kind == option::kSack && length > 2 && length % option::kSackBlockLength == 2) {
    std::string text = "sack";
    while (value.remaining() > 0) {
      const std::uint32_t left = value.u32();
      text += fmt::format(" {}:{}", left, value.u32());
    }
    return text;
  }
  if (kind == option::kTimestamps && length == option::kTimestampsLength) {
    const std::uint32_t timestamp = value.u32();
    return fmt::format("TS val {} ecr {}", timestamp, value.u32());
  }
  if (kind == option::kFastOpen && length <= 18) {
    return length == 2 ? "FO" : "FO " + hex_text(value.rest());
  }
  return "bytes " + hex_text(all.subspan(start, length));
}

std::string options_text(std::span<const std::byte> bytes) {
  std::string text;
  wire::Cursor cursor(bytes);
  while (cursor.remaining() > 0) {
    if (!text.empty()) text += ',';
    text += take_option(cursor, bytes);
  }
  return '<' + text + '>';
}

/// Adds `offset` to the numbers of every SACK option in `bytes`.
void move_sack_blocks(std::span<std::byte> bytes, std::uint32_t offset) {
  for (std::size_t at = 0; at + 1 < bytes.size();) {
    const auto kind = std::to_integer<std::uint8_t>(bytes[at]);
    if (kind == option::kEnd) return;
    if (kind == option::kNop) {
      ++at;
      continue;
    }
    const auto length = std::to_integer<std::size_t>(bytes[at + 1]);
    if (length < 2 || length > bytes.size() - at) return;
    if (kind == option::kSack) {
      for (std::size_t number = at + 2; number + 4 <= at + length; number += 4) {
        std::byte* where = bytes.data() + number;
        store_be<std::uint32_t>(where, load_be<std::uint32_t>(where) + offset);
      }
    }
    at += length;
  }
}

template <class T>
void compare(std::string& text, std::string_view name, const T& expected, const T& actual) {
  if (expected == actual) return;
  if (!text.empty()) text += "; ";
  text += fmt::format("{} {}, expected {}", name, actual, expected);
}

}  // namespace

std::optional<Segment> segment_of(std::span<const std::byte> tcp, std::uint32_t segment_size,
                                  SeqNumber sender_isn, SeqNumber receiver_isn) {
  const auto view = wire::parse_tcp(tcp, segment_size);
  if (!view) return std::nullopt;
  const wire::TcpHeader& header = view->header;
  Segment segment;
  segment.flags = header.flags;
  segment.seq = header.seq.raw() - sender_isn.raw();
  segment.length = view->payload_size;
  if (header.has(wire::kAck)) segment.ack = header.ack.raw() - receiver_isn.raw();
  segment.window = header.window;
  if (header.has(wire::kUrg)) segment.urgent = header.urgent;
  segment.options_given = true;
  segment.options = view->options;
  for (wire::SackBlock& block : segment.options.sack) {
    block = {block.left - receiver_isn.raw(), block.right - receiver_isn.raw()};
  }
  segment.option_size = static_cast<std::uint8_t>(view->header_size - wire::kTcpHeaderSize);
  std::ranges::copy(tcp.subspan(wire::kTcpHeaderSize, segment.option_size),
                    segment.option_bytes.begin());
  move_sack_blocks(std::span(segment.option_bytes).first(segment.option_size),
                   0U - receiver_isn.raw());
  return segment;
}

std::uint32_t emit_segment(std::span<std::byte, wire::kTcpMaxHeaderSize> to, const Segment& segment,
                           std::uint16_t source_port, std::uint16_t destination_port,
                           SeqNumber sender_isn, SeqNumber receiver_isn) {
  wire::TcpHeader header;
  header.source_port = source_port;
  header.destination_port = destination_port;
  header.seq = sender_isn + segment.seq;
  if (segment.ack) header.ack = receiver_isn + *segment.ack;
  header.flags = segment.flags;
  header.window = segment.window.value_or(0);
  header.urgent = segment.urgent.value_or(0);
  const std::uint32_t size = wire::kTcpHeaderSize + segment.option_size;
  wire::emit_tcp_plain(to.data(), header, size);
  const auto options = to.subspan(wire::kTcpHeaderSize, segment.option_size);
  std::ranges::copy(segment.raw_options(), options.begin());
  move_sack_blocks(options, receiver_isn.raw());
  return size;
}

std::string to_string(const Segment& segment) {
  std::string text = fmt::format("{} {}:{}({})", flags_text(segment.flags), segment.seq,
                                 segment.seq + segment.length, segment.length);
  if (segment.ack) text += fmt::format(" ack {}", *segment.ack);
  if (segment.window) text += fmt::format(" win {}", *segment.window);
  if (segment.urgent) text += fmt::format(" urg {}", *segment.urgent);
  if (segment.options_given) text += ' ' + options_text(segment.raw_options());
  return text;
}

std::string difference(const Segment& expected, const Segment& actual) {
  std::string text;
  compare(text, "flags", flags_text(expected.flags), flags_text(actual.flags));
  compare(text, "seq", expected.seq, actual.seq);
  compare(text, "length", expected.length, actual.length);
  if (expected.ack && actual.ack) compare(text, "ack", *expected.ack, *actual.ack);
  if (expected.window) compare(text, "win", *expected.window, actual.window.value_or(0));
  if (expected.urgent) compare(text, "urg", *expected.urgent, actual.urgent.value_or(0));
  if (expected.options_given) {
    compare(text, "options", options_text(expected.raw_options()),
            options_text(actual.raw_options()));
  }
  return text;
}

}  // namespace bowline::test
