#include "bowline/http/target.hpp"

#include <vector>

namespace bowline::inline v0::http {
namespace {

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// RFC 3986 section 2.3.
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// The path of an absolute-form target: a server must take it even from a client that knows of no
// proxy (RFC 9112 section 3.2.2).
std::string_view without_authority(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos || text.substr(0, scheme_end).contains('/')) return text;
  const std::size_t path = text.find_first_of("/?", scheme_end + 3);
  return path == std::string_view::npos ? std::string_view("/") : text.substr(path);
}

}  // namespace

std::expected<std::string, BadTarget> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::unexpected(BadTarget::malformed);
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::unexpected(BadTarget::malformed);
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return decoded;
}

std::string percent_encode(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(path.size());
  for (const char c : path) {
    if (is_unreserved(c) || c == '/') {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

std::expected<Target, BadTarget> read_target(std::string_view text) {
  text = without_authority(text);
  Target target;
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    target.query = text.substr(mark);
    text = text.substr(0, mark);
    if (text.empty()) text = "/";  // "http://host?query"
  }
  // A fragment never leaves the client (RFC 9110 section 7.1).
  if (!text.starts_with('/') || text.contains('#')) return std::unexpected(BadTarget::malformed);

  // Split first, decode then: an encoded slash is part of a name, and no file has such a name.
  std::vector<std::string> names;
  std::string_view last;
  for (std::size_t begin = 1; begin <= text.size();) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    last = text.substr(begin, end - begin);
    begin = end + 1;
    auto name = percent_decode(last);
    if (!name) return std::unexpected(name.error());
    if (name->contains('/') || name->contains('\0')) return std::unexpected(BadTarget::malformed);
    target.as_folder = name->empty() || *name == "." || *name == "..";
    if (*name == "..") {
      if (names.empty()) return std::unexpected(BadTarget::escapes);
      names.pop_back();
    } else if (!target.as_folder) {
      names.push_back(std::move(*name));
    }
  }
  for (const std::string& name : names) {
    if (!target.path.empty()) target.path += '/';
    target.path += name;
  }
  return target;
}

}  // namespace bowline::inline v0::http
