#pragma once

// boost::asio::basic_socket of our protocol types.
//
// A specialisation of Asio's template: generic code (boost::asio::async_connect over endpoints,
// Beast, a program's own) that takes a basic_socket<Protocol, Executor> takes this one.

#include <boost/asio/basic_socket.hpp>
#include <boost/asio/post.hpp>
#include <concepts>
#include <utility>

#include "bowline/asio/protocol.hpp"
#include "bowline/asio/socket_object.hpp"

namespace boost::asio {

/// The part of a socket that does not transfer data. Members as in Asio's documentation;
/// which of them are there is listed in docs/asio.md.
template <bowline::net::Protocol P, class Executor>
class basic_socket<P, Executor> : public bowline::net::SocketObject<P, Executor> {
  using Base = bowline::net::SocketObject<P, Executor>;
  using Error = boost::system::error_code;

 public:
  using typename Base::endpoint_type;
  using typename Base::executor_type;
  using typename Base::native_handle_type;
  using typename Base::protocol_type;
  using lowest_layer_type = basic_socket;
  template <class Other>
  struct rebind_executor {
    using other = basic_socket<P, Other>;
  };

  explicit basic_socket(const executor_type& executor) : Base(executor) {}
  basic_socket(const executor_type& executor, const protocol_type& protocol) : Base(executor) {
    open(protocol);
  }
  basic_socket(const executor_type& executor, const endpoint_type& endpoint) : Base(executor) {
    open(endpoint.protocol());
    this->bind(endpoint);
  }
  basic_socket(const executor_type& executor, const protocol_type& protocol,
               const native_handle_type& handle)
      : Base(executor) {
    this->assign(protocol, handle);
  }
  template <bowline::net::detail::ExecutionContext Context>
  explicit basic_socket(Context& context) : basic_socket(executor_type(context.get_executor())) {}
  template <bowline::net::detail::ExecutionContext Context>
  basic_socket(Context& context, const protocol_type& protocol)
      : basic_socket(executor_type(context.get_executor()), protocol) {}
  template <bowline::net::detail::ExecutionContext Context>
  basic_socket(Context& context, const endpoint_type& endpoint)
      : basic_socket(executor_type(context.get_executor()), endpoint) {}
  template <bowline::net::detail::ExecutionContext Context>
  basic_socket(Context& context, const protocol_type& protocol, const native_handle_type& handle)
      : basic_socket(executor_type(context.get_executor()), protocol, handle) {}

  basic_socket(basic_socket&& other) noexcept = default;
  basic_socket& operator=(basic_socket&& other) = default;
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_socket(basic_socket<P, Other>&& other)  // NOLINT: meant to convert
      : Base(std::move(other)) {}
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_socket& operator=(basic_socket<P, Other>&& other) {
    return *this = basic_socket(std::move(other));
  }

  [[nodiscard]] lowest_layer_type& lowest_layer() noexcept { return *this; }
  [[nodiscard]] const lowest_layer_type& lowest_layer() const noexcept { return *this; }

  using Base::open;
  void open() { open(protocol_type::v4()); }

  /// Not supported: the stack does not tell where the urgent data ends (RFC 6093 advises against
  /// it).
  [[nodiscard]] bool at_mark(Error& error) const {
    error = boost::asio::error::operation_not_supported;
    return false;
  }
  [[nodiscard]] bool at_mark() const {
    return Base::checked("at_mark", [&](Error& error) { return at_mark(error); });
  }

  [[nodiscard]] std::size_t available(Error& error) const {
    return this->open_state(error) ? this->state()->available(error) : 0;
  }
  [[nodiscard]] std::size_t available() const {
    return Base::checked("available", [&](Error& error) { return available(error); });
  }

  [[nodiscard]] endpoint_type remote_endpoint(Error& error) const {
    if (!this->open_state(error)) return {};
    const bowline::Endpoint remote = this->state()->remote_endpoint(error);
    return error ? endpoint_type() : endpoint_type(remote);
  }
  [[nodiscard]] endpoint_type remote_endpoint() const {
    return Base::checked("remote_endpoint", [&](Error& error) { return remote_endpoint(error); });
  }

  void shutdown(socket_base::shutdown_type what, Error& error) {
    if (this->open_state(error)) this->state()->shutdown(what, error);
  }
  void shutdown(socket_base::shutdown_type what) {
    Base::checked("shutdown", [&](Error& error) { shutdown(what, error); });
  }

  /// Opens the socket if it is not.
  void connect(const endpoint_type& peer, Error& error) {
    error.clear();
    if (!this->is_open()) open(peer.protocol(), error);
    if (!error) this->state()->connect(peer.to_stack(), error);
  }
  void connect(const endpoint_type& peer) {
    Base::checked("connect", [&](Error& error) { connect(peer, error); });
  }

  /// Opens the socket if it is not.
  template <completion_token_for<void(Error)> Token = bowline::net::detail::DefaultToken<Executor>>
  auto async_connect(const endpoint_type& peer,
                     Token&& token = bowline::net::detail::DefaultToken<Executor>()) {
    Error unopened;
    if (!this->is_open()) open(peer.protocol(), unopened);
    return this->template initiate<void(Error), Token>(
        token, [this, remote = peer.to_stack(), unopened](auto&& handler) {
          this->begin(bowline::net::detail::ConnectWork<typename P::state>{},
                      std::forward<decltype(handler)>(handler), unopened,
                      [&](bowline::net::Operation* operation) {
                        this->state()->start_connect(remote, operation);
                      });
        });
  }

 protected:
  ~basic_socket() = default;
};

}  // namespace boost::asio
