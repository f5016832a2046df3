// A proxy at the level of TCP: it takes connections and makes one to the server for each.
//
// There is no such thing as forwarding a TCP connection: the client's ends at the proxy, and
// another one, with other numbers, another window and another round-trip time, goes on to the
// server. The proxy copies bytes, both ways at once, and must also pass on how each direction ends.
// A client that has finished sending (a FIN, half-closed) still wants its answer: so the end of one
// direction is handed on by shutdown(), and only when both have ended is anything closed. A reset
// is handed on as a reset. And the copying holds at most one buffer for each direction, so that a
// slow reader at one end slows the sender at the other: each connection's window does that without
// any code.
//
// The run: a client asks "GET / HTTP/1.0" through the proxy, finishes sending, and gets 300,000
// bytes from a server that answers only after it has seen the end of the request.

#include "bowline/asio.hpp"
//
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
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
using boost::asio::redirect_error;
using boost::asio::use_awaitable;
using boost::system::error_code;

namespace {

/// Two connections that are one to those outside.
struct Pair {
  tcp::socket client, server;
};

/// Copies one direction until it ends, and ends the other side's alike.
awaitable<void> copy(std::shared_ptr<Pair> pair, tcp::socket& from, tcp::socket& to,
                     std::size_t& count) {
  std::vector<char> bytes(16'384);
  error_code error;
  while (!error) {
    const std::size_t size =
        co_await from.async_read_some(buffer(bytes), redirect_error(use_awaitable, error));
    if (error) break;
    co_await boost::asio::async_write(to, buffer(bytes, size),
                                      redirect_error(use_awaitable, error));
    if (!error) count += size;
  }
  error_code ignored;
  if (error == boost::asio::error::eof) {
    to.shutdown(tcp::socket::shutdown_send, ignored);  // a FIN for a FIN; the other way goes on
  } else {
    for (tcp::socket* socket : {&pair->client, &pair->server}) {
      socket->set_option(tcp::socket::linger(true, 0), ignored);  // a reset for a reset
      socket->close(ignored);
    }
  }
}

awaitable<void> forward(tcp::acceptor& acceptor, tcp::endpoint server, std::size_t& asked,
                        std::size_t& answered) {
  auto pair = std::make_shared<Pair>(co_await acceptor.async_accept(use_awaitable),
                                     tcp::socket(acceptor.get_executor()));
  co_await pair->server.async_connect(server, use_awaitable);
  co_spawn(acceptor.get_executor(), copy(pair, pair->client, pair->server, asked), detached);
  co_await copy(pair, pair->server, pair->client, answered);
}

/// Answers when the request has ended.
awaitable<void> serve(tcp::acceptor& acceptor, const std::string& page) {
  tcp::socket socket = co_await acceptor.async_accept(use_awaitable);
  std::string request;
  error_code end;
  co_await boost::asio::async_read(socket, boost::asio::dynamic_buffer(request),
                                   redirect_error(use_awaitable, end));
  if (end != boost::asio::error::eof || !request.starts_with("GET / ")) co_return;
  co_await boost::asio::async_write(socket, buffer(page), use_awaitable);
  socket.shutdown(tcp::socket::shutdown_send);
}

awaitable<void> ask(tcp::socket socket, tcp::endpoint proxy, std::string request,
                    std::string& answer) {
  co_await socket.async_connect(proxy, use_awaitable);
  co_await boost::asio::async_write(socket, buffer(request), use_awaitable);
  socket.shutdown(tcp::socket::shutdown_send);
  error_code end;
  co_await boost::asio::async_read(socket, boost::asio::dynamic_buffer(answer),
                                   redirect_error(use_awaitable, end));
}

}  // namespace

int main() {
  boost::asio::io_context context(1);
  bowline::StackConfig config;
  config.seed = *bowline::os::random_seed();
  const auto link = std::make_shared<bowline::LoopbackLink>(*bowline::LoopbackLink::create());
  bowline::net::use_stack(context, config, {{link, {*bowline::Cidr::parse("127.0.0.1/8")}}});
  const auto here = boost::asio::ip::make_address("127.0.0.1");
  tcp::acceptor origin(context, {here, 80});
  tcp::acceptor proxy(context, {here, 3128});

  const std::string request = "GET / HTTP/1.0\r\n\r\n";
  std::string page = "HTTP/1.0 200 OK\r\n\r\n";
  for (int i = 0; page.size() < 300'000; ++i) page += "line " + std::to_string(i) + "\n";
  std::size_t asked = 0;
  std::size_t answered = 0;
  std::string answer;
  co_spawn(context, serve(origin, page), detached);
  co_spawn(context, forward(proxy, {here, 80}, asked, answered), detached);
  co_spawn(context, ask(tcp::socket(context), {here, 3128}, request, answer), detached);
  context.run_for(std::chrono::seconds(20));

  std::printf("through the proxy: %zu bytes there, %zu bytes back, %s\n", asked, answered,
              answer == page ? "unchanged" : "changed");
  return asked == request.size() && answered == page.size() && answer == page ? 0 : 1;
}
