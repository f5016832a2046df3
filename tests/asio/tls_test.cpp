// TLS by boost::asio::ssl::stream over whichever TCP the alias names (REQUIREMENTS D4): this file
// is compiled into tls_bowline_test and into tls_kernel_test, and both must say the same.

#include "tests/asio/program/alias.hpp"
//
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "tests/asio/program/certificates.hpp"
#include "tests/asio/program/ground.hpp"
#include "tests/asio/program/tls.hpp"

namespace program {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using std::chrono::seconds;

constexpr const char* kName = "server.example";

/// An authority, and the ground.
class Tls : public ::testing::Test {
 protected:
  Tls() {
    // As a Debian program's would be, but that it trusts our authority alone.
    client_context.add_certificate_authority(boost::asio::buffer(authority.certificate()));
  }
  ~Tls() override { stop(); }

  void start() {
    thread = std::thread([this] {
      const auto work = boost::asio::make_work_guard(ground.server);
      ground.server.run();
    });
  }
  void stop() {
    ground.server.stop();
    if (thread.joinable()) thread.join();
  }
  void serve(const Identity& identity) {
    server = std::make_unique<tls::server>(
        ground.server, tcp::endpoint(boost::asio::ip::make_address(Ground::kServer), 0),
        identity.certificate, identity.key, served);
    start();
  }
  /// One client to its end.
  void run_client(const std::string& host, const std::string& request, bool rude = false) {
    tcp::resolver resolver(ground.client);
    tls::client client(ground.client, client_context,
                       resolver.resolve(Ground::kServer, std::to_string(server->port())), host,
                       request, seen);
    client.rude = rude;
    ground.client.run_for(seconds(60));
    EXPECT_TRUE(ground.client.stopped()) << "the client is still at it";
  }
  /// Stops the server once it has seen something.
  void wait_for(const error_code& what) {
    for (int i = 0; i < 2'000; ++i) {
      bool there = false;
      boost::asio::post(ground.server, boost::asio::use_future([&] { there = bool(what); })).get();
      if (there) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    stop();
  }
  /// Why a client does not believe a server with `identity`.
  std::string refusal(const Identity& identity, const std::string& host) {
    serve(identity);
    run_client(host, "hello");
    EXPECT_EQ(seen.handshake.category(), boost::asio::error::get_ssl_category());
    EXPECT_EQ(ERR_GET_REASON(static_cast<unsigned long>(seen.handshake.value())),
              SSL_R_CERTIFICATE_VERIFY_FAILED)
        << seen.handshake.message();
    EXPECT_TRUE(seen.reply.empty()) << "nothing is said to a server that is not believed";
    wait_for(served.handshake);
    EXPECT_EQ(served.handshake.category(), boost::asio::error::get_ssl_category())
        << "the client's alert: " << served.handshake.message();
    return seen.peer_error;
  }

  Authority authority{"Authority of the test"};
  ssl::context client_context{ssl::context::tls_client};
  Ground ground;
  tls::outcome served, seen;
  std::unique_ptr<tls::server> server;
  std::thread thread;
};

TEST_F(Tls, HandshakeEchoAndShutdown) {
  serve(authority.issue(std::string("DNS:") + kName));
  const std::string said(300'000, 't');
  run_client(kName, said);
  EXPECT_FALSE(seen.handshake) << seen.handshake.message();
  EXPECT_TRUE(seen.reply == said);
  EXPECT_FALSE(seen.shutdown) << "close_notify was answered: " << seen.shutdown.message();
  wait_for(served.read);
  EXPECT_EQ(served.read, boost::asio::error::eof) << "an orderly end";
  EXPECT_FALSE(served.shutdown) << served.shutdown.message();
}

TEST_F(Tls, AnEndWithoutCloseNotifyIsTruncation) {
  serve(authority.issue(std::string("DNS:") + kName));
  run_client(kName, "hello", true);
  EXPECT_EQ(seen.reply, "hello");
  wait_for(served.read);
  EXPECT_EQ(served.read, ssl::error::stream_truncated);
}

TEST_F(Tls, ACertificateForAnotherName) {
  EXPECT_EQ(refusal(authority.issue("DNS:other.example"), kName),
            "unspecified certificate verification error")
      << "Asio's name check says no more";
}

TEST_F(Tls, ACertificateThatHasExpired) {
  EXPECT_EQ(
      refusal(authority.issue(std::string("DNS:") + kName, {.from = -7200, .until = -3600}), kName),
      "certificate has expired");
}

TEST_F(Tls, ACertificateThatIsNotYetValid) {
  EXPECT_EQ(
      refusal(authority.issue(std::string("DNS:") + kName, {.from = 3600, .until = 7200}), kName),
      "certificate is not yet valid");
}

TEST_F(Tls, ACertificateOfAnAuthorityThatNobodyKnows) {
  const Authority other("Another authority");
  EXPECT_EQ(refusal(other.issue(std::string("DNS:") + kName), kName),
            "unable to get local issuer certificate");
}

TEST_F(Tls, AnAddressAsTheName) {
  serve(authority.issue(std::string("IP:") + Ground::kServer));
  run_client(Ground::kServer, "hello");
  EXPECT_EQ(seen.reply, "hello");
}

TEST_F(Tls, AServerThatSpeaksNoTls) {
  tcp::acceptor acceptor(ground.server, {boost::asio::ip::make_address(Ground::kServer), 0});
  acceptor.async_accept([](error_code, tcp::socket socket) {
    error_code ignored;
    boost::asio::write(socket, boost::asio::buffer("220 mail.example ready\r\n", 24), ignored);
    std::string nonsense;
    boost::asio::read(socket, boost::asio::dynamic_buffer(nonsense), ignored);
  });
  const tcp::endpoint endpoint = acceptor.local_endpoint();
  start();
  ssl::stream<tcp::socket> stream(ground.client, client_context);
  stream.lowest_layer().connect(endpoint);
  error_code error;
  stream.handshake(ssl::stream_base::client, error);
  EXPECT_EQ(error.category(), boost::asio::error::get_ssl_category()) << error.message();
  EXPECT_EQ(ERR_GET_REASON(static_cast<unsigned long>(error.value())), SSL_R_WRONG_VERSION_NUMBER);
  stream.lowest_layer().close();
  ground.finish(ground.client);
  stop();
}

TEST_F(Tls, BlockingOnBothSides) {
  const Identity identity = authority.issue(std::string("DNS:") + kName);
  ssl::context server_context(ssl::context::tls_server);
  server_context.use_certificate_chain(boost::asio::buffer(identity.certificate));
  server_context.use_private_key(boost::asio::buffer(identity.key), ssl::context::pem);
  tcp::acceptor acceptor(ground.server, {boost::asio::ip::make_address(Ground::kServer), 0});
  const tcp::endpoint endpoint = acceptor.local_endpoint();
  error_code server_read, server_shutdown;
  thread = std::thread([&] {
    ssl::stream<tcp::socket> stream(acceptor.accept(), server_context);
    stream.handshake(ssl::stream_base::server);
    std::string heard(1'000'000, ' ');
    boost::asio::read(stream, boost::asio::buffer(heard), server_read);
    boost::asio::write(stream, boost::asio::buffer("got " + std::to_string(heard.size())));
    stream.shutdown(server_shutdown);
    ground.finish(ground.server);
  });
  ssl::stream<tcp::socket> stream(ground.client, client_context);
  stream.set_verify_mode(ssl::verify_peer);
  stream.set_verify_callback(ssl::host_name_verification(kName));
  stream.lowest_layer().connect(endpoint);
  stream.handshake(ssl::stream_base::client);
  boost::asio::write(stream, boost::asio::buffer(std::string(1'000'000, 'b')));
  // The server shuts down first: its close_notify is our end of stream, ours lets its call return.
  std::string heard;
  error_code error;
  boost::asio::read(stream, boost::asio::dynamic_buffer(heard), error);
  EXPECT_EQ(heard, "got 1000000");
  EXPECT_EQ(error, boost::asio::error::eof);
  stream.shutdown(error);
  EXPECT_FALSE(error) << error.message();
  stream.lowest_layer().close();
  ground.finish(ground.client);
  thread.join();
  EXPECT_FALSE(server_read) << server_read.message();
  EXPECT_FALSE(server_shutdown) << server_shutdown.message();
}

TEST_F(Tls, ByCoroutines) {
  serve(authority.issue(std::string("DNS:") + kName));
  const tcp::endpoint endpoint(boost::asio::ip::make_address(Ground::kServer), server->port());
  std::string heard(100'000, ' ');
  boost::asio::co_spawn(
      ground.client,
      [&]() -> boost::asio::awaitable<void> {
        using boost::asio::use_awaitable;
        ssl::stream<tcp::socket> stream(co_await boost::asio::this_coro::executor, client_context);
        co_await stream.lowest_layer().async_connect(endpoint, use_awaitable);
        co_await stream.async_handshake(ssl::stream_base::client, use_awaitable);
        const std::string said(heard.size(), 'c');
        co_await boost::asio::async_write(stream, boost::asio::buffer(said), use_awaitable);
        co_await boost::asio::async_read(stream, boost::asio::buffer(heard), use_awaitable);
        co_await stream.async_shutdown(use_awaitable);
      },
      [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
      });
  ground.client.run_for(seconds(60));
  EXPECT_TRUE(ground.client.stopped());
  EXPECT_TRUE(heard == std::string(100'000, 'c'));
  stop();
}

}  // namespace
}  // namespace program
