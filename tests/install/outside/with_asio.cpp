// An Asio program that was built outside Bowline's tree: a line there and back over a loopback
// link.

#include <bowline/asio.hpp>
//
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <bowline/link/memory_link.hpp>
#include <cstdio>
#include <memory>
#include <string>

using tcp = bowline::net::tcp;

int main() {
  boost::asio::io_context context(1);
  bowline::StackConfig config;
  config.seed = {1, 2, 3, 4};
  const auto link =
      std::make_shared<bowline::LoopbackLink>(bowline::LoopbackLink::create().value());
  bowline::net::use_stack(context, config, {{link, {*bowline::Cidr::parse("127.0.0.1/8")}}});

  tcp::acceptor acceptor(context, {tcp::v4(), 7});
  tcp::socket client(context);
  tcp::socket server(context);
  std::string text = "to oneself";
  std::string back(text.size(), ' ');
  int done = 0;
  acceptor.async_accept(server, [&](boost::system::error_code error) {
    if (error) return;
    boost::asio::async_write(server, boost::asio::buffer(text), [&](auto, std::size_t) { ++done; });
  });
  client.async_connect({boost::asio::ip::make_address("127.0.0.1"), 7},
                       [&](boost::system::error_code error) {
                         if (error) return;
                         boost::asio::async_read(client, boost::asio::buffer(back),
                                                 [&](auto, std::size_t) { ++done; });
                       });
  context.run();
  std::printf("%s\n", back.c_str());
  return done == 2 && back == text ? 0 : 1;
}
