#pragma once

// A request and its answer, as far as serving files needs them. Plain values, so that what is
// answered is decided and tested without a connection (responder.hpp); how they cross the wire is
// server.hpp's matter.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bowline/http/folder.hpp"
#include "bowline/http/range.hpp"

namespace bowline::inline v0::http {

/// What a client asked. The views live as long as the bytes of the request.
struct Request {
  std::string_view method = {};
  std::string_view target = {};
  /// HTTP/1.0 is 10, HTTP/1.1 is 11.
  unsigned version = 11;
  /// How many Host fields there are: HTTP/1.1 asks for exactly one (RFC 9112 section 3.2).
  unsigned hosts = 1;
  // Fields that change the answer (RFC 9110 sections 13 and 14), where they are given.
  std::optional<std::string_view> range = {};
  std::optional<std::string_view> if_range = {};
  std::optional<std::string_view> if_match = {};
  std::optional<std::string_view> if_none_match = {};
  std::optional<std::string_view> if_modified_since = {};
  std::optional<std::string_view> if_unmodified_since = {};
};

/// A status code with the words for it.
enum class Status : std::uint16_t {
  ok = 200,
  partial_content = 206,
  moved_permanently = 301,
  not_modified = 304,
  bad_request = 400,
  forbidden = 403,
  not_found = 404,
  method_not_allowed = 405,
  precondition_failed = 412,
  range_not_satisfiable = 416,
  header_fields_too_large = 431,
  internal_server_error = 500,
  service_unavailable = 503,
  version_not_supported = 505,
};

/// "Not Found", ...
[[nodiscard]] std::string_view reason_phrase(Status status);

/// A field of an answer.
struct Field {
  std::string_view name;
  std::string value;
};

/// A stretch of the body: text, or bytes of the answer's file.
using Piece = std::variant<std::string, ByteRange>;

/// An answer.
struct Response {
  Status status = Status::ok;
  /// Besides Date, Server, Connection and Content-Length, which serving adds.
  std::vector<Field> fields;
  std::vector<Piece> body;
  /// What the pieces that are ranges refer to.
  std::shared_ptr<const File> file;
  /// No body is allowed or wanted although there is one to tell of: HEAD, 304.
  bool head_only = false;

  /// Bytes in all pieces of the body.
  [[nodiscard]] std::uint64_t body_size() const;
  /// The value of a field; nothing where there is none.
  [[nodiscard]] std::optional<std::string_view> field(std::string_view name) const;
};

/// The header as it goes on the wire, with the empty line. `keep_alive`: what Connection says.
/// A 304 tells no Content-Length.
[[nodiscard]] std::string render_header(const Response& response, unsigned version, bool keep_alive,
                                        std::int64_t now);

}  // namespace bowline::inline v0::http
