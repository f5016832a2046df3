#include "tools/descriptor_stream.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cerrno>

namespace bowline::tools {
namespace {

using boost::asio::awaitable;
using boost::system::error_code;

error_code last_error() { return {errno, boost::system::system_category()}; }

}  // namespace

// ---- input -------------------------------------------------------------------------------------

DescriptorInput::DescriptorInput(const boost::asio::any_io_executor& executor, int descriptor)
    : descriptor_(descriptor), readable_(executor, descriptor, EPOLLIN) {}

awaitable<DescriptorInput::Read> DescriptorInput::read_some(std::span<char> to) {
  for (;;) {
    if (readable_.can_wait()) {
      const error_code error = co_await readable_.wait();
      if (error) co_return Read{error, 0};
    }
    if (cancelled_) co_return Read{boost::asio::error::operation_aborted, 0};
    const ssize_t got = ::read(descriptor_, to.data(), to.size());
    if (got >= 0) co_return Read{{}, static_cast<std::size_t>(got)};
    if (errno == EBADF) co_return Read{};  // started without standard input: `<&-`
    if (errno == EIO) co_return Read{};    // the terminal is gone
    if (errno != EINTR && errno != EAGAIN) co_return Read{last_error(), 0};
  }
}

void DescriptorInput::interrupt() { readable_.interrupt(); }

void DescriptorInput::cancel() {
  cancelled_ = true;
  readable_.cancel();
}

// ---- output ------------------------------------------------------------------------------------

DescriptorOutput::DescriptorOutput(const boost::asio::any_io_executor& executor, int descriptor)
    : descriptor_(descriptor),
      writable_(executor, descriptor, EPOLLOUT),
      deserted_(executor, descriptor, 0) {
  struct stat what{};
  if (!writable_.can_wait() || ::fstat(descriptor, &what) != 0) return;
  is_socket_ = S_ISSOCK(what.st_mode);
  if (is_socket_) return;
  const std::string path = fmt::format("/proc/self/fd/{}", descriptor);
  own_ = os::FileDescriptor(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  may_block_ = !own_;
}

std::ptrdiff_t DescriptorOutput::try_write(std::span<const char> bytes) const {
  if (is_socket_) {
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (own_) return ::write(own_.get(), bytes.data(), bytes.size());
  // A pipe that is ready takes this much at once (pipe(7)).
  const std::size_t most = may_block_ ? std::size_t{PIPE_BUF} : bytes.size();
  return ::write(descriptor_, bytes.data(), std::min(bytes.size(), most));
}

awaitable<error_code> DescriptorOutput::write(std::span<const char> bytes) {
  bool wait_first = may_block_;
  while (!bytes.empty()) {
    if (wait_first) {
      const error_code error = co_await writable_.wait();
      if (error) co_return error;
    }
    const ssize_t put = try_write(bytes);
    if (put < 0 && errno != EINTR && errno != EAGAIN) co_return last_error();
    wait_first = may_block_ || put < 0;
    if (put > 0) bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  co_return error_code();
}

awaitable<bool> DescriptorOutput::wait_until_deserted() {
  if (!deserted_.can_wait()) co_return false;
  const error_code error = co_await deserted_.wait();
  co_return !error;
}

void DescriptorOutput::cancel() {
  writable_.cancel();
  deserted_.cancel();
}

}  // namespace bowline::tools
