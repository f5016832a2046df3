#include "bowline/dns/name.hpp"

#include <algorithm>

#include "bowline/wire/text.hpp"

namespace bowline::inline v0::dns {
namespace {

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

[[nodiscard]] constexpr bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}

[[nodiscard]] constexpr std::byte lowered(std::byte byte) noexcept {
  const bool upper = byte >= std::byte{'A'} && byte <= std::byte{'Z'};
  return upper ? byte | std::byte{0x20} : byte;
}

// A length is at most 63, below every letter, so both wire forms compare as a whole.
[[nodiscard]] bool equal_letters(std::span<const std::byte> a,
                                 std::span<const std::byte> b) noexcept {
  return std::ranges::equal(a, b,
                            [](std::byte x, std::byte y) { return lowered(x) == lowered(y); });
}

[[nodiscard]] std::optional<NameError> wrong_with(std::string_view label) noexcept {
  if (label.empty()) return NameError::empty_label;
  if (label.size() > Name::kMaxLabel) return NameError::label_too_long;
  for (const char c : label) {
    if ((static_cast<unsigned char>(c) & 0x80U) != 0) return NameError::not_ascii;
    if (!is_letter_or_digit(c) && c != '-' && c != '_') return NameError::bad_character;
  }
  if (label.front() == '-' || label.back() == '-') return NameError::bad_hyphen;
  return std::nullopt;
}

}  // namespace

std::string_view sentence(NameError error) noexcept {
  switch (error) {
    case NameError::empty:
      return "is empty";
    case NameError::too_long:
      return "is longer than the 253 characters of a domain name";
    case NameError::label_too_long:
      return "has more than 63 characters between two dots";
    case NameError::empty_label:
      return "has nothing between two dots, or starts with one";
    case NameError::not_ascii:
      return "is not ASCII; give it in its xn-- form";
    case NameError::bad_character:
      return "may only hold letters, digits, hyphens and dots";
    case NameError::bad_hyphen:
      return "has a hyphen next to a dot or at an end";
    case NameError::bad_address:
      return "is neither an address nor a name";
  }
  return "is no host name";
}

std::expected<Name, NameError> Name::parse(std::string_view text) noexcept {
  if (text.ends_with('.') && text != ".") text.remove_suffix(1);
  if (text.empty() || text == ".") return std::unexpected(NameError::empty);
  Name name;
  for (;;) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (const auto error = wrong_with(label)) return std::unexpected(*error);
    if (!name.append_label(std::as_bytes(std::span(label)))) {
      return std::unexpected(NameError::too_long);
    }
    if (dot == std::string_view::npos) {
      if (std::ranges::all_of(label, is_digit)) return std::unexpected(NameError::bad_address);
      return name;
    }
    text.remove_prefix(dot + 1);
  }
}

bool Name::append_label(std::span<const std::byte> label) noexcept {
  if (label.empty() || label.size() > kMaxLabel) return false;
  if (size_ + 1 + label.size() > kMaxWire) return false;
  bytes_[size_ - 1U] = static_cast<std::byte>(label.size());
  std::ranges::copy(label, bytes_.begin() + size_);
  size_ = static_cast<std::uint8_t>(size_ + 1 + label.size());
  bytes_[size_ - 1U] = std::byte{0};
  return true;
}

std::optional<Name> Name::under(const Name& suffix) const noexcept {
  if (std::size_t{size_} - 1 + suffix.size_ > kMaxWire) return std::nullopt;
  Name joined(*this);
  std::ranges::copy(suffix.wire(), joined.bytes_.begin() + (size_ - 1));
  joined.size_ = static_cast<std::uint8_t>(size_ - 1 + suffix.size_);
  return joined;
}

std::size_t Name::labels() const noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; at + 1 < size_; at += 1U + std::to_integer<std::size_t>(bytes_[at])) {
    ++count;
  }
  return count;
}

bool Name::is_within(const Name& ancestor) const noexcept {
  // Only where a label begins: "notexample.org" is not in "example.org".
  std::size_t at = 0;
  while (size_ - at > ancestor.size_) at += 1U + std::to_integer<std::size_t>(bytes_[at]);
  return equal_letters(wire().subspan(at), ancestor.wire());
}

bool Name::is_spelled(const Name& other) const noexcept {
  return std::ranges::equal(wire(), other.wire());
}

Name Name::lower() const noexcept {
  Name name(*this);
  std::ranges::transform(name.letters(), name.letters().begin(), lowered);
  return name;
}

std::size_t Name::format(std::span<char, kMaxText> to) const noexcept {
  wire::Text text(to);
  if (is_root()) text.add('.');
  for (std::size_t at = 0; at + 1 < size_;) {
    const std::size_t length = std::to_integer<std::size_t>(bytes_[at]);
    if (at > 0) text.add('.');
    for (const std::byte byte : wire().subspan(at + 1, length)) {
      const auto c = std::to_integer<unsigned char>(byte);
      const bool plain = c > ' ' && c < 0x7f && c != '.' && c != '\\';
      if (plain) {
        text.add(static_cast<char>(c));
      } else {
        text.add('\\');
        for (const unsigned place : {100U, 10U, 1U}) {
          text.add(static_cast<char>('0' + c / place % 10));
        }
      }
    }
    at += 1 + length;
  }
  return text.size();
}

bool operator==(const Name& a, const Name& b) noexcept { return equal_letters(a.wire(), b.wire()); }

}  // namespace bowline::inline v0::dns
