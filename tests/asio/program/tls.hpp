#pragma once

// Asio's TLS examples: a client and a server of echoes over ssl::stream, with callbacks and
// blocking. Nothing in them knows whose TCP they run on.

#include "tests/asio/program/alias.hpp"
//
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace program::tls {

namespace ssl = boost::asio::ssl;
using ssl_socket = ssl::stream<tcp::socket>;

enum { max_length = 1024 };

/// What one side has seen.
struct outcome {
  boost::system::error_code connect, handshake, write, read, shutdown;
  std::string reply, peer_error;
};

class session : public std::enable_shared_from_this<session> {
 public:
  session(ssl_socket socket, outcome& seen) : socket_(std::move(socket)), seen_(seen) {}

  void start() { do_handshake(); }

 private:
  void do_handshake() {
    auto self(shared_from_this());
    socket_.async_handshake(ssl::stream_base::server,
                            [this, self](const boost::system::error_code& error) {
                              seen_.handshake = error;
                              if (!error) {
                                do_read();
                              }
                            });
  }
  void do_read() {
    auto self(shared_from_this());
    socket_.async_read_some(boost::asio::buffer(data_),
                            [this, self](const boost::system::error_code& ec, std::size_t length) {
                              seen_.read = ec;
                              if (!ec) {
                                do_write(length);
                              } else if (ec == boost::asio::error::eof) {
                                do_shutdown();
                              }
                            });
  }
  void do_write(std::size_t length) {
    auto self(shared_from_this());
    boost::asio::async_write(
        socket_, boost::asio::buffer(data_, length),
        [this, self](const boost::system::error_code& ec, std::size_t /*length*/) {
          seen_.write = ec;
          if (!ec) {
            do_read();
          }
        });
  }
  void do_shutdown() {
    auto self(shared_from_this());
    socket_.async_shutdown(
        [this, self](const boost::system::error_code& ec) { seen_.shutdown = ec; });
  }

  ssl_socket socket_;
  outcome& seen_;
  char data_[max_length];
};

class server {
 public:
  server(boost::asio::io_context& io_context, const tcp::endpoint& endpoint,
         const std::string& certificate, const std::string& key, outcome& seen)
      : acceptor_(io_context, endpoint), context_(ssl::context::tls_server), seen_(seen) {
    context_.set_options(ssl::context::default_workarounds | ssl::context::no_sslv2);
    context_.use_certificate_chain(boost::asio::buffer(certificate));
    context_.use_private_key(boost::asio::buffer(key), ssl::context::pem);

    do_accept();
  }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }

 private:
  void do_accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (!error) {
        std::make_shared<session>(ssl_socket(std::move(socket), context_), seen_)->start();
      }

      do_accept();
    });
  }

  tcp::acceptor acceptor_;
  ssl::context context_;
  outcome& seen_;
};

/// Says one thing, hears it back, and shuts down in order (or, with `rude`, just closes).
class client {
 public:
  client(boost::asio::io_context& io_context, ssl::context& context,
         const tcp::resolver::results_type& endpoints, const std::string& host, std::string request,
         outcome& seen)
      : socket_(io_context, context), request_(std::move(request)), seen_(seen) {
    socket_.set_verify_mode(ssl::verify_peer);
    socket_.set_verify_callback(ssl::host_name_verification(host));
    connect(endpoints);
  }

  bool rude = false;

 private:
  void connect(const tcp::resolver::results_type& endpoints) {
    boost::asio::async_connect(
        socket_.lowest_layer(), endpoints,
        [this](const boost::system::error_code& error, const tcp::endpoint& /*endpoint*/) {
          seen_.connect = error;
          if (!error) {
            handshake();
          }
        });
  }
  void handshake() {
    socket_.async_handshake(ssl::stream_base::client,
                            [this](const boost::system::error_code& error) {
                              seen_.handshake = error;
                              if (!error) {
                                send_request();
                              } else {
                                const long why = SSL_get_verify_result(socket_.native_handle());
                                seen_.peer_error = X509_verify_cert_error_string(why);
                                socket_.lowest_layer().close();
                              }
                            });
  }
  void send_request() {
    boost::asio::async_write(
        socket_, boost::asio::buffer(request_),
        [this](const boost::system::error_code& error, std::size_t /*length*/) {
          seen_.write = error;
          if (!error) {
            receive_response();
          }
        });
  }
  void receive_response() {
    seen_.reply.resize(request_.size());
    boost::asio::async_read(socket_, boost::asio::buffer(seen_.reply),
                            [this](const boost::system::error_code& error, std::size_t length) {
                              seen_.read = error;
                              seen_.reply.resize(length);
                              if (rude) {
                                socket_.lowest_layer().close();
                              } else {
                                shutdown();
                              }
                            });
  }
  void shutdown() {
    socket_.async_shutdown([this](const boost::system::error_code& error) {
      seen_.shutdown = error;
      boost::system::error_code ignored;
      socket_.lowest_layer().close(ignored);
    });
  }

  ssl_socket socket_;
  std::string request_;
  outcome& seen_;
};

}  // namespace program::tls
