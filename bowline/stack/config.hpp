#pragma once

// What a Stack is made from.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bowline/base/limits.hpp"
#include "bowline/base/memory.hpp"
#include "bowline/base/siphash.hpp"
#include "bowline/ip/routes.hpp"
#include "bowline/ip/timing.hpp"
#include "bowline/link/link.hpp"
#include "bowline/tcp/settings.hpp"
#include "bowline/udp/options.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0 {

/// Makes a Stack. Copied into it; nothing of it is referred to later but `memory`.
struct StackConfig {
  tcp::Settings tcp = tcp::Settings::of(tcp::Profile::rfc);  ///< of the protocol
  Limits limits{};                                           ///< the bounds of everything
  /// All secrets and random numbers come from this: 256 bits from the OS generator in production (a
  /// guessable seed makes guessable ISNs), a counted seed in tests. The same seed and the same
  /// calls give the same bytes.
  std::array<std::uint64_t, 4> seed{};
  /// Where memory comes from; must outlive the Stack and its last slice. Null: the heap.
  Memory* memory = nullptr;
  /// Answer ICMP echo requests (RFC 1122 section 3.2.2.6).
  bool answer_echo = true;
  /// The secret key of IPv6 addresses (RFC 7217): the same one gives an interface the same address
  /// in the same network, run after run. Nothing: made of the seed, and so as stable as that.
  std::optional<SipKey> interface_id_key{};
  /// The clocks of ARP and neighbour discovery, for Ethernet interfaces.
  ip::Timing timing{};
  /// Ephemeral ports, first and last (RFC 6056, RFC 6335).
  std::uint16_t first_ephemeral_port = 49'152;
  std::uint16_t last_ephemeral_port = 65'535;  ///< included
};

/// An interface: a link as the Stack sees it. The Stack never holds the link itself, only its
/// number.
struct InterfaceConfig {
  LinkInfo link{};  ///< what the link can do
  /// Ethernet: ask whether somebody else has an address before it is used. That takes 4 to 7 s for
  /// IPv4 (RFC 5227 section 2.1), 1 to 2 s for IPv6 (RFC 4862 section 5.4); connections opened
  /// meanwhile wait. False: it is used at once.
  bool detect_duplicates = true;
  /// Ethernet: make a link-local IPv6 address (RFC 4862 section 5.3, RFC 7217).
  bool link_local = true;
  /// Ethernet: ask for routers and take from them default routes, prefixes, addresses and the MTU
  /// (RFC 4861 section 6.3, RFC 4862 section 5.5). Needs link_local.
  bool router_discovery = true;
};

/// A way to a network.
using Route = ip::Route;

/// A passive open (RFC 9293 section 3.10.1).
struct ListenOptions {
  /// Where: the unspecified address means any of ours, of that family. Port 0 picks one.
  Endpoint local{};
  /// Connections that are established and not yet accepted; beyond it the final ACK of a handshake
  /// is dropped and the peer repeats it. At least 1.
  std::uint32_t backlog = 128;
  /// Half-open entries of this listener.
  std::uint32_t syn_backlog = 1'024;
  /// Share the port with listeners that say so as well (SO_REUSEPORT): each SYN is for one of them,
  /// by its addresses and ports.
  bool share_port = false;
  /// The keys of its Fast Open cookies, instead of FastOpenSettings::key and previous_key.
  std::optional<SipKey> fast_open_key{};
  std::optional<SipKey> fast_open_previous_key{};  ///< see fast_open_key; without effect alone
  /// Inherited by accepted connections.
  tcp::SocketOptions socket{};
};

/// An active open (RFC 9293 section 3.10.1).
struct ConnectOptions {
  Endpoint remote{};  ///< whom to reach
  /// Our side; nothing: the address of the interface that leads there, and an ephemeral port. A
  /// port of 0 with an address picks the port alone; the unspecified address picks the address
  /// alone.
  std::optional<Endpoint> local{};
  tcp::SocketOptions socket{};  ///< of the connection
};

/// A UDP socket.
struct UdpOptions {
  /// Where to receive: the unspecified address means any of ours, and what is broadcast. Port 0
  /// picks one.
  Endpoint local{};
  /// Given: datagrams to and from this peer alone (a connected socket, see connect_udp()).
  std::optional<Endpoint> remote{};
  /// Given: receive what comes in by this interface alone, and send by it whatever the routes say
  /// (SO_BINDTODEVICE).
  std::optional<InterfaceId> interface{};
  /// Share the local endpoint with sockets that say so as well (SO_REUSEADDR). Of those that want
  /// the same datagram the one that is bound most closely gets it (remote, then address, then
  /// interface), among equals the one opened last; a broadcast goes to each of them.
  bool reuse_address = false;
  /// For a client that configures the interface (DHCP, RFC 2131 section 4.1): it sends from 0.0.0.0
  /// unless told otherwise, and receives unicast datagrams to addresses that the interface does not
  /// have. Needs `interface` and an unspecified local address.
  bool configures_interface = false;
  /// Can be changed later, see set_udp_options().
  udp::SocketOptions socket{};
};

/// Where a datagram goes, for send_message().
struct UdpMessage {
  /// May be left out on a connected socket.
  std::optional<Endpoint> to{};
  /// The address to send from (RFC 1122 section 4.1.3.5): one of ours, or 0.0.0.0 on a socket that
  /// configures an interface. Nothing: the socket's, or that of the interface that leads there.
  std::optional<IpAddress> source{};
  /// The interface to send by. Nothing: the socket's, or the one that the routes give.
  std::optional<InterfaceId> interface{};
};

}  // namespace bowline::inline v0
