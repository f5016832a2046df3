#pragma once

// A server beside the stack, on the kernel's sockets, for a few clients that ask short questions:
// the listing of `bowline ss`, the page of --metrics. It shares the stack's thread, so each client
// has a deadline and there is a bound on how many there are; further ones wait in the kernel's
// queue.

#include "bowline/asio.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <unordered_set>
#include <utility>

#include "bowline/http/deadline.hpp"

namespace bowline::tools {

/// The server. Its coroutines keep it alive; stop() ends them.
template <class Protocol>
class SmallServer : public std::enable_shared_from_this<SmallServer<Protocol>> {
 public:
  using Socket = typename Protocol::socket;
  using Acceptor = typename Protocol::acceptor;
  /// Serves one client. When the deadline passes, which it sets anew as it sees fit, the socket is
  /// closed.
  using Serve = std::function<boost::asio::awaitable<void>(Socket&, http::Deadline&)>;

  SmallServer(Acceptor acceptor, Serve serve)
      : acceptor_(std::move(acceptor)),
        retry_(acceptor_.get_executor()),
        serve_(std::move(serve)) {}

  void start() {
    boost::asio::co_spawn(acceptor_.get_executor(), accept(this->shared_from_this()),
                          boost::asio::detached);
  }
  /// Accepts no more and closes every client; the context can run out of work.
  void stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    retry_.cancel();
    for (Socket* const client : clients_) client->close(ignored);
  }

 private:
  static constexpr std::size_t kMostClients = 8;
  static constexpr std::chrono::milliseconds kRetry{50};
  static constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);

  static boost::asio::awaitable<void> accept(std::shared_ptr<SmallServer> self) {
    while (!self->stopped_) {
      bool failed = true;
      if (self->clients_.size() < kMostClients) {
        auto [error, socket] = co_await self->acceptor_.async_accept(kAwait);
        if (self->stopped_) break;
        failed = static_cast<bool>(error);
        if (!failed) {
          boost::asio::co_spawn(self->acceptor_.get_executor(), run(self, std::move(socket)),
                                boost::asio::detached);
        }
      }
      if (!failed) continue;
      // Full, or no descriptors left.
      self->retry_.expires_after(kRetry);
      co_await self->retry_.async_wait(kAwait);
    }
  }

  static boost::asio::awaitable<void> run(std::shared_ptr<SmallServer> self, Socket socket) {
    const Presence presence{*self, &socket};
    http::Deadline deadline(socket.get_executor(), [&socket] {
      boost::system::error_code ignored;
      socket.close(ignored);
    });
    co_await self->serve_(socket, deadline);
  }

  // A client is known as long as its coroutine lives, however that ends.
  struct Presence {
    Presence(SmallServer& of, Socket* client) : server(of), socket(client) {
      server.clients_.insert(socket);
    }
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;
    ~Presence() { server.clients_.erase(socket); }
    SmallServer& server;
    Socket* socket;
  };

  Acceptor acceptor_;
  boost::asio::steady_timer retry_;
  Serve serve_;
  std::unordered_set<Socket*> clients_;
  bool stopped_ = false;
};

}  // namespace bowline::tools
