#pragma once

// The endpoint of a socket: an address and a port.
//
// It is Asio's own endpoint of our protocol type, and converts to and from that of the kernel's
// protocol, so that a program which keeps `boost::asio::ip::tcp::endpoint` somewhere goes on
// compiling.

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/basic_endpoint.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::net {

class tcp;
class udp;

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

/// The endpoint of `Protocol`, whose counterpart in the kernel is `Kernel`. Its members are those
/// of boost::asio::ip::basic_endpoint.
template <class Protocol, class Kernel>
class EndpointOf : public boost::asio::ip::basic_endpoint<Protocol> {
  using Base = boost::asio::ip::basic_endpoint<Protocol>;

 public:
  using Base::Base;
  /// The unspecified address, port 0.
  EndpointOf() = default;
  /// From what Asio's own functions make.
  EndpointOf(const Base& other) : Base(other) {}  // NOLINT: meant to convert
  /// Asio's own endpoint means the same.
  EndpointOf(const typename Kernel::endpoint& other)  // NOLINT: meant to convert
      : Base(other.address(), other.port()) {}
  /// That of the Stack.
  explicit EndpointOf(const Endpoint& other) : Base(net::to_asio(other.address), other.port) {}

  /// The same for the kernel's sockets.
  operator typename Kernel::endpoint() const {  // NOLINT: meant to convert
    return {this->address(), this->port()};
  }
  /// The stack's form.
  [[nodiscard]] Endpoint to_stack() const { return {from_asio(this->address()), this->port()}; }
};

/// `tcp::endpoint`.
using TcpEndpoint = EndpointOf<tcp, boost::asio::ip::tcp>;
/// `udp::endpoint`.
using UdpEndpoint = EndpointOf<udp, boost::asio::ip::udp>;

}  // namespace bowline::inline v0::net

/// As Asio's endpoints: for unordered containers.
template <class Protocol, class Kernel>
struct std::hash<bowline::net::EndpointOf<Protocol, Kernel>> {
  std::size_t operator()(
      const bowline::net::EndpointOf<Protocol, Kernel>& endpoint) const noexcept {
    return std::hash<boost::asio::ip::basic_endpoint<Protocol>>()(endpoint);
  }
};
