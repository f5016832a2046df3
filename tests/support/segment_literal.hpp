#pragma once

// Segments as a script says them, in packetdrill's notation, checked when they are compiled:
//
//     "S 0:0(0) win 65535 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>"_seg
//     "P. 1:101(100) ack 1 win 500"_seg
//
// Flags (S F R P . U E W A, or - for none), then first:last(length), then ack, win, urg and options
// as far as they matter. Numbers are relative: the reader adds the ISNs. What cannot be right does
// not compile: last is first + length, an ack goes with the dot and the dot with an ack, options
// fill whole words.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "bowline/base/seq_number.hpp"
#include "bowline/wire/tcp.hpp"
#include "bowline/wire/tcp_option.hpp"

namespace bowline::test {

/// A segment without ports, ISNs and payload bytes. As an expectation, what it leaves out is not
/// compared.
struct Segment {
  /// wire::kSyn and its like.
  std::uint16_t flags = 0;
  /// Relative to the sender's ISN, so that a SYN has 0 and the first byte 1.
  std::uint32_t seq = 0;
  /// Bytes of data.
  std::uint32_t length = 0;
  /// Relative to the receiver's ISN. There if and only if flags have kAck.
  std::optional<std::uint32_t> ack;
  /// As in the header: not scaled.
  std::optional<std::uint16_t> window;
  /// Only with kUrg.
  std::optional<std::uint16_t> urgent;
  /// Did the text have <>? If not, nothing is said of options.
  bool options_given = false;
  /// The options' values; SACK blocks are relative like `ack`.
  wire::TcpOptions options;
  /// The options as bytes, in the order in which they were written, SACK blocks relative.
  std::array<std::byte, wire::kTcpMaxOptionsSize> option_bytes{};
  std::uint8_t option_size = 0;

  [[nodiscard]] constexpr bool has(std::uint16_t bits) const { return (flags & bits) == bits; }
  [[nodiscard]] constexpr std::span<const std::byte> raw_options() const {
    return std::span<const std::byte>(option_bytes).first(option_size);
  }
};

namespace detail {

/// The parser behind parse_segment(). Stops at the first error.
class SegmentParser {
 public:
  constexpr explicit SegmentParser(std::string_view text) : text_(text) {}

