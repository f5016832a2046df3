// Beast's asynchronous HTTP server and client over whichever TCP the alias names (REQUIREMENTS D4):
// this file is compiled into beast_bowline_test and into beast_kernel_test, and both must say the
// same.

#include "tests/asio/program/alias.hpp"
//
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/asio/program/client.hpp"
#include "tests/asio/program/ground.hpp"
#include "tests/asio/program/server.hpp"

namespace program {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Client::Request request(http::verb method, const std::string& target, std::string body = {}) {
  Client::Request made(method, target, 11);
  made.set(http::field::host, "test");
  made.body() = std::move(body);
  made.prepare_payload();
  return made;
}

/// A running server.
class Beast : public ::testing::Test {
 protected:
  void start() {
    const tcp::endpoint wanted(boost::asio::ip::make_address(Ground::kServer), 0);
    const auto listener = std::make_shared<Listener>(ground.server, wanted, settings);
    port = std::to_string(listener->endpoint().port());
    listener->run();
    thread = std::thread([this] { ground.server.run(); });
  }
  ~Beast() override {
    ground.server.stop();
    if (thread.joinable()) thread.join();
  }

  struct Result {
    std::vector<Client::Response> responses;
    error_code error = boost::asio::error::in_progress;
  };
  /// Starts a client; run_clients() runs it.
  void add(Result& result, std::vector<Client::Request> requests,
           std::chrono::steady_clock::duration patience = seconds(30)) {
    const auto client = std::make_shared<Client>(ground.client, std::move(requests));
    client->patience = patience;
    client->on_response = [&](const Client::Response& response) {
      result.responses.push_back(response);
    };
    client->on_end = [&](error_code error) { result.error = error; };
    client->run(Ground::kServer, port);
  }
  void run_clients() {
    ground.client.run_for(seconds(60));
    EXPECT_TRUE(ground.client.stopped()) << "clients are still at it";
  }

  Ground ground;
  ServerSettings settings;
  std::string port;
  std::thread thread;
};

TEST_F(Beast, OneRequest) {
  start();
  Result result;
  add(result, {request(http::verb::get, "/")});
  run_clients();
  EXPECT_FALSE(result.error) << result.error.message();
  ASSERT_EQ(result.responses.size(), 1U);
  EXPECT_EQ(result.responses[0].result(), http::status::ok);
  EXPECT_EQ(result.responses[0].body(), "hello\n");
}

TEST_F(Beast, ManyRequestsOnOneConnection) {
  start();
  Result result;
  const std::string posted(1U << 20, 'p');
  add(result, {request(http::verb::get, "/"), request(http::verb::head, "/large"),
               request(http::verb::get, "/missing"), request(http::verb::post, "/", posted),
               request(http::verb::get, "/large")});
  run_clients();
  EXPECT_FALSE(result.error) << result.error.message();
  ASSERT_EQ(result.responses.size(), 5U);
  EXPECT_EQ(result.responses[1][http::field::content_length], std::to_string(3U << 20));
  EXPECT_EQ(result.responses[2].result(), http::status::not_found);
  EXPECT_TRUE(result.responses[3].body() == posted);
  EXPECT_TRUE(result.responses[4].body() == std::string(3U << 20, 'L'));
}

TEST_F(Beast, ManyClientsAtOnce) {
  start();
  std::vector<Result> results(50);
  for (Result& result : results) {
    add(result, {request(http::verb::get, "/"), request(http::verb::get, "/")});
  }
  run_clients();
  for (const Result& result : results) {
    EXPECT_FALSE(result.error) << result.error.message();
    EXPECT_EQ(result.responses.size(), 2U);
  }
}

TEST_F(Beast, NobodyListens) {
  Result result;
  port = "9";
  add(result, {request(http::verb::get, "/")});
  if (!thread.joinable())
    thread = std::thread([this] {
      const auto work = boost::asio::make_work_guard(ground.server);
      ground.server.run();
    });
  run_clients();
  EXPECT_EQ(result.error, boost::asio::error::connection_refused);
}

TEST_F(Beast, ASilentClientTimesOut) {
  settings.patience = milliseconds(50);
  start();
  tcp::socket socket(ground.client);
  boost::asio::ip::address address = boost::asio::ip::make_address(Ground::kServer);
  socket.connect({address, static_cast<std::uint16_t>(std::stoul(port))});
  char byte = 0;
  error_code error;
  socket.read_some(boost::asio::buffer(&byte, 1), error);  // the server closes
  EXPECT_EQ(error, boost::asio::error::eof);
  // The stream closes first and tells its session after.
  for (int i = 0; i < 500 && settings.timeouts == 0; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(settings.timeouts, 1);
}

TEST_F(Beast, ASilentServerTimesOut) {
  // It listens and never accepts.
  const tcp::acceptor acceptor(ground.server, {boost::asio::ip::make_address(Ground::kServer), 0});
  port = std::to_string(acceptor.local_endpoint().port());
  thread = std::thread([this] {
    const auto work = boost::asio::make_work_guard(ground.server);
    ground.server.run();
  });
  Result result;
  add(result, {request(http::verb::get, "/")}, milliseconds(50));
  run_clients();
  EXPECT_EQ(result.error, beast::error::timeout);
  ground.server.stop();
  thread.join();
}

}  // namespace
}  // namespace program
