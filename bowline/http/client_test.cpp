// The client against servers that answer what they like.
#include "bowline/http/client.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <thread>

namespace bowline::http {
namespace {

using boost::asio::ip::tcp;
using std::chrono_literals::operator""s;
using boost::beast::http::error;

struct Outcome {
  boost::system::error_code error;
  GetResult result;
  std::string body;
};

// What the client makes of a server that answers `answer` and closes; `stay`: it does not close.
Outcome fetch(std::string answer, bool stay = false) {
  boost::asio::io_context context(1);
  tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
  std::thread server([&] {
    tcp::socket socket = acceptor.accept();
    std::string request;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(request), "\r\n\r\n");
    boost::system::error_code ignored;
    boost::asio::write(socket, boost::asio::buffer(answer), ignored);
    if (stay) boost::asio::read(socket, boost::asio::dynamic_buffer(request), ignored);
  });
  Outcome outcome;
  int calls = 0;
  async_get<tcp>(
      tcp::socket(context), acceptor.local_endpoint(), {.host = "x", .stall_timeout = 1s},
      [&](std::span<const char> bytes) { outcome.body.append(bytes.begin(), bytes.end()); },
      [&](const auto& code, const GetResult& result) {
        ++calls;
        outcome.error = code;
        outcome.result = result;
      });
  context.run();
  server.join();
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(outcome.result.body_bytes, outcome.body.size());
  return outcome;
}

TEST(Client, ReadsABodyOfKnownLengthAndNoMore) {
  const Outcome got = fetch("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more");
  EXPECT_FALSE(got.error) << got.error.message();
  EXPECT_EQ(got.body, "hello");
}

TEST(Client, ReadsABodyUntilTheEnd) {
  const Outcome got = fetch("HTTP/1.0 200 OK\r\n\r\nhello");
  EXPECT_FALSE(got.error) << got.error.message();
  EXPECT_EQ(got.body, "hello");
}

TEST(Client, ReadsChunks) {
  const Outcome got = fetch(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n");
  EXPECT_FALSE(got.error) << got.error.message();
  EXPECT_EQ(got.body, "hello");
}

TEST(Client, NoBodyIsAnAnswerToo) {
  const Outcome got = fetch("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", true);
  EXPECT_FALSE(got.error) << got.error.message();
  EXPECT_EQ(got.result.status, 404u);
}

TEST(Client, ABodyThatEndsEarlyIsAnError) {
  const Outcome got = fetch("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
  EXPECT_EQ(got.error, error::partial_message);
  EXPECT_EQ(got.body, "hello");
  EXPECT_TRUE(fetch("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhe").error);
}

TEST(Client, WhatIsNoAnswerIsAnError) {
  EXPECT_TRUE(fetch("SSH-2.0-OpenSSH\r\n").error);
  EXPECT_EQ(fetch("").error, error::end_of_stream);
}

TEST(Client, ASilentServerTimesOut) {
  EXPECT_EQ(fetch("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", true).error,
            boost::asio::error::timed_out);
}

TEST(Client, ARefusedConnectionIsToldAsSuch) {
  boost::asio::io_context context(1);
  tcp::endpoint nobody;
  {
    tcp::acceptor closed(context, {boost::asio::ip::address_v4::loopback(), 0});
    nobody = closed.local_endpoint();
  }
  boost::system::error_code code;
  async_get<tcp>(tcp::socket(context), nobody, {.host = "x"}, {},
                 [&](const auto& failure, const GetResult&) { code = failure; });
  context.run();
  EXPECT_EQ(code, boost::asio::error::connection_refused);
}

}  // namespace
}  // namespace bowline::http
