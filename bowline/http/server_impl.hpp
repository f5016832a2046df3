#pragma once

// The body of FileServer: accepts, and looks after the sessions. Included only by the units that
// instantiate it.

#include "bowline/http/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bowline/http/session.hpp"

namespace bowline::inline v0::http {

template <class Protocol>
class FileServer<Protocol>::Impl : public std::enable_shared_from_this<Impl> {
 public:
  using Socket = typename Protocol::socket;
  using Session = detail::Session<Socket>;

  Impl(std::vector<Acceptor> acceptors, Folder folder, ServerSettings settings)
      : acceptors_(std::move(acceptors)),
        folder_(std::move(folder)),
        settings_(std::move(settings)) {
    for (Acceptor& acceptor : acceptors_) {
      retry_timers_.emplace_back(acceptor.get_executor());
    }
  }

  void start() {
    for (std::size_t i = 0; i < acceptors_.size(); ++i) {
      boost::asio::co_spawn(acceptors_[i].get_executor(), accept_loop(this->shared_from_this(), i),
                            boost::asio::detached);
    }
  }

  void stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    for (Acceptor& acceptor : acceptors_) acceptor.close(ignored);
    for (auto& timer : retry_timers_) timer.cancel();
    if (ticker_) ticker_->cancel();
    for (Session* const session : sessions_) session->abort();
  }

  [[nodiscard]] const ServerCounters& counters() const { return counters_; }

 private:
  using Timer = boost::asio::steady_timer;
  // After a failure that is not the connection's own (no descriptors left), and while the server is
  // full.
  static constexpr std::chrono::milliseconds kRetry{50};

  // `self` keeps the server alive in the coroutine's frame.
  static detail::awaitable<void> accept_loop(std::shared_ptr<Impl> self, std::size_t index) {
    Acceptor& acceptor = self->acceptors_[index];
    while (!self->stopped_) {
      if (self->sessions_.size() >= self->settings_.most_connections) {
        co_await self->pause(index);
        continue;
      }
      auto [error, socket] = co_await acceptor.async_accept(detail::kAwait);
      if (self->stopped_) break;
      if (error == boost::asio::error::connection_aborted) continue;
      if (error) {
        co_await self->pause(index);
        continue;
      }
      boost::asio::co_spawn(acceptor.get_executor(), run_session(self, std::move(socket)),
                            boost::asio::detached);
    }
  }

  static detail::awaitable<void> run_session(std::shared_ptr<Impl> self, Socket socket) {
    Session session(std::move(socket), self->folder_, self->settings_, self->counters_);
    ++self->counters_.connections;
    ++self->counters_.open_connections;
    self->sessions_.insert(&session);
    self->start_ticking();
    // Leaves the list however the coroutine ends, its destruction with the context included.
    const std::shared_ptr<void> leave(nullptr, [&](void*) {
      self->sessions_.erase(&session);
      --self->counters_.open_connections;
    });
    co_await session.serve();
  }

  detail::awaitable<void> pause(std::size_t index) {
    retry_timers_[index].expires_after(kRetry);
    co_await retry_timers_[index].async_wait(detail::kAwait);
  }

  // One timer for all connections, running only while there are any: re-arming one per connection
  // and request would cost more than what it guards.
  void start_ticking() {
    if (ticking_ || stopped_) return;
    ticking_ = true;
    boost::asio::co_spawn(acceptors_[0].get_executor(), tick_loop(this->shared_from_this()),
                          boost::asio::detached);
  }

  static detail::awaitable<void> tick_loop(std::shared_ptr<Impl> self) {
    self->ticker_.emplace(self->acceptors_[0].get_executor());
    while (!self->sessions_.empty() && !self->stopped_) {
      self->ticker_->expires_after(std::chrono::seconds(1));
      co_await self->ticker_->async_wait(detail::kAwait);
      // abort() only starts what ends a session: the set does not change under the loop.
      for (Session* const session : self->sessions_) session->tick();
    }
    self->ticking_ = false;
  }

  std::vector<Acceptor> acceptors_;
  std::vector<Timer> retry_timers_;
  std::optional<Timer> ticker_;
  Folder folder_;
  ServerSettings settings_;
  ServerCounters counters_;
  std::unordered_set<Session*> sessions_;
  bool ticking_ = false;
  bool stopped_ = false;
};

template <class Protocol>
FileServer<Protocol>::FileServer(std::vector<Acceptor> acceptors, Folder folder,
                                 ServerSettings settings)
    : impl_(std::make_shared<Impl>(std::move(acceptors), std::move(folder), std::move(settings))) {}

template <class Protocol>
FileServer<Protocol>::~FileServer() {
  if (impl_) impl_->stop();
}

template <class Protocol>
FileServer<Protocol>::FileServer(FileServer&&) noexcept = default;

template <class Protocol>
void FileServer<Protocol>::start() {
  impl_->start();
}

template <class Protocol>
void FileServer<Protocol>::stop() {
  impl_->stop();
}

template <class Protocol>
const ServerCounters& FileServer<Protocol>::counters() const {
  return impl_->counters();
}

}  // namespace bowline::inline v0::http
