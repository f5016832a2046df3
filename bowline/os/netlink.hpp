#pragma once

// The kernel's side of a link: addresses, MTU, up and down, through rtnetlink.
//
// Only what Bowline and its tests need to set up an interface that they made themselves. Everything
// here acts on the network namespace in which the Netlink was opened.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/os/error.hpp"
#include "bowline/wire/ethernet.hpp"
#include "bowline/wire/ip_address.hpp"

struct mnl_socket;

namespace bowline::inline v0::os {

/// An interface as the kernel has it.
struct InterfaceState {
  std::uint32_t index = 0;     ///< the kernel's number of it
  std::uint32_t mtu = 0;       ///< bytes
  std::uint32_t queue = 0;     ///< packets that it keeps while its driver is busy (txqueuelen)
  bool up = false;             ///< IFF_UP
  std::uint16_t hardware = 0;  ///< ARPHRD_ETHER, …
  wire::MacAddress mac{};      ///< of an Ethernet interface; all zero for others
};

/// A conversation with the kernel about interfaces. Each call waits for the kernel's answer. Errors
/// name the interface and the remedy.
class Netlink {
 public:
  /// Errors: those of socket(2).
  [[nodiscard]] static Outcome<Netlink> open();

  /// The interface called `name`; nothing when there is none.
  [[nodiscard]] Outcome<std::optional<InterfaceState>> find(std::string_view name);
  /// Its addresses, each with its prefix.
  [[nodiscard]] Outcome<std::vector<Cidr>> addresses(std::string_view name);

  Outcome<void> set_up(std::string_view name);  ///< Brings it up.
  /// Bytes, 68 to 65535 (at least 1280 for an interface with IPv6 addresses).
  Outcome<void> set_mtu(std::string_view name, std::uint32_t mtu);
  /// How many packets it keeps while its driver, or the program behind a TUN device, is busy.
  Outcome<void> set_queue(std::string_view name, std::uint32_t packets);
  /// The kernel makes up no link-local IPv6 address for it (and so sends no packets of its own
  /// accord). Before set_up().
  Outcome<void> set_no_link_local(std::string_view name);
  /// Gives it an address, usable at once (no duplicate address detection). One that it has already
  /// is no error.
  Outcome<void> add_address(std::string_view name, const Cidr& address);
  /// Waits until the kernel takes packets to `address` of an interface that is up, at most ten
  /// seconds: for IPv6 it puts the route to itself in place a little later, in the background, and
  /// loses what comes before.
  Outcome<void> wait_until_local(const IpAddress& address);
  /// Sends `destination` to the interface, by way of `gateway` if there is one.
  Outcome<void> add_route(const Cidr& destination, std::string_view name,
                          const std::optional<IpAddress>& gateway = std::nullopt);
  /// Makes a pair of Ethernet interfaces joined by a cable; `peer` appears in the namespace that
  /// `peer_namespace` is open on (-1: this one).
  Outcome<void> create_veth(std::string_view name, std::string_view peer, int peer_namespace = -1);
  /// Deletes it (a veth with its peer).
  Outcome<void> remove(std::string_view name);

 private:
  class Request;
  struct Close {
    void operator()(mnl_socket* socket) const noexcept;
  };
  using Consumer = int (*)(const void* header, void* context);

  explicit Netlink(mnl_socket* socket) : socket_(socket) {}
  /// 0, or the error number that the kernel answered with.
  int talk(Request& request, Consumer consumer = nullptr, void* context = nullptr);
  Outcome<std::uint32_t> index_of(std::string_view name);
  /// Sets an attribute of interface `index`; as talk().
  int set_number(std::uint32_t index, std::uint16_t attribute, std::uint32_t value);
  /// Does the kernel route `address` to itself? `code` becomes what talk() returned.
  bool is_local(const IpAddress& address, int& code);

  std::unique_ptr<mnl_socket, Close> socket_;
  std::uint32_t sequence_ = 0;
};

/// May it be an interface's name: 1 to 15 bytes, no '/', no space, neither "." nor ".."? Errors say
/// what is wrong with it.
[[nodiscard]] Outcome<void> check_interface_name(std::string_view name);

}  // namespace bowline::inline v0::os
