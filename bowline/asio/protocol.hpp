#pragma once

// The protocol types: what a program says instead of boost::asio::ip::tcp and udp.
//
// Everything that is named after the protocol follows from it: sockets, acceptors, endpoints,
// resolvers, and what Beast makes of them. Programs include bowline/asio.hpp, which brings those
// too.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/basic_datagram_socket.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/detail/socket_option.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <concepts>

#include "bowline/asio/endpoint.hpp"

namespace bowline::inline v0::net {

class Host;
class StreamState;
class DatagramState;

/// What the two protocols have in common: a family, and the host that a socket is to be opened on.
/// Meets Asio's requirements of an internet protocol.
template <class Derived, int Type, int Number>
class ProtocolBase {
 public:
  /// The protocol over IPv4.
  [[nodiscard]] static Derived v4() noexcept { return Derived(AF_INET); }
  /// The protocol over IPv6.
  [[nodiscard]] static Derived v6() noexcept { return Derived(AF_INET6); }

  /// The same on `host`, one of several in a context; it is to open a socket with, and must live
  /// that long.
  [[nodiscard]] Derived on(Host& host) const noexcept {
    Derived protocol(family_);
    protocol.host_ = &host;
    return protocol;
  }
  /// Which host: null for the context's first.
  [[nodiscard]] Host* host() const noexcept { return host_; }

  /// AF_INET or AF_INET6.
  [[nodiscard]] int family() const noexcept { return family_; }
  /// SOCK_STREAM or SOCK_DGRAM.
  [[nodiscard]] int type() const noexcept { return Type; }
  /// IPPROTO_TCP or IPPROTO_UDP.
  [[nodiscard]] int protocol() const noexcept { return Number; }

  friend bool operator==(const Derived& a, const Derived& b) noexcept {
    return a.family() == b.family();
  }

 protected:
  /// Over `family`: AF_INET or AF_INET6.
  explicit ProtocolBase(int family) noexcept : family_(family) {}

 private:
  int family_;
  Host* host_ = nullptr;
};

/// TCP on the stack of the execution context.
class tcp : public ProtocolBase<tcp, SOCK_STREAM, IPPROTO_TCP> {
 public:
  using endpoint = TcpEndpoint;                              ///< Address and port.
  using socket = boost::asio::basic_stream_socket<tcp>;      ///< A connection.
  using acceptor = boost::asio::basic_socket_acceptor<tcp>;  ///< A listener.
  using resolver = boost::asio::ip::basic_resolver<tcp>;     ///< Names to endpoints.
  /// What stands behind its sockets.
  using state = StreamState;

  /// Nagle's algorithm off (RFC 9293 section 3.7.4).
  using no_delay = boost::asio::detail::socket_option::boolean<IPPROTO_TCP, TCP_NODELAY>;

 private:
  friend ProtocolBase;
  explicit tcp(int family) noexcept : ProtocolBase(family) {}
};

/// UDP on the stack of the execution context.
class udp : public ProtocolBase<udp, SOCK_DGRAM, IPPROTO_UDP> {
 public:
  using endpoint = UdpEndpoint;                            ///< Address and port.
  using socket = boost::asio::basic_datagram_socket<udp>;  ///< Sends and receives datagrams.
  using resolver = boost::asio::ip::basic_resolver<udp>;   ///< Names to endpoints.
  /// What stands behind its sockets.
  using state = DatagramState;

 private:
  friend ProtocolBase;
  explicit udp(int family) noexcept : ProtocolBase(family) {}
};

/// One of the two.
template <class P>
concept Protocol = std::same_as<P, tcp> || std::same_as<P, udp>;

}  // namespace bowline::inline v0::net
