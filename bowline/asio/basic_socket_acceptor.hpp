#pragma once

// boost::asio::basic_socket_acceptor of our TCP.
//
// A connection is accepted into a socket that the program has, or into a new one, on the acceptor's
// executor or on another; each way with or without the peer's endpoint.

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/is_executor.hpp>
#include <concepts>
#include <utility>

#include "bowline/asio/basic_stream_socket.hpp"
#include "bowline/asio/socket_object.hpp"

namespace bowline::inline v0::net::detail {

/// Either of Asio's two kinds of executor.
template <class T>
concept AnyExecutor =
    boost::asio::execution::is_executor<T>::value || boost::asio::is_executor<T>::value;

}  // namespace bowline::inline v0::net::detail

namespace boost::asio {

/// A listening socket. Members as in Asio's documentation.
template <class Executor>
class basic_socket_acceptor<bowline::net::tcp, Executor>
    : public bowline::net::SocketObject<bowline::net::tcp, Executor> {
  using Base = bowline::net::SocketObject<bowline::net::tcp, Executor>;
  using Error = boost::system::error_code;
  using Default = bowline::net::detail::DefaultToken<Executor>;
  template <class PeerExecutor>
  using Peer = basic_stream_socket<bowline::net::tcp, PeerExecutor>;
  template <class PeerExecutor>
  using AnyPeer = basic_socket<bowline::net::tcp, PeerExecutor>;

 public:
  using typename Base::endpoint_type;
  using typename Base::executor_type;
  using typename Base::native_handle_type;
  using typename Base::protocol_type;
  template <class Other>
  struct rebind_executor {
    using other = basic_socket_acceptor<bowline::net::tcp, Other>;
  };

  explicit basic_socket_acceptor(const executor_type& executor) : Base(executor) {}
  basic_socket_acceptor(const executor_type& executor, const protocol_type& protocol)
      : Base(executor) {
    this->open(protocol);
  }
  /// `reuse` makes no difference in this stack (docs/asio.md).
  basic_socket_acceptor(const executor_type& executor, const endpoint_type& endpoint,
                        bool reuse = true)
      : Base(executor) {
    this->open(endpoint.protocol());
    if (reuse) this->set_option(socket_base::reuse_address(true));
    this->bind(endpoint);
    listen();
  }
  basic_socket_acceptor(const executor_type& executor, const protocol_type& protocol,
                        const native_handle_type& handle)
      : Base(executor) {
    this->assign(protocol, handle);
  }
  template <bowline::net::detail::ExecutionContext Context>
  explicit basic_socket_acceptor(Context& context)
      : basic_socket_acceptor(executor_type(context.get_executor())) {}
  template <bowline::net::detail::ExecutionContext Context>
  basic_socket_acceptor(Context& context, const protocol_type& protocol)
      : basic_socket_acceptor(executor_type(context.get_executor()), protocol) {}
  template <bowline::net::detail::ExecutionContext Context>
  basic_socket_acceptor(Context& context, const endpoint_type& endpoint, bool reuse = true)
      : basic_socket_acceptor(executor_type(context.get_executor()), endpoint, reuse) {}
  template <bowline::net::detail::ExecutionContext Context>
  basic_socket_acceptor(Context& context, const protocol_type& protocol,
                        const native_handle_type& handle)
      : basic_socket_acceptor(executor_type(context.get_executor()), protocol, handle) {}

  basic_socket_acceptor(basic_socket_acceptor&& other) noexcept = default;
  basic_socket_acceptor& operator=(basic_socket_acceptor&& other) = default;
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_socket_acceptor(
      basic_socket_acceptor<bowline::net::tcp, Other>&& other)  // NOLINT: meant to convert
      : Base(std::move(other)) {}
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_socket_acceptor& operator=(basic_socket_acceptor<bowline::net::tcp, Other>&& other) {
    return *this = basic_socket_acceptor(std::move(other));
  }
  ~basic_socket_acceptor() = default;

  using Base::open;
  void open() { open(protocol_type::v4()); }

  void listen(int backlog, Error& error) {
    if (this->open_state(error)) this->state()->listen(backlog, error);
  }
  void listen(int backlog = socket_base::max_listen_connections) {
    Base::checked("listen", [&](Error& error) { listen(backlog, error); });
  }

  // ---- into a socket that the program has ------------------------------------------------------

  template <class PeerExecutor>
  void accept(AnyPeer<PeerExecutor>& peer, Error& error) {
    accept_into(peer, nullptr, error);
  }
  template <class PeerExecutor>
  void accept(AnyPeer<PeerExecutor>& peer) {
    Base::checked("accept", [&](Error& error) { accept_into(peer, nullptr, error); });
  }
  template <class PeerExecutor>
  void accept(AnyPeer<PeerExecutor>& peer, endpoint_type& endpoint, Error& error) {
    accept_into(peer, &endpoint, error);
  }
  template <class PeerExecutor>
  void accept(AnyPeer<PeerExecutor>& peer, endpoint_type& endpoint) {
    Base::checked("accept", [&](Error& error) { accept_into(peer, &endpoint, error); });
  }
  template <class PeerExecutor, completion_token_for<void(Error)> Token = Default>
  auto async_accept(AnyPeer<PeerExecutor>& peer, Token&& token = Default()) {
    return start_into<Token>(peer, nullptr, token);
  }
  template <class PeerExecutor, completion_token_for<void(Error)> Token = Default>
  auto async_accept(AnyPeer<PeerExecutor>& peer, endpoint_type& endpoint,
                    Token&& token = Default()) {
    return start_into<Token>(peer, &endpoint, token);
  }

  // ---- into a new socket on the acceptor's executor --------------------------------------------

  Peer<Executor> accept(Error& error) { return accept_new(this->get_executor(), nullptr, error); }
  Peer<Executor> accept() {
    return Base::checked("accept", [&](Error& error) { return accept(error); });
  }
  Peer<Executor> accept(endpoint_type& endpoint, Error& error) {
    return accept_new(this->get_executor(), &endpoint, error);
  }
  Peer<Executor> accept(endpoint_type& endpoint) {
    return Base::checked("accept", [&](Error& error) { return accept(endpoint, error); });
  }
  template <completion_token_for<void(Error, Peer<Executor>)> Token = Default>
  auto async_accept(Token&& token = Default()) {
    return start_new<Token>(this->get_executor(), nullptr, token);
  }
  template <completion_token_for<void(Error, Peer<Executor>)> Token = Default>
  auto async_accept(endpoint_type& endpoint, Token&& token = Default()) {
    return start_new<Token>(this->get_executor(), &endpoint, token);
  }

  // ---- into a new socket on another executor, or on a context's --------------------------------

  template <bowline::net::detail::AnyExecutor Other>
  Peer<Other> accept(const Other& executor, Error& error) {
    return accept_new(executor, nullptr, error);
  }
  template <bowline::net::detail::AnyExecutor Other>
  Peer<Other> accept(const Other& executor) {
    return Base::checked("accept", [&](Error& error) { return accept(executor, error); });
  }
  template <bowline::net::detail::AnyExecutor Other>
  Peer<Other> accept(const Other& executor, endpoint_type& endpoint, Error& error) {
    return accept_new(executor, &endpoint, error);
  }
  template <bowline::net::detail::AnyExecutor Other>
  Peer<Other> accept(const Other& executor, endpoint_type& endpoint) {
    return Base::checked("accept", [&](Error& error) { return accept(executor, endpoint, error); });
  }
  template <bowline::net::detail::AnyExecutor Other,
            completion_token_for<void(Error, Peer<Other>)> Token = Default>
  auto async_accept(const Other& executor, Token&& token = Default()) {
    return start_new<Token>(executor, nullptr, token);
  }
  template <bowline::net::detail::AnyExecutor Other,
            completion_token_for<void(Error, Peer<Other>)> Token = Default>
  auto async_accept(const Other& executor, endpoint_type& endpoint, Token&& token = Default()) {
    return start_new<Token>(executor, &endpoint, token);
  }

  template <bowline::net::detail::ExecutionContext Context>
  auto accept(Context& context, Error& error) {
    return accept_new(context.get_executor(), nullptr, error);
  }
  template <bowline::net::detail::ExecutionContext Context>
  auto accept(Context& context) {
    return Base::checked("accept", [&](Error& error) { return accept(context, error); });
  }
  template <bowline::net::detail::ExecutionContext Context>
  auto accept(Context& context, endpoint_type& endpoint, Error& error) {
    return accept_new(context.get_executor(), &endpoint, error);
  }
  template <bowline::net::detail::ExecutionContext Context>
  auto accept(Context& context, endpoint_type& endpoint) {
    return Base::checked("accept", [&](Error& error) { return accept(context, endpoint, error); });
  }
  template <
      bowline::net::detail::ExecutionContext Context,
      completion_token_for<void(Error, Peer<typename Context::executor_type>)> Token = Default>
  auto async_accept(Context& context, Token&& token = Default()) {
    return start_new<Token>(context.get_executor(), nullptr, token);
  }
  template <
      bowline::net::detail::ExecutionContext Context,
      completion_token_for<void(Error, Peer<typename Context::executor_type>)> Token = Default>
  auto async_accept(Context& context, endpoint_type& endpoint, Token&& token = Default()) {
    return start_new<Token>(context.get_executor(), &endpoint, token);
  }

 private:
  template <class PeerSocket>
  void accept_into(PeerSocket& peer, endpoint_type* endpoint, Error& error) {
    if (!this->open_state(error)) return;
    if (peer.is_open()) {
      error = error::already_open;
      return;
    }
    auto accepted = this->state()->accept(error);
    bowline::net::detail::tell_peer(accepted.get(), endpoint);
    if (accepted) peer.adopt(std::move(accepted));
  }

  template <class PeerExecutor>
  Peer<PeerExecutor> accept_new(const PeerExecutor& executor, endpoint_type* endpoint,
                                Error& error) {
    Peer<PeerExecutor> peer(executor);
    accept_into(peer, endpoint, error);
    return peer;
  }

  template <class Token, class PeerSocket>
  auto start_into(PeerSocket& peer, endpoint_type* endpoint,
                  std::remove_reference_t<Token>& token) {
    return this->template initiate<void(Error), Token>(
        token, [this, &peer, endpoint](auto&& handler) {
          using Work = bowline::net::detail::AcceptIntoWork<PeerSocket, endpoint_type>;
          if (peer.is_open()) {
            this->refuse(Work{&peer, endpoint, nullptr}, std::forward<decltype(handler)>(handler),
                         error::already_open);
          } else {
            this->start(Base::Queue::input, Work{&peer, endpoint, nullptr},
                        std::forward<decltype(handler)>(handler));
          }
        });
  }

  template <class Token, class PeerExecutor>
  auto start_new(const PeerExecutor& executor, endpoint_type* endpoint,
                 std::remove_reference_t<Token>& token) {
    using NewPeer = Peer<PeerExecutor>;
    return this->template initiate<void(Error, NewPeer), Token>(
        token, [this, executor, endpoint](auto&& handler) {
          using Work = bowline::net::detail::AcceptNewWork<NewPeer, PeerExecutor, endpoint_type>;
          this->start(Base::Queue::input, Work{executor, endpoint, nullptr},
                      std::forward<decltype(handler)>(handler));
        });
  }
};

}  // namespace boost::asio
