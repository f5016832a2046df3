#pragma once

// Waiting for a descriptor that belongs to others as well (standard input and output).
//
// Asio makes a descriptor non-blocking before it waits for it, and that is a property of the open
// file, which the shell and the rest of a pipeline share. So the descriptor goes into an epoll
// instance of our own, and Asio waits for that.

#include "bowline/asio.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <optional>

namespace bowline::tools {

/// Waits for one descriptor.
class Readiness {
 public:
  /// For `events` (EPOLLIN, EPOLLOUT; errors are always among them) of `descriptor`, which stays
  /// open for as long as this lives.
  Readiness(const boost::asio::any_io_executor& executor, int descriptor, std::uint32_t events);

  /// False for what is always ready: regular files, /dev/null, a closed descriptor.
  [[nodiscard]] bool can_wait() const { return epoll_.has_value(); }
  /// Returns when it is ready. Errors: operation_aborted; operation_not_supported where it cannot
  /// wait.
  boost::asio::awaitable<boost::system::error_code> wait();
  /// Ends what is pending.
  void interrupt();
  /// Ends what is pending, for good.
  void cancel();

 private:
  std::optional<boost::asio::posix::stream_descriptor> epoll_;
};

}  // namespace bowline::tools
