// BSD sockets over two stacks in memory: an echo server that uses poll(2), and its client.
//
// Everything runs in one thread and in virtual time. A call that cannot go on returns a Call that
// waits; it is resumed after the stacks have had a turn. A program with threads would let the
// thread sleep instead.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include "bowline/driver/turn.hpp"
#include "bowline/driver/virtual_driver.hpp"
#include "bowline/link/memory_link.hpp"
#include "bowline/sockets/socket_table.hpp"

namespace {

using bowline::Time;
using bowline::sockets::Call;
using bowline::sockets::Outcome;
using bowline::sockets::SocketTable;

constexpr std::uint16_t kPort = 7;

sockaddr_in address_of(const char* text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  inet_pton(AF_INET, text, &address.sin_addr);
  return address;
}

// The server: one poll() after another over the listener and the connections, none of which blocks.
class EchoServer {
 public:
  EchoServer(SocketTable& table, Time now) : table_(table) {
    const auto address = address_of("10.0.0.2");
    const Outcome made = table.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, now);
    const auto listener = static_cast<int>(made.value);
    table.bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address, now);
    table.listen(listener, 16, now);
    watched_.push_back({listener, POLLIN, 0});
  }

  void work(Time now) {
    while (table_.poll(watched_.data(), watched_.size(), 0, now).outcome().value > 0) {
      const auto ready = watched_;
      for (const pollfd& each : ready) {
        if (each.revents == 0) continue;
        if (each.fd == watched_.front().fd) {
          const Outcome accepted =
              table_.accept4(each.fd, nullptr, nullptr, SOCK_NONBLOCK, now).outcome();
          if (accepted.value >= 0) {
            watched_.push_back({static_cast<int>(accepted.value), POLLIN, 0});
          }
        } else {
          echo(each.fd, now);
        }
      }
    }
  }

 private:
  void echo(int fd, Time now) {
    std::array<char, 4096> bytes;
    const Outcome got = table_.read(fd, bytes.data(), bytes.size(), now).outcome();
    if (got.value > 0) {
      table_.write(fd, bytes.data(), static_cast<std::size_t>(got.value), now);
      return;
    }
    table_.close(fd, now);
    std::erase_if(watched_, [fd](const pollfd& each) { return each.fd == fd; });
  }

  SocketTable& table_;
  std::vector<pollfd> watched_;
};

bowline::Result<bowline::Stack> make_stack(std::uint64_t seed) {
  bowline::StackConfig config;
  config.seed = {seed, 2, 3, 4};  // of a test: a program takes it from the operating system
  return bowline::Stack::create(config);
}

}  // namespace

int main() {
  auto left = make_stack(1);
  auto right = make_stack(2);
  if (!left || !right) return 1;
  auto wire = bowline::LinkPair::create();
  if (!wire) return 1;
  bowline::driver::Turn left_turn(*left);
  bowline::driver::Turn right_turn(*right);
  const auto here = left_turn.add_link(wire->left());
  const auto there = right_turn.add_link(wire->right());
  if (!here || !there) return 1;
  constexpr std::uint32_t kLeft = 0x0a000001;
  constexpr std::uint32_t kRight = 0x0a000002;
  if (!left->add_address(*here, {bowline::IpAddress::v4(kLeft), 24})) return 1;
  if (!right->add_address(*there, {bowline::IpAddress::v4(kRight), 24})) return 1;

  bowline::driver::VirtualDriver driver;
  SocketTable client(*left);
  SocketTable server_table(*right);
  EchoServer server(server_table, driver.now());
  driver.add(left_turn);
  driver.add(right_turn, [&server](bowline::Stack&, Time now) {
    server.work(now);
    return bowline::kNever;
  });
  const auto finish = [&driver](Call call) {
    driver.run_until([&] { return call.resume(driver.now()); }, call.until());
    return call.done() ? call.outcome() : bowline::sockets::failed(EAGAIN);
  };

  const auto fd = static_cast<int>(client.socket(AF_INET, SOCK_STREAM, 0, driver.now()).value);
  const auto to = address_of("10.0.0.2");
  const Outcome connected =
      finish(client.connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to, driver.now()));
  if (connected.error != 0) {
    std::printf("connect: %s\n", std::strerror(connected.error));
    return 1;
  }
  constexpr std::string_view kText = "hello over a stack of our own";
  finish(client.write(fd, kText.data(), kText.size(), driver.now()));
  std::array<char, 128> answer{};
  const Outcome got = finish(client.recvfrom(fd, answer.data(), kText.size(), MSG_WAITALL, nullptr,
                                             nullptr, driver.now()));
  finish(client.close(fd, driver.now()));
  std::printf("%.*s\n", static_cast<int>(got.value), answer.data());
  return got.value == static_cast<std::int64_t>(kText.size()) ? 0 : 1;
}
