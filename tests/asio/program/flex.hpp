#pragma once

// Beast's "advanced server flex": one port that speaks HTTP and WebSocket, each plain and over TLS,
// whichever the client begins with. Nothing in it knows whose TCP it runs on.

#include "tests/asio/program/beast_alias.hpp"
//
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/optional.hpp>
#include <chrono>
#include <memory>
#include <queue>
#include <string>
#include <utility>

namespace program::flex {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
namespace net = boost::asio;
namespace ssl = boost::asio::ssl;

// ---- WebSocket -------------------------------------------------------------------------------

template <class Derived>
class websocket_session {
  Derived& derived() { return static_cast<Derived&>(*this); }
  beast::flat_buffer buffer_;

  template <class Body, class Allocator>
  void do_accept(http::request<Body, http::basic_fields<Allocator>> req) {
    derived().ws().set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    derived().ws().set_option(websocket::stream_base::decorator([](websocket::response_type& res) {
      res.set(http::field::server, "advanced-server-flex");
    }));
    derived().ws().async_accept(req, beast::bind_front_handler(&websocket_session::on_accept,
                                                               derived().shared_from_this()));
  }
  void on_accept(beast::error_code ec) {
    if (!ec) do_read();
  }
  void do_read() {
    derived().ws().async_read(buffer_, beast::bind_front_handler(&websocket_session::on_read,
                                                                 derived().shared_from_this()));
  }
  void on_read(beast::error_code ec, std::size_t /*bytes_transferred*/) {
    if (ec) return;
    derived().ws().text(derived().ws().got_text());
    derived().ws().async_write(
        buffer_.data(),
        beast::bind_front_handler(&websocket_session::on_write, derived().shared_from_this()));
  }
  void on_write(beast::error_code ec, std::size_t /*bytes_transferred*/) {
    if (ec) return;
    buffer_.consume(buffer_.size());
    do_read();
  }

 public:
  template <class Body, class Allocator>
  void run(http::request<Body, http::basic_fields<Allocator>> req) {
    do_accept(std::move(req));
  }
};

class plain_websocket_session : public websocket_session<plain_websocket_session>,
                                public std::enable_shared_from_this<plain_websocket_session> {
  websocket::stream<tcp_stream> ws_;

 public:
  explicit plain_websocket_session(tcp_stream&& stream) : ws_(std::move(stream)) {}
  websocket::stream<tcp_stream>& ws() { return ws_; }
};

class ssl_websocket_session : public websocket_session<ssl_websocket_session>,
                              public std::enable_shared_from_this<ssl_websocket_session> {
  websocket::stream<beast::ssl_stream<tcp_stream>> ws_;

 public:
  explicit ssl_websocket_session(beast::ssl_stream<tcp_stream>&& stream) : ws_(std::move(stream)) {}
  websocket::stream<beast::ssl_stream<tcp_stream>>& ws() { return ws_; }
};

template <class Body, class Allocator>
void make_websocket_session(tcp_stream stream,
                            http::request<Body, http::basic_fields<Allocator>> req) {
  std::make_shared<plain_websocket_session>(std::move(stream))->run(std::move(req));
}
template <class Body, class Allocator>
void make_websocket_session(beast::ssl_stream<tcp_stream> stream,
                            http::request<Body, http::basic_fields<Allocator>> req) {
  std::make_shared<ssl_websocket_session>(std::move(stream))->run(std::move(req));
}

// ---- HTTP ------------------------------------------------------------------------------------

inline http::message_generator handle_request(http::request<http::string_body>&& req) {
  http::response<http::string_body> res{http::status::ok, req.version()};
  res.set(http::field::server, "advanced-server-flex");
  res.keep_alive(req.keep_alive());
  if (req.method() == http::verb::get && req.target() == "/large") {
    res.body().assign(2U << 20, 'L');
  } else if (req.method() == http::verb::get) {
    res.body() = std::string("you asked for ") + std::string(req.target());
  } else {
    res.result(http::status::bad_request);
    res.body() = "Unknown HTTP-method";
  }
  res.prepare_payload();
  return res;
}

template <class Derived>
class http_session {
  Derived& derived() { return static_cast<Derived&>(*this); }
  static constexpr std::size_t queue_limit = 8;  // max responses
  std::queue<http::message_generator> response_queue_;
  boost::optional<http::request_parser<http::string_body>> parser_;

 protected:
  beast::flat_buffer buffer_;

 public:
  explicit http_session(beast::flat_buffer buffer) : buffer_(std::move(buffer)) {}

