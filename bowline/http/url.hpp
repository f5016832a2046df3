#pragma once

// URLs as a client of HTTP needs them (RFC 3986, RFC 9110 section 4.2): http and https, a host, a
// port, and what is asked of it. What a server gives as a Location is a reference; it is resolved
// against the URL that was asked (section 5 of the RFC).

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace bowline::inline v0::http {

/// An absolute URL of scheme http or https.
struct Url {
  bool tls = false;          ///< https
  std::string host;          ///< in lower case; an IPv6 address without its brackets
  std::uint16_t port = 80;   ///< 1 to 65535
  std::string target = "/";  ///< path and query, percent-encoded, without the fragment
  bool literal_v6 = false;   ///< `host` is an IPv6 address

  friend bool operator==(const Url&, const Url&) = default;
};

/// Reads an absolute URL. What a URL may not hold but people type (blanks, letters beyond ASCII in
/// path and query) is percent-encoded. The error is a remedy: "must begin with http:// or
/// https://". Refused: other schemes, user and password, control characters, names beyond ASCII,
/// zones.
[[nodiscard]] std::expected<Url, std::string> parse_url(std::string_view text);

/// The URL that `reference` means in a document at `base` (RFC 3986 section 5.2). Errors as
/// parse_url().
[[nodiscard]] std::expected<Url, std::string> resolve_reference(const Url& base,
                                                                std::string_view reference);

/// Host and port as the Host field has them: no port where it is the scheme's own.
[[nodiscard]] std::string authority(const Url& url);

/// The whole as text.
[[nodiscard]] std::string to_string(const Url& url);

/// Same scheme, host and port: what may see what was meant for the other (RFC 6454 section 5).
[[nodiscard]] bool same_origin(const Url& a, const Url& b);

/// The last segment of the path, percent-decoded, for a file of that name. Empty where there is
/// none, or it would not be a plain name (".", "..", a slash or a NUL in it).
[[nodiscard]] std::string file_name(const Url& url);

}  // namespace bowline::inline v0::http
