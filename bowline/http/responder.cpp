#include "bowline/http/responder.hpp"

#include <fmt/format.h>

#include <utility>

#include "bowline/http/content_type.hpp"
#include "bowline/http/date.hpp"
#include "bowline/http/listing.hpp"
#include "bowline/http/target.hpp"

namespace bowline::inline v0::http {
namespace {

constexpr std::string_view kHtml = "text/html; charset=utf-8";

// The page is ours: nothing in it may run or load anything, whatever files are called.
void add_page(Response& response, std::string page) {
  response.fields.push_back({"Content-Type", std::string(kHtml)});
  response.fields.push_back(
      {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"});
  response.body.emplace_back(std::move(page));
}

Response error_for(std::error_code error) {
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory ||
      error == std::errc::filename_too_long) {
    return error_response(Status::not_found, "There is no such file here.");
  }
  if (error == std::errc::cross_device_link) {
    return error_response(Status::forbidden, "This leads out of the folder that is served.");
  }
  if (error == std::errc::permission_denied || error == std::errc::operation_not_permitted ||
      error == std::errc::too_many_symbolic_link_levels ||
      error == std::errc::no_such_device_or_address) {
    return error_response(Status::forbidden, "This may not be read.");
  }
  if (error == std::errc::too_many_files_open ||
      error == std::errc::too_many_files_open_in_system) {
    Response response = error_response(Status::service_unavailable, "Too many files are open.");
    response.fields.push_back({"Retry-After", "1"});
    return response;
  }
  return error_response(Status::internal_server_error, "The file could not be opened.");
}

// Does `field`, a list of entity tags or "*", name `tag`? Weak tags equal strong ones only where
// `weak` comparison is asked for (RFC 9110 section 8.8.3.2).
bool names_tag(std::string_view field, std::string_view tag, bool weak) {
  while (!field.empty()) {
    if (field.front() == ' ' || field.front() == '\t' || field.front() == ',') {
      field.remove_prefix(1);
      continue;
    }
    if (field.front() == '*') return true;
    const bool is_weak = field.starts_with("W/");
    if (is_weak) field.remove_prefix(2);
    if (!field.starts_with('"')) return false;
    const std::size_t end = field.find('"', 1);
    if (end == std::string_view::npos) return false;
    if (field.substr(0, end + 1) == tag && (weak || !is_weak)) return true;
    field.remove_prefix(end + 1);
  }
  return false;
}

// The preconditions in the order of RFC 9110 section 13.2.2; ok where all hold.
Status check_preconditions(const Request& request, const File::Info& info, std::string_view tag,
                           std::int64_t now) {
  if (request.if_match) {
    if (!names_tag(*request.if_match, tag, false)) return Status::precondition_failed;
  } else if (request.if_unmodified_since) {
    const auto date = parse_date(*request.if_unmodified_since, now);
    if (date && info.modified > *date) return Status::precondition_failed;
  }
  if (request.if_none_match) {
    if (names_tag(*request.if_none_match, tag, true)) return Status::not_modified;
  } else if (request.if_modified_since) {
    const auto date = parse_date(*request.if_modified_since, now);
    if (date && info.modified <= *date) return Status::not_modified;
  }
  return Status::ok;
}

// May a part be sent, says If-Range: only of the very file that the client knows (RFC 9110
// section 13.1.5).
bool range_applies(const Request& request, const File::Info& info, std::string_view tag,
                   std::int64_t now) {
  if (!request.if_range) return true;
  if (request.if_range->starts_with('"')) return *request.if_range == tag;
  return parse_date(*request.if_range, now) == info.modified;
}

std::string content_range(const ByteRange& part, std::uint64_t size) {
  return fmt::format("bytes {}-{}/{}", part.offset, part.offset + part.length - 1, size);
}

// Several parts in one answer (RFC 9110 section 14.6). The boundary need not be secret, only absent
// from the parts' headers; the parts' lengths say where each ends.
void add_multipart(Response& response, const std::vector<ByteRange>& parts, std::uint64_t size,
                   std::string_view type, std::string_view tag) {
  const std::string boundary = fmt::format("bowline-{}", tag.substr(1, tag.size() - 2));
  response.fields.push_back(
      {"Content-Type", fmt::format("multipart/byteranges; boundary=\"{}\"", boundary)});
  std::string_view line_end;
  for (const ByteRange& part : parts) {
    response.body.emplace_back(
        fmt::format("{}--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n", line_end, boundary,
                    type, content_range(part, size)));
    response.body.emplace_back(part);
    line_end = "\r\n";
  }
  response.body.emplace_back(fmt::format("\r\n--{}--\r\n", boundary));
}

Response file_response(const Request& request, std::string_view name, File file, std::int64_t now) {
  const File::Info info = file.info();
  const std::string tag = entity_tag(info);
  Response response;
  // A date in the future would make a cache keep what changes meanwhile (RFC 9110 section 8.8.2.1).
  const std::int64_t modified = std::min(info.modified, now);
  response.fields = {{"Last-Modified", format_date(modified)},
                     {"ETag", tag},
                     {"Accept-Ranges", "bytes"},
                     {"X-Content-Type-Options", "nosniff"}};

  response.status = check_preconditions(request, info, tag, now);
  if (response.status == Status::not_modified) {
    response.head_only = true;
    return response;
  }
  if (response.status != Status::ok) {
    return error_response(response.status, "The file is not the one that the request is for.");
  }

  const std::string_view type = content_type(name);
  RangeSelection ranges;
  // Range is defined for GET alone (RFC 9110 section 14.2).
  if (request.range && request.method == "GET" && range_applies(request, info, tag, now)) {
    ranges = select_ranges(*request.range, info.size);
  }
  if (ranges.kind == RangeSelection::Kind::unsatisfiable) {
    Response refusal = error_response(Status::range_not_satisfiable,
                                      "No such part: the file ends before it begins.");
    refusal.fields.push_back({"Content-Range", fmt::format("bytes */{}", info.size)});
    return refusal;
  }
  response.file = std::make_shared<const File>(std::move(file));
  if (ranges.kind == RangeSelection::Kind::whole) {
    response.fields.push_back({"Content-Type", std::string(type)});
    if (info.size > 0) response.body.emplace_back(ByteRange{0, info.size});
    return response;
  }
  response.status = Status::partial_content;
  if (ranges.parts.size() > 1) {
    add_multipart(response, ranges.parts, info.size, type, tag);
  } else {
    response.fields.push_back({"Content-Type", std::string(type)});
    response.fields.push_back({"Content-Range", content_range(ranges.parts[0], info.size)});
    response.body.emplace_back(ranges.parts[0]);
  }
  return response;
}

Response folder_response(const Request& request, const Target& target, const Folder& folder,
                         const File& file, std::int64_t now) {
  if (!target.as_folder && !target.path.empty()) {
    // Links in the page are relative to the last slash. The path is ours again, not the client's
    // text: a target "//host" must not become a link to another host.
    Response response;
    response.status = Status::moved_permanently;
    const std::string location = "/" + percent_encode(target.path) + "/" + target.query;
    response.fields.push_back({"Location", location});
    add_page(response, message_page("Moved Permanently", "The folder is at " + location));
    return response;
  }
  const std::string index = target.path.empty() ? "index.html" : target.path + "/index.html";
  if (auto page = folder.open_file(index); page && !page->info().folder) {
    return file_response(request, index, std::move(*page), now);
  }
  const auto list = Folder::list(file);
  if (!list) return error_for(list.error());
  Response response;
  add_page(response, listing_page(target.path, *list));
  return response;
}

Response respond_to_get(const Request& request, const Folder& folder, std::int64_t now) {
  const auto target = read_target(request.target);
  if (!target) {
    return target.error() == BadTarget::escapes
               ? error_response(Status::forbidden, "This leads out of the folder that is served.")
               : error_response(Status::bad_request, "The target is not a path.");
  }
  auto file = folder.open_file(target->path);
  if (!file) return error_for(file.error());
  if (file->info().folder) return folder_response(request, *target, folder, *file, now);
  if (target->as_folder) {
    return error_response(Status::not_found, "There is no such folder here.");
  }
  return file_response(request, target->path, std::move(*file), now);
}

}  // namespace

std::string entity_tag(const File::Info& info) {
  return fmt::format("\"{:x}-{:x}-{:x}-{:x}\"", info.modified, info.modified_ns, info.size,
                     info.inode);
}

Response error_response(Status status, std::string_view why) {
  Response response;
  response.status = status;
  add_page(response,
           message_page(fmt::format("{} {}", static_cast<unsigned>(status), reason_phrase(status)),
                        why));
  return response;
}

Response respond(const Request& request, const Folder& folder, std::int64_t now) {
  if (request.version >= 11 ? request.hosts != 1 : request.hosts > 1) {
    return error_response(Status::bad_request, "The request must have one Host field.");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    Response response =
        error_response(Status::method_not_allowed, "Only GET and HEAD are answered here.");
    response.fields.push_back({"Allow", "GET, HEAD"});
    return response;
  }
  Response response = respond_to_get(request, folder, now);
  response.head_only = response.head_only || request.method == "HEAD";
  return response;
}

}  // namespace bowline::inline v0::http