  void do_read() {
    parser_.emplace();
    parser_->body_limit(10000);
    beast::get_lowest_layer(derived().stream()).expires_after(std::chrono::seconds(30));
    http::async_read(
        derived().stream(), buffer_, *parser_,
        beast::bind_front_handler(&http_session::on_read, derived().shared_from_this()));
  }
  void on_read(beast::error_code ec, std::size_t /*bytes_transferred*/) {
    if (ec == http::error::end_of_stream) return derived().do_eof();
    if (ec) return;
    if (websocket::is_upgrade(parser_->get())) {
      // The websocket::stream uses its own timeout settings.
      beast::get_lowest_layer(derived().stream()).expires_never();
      return make_websocket_session(derived().release_stream(), parser_->release());
    }
    queue_write(handle_request(parser_->release()));
    if (response_queue_.size() < queue_limit) do_read();
  }
  void queue_write(http::message_generator response) {
    response_queue_.push(std::move(response));
    if (response_queue_.size() == 1) do_write();
  }
  bool do_write() {
    const bool was_full = response_queue_.size() == queue_limit;
    if (!response_queue_.empty()) {
      http::message_generator msg = std::move(response_queue_.front());
      response_queue_.pop();
      const bool keep_alive = msg.keep_alive();
      beast::async_write(derived().stream(), std::move(msg),
                         beast::bind_front_handler(&http_session::on_write,
                                                   derived().shared_from_this(), keep_alive));
    }
    return was_full;
  }
  void on_write(bool keep_alive, beast::error_code ec, std::size_t /*bytes_transferred*/) {
    if (ec) return;
    if (!keep_alive) return derived().do_eof();
    if (do_write()) do_read();
  }
};

class plain_http_session : public http_session<plain_http_session>,
                           public std::enable_shared_from_this<plain_http_session> {
  tcp_stream stream_;

 public:
  plain_http_session(tcp_stream&& stream, beast::flat_buffer&& buffer)
      : http_session<plain_http_session>(std::move(buffer)), stream_(std::move(stream)) {}
  void run() { this->do_read(); }
  tcp_stream& stream() { return stream_; }
  tcp_stream release_stream() { return std::move(stream_); }
  void do_eof() {
    beast::error_code ec;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ec);
  }
};

class ssl_http_session : public http_session<ssl_http_session>,
                         public std::enable_shared_from_this<ssl_http_session> {
  beast::ssl_stream<tcp_stream> stream_;

 public:
  ssl_http_session(tcp_stream&& stream, ssl::context& ctx, beast::flat_buffer&& buffer)
      : http_session<ssl_http_session>(std::move(buffer)), stream_(std::move(stream), ctx) {}
  void run() {
    beast::get_lowest_layer(stream_).expires_after(std::chrono::seconds(30));
    stream_.async_handshake(
        ssl::stream_base::server, buffer_.data(),
        beast::bind_front_handler(&ssl_http_session::on_handshake, shared_from_this()));
  }
  beast::ssl_stream<tcp_stream>& stream() { return stream_; }
  beast::ssl_stream<tcp_stream> release_stream() { return std::move(stream_); }
  void do_eof() {
    beast::get_lowest_layer(stream_).expires_after(std::chrono::seconds(30));
    stream_.async_shutdown(
        beast::bind_front_handler(&ssl_http_session::on_shutdown, shared_from_this()));
  }

 private:
  void on_handshake(beast::error_code ec, std::size_t bytes_used) {
    if (ec) return;
    buffer_.consume(bytes_used);
    do_read();
  }
  void on_shutdown(beast::error_code /*ec*/) {}
};

// ---- which of them ---------------------------------------------------------------------------

class detect_session : public std::enable_shared_from_this<detect_session> {
  tcp_stream stream_;
  ssl::context& ctx_;
  beast::flat_buffer buffer_;

 public:
  detect_session(tcp::socket&& socket, ssl::context& ctx) : stream_(std::move(socket)), ctx_(ctx) {}
  void run() {
    net::dispatch(stream_.get_executor(),
                  beast::bind_front_handler(&detect_session::on_run, this->shared_from_this()));
  }
  void on_run() {
    stream_.expires_after(std::chrono::seconds(30));
    beast::async_detect_ssl(
        stream_, buffer_,
        beast::bind_front_handler(&detect_session::on_detect, this->shared_from_this()));
  }
  void on_detect(beast::error_code ec, bool result) {
    if (ec) return;
    if (result) {
      std::make_shared<ssl_http_session>(std::move(stream_), ctx_, std::move(buffer_))->run();
    } else {
      std::make_shared<plain_http_session>(std::move(stream_), std::move(buffer_))->run();
    }
  }
};

