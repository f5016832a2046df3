#pragma once

// What a request asks for: the target of its first line (RFC 9112 section 3.2) as a path below the
// served folder. Here alone is decided which names can be meant at all; nothing that comes out of
// here climbs above the folder by its spelling. (By a symbolic link it could: folder.hpp sees to
// that.)

#include <expected>
#include <string>
#include <string_view>

namespace bowline::inline v0::http {

/// A path below the served folder.
struct Target {
  /// Decoded, its names joined by single slashes, none at either end; empty for the folder itself.
  /// Holds no NUL and no name "." or "..".
  std::string path;
  /// Written with a slash at its end: it must be a folder.
  bool as_folder = false;
  /// What stood after the question mark, still encoded and with the mark, or empty.
  std::string query;
};

/// Why a target means no path.
enum class BadTarget {
  malformed,  ///< not a path, or a percent sign without its two digits, or an encoded NUL or slash
  escapes,    ///< climbs above the folder by ".."
};

/// Reads a target in origin-form ("/a/b?q") or absolute-form ("http://host/a/b"; the host is not
/// looked at). Dot segments, encoded or not, are taken out as RFC 3986 section 5.2.4 says, but for
/// one that would climb above the root: that is not silently mended.
[[nodiscard]] std::expected<Target, BadTarget> read_target(std::string_view text);

/// `text` with its percent encodings replaced (RFC 3986 section 2.1); malformed where one is
/// broken.
[[nodiscard]] std::expected<std::string, BadTarget> percent_decode(std::string_view text);

/// `path` as it may stand in a link: all but unreserved characters and slashes encoded.
[[nodiscard]] std::string percent_encode(std::string_view path);

}  // namespace bowline::inline v0::http
