#pragma once

// A domain name: what is asked for, and what owns a record (RFC 1035 sections 2.3 and 3.1).
//
// It is kept in its wire form, a row of labels with a length in front of each, so that there is
// one truth about where a label ends. A name that a person typed must be a host name (RFC 1123
// section 2.1); a name from the wire may hold any byte (RFC 2181 section 11). Letters compare
// without regard to case (RFC 4343), yet keep theirs.

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

namespace bowline::inline v0::dns {

/// Why a text is no host name.
enum class NameError : std::uint8_t {
  empty,           ///< nothing, or a dot alone
  too_long,        ///< more than 253 characters (RFC 1035 section 2.3.4)
  label_too_long,  ///< more than 63 between two dots
  empty_label,     ///< two dots in a row, or one in front
  not_ascii,       ///< a byte above 127: names in other scripts are to be given in their xn-- form
  bad_character,   ///< something other than letters, digits, hyphen and underscore
  bad_hyphen,      ///< a hyphen at a label's end or start
  bad_address,     ///< its last label is a number (RFC 1123 section 2.1): an address gone wrong
};

/// What a person is told about it: "has two dots in a row".
[[nodiscard]] std::string_view sentence(NameError error) noexcept;

/// A domain name. Default: the root.
class Name {
 public:
  /// Most bytes of the wire form, lengths and the closing zero included (RFC 1035 section 3.1).
  static constexpr std::size_t kMaxWire = 255;
  /// Most bytes of one label.
  static constexpr std::size_t kMaxLabel = 63;
  /// Most characters of the text form, each byte of a label written as `\DDD`.
  static constexpr std::size_t kMaxText = 4 * kMaxWire;

  constexpr Name() noexcept = default;

  /// Reads a host name, with or without the closing dot. An underscore is let through: records are
  /// found under such names, if no hosts.
  [[nodiscard]] static std::expected<Name, NameError> parse(std::string_view text) noexcept;

  /// Appends a label of 1 to 63 bytes, before the root. False, and nothing happens, when it or the
  /// whole would be too long.
  [[nodiscard]] bool append_label(std::span<const std::byte> label) noexcept;
  /// This name and then `suffix`: "www" and "example.org". Nothing when that is too long.
  [[nodiscard]] std::optional<Name> under(const Name& suffix) const noexcept;

  /// The wire form, without compression; ends in a zero.
  [[nodiscard]] std::span<const std::byte> wire() const noexcept {
    return std::span<const std::byte>(bytes_).first(size_);
  }
  /// The wire form, to change the case of letters in.
  [[nodiscard]] std::span<std::byte> letters() noexcept {
    return std::span<std::byte>(bytes_).first(size_);
  }
  [[nodiscard]] bool is_root() const noexcept { return size_ == 1; }  ///< Is it the empty name?
  /// How many labels; the root does not count.
  [[nodiscard]] std::size_t labels() const noexcept;
  /// Is it `ancestor`, or does it end in it?
  [[nodiscard]] bool is_within(const Name& ancestor) const noexcept;
  /// Is it the same, letter case included?
  [[nodiscard]] bool is_spelled(const Name& other) const noexcept;
  /// With all letters lower case.
  [[nodiscard]] Name lower() const noexcept;

  /// Writes the text form without the closing dot ("." for the root; bytes that are no printable
  /// ASCII as `\DDD`, RFC 1035 section 5.1) to `to` and returns its length.
  std::size_t format(std::span<char, kMaxText> to) const noexcept;

  /// Equal but for the case of letters.
  friend bool operator==(const Name& a, const Name& b) noexcept;

  template <class V>
  void visit(V& v) {
    v(bytes_, size_);
    if constexpr (V::loading) {
      if (size_ == 0) v.fail();
    }
  }

 private:
  std::array<std::byte, kMaxWire> bytes_{};
  std::uint8_t size_ = 1;  // the root's zero
};

}  // namespace bowline::inline v0::dns