class listener : public std::enable_shared_from_this<listener> {
  net::io_context& ioc_;
  ssl::context& ctx_;
  tcp::acceptor acceptor_;

 public:
  listener(net::io_context& ioc, ssl::context& ctx, const tcp::endpoint& endpoint)
      : ioc_(ioc), ctx_(ctx), acceptor_(net::make_strand(ioc)) {
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(net::socket_base::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen(net::socket_base::max_listen_connections);
  }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }
  void run() { do_accept(); }

 private:
  void do_accept() {
    acceptor_.async_accept(net::make_strand(ioc_),
                           beast::bind_front_handler(&listener::on_accept, shared_from_this()));
  }
  void on_accept(beast::error_code ec, tcp::socket socket) {
    if (!ec) std::make_shared<detect_session>(std::move(socket), ctx_)->run();
    do_accept();
  }
};

// ---- http_client_async_ssl, websocket_client_sync_ssl ----------------------------------------

class https_client : public std::enable_shared_from_this<https_client> {
  tcp::resolver resolver_;
  beast::ssl_stream<tcp_stream> stream_;
  beast::flat_buffer buffer_;
  http::request<http::empty_body> req_;

 public:
  http::response<http::string_body> response;
  beast::error_code error, shutdown;

  https_client(net::any_io_executor ex, ssl::context& ctx) : resolver_(ex), stream_(ex, ctx) {
    stream_.set_verify_mode(ssl::verify_peer);
  }
  void run(const std::string& address, const std::string& port, const std::string& host,
           const std::string& target) {
    // Set SNI Hostname (many hosts need this to handshake successfully)
    SSL_set_tlsext_host_name(stream_.native_handle(), host.c_str());
    stream_.set_verify_callback(ssl::host_name_verification(host));
    req_.version(11);
    req_.method(http::verb::get);
    req_.target(target);
    req_.set(http::field::host, host);
    req_.keep_alive(false);
    resolver_.async_resolve(
        address, port, beast::bind_front_handler(&https_client::on_resolve, shared_from_this()));
  }

 private:
  void on_resolve(beast::error_code ec, const tcp::resolver::results_type& results) {
    if (ec) return fail(ec);
    beast::get_lowest_layer(stream_).expires_after(std::chrono::seconds(30));
    beast::get_lowest_layer(stream_).async_connect(
        results, beast::bind_front_handler(&https_client::on_connect, shared_from_this()));
  }
  void on_connect(beast::error_code ec, const tcp::resolver::results_type::endpoint_type&) {
    if (ec) return fail(ec);
    stream_.async_handshake(
        ssl::stream_base::client,
        beast::bind_front_handler(&https_client::on_handshake, shared_from_this()));
  }
  void on_handshake(beast::error_code ec) {
    if (ec) return fail(ec);
    beast::get_lowest_layer(stream_).expires_after(std::chrono::seconds(30));
    http::async_write(stream_, req_,
                      beast::bind_front_handler(&https_client::on_write, shared_from_this()));
  }
  void on_write(beast::error_code ec, std::size_t /*bytes_transferred*/) {
    if (ec) return fail(ec);
    http::async_read(stream_, buffer_, response,
                     beast::bind_front_handler(&https_client::on_read, shared_from_this()));
  }
  void on_read(beast::error_code ec, std::size_t /*bytes_transferred*/) {
    if (ec) return fail(ec);
    beast::get_lowest_layer(stream_).expires_after(std::chrono::seconds(30));
    stream_.async_shutdown(
        beast::bind_front_handler(&https_client::on_shutdown, shared_from_this()));
  }
  void on_shutdown(beast::error_code ec) { shutdown = ec; }
  void fail(beast::error_code ec) { error = ec; }
};

/// Says `text` over a WebSocket over TLS and returns what comes back.
inline std::string wss_client(net::io_context& ioc, ssl::context& ctx, const tcp::endpoint& peer,
                              std::string host, const std::string& text) {
  websocket::stream<beast::ssl_stream<tcp::socket>> ws{ioc, ctx};
  beast::get_lowest_layer(ws).connect(peer);
  SSL_set_tlsext_host_name(ws.next_layer().native_handle(), host.c_str());
  ws.next_layer().set_verify_mode(ssl::verify_peer);
  ws.next_layer().set_verify_callback(ssl::host_name_verification(host));
  ws.next_layer().handshake(ssl::stream_base::client);
  ws.handshake(host + ":" + std::to_string(peer.port()), "/");
  ws.write(net::buffer(text));
  beast::flat_buffer buffer;
  ws.read(buffer);
  ws.close(websocket::close_code::normal);
  return beast::buffers_to_string(buffer.data());
}

}  // namespace program::flex
