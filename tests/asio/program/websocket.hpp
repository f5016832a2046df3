#pragma once

// Beast's WebSocket examples: echo servers that block, with callbacks, with awaitables and with
// stackful coroutines; a client that blocks and one with callbacks. Nothing in them knows whose TCP
// they run on.

#include "tests/asio/program/beast_alias.hpp"
//
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/spawn.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace program::ws {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
namespace net = boost::asio;

// ---- websocket_server_sync, websocket_client_sync --------------------------------------------

inline void do_session(tcp::socket socket) {
  try {
    websocket::stream<tcp::socket> ws{std::move(socket)};

    ws.set_option(websocket::stream_base::decorator([](websocket::response_type& res) {
      res.set(http::field::server, "websocket-server-sync");
    }));

    ws.accept();

    for (;;) {
      beast::flat_buffer buffer;
      ws.read(buffer);
      ws.text(ws.got_text());
      ws.write(buffer.data());
    }
  } catch (beast::system_error const& se) {
    // This indicates that the session was closed
    if (se.code() != websocket::error::closed) throw;
  }
}

/// A thread for each of the first `clients` connections.
inline void sync_server(tcp::acceptor& acceptor, int clients) {
  std::vector<std::thread> sessions;
  for (int i = 0; i < clients; ++i) {
    tcp::socket socket{acceptor.get_executor()};
    acceptor.accept(socket);
    sessions.emplace_back(&do_session, std::move(socket));
  }
  for (std::thread& one : sessions) one.join();
}

/// Says `text` and returns what comes back; `decided` is the close reason of both.
inline std::string sync_client(net::io_context& ioc, std::string host, const std::string& port,
                               const std::string& text, websocket::close_reason& decided) {
  tcp::resolver resolver{ioc};
  websocket::stream<tcp::socket> ws{ioc};

  auto const results = resolver.resolve(host, port);
  auto ep = net::connect(ws.next_layer(), results);
  host += ':' + std::to_string(ep.port());

  ws.set_option(websocket::stream_base::decorator([](websocket::request_type& req) {
    req.set(http::field::user_agent, "websocket-client-coro");
  }));

  ws.handshake(host, "/");
  ws.write(net::buffer(text));

  beast::flat_buffer buffer;
  ws.read(buffer);
  ws.close(websocket::close_code::normal);
  decided = ws.reason();
  return beast::buffers_to_string(buffer.data());
}

// ---- websocket_server_async ------------------------------------------------------------------

class session : public std::enable_shared_from_this<session> {
 public:
  explicit session(tcp::socket&& socket) : ws_(std::move(socket)) {}

  void run() {
    net::dispatch(ws_.get_executor(),
                  beast::bind_front_handler(&session::on_run, shared_from_this()));
  }

 private:
  void on_run() {
    ws_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
    ws_.set_option(websocket::stream_base::decorator([](websocket::response_type& res) {
      res.set(http::field::server, "websocket-server-async");
    }));
    ws_.async_accept(beast::bind_front_handler(&session::on_accept, shared_from_this()));
  }
  void on_accept(beast::error_code ec) {
    if (ec) return;
    do_read();
  }
  void do_read() {
    ws_.async_read(buffer_, beast::bind_front_handler(&session::on_read, shared_from_this()));
  }
  void on_read(beast::error_code ec, std::size_t /*bytes_transferred*/) {
    if (ec) return;
    ws_.text(ws_.got_text());
    ws_.async_write(buffer_.data(),
                    beast::bind_front_handler(&session::on_write, shared_from_this()));
  }
  void on_write(beast::error_code ec, std::size_t /*bytes_transferred*/) {
    if (ec) return;
    buffer_.consume(buffer_.size());
    do_read();
  }

  websocket::stream<tcp_stream> ws_;
  beast::flat_buffer buffer_;
};

class listener : public std::enable_shared_from_this<listener> {
 public:
  listener(net::io_context& ioc, const tcp::endpoint& endpoint) : ioc_(ioc), acceptor_(ioc) {
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
    if (!ec) std::make_shared<session>(std::move(socket))->run();
    do_accept();
  }

  net::io_context& ioc_;
  tcp::acceptor acceptor_;
};

// ---- websocket_client_async ------------------------------------------------------------------

class client : public std::enable_shared_from_this<client> {
 public:
  struct outcome {
    beast::error_code error;
    std::string heard;
    bool closed = false;
  };

  client(net::io_context& ioc, outcome& seen)
      : resolver_(net::make_strand(ioc)), ws_(net::make_strand(ioc)), seen_(seen) {}

  void run(const std::string& host, const std::string& port, const std::string& text) {
    host_ = host;
    text_ = text;
    resolver_.async_resolve(host, port,
                            beast::bind_front_handler(&client::on_resolve, shared_from_this()));
  }

 private:
  void on_resolve(beast::error_code ec, const tcp::resolver::results_type& results) {
    if (ec) return fail(ec);
    beast::get_lowest_layer(ws_).expires_after(std::chrono::seconds(30));
    beast::get_lowest_layer(ws_).async_connect(
        results, beast::bind_front_handler(&client::on_connect, shared_from_this()));
  }
  void on_connect(beast::error_code ec, tcp::resolver::results_type::endpoint_type ep) {
    if (ec) return fail(ec);
    // Turn off the timeout on the tcp_stream, because the websocket stream has its own timeout
    // system.
    beast::get_lowest_layer(ws_).expires_never();
    ws_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::client));
    host_ += ':' + std::to_string(ep.port());
    ws_.async_handshake(host_, "/",
                        beast::bind_front_handler(&client::on_handshake, shared_from_this()));
  }
  void on_handshake(beast::error_code ec) {
    if (ec) return fail(ec);
    ws_.async_write(net::buffer(text_),
                    beast::bind_front_handler(&client::on_write, shared_from_this()));
  }
  void on_write(beast::error_code ec, std::size_t /*bytes_transferred*/) {
    if (ec) return fail(ec);
    ws_.async_read(buffer_, beast::bind_front_handler(&client::on_read, shared_from_this()));
  }
  void on_read(beast::error_code ec, std::size_t /*bytes_transferred*/) {
    if (ec) return fail(ec);
    seen_.heard = beast::buffers_to_string(buffer_.data());
    ws_.async_close(websocket::close_code::normal,
                    beast::bind_front_handler(&client::on_close, shared_from_this()));
  }
  void on_close(beast::error_code ec) {
    if (ec) return fail(ec);
    seen_.closed = true;
  }
  void fail(beast::error_code ec) { seen_.error = ec; }

  tcp::resolver resolver_;
  websocket::stream<tcp_stream> ws_;
  beast::flat_buffer buffer_;
  std::string host_, text_;
  outcome& seen_;
};

