#pragma once

// The options that every subcommand with a network has (REQUIREMENTS C), in one place.

#include "bowline/asio.hpp"

#include <CLI/App.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bowline/base/limits.hpp"
#include "bowline/tcp/settings.hpp"
#include "bowline/wire/ip_address.hpp"
#include "tools/arguments.hpp"
#include "tools/metrics_server.hpp"

namespace bowline::tools {

/// What is written down of the traffic, and where.
struct WatchOptions {
  std::string pcap;     ///< a pcapng file; empty: none
  bool trace = false;   ///< lines on standard output
  bool ladder = false;  ///< a diagram of each connection as it ends, on standard output
  bool json = false;    ///< NDJSON events on standard output

  [[nodiscard]] bool any() const { return !pcap.empty() || trace || ladder || json; }
};

/// How a running instance can be asked what it does.
struct InspectionOptions {
  std::string command;  ///< the subcommand's name
  std::string control;  ///< the path of the control socket; empty: PID.sock in the user's folder
  bool no_control = false;
  std::optional<MetricsAddress> metrics;
};

/// A stack on a link of this machine.
struct NetworkOptions {
  LinkSpec link{.kind = LinkSpec::Kind::tun, .name = "bowline0"};
  /// Bowline's own.
  std::vector<Cidr> addresses;
  /// Get an IPv4 address by DHCP; none of `addresses` is one then.
  bool dhcp = false;
  /// Ours on an Ethernet link; nothing: a random one.
  std::optional<wire::MacAddress> mac;
  /// The kernel's on the same link, one for each family of `addresses`; none on a packet link,
  /// whose interface is left as it is.
  std::vector<Cidr> peer_addresses;
  std::optional<IpAddress> gateway;
  /// Whom to ask for the addresses of names, in this order; at most dns::kMaxServers.
  std::vector<IpAddress> name_servers;
  /// Bytes; a packet link has its interface's.
  std::uint32_t mtu = 1'500;
  bool mtu_given = false;
  Limits limits;
  tcp::CongestionAlgorithm congestion = tcp::CongestionAlgorithm::cubic;
  WatchOptions watch;
  /// Write every call of the Stack into this file; empty: no.
  std::string record;
  InspectionOptions inspection;
};

/// Adds --pcap, --trace, --ladder and --json.
void add_watch_options(CLI::App& command, WatchOptions& options);
/// Adds --control, --no-control and --metrics.
void add_inspection_options(CLI::App& command, InspectionOptions& options);
/// Adds all of them.
void add_network_options(CLI::App& command, NetworkOptions& options);

/// The names that --limit knows, as a list for a person.
[[nodiscard]] std::string limit_names();

/// Once all arguments are read: completes `options` (default addresses, the peer's addresses) and
/// checks what no single argument shows. Throws WrongUsage.
void complete(NetworkOptions& options);

}  // namespace bowline::tools
