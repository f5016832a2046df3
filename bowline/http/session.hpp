#pragma once

// One connection of FileServer: reads requests, asks the responder, writes answers. Included only
// by the units that instantiate the server: Beast is expensive to compile.

#include "bowline/http/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "bowline/http/responder.hpp"

namespace bowline::inline v0::http::detail {

using boost::asio::awaitable;
/// Errors come back beside the result instead of as exceptions.
inline constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

/// A file is read and written by blocks of this size: large enough that the calls per block do not
/// show, small enough to stay in the second-level cache on its way.
inline constexpr std::size_t kBlock = 256 * 1024;

/// Bytes to be written, collected up to a block. Holds no memory between answers.
class Block {
 public:
  /// Makes room for an answer of `total` bytes, or for a block of it.
  void open(std::uint64_t total) {
    capacity_ = static_cast<std::size_t>(std::min<std::uint64_t>(total, kBlock));
    bytes_ = std::make_unique_for_overwrite<char[]>(capacity_);
    size_ = 0;
  }
  void release() { bytes_.reset(); }
  [[nodiscard]] std::span<char> room() { return {bytes_.get() + size_, capacity_ - size_}; }
  void grow(std::size_t by) { size_ += by; }
  void clear() { size_ = 0; }
  [[nodiscard]] std::span<const char> content() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

/// The fields of a parsed request that matter here.
template <class Message>
Request read_request(const Message& message) {
  namespace beast_http = boost::beast::http;
  const auto value = [&](beast_http::field name) -> std::optional<std::string_view> {
    const auto found = message.find(name);
    if (found == message.end()) return {};
    return std::string_view(found->value().data(), found->value().size());
  };
  Request request;
  request.method = {message.method_string().data(), message.method_string().size()};
  request.target = {message.target().data(), message.target().size()};
  request.version = message.version();
  request.hosts = static_cast<unsigned>(message.count(beast_http::field::host));
  request.range = value(beast_http::field::range);
  request.if_range = value(beast_http::field::if_range);
  request.if_match = value(beast_http::field::if_match);
  request.if_none_match = value(beast_http::field::if_none_match);
  request.if_modified_since = value(beast_http::field::if_modified_since);
  request.if_unmodified_since = value(beast_http::field::if_unmodified_since);
  return request;
}

/// What to say about a request that could not be read; nothing where there is nobody to say it to.
inline std::optional<Status> status_for(const boost::beast::error_code& error) {
  namespace beast_http = boost::beast::http;
  if (error == beast_http::error::end_of_stream || error == beast_http::error::partial_message) {
    return {};
  }
  if (error == beast_http::error::header_limit || error == beast_http::error::buffer_overflow) {
    return Status::header_fields_too_large;
  }
  if (error == beast_http::error::bad_version) return Status::version_not_supported;
  if (error.category() == beast_http::make_error_code(beast_http::error::bad_target).category()) {
    return Status::bad_request;
  }
  return {};  // the connection broke
}

/// One connection. Its coroutine keeps it alive.
template <class Socket>
class Session {
 public:
  Session(Socket socket, const Folder& folder, const ServerSettings& settings,
          ServerCounters& counters)
      : socket_(std::move(socket)),
        folder_(folder),
        settings_(settings),
        counters_(counters),
        buffer_(settings.most_header_bytes + kReadAhead) {}

  /// Serves requests until one side wants no more.
  awaitable<void> serve() {
    boost::system::error_code error;
    const auto peer = socket_.remote_endpoint(error);
    if (!error && settings_.access_log) {
      peer_ = peer.address().is_v6()
                  ? fmt::format("[{}]:{}", peer.address().to_string(), peer.port())
                  : fmt::format("{}:{}", peer.address().to_string(), peer.port());
    }
    bool open = true;
    while (open) open = co_await serve_one();
    co_await linger();
  }

  /// Lets go of the connection whatever it is doing.
  void abort() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  /// A second passed. Has the client been silent for too long?
  void tick() {
    if (patience_ > 0 && --patience_ == 0) abort();
  }

 private:
  // What may lie in the buffer beyond one header: pipelined requests.
  static constexpr std::size_t kReadAhead = 64 * 1024;
  // How long and for how many bytes a finished connection waits for the client to finish too.
  static constexpr std::int64_t kLingerSeconds = 2;
  static constexpr std::size_t kLingerBytes = 4 * 1024 * 1024;

  void wait_at_most(std::chrono::seconds time) {
    // A second more: the next tick may come at once.
    patience_ = time.count() + 1;
  }

