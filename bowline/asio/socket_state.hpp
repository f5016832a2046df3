#pragma once

// What stands behind a socket or acceptor object: the part that does not depend on its executor.
//
// The Stack knows connections, listeners and UDP endpoints; a socket that is merely open or being
// given options exists only here. When it gets a Handle, this becomes the translator between the
// two: Asio's calls in, the Stack's calls out, what would block kept in three queues (input,
// output, exceptions) until the Stack says that the handle is ready. Here is what all sockets have
// in common; stream_state.hpp and datagram_state.hpp have the rest.

#include <boost/asio/socket_base.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>

#include "bowline/asio/host.hpp"
#include "bowline/asio/operation.hpp"
#include "bowline/base/handle.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::net {

/// A socket or acceptor without its executor. The calls are those of Asio's sockets, errors
/// included; all may be made from any thread, with one call on the same socket at a time.
class SocketState {
 public:
  using Error = boost::system::error_code;
  enum class Queue : std::uint8_t { input, output, exceptions };

  SocketState(const SocketState&) = delete;
  SocketState& operator=(const SocketState&) = delete;

  [[nodiscard]] Host& host() const noexcept { return *host_; }
  [[nodiscard]] Handle handle() const noexcept { return handle_; }
  [[nodiscard]] Family family() const noexcept { return family_; }

  // ---- as Asio's calls of the same names -------------------------------------------------------

  /// Ends the socket; what is pending completes with operation_aborted.
  void close();
  /// The same, but the handle lives on and is the caller's.
  [[nodiscard]] Handle release();
  void cancel();
  /// Cancels the operation of this number, if it still waits.
  void cancel(std::uint64_t number);
  void wait(boost::asio::socket_base::wait_type what, Error& error);
  [[nodiscard]] bool non_blocking() const noexcept { return non_blocking_; }
  void set_non_blocking(bool mode) noexcept { non_blocking_ = mode; }

  /// Tries `operation` at once, after those that wait in `queue` already, and else lets it wait
  /// there.
  void start(Operation* operation, Queue queue);
  /// One attempt, under Host::call(): is the handle ready for `what`, or would no call block?
  [[nodiscard]] bool try_wait(boost::asio::socket_base::wait_type what, Error& error);

  // ---- for the host, under its mutex -----------------------------------------------------------

  /// The Stack says what the handle is ready for: operations that are over now go to `done`.
  void serve(std::uint8_t mask, OperationQueue& done);
  /// The host is closing: everything pending goes to `pending` as aborted, the handle is forgotten.
  void give_up(OperationQueue& pending);

 protected:
  /// An open socket of `family` on `host`.
  SocketState(std::shared_ptr<Host> host, Family family)
      : host_(std::move(host)), family_(family) {}
  ~SocketState() { close(); }

  /// What serve() is told, before the operations are tried.
  virtual void note_ready(std::uint8_t /*mask*/) {}

  /// Becomes the socket of `handle`.
  void take(Handle handle);
  void forget_handle();
  /// The Stack, or null and an error.
  [[nodiscard]] Stack* stack(Error& error) const;
  [[nodiscard]] OperationQueue& output() noexcept { return output_; }

  /// Repeats `attempt(error)` until it is over; in between the stack gets turns in place. `once`:
  /// does not repeat it.
  template <class Attempt>
  void block(Attempt attempt, bool once, Error& error) {
    for (;;) {
      const std::uint64_t seen = host_->turns();
      if (host_->call([&](OperationQueue&) { return attempt(error); })) return;
      if (once || !host_->drive_past(seen, kNever)) {
        error = would_block();
        return;
      }
    }
  }

 private:
  [[nodiscard]] static Error would_block() noexcept;
  void abort_all(OperationQueue& done);

  const std::shared_ptr<Host> host_;
  const Family family_;
  Handle handle_;
  bool closed_ = false;
  bool non_blocking_ = false;
  OperationQueue input_, output_, exceptions_;
};

}  // namespace bowline::inline v0::net
