#pragma once

// Values of arguments. Each reader throws WrongUsage that names the argument, says what was given
// and what would be right.

#include <cstdint>
#include <string>
#include <string_view>

#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::tools {

/// A whole number from `least` to `most`.
[[nodiscard]] std::uint64_t read_number(std::string_view argument, std::string_view text,
                                        std::uint64_t least, std::uint64_t most);

/// A port, 1 to 65535.
[[nodiscard]] std::uint16_t read_port(std::string_view argument, std::string_view text);

/// An address with the length of its prefix: "10.77.0.2/24", "fd77::2/64". Both parts are needed.
[[nodiscard]] Cidr read_cidr(std::string_view argument, std::string_view text);

/// An address: "10.77.0.1", "fd77::1".
[[nodiscard]] IpAddress read_address(std::string_view argument, std::string_view text);

/// Where a link leads.
struct LinkSpec {
  enum class Kind : std::uint8_t {
    tun,     ///< a TUN device of our own: IP packets to the kernel
    tap,     ///< a TAP device of our own: Ethernet to the kernel
    packet,  ///< an interface that exists: its wire
  };
  Kind kind = Kind::tun;
  /// The interface's.
  std::string name;
};

/// "tun:NAME", "tap:NAME" or "packet:INTERFACE". "xdp:" is known by name and said not to be there.
[[nodiscard]] LinkSpec read_link(std::string_view argument, std::string_view text);

/// A MAC address that one interface can have: "02:00:00:00:00:02".
[[nodiscard]] wire::MacAddress read_mac(std::string_view argument, std::string_view text);

/// The text form of an address: "10.77.0.2"; with its prefix.
[[nodiscard]] std::string to_string(const IpAddress& address);
[[nodiscard]] std::string to_string(const Cidr& cidr);

/// An address as it stands in a URL: IPv6 in brackets; the port unless it is 80.
[[nodiscard]] std::string url_host(const IpAddress& address, std::uint16_t port);

}  // namespace bowline::tools
