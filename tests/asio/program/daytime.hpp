#pragma once

// Asio's daytime tutorial: a client and a server that block, and an asynchronous server whose
// connections keep themselves alive. Nothing in it knows whose TCP it runs on.

#include "tests/asio/program/alias.hpp"
//
#include <array>
#include <boost/asio.hpp>
#include <boost/bind/bind.hpp>
#include <memory>
#include <string>

namespace program::daytime {

inline std::string make_daytime_string() { return "Sat Nov 21 02:37:00 2026\n"; }

/// Tutorial 1: reads until the server closes.
inline std::string client(boost::asio::io_context& io_context, const std::string& host,
                          const std::string& service) {
  tcp::resolver resolver(io_context);
  tcp::resolver::results_type endpoints = resolver.resolve(host, service);

  tcp::socket socket(io_context);
  boost::asio::connect(socket, endpoints);

  std::string heard;
  for (;;) {
    std::array<char, 128> buf;
    boost::system::error_code error;

    const size_t len = socket.read_some(boost::asio::buffer(buf), error);

    if (error == boost::asio::error::eof) {
      break;  // Connection closed cleanly by peer.
    }
    if (error) throw boost::system::system_error(error);  // Some other error.

    heard.append(buf.data(), len);
  }
  return heard;
}

/// Tutorial 2: serves `clients` of them, one after the other.
inline void serve(tcp::acceptor& acceptor, int clients) {
  for (int i = 0; i < clients; ++i) {
    tcp::socket socket(acceptor.get_executor());
    acceptor.accept(socket);

    const std::string message = make_daytime_string();

    boost::system::error_code ignored_error;
    boost::asio::write(socket, boost::asio::buffer(message), ignored_error);
  }
}

/// Tutorial 3.
class tcp_connection : public std::enable_shared_from_this<tcp_connection> {
 public:
  using pointer = std::shared_ptr<tcp_connection>;

  static pointer create(boost::asio::io_context& io_context) {
    return pointer(new tcp_connection(io_context));
  }

  tcp::socket& socket() { return socket_; }

  void start() {
    message_ = make_daytime_string();

    boost::asio::async_write(socket_, boost::asio::buffer(message_),
                             boost::bind(&tcp_connection::handle_write, shared_from_this(),
                                         boost::asio::placeholders::error,
                                         boost::asio::placeholders::bytes_transferred));
  }

 private:
  explicit tcp_connection(boost::asio::io_context& io_context) : socket_(io_context) {}

  void handle_write(const boost::system::error_code& /*error*/, size_t /*bytes_transferred*/) {}

  tcp::socket socket_;
  std::string message_;
};

class tcp_server {
 public:
  tcp_server(boost::asio::io_context& io_context, const tcp::endpoint& endpoint)
      : io_context_(io_context), acceptor_(io_context, endpoint) {
    start_accept();
  }

  unsigned short port() const { return acceptor_.local_endpoint().port(); }

 private:
  void start_accept() {
    const tcp_connection::pointer new_connection = tcp_connection::create(io_context_);

    acceptor_.async_accept(new_connection->socket(),
                           boost::bind(&tcp_server::handle_accept, this, new_connection,
                                       boost::asio::placeholders::error));
  }

  void handle_accept(const tcp_connection::pointer& new_connection,
                     const boost::system::error_code& error) {
    if (!error) {
      new_connection->start();
    }

    start_accept();
  }

  boost::asio::io_context& io_context_;
  tcp::acceptor acceptor_;
};

}  // namespace program::daytime
