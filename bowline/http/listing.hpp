#pragma once

// A folder as a page: what a browser shows for a folder that has no index.html.

#include <string>
#include <string_view>

#include "bowline/http/folder.hpp"

namespace bowline::inline v0::http {

/// `text` as it may stand in HTML, between tags and in quoted attributes.
[[nodiscard]] std::string escape_html(std::string_view text);

/// "17 B", "1.2 KiB", "200 MiB": at most one digit after the point.
[[nodiscard]] std::string format_size(std::uint64_t bytes);

/// The page for the folder at `path` (relative to the served one, "" for that itself).
[[nodiscard]] std::string listing_page(std::string_view path, const FolderList& list);

/// A page that says `title` and `text`, for redirections and errors.
[[nodiscard]] std::string message_page(std::string_view title, std::string_view text);

}  // namespace bowline::inline v0::http
