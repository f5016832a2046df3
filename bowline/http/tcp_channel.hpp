#pragma once

// A channel over Bowline's TCP, with TLS for https: `boost::asio::ssl::stream` over our socket. The
// certificate and the name in it are verified against the system's authorities, or those of one
// file.

// First of all: what it specialises must be so in every unit of a program.
#include "bowline/asio.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bowline/http/channel.hpp"

namespace bowline::inline v0::http {

/// How a TcpChannel connects.
struct ChannelSettings {
  /// For a name's resolution, the connection and TLS's handshake together.
  std::chrono::milliseconds connect_timeout{30'000};
  /// A read or write that brings nothing on for so long fails with timed_out.
  std::chrono::milliseconds stall_timeout{60'000};
  /// Addresses for host names (in lower case), instead of asking anybody.
  std::map<std::string, std::vector<boost::asio::ip::address>> addresses;
  /// A file of authorities in PEM that is trusted instead of the system's; empty: the system's.
  std::string authorities;
  /// Verify nothing.
  bool insecure = false;
};

/// A Channel on the stack of `executor`'s context. Its resolver is that stack's.
[[nodiscard]] std::unique_ptr<Channel> make_tcp_channel(
    const boost::asio::any_io_executor& executor, ChannelSettings settings);

}  // namespace bowline::inline v0::http
