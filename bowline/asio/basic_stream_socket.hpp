#pragma once

// boost::asio::basic_stream_socket of our TCP: what transfers data.
//
// send and write_some, receive and read_some are each other's other names, as they are in Asio.

#include <boost/asio/basic_stream_socket.hpp>
#include <concepts>
#include <cstddef>
#include <utility>

#include "bowline/asio/basic_socket.hpp"

namespace boost::asio {

/// A stream socket: AsyncReadStream and AsyncWriteStream. Members as in Asio's documentation.
template <class Executor>
class basic_stream_socket<bowline::net::tcp, Executor>
    : public basic_socket<bowline::net::tcp, Executor> {
  using Base = basic_socket<bowline::net::tcp, Executor>;
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
    using other = basic_stream_socket<bowline::net::tcp, Other>;
  };

  using Base::Base;
  basic_stream_socket(basic_stream_socket&& other) noexcept = default;
  basic_stream_socket& operator=(basic_stream_socket&& other) = default;
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_stream_socket(
      basic_stream_socket<bowline::net::tcp, Other>&& other)  // NOLINT: meant to convert
      : Base(std::move(other)) {}
  template <class Other>
    requires std::convertible_to<Other, Executor>
  basic_stream_socket& operator=(basic_stream_socket<bowline::net::tcp, Other>&& other) {
    return *this = basic_stream_socket(std::move(other));
  }
  ~basic_stream_socket() = default;

  // ---- out -------------------------------------------------------------------------------------

  /// message_out_of_band marks the last byte urgent; message_end_of_record means nothing to TCP;
  /// other flags are not supported.
  template <class Buffers>
  std::size_t send(const Buffers& buffers, message_flags flags, Error& error) {
    if (!this->open_state(error)) return 0;
    return this->state()->write(bowline::net::OutPieces::of(buffers), flags, error);
  }
  template <class Buffers>
  std::size_t send(const Buffers& buffers, message_flags flags = 0) {
    return Base::checked("send", [&](Error& error) { return send(buffers, flags, error); });
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, Error& error) {
    return send(buffers, 0, error);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    return Base::checked("write_some", [&](Error& error) { return send(buffers, 0, error); });
  }

  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_send(const Buffers& buffers, message_flags flags, Token&& token = Default()) {
    return transfer<const std::byte, Token>(Base::Queue::output, buffers, flags, token);
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_send(const Buffers& buffers, Token&& token = Default()) {
    return transfer<const std::byte, Token>(Base::Queue::output, buffers, 0, token);
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_write_some(const Buffers& buffers, Token&& token = Default()) {
    return transfer<const std::byte, Token>(Base::Queue::output, buffers, 0, token);
  }

  // ---- in --------------------------------------------------------------------------------------

  /// message_peek leaves the bytes there; other flags are not supported.
  template <class Buffers>
  std::size_t receive(const Buffers& buffers, message_flags flags, Error& error) {
    if (!this->open_state(error)) return 0;
    return this->state()->read(bowline::net::InPieces::of(buffers), flags, error);
  }
  template <class Buffers>
  std::size_t receive(const Buffers& buffers, message_flags flags = 0) {
    return Base::checked("receive", [&](Error& error) { return receive(buffers, flags, error); });
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, Error& error) {
    return receive(buffers, 0, error);
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    return Base::checked("read_some", [&](Error& error) { return receive(buffers, 0, error); });
  }

  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_receive(const Buffers& buffers, message_flags flags, Token&& token = Default()) {
    return transfer<std::byte, Token>(Base::Queue::input, buffers, flags, token);
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_receive(const Buffers& buffers, Token&& token = Default()) {
    return transfer<std::byte, Token>(Base::Queue::input, buffers, 0, token);
  }
  template <class Buffers, completion_token_for<void(Error, std::size_t)> Token = Default>
  auto async_read_some(const Buffers& buffers, Token&& token = Default()) {
    return transfer<std::byte, Token>(Base::Queue::input, buffers, 0, token);
  }

 private:
  template <class Byte, class Token, class Buffers>
  auto transfer(typename Base::Queue queue, const Buffers& buffers, message_flags flags,
                std::remove_reference_t<Token>& token) {
    return this->template initiate<void(Error, std::size_t), Token>(
        token, [this, queue, buffers, flags](auto&& handler) {
          this->start(queue, bowline::net::detail::TransferWork<Byte, Buffers>{buffers, flags},
                      std::forward<decltype(handler)>(handler));
        });
  }
};

}  // namespace boost::asio
