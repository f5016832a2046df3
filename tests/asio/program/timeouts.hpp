#pragma once

// Asio's ways to give up in time: run_for() around an asynchronous operation, a deadline actor
// beside it, awaitable operators, parallel groups; and a forwarder built of them. Nothing in it
// knows whose TCP it runs on.

#include "tests/asio/program/alias.hpp"
//
#include <array>
#include <boost/asio.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace program::timeouts {

using boost::asio::awaitable;
using boost::asio::use_awaitable;
using std::chrono::steady_clock;
using boost::asio::experimental::awaitable_operators::operator||;

/// blocking_tcp_client: each call with a timeout, by running the context for that long.
class blocking_tcp_client {
 public:
  void connect(const std::string& host, const std::string& service,
               steady_clock::duration timeout) {
    auto endpoints = tcp::resolver(io_context_).resolve(host, service);
    boost::system::error_code error;
    boost::asio::async_connect(
        socket_, endpoints,
        [&](const boost::system::error_code& result_error,
            const tcp::endpoint& /*result_endpoint*/) { error = result_error; });
    run(timeout);
    if (error) throw std::system_error(error);
  }

  std::string read_line(steady_clock::duration timeout) {
    boost::system::error_code error;
    std::size_t n = 0;
    boost::asio::async_read_until(
        socket_, boost::asio::dynamic_buffer(input_buffer_), '\n',
        [&](const boost::system::error_code& result_error, std::size_t result_n) {
          error = result_error;
          n = result_n;
        });
    run(timeout);
    if (error) throw std::system_error(error);
    std::string line(input_buffer_.substr(0, n - 1));
    input_buffer_.erase(0, n);
    return line;
  }

  void write_line(const std::string& line, steady_clock::duration timeout) {
    const std::string data = line + "\n";
    boost::system::error_code error;
    boost::asio::async_write(socket_, boost::asio::buffer(data),
                             [&](const boost::system::error_code& result_error,
                                 std::size_t /*result_n*/) { error = result_error; });
    run(timeout);
    if (error) throw std::system_error(error);
  }

  explicit blocking_tcp_client(boost::asio::io_context& io_context)
      : io_context_(io_context), socket_(io_context) {}

 private:
  void run(steady_clock::duration timeout) {
    io_context_.restart();
    io_context_.run_for(timeout);
    // If the asynchronous operation completed successfully then the io_context would have been
    // stopped due to running out of work. If it was not stopped, then the io_context::run_for call
    // must have timed out.
    if (!io_context_.stopped()) {
      socket_.close();
      io_context_.run();
    }
  }

  boost::asio::io_context& io_context_;
  tcp::socket socket_;
  std::string input_buffer_;
};

/// An echo that ends when its peer was silent for `patience` (refactored_echo_server, cpp20).
inline awaitable<void> watchdog(steady_clock::time_point& deadline) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  auto now = steady_clock::now();
  while (deadline > now) {
    timer.expires_at(deadline);
    co_await timer.async_wait(use_awaitable);
    now = steady_clock::now();
  }
}
inline awaitable<void> echo(tcp::socket& sock, steady_clock::time_point& deadline,
                            steady_clock::duration patience) {
  char data[4196];
  for (;;) {
    deadline = steady_clock::now() + patience;
    const auto n = co_await sock.async_read_some(boost::asio::buffer(data), use_awaitable);
    co_await async_write(sock, boost::asio::buffer(data, n), use_awaitable);
  }
}
inline awaitable<bool> handle_connection(tcp::socket sock, steady_clock::duration patience) {
  steady_clock::time_point deadline{};
  const auto result = co_await (echo(sock, deadline, patience) || watchdog(deadline));
  co_return result.index() == 1;
}

/// proxy.cpp: both directions at once, until either ends.
inline awaitable<void> transfer(tcp::socket& from, tcp::socket& to) {
  std::array<unsigned char, 1024> data;
  for (;;) {
    const auto n = co_await from.async_read_some(boost::asio::buffer(data), use_awaitable);
    co_await async_write(to, boost::asio::buffer(data, n), use_awaitable);
  }
}
inline awaitable<void> forward(tcp::socket client, tcp::endpoint target) {
  tcp::socket server(client.get_executor());
  co_await server.async_connect(target, use_awaitable);
  boost::system::error_code ignored;
  try {
    co_await (transfer(client, server) || transfer(server, client));
  } catch (const boost::system::system_error&) {
    // One of them has ended.
  }
  client.close(ignored);
  server.close(ignored);
}

/// A read and a timer as one operation: parallel_group of deferred operations. 1: the timer won.
template <class Token>
auto async_read_or_wait(tcp::socket& socket, boost::asio::mutable_buffer to,
                        boost::asio::steady_timer& timer, Token&& token) {
  return boost::asio::experimental::make_parallel_group(
             socket.async_read_some(to, boost::asio::deferred),
             timer.async_wait(boost::asio::deferred))
      .async_wait(boost::asio::experimental::wait_for_one(), std::forward<Token>(token));
}

}  // namespace program::timeouts
