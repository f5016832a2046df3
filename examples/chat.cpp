// A chat with push: what one says the server sends to all, without being asked.
//
// A TCP connection carries data both ways at once (RFC 9293 section 2.2), and a server may write
// whenever it likes. That is all that push needs: each connection has one coroutine that reads what
// its client says and hands it to the room, and one that writes what the room has for it. The
// second waits on a timer that never ends and is cancelled when there is something, which is Asio's
// way of saying "condition variable". A client that reads slowly delays nobody but itself: its
// lines wait in its own queue, and one that lags too far behind is shown the door instead of
// filling the server's memory.
//
// Three people meet here over a loopback link in memory; each says two lines and must hear the
// others'.

#include "bowline/asio.hpp"
//
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <deque>
#include <memory>
#include <set>
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

namespace {

class Guest;
using Room = std::set<std::shared_ptr<Guest>>;

/// One connection of the server.
class Guest : public std::enable_shared_from_this<Guest> {
 public:
  Guest(tcp::socket socket, Room& room)
      : socket_(std::move(socket)), news_(socket_.get_executor()), room_(room) {
    news_.expires_at(std::chrono::steady_clock::time_point::max());
  }

  void start() {
    room_.insert(shared_from_this());
    co_spawn(socket_.get_executor(), listen(shared_from_this()), detached);
    co_spawn(socket_.get_executor(), speak(shared_from_this()), detached);
  }

 private:
  static constexpr std::size_t kMostWaiting = 1'000;  // lines; then the client is too slow

  void tell(const std::string& line) {
    waiting_.push_back(line);
    if (waiting_.size() > kMostWaiting) leave();
    news_.cancel();
  }
  void leave() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    news_.cancel();
    room_.erase(shared_from_this());
  }
  awaitable<void> listen(std::shared_ptr<Guest> /*keeps this*/) {
    std::string text;
    boost::system::error_code error;
    for (;;) {
      const std::size_t size =
          co_await boost::asio::async_read_until(socket_, boost::asio::dynamic_buffer(text, 4'096),
                                                 '\n', redirect_error(use_awaitable, error));
      if (error) break;  // gone, or a line without end
      for (const auto& guest : Room(room_)) {
        if (guest.get() != this) guest->tell(text.substr(0, size));
      }
      text.erase(0, size);
    }
    leave();
  }
  awaitable<void> speak(std::shared_ptr<Guest> /*keeps this*/) {
    boost::system::error_code error;
    while (socket_.is_open() && !error) {
      if (waiting_.empty()) {
        boost::system::error_code woken;
        co_await news_.async_wait(redirect_error(use_awaitable, woken));
        continue;
      }
      const std::string line = std::move(waiting_.front());
      waiting_.pop_front();
      co_await boost::asio::async_write(socket_, buffer(line),
                                        redirect_error(use_awaitable, error));
    }
  }

  tcp::socket socket_;
  boost::asio::steady_timer news_;
  std::deque<std::string> waiting_;
  Room& room_;
};

awaitable<void> serve(tcp::acceptor& acceptor, Room& room) {
  for (;;) {
    std::make_shared<Guest>(co_await acceptor.async_accept(use_awaitable), room)->start();
  }
}

/// Someone who comes in, waits until all `people` are there, says two lines and hears `expected`.
awaitable<void> visit(tcp::socket& socket, tcp::endpoint service, std::string name,
                      const Room& room, std::size_t people, std::vector<std::string>& heard,
                      std::size_t expected) {
  co_await socket.async_connect(service, use_awaitable);
  boost::asio::steady_timer pause(socket.get_executor());
  while (room.size() < people) {
    pause.expires_after(std::chrono::milliseconds(1));
    co_await pause.async_wait(use_awaitable);
  }
  for (const char* text : {": hello\n", ": goodbye\n"}) {
    co_await boost::asio::async_write(socket, buffer(name + text), use_awaitable);
  }
  std::string text;
  while (heard.size() < expected) {
    const std::size_t size = co_await boost::asio::async_read_until(
        socket, boost::asio::dynamic_buffer(text), '\n', use_awaitable);
    heard.push_back(text.substr(0, size));
    text.erase(0, size);
  }
}

}  // namespace

int main() {
  boost::asio::io_context context(1);
  bowline::StackConfig config;
  config.seed = *bowline::os::random_seed();
  const auto link = std::make_shared<bowline::LoopbackLink>(*bowline::LoopbackLink::create());
  bowline::net::use_stack(context, config, {{link, {*bowline::Cidr::parse("127.0.0.1/8")}}});
  const tcp::endpoint service(boost::asio::ip::make_address("127.0.0.1"), 4000);
  tcp::acceptor acceptor(context, service);
  Room room;
  co_spawn(context, serve(acceptor, room), detached);

  const std::vector<std::string> names = {"Ada", "Grace", "Radia"};
  const std::size_t expected = 2 * (names.size() - 1);
  std::vector<std::vector<std::string>> heard(names.size());
  std::vector<tcp::socket> sockets;
  for (std::size_t i = 0; i < names.size(); ++i) sockets.emplace_back(context);
  std::size_t done = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    co_spawn(context, visit(sockets[i], service, names[i], room, names.size(), heard[i], expected),
             [&](std::exception_ptr) {
               if (++done == names.size()) context.stop();
             });
  }
  context.run_for(std::chrono::seconds(20));

  bool shown = true;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::printf("%s heard %zu lines\n", names[i].c_str(), heard[i].size());
    for (const std::string& line : heard[i]) {
      std::printf("  %s", line.c_str());
      shown = shown && !line.starts_with(names[i]);  // nobody hears himself
    }
    shown = shown && heard[i].size() == expected;
  }
  return shown ? 0 : 1;
}
