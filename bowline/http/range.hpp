#pragma once

// Parts of a file: the Range field and what it selects (RFC 9110 section 14).

#include <cstdint>
#include <string_view>
#include <vector>

namespace bowline::inline v0::http {

/// Bytes of a file.
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// What a Range field comes to for a file of a given size.
struct RangeSelection {
  enum class Kind {
    whole,          ///< no usable Range: send it all, as if the field were not there
    parts,          ///< send these
    unsatisfiable,  ///< none of them begins within the file: 416
  };
  Kind kind = Kind::whole;
  /// In the order asked for; each within the file and not empty.
  std::vector<ByteRange> parts;
};

/// More ranges than this in one request, or ranges that overlap, are treated as no Range at all:
/// what no honest client needs must not make the answer larger than the file (RFC 9110
/// section 14.2).
inline constexpr std::size_t kMostRanges = 16;

/// Applies the value of a Range field ("bytes=0-99,200-,-50") to a file of `size` bytes. Another
/// unit than bytes and a syntax error mean the whole (RFC 9110 section 14.2).
[[nodiscard]] RangeSelection select_ranges(std::string_view field, std::uint64_t size);

}  // namespace bowline::inline v0::http
