#pragma once

// An asynchronous HTTP client in the manner of Beast's examples: resolve, connect, write, read,
// shut down, each with a timeout. Nothing in it knows whose TCP it runs on.

#include "tests/asio/program/alias.hpp"
//
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace program {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using error_code = boost::beast::error_code;

/// Sends requests one after the other on one connection and hands each response to `on_response`;
/// then, or when something fails, calls `on_end`.
class Client : public std::enable_shared_from_this<Client> {
 public:
  using Request = http::request<http::string_body>;
  using Response = http::response<http::string_body>;

  Client(boost::asio::io_context& context, std::vector<Request> requests)
      : resolver_(boost::asio::make_strand(context)),
        stream_(resolver_.get_executor()),
        requests_(std::move(requests)) {}

  std::chrono::steady_clock::duration patience = std::chrono::seconds(30);
  std::function<void(const Response&)> on_response = [](const Response&) {};
  std::function<void(error_code)> on_end = [](error_code) {};

  void run(const std::string& host, const std::string& port) {
    resolver_.async_resolve(host, port,
                            beast::bind_front_handler(&Client::on_resolve, shared_from_this()));
  }

 private:
  void on_resolve(error_code error, const tcp::resolver::results_type& results) {
    if (error) return on_end(error);
    stream_.expires_after(patience);
    stream_.async_connect(results,
                          beast::bind_front_handler(&Client::on_connect, shared_from_this()));
  }
  void on_connect(error_code error, const tcp::endpoint& /*endpoint*/) {
    if (error) return on_end(error);
    write();
  }
  void write() {
    if (next_ == requests_.size()) return finish();
    stream_.expires_after(patience);
    http::async_write(stream_, requests_[next_],
                      beast::bind_front_handler(&Client::on_write, shared_from_this()));
  }
  void on_write(error_code error, std::size_t /*bytes*/) {
    if (error) return on_end(error);
    parser_.emplace();
    parser_->body_limit(16U << 20);
    parser_->skip(requests_[next_].method() == http::verb::head);
    http::async_read(stream_, buffer_, *parser_,
                     beast::bind_front_handler(&Client::on_read, shared_from_this()));
  }
  void on_read(error_code error, std::size_t /*bytes*/) {
    if (error) return on_end(error);
    on_response(parser_->get());
    ++next_;
    write();
  }
  void finish() {
    error_code error;
    stream_.socket().shutdown(tcp::socket::shutdown_both, error);
    on_end(error == beast::errc::not_connected ? error_code() : error);
  }

  tcp::resolver resolver_;
  beast::basic_stream<tcp> stream_;
  std::vector<Request> requests_;
  std::size_t next_ = 0;
  beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
};

}  // namespace program
