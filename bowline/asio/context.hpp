#pragma once

// The execution context behind an executor.
//
// Sockets and timers are made from an executor or from a context; both ways lead to the context,
// whose services say which stack there is and which time it is.

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>
#include <concepts>

namespace bowline::inline v0::net::detail {

/// The context in which `executor` runs things: of either of Asio's two kinds of executor.
template <class Executor>
[[nodiscard]] boost::asio::execution_context& context_of(const Executor& executor) {
  if constexpr (boost::asio::execution::is_executor<Executor>::value) {
    return boost::asio::query(executor, boost::asio::execution::context);
  } else {
    return executor.context();
  }
}

/// What a constructor that takes a context accepts: an io_context and what derives from one.
template <class Context>
concept ExecutionContext = std::convertible_to<Context&, boost::asio::execution_context&> &&
                           requires(Context& context) { context.get_executor(); };

}  // namespace bowline::inline v0::net::detail
