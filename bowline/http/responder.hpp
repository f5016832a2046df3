#pragma once

// What is answered to a request: one function of the request and the folder. No connection, no
// clock, nothing remembered from one request to the next.

#include <cstdint>
#include <string>
#include <string_view>

#include "bowline/http/message.hpp"

namespace bowline::inline v0::http {

/// Answers `request` from `folder` (RFC 9110):
/// a file is 200, a part of it 206 (several parts as multipart/byteranges) or 416; 304 and 412 by
/// its preconditions; a folder is its index.html, or a listing; a folder without a slash at the end
/// is 301; what is not there 404, what leads out or may not be read 403; a method other than GET
/// and HEAD 405; a target or a request that is none 400. HEAD is answered like GET, without the
/// body. `now` in seconds since 1970 serves to read dates with two-digit years.
[[nodiscard]] Response respond(const Request& request, const Folder& folder, std::int64_t now);

/// A page that says `status` and, for a person, why.
[[nodiscard]] Response error_response(Status status, std::string_view why);

/// The strong entity tag of a file, with its quotes: from its time in nanoseconds, size and inode.
[[nodiscard]] std::string entity_tag(const File::Info& info);

}  // namespace bowline::inline v0::http
