// Ten thousand sockets on one context (REQUIREMENTS A20): each connects, says something and hears
// it back; what they cost is counted.

#include "tests/asio/two_stacks.hpp"
//
#include <malloc.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace bowline::net::test {
namespace {

using boost::asio::buffer;

class ManySockets : public TwoStacks {};

/// One connection of the server: echoes by callbacks.
struct Echo : std::enable_shared_from_this<Echo> {
  explicit Echo(tcp::socket made) : socket(std::move(made)) {}
  void read() {
    socket.async_read_some(buffer(data),
                           [self = shared_from_this()](error_code error, std::size_t bytes) {
                             if (error) return;
                             boost::asio::async_write(self->socket, buffer(self->data, bytes),
                                                      [self](error_code failed, std::size_t) {
                                                        if (!failed) self->read();
                                                      });
                           });
  }
  tcp::socket socket;
  char data[32];
};

TEST_F(ManySockets, TenThousandEchoesOnOneContext) {
  constexpr std::size_t kCount = 10'000;
  tcp::acceptor acceptor(context, endpoint(kServerV4, 7));
  std::function<void(error_code, tcp::socket)> accepted = [&](error_code error,
                                                              tcp::socket socket) {
    ASSERT_FALSE(error) << error.message();
    std::make_shared<Echo>(std::move(socket))->read();
    acceptor.async_accept(accepted);
  };
  acceptor.async_accept(accepted);
  const std::size_t before = mallinfo2().uordblks;

  struct Client {
    tcp::socket socket;
    std::string said, heard;
  };
  std::vector<Client> clients;
  clients.reserve(kCount);
  std::size_t connected = 0, echoed = 0;
  for (std::size_t i = 0; i < kCount; ++i) {
    clients.push_back({client_socket(), "client " + std::to_string(i), {}});
    // A few hundred at a time, as the acceptor's backlog has room for.
    clients.back().socket.async_connect(endpoint(kServerV4, 7), [&](error_code error) {
      EXPECT_FALSE(error) << error.message();
      ++connected;
    });
    if (i % 100 == 99) run_until([&] { return connected == i + 1; });
  }
  ASSERT_EQ(connected, kCount);
  const std::size_t idle = mallinfo2().uordblks;

  // Twice, so that the second time nothing is new.
  for (std::size_t round = 1; round <= 2; ++round) {
    for (Client& one : clients) {
      one.heard.assign(one.said.size(), ' ');
      boost::asio::async_read(one.socket, buffer(one.heard), [&](error_code error, std::size_t) {
        EXPECT_FALSE(error) << error.message();
        if (one.heard == one.said) ++echoed;
      });
      boost::asio::async_write(one.socket, buffer(one.said), [](error_code, std::size_t) {});
    }
    run_until([&] { return echoed == round * kCount; });
  }
  const std::size_t after = mallinfo2().uordblks;
  const StackUsage usage = server->with_stack([](Stack& stack, Time) { return stack.usage(); });
  EXPECT_EQ(usage.connections, kCount);

  // Both ends are here: a connection is two sockets, two blocks in two stacks, one pending read.
  const auto each = [](std::size_t bytes) { return bytes / (2 * kCount); };
  std::printf("bytes a socket: %zu idle after connecting, %zu after two exchanges\n",
              each(idle - before), each(after - before));
  EXPECT_LT(each(after - before), 8'192U);
  clients.clear();
  acceptor.close();
}

}  // namespace
}  // namespace bowline::net::test
