#include "bowline/wire/ip_address.hpp"

#include <algorithm>

#include "bowline/base/byte_order.hpp"
#include "bowline/wire/text.hpp"

namespace bowline::inline v0 {
namespace {

// A decimal number of at most `digits` digits at the start of `text`, which it is taken from. No
// sign, no leading zeros: "010" is eight to some readers and ten to others (RFC 6943 3.1.1).
std::optional<std::uint32_t> take_decimal(std::string_view& text, std::size_t digits) noexcept {
  std::uint32_t value = 0;
  std::size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') {
    if (count == digits) return std::nullopt;
    value = value * 10 + static_cast<std::uint32_t>(text[count] - '0');
    ++count;
  }
  if (count == 0 || (count > 1 && text[0] == '0')) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

std::optional<std::uint32_t> parse_v4(std::string_view text) noexcept {
  std::uint32_t value = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    const auto number = take_decimal(text, 3);
    if (!number || *number > 255) return std::nullopt;
    value = value << 8U | *number;
  }
  if (!text.empty()) return std::nullopt;
  return value;
}

std::optional<std::uint16_t> take_group(std::string_view& text) noexcept {
  std::uint32_t value = 0;
  std::size_t count = 0;
  for (; count < text.size(); ++count) {
    const char c = text[count];
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint32_t>(c - 'A') + 10;
    } else {
      break;
    }
    if (count == 4) return std::nullopt;
    value = value << 4U | digit;
  }
  if (count == 0) return std::nullopt;
  text.remove_prefix(count);
  return static_cast<std::uint16_t>(value);
}

// RFC 4291 2.2: eight groups; "::" once, for one or more groups of zeros; the last two groups may
// be written as an IPv4 address.
std::optional<std::array<std::uint16_t, 8>> parse_v6(std::string_view text) noexcept {
  std::array<std::uint16_t, 8> groups{};
  std::size_t count = 0;
  std::optional<std::size_t> gap;  // how many groups stand in front of "::"
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (count <= 6) {
      if (const auto v4 = parse_v4(text)) {
        groups[count++] = static_cast<std::uint16_t>(*v4 >> 16U);
        groups[count++] = static_cast<std::uint16_t>(*v4);
        text = {};
        break;
      }
    }
    const auto group = take_group(text);
    if (!group || count == 8) return std::nullopt;
    groups[count++] = *group;
    if (text.empty()) break;
    if (text.starts_with("::")) {
      if (gap) return std::nullopt;
      gap = count;
      text.remove_prefix(2);
    } else if (text.starts_with(':') && text.size() > 1) {
      text.remove_prefix(1);
    } else {
      return std::nullopt;
    }
  }
  if (!gap) return count == 8 ? std::optional(groups) : std::nullopt;
  if (count == 8) return std::nullopt;
  // What was written behind the gap belongs at the end.
  std::array<std::uint16_t, 8> result{};
  std::copy_n(groups.begin(), *gap, result.begin());
  std::copy_backward(groups.begin() + static_cast<std::ptrdiff_t>(*gap),
                     groups.begin() + static_cast<std::ptrdiff_t>(count), result.end());
  return result;
}

void append_v4(wire::Text& text, std::span<const std::byte, 4> bytes) noexcept {
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) text.add('.');
    text.decimal(std::to_integer<std::uint32_t>(bytes[i]));
  }
}

// RFC 5952 4: lower case, no leading zeros, the longest run of two or more zero groups (the first
// of equals) as "::"; 5: a mapped IPv4 address with its last part in dots.
void append_v6(wire::Text& text, std::span<const std::byte, 16> bytes) noexcept {
  std::array<std::uint16_t, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = load_be<std::uint16_t>(bytes.data() + 2 * i);

  std::size_t run_start = 8;
  std::size_t run_length = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t length = 0;
    while (i + length < 8 && groups[i + length] == 0) ++length;
    if (length > run_length) {
      run_start = i;
      run_length = length;
    }
    if (length > 0) i += length - 1;
  }
  const bool mapped = run_start == 0 && run_length == 5 && groups[5] == 0xffff;
  const std::size_t end = mapped ? 6 : 8;

  for (std::size_t i = 0; i < end;) {
    if (i == run_start) {
      text.add("::");
      i += run_length;
      continue;
    }
    if (i > 0 && i != run_start + run_length) text.add(':');
    text.hex(groups[i]);
    ++i;
  }
  if (mapped) {
    text.add(':');
    append_v4(text, bytes.subspan<12, 4>());
  }
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  if (const auto value = parse_v4(text)) return v4(*value);
  const auto groups = parse_v6(text);
  if (!groups) return std::nullopt;
  std::array<std::byte, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) store_be(bytes.data() + 2 * i, (*groups)[i]);
  return v6(bytes);
}

bool IpAddress::is_loopback() const noexcept {
  if (is_v4()) return v4_value() >> 24U == 127;
  constexpr std::array<std::byte, 16> kOne = [] {
    std::array<std::byte, 16> bytes{};
    bytes[15] = std::byte{1};
    return bytes;
  }();
  return bytes_ == kOne;
}

bool IpAddress::is_multicast() const noexcept {
  return is_v4() ? v4_value() >> 28U == 0xe : bytes_[0] == std::byte{0xff};
}

bool IpAddress::is_limited_broadcast() const noexcept {
  return is_v4() && v4_value() == 0xffff'ffffU;
}

bool IpAddress::is_link_local() const noexcept {
  if (is_v4()) return v4_value() >> 16U == 0xa9fe;
  return bytes_[0] == std::byte{0xfe} && (bytes_[1] & std::byte{0xc0}) == std::byte{0x80};
}

bool IpAddress::same_prefix(const IpAddress& other, unsigned length) const noexcept {
  if (family() != other.family()) return false;
  const auto mine = bytes();
  const auto theirs = other.bytes();
  const std::size_t whole = std::min<std::size_t>(length / 8, mine.size());
  if (!std::equal(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(whole),
                  theirs.begin())) {
    return false;
  }
  if (whole == mine.size() || length % 8 == 0) return true;
  const auto mask = static_cast<std::byte>(0xff00U >> (length % 8));
  return (mine[whole] & mask) == (theirs[whole] & mask);
}

std::size_t IpAddress::format(std::span<char, kMaxText> to) const noexcept {
  wire::Text text(to);
  if (is_v4()) {
    append_v4(text, std::span<const std::byte, 16>(bytes_).subspan<12, 4>());
  } else {
    append_v6(text, bytes_);
  }
  return text.size();
}

std::optional<Cidr> Cidr::parse(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const std::uint32_t bits = address->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) {
    return Cidr{*address, static_cast<std::uint8_t>(bits)};
  }
  text.remove_prefix(slash + 1);
  const auto prefix = take_decimal(text, 3);
  if (!prefix || *prefix > bits || !text.empty()) return std::nullopt;
  return Cidr{*address, static_cast<std::uint8_t>(*prefix)};
}

}  // namespace bowline::inline v0
