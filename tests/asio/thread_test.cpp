// Two stacks on two threads, a descriptor between them: the reactor's side of a host, synchronous
// calls that really wait, and one context that several threads run.

#include "tests/asio/two_stacks.hpp"
//
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/asio/socket_pair_link.hpp"

namespace bowline::net::test {
namespace {

using boost::asio::awaitable;
using boost::asio::buffer;
using boost::asio::use_awaitable;

awaitable<void> echo(tcp::socket socket) {
  try {
    std::vector<char> bytes(65'536);
    for (;;) {
      const std::size_t count = co_await socket.async_read_some(buffer(bytes), use_awaitable);
      co_await boost::asio::async_write(socket, buffer(bytes, count), use_awaitable);
    }
  } catch (const boost::system::system_error&) {
    // The client has gone.
  }
}

/// An echo server on stack 1, run by `threads`, and a context with stack 2 that nobody runs yet.
class TwoThreads : public ::testing::Test {
 protected:
  explicit TwoThreads(int threads = 1) : server_context_(threads), client_context_(threads) {
    auto [left, right] = socket_pair();
    use_stack(server_context_, config(1), {{left, addresses(1)}});
    client = &use_stack(client_context_, config(2), {{right, addresses(2)}});
    acceptor_.emplace(server_context_, tcp::endpoint(tcp::v4(), 7));
    boost::asio::co_spawn(
        server_context_,
        [this]() -> awaitable<void> {
          for (;;) {
            auto strand = boost::asio::make_strand(server_context_);
            tcp::socket socket = co_await acceptor_->async_accept(strand, use_awaitable);
            boost::asio::co_spawn(strand, echo(std::move(socket)), boost::asio::detached);
          }
        },
        boost::asio::detached);
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { server_context_.run(); });
    }
  }
  ~TwoThreads() override {
    server_context_.stop();
    for (std::thread& thread : threads_) thread.join();
  }

  boost::asio::io_context server_context_;
  boost::asio::io_context client_context_;
  IoHost* client = nullptr;

 private:
  std::optional<tcp::acceptor> acceptor_;
  std::vector<std::thread> threads_;
};

TEST_F(TwoThreads, SynchronousCallsWaitForTheirPeer) {
  tcp::socket socket(client_context_);
  socket.connect(endpoint(kServerV4, 7));
  const std::string said(300'000, 'x');
  std::string heard(said.size(), '\0');
  boost::asio::write(socket, buffer(said));
  boost::asio::read(socket, buffer(heard));
  EXPECT_TRUE(heard == said);
  socket.shutdown(tcp::socket::shutdown_send);
  error_code error;
  char byte = 0;
  socket.read_some(buffer(&byte, 1), error);
  EXPECT_EQ(error, boost::asio::error::eof);
}

TEST_F(TwoThreads, SynchronousConnectToNobody) {
  tcp::socket socket(client_context_);
  error_code error;
  socket.connect(endpoint(kServerV4, 9), error);
  EXPECT_EQ(error, boost::asio::error::connection_refused);
}

TEST_F(TwoThreads, TheReactorWaitsForFramesAndDeadlines) {
  // The client's context is run here and sleeps in between: only the descriptor and the timer wake
  // it.
  tcp::socket socket(client_context_);
  std::string heard;
  boost::asio::co_spawn(
      client_context_,
      [&]() -> awaitable<void> {
        co_await socket.async_connect(endpoint(kServerV4, 7), use_awaitable);
        for (int i = 0; i < 20; ++i) {
          boost::asio::steady_timer pause(client_context_, std::chrono::milliseconds(2));
          co_await pause.async_wait(use_awaitable);
          co_await boost::asio::async_write(socket, buffer("tick", 4), use_awaitable);
          char text[4];
          co_await boost::asio::async_read(socket, buffer(text), use_awaitable);
          heard.append(text, 4);
        }
      },
      boost::asio::detached);
  client_context_.run_for(std::chrono::seconds(20));
  EXPECT_TRUE(client_context_.stopped());
  EXPECT_EQ(heard.size(), 80U);
}

TEST_F(TwoThreads, AnIdleProgramSleeps) {
  // A watch that fired again and again without anything to read would count turns.
  tcp::socket socket(client_context_);
  socket.connect(endpoint(kServerV4, 7));
  boost::asio::steady_timer pause(client_context_, std::chrono::milliseconds(300));
  pause.async_wait([](error_code) {});
  const std::uint64_t before = client->turns();
  client_context_.run();
  EXPECT_LT(client->turns() - before, 20U);
}

/// The same with contexts that several threads run.
class ManyThreads : public TwoThreads {
 protected:
  ManyThreads() : TwoThreads(3) {}
};

TEST_F(ManyThreads, SocketsOfOneContextOnSeveralThreads) {
  constexpr int kConnections = 24;
  constexpr int kRounds = 20;
  std::atomic<int> rounds = 0;
  for (int i = 0; i < kConnections; ++i) {
    boost::asio::co_spawn(
        boost::asio::make_strand(client_context_),
        [&]() -> awaitable<void> {
          tcp::socket socket(co_await boost::asio::this_coro::executor);
          co_await socket.async_connect(endpoint(kServerV4, 7), use_awaitable);
          for (int k = 0; k < kRounds; ++k) {
            const std::string said(5000, static_cast<char>('a' + k));
            std::string heard(said.size(), '\0');
            co_await boost::asio::async_write(socket, buffer(said), use_awaitable);
            co_await boost::asio::async_read(socket, buffer(heard), use_awaitable);
            if (heard == said) ++rounds;
          }
        },
        boost::asio::detached);
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] { client_context_.run_for(std::chrono::seconds(60)); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(rounds, kConnections * kRounds);
}

TEST_F(ManyThreads, ASynchronousCallIsWokenByATurnOnAnotherThread) {
  // Another thread's reactor may take the frame that this call waits for.
  tcp::socket socket(client_context_);
  auto work = boost::asio::make_work_guard(client_context_);
  std::thread other([&] { client_context_.run(); });
  socket.connect(endpoint(kServerV4, 7));
  for (int i = 0; i < 200; ++i) {
    boost::asio::write(socket, buffer("ping", 4));
    char text[4];
    ASSERT_EQ(boost::asio::read(socket, buffer(text)), 4U);
  }
  work.reset();
  client_context_.stop();
  other.join();
}

}  // namespace
}  // namespace bowline::net::test
