// An echo server with one event loop: all its connections on one thread.
//
// Each connection is a coroutine that waits for its bytes while the others run; the loop, Asio's
// io_context, resumes whichever has something to do. A thousand clients cost a thousand small
// frames instead of a thousand threads, and nothing needs a lock. examples/echo_threads.cpp is the
// other shape.
//
// Here too the handshake is done by the stack before the program knows of it. The loop hears of a
// connection when it is finished: async_accept() completes with one that was established earlier.
// The run shows it by the stack's own account, taken before the server asks for its first
// connection.
//
// Server and clients share the loop and a loopback link in memory. The context has the concurrency
// hint 1, for it is run by one thread: nothing is locked.

#include "bowline/asio.hpp"
//
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "bowline/link/memory_link.hpp"
#include "bowline/os/random.hpp"

using tcp = bowline::net::tcp;
using boost::asio::awaitable;
using boost::asio::buffer;
using boost::asio::co_spawn;
using boost::asio::detached;
using boost::asio::use_awaitable;

namespace {

constexpr int kClients = 100;

/// The life of a connection.
awaitable<void> echo(tcp::socket socket) {
  std::vector<char> bytes(4'096);
  try {
    for (;;) {
      const std::size_t count = co_await socket.async_read_some(buffer(bytes), use_awaitable);
      co_await boost::asio::async_write(socket, buffer(bytes, count), use_awaitable);
    }
  } catch (const boost::system::system_error&) {
    // The client has finished, or is gone; either way this is the end of it.
  }
}

awaitable<void> serve(tcp::acceptor& acceptor) {
  for (int i = 0; i < kClients; ++i) {
    co_spawn(acceptor.get_executor(), echo(co_await acceptor.async_accept(use_awaitable)),
             detached);
  }
}

/// Counts what has happened in `connected` and `right`.
awaitable<void> ask(tcp::socket socket, tcp::endpoint service, int number, int& connected,
                    int& right) {
  co_await socket.async_connect(service, use_awaitable);
  ++connected;
  const std::string line = "hello from client " + std::to_string(number) + "\n";
  co_await boost::asio::async_write(socket, buffer(line), use_awaitable);
  std::string back(line.size(), ' ');
  co_await boost::asio::async_read(socket, buffer(back), use_awaitable);
  if (back == line) ++right;
}

}  // namespace

int main() {
  boost::asio::io_context context(1);
  bowline::StackConfig config;
  config.seed = *bowline::os::random_seed();
  const auto link = std::make_shared<bowline::LoopbackLink>(*bowline::LoopbackLink::create());
  auto& host =
      bowline::net::use_stack(context, config, {{link, {*bowline::Cidr::parse("127.0.0.1/8")}}});
  const tcp::endpoint service(boost::asio::ip::make_address("127.0.0.1"), 7);
  tcp::acceptor acceptor(context, service);

  int connected = 0;
  int right = 0;
  for (int number = 0; number < kClients; ++number) {
    co_spawn(context, ask(tcp::socket(context), service, number, connected, right), detached);
  }
  while (connected < kClients && context.run_one() > 0) {
  }
  context.poll();  // the last of their ACKs arrive
  int established = 0;
  host.with_stack([&](bowline::Stack& stack, bowline::Time) {
    stack.for_each_connection(
        [](void* count, const bowline::ConnectionView& view) {
          if (view.local.port == 7 && view.state == bowline::tcp::State::established) {
            ++*static_cast<int*>(count);
          }
        },
        &established);
  });
  std::printf("before the first accept: %d of %d connections are established\n", established,
              kClients);

  co_spawn(context, serve(acceptor), detached);
  context.run();
  std::printf("%d of %d clients got their line back\n", right, kClients);
  return established == kClients && right == kClients ? 0 : 1;
}
