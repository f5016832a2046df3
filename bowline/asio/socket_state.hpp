#pragma once

// What stands behind a socket or acceptor object: the part that does not depend on its executor.
//
// The Stack knows connections and listeners; a socket that is merely open, bound or being given
// options exists only here. When it connects or listens it gets a Handle, and this becomes the
// translator between the two: Asio's calls in, the Stack's calls out, what would block kept in
// three queues (input, output, exceptions) until the Stack says that the handle is ready.

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "bowline/asio/host.hpp"
#include "bowline/asio/operation.hpp"
#include "bowline/asio/socket_options.hpp"
#include "bowline/base/handle.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::net {

/// The first pieces of a buffer sequence, without its type; empty ones are left out.
template <class Byte>
struct Pieces {
  /// More pieces than this in one call are left for the next: *_some() may take less.
  static constexpr std::size_t kMost = 16;

  template <class Buffers>
  static Pieces of(const Buffers& buffers) {
    Pieces pieces;
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != end && pieces.count < kMost;
         ++it) {
      using Buffer = std::conditional_t<std::is_const_v<Byte>, boost::asio::const_buffer,
                                        boost::asio::mutable_buffer>;
      const Buffer buffer(*it);
      if (buffer.size() == 0) continue;
      pieces.list[pieces.count++] = {static_cast<Byte*>(buffer.data()), buffer.size()};
    }
    return pieces;
  }
  [[nodiscard]] std::span<const std::span<Byte>> all() const noexcept {
    return {list.data(), count};
  }

  std::array<std::span<Byte>, kMost> list;
  std::size_t count = 0;
};
using InPieces = Pieces<std::byte>;
using OutPieces = Pieces<const std::byte>;

/// A socket or acceptor without its executor. The calls are those of Asio's sockets, errors
/// included; all may be made from any thread, with one call on the same socket at a time.
class SocketState : public std::enable_shared_from_this<SocketState> {
 public:
  using Error = boost::system::error_code;
  enum class Queue : std::uint8_t { input, output, exceptions };

  /// An open socket of `family` on `host`: not bound, not connected.
  SocketState(std::shared_ptr<Host> host, Family family);
  SocketState(const SocketState&) = delete;
  SocketState& operator=(const SocketState&) = delete;
  ~SocketState();

  [[nodiscard]] Host& host() const noexcept { return *host_; }
  [[nodiscard]] Handle handle() const noexcept { return handle_; }
  [[nodiscard]] Family family() const noexcept { return family_; }
  /// Takes over `handle` of the same stack.
  void assign(Handle handle, Error& error);

  // ---- as Asio's calls of the same names -------------------------------------------------------

  void bind(const Endpoint& local, Error& error);
  void listen(int backlog, Error& error);
  void shutdown(boost::asio::socket_base::shutdown_type what, Error& error);
  /// Ends the socket; what is pending completes with operation_aborted.
  void close();
  /// The same, but the handle lives on and is the caller's.
  [[nodiscard]] Handle release();
  void cancel();
  /// Cancels the operation of this number, if it still waits.
  void cancel(std::uint64_t number);
  void set_option(int level, int name, const void* data, std::size_t size, Error& error);
  void get_option(int level, int name, void* data, std::size_t& size, Error& error);
  [[nodiscard]] std::size_t available(Error& error);
  [[nodiscard]] Endpoint local_endpoint(Error& error);
  [[nodiscard]] Endpoint remote_endpoint(Error& error);
  [[nodiscard]] bool non_blocking() const noexcept { return non_blocking_; }
  void set_non_blocking(bool mode) noexcept { non_blocking_ = mode; }

  // ---- synchronous: until it is done, or once with non_blocking() ------------------------------

  void connect(const Endpoint& remote, Error& error);
  [[nodiscard]] std::size_t read(const InPieces& to, int flags, Error& error);
  [[nodiscard]] std::size_t write(const OutPieces& from, int flags, Error& error);
  [[nodiscard]] std::shared_ptr<SocketState> accept(Error& error);
  void wait(boost::asio::socket_base::wait_type what, Error& error);

  // ---- asynchronous ----------------------------------------------------------------------------

  /// Tries `operation` at once, after those that wait in `queue` already, and else lets it wait
  /// there.
  void start(Operation* operation, Queue queue);
  /// Begins to connect; `operation` completes when that is over.
  void start_connect(const Endpoint& remote, Operation* operation);

  // ---- attempts: true when over, well or not. Under Host::call(), for operations and the above
  // ------

  [[nodiscard]] bool try_connect(Error& error);
  [[nodiscard]] bool try_read(const InPieces& to, int flags, std::size_t& bytes, Error& error);
  [[nodiscard]] bool try_write(const OutPieces& from, int flags, std::size_t& bytes, Error& error);
  [[nodiscard]] bool try_accept(std::shared_ptr<SocketState>& peer, Error& error);
  [[nodiscard]] bool try_wait(boost::asio::socket_base::wait_type what, Error& error);

  // ---- for the host, under its mutex -----------------------------------------------------------

  /// The Stack says what the handle is ready for: operations that are over now go to `done`.
  void serve(std::uint8_t mask, OperationQueue& done);
  /// The host is closing: everything pending goes to `pending` as aborted, the handle is forgotten.
  void give_up(OperationQueue& pending);

 private:
  enum class Phase : std::uint8_t { open, connecting, connected, listening, closed };

  void begin_connect(const Endpoint& remote, Error& error);
  void bind_to(Stack& stack, const Endpoint& local, Error& error);
  void take(Handle handle, Phase phase);
  void forget_handle();
  void abort_all(OperationQueue& done);
  /// The Stack, or null and an error.
  [[nodiscard]] Stack* stack(Error& error) const;
  /// The Stack for a socket that has a connection, or null and an error.
  [[nodiscard]] Stack* stack_of_connection(Error& error) const;
  /// Repeats `attempt(error)` until it is over; in between the stack gets turns in place.
  template <class Attempt>
  void block(Attempt attempt, bool once, Error& error);

  const std::shared_ptr<Host> host_;
  const Family family_;
  Phase phase_ = Phase::open;
  bool non_blocking_ = false;
  Handle handle_;
  std::optional<Endpoint> bound_;
  bowline::tcp::SocketOptions options_;  // those of a socket that has no handle yet
  SocketFlags flags_;
  OperationQueue input_, output_, exceptions_;
};

}  // namespace bowline::inline v0::net
