// The same sockets from coroutines: echo, a thousand connections in sequence, timeouts by parallel
// waits.

#include "tests/asio/two_stacks.hpp"
//
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <string>
#include <variant>

namespace bowline::net::test {
namespace {

using boost::asio::awaitable;
using boost::asio::buffer;
using boost::asio::use_awaitable;

awaitable<void> echo(tcp::socket socket) {
  char text[1024];
  for (;;) {
    error_code error;
    const std::size_t bytes = co_await socket.async_read_some(
        buffer(text), boost::asio::redirect_error(use_awaitable, error));
    if (error) co_return;
    co_await boost::asio::async_write(socket, buffer(text, bytes), use_awaitable);
  }
}

awaitable<void> serve(tcp::acceptor& acceptor, int connections) {
  for (int i = 0; i < connections; ++i) {
    boost::asio::co_spawn(acceptor.get_executor(),
                          echo(co_await acceptor.async_accept(use_awaitable)),
                          boost::asio::detached);
  }
}

class Coroutine : public TwoStacks {
 protected:
  /// Runs `task` to its end; its exception is the test's failure.
  void run_task(awaitable<void> task) {
    bool done = false;
    boost::asio::co_spawn(context, std::move(task), [&](std::exception_ptr failure) {
      done = true;
      if (!failure) return;
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& exception) {
        ADD_FAILURE() << exception.what();
      }
    });
    run_until([&] { return done; }, std::chrono::seconds(60));
  }
};

TEST_F(Coroutine, Echo) {
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  boost::asio::co_spawn(context, serve(acceptor, 1), boost::asio::detached);
  run_task([](TwoStacks&, tcp::socket socket) -> awaitable<void> {
    co_await socket.async_connect(endpoint(kServerV4, 7), use_awaitable);
    for (const std::string said : {"one", "two", "three"}) {
      co_await boost::asio::async_write(socket, buffer(said), use_awaitable);
      std::string heard(said.size(), '\0');
      co_await boost::asio::async_read(socket, buffer(heard), use_awaitable);
      EXPECT_EQ(heard, said);
    }
  }(*this, client_socket()));
}

TEST_F(Coroutine, AThousandConnectionsInSequence) {
  constexpr int kConnections = 1000;
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  boost::asio::co_spawn(context, serve(acceptor, kConnections), boost::asio::detached);
  int completed = 0;
  run_task([](boost::asio::io_context& io, IoHost& from, int& count) -> awaitable<void> {
    for (int i = 0; i < kConnections; ++i) {
      tcp::socket socket(io, tcp::v4().on(from));
      co_await socket.async_connect(endpoint(kServerV4, 7), use_awaitable);
      const std::string said = std::to_string(i);
      co_await boost::asio::async_write(socket, buffer(said), use_awaitable);
      std::string heard(said.size(), '\0');
      co_await boost::asio::async_read(socket, buffer(heard), use_awaitable);
      EXPECT_EQ(heard, said);
      if (heard == said) ++count;
    }
  }(context, *client, completed));
  EXPECT_EQ(completed, kConnections);
  // Nobody's connections are left but those in TIME-WAIT.
  EXPECT_EQ(server->with_stack([](Stack& stack, Time) { return stack.usage().orphans; }), 0U);
}

TEST_F(Coroutine, ConnectsToTheFirstEndpointThatAnswers) {
  // Between two tries the socket is closed and opened again: on the context's first stack, the
  // server's.
  tcp::acceptor acceptor(context, tcp::v4().on(*client));
  acceptor.bind({tcp::v4(), 7});
  acceptor.listen();
  run_task([](boost::asio::io_context& io) -> awaitable<void> {
    tcp::resolver resolver(io);
    const auto results = co_await resolver.async_resolve("10.77.0.2", "7", use_awaitable);
    EXPECT_EQ(results.size(), 1U);
    const std::vector<tcp::endpoint> endpoints{endpoint("10.77.0.2", 6),
                                               results.begin()->endpoint()};
    tcp::socket socket(io);
    const tcp::endpoint reached =
        co_await boost::asio::async_connect(socket, endpoints, use_awaitable);
    EXPECT_EQ(reached, endpoint("10.77.0.2", 7));
  }(context));
}

TEST_F(Coroutine, WhatLosesARaceIsCancelled) {
  Pair pair = connected();
  run_task([](tcp::socket& socket) -> awaitable<void> {
    using boost::asio::experimental::awaitable_operators::operator||;
    boost::asio::steady_timer timer(socket.get_executor(), std::chrono::milliseconds(20));
    char byte = 0;
    const auto first = co_await (socket.async_read_some(buffer(&byte, 1), use_awaitable) ||
                                 timer.async_wait(use_awaitable));
    EXPECT_EQ(first.index(), 1U) << "the timer wins";
  }(pair.there));
  // The read is gone, so the byte is still there for another.
  boost::asio::write(pair.here, buffer("x", 1));
  run_until([&] { return pair.there.available() == 1; });
}

TEST_F(Coroutine, OtherTokensWorkAsWell) {
  Pair pair = connected();
  auto sent = pair.here.async_write_some(buffer("x", 1), boost::asio::use_future);
  char byte = 0;
  auto reading = pair.there.async_read_some(buffer(&byte, 1), boost::asio::deferred);
  auto got = std::move(reading)(boost::asio::use_future);
  run_until([&] {
    return got.wait_for(std::chrono::seconds(0)) == std::future_status::ready &&
           sent.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
  EXPECT_EQ(sent.get(), 1U);
  EXPECT_EQ(got.get(), 1U);
  EXPECT_EQ(byte, 'x');
}

TEST_F(Coroutine, SocketsWhoseDefaultTokenIsUseAwaitable) {
  using Default = boost::asio::use_awaitable_t<>;
  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  boost::asio::co_spawn(context, serve(acceptor, 1), boost::asio::detached);
  run_task([](tcp::socket plain) -> awaitable<void> {
    auto socket = Default::as_default_on(std::move(plain));
    co_await socket.async_connect(endpoint(kServerV4, 7));
    co_await socket.async_write_some(buffer("hi", 2));
    char text[2];
    EXPECT_EQ(co_await socket.async_read_some(buffer(text)), 2U);
  }(client_socket()));
}

}  // namespace
}  // namespace bowline::net::test
