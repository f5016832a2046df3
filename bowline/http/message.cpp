#include "bowline/http/message.hpp"

#include <fmt/format.h>

#include <iterator>

#include "bowline/http/date.hpp"

namespace bowline::inline v0::http {

std::string_view reason_phrase(Status status) {
  switch (status) {
    case Status::ok:
      return "OK";
    case Status::partial_content:
      return "Partial Content";
    case Status::moved_permanently:
      return "Moved Permanently";
    case Status::not_modified:
      return "Not Modified";
    case Status::bad_request:
      return "Bad Request";
    case Status::forbidden:
      return "Forbidden";
    case Status::not_found:
      return "Not Found";
    case Status::method_not_allowed:
      return "Method Not Allowed";
    case Status::precondition_failed:
      return "Precondition Failed";
    case Status::range_not_satisfiable:
      return "Range Not Satisfiable";
    case Status::header_fields_too_large:
      return "Request Header Fields Too Large";
    case Status::internal_server_error:
      return "Internal Server Error";
    case Status::service_unavailable:
      return "Service Unavailable";
    case Status::version_not_supported:
      return "HTTP Version Not Supported";
  }
  return "Unknown";
}

std::uint64_t Response::body_size() const {
  std::uint64_t size = 0;
  for (const Piece& piece : body) {
    const auto* const text = std::get_if<std::string>(&piece);
    size += text != nullptr ? text->size() : std::get<ByteRange>(piece).length;
  }
  return size;
}

std::optional<std::string_view> Response::field(std::string_view name) const {
  for (const Field& field : fields) {
    if (field.name == name) return field.value;
  }
  return {};
}

std::string render_header(const Response& response, unsigned version, bool keep_alive,
                          std::int64_t now) {
  std::string header;
  auto out = std::back_inserter(header);
  // A server answers with the version that it speaks, not with the one it was asked in (RFC 9110
  // section 2.5); clients of HTTP/1.0 are only told what is theirs.
  fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {}\r\nServer: bowline\r\n",
                 static_cast<unsigned>(response.status), reason_phrase(response.status),
                 format_date(now));
  for (const Field& field : response.fields) {
    fmt::format_to(out, "{}: {}\r\n", field.name, field.value);
  }
  if (response.status != Status::not_modified) {
    fmt::format_to(out, "Content-Length: {}\r\n", response.body_size());
  }
  // What the version does by itself need not be said.
  if (!keep_alive) {
    header += "Connection: close\r\n";
  } else if (version < 11) {
    header += "Connection: keep-alive\r\n";
  }
  header += "\r\n";
  return header;
}

}  // namespace bowline::inline v0::http
