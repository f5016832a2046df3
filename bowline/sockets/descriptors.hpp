#pragma once

// The descriptor table itself: numbers, and the open files that they refer to.

#include <memory>
#include <vector>

#include "bowline/sockets/call.hpp"
#include "bowline/sockets/file.hpp"
#include "bowline/sockets/host.hpp"
#include "bowline/sockets/socket.hpp"
#include "bowline/sockets/socket_table.hpp"

namespace bowline::inline v0::sockets {

/// The inside of a SocketTable.
class SocketTable::Descriptors {
 public:
  /// Empty.
  Descriptors(Stack& stack, const TableLimits& limits) : host{stack, limits} {}
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  ~Descriptors() { slots_.clear(); }

  /// The lowest free number from `least` on for `file`. EMFILE when there is none.
  Outcome add(std::shared_ptr<File> file, bool close_on_exec, int least = 0);
  /// Takes `fd` out; null: it was not there. The caller closes the file with its last descriptor.
  std::shared_ptr<File> remove(int fd);
  /// The file behind `fd`; null: EBADF.
  [[nodiscard]] std::shared_ptr<File> file(int fd) const noexcept;
  /// The socket behind `fd`; the error is EBADF or ENOTSOCK.
  [[nodiscard]] std::expected<std::shared_ptr<Socket>, int> socket(int fd) const noexcept;
  /// FD_CLOEXEC of `fd`, which is there.
  [[nodiscard]] bool& close_on_exec(int fd) noexcept;

  Host host;

 private:
  struct Slot {
    std::shared_ptr<File> file;
    bool close_on_exec = false;
  };
  std::vector<Slot> slots_;  // from limits.first_descriptor on
  int first_ = host.limits.first_descriptor;
};

}  // namespace bowline::inline v0::sockets
