#pragma once

// What a socket object and an acceptor object have in common.
//
// The object is an executor and a reference to the state behind it; a closed one has none.
// Each call has the two forms of Asio's: one that reports through an error_code, one that throws.

#include <sys/ioctl.h>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/detail/throw_error.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

#include "bowline/asio/context.hpp"
#include "bowline/asio/host.hpp"
#include "bowline/asio/initiation.hpp"
#include "bowline/asio/operation.hpp"
#include "bowline/asio/protocol.hpp"
#include "bowline/asio/socket_work.hpp"

namespace bowline::inline v0::net {

/// The members that basic_socket and basic_socket_acceptor share. They mean what Asio's mean.
template <Protocol P, class Executor>
class SocketObject : public boost::asio::socket_base {
 public:
  using State = typename P::state;
  using Error = boost::system::error_code;
  using executor_type = Executor;
  using protocol_type = P;
  using endpoint_type = typename P::endpoint;
  /// Names the socket on its stack; see release() and assign().
  using native_handle_type = Handle;

  SocketObject(const SocketObject&) = delete;
  SocketObject& operator=(const SocketObject&) = delete;

  [[nodiscard]] const executor_type& get_executor() noexcept { return executor_; }

  void open(const protocol_type& protocol, Error& error) {
    if (is_open()) {
      error = boost::asio::error::already_open;
      return;
    }
    std::shared_ptr<Host> host = find(protocol);
    if (host == nullptr || host->is_closed()) {
      error = boost::asio::error::network_down;
      return;
    }
    const Family family = protocol.family() == AF_INET6 ? Family::ipv6 : Family::ipv4;
    state_ = std::make_shared<State>(std::move(host), family);
    error.clear();
  }
  void open(const protocol_type& protocol) {
    checked("open", [&](Error& error) { open(protocol, error); });
  }

  /// Takes over a handle of this context's stack (or protocol.on()'s).
  void assign(const protocol_type& protocol, const native_handle_type& handle, Error& error) {
    open(protocol, error);
    if (error) return;
    state_->assign(handle, error);
    if (error) state_.reset();
  }
  void assign(const protocol_type& protocol, const native_handle_type& handle) {
    checked("assign", [&](Error& error) { assign(protocol, handle, error); });
  }

  [[nodiscard]] bool is_open() const noexcept { return state_ != nullptr; }

  void close(Error& error) {
    error.clear();
    if (const std::shared_ptr<State> state = std::exchange(state_, nullptr)) state->close();
  }
  void close() {
    checked("close", [&](Error& error) { close(error); });
  }

  /// Gives the handle away: pending operations are aborted, the connection goes on.
  native_handle_type release(Error& error) {
    Handle handle;
    if (open_state(error)) handle = std::exchange(state_, nullptr)->release();
    return handle;
  }
  native_handle_type release() {
    return checked("release", [&](Error& error) { return release(error); });
  }
  /// Names nothing as long as the socket is neither connected nor listening.
  [[nodiscard]] native_handle_type native_handle() {
    return is_open() ? state_->handle() : Handle{};
  }

  void cancel(Error& error) {
    if (open_state(error)) state_->cancel();
  }
  void cancel() {
    checked("cancel", [&](Error& error) { cancel(error); });
  }

  void bind(const endpoint_type& endpoint, Error& error) {
    if (open_state(error)) state_->bind(endpoint.to_stack(), error);
  }
  void bind(const endpoint_type& endpoint) {
    checked("bind", [&](Error& error) { bind(endpoint, error); });
  }

  template <class Option>
  void set_option(const Option& option, Error& error) {
    if (!open_state(error)) return;
    const protocol_type protocol = this->protocol();
    state_->set_option(option.level(protocol), option.name(protocol), option.data(protocol),
                       option.size(protocol), error);
  }
  template <class Option>
  void set_option(const Option& option) {
    checked("set_option", [&](Error& error) { set_option(option, error); });
  }
  template <class Option>
  void get_option(Option& option, Error& error) const {
    if (!open_state(error)) return;
    const protocol_type protocol = this->protocol();
    std::size_t size = option.size(protocol);
    state_->get_option(option.level(protocol), option.name(protocol), option.data(protocol), size,
                       error);
    if (!error) option.resize(protocol, size);
  }
  template <class Option>
  void get_option(Option& option) const {
    checked("get_option", [&](Error& error) { get_option(option, error); });
  }

  /// FIONREAD (bytes_readable) and FIONBIO; others are not supported.
  template <class Command>
  void io_control(Command& command, Error& error) {
    if (!open_state(error)) return;
    int* const value = static_cast<int*>(command.data());
    if (command.name() == static_cast<int>(FIONREAD)) {
      *value = static_cast<int>(state_->available(error));
    } else if (command.name() == static_cast<int>(FIONBIO)) {
      state_->set_non_blocking(*value != 0);
    } else {
      error = boost::asio::error::operation_not_supported;
    }
  }
  template <class Command>
  void io_control(Command& command) {
    checked("io_control", [&](Error& error) { io_control(command, error); });
  }

  [[nodiscard]] bool non_blocking() const noexcept { return is_open() && state_->non_blocking(); }
  void non_blocking(bool mode, Error& error) {
    if (open_state(error)) state_->set_non_blocking(mode);
  }
  void non_blocking(bool mode) {
    checked("non_blocking", [&](Error& error) { non_blocking(mode, error); });
  }
  /// There is no descriptor below with a mode of its own: the same as non_blocking().
  [[nodiscard]] bool native_non_blocking() const noexcept { return non_blocking(); }
  void native_non_blocking(bool mode, Error& error) { non_blocking(mode, error); }
  void native_non_blocking(bool mode) { non_blocking(mode); }

