#pragma once

// boost::asio::basic_datagram_socket of our UDP: what sends and receives datagrams.
//
// One call is one datagram, whole or not at all on the way out; on the way in what the buffers have
// no room for is lost, without an error, as with the kernel's sockets.

#include <boost/asio/basic_datagram_socket.hpp>
#include <concepts>
#include <cstddef>
#include <optional>
#include <utility>

#include "bowline/asio/basic_socket.hpp"

namespace boost::asio {

/// A datagram socket. Members as in Asio's documentation.
template <class Executor>
class basic_datagram_socket<bowline::net::udp, Executor>
    : public basic_socket<bowline::net::udp, Executor> {
  using Base = basic_socket<bowline::net::udp, Executor>;
  using Error = boost::system::error_code;
  using message_flags = socket_base::message_flags;
  using Default = bowline::net::detail::DefaultToken<Executor>;

 public:
  using typename Base::endpoint_type;
  using typename Base::executor_type;
  using typename Base::native_handle_type;
  using typename Base::protocol_type;
  template <class Other>
  struct rebind_executor {
    using other = basic_datagram_socket<bowline::net::udp, Other>;
  };

  using Base::Base;
  basic_datagram_socket(basic_datagram_socket&& other) noexcept = default;
  basic_datagram_socket& operator=(basic_datagram_socket&& other) = default;
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_datagram_socket(
      basic_datagram_socket<bowline::net::udp, Other>&& other)  // NOLINT: meant to convert
      : Base(std::move(other)) {}
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_datagram_socket& operator=(basic_datagram_socket<bowline::net::udp, Other>&& other) {
    return *this = basic_datagram_socket(std::move(other));
  }
  ~basic_datagram_socket() = default;

  // ---- out, to the peer of connect() -----------------------------------------------------------

  /// No flags are supported.
  template <class Buffers>
  std::size_t send(const Buffers& buffers, message_flags flags, Error& error) {
    return send_one(buffers, std::nullopt, flags, error);
  }
  template <class Buffers>
  std::size_t send(const Buffers& buffers, message_flags flags = 0) {
    return Base::checked("send", [&](Error& error) { return send(buffers, flags, error); });
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_send(const Buffers& buffers, message_flags flags, Token&& token = Default()) {
    return start_send<Token>(buffers, std::nullopt, flags, token);
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_send(const Buffers& buffers, Token&& token = Default()) {
    return start_send<Token>(buffers, std::nullopt, 0, token);
  }

  // ---- out, to anybody -------------------------------------------------------------------------

  template <class Buffers>
  std::size_t send_to(const Buffers& buffers, const endpoint_type& to, message_flags flags,
                      Error& error) {
    return send_one(buffers, to.to_stack(), flags, error);
  }
  template <class Buffers>
  std::size_t send_to(const Buffers& buffers, const endpoint_type& to, message_flags flags = 0) {
    return Base::checked("send_to",
                         [&](Error& error) { return send_to(buffers, to, flags, error); });
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_send_to(const Buffers& buffers, const endpoint_type& to, message_flags flags,
                     Token&& token = Default()) {
    return start_send<Token>(buffers, to.to_stack(), flags, token);
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_send_to(const Buffers& buffers, const endpoint_type& to, Token&& token = Default()) {
    return start_send<Token>(buffers, to.to_stack(), 0, token);
  }

  // ---- in --------------------------------------------------------------------------------------

  /// message_peek leaves the datagram there; other flags are not supported.
  template <class Buffers>
  std::size_t receive(const Buffers& buffers, message_flags flags, Error& error) {
    return receive_one(buffers, nullptr, flags, error);
  }
  template <class Buffers>
  std::size_t receive(const Buffers& buffers, message_flags flags = 0) {
    return Base::checked("receive", [&](Error& error) { return receive(buffers, flags, error); });
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_receive(const Buffers& buffers, message_flags flags, Token&& token = Default()) {
    return start_receive<Token>(buffers, nullptr, flags, token);
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_receive(const Buffers& buffers, Token&& token = Default()) {
    return start_receive<Token>(buffers, nullptr, 0, token);
  }

  // ---- in, and from whom -----------------------------------------------------------------------

  template <class Buffers>
  std::size_t receive_from(const Buffers& buffers, endpoint_type& from, message_flags flags,
                           Error& error) {
    return receive_one(buffers, &from, flags, error);
  }
  template <class Buffers>
  std::size_t receive_from(const Buffers& buffers, endpoint_type& from, message_flags flags = 0) {
    return Base::checked("receive_from",
                         [&](Error& error) { return receive_from(buffers, from, flags, error); });
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_receive_from(const Buffers& buffers, endpoint_type& from, message_flags flags,
                          Token&& token = Default()) {
    return start_receive<Token>(buffers, &from, flags, token);
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_receive_from(const Buffers& buffers, endpoint_type& from, Token&& token = Default()) {
    return start_receive<Token>(buffers, &from, 0, token);
  }

 private:
  template <class Buffers>
  std::size_t send_one(const Buffers& buffers, const std::optional<bowline::Endpoint>& to,
                       message_flags flags, Error& error) {
    if (!this->open_state(error)) return 0;
    return this->state()->send(bowline::net::Gathered(buffers).bytes(), to, flags, error);
  }
  template <class Buffers>
  std::size_t receive_one(const Buffers& buffers, endpoint_type* from, message_flags flags,
                          Error& error) {
    if (!this->open_state(error)) return 0;
    const bowline::net::Scattered<Buffers> to(buffers);
    bowline::Endpoint sender;
    const std::size_t bytes = this->state()->receive(to.room(), sender, flags, error);
    to.deal_out(bytes);
    if (from != nullptr && !error) *from = endpoint_type(sender);
    return bytes;
  }

  template <class Token, class Buffers>
  auto start_send(const Buffers& buffers, const std::optional<bowline::Endpoint>& to,
                  message_flags flags, std::remove_reference_t<Token>& token) {
    return this->template initiate<void(Error, std::size_t), Token>(token, [this, buffers, to,
                                                                            flags](auto&& handler) {
      this->start(Base::Queue::output, bowline::net::detail::SendWork<Buffers>{buffers, to, flags},
                  std::forward<decltype(handler)>(handler));
    });
  }
  template <class Token, class Buffers>
  auto start_receive(const Buffers& buffers, endpoint_type* from, message_flags flags,
                     std::remove_reference_t<Token>& token) {
    return this->template initiate<void(Error, std::size_t), Token>(token, [this, buffers, from,
                                                                            flags](auto&& handler) {
      this->start(Base::Queue::input,
                  bowline::net::detail::ReceiveWork<Buffers, endpoint_type>{buffers, from, flags},
                  std::forward<decltype(handler)>(handler));
    });
  }
};

}  // namespace boost::asio
