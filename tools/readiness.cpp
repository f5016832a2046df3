#include "tools/readiness.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tools/failure.hpp"

namespace bowline::tools {

using boost::asio::posix::stream_descriptor;

Readiness::Readiness(const boost::asio::any_io_executor& executor, int descriptor,
                     std::uint32_t events) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) throw Failure("cannot wait for input and output: too many open files");
  epoll_event event{};
  event.events = events;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0) {
    epoll_.emplace(executor, epoll);
  } else {
    ::close(epoll);  // EPERM: always ready; EBADF: closed
  }
}

boost::asio::awaitable<boost::system::error_code> Readiness::wait() {
  if (!epoll_) co_return boost::asio::error::operation_not_supported;
  constexpr auto kAwait = boost::asio::as_tuple(boost::asio::use_awaitable);
  const auto [error] = co_await epoll_->async_wait(stream_descriptor::wait_read, kAwait);
  co_return error;
}

void Readiness::interrupt() {
  boost::system::error_code ignored;
  if (epoll_) epoll_->cancel(ignored);
}

void Readiness::cancel() {
  boost::system::error_code ignored;
  if (epoll_) epoll_->close(ignored);
}

}  // namespace bowline::tools
