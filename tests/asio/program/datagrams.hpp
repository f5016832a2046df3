#pragma once

// Asio's UDP tutorials and examples: daytime and echo, blocking, with callbacks, with coroutines,
// with a timeout. Nothing in them knows whose UDP they run on.

#include "tests/asio/program/alias.hpp"
//
#include <array>
#include <boost/asio.hpp>
#include <boost/bind/bind.hpp>
#include <chrono>
#include <memory>
#include <string>

namespace program::datagrams {

/// Tutorial 4: asks and hears.
inline std::string daytime_client(boost::asio::io_context& io_context, const std::string& host,
                                  const std::string& port) {
  udp::resolver resolver(io_context);
  udp::endpoint receiver_endpoint = *resolver.resolve(udp::v4(), host, port).begin();

  udp::socket socket(io_context);
  socket.open(udp::v4());

  std::array<char, 1> send_buf = {{0}};
  socket.send_to(boost::asio::buffer(send_buf), receiver_endpoint);

  std::array<char, 128> recv_buf;
  udp::endpoint sender_endpoint;
  const size_t len = socket.receive_from(boost::asio::buffer(recv_buf), sender_endpoint);
  if (sender_endpoint != receiver_endpoint) return "from somebody else";
  return {recv_buf.data(), len};
}

/// Tutorial 6: answers everybody.
class udp_server {
 public:
  udp_server(boost::asio::io_context& io_context, const udp::endpoint& endpoint)
      : socket_(io_context, endpoint) {
    start_receive();
  }
  unsigned short port() const { return socket_.local_endpoint().port(); }

 private:
  void start_receive() {
    socket_.async_receive_from(
        boost::asio::buffer(recv_buffer_), remote_endpoint_,
        boost::bind(&udp_server::handle_receive, this, boost::asio::placeholders::error,
                    boost::asio::placeholders::bytes_transferred));
  }
  void handle_receive(const boost::system::error_code& error, std::size_t /*bytes_transferred*/) {
    if (!error) {
      auto message = std::make_shared<std::string>("Sat Nov 21 02:37:00 2026\n");
      socket_.async_send_to(
          boost::asio::buffer(*message), remote_endpoint_,
          boost::bind(&udp_server::handle_send, this, message, boost::asio::placeholders::error,
                      boost::asio::placeholders::bytes_transferred));
      start_receive();
    }
  }
  void handle_send(const std::shared_ptr<std::string>& /*message*/,
                   const boost::system::error_code& /*error*/, std::size_t /*bytes_transferred*/) {}

  udp::socket socket_;
  udp::endpoint remote_endpoint_;
  std::array<char, 1> recv_buffer_;
};

/// async_udp_echo_server by a coroutine.
inline boost::asio::awaitable<void> echo(udp::socket& socket) {
  std::array<char, 65'536> data;
  for (;;) {
    udp::endpoint sender;
    const std::size_t n = co_await socket.async_receive_from(boost::asio::buffer(data), sender,
                                                             boost::asio::use_awaitable);
    co_await socket.async_send_to(boost::asio::buffer(data, n), sender, boost::asio::use_awaitable);
  }
}

/// blocking_udp_client: a receive with a timeout, by running the context for that long and
/// cancelling.
class client {
 public:
  client(boost::asio::io_context& io_context, const udp::endpoint& listen_endpoint)
      : io_context_(io_context), socket_(io_context_, listen_endpoint) {}

  std::size_t receive(const boost::asio::mutable_buffer& buffer,
                      std::chrono::steady_clock::duration timeout,
                      boost::system::error_code& error) {
    std::size_t length = 0;
    socket_.async_receive(
        boost::asio::buffer(buffer),
        [&](const boost::system::error_code& result_error, std::size_t result_length) {
          error = result_error;
          length = result_length;
        });
    io_context_.restart();
    io_context_.run_for(timeout);
    // If it was not stopped, the operation has not completed.
    if (!io_context_.stopped()) {
      socket_.cancel();
      io_context_.run();
    }
    return length;
  }
  udp::socket& socket() { return socket_; }

 private:
  boost::asio::io_context& io_context_;
  udp::socket socket_;
};

}  // namespace program::datagrams
