#pragma once

// The body of async_get(). Included only by the units that instantiate it: Beast is expensive to
// compile.

#include "bowline/http/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <memory>
#include <utility>
#include <vector>

namespace bowline::inline v0::http {
namespace detail {

namespace beast_http = boost::beast::http;

/// One fetch. Its coroutine keeps it alive, and so does its timer's handler.
template <class Protocol>
class Fetch : public std::enable_shared_from_this<Fetch<Protocol>> {
 public:
  Fetch(typename Protocol::socket socket, GetRequest request, BodyHandler on_body,
        GetHandler on_done)
      : socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        request_(std::move(request)),
        on_body_(std::move(on_body)),
        on_done_(std::move(on_done)) {}

  static boost::asio::awaitable<void> run(std::shared_ptr<Fetch> self,
                                          typename Protocol::endpoint server) {
    self->watch();
    boost::system::error_code error = co_await self->fetch(server);
    if (self->stalled_) error = boost::asio::error::timed_out;
    self->finished_ = true;
    self->timer_.cancel();
    self->result_.finished = self->elapsed();
    boost::system::error_code ignored;
    self->socket_.close(ignored);
    self->on_done_(error, self->result_);
  }

 private:
  using Parser = beast_http::response_parser<beast_http::buffer_body>;
  static constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
  static constexpr std::size_t kBlock = 256 * 1024;

  [[nodiscard]] std::chrono::nanoseconds elapsed() const {
    return std::chrono::steady_clock::now() - begin_;
  }

  // Looks after each stall_timeout whether anything has come since.
  void watch() {
    timer_.expires_after(request_.stall_timeout);
    timer_.async_wait([self = this->shared_from_this(), seen = progress_](const auto& error) {
      if (error || self->finished_) return;
      if (self->progress_ == seen) {
        self->stalled_ = true;
        boost::system::error_code ignored;
        self->socket_.close(ignored);
        return;
      }
      self->watch();
    });
  }

  boost::asio::awaitable<boost::system::error_code> fetch(typename Protocol::endpoint server) {
    const auto [refused] = co_await socket_.async_connect(server, kAwait);
    if (refused) co_return refused;
    result_.connected = elapsed();
    ++progress_;

    const std::string text = fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: bowline\r\nAccept: */*\r\nConnection: "
        "close\r\n\r\n",
        request_.target, request_.host);
    const auto [unsent, size] =
        co_await boost::asio::async_write(socket_, boost::asio::buffer(text), kAwait);
    if (unsent) co_return unsent;

    Parser parser;
    parser.body_limit(boost::none);
    const auto [unread, header_size] =
        co_await beast_http::async_read_header(socket_, buffer_, parser, kAwait);
    if (unread) co_return unread;
    result_.answered = elapsed();
    result_.status = parser.get().result_int();
    if (parser.content_length()) result_.content_length = *parser.content_length();
    ++progress_;

    block_.resize(kBlock);
    if (parser.is_done()) co_return boost::system::error_code();
    if (parser.content_length()) co_return co_await read_plain(*parser.content_length());
    co_return co_await read_encoded(parser);
  }

  void take(std::span<const char> bytes) {
    ++progress_;
    result_.body_bytes += bytes.size();
    if (on_body_ && !bytes.empty()) on_body_(bytes);
  }

  // A body of known length needs no parser: straight from the socket.
  boost::asio::awaitable<boost::system::error_code> read_plain(std::uint64_t left) {
    const auto ahead = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer_.size()));
    take({static_cast<const char*>(buffer_.data().data()), ahead});
    left -= ahead;
    while (left > 0) {
      const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(left, block_.size()));
      const auto [error, size] =
          co_await socket_.async_read_some(boost::asio::buffer(block_.data(), most), kAwait);
      take({block_.data(), size});
      left -= size;
      if (error == boost::asio::error::eof) co_return beast_http::error::partial_message;
      if (error) co_return error;
    }
    co_return boost::system::error_code();
  }

  // A body in chunks, or one that lasts until the connection ends.
  boost::asio::awaitable<boost::system::error_code> read_encoded(Parser& parser) {
    while (!parser.is_done()) {
      auto& body = parser.get().body();
      body.data = block_.data();
      body.size = block_.size();
      body.more = true;
      const auto [error, size] =
          co_await beast_http::async_read_some(socket_, buffer_, parser, kAwait);
      take({block_.data(), block_.size() - body.size});
      if (error && error != beast_http::error::need_buffer) co_return error;
    }
    co_return boost::system::error_code();
  }

  typename Protocol::socket socket_;
  boost::asio::steady_timer timer_;
  GetRequest request_;
  BodyHandler on_body_;
  GetHandler on_done_;
  GetResult result_;
  boost::beast::flat_buffer buffer_;
  std::vector<char> block_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::uint64_t progress_ = 0;
  bool stalled_ = false;
  bool finished_ = false;
};

}  // namespace detail

template <class Protocol>
void async_get(typename Protocol::socket socket, const typename Protocol::endpoint& server,
               GetRequest request, BodyHandler on_body, GetHandler on_done) {
  const auto executor = socket.get_executor();
  auto fetch = std::make_shared<detail::Fetch<Protocol>>(std::move(socket), std::move(request),
                                                         std::move(on_body), std::move(on_done));
  boost::asio::co_spawn(executor, detail::Fetch<Protocol>::run(std::move(fetch), server),
                        boost::asio::detached);
}

}  // namespace bowline::inline v0::http
