#pragma once

// What the operations of sockets do.
//
// Each is the work of an Operation (operation.hpp): perform() is one attempt on the socket,
// arguments() what its handler is called with.

#include <boost/asio/socket_base.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <tuple>
#include <utility>

#include "bowline/asio/endpoint.hpp"
#include "bowline/asio/socket_state.hpp"

namespace bowline::inline v0::net::detail {

using Error = boost::system::error_code;

struct ConnectWork {
  static bool perform(SocketState& socket, Error& error) { return socket.try_connect(error); }
  static std::tuple<Error> arguments(Error error) { return {error}; }
};

struct WaitWork {
  boost::asio::socket_base::wait_type what;

  bool perform(SocketState& socket, Error& error) const { return socket.try_wait(what, error); }
  static std::tuple<Error> arguments(Error error) { return {error}; }
};

/// A read (`Byte` is std::byte) or a write (const std::byte).
template <class Byte, class Buffers>
struct TransferWork {
  Buffers buffers;
  int flags;
  std::size_t bytes = 0;

  bool perform(SocketState& socket, Error& error) {
    const auto pieces = Pieces<Byte>::of(buffers);
    if constexpr (std::is_const_v<Byte>) {
      return socket.try_write(pieces, flags, bytes, error);
    } else {
      return socket.try_read(pieces, flags, bytes, error);
    }
  }
  [[nodiscard]] std::tuple<Error, std::size_t> arguments(Error error) const {
    return {error, bytes};
  }
};

/// Where the peer's endpoint goes, if anybody wants it.
template <class EndpointType>
void tell_peer(SocketState* peer, EndpointType* endpoint) {
  if (peer == nullptr || endpoint == nullptr) return;
  Error ignored;
  *endpoint = EndpointType(peer->remote_endpoint(ignored));
}

/// Accepts into a socket that the program has.
template <class Peer, class EndpointType>
struct AcceptIntoWork {
  Peer* peer;
  EndpointType* endpoint;
  std::shared_ptr<SocketState> accepted;

  bool perform(SocketState& socket, Error& error) { return socket.try_accept(accepted, error); }
  std::tuple<Error> arguments(Error error) {
    tell_peer(accepted.get(), endpoint);
    if (accepted) peer->adopt(std::move(accepted));
    return {error};
  }
};

/// Accepts a new socket and gives it to the handler.
template <class Peer, class PeerExecutor, class EndpointType>
struct AcceptNewWork {
  PeerExecutor executor;
  EndpointType* endpoint;
  std::shared_ptr<SocketState> accepted;

  bool perform(SocketState& socket, Error& error) { return socket.try_accept(accepted, error); }
  std::tuple<Error, Peer> arguments(Error error) {
    Peer peer(executor);
    tell_peer(accepted.get(), endpoint);
    if (accepted) peer.adopt(std::move(accepted));
    return {error, std::move(peer)};
  }
};

}  // namespace bowline::inline v0::net::detail
