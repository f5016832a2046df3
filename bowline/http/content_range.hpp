#pragma once

// Which part of a file an answer is: the Content-Range field (RFC 9110 section 14.4).

#include <cstdint>
#include <optional>
#include <string_view>

#include "bowline/http/range.hpp"

namespace bowline::inline v0::http {

/// "bytes 0-99/200", "bytes 0-99/*", "bytes */200".
struct ContentRange {
  /// Missing in a 416: nothing was selected.
  std::optional<ByteRange> part;
  /// The size of the whole, where the server knows it.
  std::optional<std::uint64_t> total;
  friend bool operator==(const ContentRange&, const ContentRange&) = default;
};

/// Reads the field's value. Nothing for another unit, a syntax error, a part that ends before it
/// begins or lies outside the whole.
[[nodiscard]] std::optional<ContentRange> parse_content_range(std::string_view text);

}  // namespace bowline::inline v0::http
