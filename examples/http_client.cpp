// An HTTP client: Beast's, over Bowline by its alias.
//
// Nothing below the first lines knows whose TCP this is: resolve, connect, write the request, read
// the answer, shut down, with a time limit on each. That limit is the stream's own (expires_after),
// and it is what a program needs most: without it a peer that says nothing keeps a client waiting
// until TCP gives up, and a connected peer that is merely silent for ever. The second request here
// meets such a server, and ends by the limit.
//
// The servers at the other end are a few lines of text over the same loopback link in memory.

#include "bowline/asio.hpp"
//
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "bowline/link/memory_link.hpp"
#include "bowline/os/random.hpp"

using tcp = bowline::net::tcp;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::awaitable;
using boost::asio::co_spawn;
using boost::asio::detached;
using boost::asio::use_awaitable;

namespace {

/// GET `target` from `host`:`port`.
awaitable<http::response<http::string_body>> get(std::string host, std::string port,
                                                 std::string target,
                                                 std::chrono::milliseconds patience) {
  const auto executor = co_await boost::asio::this_coro::executor;
  tcp::resolver resolver(executor);
  beast::basic_stream<tcp> stream(executor);
  const auto addresses = co_await resolver.async_resolve(host, port, use_awaitable);
  stream.expires_after(patience);
  co_await stream.async_connect(addresses, use_awaitable);

  http::request<http::empty_body> request(http::verb::get, target, 11);
  request.set(http::field::host, host);
  request.set(http::field::user_agent, "bowline-example");
  stream.expires_after(patience);
  co_await http::async_write(stream, request, use_awaitable);
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  stream.expires_after(patience);
  co_await http::async_read(stream, buffer, response, use_awaitable);
  beast::error_code ignored;  // the peer may have closed already
  stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
  co_return response;
}

/// Answers one request with `answer`; with nothing if that is empty, and keeps the connection.
awaitable<void> serve(tcp::acceptor& acceptor, std::string answer, tcp::socket& socket) {
  socket = co_await acceptor.async_accept(use_awaitable);
  std::string request;
  co_await boost::asio::async_read_until(socket, boost::asio::dynamic_buffer(request), "\r\n\r\n",
                                         use_awaitable);
  if (!answer.empty()) {
    co_await boost::asio::async_write(socket, boost::asio::buffer(answer), use_awaitable);
  }
}

}  // namespace

int main() {
  boost::asio::io_context context(1);
  bowline::StackConfig config;
  config.seed = *bowline::os::random_seed();
  const auto link = std::make_shared<bowline::LoopbackLink>(*bowline::LoopbackLink::create());
  bowline::net::use_stack(context, config, {{link, {*bowline::Cidr::parse("127.0.0.1/8")}}});
  const auto here = boost::asio::ip::make_address("127.0.0.1");
  tcp::acceptor talkative(context, {here, 80});
  tcp::acceptor silent(context, {here, 81});
  tcp::socket first(context);
  tcp::socket second(context);
  co_spawn(context,
           serve(talkative,
                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "6\r\nfrom B\r\n6\r\nowline\r\n0\r\n\r\n",
                 first),
           detached);
  co_spawn(context, serve(silent, "", second), detached);

  unsigned status = 0;
  std::string body;
  std::string failure = "none";
  beast::error_code ended;
  co_spawn(
      context,
      [&]() -> awaitable<void> {
        const auto response = co_await get("127.0.0.1", "80", "/", std::chrono::seconds(10));
        status = response.result_int();
        body = response.body();
        try {
          co_await get("127.0.0.1", "81", "/", std::chrono::milliseconds(200));
        } catch (const boost::system::system_error& error) {
          ended = error.code();
          failure = ended.message();
        }
      },
      detached);
  context.run_for(std::chrono::seconds(20));

  std::printf("status %u: \"%s\"\nthe silent server: %s\n", status, body.c_str(), failure.c_str());
  return status == 200 && body == "from Bowline" && ended == beast::error::timeout ? 0 : 1;
}
