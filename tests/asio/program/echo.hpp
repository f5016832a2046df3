#pragma once

// Asio's echo servers: one thread for each connection, callbacks, coroutines, coroutines with
// default tokens. Nothing in them knows whose TCP they run on.

#include "tests/asio/program/alias.hpp"
//
#include <array>
#include <boost/asio.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/as_single.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace program::echo {

using boost::asio::awaitable;
using boost::asio::co_spawn;
using boost::asio::detached;
using boost::asio::use_awaitable;
namespace this_coro = boost::asio::this_coro;

constexpr int max_length = 1024;

// ---- blocking --------------------------------------------------------------------------------

inline void session(tcp::socket sock) {
  for (;;) {
    char data[max_length];

    boost::system::error_code error;
    const size_t length = sock.read_some(boost::asio::buffer(data), error);
    if (error == boost::asio::error::eof) {
      break;  // Connection closed cleanly by peer.
    }
    if (error) throw boost::system::system_error(error);  // Some other error.

    boost::asio::write(sock, boost::asio::buffer(data, length));
  }
}

/// A thread for each of the first `clients` connections; returns when all of them have ended.
inline void blocking_server(tcp::acceptor& a, int clients) {
  std::vector<std::thread> sessions;
  for (int i = 0; i < clients; ++i) {
    sessions.emplace_back(session, a.accept());
  }
  for (std::thread& one : sessions) one.join();
}

/// Says `request` and returns what comes back.
inline std::string blocking_client(boost::asio::io_context& io_context, const std::string& host,
                                   const std::string& port, const std::string& request) {
  tcp::socket s(io_context);
  tcp::resolver resolver(io_context);
  boost::asio::connect(s, resolver.resolve(host, port));

  boost::asio::write(s, boost::asio::buffer(request.data(), request.size()));

  std::string reply(request.size(), '\0');
  const size_t reply_length = boost::asio::read(s, boost::asio::buffer(reply.data(), reply.size()));
  reply.resize(reply_length);
  return reply;
}

// ---- callbacks -------------------------------------------------------------------------------

class async_session : public std::enable_shared_from_this<async_session> {
 public:
  explicit async_session(tcp::socket socket) : socket_(std::move(socket)) {}

  void start() { do_read(); }

 private:
  void do_read() {
    auto self(shared_from_this());
    socket_.async_read_some(boost::asio::buffer(data_, max_length),
                            [this, self](boost::system::error_code ec, std::size_t length) {
                              if (!ec) {
                                do_write(length);
                              }
                            });
  }

  void do_write(std::size_t length) {
    auto self(shared_from_this());
    boost::asio::async_write(socket_, boost::asio::buffer(data_, length),
                             [this, self](boost::system::error_code ec, std::size_t /*length*/) {
                               if (!ec) {
                                 do_read();
                               }
                             });
  }

  tcp::socket socket_;
  char data_[max_length];
};

class async_server {
 public:
  async_server(boost::asio::io_context& io_context, const tcp::endpoint& endpoint)
      : acceptor_(io_context, endpoint) {
    do_accept();
  }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }

 private:
  void do_accept() {
    acceptor_.async_accept([this](boost::system::error_code ec, tcp::socket socket) {
      if (!ec) {
        std::make_shared<async_session>(std::move(socket))->start();
      }

      do_accept();
    });
  }

  tcp::acceptor acceptor_;
};

// ---- coroutines ------------------------------------------------------------------------------

inline awaitable<void> coroutine_session(tcp::socket socket) {
  try {
    char data[1024];
    for (;;) {
      const std::size_t n =
          co_await socket.async_read_some(boost::asio::buffer(data), use_awaitable);
      co_await async_write(socket, boost::asio::buffer(data, n), use_awaitable);
    }
  } catch (std::exception&) {
    // The peer has gone.
  }
}

inline awaitable<void> coroutine_listener(tcp::acceptor& acceptor) {
  auto executor = co_await this_coro::executor;
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(use_awaitable);
    co_spawn(executor, coroutine_session(std::move(socket)), detached);
  }
}

// ---- default tokens --------------------------------------------------------------------------

using default_token = boost::asio::as_tuple_t<boost::asio::use_awaitable_t<>>;
using tcp_acceptor = default_token::as_default_on_t<tcp::acceptor>;
using tcp_socket = default_token::as_default_on_t<tcp::socket>;

inline awaitable<void> default_token_session(tcp_socket socket) {
  char data[1024];
  for (;;) {
    auto [e1, nread] = co_await socket.async_read_some(boost::asio::buffer(data));
    if (nread == 0) break;
    auto [e2, nwritten] = co_await async_write(socket, boost::asio::buffer(data, nread));
    if (nwritten != nread) break;
  }
}

inline awaitable<void> default_token_listener(tcp_acceptor& acceptor) {
  for (;;) {
    if (auto [e, socket] = co_await acceptor.async_accept(); socket.is_open()) {
      co_spawn(acceptor.get_executor(), default_token_session(std::move(socket)), detached);
    } else {
      break;
    }
  }
}

}  // namespace program::echo
