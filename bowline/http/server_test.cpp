// The server over the kernel's TCP on the loopback address, spoken to byte by byte.
#include "bowline/http/server.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <thread>

#include "bowline/http/client.hpp"
#include "bowline/http/testing/temp_folder.hpp"

namespace bowline::http {
namespace {

using boost::asio::ip::tcp;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// A server on a thread of its own.
class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    temp.write("page.html", "0123456789");
    temp.write("sub/inner.txt", "x");
  }
  ~ServerTest() override { stop(); }

  void start(ServerSettings settings = {}) {
    tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
    endpoint = acceptor.local_endpoint();
    std::vector<tcp::acceptor> acceptors;
    acceptors.push_back(std::move(acceptor));
    server.emplace(std::move(acceptors), std::move(*Folder::open(temp.path().string())), settings);
    server->start();
    thread = std::thread([this] { context.run(); });
  }
  void stop() {
    if (!thread.joinable()) return;
    boost::asio::post(context, [this] { server->stop(); });
    thread.join();
    EXPECT_EQ(server->counters().open_connections, 0u);
  }

  tcp::socket connect() {
    tcp::socket socket(client_context);
    socket.connect(endpoint);
    return socket;
  }
  // All that comes until the server closes.
  static std::string read_all(tcp::socket& socket) {
    std::string all;
    boost::system::error_code error;
    boost::asio::read(socket, boost::asio::dynamic_buffer(all), error);
    EXPECT_EQ(error, boost::asio::error::eof);
    return all;
  }
  static void write(tcp::socket& socket, std::string_view text) {
    boost::asio::write(socket, boost::asio::buffer(text));
  }
  // Sends `text`, finishes our side if asked to, and returns all that comes.
  std::string exchange(std::string_view text, bool finish = false) {
    tcp::socket socket = connect();
    write(socket, text);
    if (finish) socket.shutdown(tcp::socket::shutdown_send);
    return read_all(socket);
  }
  static std::size_t count(std::string_view text, std::string_view what) {
    std::size_t times = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
      ++times;
    }
    return times;
  }

  TempFolder temp;
  boost::asio::io_context context{1};
  boost::asio::io_context client_context{1};
  std::optional<FileServer<tcp>> server;
  tcp::endpoint endpoint;
  std::thread thread;
};

// HTTP/1.0: a connection per request (REQUIREMENTS A21).
TEST_F(ServerTest, Http10ClosesAfterOneAnswer) {
  start();
  const std::string answer = exchange("GET /page.html HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n0123456789"));
  EXPECT_EQ(count(answer, "Connection: close\r\n"), 1u);
}

TEST_F(ServerTest, Http10KeepsTheConnectionWhenAsked) {
  start();
  const std::string answer = exchange(
      "GET /page.html HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
      "GET /page.html HTTP/1.0\r\n\r\n");
  EXPECT_EQ(count(answer, "HTTP/1.1 200 OK\r\n"), 2u);
  EXPECT_EQ(count(answer, "Connection: keep-alive\r\n"), 1u);
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  std::string requests;
  for (int i = 0; i < 100; ++i) {
    requests += "GET /page.html HTTP/1.1\r\nHost: x\r\nRange: bytes=" + std::to_string(i % 10) +
                "-" + std::to_string(i % 10) + "\r\n\r\n";
  }
  requests += "GET /sub/inner.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string answer = exchange(requests);
  std::string bodies;
  for (std::size_t at = answer.find("\r\n\r\n"); at != std::string::npos;
       at = answer.find("\r\n\r\n", at + 4)) {
    bodies += answer[at + 4];
  }
  std::string expected;
  for (int i = 0; i < 10; ++i) expected += "0123456789";
  EXPECT_EQ(bodies, expected + "x");
}

