#include "bowline/trace/option_text.hpp"

#include <fmt/format.h>

#include "bowline/wire/cursor.hpp"
#include "bowline/wire/tcp_option.hpp"

namespace bowline::inline v0::trace {
namespace {

namespace kind = wire::tcp_option;

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

std::string sack(wire::Cursor value, std::uint32_t base) {
  std::string text = fmt::format("sack {} ", value.remaining() / kind::kSackBlockLength);
  while (value.remaining() >= kind::kSackBlockLength) {
    const std::uint32_t left = value.u32();
    const std::uint32_t right = value.u32();
    text += fmt::format("{{{}:{}}}", left - base, right - base);
  }
  return text;
}

// One option that has a length; `value` is what stands behind that.
std::string one(std::uint8_t number, wire::Cursor value, Notation notation, std::uint32_t base) {
  const std::size_t length = value.remaining() + 2;
  switch (number) {
    case kind::kMss:
      if (length == kind::kMssLength) return fmt::format("mss {}", value.u16());
      break;
    case kind::kWindowScale:
      if (length == kind::kWindowScaleLength) return fmt::format("wscale {}", value.u8());
      break;
    case kind::kSackPermitted:
      if (length == kind::kSackPermittedLength) return "sackOK";
      break;
    case kind::kSack:
      if (length > 2 && (length - 2) % kind::kSackBlockLength == 0) return sack(value, base);
      break;
    case kind::kTimestamps:
      if (length == kind::kTimestampsLength) {
        const std::uint32_t now = value.u32();
        const std::uint32_t echo = value.u32();
        return notation == Notation::today ? fmt::format("TS val {} ecr {}", now, echo)
                                           : fmt::format("timestamp {} {}", now, echo);
      }
      break;
    case kind::kFastOpen:
      if (length == 2) return "tfo  cookiereq";
      return fmt::format("tfo  cookie {}", hex(value.rest()));
    default:
      break;
  }
  if (length == 2) return fmt::format("unknown-{}", number);
  return fmt::format("unknown-{} 0x{}", number, hex(value.rest()));
}

}  // namespace

std::string option_text(std::span<const std::byte> options, Notation notation, std::uint32_t base) {
  std::string text;
  wire::Cursor cursor(options);
  while (cursor.remaining() > 0) {
    if (cursor.offset() > 0) text += ',';
    const std::uint8_t number = cursor.u8();
    if (number == kind::kEnd) return text + "eol";
    if (number == kind::kNop) {
      text += "nop";
      continue;
    }
    const std::uint8_t length = cursor.u8();
    const wire::Cursor value = length < 2 ? wire::Cursor({}) : cursor.part(length - 2U);
    if (length < 2 || !value.ok()) return text + "bad opt";
    text += one(number, value, notation, base);
  }
  return text;
}

}  // namespace bowline::inline v0::trace
