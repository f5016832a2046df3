// Programs written for Asio, in the manner of its own tutorial and examples, over whichever TCP the
// alias names (REQUIREMENTS D4, A20): this file is compiled into asio_program_bowline_test and into
// asio_program_kernel_test, and both must say the same.

#include "tests/asio/program/alias.hpp"
//
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/asio/program/chat.hpp"
#include "tests/asio/program/datagrams.hpp"
#include "tests/asio/program/daytime.hpp"
#include "tests/asio/program/echo.hpp"
#include "tests/asio/program/ground.hpp"
#include "tests/asio/program/lines.hpp"
#include "tests/asio/program/timeouts.hpp"

namespace program {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A ground whose server context is run by a thread once it has something to do.
class Program : public ::testing::Test {
 protected:
  void start() {
    thread = std::thread([this] {
      const auto work = boost::asio::make_work_guard(ground.server);
      ground.server.run();
    });
  }
  ~Program() override { stop(); }
  void stop() {
    ground.server.stop();
    if (thread.joinable()) thread.join();
  }
  /// Runs the client's context until it has nothing to do.
  void run_client() {
    ground.client.restart();
    ground.client.run_for(seconds(60));
    EXPECT_TRUE(ground.client.stopped()) << "the client is still at it";
  }
  [[nodiscard]] static tcp::endpoint any_port() {
    return {boost::asio::ip::make_address(Ground::kServer), 0};
  }

  [[nodiscard]] static udp::endpoint any_udp_port() {
    return {boost::asio::ip::make_address(Ground::kServer), 0};
  }