TEST_F(ServerTest, ARequestMayTrickleIn) {
  start();
  tcp::socket socket = connect();
  socket.set_option(tcp::no_delay(true));
  for (const char c :
       std::string("GET /page.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) {
    write(socket, std::string_view(&c, 1));
  }
  EXPECT_TRUE(read_all(socket).ends_with("0123456789"));
}

TEST_F(ServerTest, ARequestAfterTheClientsFinIsAnswered) {
  start();
  EXPECT_TRUE(exchange("GET /page.html HTTP/1.1\r\nHost: x\r\n\r\n", true).ends_with("0123456789"));
}

TEST_F(ServerTest, HeadHasNoBody) {
  start();
  const std::string answer = exchange(
      "HEAD /page.html HTTP/1.1\r\nHost: x\r\n\r\n"
      "HEAD /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(count(answer, "Content-Length: 10\r\n"), 1u);
  EXPECT_EQ(count(answer, "HTTP/1.1 404 Not Found\r\n"), 1u);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
  EXPECT_EQ(answer.find("0123456789"), std::string::npos);
  EXPECT_EQ(answer.find("<html"), std::string::npos);
}

TEST_F(ServerTest, ABodyThatNobodyWantsDoesNotBecomeARequest) {
  start();
  const std::string answer = exchange(
      "POST /page.html HTTP/1.1\r\nHost: x\r\nContent-Length: 37\r\n\r\n"
      "GET /page.html HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(count(answer, "HTTP/1.1 "), 1u);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_EQ(count(answer, "Allow: GET, HEAD\r\n"), 1u);
  EXPECT_EQ(
      count(exchange("GET /page.html HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            "HTTP/1.1 "),
      1u);
}

// RFC 9112: what is no request is answered 400 and the connection closed.
TEST_F(ServerTest, WhatIsNoRequestIsRefused) {
  start();
  const std::pair<std::string, std::string> cases[] = {
      {"\x16\x03\x01\x02 TLS?\r\n\r\n", "400"},
      {"GET\r\n\r\n", "400"},
      {"GET /\r\n\r\n", "400"},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", "505"},
      {"GET / HTTQ/1.1\r\nHost: x\r\n\r\n", "505"},
      {"GET / HTTP/1.1\r\nHost x\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n Host: x\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400"},
      {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET page.html HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
  };
  for (const auto& [request, status] : cases) {
    const std::string answer = exchange(request);
    EXPECT_EQ(answer.substr(0, 13), "HTTP/1.1 " + status + " ") << request;
    EXPECT_EQ(count(answer, "HTTP/1.1 "), 1u) << request;
    EXPECT_EQ(count(answer, "Connection: close\r\n"), 1u) << request;
  }
}

TEST_F(ServerTest, AnEndWithoutARequestIsNotAnswered) {
  start();
  EXPECT_EQ(exchange("", true), "");
  EXPECT_EQ(exchange("GET / HT", true), "");
}

TEST_F(ServerTest, AnEndlessHeaderIsRefused) {
  start();
  const std::string field = "X: " + std::string(1000, 'x') + "\r\n";
  std::string request = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 200; ++i) request += field;
  EXPECT_TRUE(exchange(request).starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(
      exchange("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n").starts_with("HTTP/1.1 431 "));
}

// The client is told 405 although it is still sending when the server has had enough.
TEST_F(ServerTest, ALateAnswerIsNotLostToAReset) {
  start();
  tcp::socket socket = connect();
  write(socket, "PUT /page.html HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" +
                    std::string(1'000'000, 'x'));
  std::this_thread::sleep_for(50ms);
  socket.shutdown(tcp::socket::shutdown_send);
  EXPECT_TRUE(read_all(socket).starts_with("HTTP/1.1 405 "));
}

TEST_F(ServerTest, AnIdleConnectionIsLetGo) {
  start({.request_timeout = 1s});
  tcp::socket idle = connect();
  tcp::socket slow = connect();
  write(slow, "GET / HTTP/1.1\r\n");
  const auto begin = std::chrono::steady_clock::now();
  std::string nothing;
  boost::system::error_code error;
  boost::asio::read(idle, boost::asio::dynamic_buffer(nothing), error);
  EXPECT_TRUE(error);
  boost::asio::read(slow, boost::asio::dynamic_buffer(nothing), error);
  EXPECT_TRUE(error);
  EXPECT_EQ(nothing, "");
  const auto waited = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(waited, 900ms);
  EXPECT_LE(waited, 10s);
}

TEST_F(ServerTest, AClientThatDoesNotReadIsLetGo) {
  temp.write("big", std::string(64 * 1024 * 1024, 'b'));
  start({.stall_timeout = 1s});
  tcp::socket socket = connect();
  write(socket, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
  std::this_thread::sleep_for(3s);
  std::string some;
  boost::system::error_code error;
  boost::asio::read(socket, boost::asio::dynamic_buffer(some), error);
  EXPECT_TRUE(error);
  EXPECT_LT(some.size(), 64u * 1024 * 1024);
}

TEST_F(ServerTest, ConnectionsBeyondTheLimitWaitTheirTurn) {
  start({.most_connections = 2});
  tcp::socket first = connect();
  tcp::socket second = connect();
  write(second, "GET /page.html HTTP/1.1\r\nHost: x\r\n\r\n");
  std::string answer(1, ' ');
  boost::asio::read(second, boost::asio::buffer(answer));

  tcp::socket third = connect();
  write(third, "GET /page.html HTTP/1.0\r\n\r\n");
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(third.available(), 0u);
  first.close();
  EXPECT_TRUE(read_all(third).ends_with("0123456789"));
}

TEST_F(ServerTest, AFileThatShrinksBreaksTheConnectionOff) {
  temp.write("big", std::string(64 * 1024 * 1024, 'b'));
  start();
  tcp::socket socket = connect();
  write(socket, "GET /big HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  std::string first(1000, ' ');
  boost::asio::read(socket, boost::asio::buffer(first));
  std::filesystem::resize_file(temp.path() / "big", 10);
  EXPECT_LT(read_all(socket).size(), 64u * 1024 * 1024);
}

TEST_F(ServerTest, TheLogTellsEachAnswer) {
  std::vector<std::string> log;  // written by the server's thread, read after it has ended
  start({.access_log = [&](const Access& access) {
    log.push_back(std::string(access.method) + " " + std::string(access.target) + " " +
                  std::to_string(access.status) + " " + std::to_string(access.body_bytes));
  }});
  exchange("GET /page.html HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.0\r\n\r\n");
  stop();
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[0], "GET /page.html 200 10");
  EXPECT_TRUE(log[1].starts_with("GET /nothing 404 "));
}

TEST_F(ServerTest, StopEndsWhatIsUnderWay) {
  temp.write("big", std::string(64 * 1024 * 1024, 'b'));
  start();
  tcp::socket reading = connect();
  write(reading, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
  tcp::socket idle = connect();
  std::string first(1000, ' ');
  boost::asio::read(reading, boost::asio::buffer(first));
  stop();
}

// The client, against this server.
TEST_F(ServerTest, TheClientGetsWhatIsThere) {
  std::string content;
  for (unsigned i = 0; content.size() < 3'000'000; ++i)
    content += std::to_string(i * 2'654'435'761u);
  temp.write("big.bin", content);
  start();
  const auto get = [&](const std::string& target) {
    std::string body;
    std::optional<GetResult> result;
    async_get<tcp>(
        tcp::socket(client_context), endpoint, {.host = "x", .target = target},
        [&](std::span<const char> bytes) { body.append(bytes.begin(), bytes.end()); },
        [&](const auto& error, const GetResult& got) {
          EXPECT_FALSE(error) << error.message();
          result = got;
        });
    client_context.restart();
    client_context.run();
    EXPECT_TRUE(result);
    return std::pair(result.value_or(GetResult{}), body);
  };
  const auto [result, body] = get("/big.bin");
  EXPECT_EQ(result.status, 200u);
  EXPECT_EQ(result.content_length, content.size());
  EXPECT_EQ(result.body_bytes, content.size());
  EXPECT_TRUE(body == content);
  EXPECT_GT(result.finished, result.connected);
  EXPECT_EQ(get("/nothing").first.status, 404u);
  EXPECT_EQ(get("/page.html").second, "0123456789");
}

}  // namespace
}  // namespace bowline::http