  [[nodiscard]] endpoint_type local_endpoint(Error& error) const {
    return open_state(error) ? endpoint_type(state_->local_endpoint(error)) : endpoint_type();
  }
  [[nodiscard]] endpoint_type local_endpoint() const {
    return checked("local_endpoint", [&](Error& error) { return local_endpoint(error); });
  }

  void wait(wait_type what, Error& error) {
    if (open_state(error)) state_->wait(what, error);
  }
  void wait(wait_type what) {
    checked("wait", [&](Error& error) { wait(what, error); });
  }
  template <boost::asio::completion_token_for<void(Error)> Token = detail::DefaultToken<Executor>>
  auto async_wait(wait_type what, Token&& token = detail::DefaultToken<Executor>()) {
    return initiate<void(Error), Token>(token, [this, what](auto&& handler) {
      const Queue queue = what == wait_read    ? Queue::input
                          : what == wait_write ? Queue::output
                                               : Queue::exceptions;
      start(queue, detail::WaitWork<State>{what}, std::forward<decltype(handler)>(handler));
    });
  }

  /// For acceptors: becomes the socket of `state`.
  void adopt(std::shared_ptr<State> state) {
    Error ignored;
    close(ignored);
    state_ = std::move(state);
  }

 protected:
  using Queue = SocketState::Queue;

  explicit SocketObject(const Executor& executor) : executor_(executor) {}
  SocketObject(SocketObject&& other) noexcept
      : executor_(other.executor_), state_(std::exchange(other.state_, nullptr)) {}
  template <Protocol OtherProtocol, class Other>
  explicit SocketObject(SocketObject<OtherProtocol, Other>&& other)
      : executor_(other.executor_), state_(std::exchange(other.state_, nullptr)) {}
  SocketObject& operator=(SocketObject&& other) noexcept {
    if (this == &other) return *this;
    Error ignored;
    close(ignored);
    executor_ = other.executor_;
    state_ = std::exchange(other.state_, nullptr);
    return *this;
  }
  ~SocketObject() {
    Error ignored;
    close(ignored);
  }

  /// Calls `function(error)` and throws its error, with the name of the operation.
  template <class Function>
  static auto checked(const char* what, Function&& function) {
    Error error;
    if constexpr (std::is_void_v<decltype(function(error))>) {
      function(error);
      boost::asio::detail::throw_error(error, what);
    } else {
      auto result = function(error);
      boost::asio::detail::throw_error(error, what);
      return result;
    }
  }

  /// Is there a socket? Otherwise bad_descriptor.
  bool open_state(Error& error) const {
    if (is_open()) {
      error.clear();
    } else {
      error = boost::asio::error::bad_descriptor;
    }
    return is_open();
  }

  /// Has `starter` called with the handler of `token`. `Token` is named, not deduced: a reference
  /// says that the token is to be copied.
  template <class Signature, class Token, class Starter>
  auto initiate(std::remove_reference_t<Token>& token, Starter starter) {
    return boost::asio::async_initiate<Token, Signature>(
        detail::Initiation(executor_, std::move(starter)), token);
  }

  /// Starts `work`; with a closed socket it completes with bad_descriptor.
  template <class Work, class Handler>
  void start(Queue queue, Work work, Handler&& handler) {
    begin(std::move(work), std::forward<Handler>(handler), boost::asio::error::bad_descriptor,
          [&](Operation* operation) { state_->start(operation, queue); });
  }

  /// An operation that fails with `error` without having been tried.
  template <class Work, class Handler>
  void refuse(Work work, Handler&& handler, Error error) {
    Operation* const operation =
        make_operation(std::move(work), std::forward<Handler>(handler), executor_);
    operation->fail(error);
    operation->complete();
  }

  /// Makes an operation that its cancellation slot can find, and has `go` start it; with a closed
  /// socket it completes with `closed`.
  template <class Work, class Handler, class Go>
  void begin(Work work, Handler&& handler, Error closed, Go go) {
    if (!is_open()) {
      refuse(std::move(work), std::forward<Handler>(handler), closed);
      return;
    }
    const auto slot = boost::asio::get_associated_cancellation_slot(handler);
    Operation* const operation =
        make_operation(std::move(work), std::forward<Handler>(handler), executor_);
    if (slot.is_connected()) make_cancellable(slot, *operation);
    go(operation);
  }

  [[nodiscard]] const std::shared_ptr<State>& state() const noexcept { return state_; }

 private:
  template <Protocol OtherProtocol, class Other>
  friend class SocketObject;

  /// A read, write, accept, wait or connect has either done nothing or is over: all kinds of
  /// cancellation are the same to it.
  template <class Slot>
  void make_cancellable(Slot slot, Operation& operation) {
    const std::uint64_t number = state_->host().next_number();
    operation.set_number(number);
    slot.assign([weak = std::weak_ptr<State>(state_), number](boost::asio::cancellation_type type) {
      if (type == boost::asio::cancellation_type::none) return;
      if (const std::shared_ptr<State> state = weak.lock()) state->cancel(number);
    });
  }

  [[nodiscard]] std::shared_ptr<Host> find(const protocol_type& protocol) const {
    if (Host* const host = protocol.host()) return host->shared_from_this();
    return find_host(detail::context_of(executor_));
  }
  [[nodiscard]] protocol_type protocol() const {
    return state_->family() == Family::ipv6 ? protocol_type::v6() : protocol_type::v4();
  }

  Executor executor_;
  std::shared_ptr<State> state_;
};

}  // namespace bowline::inline v0::net
