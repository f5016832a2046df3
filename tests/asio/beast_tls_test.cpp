// Beast's largest example, HTTP and WebSocket on one port, plain and over TLS, with their clients,
// over whichever TCP the alias names (REQUIREMENTS D4, A21): this file is compiled into
// beast_tls_bowline_test and into beast_tls_kernel_test, and both must say the same.

#include "tests/asio/program/beast_alias.hpp"
//
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/asio/program/certificates.hpp"
#include "tests/asio/program/flex.hpp"
#include "tests/asio/program/ground.hpp"

namespace program {
namespace {

namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using std::chrono::seconds;

constexpr const char* kName = "server.example";

/// The server, run by two threads, and a client that trusts its authority.
class Flex : public ::testing::Test {
 protected:
  Flex() {
    const Identity identity = authority.issue(std::string("DNS:") + kName);
    server_context.use_certificate_chain(boost::asio::buffer(identity.certificate));
    server_context.use_private_key(boost::asio::buffer(identity.key), ssl::context::pem);
    client_context.add_certificate_authority(boost::asio::buffer(authority.certificate()));
    const auto listener = std::make_shared<flex::listener>(
        ground.server, server_context,
        tcp::endpoint(boost::asio::ip::make_address(Ground::kServer), 0));
    listener->run();
    endpoint = {boost::asio::ip::make_address(Ground::kServer), listener->port()};
    for (std::thread& thread : threads) {
      thread = std::thread([this] { ground.server.run(); });
    }
  }
  ~Flex() override {
    ground.server.stop();
    for (std::thread& thread : threads) thread.join();
  }
  std::shared_ptr<flex::https_client> client(const std::string& host, const std::string& target) {
    auto made = std::make_shared<flex::https_client>(boost::asio::make_strand(ground.client),
                                                     client_context);
    made->run(Ground::kServer, std::to_string(endpoint.port()), host, target);
    return made;
  }
  void run_clients() {
    ground.client.restart();
    ground.client.run_for(seconds(60));
    EXPECT_TRUE(ground.client.stopped()) << "clients are still at it";
  }

  Authority authority{"Authority of the test"};
  ssl::context server_context{ssl::context::tls_server};
  ssl::context client_context{ssl::context::tls_client};
  Ground ground;
  tcp::endpoint endpoint;
  std::array<std::thread, 2> threads;
};

TEST_F(Flex, Https) {
  const auto one = client(kName, "/large");
  run_clients();
  EXPECT_FALSE(one->error) << one->error.message();
  EXPECT_EQ(one->response.result(), http::status::ok);
  EXPECT_TRUE(one->response.body() == std::string(2U << 20, 'L'));
  EXPECT_FALSE(one->shutdown) << one->shutdown.message();
}

TEST_F(Flex, ManyHttpsClients) {
  std::vector<std::shared_ptr<flex::https_client>> clients;
  for (int i = 0; i < 30; ++i) clients.push_back(client(kName, "/page/" + std::to_string(i)));
  run_clients();
  for (int i = 0; i < 30; ++i) {
    EXPECT_FALSE(clients[static_cast<std::size_t>(i)]->error);
    EXPECT_EQ(clients[static_cast<std::size_t>(i)]->response.body(),
              "you asked for /page/" + std::to_string(i));
  }
}

TEST_F(Flex, ACertificateForAnotherName) {
  const auto one = client("other.example", "/");
  run_clients();
  EXPECT_EQ(one->error.category(), boost::asio::error::get_ssl_category());
  EXPECT_EQ(ERR_GET_REASON(static_cast<unsigned long>(one->error.value())),
            SSL_R_CERTIFICATE_VERIFY_FAILED)
      << one->error.message();
  EXPECT_TRUE(one->response.body().empty());
}

TEST_F(Flex, PlainHttpIsPipelined) {
  // K131: several requests on a connection, overlapping, answered in order (RFC 9112
  // section 9.3.2).
  tcp_stream stream(ground.client);
  stream.connect(endpoint);
  std::string requests;
  for (int i = 0; i < 5; ++i) {
    requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: server.example\r\n\r\n";
  }
  boost::asio::write(stream.socket(), boost::asio::buffer(requests));
  boost::beast::flat_buffer buffer;
  for (int i = 0; i < 5; ++i) {
    http::response<http::string_body> response;
    http::read(stream, buffer, response);
    EXPECT_EQ(response.body(), "you asked for /" + std::to_string(i));
  }
  boost::beast::error_code error;
  stream.socket().shutdown(tcp::socket::shutdown_both, error);
  EXPECT_FALSE(error) << error.message();
}

TEST_F(Flex, PlainWebSocket) {
  flex::websocket::stream<tcp::socket> stream(ground.client);
  stream.next_layer().connect(endpoint);
  stream.handshake(kName, "/chat");
  stream.write(boost::asio::buffer(std::string(70'000, 'p')));
  boost::beast::flat_buffer buffer;
  EXPECT_EQ(stream.read(buffer), 70'000U);
  stream.close(flex::websocket::close_code::normal);
}

TEST_F(Flex, WebSocketOverTls) {
  const std::string said(300'000, 's');
  EXPECT_TRUE(flex::wss_client(ground.client, client_context, endpoint, kName, said) == said);
}

}  // namespace
}  // namespace program
