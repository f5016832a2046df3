// Beast's WebSocket examples over whichever TCP the alias names (REQUIREMENTS D4, A21): this file
// is compiled into websocket_bowline_test and into websocket_kernel_test, and both must say the
// same.

#include "tests/asio/program/beast_alias.hpp"
//
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/asio/program/ground.hpp"
#include "tests/asio/program/websocket.hpp"

namespace program {
namespace {

using std::chrono::seconds;

/// A ground whose server context is run by a thread.
class WebSocket : public ::testing::Test {
 protected:
  void start() {
    thread = std::thread([this] {
      const auto work = boost::asio::make_work_guard(ground.server);
      ground.server.run();
    });
  }
  ~WebSocket() override {
    ground.server.stop();
    if (thread.joinable()) thread.join();
  }
  /// One message there and back, by the client that blocks.
  void talk(unsigned short port, const std::string& said) {
    ws::websocket::close_reason reason;
    EXPECT_TRUE(ws::sync_client(ground.client, Ground::kServer, std::to_string(port), said,
                                reason) == said);
    EXPECT_EQ(reason.code, ws::websocket::close_code::normal);
  }
  [[nodiscard]] static tcp::endpoint any_port() {
    return {boost::asio::ip::make_address(Ground::kServer), 0};
  }

  Ground ground;
  std::thread thread;
};

TEST_F(WebSocket, BlockingOnBothSides) {
  tcp::acceptor acceptor(ground.server, any_port());
  const unsigned short port = acceptor.local_endpoint().port();
  thread = std::thread([&] {
    ws::sync_server(acceptor, 2);
    ground.finish(ground.server);
  });
  talk(port, "hello");
  talk(port, std::string(500'000, 'w'));
  ground.finish(ground.client);
}

TEST_F(WebSocket, Callbacks) {
  const auto listener = std::make_shared<ws::listener>(ground.server, any_port());
  listener->run();
  start();
  constexpr std::size_t kClients = 20;
  std::vector<ws::client::outcome> seen(kClients);
  for (std::size_t i = 0; i < kClients; ++i) {
    std::make_shared<ws::client>(ground.client, seen[i])
        ->run(Ground::kServer, std::to_string(listener->port()),
              std::string(1 + 10'000 * i, static_cast<char>('a' + i)));
  }
  ground.client.run_for(seconds(60));
  EXPECT_TRUE(ground.client.stopped());
  for (std::size_t i = 0; i < kClients; ++i) {
    EXPECT_FALSE(seen[i].error) << seen[i].error.message();
    EXPECT_TRUE(seen[i].closed);
    EXPECT_EQ(seen[i].heard.size(), 1 + 10'000 * i);
  }
}

TEST_F(WebSocket, NobodyListens) {
  start();
  ws::client::outcome seen;
  std::make_shared<ws::client>(ground.client, seen)->run(Ground::kServer, "9", "hello");
  ground.client.run_for(seconds(60));
  EXPECT_EQ(seen.error, boost::asio::error::connection_refused);
}

TEST_F(WebSocket, Awaitables) {
  ws::awaiting_acceptor acceptor(ground.server, any_port());
  const unsigned short port = acceptor.local_endpoint().port();
  boost::asio::co_spawn(ground.server, ws::awaiting_listen(acceptor), boost::asio::detached);
  start();
  talk(port, "hello");
  talk(port, std::string(500'000, 'w'));
}

TEST_F(WebSocket, StackfulCoroutines) {
  tcp::acceptor acceptor(ground.server, any_port());
  const unsigned short port = acceptor.local_endpoint().port();
  boost::asio::spawn(
      ground.server,
      [&](boost::asio::yield_context yield) {
        ws::yielding_listen(ground.server, acceptor, yield);
      },
      boost::asio::detached);
  start();
  talk(port, "hello");
  talk(port, std::string(500'000, 'w'));
  ground.server.stop();
  thread.join();
}

TEST_F(WebSocket, TheServerPushes) {
  // K132: on an open WebSocket the server speaks whenever it likes.
  tcp::acceptor acceptor(ground.server, any_port());
  const tcp::endpoint endpoint = acceptor.local_endpoint();
  constexpr int kPushes = 50;
  boost::asio::co_spawn(
      ground.server,
      [&]() -> boost::asio::awaitable<void> {
        using boost::asio::use_awaitable;
        ws::websocket::stream<tcp_stream> stream(co_await acceptor.async_accept(use_awaitable));
        co_await stream.async_accept(use_awaitable);
        for (int i = 0; i < kPushes; ++i) {
          const std::string news = "news " + std::to_string(i);
          co_await stream.async_write(boost::asio::buffer(news), use_awaitable);
        }
        co_await stream.async_close(ws::websocket::close_code::going_away, use_awaitable);
      },
      boost::asio::detached);
  start();
  ws::websocket::stream<tcp::socket> stream(ground.client);
  stream.next_layer().connect(endpoint);
  stream.handshake("server", "/news");
  boost::beast::error_code error;
  int heard = 0;
  for (; !error; ++heard) {
    boost::beast::flat_buffer buffer;
    stream.read(buffer, error);
    if (error) break;
    EXPECT_EQ(boost::beast::buffers_to_string(buffer.data()), "news " + std::to_string(heard));
  }
  EXPECT_EQ(heard, kPushes);
  EXPECT_EQ(error, ws::websocket::error::closed);
  EXPECT_EQ(stream.reason().code, ws::websocket::close_code::going_away);
}

}  // namespace
}  // namespace program
