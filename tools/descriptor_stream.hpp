#pragma once

// Standard input and output beside a Stack: read and written without ever making it wait, whatever
// they are. A pipe and a terminal are waited for; a regular file and /dev/null are always ready; a
// closed descriptor is empty input.
//
// The descriptors are shared with other processes (the shell, the rest of a pipeline), so they are
// not made non-blocking: what is written to is opened a second time for that where the system lets
// us, and where it does not, only so much is written at a time as cannot block.

#include "bowline/asio.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <span>

#include "bowline/os/file_descriptor.hpp"
#include "tools/readiness.hpp"

namespace bowline::tools {

/// Bytes from a descriptor.
class DescriptorInput {
 public:
  /// `descriptor` stays open for as long as this lives.
  DescriptorInput(const boost::asio::any_io_executor& executor, int descriptor);

  struct Read {
    boost::system::error_code error;
    std::size_t size = 0;  ///< 0 without an error: the end
  };
  /// What is there, once there is something.
  boost::asio::awaitable<Read> read_some(std::span<char> to);
  /// Ends what is pending with operation_aborted; the next read works.
  void interrupt();
  /// Ends what is pending with operation_aborted, for good.
  void cancel();

 private:
  int descriptor_;
  Readiness readable_;
  bool cancelled_ = false;
};

/// Bytes to a descriptor.
class DescriptorOutput {
 public:
  /// `descriptor` stays open for as long as this lives.
  DescriptorOutput(const boost::asio::any_io_executor& executor, int descriptor);

  /// Writes all, waiting where the reader is slow. Errors: broken_pipe when it is gone, those of
  /// write(2).
  boost::asio::awaitable<boost::system::error_code> write(std::span<const char> bytes);
  /// Waits until nobody reads any longer (pipes and sockets). False: that cannot be told of this
  /// descriptor, or cancel() came.
  boost::asio::awaitable<bool> wait_until_deserted();
  /// Ends what is pending with operation_aborted, for good.
  void cancel();

 private:
  [[nodiscard]] std::ptrdiff_t try_write(std::span<const char> bytes) const;

  int descriptor_;
  Readiness writable_;
  Readiness deserted_;
  os::FileDescriptor own_;  // opened again, not blocking
  bool is_socket_ = false;
  bool may_block_ = false;  // each write must wait first, and be small
};

}  // namespace bowline::tools
