#pragma once

// Asio's HTTP clients by streambuf and read_until, and a server of lines beside them: composed
// operations of Asio over a socket. Nothing in it knows whose TCP it runs on.

#include "tests/asio/program/alias.hpp"
//
#include <boost/asio.hpp>
#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

namespace program::lines {

/// What a client has learned.
struct answer {
  unsigned int status_code = 0;
  std::string headers, body;
  boost::system::error_code error;
};

/// The synchronous client.
inline answer sync_client(boost::asio::io_context& io_context, const std::string& server,
                          const std::string& port, const std::string& path) {
  answer result;
  tcp::resolver resolver(io_context);
  tcp::resolver::results_type endpoints = resolver.resolve(server, port);

  tcp::socket socket(io_context);
  boost::asio::connect(socket, endpoints);

  boost::asio::streambuf request;
  std::ostream request_stream(&request);
  request_stream << "GET " << path << " HTTP/1.0\r\n";
  request_stream << "Host: " << server << "\r\n";
  request_stream << "Accept: */*\r\n";
  request_stream << "Connection: close\r\n\r\n";

  boost::asio::write(socket, request);

  // Read the response status line. The response streambuf will automatically grow.
  boost::asio::streambuf response;
  boost::asio::read_until(socket, response, "\r\n");

  std::istream response_stream(&response);
  std::string http_version;
  response_stream >> http_version;
  response_stream >> result.status_code;
  std::string status_message;
  std::getline(response_stream, status_message);

  boost::asio::read_until(socket, response, "\r\n\r\n");

  std::string header;
  while (std::getline(response_stream, header) && header != "\r") result.headers += header + "\n";

  std::ostringstream body;
  if (response.size() > 0) body << &response;

  boost::system::error_code error;
  while (boost::asio::read(socket, response, boost::asio::transfer_at_least(1), error)) {
    body << &response;
  }
  if (error != boost::asio::error::eof) throw boost::system::system_error(error);
  result.body = body.str();
  return result;
}

/// The asynchronous one.
class client {
 public:
  client(boost::asio::io_context& io_context, const std::string& server, const std::string& port,
         const std::string& path, answer& result)
      : resolver_(io_context), socket_(io_context), result_(result) {
    std::ostream request_stream(&request_);
    request_stream << "GET " << path << " HTTP/1.0\r\n";
    request_stream << "Host: " << server << "\r\n";
    request_stream << "Connection: close\r\n\r\n";

    resolver_.async_resolve(
        server, port,
        std::bind(&client::handle_resolve, this, std::placeholders::_1, std::placeholders::_2));
  }

 private:
  void handle_resolve(const boost::system::error_code& err,
                      const tcp::resolver::results_type& endpoints) {
    if (err) return fail(err);
    boost::asio::async_connect(socket_, endpoints,
                               std::bind(&client::handle_connect, this, std::placeholders::_1));
  }
  void handle_connect(const boost::system::error_code& err) {
    if (err) return fail(err);
    boost::asio::async_write(socket_, request_,
                             std::bind(&client::handle_write_request, this, std::placeholders::_1));
  }
  void handle_write_request(const boost::system::error_code& err) {
    if (err) return fail(err);
    boost::asio::async_read_until(
        socket_, response_, "\r\n",
        std::bind(&client::handle_read_status_line, this, std::placeholders::_1));
  }
  void handle_read_status_line(const boost::system::error_code& err) {
    if (err) return fail(err);
    std::istream response_stream(&response_);
    std::string http_version;
    response_stream >> http_version;
    response_stream >> result_.status_code;
    std::string status_message;
    std::getline(response_stream, status_message);
    boost::asio::async_read_until(
        socket_, response_, "\r\n\r\n",
        std::bind(&client::handle_read_headers, this, std::placeholders::_1));
  }
  void handle_read_headers(const boost::system::error_code& err) {
    if (err) return fail(err);
    std::istream response_stream(&response_);
    std::string header;
    while (std::getline(response_stream, header) && header != "\r") {
      result_.headers += header + "\n";
    }
    if (response_.size() > 0) body_ << &response_;
    read_content();
  }
  void read_content() {
    boost::asio::async_read(socket_, response_, boost::asio::transfer_at_least(1),
                            std::bind(&client::handle_read_content, this, std::placeholders::_1));
  }
  void handle_read_content(const boost::system::error_code& err) {
    if (!err) {
      body_ << &response_;
      read_content();
    } else if (err != boost::asio::error::eof) {
      fail(err);
    } else {
      result_.body = body_.str();
    }
  }
  void fail(const boost::system::error_code& err) { result_.error = err; }

  tcp::resolver resolver_;
  tcp::socket socket_;
  boost::asio::streambuf request_;
  boost::asio::streambuf response_;
  std::ostringstream body_;
  answer& result_;
};

/// A server of HTTP/1.0 by lines: reads until the empty line through Asio's buffered stream,
/// answers with a gather write, and closes.
class session : public std::enable_shared_from_this<session> {
 public:
  explicit session(tcp::socket socket) : socket_(std::move(socket)), stream_(socket_) {}

  void start() {
    auto self(shared_from_this());
    boost::asio::async_read_until(
        stream_, boost::asio::dynamic_buffer(request_, 8192), "\r\n\r\n",
        [this, self](boost::system::error_code ec, std::size_t /*length*/) {
          if (!ec) reply();
        });
  }

 private:
  void reply() {
    auto self(shared_from_this());
    const bool found = request_.starts_with("GET /large ");
    body_ = found ? std::string(500'000, 'L') : "no such page\n";
    head_ = std::string(found ? "HTTP/1.0 200 OK" : "HTTP/1.0 404 Not Found") +
            "\r\nContent-Type: text/plain\r\n\r\n";
    const std::array<boost::asio::const_buffer, 2> all{boost::asio::buffer(head_),
                                                       boost::asio::buffer(body_)};
    boost::asio::async_write(stream_, all, [this, self](boost::system::error_code ec, std::size_t) {
      if (ec) return;
      stream_.async_flush([this, self](boost::system::error_code, std::size_t) {
        boost::system::error_code ignored;
        stream_.lowest_layer().shutdown(tcp::socket::shutdown_both, ignored);
      });
    });
  }

  tcp::socket socket_;
  boost::asio::buffered_stream<tcp::socket&> stream_;
  std::string request_, head_, body_;
};

class server {
 public:
  server(boost::asio::io_context& io_context, const tcp::endpoint& endpoint)
      : acceptor_(io_context) {
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen();
    do_accept();
  }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }

 private:
  void do_accept() {
    acceptor_.async_accept([this](boost::system::error_code ec, tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (!ec) std::make_shared<session>(std::move(socket))->start();
      do_accept();
    });
  }

  tcp::acceptor acceptor_;
};

}  // namespace program::lines
