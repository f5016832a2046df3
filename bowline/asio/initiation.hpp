#pragma once

// How an asynchronous member function meets its completion token.
//
// Every one of them ends in boost::asio::async_initiate(), which calls an initiating function with
// the handler that the token stands for: at once, or later (deferred, use_awaitable). Initiation is
// that function with the executor of its object, which Asio's tokens ask for.

#include <boost/asio/async_result.hpp>
#include <utility>

namespace bowline::inline v0::net::detail {

/// The token that is meant where none is given.
template <class Executor>
using DefaultToken = typename boost::asio::default_completion_token<Executor>::type;

/// Starts an operation of an object on `Executor`: calls `Start` with the handler.
template <class Executor, class Start>
class Initiation {
 public:
  using executor_type = Executor;

  Initiation(const Executor& executor, Start start)
      : executor_(executor), start_(std::move(start)) {}

  [[nodiscard]] executor_type get_executor() const noexcept { return executor_; }

  template <class Handler>
  void operator()(Handler&& handler) const {
    start_(std::forward<Handler>(handler));
  }

 private:
  Executor executor_;
  Start start_;
};

}  // namespace bowline::inline v0::net::detail
