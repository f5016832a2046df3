#pragma once

// A Host: a Stack as the sockets of an execution context see it.
//
// Sockets are the program's; the Host finds the socket that belongs to a handle, tries the
// operations that wait on it when the Stack says that it is ready, and hands finished ones out to
// be posted. It does not say where frames and time come from: that is its driver's part (IoHost for
// an io_context; a simulation has another), which is told by touched() that a call may have left
// something to send.
//
// Every call on the Stack goes through call(): under the context's mutex (which may run on several
// threads), with handlers posted only after it is released.

#include <atomic>
#include <boost/asio/execution_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "bowline/asio/name_service.hpp"
#include "bowline/asio/operation.hpp"
#include "bowline/asio/stack_service.hpp"
#include "bowline/base/handle.hpp"
#include "bowline/base/time.hpp"
#include "bowline/stack/stack.hpp"

namespace bowline::inline v0::net {

class SocketState;

/// A mutex, or nothing at all for a context that promises to have one thread.
class OptionalMutex {
 public:
  /// Not `enabled`: locking does nothing.
  explicit OptionalMutex(bool enabled) noexcept : enabled_(enabled) {}
  /// Waits for the mutex, if it is one.
  void lock() {
    if (enabled_) mutex_.lock();
  }
  /// Gives it back.
  void unlock() {
    if (enabled_) mutex_.unlock();
  }
  [[nodiscard]] bool enabled() const noexcept { return enabled_; }  ///< Is it a mutex at all?

 private:
  std::mutex mutex_;
  const bool enabled_;
};

/// A Stack bound to an execution context. Shared by its service and its sockets; what it drives
/// lives until close() or until the context goes, whichever is first.
class Host : public std::enable_shared_from_this<Host> {
 public:
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  virtual ~Host() = default;

  /// Calls `function(Stack&, Time now)` as one of the application's calls and returns what it
  /// returns: for set-up, listings and inspection. Throws network_down when the host is closed. It
  /// must not use sockets of this host.
  template <class Function>
  auto with_stack(Function&& function) {
    return call([&](OperationQueue&) { return function(open_stack(), now()); });
  }

  /// Lets go of the Stack and all it drives; sockets are dead from then on and what was pending
  /// completes with operation_aborted. Legal everywhere outside with_stack(), handlers included.
  void close();
  /// close() for a context that is going: what was pending is destroyed, not called.
  void abandon();
  /// Has close() or abandon() been called?
  [[nodiscard]] bool is_closed() const noexcept { return closed_; }

  /// What it is bound to.
  [[nodiscard]] boost::asio::execution_context& context() const noexcept { return context_; }

  /// Resolvers ask these name servers from now on, in this order and as patiently as the config
  /// says; its hosts file is copied. Without any, names are not found. Throws network_down when the
  /// host is closed.
  void set_name_servers(const dns::Config& config);
  /// Whom they ask.
  [[nodiscard]] dns::Config name_servers();

  // ---- for sockets -----------------------------------------------------------------------------

  /// Runs `function(done)` under the mutex; afterwards, without it, posts the operations that it
  /// put into `done`.
  template <class Function>
  auto call(Function&& function) {
    OperationQueue done;
    if constexpr (std::is_void_v<decltype(function(done))>) {
      locked(done, function);
      done.complete_all();
    } else {
      auto result = locked(done, function);
      done.complete_all();
      return result;
    }
  }