// ---- websocket_server_awaitable --------------------------------------------------------------

using awaiting_stream = websocket::stream<typename tcp_stream::rebind_executor<
    typename net::use_awaitable_t<>::executor_with_default<net::any_io_executor>>::other>;

inline net::awaitable<void> awaiting_session(awaiting_stream stream) {
  stream.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
  co_await stream.async_accept();
  for (;;) {
    try {
      beast::flat_buffer buffer;
      co_await stream.async_read(buffer);
      stream.text(stream.got_text());
      co_await stream.async_write(buffer.data());
    } catch (boost::system::system_error& se) {
      if (se.code() != websocket::error::closed) throw;
      co_return;
    }
  }
}

using awaiting_acceptor = net::use_awaitable_t<>::as_default_on_t<tcp::acceptor>;

inline net::awaitable<void> awaiting_listen(awaiting_acceptor& acceptor) {
  for (;;) {
    net::co_spawn(acceptor.get_executor(),
                  awaiting_session(awaiting_stream(co_await acceptor.async_accept())),
                  net::detached);
  }
}

// ---- websocket_server_coro -------------------------------------------------------------------

inline void yielding_session(websocket::stream<tcp_stream>& ws, net::yield_context yield) {
  beast::error_code ec;
  ws.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
  ws.async_accept(yield[ec]);
  if (ec) return;
  for (;;) {
    beast::flat_buffer buffer;
    ws.async_read(buffer, yield[ec]);
    if (ec) return;  // closed, or worse
    ws.text(ws.got_text());
    ws.async_write(buffer.data(), yield[ec]);
    if (ec) return;
  }
}

inline void yielding_listen(net::io_context& ioc, tcp::acceptor& acceptor,
                            net::yield_context yield) {
  beast::error_code ec;
  for (;;) {
    tcp::socket socket(ioc);
    acceptor.async_accept(socket, yield[ec]);
    if (ec) continue;
    net::spawn(
        acceptor.get_executor(),
        [ws = std::make_shared<websocket::stream<tcp_stream>>(std::move(socket))](
            net::yield_context inner) { yielding_session(*ws, inner); },
        net::detached);
  }
}

}  // namespace program::ws
