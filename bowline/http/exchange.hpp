#pragma once

// One request and its answer on a channel: the bytes. What an answer means for a download is
// download.cpp's matter.

// First of all: what it specialises must be so in every unit of a program.
#include "bowline/asio.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bowline/http/download.hpp"

namespace bowline::inline v0::http::detail {

/// Why it went no further, as one line; nothing when it did.
using Problem = std::optional<std::string>;

/// The exchange. Its calls are made in the order below.
class Exchange {
 public:
  /// `channel` is open and outlives this. `head`: the answer will have no body.
  Exchange(Channel& channel, bool head, std::uint32_t most_header_bytes);

  /// Writes the request.
  boost::asio::awaitable<Problem> ask(std::string text);
  /// Reads the header, past interim answers (1xx).
  boost::asio::awaitable<Problem> read_header(Answer& answer);
  /// Reads the body to its end. `bytes` counts what the sink took.
  boost::asio::awaitable<Problem> read_body(BodySink& sink, std::uint64_t& bytes);

 private:
  using Parser = boost::beast::http::response_parser<boost::beast::http::buffer_body>;

  boost::asio::awaitable<Problem> parse_header();
  boost::asio::awaitable<Problem> read_plain(BodySink& sink, std::uint64_t& bytes);
  boost::asio::awaitable<Problem> read_chunks(BodySink& sink, std::uint64_t& bytes);
  boost::asio::awaitable<boost::system::error_code> fill();
  boost::system::error_code put();

  Channel& channel_;
  const bool head_;
  const std::uint32_t most_header_bytes_;
  std::optional<Parser> parser_;
  std::vector<char> input_;  // read and not yet used
  std::vector<char> block_;  // a stretch of the body
};

/// What a failed read or write means to a person.
[[nodiscard]] std::string broken(const boost::system::error_code& error);

/// `text` from a server as it may be printed: what is not plain becomes '?', what is long is cut.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace bowline::inline v0::http::detail