  Ground ground;
  std::thread thread;
};

// ---- daytime
// -------------------------------------------------------------------------------------

TEST_F(Program, DaytimeClientAndServerThatBlock) {
  tcp::acceptor acceptor(ground.server, any_port());
  const std::string port = std::to_string(acceptor.local_endpoint().port());
  thread = std::thread([&] {
    daytime::serve(acceptor, 3);
    ground.finish(ground.server);
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(daytime::client(ground.client, Ground::kServer, port),
              daytime::make_daytime_string());
  }
}

TEST_F(Program, DaytimeServerOfCallbacks) {
  daytime::tcp_server server(ground.server, any_port());
  start();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(daytime::client(ground.client, Ground::kServer, std::to_string(server.port())),
              daytime::make_daytime_string());
  }
  stop();
}

// ---- echo
// ----------------------------------------------------------------------------------------

std::string some_text(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

TEST_F(Program, EchoWithAThreadForEachConnection) {
  constexpr int kClients = 6;
  tcp::acceptor acceptor(ground.server, any_port());
  const std::string port = std::to_string(acceptor.local_endpoint().port());
  thread = std::thread([&] {
    echo::blocking_server(acceptor, kClients);
    ground.finish(ground.server);
  });
  // The clients block as well, each on a thread of its own, on one context.
  std::vector<std::future<std::string>> replies;
  for (int i = 0; i < kClients; ++i) {
    replies.push_back(std::async(std::launch::async, [&] {
      return echo::blocking_client(ground.client, Ground::kServer, port, some_text(50'000));
    }));
  }
  for (auto& reply : replies) EXPECT_TRUE(reply.get() == some_text(50'000));
  ground.finish(ground.client);
}

TEST_F(Program, EchoByCallbacks) {
  echo::async_server server(ground.server, any_port());
  start();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(echo::blocking_client(ground.client, Ground::kServer, std::to_string(server.port()),
                                      some_text(100'000)) == some_text(100'000));
  }
  stop();
}

TEST_F(Program, EchoByCoroutines) {
  tcp::acceptor acceptor(ground.server, any_port());
  const std::string port = std::to_string(acceptor.local_endpoint().port());
  boost::asio::co_spawn(ground.server, echo::coroutine_listener(acceptor), boost::asio::detached);
  start();
  EXPECT_TRUE(echo::blocking_client(ground.client, Ground::kServer, port, some_text(100'000)) ==
              some_text(100'000));
  stop();
}

TEST_F(Program, EchoByDefaultTokens) {
  echo::tcp_acceptor acceptor(ground.server, any_port());
  const std::string port = std::to_string(acceptor.local_endpoint().port());
  boost::asio::co_spawn(ground.server, echo::default_token_listener(acceptor),
                        boost::asio::detached);
  start();
  EXPECT_TRUE(echo::blocking_client(ground.client, Ground::kServer, port, some_text(100'000)) ==
              some_text(100'000));
  stop();
}

TEST_F(Program, FuturesFromAThreadThatDoesNotRunTheContext) {
  echo::async_server server(ground.server, any_port());
  start();
  const auto work = boost::asio::make_work_guard(ground.client);
  std::thread runner([&] { ground.client.run(); });
  {
    tcp::socket socket(ground.client);
    const tcp::endpoint peer(boost::asio::ip::make_address(Ground::kServer), server.port());
    socket.async_connect(peer, boost::asio::use_future).get();
    const std::string said = some_text(30'000);
    std::string heard(said.size(), '\0');
    std::future<std::size_t> reading =
        boost::asio::async_read(socket, boost::asio::buffer(heard), boost::asio::use_future);
    EXPECT_EQ(
        boost::asio::async_write(socket, boost::asio::buffer(said), boost::asio::use_future).get(),
        said.size());
    EXPECT_EQ(reading.get(), said.size());
    EXPECT_TRUE(heard == said);
    std::future<void> refused =
        tcp::socket(ground.client).async_connect({peer.address(), 9}, boost::asio::use_future);
    EXPECT_THROW(refused.get(), boost::system::system_error);
  }
  ground.client.stop();
  runner.join();
  stop();
}

// ---- chat
// ----------------------------------------------------------------------------------------

TEST_F(Program, Chat) {
  chat::chat_server server(ground.server, any_port());
  start();
  tcp::resolver resolver(ground.client);
  const auto endpoints = resolver.resolve(Ground::kServer, std::to_string(server.port()));
  // Each hears what all of them say; the last message heard ends the chat.
  constexpr std::size_t kGuests = 4, kSayings = 25;
  std::vector<std::vector<std::string>> heard(kGuests);
  std::vector<std::unique_ptr<chat::chat_client>> guests(kGuests);
  for (std::size_t i = 0; i < kGuests; ++i) {
    guests[i] =
        std::make_unique<chat::chat_client>(ground.client, endpoints, [&, i](std::string text) {
          heard[i].push_back(std::move(text));
          if (heard[i].size() == kGuests * kSayings) guests[i]->close();
        });
  }
  std::thread typist([&] {
    for (std::size_t k = 0; k < kSayings; ++k) {
      for (std::size_t i = 0; i < kGuests; ++i) {
        guests[i]->write(
            chat::chat_message("guest " + std::to_string(i) + " says " + std::to_string(k)));
      }
    }
  });
  ground.client.run_for(seconds(1));  // until the typist is heard
  typist.join();
  run_client();
  for (const auto& one : heard) {
    EXPECT_EQ(one.size(), kGuests * kSayings);
    EXPECT_EQ(one, heard[0]) << "everybody hears the same, in one order";
  }
  stop();
}

// ---- lines
// ---------------------------------------------------------------------------------------

TEST_F(Program, HttpClientByReadUntil) {
  lines::server server(ground.server, any_port());
  start();
  const auto page =
      lines::sync_client(ground.client, Ground::kServer, std::to_string(server.port()), "/large");
  EXPECT_EQ(page.status_code, 200U);
  EXPECT_NE(page.headers.find("Content-Type: text/plain"), std::string::npos);
  EXPECT_TRUE(page.body == std::string(500'000, 'L'));
  stop();
}

TEST_F(Program, HttpClientByAsyncReadUntil) {
  lines::server server(ground.server, any_port());
  start();
  lines::answer page, missing;
  const std::string port = std::to_string(server.port());
  lines::client one(ground.client, Ground::kServer, port, "/large", page);
  lines::client two(ground.client, Ground::kServer, port, "/", missing);
  run_client();
  EXPECT_FALSE(page.error) << page.error.message();
  EXPECT_EQ(page.status_code, 200U);
  EXPECT_TRUE(page.body == std::string(500'000, 'L'));
  EXPECT_EQ(missing.status_code, 404U);
  stop();
}

// ---- timeouts
// ------------------------------------------------------------------------------------

TEST_F(Program, ABlockingClientThatGivesUpInTime) {
  echo::async_server server(ground.server, any_port());
  start();
  timeouts::blocking_tcp_client client(ground.client);
  client.connect(Ground::kServer, std::to_string(server.port()), seconds(20));
  client.write_line("hello", seconds(20));
  EXPECT_EQ(client.read_line(seconds(20)), "hello");
  try {
    static_cast<void>(client.read_line(milliseconds(50)));
    ADD_FAILURE() << "there is no second line";
  } catch (const std::system_error& error) {
    EXPECT_EQ(boost::system::error_code(error.code().value(), boost::system::system_category()),
              boost::asio::error::operation_aborted);
  }
  stop();
}

TEST_F(Program, AWatchdogBesideTheEcho) {
  tcp::acceptor acceptor(ground.server, any_port());
  std::future<bool> silent = boost::asio::co_spawn(
      ground.server,
      [&]() -> boost::asio::awaitable<bool> {
        co_return co_await timeouts::handle_connection(
            co_await acceptor.async_accept(boost::asio::use_awaitable), milliseconds(50));
      },
      boost::asio::use_future);
  start();
  tcp::socket socket(ground.client);
  socket.connect(acceptor.local_endpoint());
  boost::asio::write(socket, boost::asio::buffer("hello", 5));
  std::string heard;
  boost::system::error_code error;
  boost::asio::read(socket, boost::asio::dynamic_buffer(heard), error);
  EXPECT_EQ(heard, "hello");
  EXPECT_EQ(error, boost::asio::error::eof);
  EXPECT_TRUE(silent.get()) << "the watchdog, not the peer, ended it";
  stop();
}

TEST_F(Program, AForwarder) {
  echo::async_server server(ground.server, any_port());
  tcp::acceptor acceptor(ground.server, any_port());
  const tcp::endpoint target(boost::asio::ip::make_address(Ground::kServer), server.port());
  boost::asio::co_spawn(
      ground.server,
      [&]() -> boost::asio::awaitable<void> {
        tcp::socket client = co_await acceptor.async_accept(boost::asio::use_awaitable);
        co_await timeouts::forward(std::move(client), target);
      },
      boost::asio::detached);
  start();
  EXPECT_TRUE(echo::blocking_client(ground.client, Ground::kServer,
                                    std::to_string(acceptor.local_endpoint().port()),
                                    some_text(200'000)) == some_text(200'000));
  stop();
}

TEST_F(Program, AReadAndATimerAsOneOperation) {
  echo::async_server server(ground.server, any_port());
  start();
  tcp::socket socket(ground.client);
  socket.connect({boost::asio::ip::make_address(Ground::kServer), server.port()});
  boost::asio::steady_timer timer(ground.client, milliseconds(30));
  char byte = 0;
  std::optional<std::size_t> first;
  const auto note = [&](std::array<std::size_t, 2> order, boost::system::error_code read_error,
                        std::size_t bytes, boost::system::error_code timer_error) {
    first = order[0];
    if (order[0] == 1) {
      EXPECT_EQ(read_error, boost::asio::error::operation_aborted);
      EXPECT_EQ(bytes, 0U);
      EXPECT_FALSE(timer_error);
    } else {
      EXPECT_FALSE(read_error);
      EXPECT_EQ(bytes, 1U);
      EXPECT_EQ(timer_error, boost::asio::error::operation_aborted);
    }
  };
  timeouts::async_read_or_wait(socket, boost::asio::buffer(&byte, 1), timer, note);
  run_client();
  EXPECT_EQ(first, 1U);
  timer.expires_after(seconds(60));
  boost::asio::write(socket, boost::asio::buffer("x", 1));
  timeouts::async_read_or_wait(socket, boost::asio::buffer(&byte, 1), timer, note);
  run_client();
  EXPECT_EQ(first, 0U);
  EXPECT_EQ(byte, 'x');
  stop();
}

// ---- datagrams
// -----------------------------------------------------------------------------------

TEST_F(Program, DaytimeByDatagrams) {
  datagrams::udp_server server(ground.server, any_udp_port());
  start();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(
        datagrams::daytime_client(ground.client, Ground::kServer, std::to_string(server.port())),
        "Sat Nov 21 02:37:00 2026\n");
  }
  stop();
}

TEST_F(Program, DatagramsKeepTheirBounds) {
  udp::socket there(ground.server, any_udp_port());
  boost::asio::co_spawn(ground.server, datagrams::echo(there), boost::asio::detached);
  start();
  udp::socket socket(ground.client, udp::v4());
  socket.connect(there.local_endpoint());
  // Three buffers are one datagram, and so is none at all.
  const std::string said = "one two three";
  const std::array<boost::asio::const_buffer, 3> parts{boost::asio::buffer(said.data(), 4),
                                                       boost::asio::buffer(said.data() + 4, 4),
                                                       boost::asio::buffer(said.data() + 8, 5)};
  EXPECT_EQ(socket.send(parts), 13U);
  EXPECT_EQ(socket.send(boost::asio::const_buffer()), 0U);
  EXPECT_EQ(socket.send(boost::asio::buffer(std::string(1'000, 'd'))), 1'000U);
  char front[4], back[64];
  const std::array<boost::asio::mutable_buffer, 2> room{boost::asio::buffer(front),
                                                        boost::asio::buffer(back)};
  socket.wait(udp::socket::wait_read);
  EXPECT_EQ(socket.available(), 13U) << "the next datagram's size";
  EXPECT_EQ(socket.receive(room, udp::socket::message_peek), 13U);
  EXPECT_EQ(socket.receive(room), 13U);
  EXPECT_EQ(std::string(front, 4) + std::string(back, 9), said);
  EXPECT_EQ(socket.receive(room), 0U);
  EXPECT_EQ(socket.receive(room), 68U) << "what has no room is lost";
  socket.non_blocking(true);
  boost::system::error_code error;
  socket.receive(room, 0, error);
  EXPECT_EQ(error, boost::asio::error::would_block);
  stop();
}

TEST_F(Program, ADatagramThatNobodyHears) {
  // The port is unreachable, and a connected socket learns of it (RFC 1122 section 4.1.3.3).
  const udp::endpoint nobody(boost::asio::ip::make_address(Ground::kServer), 9);
  start();
  udp::socket socket(ground.client);
  socket.connect(nobody);
  boost::system::error_code error;
  EXPECT_EQ(socket.remote_endpoint(), nobody);
  socket.send(boost::asio::buffer("x", 1));
  char byte = 0;
  socket.receive(boost::asio::buffer(&byte, 1), 0, error);
  EXPECT_EQ(error, boost::asio::error::connection_refused);
  stop();
}

TEST_F(Program, AReceiveThatGivesUpInTime) {
  datagrams::client client(ground.client, udp::endpoint(udp::v4(), 0));
  char room[16];
  boost::system::error_code error;
  EXPECT_EQ(client.receive(boost::asio::buffer(room), milliseconds(30), error), 0U);
  EXPECT_EQ(error, boost::asio::error::operation_aborted);
  // The socket is as good as before.
  datagrams::udp_server server(ground.server, any_udp_port());
  start();
  client.socket().send_to(
      boost::asio::buffer("?", 1),
      udp::endpoint(boost::asio::ip::make_address(Ground::kServer), server.port()));
  EXPECT_EQ(client.receive(boost::asio::buffer(room), seconds(20), error), sizeof room);
  EXPECT_FALSE(error) << error.message();
  EXPECT_EQ(std::string(room, 7), "Sat Nov");
  stop();
}

TEST_F(Program, OptionsAndErrorsOfDatagramSockets) {
  udp::socket socket(ground.client);
  boost::system::error_code error;
  socket.send(boost::asio::buffer("x", 1), 0, error);
  EXPECT_EQ(error, boost::asio::error::bad_descriptor);
  socket.open(udp::v4());
  EXPECT_EQ(socket.send(boost::asio::buffer("x", 1), 0, error), 0U);
  EXPECT_EQ(error, boost::system::errc::destination_address_required);
  EXPECT_THROW(static_cast<void>(socket.remote_endpoint()), boost::system::system_error);
  socket.shutdown(udp::socket::shutdown_both, error);
  EXPECT_EQ(error, boost::asio::error::not_connected);
  socket.set_option(udp::socket::broadcast(true));
  socket.set_option(udp::socket::reuse_address(true));
  socket.set_option(udp::socket::receive_buffer_size(100'000));
  socket.set_option(udp::socket::send_buffer_size(100'000));
  socket.set_option(boost::asio::ip::unicast::hops(3));
  udp::socket::broadcast broadcast;
  boost::asio::ip::unicast::hops hops;
  socket.get_option(broadcast);
  socket.get_option(hops);
  EXPECT_TRUE(broadcast.value());
  EXPECT_EQ(hops.value(), 3);
  EXPECT_EQ(
      socket.send_to(boost::asio::buffer(std::string(70'000, 'x')),
                     udp::endpoint(boost::asio::ip::make_address(Ground::kServer), 9), 0, error),
      0U);
  EXPECT_EQ(error, boost::asio::error::message_size);
  udp::socket moved(std::move(socket));
  EXPECT_FALSE(socket.is_open());
  moved.bind(udp::endpoint(udp::v4(), 0), error);
  EXPECT_EQ(error, boost::asio::error::invalid_argument) << "it has a port since it sent";
  moved.close();
  EXPECT_FALSE(moved.is_open());
}

}  // namespace
}  // namespace program