  /// The Stack, under call(); null once the host is closed.
  [[nodiscard]] Stack* stack() const noexcept { return closed_ ? nullptr : stack_; }
  /// The time of the calls made now.
  [[nodiscard]] virtual Time now() const = 0;
  /// The lookups, under call(), while stack() is there.
  [[nodiscard]] NameService& names() noexcept { return *names_; }
  /// Has `service` served from now on, until the host goes. Under call().
  void add_service(std::unique_ptr<StackService> service) {
    services_.push_back(std::move(service));
  }
  /// The Stack, under call(). Throws network_down when the host is closed.
  [[nodiscard]] Stack& open_stack() const;
  /// A name for an operation, for its cancellation slot.
  [[nodiscard]] std::uint64_t next_number() noexcept {
    return count_.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  /// Makes `socket` the one that is told about `handle`, or nobody (null). Under call().
  void assign(Handle handle, SocketState* socket);
  /// Keeps a local endpoint for a socket that is bound and neither connected nor listening; the
  /// Stack does not know about it yet. Under call(). Errors: address_in_use.
  Status reserve(const Endpoint& local, const SocketState& socket);
  /// Gives up what reserve() kept. Under call().
  void unreserve(const SocketState& socket) noexcept;

  /// Grows with every turn: a caller that saw something undone compares and knows whether to look
  /// again.
  [[nodiscard]] std::uint64_t turns() const noexcept {
    return turns_.load(std::memory_order_acquire);
  }
  /// For a synchronous call that cannot go on: gives the Stack turns in place, here and now, until
  /// turns() has passed `seen` or `until` has come. Without the mutex. False: nobody could ever
  /// wake it (in virtual time, and in memory when nothing is under way); the caller reports
  /// would_block.
  [[nodiscard]] virtual bool drive_past(std::uint64_t seen, Time until) = 0;

 protected:
  /// `many_threads`: the context may run on several.
  Host(boost::asio::execution_context& context, bool many_threads);

  /// The Stack that is served from now on; it must stay where it is until close_driver().
  void serve(Stack& stack);
  /// Serves every socket that the Stack names as ready. True if there was any, or a service has
  /// something. Under the mutex.
  bool serve_ready(OperationQueue& done);
  /// Lets services know the time: in each turn, after its frames are served. True if anything came
  /// of it. Under the mutex.
  bool advance_services(OperationQueue& done);
  /// When a service needs a turn, whatever the Stack says. Under the mutex.
  [[nodiscard]] Time services_deadline() const noexcept;
  /// A turn has been taken: whoever waits in drive_past() looks again. Under the mutex.
  virtual void turned() { turns_.fetch_add(1, std::memory_order_release); }
  [[nodiscard]] OptionalMutex& mutex() noexcept { return *mutex_; }  ///< The context's; see call().

  /// An application call was made: what it left to send must go out, and the next deadline may be
  /// another. Under the mutex.
  virtual void touched() = 0;
  /// Lets go of the Stack and what drives it. Under the mutex, once.
  virtual void close_driver() = 0;

 private:
  template <class Function>
  auto locked(OperationQueue& done, Function& function) {
    const std::lock_guard lock(*mutex_);
    struct After {
      Host& host;
      OperationQueue& done;
      ~After() { host.called(done); }
    } const after{*this, done};
    return function(done);
  }
  /// The end of every call: what it made ready is served, the driver told.
  void called(OperationQueue& done);
  [[nodiscard]] SocketState** place(Handle handle);
  bool serve_service(const Ready& ready);
  bool collect(OperationQueue& done);
  void close_into(OperationQueue& pending);

  struct Reservation {
    Endpoint local;
    const SocketState* socket;
  };

  boost::asio::execution_context& context_;
  // One for all hosts of a context: between two of them there may be a cable in memory.
  const std::shared_ptr<OptionalMutex> mutex_;
  Stack* stack_ = nullptr;
  std::atomic<bool> closed_ = false;
  std::atomic<std::uint64_t> turns_ = 0;
  std::atomic<std::uint64_t> count_ = 0;
  std::vector<SocketState*> connections_;  // by Handle::index
  std::vector<SocketState*> listeners_;
  std::vector<SocketState*> datagrams_;
  std::vector<Reservation> reservations_;
  std::vector<std::unique_ptr<StackService>> services_;
  NameService* names_ = nullptr;  // one of them
};

// ---- the hosts of a context --------------------------------------------------------------------

/// Makes `host` one of its context's; the first is the one that sockets use unless they are told
/// otherwise (tcp::on()). It is abandoned when the context goes.
void add_host(std::shared_ptr<Host> host);
/// Forgets `host`; its close() does that.
void remove_host(const Host& host);
/// The first host of `context`, or null when it has none.
[[nodiscard]] std::shared_ptr<Host> find_host(boost::asio::execution_context& context);
/// The first host of `context`. Throws network_down when it has none.
[[nodiscard]] Host& host(boost::asio::execution_context& context);
/// All hosts of `context`.
[[nodiscard]] std::vector<std::shared_ptr<Host>> hosts(boost::asio::execution_context& context);

}  // namespace bowline::inline v0::net
