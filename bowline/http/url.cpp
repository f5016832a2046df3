#include "bowline/http/url.hpp"

#include "bowline/asio.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>
#include <charconv>
#include <optional>

#include "bowline/http/target.hpp"

namespace bowline::inline v0::http {
namespace {

using Error = std::unexpected<std::string>;

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

// RFC 3986 section 2: unreserved, sub-delims, and what paths and queries have besides.
bool may_stand(char c) {
  return is_alphanumeric(c) || std::string_view("-._~!$&'()*+,;=:@/?%").contains(c);
}

// A control character in a URL is an attack on whoever pastes it into a header (RFC 9112 section
// 11.1), never a mistake worth mending.
bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string encode(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (may_stand(c)) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

// Path and query as they go into a request: never empty, no fragment.
std::string as_target(std::string_view text) {
  text = text.substr(0, text.find('#'));
  std::string target = encode(text);
  if (!target.starts_with('/')) target.insert(target.begin(), '/');
  return target;
}

std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || stopped != end || port == 0) return std::nullopt;
  return port;
}

// RFC 3986 section 5.2.4, on the encoded text.
std::string remove_dot_segments(std::string_view path) {
  std::string output;
  while (!path.empty()) {
    const std::size_t slash = path.find('/', 1);
    const std::string_view segment = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
    const bool last = path.empty();
    if (segment == "/." || segment == "/..") {
      if (segment == "/..") output.erase(std::min(output.rfind('/'), output.size()));
      if (last) output += '/';
    } else {
      output += segment;
    }
  }
  return output;
}

std::expected<void, std::string> read_authority(std::string_view text, Url& url) {
  if (text.contains('@')) {
    return Error("carries a user name or password; give those as --header 'Authorization: ...'");
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return Error("lacks the ] after its IPv6 address");
    url.host = text.substr(1, end - 1);
    url.literal_v6 = true;
    boost::system::error_code error;
    static_cast<void>(boost::asio::ip::make_address_v6(url.host, error));
    if (error || url.host.contains('%')) {
      return Error("has no IPv6 address between its brackets, such as [fd77::1]");
    }
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return Error("has something behind its ]");
  } else {
    url.host = text.substr(0, text.find(':'));
    port = text.substr(url.host.size());
  }
  std::ranges::transform(url.host, url.host.begin(), lower);
  if (url.host.empty()) return Error("names no host");
  if (!url.literal_v6) {
    const bool plain = std::ranges::all_of(
        url.host, [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; });
    if (!plain) return Error("names a host with other than letters, digits, '-', '.' and '_'");
    if (url.host.size() > 253) return Error("names a host longer than 253 letters");
  }
  url.port = url.tls ? kHttpsPort : kHttpPort;
  if (port.size() > 1) {  // "host:" is legal and means the scheme's own
    const auto number = read_port(port.substr(1));
    if (!number) return Error("has a port that is not a number from 1 to 65535");
    url.port = *number;
  }
  return {};
}

// The scheme before "://", in lower case; empty where there is none.
std::string scheme_of(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  std::string scheme(text.substr(0, colon));
  std::ranges::transform(scheme, scheme.begin(), lower);
  const bool good = std::ranges::all_of(
      scheme, [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
  return good && !(scheme[0] >= '0' && scheme[0] <= '9') ? scheme : std::string();
}

}  // namespace

std::expected<Url, std::string> parse_url(std::string_view text) {
  if (has_control(text)) return Error("holds a control character");
  const std::string scheme = scheme_of(text);
  const std::string_view rest = text.substr(std::min(text.size(), scheme.size()));
  if ((scheme != "http" && scheme != "https") || !rest.starts_with("://")) {
    return Error("must begin with http:// or https://");
  }
  Url url;
  url.tls = scheme == "https";
  const std::string_view after = rest.substr(3);
  const std::size_t end = std::min(after.find_first_of("/?#"), after.size());
  if (auto read = read_authority(after.substr(0, end), url); !read) return Error(read.error());
  url.target = as_target(after.substr(end));
  return url;
}

std::expected<Url, std::string> resolve_reference(const Url& base, std::string_view reference) {
  if (has_control(reference)) return Error("holds a control character");
  if (!scheme_of(reference).empty()) return parse_url(reference);
  if (reference.starts_with("//")) {
    return parse_url((base.tls ? "https:" : "http:") + std::string(reference));
  }
  Url url = base;
  reference = reference.substr(0, reference.find('#'));
  if (reference.empty()) return url;
  const std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
  if (reference.starts_with('?')) {
    url.target = std::string(base_path) + encode(reference);
    return url;
  }
  std::string path(reference.substr(0, reference.find('?')));
  const std::string_view query = reference.substr(path.size());
  if (!path.starts_with('/')) path.insert(0, base_path.substr(0, base_path.rfind('/') + 1));
  url.target = as_target(remove_dot_segments(path)) + encode(query);
  return url;
}

std::string authority(const Url& url) {
  const std::string host = url.literal_v6 ? "[" + url.host + "]" : url.host;
  const bool own = url.port == (url.tls ? kHttpsPort : kHttpPort);
  return own ? host : fmt::format("{}:{}", host, url.port);
}

std::string to_string(const Url& url) {
  return (url.tls ? "https://" : "http://") + authority(url) + url.target;
}

bool same_origin(const Url& a, const Url& b) {
  return a.tls == b.tls && a.host == b.host && a.port == b.port;
}

std::string file_name(const Url& url) {
  const std::string_view path = std::string_view(url.target).substr(0, url.target.find('?'));
  const auto name = percent_decode(path.substr(path.rfind('/') + 1));
  if (!name || *name == "." || *name == ".." || has_control(*name) || name->contains('/')) {
    return {};
  }
  return *name;
}

}  // namespace bowline::inline v0::http
