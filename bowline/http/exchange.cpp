#include "bowline/http/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <string_view>
#include <utility>

namespace bowline::inline v0::http::detail {
namespace {

namespace beast_http = boost::beast::http;
using boost::asio::awaitable;
using boost::system::error_code;

constexpr std::size_t kBlock = 256 * 1024;
// What is read at a time while the bytes still have to be parsed.
constexpr std::size_t kPiece = 16 * 1024;
// A chunk's first line with its extensions, or the trailer (RFC 9112 section 7.1).
constexpr std::size_t kMostBetweenChunks = 64 * 1024;
// Interim answers before the final one (RFC 9110 section 15.2): a handful is honest.
constexpr int kMostInterim = 16;

}  // namespace

std::string broken(const error_code& error) {
  if (error == boost::asio::error::timed_out) return "nothing came for too long";
  return fmt::format("the connection broke: {}", error.message());
}

std::string printable(std::string_view text) {
  constexpr std::size_t kMost = 200;
  std::string result(text.substr(0, kMost));
  for (char& c : result) {
    if (c < ' ' || c > '~') c = '?';
  }
  if (text.size() > kMost) result += "...";
  return result;
}

Exchange::Exchange(Channel& channel, bool head, std::uint32_t most_header_bytes)
    : channel_(channel), head_(head), most_header_bytes_(most_header_bytes) {}

awaitable<Problem> Exchange::ask(std::string text) {
  const error_code error = co_await channel_.write(text);
  if (error) co_return broken(error);
  co_return Problem();
}

// Reads once more behind what is there.
awaitable<error_code> Exchange::fill() {
  const std::size_t before = input_.size();
  input_.resize(before + kPiece);
  const ChannelRead read = co_await channel_.read_some(std::span(input_).subspan(before));
  input_.resize(before + read.size);
  co_return read.size > 0 ? error_code() : read.error;
}

// Gives the parser what is there, and keeps what it did not use.
error_code Exchange::put() {
  error_code error;
  if (input_.empty()) return beast_http::error::need_more;
  const std::size_t used =
      parser_->put(boost::asio::const_buffer(input_.data(), input_.size()), error);
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(used));
  return error;
}

awaitable<Problem> Exchange::parse_header() {
  parser_.emplace();
  parser_->header_limit(most_header_bytes_);
  parser_->body_limit(boost::none);
  parser_->skip(head_);
  constexpr std::string_view kBegins = "HTTP/";
  while (!parser_->is_header_done()) {
    // Told at once: the parser would wait for the end of a header, and so would an SSH server.
    const std::string_view start(input_.data(), std::min(input_.size(), kBegins.size()));
    if (!kBegins.starts_with(start)) co_return std::string("the server's answer is not HTTP/1");
    const error_code error = put();
    if (error == beast_http::error::header_limit || input_.size() > most_header_bytes_) {
      co_return fmt::format("the server's answer has a header of more than {} bytes",
                            most_header_bytes_);
    }
    if (error && error != beast_http::error::need_more) {
      co_return fmt::format("the server's answer is not HTTP/1 ({})", error.message());
    }
    if (!error) continue;
    const error_code ended = co_await fill();
    if (ended == boost::asio::error::eof) {
      co_return std::string(input_.empty() ? "the server closed without an answer"
                                           : "the server closed within the header of its answer");
    }
    if (ended) co_return broken(ended);
  }
  co_return Problem();
}

awaitable<Problem> Exchange::read_header(Answer& answer) {
  for (int interim = 0;; ++interim) {
    Problem problem = co_await parse_header();
    if (problem) co_return problem;
    answer.status = parser_->get().result_int();
    if (answer.status >= 200) break;
    if (answer.status == 101 || interim == kMostInterim) {
      co_return std::string("the server sends interim answers and none that is final");
    }
  }
  const auto& message = parser_->get();
  answer.version = message.version();
  answer.reason = std::string(message.reason());
  answer.fields.clear();
  for (const auto& field : message) {
    answer.fields.emplace_back(field.name_string(), field.value());
  }
  answer.body_size.reset();
  if (parser_->content_length()) answer.body_size = *parser_->content_length();
  const std::string_view coding = answer.field("Transfer-Encoding");
  if (!coding.empty() && !boost::beast::iequals({coding.data(), coding.size()}, "chunked")) {
    co_return fmt::format("the server sends the body in a coding that was not asked for ({})",
                          printable(coding));
  }
  co_return Problem();
}

awaitable<Problem> Exchange::read_body(BodySink& sink, std::uint64_t& bytes) {
  if (parser_->is_done()) co_return Problem();
  block_.resize(kBlock);
  if (parser_->chunked()) co_return co_await read_chunks(sink, bytes);
  co_return co_await read_plain(sink, bytes);
}

// A body of known length, or one that lasts until the connection ends: it needs no parser.
awaitable<Problem> Exchange::read_plain(BodySink& sink, std::uint64_t& bytes) {
  std::optional<std::uint64_t> left;
  if (parser_->content_length()) left = *parser_->content_length();
  const auto most = [&left](std::size_t size) {
    return left ? static_cast<std::size_t>(std::min<std::uint64_t>(size, *left)) : size;
  };
  std::span<const char> piece = std::span(input_).first(most(input_.size()));
  for (;;) {
    if (!piece.empty()) {
      std::string refused = co_await sink.take(piece);
      if (!refused.empty()) co_return refused;
      bytes += piece.size();
      if (left) *left -= piece.size();
    }
    if (left && *left == 0) co_return Problem();
    const ChannelRead read = co_await channel_.read_some(std::span(block_).first(most(kBlock)));
    piece = std::span(block_).first(read.size);
    if (read.size > 0) continue;
    if (read.error != boost::asio::error::eof) co_return broken(read.error);
    if (!left) co_return Problem();
    co_return fmt::format("the server closed {} bytes before the end of the body", *left);
  }
}

awaitable<Problem> Exchange::read_chunks(BodySink& sink, std::uint64_t& bytes) {
  while (!parser_->is_done()) {
    auto& body = parser_->get().body();
    body.data = block_.data();
    body.size = block_.size();
    body.more = true;
    error_code error;
    while (!error && !parser_->is_done()) error = put();
    if (error && error != beast_http::error::need_more && error != beast_http::error::need_buffer) {
      co_return fmt::format("the server's chunks are malformed ({})", error.message());
    }
    const std::size_t filled = block_.size() - body.size;
    if (filled > 0) {
      std::string refused = co_await sink.take(std::span(block_).first(filled));
      if (!refused.empty()) co_return refused;
      bytes += filled;
    } else if (!parser_->is_done()) {
      if (input_.size() > kMostBetweenChunks) {
        co_return fmt::format("the server sends more than {} bytes between two chunks",
                              kMostBetweenChunks);
      }
      const error_code ended = co_await fill();
      if (ended == boost::asio::error::eof) {
        co_return std::string("the server closed before the last chunk of the body");
      }
      if (ended) co_return broken(ended);
    }
  }
  co_return Problem();
}

}  // namespace bowline::inline v0::http::detail
