// An echo server with a thread for each connection.
//
// The oldest shape of a server: one thread accepts, each connection gets a thread of its own, and
// every call waits until it is done. It reads like the protocol it speaks. What it costs is a stack
// of memory and a switch for each client; examples/echo_event_loop.cpp is the other shape.
//
// A thread per connection is the *program's* choice and no part of TCP. The handshake is done by
// the stack before the program knows of it: a SYN is answered with SYN+ACK, and the ACK that ends
// the handshake puts the connection into the listener's queue, whether the program waits in
// accept() or not (RFC 9293 section 3.10.7.2). No description of a socket is sent to anybody, no
// thread takes part; accept() only picks up what is already there. The run shows it: the clients
// are connected, and have even sent their line, while the server has not called accept() once.
//
// The sockets are Boost.Asio's synchronous ones over Bowline, in memory. Several threads use one
// context here, so it is made without the concurrency hint 1.

#include "bowline/asio.hpp"
//
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bowline/link/memory_link.hpp"
#include "bowline/os/random.hpp"

using tcp = bowline::net::tcp;
using boost::asio::buffer;

namespace {

constexpr int kClients = 5;

/// The life of a connection, in a thread of its own.
void echo(tcp::socket socket) {
  std::vector<char> bytes(4'096);
  boost::system::error_code error;
  for (;;) {
    const std::size_t count = socket.read_some(buffer(bytes), error);
    if (error) return;  // the client has finished, or is gone
    boost::asio::write(socket, buffer(bytes, count), error);
    if (error) return;
  }
}

}  // namespace

int main() {
  boost::asio::io_context context;
  bowline::StackConfig config;
  config.seed = *bowline::os::random_seed();
  const auto link = std::make_shared<bowline::LoopbackLink>(*bowline::LoopbackLink::create());
  auto& host =
      bowline::net::use_stack(context, config, {{link, {*bowline::Cidr::parse("127.0.0.1/8")}}});
  const tcp::endpoint service(boost::asio::ip::make_address("127.0.0.1"), 7);
  tcp::acceptor acceptor(context, service);

  // The clients: each sends a line, waits for it to come back, and compares.
  std::atomic<int> sent = 0;
  std::atomic<int> right = 0;
  std::vector<std::thread> clients;
  for (int number = 0; number < kClients; ++number) {
    clients.emplace_back([&, number] {
      tcp::socket socket(context);
      boost::system::error_code error;
      socket.connect(service, error);
      const std::string line = "hello from client " + std::to_string(number) + "\n";
      if (!error) boost::asio::write(socket, buffer(line), error);
      ++sent;
      sent.notify_one();
      std::string back(line.size(), ' ');
      if (!error) boost::asio::read(socket, buffer(back), error);
      if (!error && back == line) ++right;
    });
  }

  // Nobody has called accept() yet, and still everybody is connected.
  for (int seen = sent; seen < kClients; seen = sent) sent.wait(seen);
  std::uint32_t established = 0;
  host.with_stack([&](bowline::Stack& stack, bowline::Time) {
    stack.for_each_connection(
        [](void* count, const bowline::ConnectionView& view) {
          if (view.local.port == 7 && view.state == bowline::tcp::State::established) {
            ++*static_cast<std::uint32_t*>(count);
          }
        },
        &established);
  });
  std::printf("before the first accept(): %u of %d connections are established\n", established,
              kClients);

  std::vector<std::thread> threads;
  for (int i = 0; i < kClients; ++i) threads.emplace_back(echo, acceptor.accept());
  for (std::thread& client : clients) client.join();
  for (std::thread& thread : threads) thread.join();
  std::printf("%d of %d clients got their line back\n", right.load(), kClients);
  return established == kClients && right == kClients ? 0 : 1;
}
