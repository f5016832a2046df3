#pragma once

// Asio's chat: a room, sessions that push what anybody says to everybody, and a client that is
// written to from another thread. Nothing in it knows whose TCP it runs on.

#include "tests/asio/program/alias.hpp"
//
#include <boost/asio.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace program::chat {

class chat_message {
 public:
  static constexpr std::size_t header_length = 4;
  static constexpr std::size_t max_body_length = 512;

  chat_message() = default;
  explicit chat_message(const std::string& text) {
    body_length(text.size());
    std::memcpy(body(), text.data(), body_length());
    encode_header();
  }

  const char* data() const { return data_; }
  char* data() { return data_; }
  std::size_t length() const { return header_length + body_length_; }
  const char* body() const { return data_ + header_length; }
  char* body() { return data_ + header_length; }
  std::size_t body_length() const { return body_length_; }
  void body_length(std::size_t new_length) {
    body_length_ = new_length;
    if (body_length_ > max_body_length) body_length_ = max_body_length;
  }

  bool decode_header() {
    char header[header_length + 1] = "";
    std::strncat(header, data_, header_length);
    body_length_ = static_cast<std::size_t>(std::atoi(header));
    if (body_length_ > max_body_length) {
      body_length_ = 0;
      return false;
    }
    return true;
  }

  void encode_header() {
    char header[32] = "";
    std::snprintf(header, sizeof header, "%4d", static_cast<int>(body_length_));
    std::memcpy(data_, header, header_length);
  }

 private:
  char data_[header_length + max_body_length] = {};
  std::size_t body_length_ = 0;
};

using chat_message_queue = std::deque<chat_message>;

class chat_participant {
 public:
  virtual ~chat_participant() = default;
  virtual void deliver(const chat_message& msg) = 0;
};

using chat_participant_ptr = std::shared_ptr<chat_participant>;

class chat_room {
 public:
  void join(const chat_participant_ptr& participant) {
    participants_.insert(participant);
    for (const auto& msg : recent_msgs_) participant->deliver(msg);
  }

  void leave(const chat_participant_ptr& participant) { participants_.erase(participant); }

  void deliver(const chat_message& msg) {
    recent_msgs_.push_back(msg);
    while (recent_msgs_.size() > max_recent_msgs) recent_msgs_.pop_front();

    for (const auto& participant : participants_) participant->deliver(msg);
  }

 private:
  std::set<chat_participant_ptr> participants_;
  enum { max_recent_msgs = 100 };
  chat_message_queue recent_msgs_;
};

class chat_session : public chat_participant, public std::enable_shared_from_this<chat_session> {
 public:
  chat_session(tcp::socket socket, chat_room& room) : socket_(std::move(socket)), room_(room) {}

  void start() {
    room_.join(shared_from_this());
    do_read_header();
  }

  void deliver(const chat_message& msg) override {
    const bool write_in_progress = !write_msgs_.empty();
    write_msgs_.push_back(msg);
    if (!write_in_progress) {
      do_write();
    }
  }

 private:
  void do_read_header() {
    auto self(shared_from_this());
    boost::asio::async_read(socket_,
                            boost::asio::buffer(read_msg_.data(), chat_message::header_length),
                            [this, self](boost::system::error_code ec, std::size_t /*length*/) {
                              if (!ec && read_msg_.decode_header()) {
                                do_read_body();
                              } else {
                                room_.leave(shared_from_this());
                              }
                            });
  }

  void do_read_body() {
    auto self(shared_from_this());
    boost::asio::async_read(socket_, boost::asio::buffer(read_msg_.body(), read_msg_.body_length()),
                            [this, self](boost::system::error_code ec, std::size_t /*length*/) {
                              if (!ec) {
                                room_.deliver(read_msg_);
                                do_read_header();
                              } else {
                                room_.leave(shared_from_this());
                              }
                            });
  }

  void do_write() {
    auto self(shared_from_this());
    boost::asio::async_write(
        socket_, boost::asio::buffer(write_msgs_.front().data(), write_msgs_.front().length()),
        [this, self](boost::system::error_code ec, std::size_t /*length*/) {
          if (!ec) {
            write_msgs_.pop_front();
            if (!write_msgs_.empty()) {
              do_write();
            }
          } else {
            room_.leave(shared_from_this());
          }
        });
  }

  tcp::socket socket_;
  chat_room& room_;
  chat_message read_msg_;
  chat_message_queue write_msgs_;
};

class chat_server {
 public:
  chat_server(boost::asio::io_context& io_context, const tcp::endpoint& endpoint)
      : acceptor_(io_context, endpoint) {
    do_accept();
  }
  unsigned short port() const { return acceptor_.local_endpoint().port(); }

 private:
  void do_accept() {
    acceptor_.async_accept([this](boost::system::error_code ec, tcp::socket socket) {
      if (!ec) {
        std::make_shared<chat_session>(std::move(socket), room_)->start();
      }

      do_accept();
    });
  }

  tcp::acceptor acceptor_;
  chat_room room_;
};

/// write() and close() may be called from any thread; `heard` is called with each message.
class chat_client {
 public:
  chat_client(boost::asio::io_context& io_context, const tcp::resolver::results_type& endpoints,
              std::function<void(std::string)> heard)
      : io_context_(io_context), socket_(io_context), heard_(std::move(heard)) {
    do_connect(endpoints);
  }

  void write(const chat_message& msg) {
    boost::asio::post(io_context_, [this, msg]() {
      const bool write_in_progress = !write_msgs_.empty();
      write_msgs_.push_back(msg);
      if (!write_in_progress && connected_) {
        do_write();
      }
    });
  }

  void close() {
    boost::asio::post(io_context_, [this]() { socket_.close(); });
  }

 private:
  void do_connect(const tcp::resolver::results_type& endpoints) {
    boost::asio::async_connect(socket_, endpoints,
                               [this](boost::system::error_code ec, const tcp::endpoint&) {
                                 if (!ec) {
                                   connected_ = true;
                                   do_read_header();
                                   if (!write_msgs_.empty()) do_write();
                                 }
                               });
  }

  void do_read_header() {
    boost::asio::async_read(socket_,
                            boost::asio::buffer(read_msg_.data(), chat_message::header_length),
                            [this](boost::system::error_code ec, std::size_t /*length*/) {
                              if (!ec && read_msg_.decode_header()) {
                                do_read_body();
                              } else {
                                socket_.close();
                              }
                            });
  }

  void do_read_body() {
    boost::asio::async_read(socket_, boost::asio::buffer(read_msg_.body(), read_msg_.body_length()),
                            [this](boost::system::error_code ec, std::size_t /*length*/) {
                              if (!ec) {
                                heard_(std::string(read_msg_.body(), read_msg_.body_length()));
                                do_read_header();
                              } else {
                                socket_.close();
                              }
                            });
  }

  void do_write() {
    boost::asio::async_write(
        socket_, boost::asio::buffer(write_msgs_.front().data(), write_msgs_.front().length()),
        [this](boost::system::error_code ec, std::size_t /*length*/) {
          if (!ec) {
            write_msgs_.pop_front();
            if (!write_msgs_.empty()) {
              do_write();
            }
          } else {
            socket_.close();
          }
        });
  }

  boost::asio::io_context& io_context_;
  tcp::socket socket_;
  std::function<void(std::string)> heard_;
  bool connected_ = false;
  chat_message read_msg_;
  chat_message_queue write_msgs_;
};

}  // namespace program::chat
