#pragma once

// The protocol type: what a program says instead of boost::asio::ip::tcp.
//
// Everything that is named after the protocol follows from it: sockets, acceptors, endpoints,
// resolvers, and what Beast makes of them. Programs include tcp.hpp, which brings those too.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/detail/socket_option.hpp>
#include <boost/asio/ip/basic_resolver.hpp>

#include "bowline/asio/endpoint.hpp"

namespace bowline::inline v0::net {

class Host;

/// TCP on the stack of the execution context. Meets Asio's requirements of an internet protocol.
class tcp {
 public:
  using endpoint = TcpEndpoint;                              ///< Address and port.
  using socket = boost::asio::basic_stream_socket<tcp>;      ///< A connection.
  using acceptor = boost::asio::basic_socket_acceptor<tcp>;  ///< A listener.
  using resolver = boost::asio::ip::basic_resolver<tcp>;     ///< Names to endpoints.

  /// Nagle's algorithm off (RFC 9293 section 3.7.4).
  using no_delay = boost::asio::detail::socket_option::boolean<IPPROTO_TCP, TCP_NODELAY>;

  /// The protocol over IPv4, over IPv6.
  [[nodiscard]] static tcp v4() noexcept { return tcp(AF_INET); }
  [[nodiscard]] static tcp v6() noexcept { return tcp(AF_INET6); }  ///< TCP over IPv6.

  /// The same on `host`, one of several in a context; it is to open a socket with, and must live
  /// that long.
  [[nodiscard]] tcp on(Host& host) const noexcept {
    tcp protocol(*this);
    protocol.host_ = &host;
    return protocol;
  }
  /// Which host: null for the context's first.
  [[nodiscard]] Host* host() const noexcept { return host_; }

  [[nodiscard]] int family() const noexcept { return family_; }        ///< AF_INET or AF_INET6.
  [[nodiscard]] int type() const noexcept { return SOCK_STREAM; }      ///< As socket(2) has it.
  [[nodiscard]] int protocol() const noexcept { return IPPROTO_TCP; }  ///< As socket(2) has it.

  friend bool operator==(const tcp& a, const tcp& b) noexcept { return a.family_ == b.family_; }

 private:
  explicit tcp(int family) noexcept : family_(family) {}

  int family_;
  Host* host_ = nullptr;
};

}  // namespace bowline::inline v0::net
