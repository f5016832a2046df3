#pragma once

// The endpoint of a socket: an address and a port.
//
// It is Asio's own endpoint of our protocol type, and converts to and from that of the kernel's
// TCP, so that a program which keeps `boost::asio::ip::tcp::endpoint` somewhere goes on compiling.

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/basic_endpoint.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::net {

class tcp;

/// The stack's form of an address. The zone of a link-local address is not kept: routes say where
/// it is.
[[nodiscard]] inline IpAddress from_asio(const boost::asio::ip::address& address) {
  if (address.is_v4()) return IpAddress::v4(address.to_v4().to_uint());
  const boost::asio::ip::address_v6::bytes_type bytes = address.to_v6().to_bytes();
  return IpAddress::v6(std::as_bytes(std::span(bytes)));
}

/// Asio's form of an address.
[[nodiscard]] inline boost::asio::ip::address to_asio(const IpAddress& address) {
  if (address.is_v4()) return boost::asio::ip::address_v4(address.v4_value());
  boost::asio::ip::address_v6::bytes_type bytes;
  std::transform(address.raw().begin(), address.raw().end(), bytes.begin(),
                 [](std::byte byte) { return std::to_integer<unsigned char>(byte); });
  return boost::asio::ip::address_v6(bytes);
}

/// `tcp::endpoint`. Its members are those of boost::asio::ip::basic_endpoint.
class TcpEndpoint : public boost::asio::ip::basic_endpoint<tcp> {
 public:
  using basic_endpoint::basic_endpoint;
  TcpEndpoint() = default;
  /// From what Asio's own functions make.
  TcpEndpoint(const basic_endpoint& other) : basic_endpoint(other) {}  // NOLINT: meant to convert
  /// Asio's own endpoint means the same.
  TcpEndpoint(const boost::asio::ip::tcp::endpoint& other)  // NOLINT: meant to convert
      : basic_endpoint(other.address(), other.port()) {}
  /// That of the Stack.
  explicit TcpEndpoint(const Endpoint& other)
      : basic_endpoint(net::to_asio(other.address), other.port) {}

  operator boost::asio::ip::tcp::endpoint() const {  // NOLINT: meant to convert
    return {address(), port()};
  }
  /// The stack's form.
  [[nodiscard]] Endpoint to_stack() const { return {from_asio(address()), port()}; }
};

}  // namespace bowline::inline v0::net

/// As Asio's endpoints: for unordered containers.
template <>
struct std::hash<bowline::net::TcpEndpoint> {
  std::size_t operator()(const bowline::net::TcpEndpoint& endpoint) const noexcept {
    return std::hash<boost::asio::ip::basic_endpoint<bowline::net::tcp>>()(endpoint);
  }
};
