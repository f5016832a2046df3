#pragma once

// One download: asks, follows redirects, goes on where an earlier one stopped, hands the body over
// as it comes and says how it ended. The body is asked for in no encoding, so that what arrives is
// the file and its length can be checked.
//
// Whoever takes the body is waited for: nothing more is read meanwhile, the receive window closes,
// and the server waits as well. What a server can make it hold is one header and one block.

// First of all: what it specialises must be so in every unit of a program.
#include "bowline/asio.hpp"

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bowline/http/channel.hpp"
#include "bowline/http/url.hpp"

namespace bowline::inline v0::http {

/// A header field: name and value, free of line breaks.
using Field = std::pair<std::string, std::string>;

/// Reads "Name: value" as a person writes it. Nothing where the name is no token (RFC 9110 section
/// 5.1) or the value holds a control character.
[[nodiscard]] std::optional<Field> parse_field(std::string_view text);

/// The part of a file that is there already.
struct Resume {
  std::uint64_t offset = 0;  ///< bytes, above 0
  /// What If-Range compares: a strong entity tag, or a date (RFC 9110 section 13.1.5).
  std::string validator;
};

/// What to download, and how.
struct DownloadRequest {
  Url url;
  /// Besides those that every request has; a Host or User-Agent among them replaces it.
  std::vector<Field> fields;
  bool head = false;  ///< the answer's header alone
  std::optional<Resume> resume;
  std::uint32_t most_redirects = 20;
  /// The header of one answer; beyond it the download fails.
  std::uint32_t most_header_bytes = 64 * 1024;
};

/// An answer's header.
struct Answer {
  Url url;  ///< who gave it, redirects followed
  unsigned version = 11;
  unsigned status = 0;
  std::string reason;
  std::vector<Field> fields;               ///< in their order, names as they came
  std::optional<std::uint64_t> body_size;  ///< what this answer carries, where it says so
  /// Where the body's first byte belongs in the file: 0, or what was asked to go on from.
  std::uint64_t offset = 0;

  /// The first field of that name in whatever case; empty where there is none.
  [[nodiscard]] std::string_view field(std::string_view name) const;
  /// What If-Range may compare later (Resume::validator); empty where the server gives nothing
  /// that is strong enough.
  [[nodiscard]] std::string validator() const;
  /// Size of the whole file, where it is known.
  [[nodiscard]] std::optional<std::uint64_t> total() const {
    if (!body_size) return std::nullopt;
    return offset + *body_size;
  }
};

/// Takes a body. Each call ends before the next; a text that is not empty ends the download and is
/// what it failed with.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// A body is about to come. With `answer.offset` 0 it is the whole file, also where resuming was
  /// asked for: the file has changed, or the server does not know how.
  virtual boost::asio::awaitable<std::string> begin(const Answer& answer) = 0;
  /// The next stretch of it; the bytes end with the call.
  virtual boost::asio::awaitable<std::string> take(std::span<const char> bytes) = 0;
};

/// How a download ended well.
struct DownloadResult {
  Answer answer;
  std::uint64_t body_bytes = 0;
  unsigned redirects = 0;
  /// There was nothing left to get: the part that is there is the whole (416).
  bool was_complete = false;
};

/// A download under way.
class Download {
 public:
  /// `channel` must outlive this.
  Download(Channel& channel, DownloadRequest request)
      : channel_(channel), request_(std::move(request)) {}
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;

  /// Called with each redirect that is followed, when set.
  std::function<void(const Answer& from, const Url& to)> on_redirect;

  /// Runs it, once. `sink` must outlive the call. The error is one line without the URL: "the
  /// server says 404 Not Found".
  boost::asio::awaitable<std::expected<DownloadResult, std::string>> run(BodySink& sink);

  /// Ends it; it fails with `why`.
  void cancel(std::string why);

 private:
  [[nodiscard]] std::expected<Url, std::string> next_hop(const Answer& from);

  Channel& channel_;
  DownloadRequest request_;
  std::string cancelled_;
};

}  // namespace bowline::inline v0::http