  constexpr Segment parse() {
    flags();
    numbers();
    if (word("ack")) segment_.ack = number(0xffff'ffff, "ack: a number");
    if (word("win")) segment_.window = small(0xffff, "win: a number below 65536");
    if (word("urg")) segment_.urgent = small(0xffff, "urg: a number below 65536");
    skip_spaces();
    if (take('<')) options();
    skip_spaces();
    if (!text_.empty()) fail("something is left at the end (the order is ack win urg <options>)");
    if (segment_.has(wire::kAck) != segment_.ack.has_value()) {
      fail("the flag . and the number ack go together");
    }
    if (segment_.urgent && !segment_.has(wire::kUrg)) fail("urg needs the flag U");
    return segment_;
  }
  /// What was wrong; null: nothing.
  [[nodiscard]] constexpr const char* error() const { return error_; }

 private:
  constexpr void fail(const char* why) {
    if (error_ == nullptr) error_ = why;
    text_ = {};
  }
  constexpr bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  constexpr void expect(char c, const char* otherwise) {
    if (!take(c)) fail(otherwise);
  }
  constexpr void skip_spaces() {
    while (take(' ')) {
    }
  }
  static constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static constexpr bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
  /// Takes `name` if it stands next as a whole word, after any spaces.
  constexpr bool word(std::string_view name) {
    std::string_view rest = text_;
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    if (!rest.starts_with(name)) return false;
    rest.remove_prefix(name.size());
    if (!rest.empty() && is_word(rest.front())) return false;
    text_ = rest;
    return true;
  }
  constexpr std::uint32_t number(std::uint64_t most, const char* otherwise) {
    skip_spaces();
    if (text_.empty() || !is_digit(text_.front())) {
      fail(otherwise);
      return 0;
    }
    std::uint64_t value = 0;
    while (!text_.empty() && is_digit(text_.front())) {
      value = value * 10 + static_cast<std::uint64_t>(text_.front() - '0');
      text_.remove_prefix(1);
      if (value > most) {
        fail(otherwise);
        return 0;
      }
    }
    return static_cast<std::uint32_t>(value);
  }
  constexpr std::uint16_t small(std::uint16_t most, const char* otherwise) {
    return static_cast<std::uint16_t>(number(most, otherwise));
  }

  constexpr void flags() {
    if (take('-')) return;
    while (!text_.empty() && text_.front() != ' ') {
      const std::uint16_t flag = flag_of(text_.front());
      if (flag == 0) return fail("flags: of S F R P . U E W A, or -");
      if (segment_.has(flag)) return fail("flags: one is given twice");
      segment_.flags = static_cast<std::uint16_t>(segment_.flags | flag);
      text_.remove_prefix(1);
    }
    if (segment_.flags == 0) fail("flags: of S F R P . U E W A, or - for none");
  }
  static constexpr std::uint16_t flag_of(char c) {
    switch (c) {
      case 'F':
        return wire::kFin;
      case 'S':
        return wire::kSyn;
      case 'R':
        return wire::kRst;
      case 'P':
        return wire::kPsh;
      case '.':
        return wire::kAck;
      case 'U':
        return wire::kUrg;
      case 'E':
        return wire::kEce;
      case 'W':
        return wire::kCwr;
      case 'A':
        return wire::kAe;
      default:
        return 0;
    }
  }

  constexpr void numbers() {
    constexpr const char* kForm = "first:last(length) comes after the flags";
    if (!text_.starts_with(' ')) fail(kForm);
    segment_.seq = number(0xffff'ffff, kForm);
    expect(':', kForm);
    const std::uint32_t last = number(0xffff'ffff, kForm);
    expect('(', kForm);
    segment_.length = number(0xffff'ffff, kForm);
    expect(')', kForm);
    if (last != segment_.seq + segment_.length) fail("first:last(length): last is first + length");
  }

  constexpr void options() {
    segment_.options_given = true;
    skip_spaces();
    if (take('>')) return;
    do {
      option();
      skip_spaces();
    } while (take(','));
    expect('>', "options: separated by commas, > at the end");
    if (segment_.option_size % 4 != 0) fail("options: must fill whole words: add nop");
  }

  constexpr void byte(std::uint32_t value) {
    if (segment_.option_size == segment_.option_bytes.size()) return fail("options: over 40 bytes");
    segment_.option_bytes[segment_.option_size++] = static_cast<std::byte>(value & 0xffU);
  }
  constexpr void half(std::uint32_t value) {
    byte(value >> 8U);
    byte(value);
  }
  constexpr void whole(std::uint32_t value) {
    half(value >> 16U);
    half(value);
  }

  constexpr void option() {
    wire::TcpOptions& options = segment_.options;
    if (word("nop")) {
      byte(wire::tcp_option::kNop);
    } else if (word("eol")) {
      byte(wire::tcp_option::kEnd);
    } else if (word("mss")) {
      options.mss = small(0xffff, "mss: a number below 65536");
      byte(wire::tcp_option::kMss);
      byte(wire::tcp_option::kMssLength);
      half(*options.mss);
    } else if (word("wscale")) {
      options.window_scale = static_cast<std::uint8_t>(small(255, "wscale: a number below 256"));
      byte(wire::tcp_option::kWindowScale);
      byte(wire::tcp_option::kWindowScaleLength);
      byte(*options.window_scale);
    } else if (word("sackOK")) {
      options.sack_permitted = true;
      byte(wire::tcp_option::kSackPermitted);
      byte(wire::tcp_option::kSackPermittedLength);
    } else if (word("sack")) {
      sack();
    } else if (word("TS")) {
      timestamps();
    } else if (word("FO")) {
      fast_open();
    } else if (word("bytes")) {
      hex_bytes();
    } else {
      fail("options: nop eol mss wscale sackOK sack TS FO bytes");
    }
  }
  constexpr void sack() {
    wire::TcpOptions& options = segment_.options;
    const std::size_t start = segment_.option_size;
    byte(wire::tcp_option::kSack);
    byte(0);
    options.sack_count = 0;
    do {
      if (options.sack_count == wire::kMaxSackBlocks) return fail("sack: four blocks at most");
      const std::uint32_t left = number(0xffff'ffff, "sack: first:last first:last ...");
      expect(':', "sack: first:last first:last ...");
      const std::uint32_t right = number(0xffff'ffff, "sack: first:last first:last ...");
      whole(left);
      whole(right);
      options.sack[options.sack_count++] = {SeqNumber(left), SeqNumber(right)};
      skip_spaces();
    } while (!text_.empty() && is_digit(text_.front()));
    if (error_ == nullptr) {
      segment_.option_bytes[start + 1] = static_cast<std::byte>(segment_.option_size - start);
    }
  }
  constexpr void timestamps() {
    wire::Timestamps timestamps;
    if (!word("val")) return fail("TS val N ecr N");
    timestamps.value = number(0xffff'ffff, "TS val N ecr N");
    if (!word("ecr")) return fail("TS val N ecr N");
    timestamps.echo = number(0xffff'ffff, "TS val N ecr N");
    segment_.options.timestamps = timestamps;
    byte(wire::tcp_option::kTimestamps);
    byte(wire::tcp_option::kTimestampsLength);
    whole(timestamps.value);
    whole(timestamps.echo);
  }
  constexpr void fast_open() {
    const std::size_t start = segment_.option_size;
    byte(wire::tcp_option::kFastOpen);
    byte(0);
    digits();
    if (error_ != nullptr) return;
    const std::size_t size = segment_.option_size - start;
    segment_.option_bytes[start + 1] = static_cast<std::byte>(size);
    wire::FastOpenCookie cookie;
    if (size - 2 > cookie.data.size()) return fail("FO: a cookie of 16 bytes at most");
    cookie.size = static_cast<std::uint8_t>(size - 2);
    for (std::size_t i = 0; i < cookie.size; ++i) {
      cookie.data[i] = segment_.option_bytes[start + 2 + i];
    }
    segment_.options.fast_open = cookie;
  }
  /// Bytes as they are to stand there, right or wrong: for what no sender should send.
  constexpr void hex_bytes() {
    const std::size_t start = segment_.option_size;
    digits();
    if (segment_.option_size == start) fail("bytes: hexadecimal digits");
  }
  constexpr void digits() {
    skip_spaces();
    while (!text_.empty() && hex(text_.front()) < 16) {
      const std::uint32_t high = hex(text_.front());
      text_.remove_prefix(1);
      if (text_.empty() || hex(text_.front()) > 15)
        return fail("two hexadecimal digits make a byte");
      byte(high << 4U | hex(text_.front()));
      if (!text_.empty()) text_.remove_prefix(1);
    }
  }
  static constexpr std::uint32_t hex(char c) {
    if (is_digit(c)) return static_cast<std::uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<std::uint32_t>(c - 'a') + 10;
    return 16;
  }

  std::string_view text_;
  Segment segment_;
  const char* error_ = nullptr;
};

/// Not constexpr on purpose: a literal that comes here does not compile, and the compiler shows
/// `why`.
inline void malformed_segment_literal([[maybe_unused]] const char* why) {}

}  // namespace detail

/// What parse_segment() found: a segment, or what is wrong with the text.
struct ParsedSegment {
  Segment segment;
  const char* error = nullptr;
};

/// Reads a segment in the notation above; for texts that are known only when the test runs.
[[nodiscard]] constexpr ParsedSegment parse_segment(std::string_view text) {
  detail::SegmentParser parser(text);
  const Segment segment = parser.parse();
  return {segment, parser.error()};
}

inline namespace literals {

/// The segment that the text says. A malformed one does not compile.
[[nodiscard]] consteval Segment operator""_seg(const char* text, std::size_t size) {
  const ParsedSegment parsed = parse_segment({text, size});
  if (parsed.error != nullptr) detail::malformed_segment_literal(parsed.error);
  return parsed.segment;
}

}  // namespace literals

/// The segment at the start of `tcp`, `segment_size` bytes long, with numbers relative to
/// `sender_isn` and `receiver_isn`; nothing if wire::parse_tcp() refuses it.
[[nodiscard]] std::optional<Segment> segment_of(std::span<const std::byte> tcp,
                                                std::uint32_t segment_size, SeqNumber sender_isn,
                                                SeqNumber receiver_isn);

/// Writes the TCP header of `segment` with absolute numbers, its options as they were written, and
/// a checksum of zero to `to`, and returns its size, at most 60. What the segment leaves out is
/// zero.
std::uint32_t emit_segment(std::span<std::byte, wire::kTcpMaxHeaderSize> to, const Segment& segment,
                           std::uint16_t source_port, std::uint16_t destination_port,
                           SeqNumber sender_isn, SeqNumber receiver_isn);

/// `segment` in the notation above: parse_segment() gives it back.
[[nodiscard]] std::string to_string(const Segment& segment);

/// In what `actual` is not what was `expected`: one clause for each field ("ack 2, expected 1"),
/// empty when it is. What the expectation leaves out is not compared; options, if given, are
/// compared byte by byte.
[[nodiscard]] std::string difference(const Segment& expected, const Segment& actual);

}  // namespace bowline::test

template <>
struct fmt::formatter<bowline::test::Segment> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const bowline::test::Segment& segment, Context& context) const {
    return fmt::formatter<std::string>::format(bowline::test::to_string(segment), context);
  }
};
