#pragma once

// The media type of a file by the end of its name.

#include <string_view>

namespace bowline::inline v0::http {

/// "text/html; charset=utf-8" for "index.html"; capital letters count as small ones.
/// "application/octet-stream" for an end that is not known.
[[nodiscard]] std::string_view content_type(std::string_view name);

}  // namespace bowline::inline v0::http
