#pragma once

// What the operations of sockets do.
//
// Each is the work of an Operation (operation.hpp): State is the kind of socket it is for,
// perform() one attempt on it, arguments() what its handler is called with.

#include <boost/asio/buffer.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "bowline/asio/datagram_state.hpp"
#include "bowline/asio/endpoint.hpp"
#include "bowline/asio/stream_state.hpp"

namespace bowline::inline v0::net::detail {

using Error = boost::system::error_code;

template <class S>
struct ConnectWork {
  using State = S;

  /// A datagram socket's is over before it begins.
  static bool perform(S& socket, Error& error) {
    if constexpr (requires { socket.try_connect(error); }) return socket.try_connect(error);
    return true;
  }
  static std::tuple<Error> arguments(Error error) { return {error}; }
};

template <class S>
struct WaitWork {
  using State = S;
  boost::asio::socket_base::wait_type what;

  bool perform(S& socket, Error& error) const { return socket.try_wait(what, error); }
  static std::tuple<Error> arguments(Error error) { return {error}; }
};

/// A read (`Byte` is std::byte) or a write (const std::byte) of a stream.
template <class Byte, class Buffers>
struct TransferWork {
  using State = StreamState;
  Buffers buffers;
  int flags;
  std::size_t bytes = 0;

  bool perform(StreamState& socket, Error& error) {
    // Asio's old way to wait until a call would not block.
    if constexpr (std::is_same_v<Buffers, boost::asio::null_buffers>) {
      return socket.try_wait(std::is_const_v<Byte> ? boost::asio::socket_base::wait_write
                                                   : boost::asio::socket_base::wait_read,
                             error);
    } else if constexpr (std::is_const_v<Byte>) {
      return socket.try_write(OutPieces::of(buffers), flags, bytes, error);
    } else {
      return socket.try_read(InPieces::of(buffers), flags, bytes, error);
    }
  }
  [[nodiscard]] std::tuple<Error, std::size_t> arguments(Error error) const {
    return {error, bytes};
  }
};

/// Sends a datagram.
template <class Buffers>
struct SendWork {
  using State = DatagramState;
  Buffers buffers;
  std::optional<Endpoint> to;
  int flags;
  std::size_t bytes = 0;

  bool perform(DatagramState& socket, Error& error) {
    return socket.try_send(Gathered(buffers).bytes(), to, flags, bytes, error);
  }
  [[nodiscard]] std::tuple<Error, std::size_t> arguments(Error error) const {
    return {error, bytes};
  }
};

/// Receives a datagram; `from` may be null.
template <class Buffers, class EndpointType>
struct ReceiveWork {
  using State = DatagramState;
  Buffers buffers;
  EndpointType* from;
  int flags;
  std::size_t bytes = 0;
  Endpoint sender{};

  bool perform(DatagramState& socket, Error& error) {
    const Scattered<Buffers> to(buffers);
    if (!socket.try_receive(to.room(), sender, flags, bytes, error)) return false;
    to.deal_out(bytes);
    return true;
  }
  [[nodiscard]] std::tuple<Error, std::size_t> arguments(Error error) const {
    if (from != nullptr && !error) *from = EndpointType(sender);
    return {error, bytes};
  }
};

/// Where the peer's endpoint goes, if anybody wants it.
template <class EndpointType>
void tell_peer(StreamState* peer, EndpointType* endpoint) {
  if (peer == nullptr || endpoint == nullptr) return;
  Error ignored;
  *endpoint = EndpointType(peer->remote_endpoint(ignored));
}

/// Accepts into a socket that the program has.
template <class Peer, class EndpointType>
struct AcceptIntoWork {
  using State = StreamState;
  Peer* peer;
  EndpointType* endpoint;
  std::shared_ptr<StreamState> accepted;

  bool perform(StreamState& socket, Error& error) { return socket.try_accept(accepted, error); }
  std::tuple<Error> arguments(Error error) {
    tell_peer(accepted.get(), endpoint);
    if (accepted) peer->adopt(std::move(accepted));
    return {error};
  }
};

/// Accepts a new socket and gives it to the handler.
template <class Peer, class PeerExecutor, class EndpointType>
struct AcceptNewWork {
  using State = StreamState;
  PeerExecutor executor;
  EndpointType* endpoint;
  std::shared_ptr<StreamState> accepted;

  bool perform(StreamState& socket, Error& error) { return socket.try_accept(accepted, error); }
  std::tuple<Error, Peer> arguments(Error error) {
    Peer peer(executor);
    tell_peer(accepted.get(), endpoint);
    if (accepted) peer.adopt(std::move(accepted));
    return {error, std::move(peer)};
  }
};

}  // namespace bowline::inline v0::net::detail
