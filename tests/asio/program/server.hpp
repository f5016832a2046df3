#pragma once

// An asynchronous HTTP server in the manner of Beast's examples: a listener, a session for each
// connection, everything bound to strands, timeouts by the stream. Nothing in it knows whose TCP it
// runs on.

#include "tests/asio/program/alias.hpp"
//
#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace program {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using error_code = boost::beast::error_code;
using stream = beast::basic_stream<tcp>;

/// What the server does and has done.
struct ServerSettings {
  std::chrono::steady_clock::duration patience = std::chrono::seconds(30);
  std::atomic<int> timeouts = 0;  ///< sessions that ended because their client was silent
};

/// Answers: "/" with a greeting, "/large" with 3 MB, POST with what was posted.
inline http::response<http::string_body> answer(const http::request<http::string_body>& request) {
  http::response<http::string_body> response{http::status::ok, request.version()};
  response.set(http::field::server, "program");
  response.keep_alive(request.keep_alive());
  if (request.method() == http::verb::post) {
    response.body() = request.body();
  } else if (request.target() == "/large") {
    response.body().assign(3U << 20, 'L');
  } else if (request.target() == "/") {
    response.body() = "hello\n";
  } else {
    response.result(http::status::not_found);
    response.body() = "no such page\n";
  }
  response.prepare_payload();
  if (request.method() == http::verb::head) response.body().clear();
  return response;
}

/// One connection.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket&& socket, ServerSettings& settings)
      : stream_(std::move(socket)), settings_(settings) {}

  void run() {
    boost::asio::dispatch(stream_.get_executor(),
                          beast::bind_front_handler(&Session::read, shared_from_this()));
  }

 private:
  void read() {
    parser_.emplace();
    parser_->body_limit(16U << 20);
    stream_.expires_after(settings_.patience);
    http::async_read(stream_, buffer_, *parser_,
                     beast::bind_front_handler(&Session::on_read, shared_from_this()));
  }
  void on_read(error_code error, std::size_t /*bytes*/) {
    if (error == http::error::end_of_stream) return close();
    if (error == beast::error::timeout) ++settings_.timeouts;
    if (error) return;
    request_ = parser_->release();
    response_ = answer(request_);
    stream_.expires_after(settings_.patience);
    http::async_write(stream_, response_,
                      beast::bind_front_handler(&Session::on_write, shared_from_this()));
  }
  void on_write(error_code error, std::size_t /*bytes*/) {
    if (error) return;
    if (response_.need_eof()) return close();
    read();
  }
  void close() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  stream stream_;
  ServerSettings& settings_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
};

/// Accepts connections for ever.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(boost::asio::io_context& context, const tcp::endpoint& endpoint,
           ServerSettings& settings)
      : context_(context), acceptor_(boost::asio::make_strand(context)), settings_(settings) {
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(boost::asio::socket_base::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen(boost::asio::socket_base::max_listen_connections);
  }

  [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
  void run() {
    acceptor_.async_accept(boost::asio::make_strand(context_),
                           beast::bind_front_handler(&Listener::on_accept, shared_from_this()));
  }

 private:
  void on_accept(error_code error, tcp::socket socket) {
    if (error) return;
    std::make_shared<Session>(std::move(socket), settings_)->run();
    run();
  }

  boost::asio::io_context& context_;
  tcp::acceptor acceptor_;
  ServerSettings& settings_;
};

}  // namespace program