  // Reads a request and answers it. False: the connection is to be closed.
  awaitable<bool> serve_one() {
    namespace beast_http = boost::beast::http;
    beast_http::request_parser<beast_http::empty_body> parser;
    parser.header_limit(settings_.most_header_bytes);
    wait_at_most(settings_.request_timeout);
    const auto [error, size] =
        co_await beast_http::async_read_header(socket_, buffer_, parser, kAwait);
    if (error) {
      const auto status = status_for(error);
      if (!status) co_return false;
      Response response = error_response(*status, error.message());
      co_await send({}, response, 11, false);
      co_return false;
    }
    const auto& message = parser.get();
    const Request request = read_request(message);
    const Response response = respond(request, folder_, settings_.clock());
    // A body would have to be read before the next request can be. Nothing here takes one.
    const bool has_body =
        parser.chunked() || (parser.content_length() && *parser.content_length() > 0);
    const bool keep_alive =
        message.keep_alive() && !has_body && response.status != Status::bad_request;
    const bool sent = co_await send(request, response, request.version, keep_alive);
    co_return sent&& keep_alive;
  }

  // Writes an answer. The header and the beginning of the body go out together.
  awaitable<bool> send(const Request& request, const Response& response, unsigned version,
                       bool keep_alive) {
    ++counters_.requests;
    const std::string header = render_header(response, version, keep_alive, settings_.clock());
    const std::uint64_t body = response.head_only ? 0 : response.body_size();
    block_.open(header.size() + body);
    std::uint64_t sent = 0;
    bool good = co_await put_text(header);
    for (const Piece& piece : response.body) {
      if (!good || response.head_only) break;
      if (const auto* const text = std::get_if<std::string>(&piece)) {
        good = co_await put_text(*text);
        sent += text->size();
      } else {
        good = co_await put_range(*response.file, std::get<ByteRange>(piece), sent);
      }
    }
    if (good) good = co_await flush();
    block_.release();
    counters_.body_bytes += sent;
    if (settings_.access_log) {
      settings_.access_log({peer_, request.method, request.target,
                            static_cast<unsigned>(response.status), sent, good});
    }
    co_return good;
  }

  awaitable<bool> put_text(std::string_view text) {
    while (!text.empty()) {
      if (block_.room().empty() && !co_await flush()) co_return false;
      const std::size_t size = std::min(text.size(), block_.room().size());
      std::ranges::copy(text.substr(0, size), block_.room().begin());
      block_.grow(size);
      text.remove_prefix(size);
    }
    co_return true;
  }

  awaitable<bool> put_range(const File& file, ByteRange range, std::uint64_t& sent) {
    while (range.length > 0) {
      if (block_.room().empty() && !co_await flush()) co_return false;
      const auto size =
          static_cast<std::size_t>(std::min<std::uint64_t>(range.length, block_.room().size()));
      const auto got = file.read_at(range.offset, block_.room().first(size));
      // The file shrank, or the disk failed, after its length was announced: all that is left to
      // say so is to break off.
      if (!got || *got < size) co_return false;
      block_.grow(size);
      range.offset += size;
      range.length -= size;
      sent += size;
    }
    co_return true;
  }

  awaitable<bool> flush() {
    std::span<const char> left = block_.content();
    while (!left.empty()) {
      wait_at_most(settings_.stall_timeout);
      const auto [error, size] =
          co_await socket_.async_write_some(boost::asio::buffer(left.data(), left.size()), kAwait);
      if (error) co_return false;
      left = left.subspan(size);
    }
    block_.clear();
    co_return true;
  }

  // Closing while the client still sends would reset the connection, and the reset can overtake the
  // answer (RFC 9112 section 9.6): finish our side, then read until the client has finished too.
  awaitable<void> linger() {
    boost::system::error_code error;
    socket_.shutdown(Socket::shutdown_send, error);
    if (error) co_return;
    wait_at_most(std::chrono::seconds(kLingerSeconds));
    std::array<char, 4096> bin;
    for (std::size_t total = 0; total < kLingerBytes;) {
      const auto [end, size] = co_await socket_.async_read_some(boost::asio::buffer(bin), kAwait);
      if (end) break;
      total += size;
    }
    socket_.close(error);
  }

  Socket socket_;
  const Folder& folder_;
  const ServerSettings& settings_;
  ServerCounters& counters_;
  boost::beast::flat_buffer buffer_;
  Block block_;
  std::string peer_;
  std::int64_t patience_ = 0;  // ticks until abort; 0: none
};

}  // namespace bowline::inline v0::http::detail
