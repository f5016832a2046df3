#include "tools/network_options.hpp"

#include <fmt/format.h>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <array>
#include <limits>

#include "bowline/dns/config.hpp"
#include "bowline/os/tun.hpp"
#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

constexpr std::uint64_t kSmallestV6Mtu = 1'280;  // RFC 8200 section 5

// The limits that can be set from outside, by the names of their fields.
struct LimitName {
  std::string_view name;
  std::uint32_t Limits::* field;
};
constexpr auto kLimits = std::to_array<LimitName>({
    {"connections", &Limits::connections},
    {"half-open", &Limits::half_open},
    {"connections-per-source", &Limits::connections_per_source},
    {"half-open-per-source", &Limits::half_open_per_source},
    {"orphans", &Limits::orphans},
    {"time-wait", &Limits::time_wait},
    {"reassembly-bytes", &Limits::reassembly_bytes},
    {"reassembly-ranges", &Limits::reassembly_ranges},
    {"udp-sockets", &Limits::udp_sockets},
    {"udp-receive-bytes", &Limits::udp_receive_bytes},
    {"fragment-bytes", &Limits::fragment_bytes},
    {"fragment-datagrams", &Limits::fragment_datagrams},
    {"fragment-datagrams-per-source", &Limits::fragment_datagrams_per_source},
    {"fragments-per-datagram", &Limits::fragments_per_datagram},
    {"replies", &Limits::replies},
    {"replies-per-second", &Limits::stateless_replies_per_second},
});
constexpr std::string_view kBufferBytes = "buffer-bytes";

void read_limit(Limits& limits, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string_view name = std::string_view(text).substr(0, equals);
  const std::string argument = fmt::format("--limit {}", name);
  const auto found = std::ranges::find(kLimits, name, &LimitName::name);
  if (equals == std::string::npos || (found == kLimits.end() && name != kBufferBytes)) {
    throw WrongUsage(
        fmt::format("--limit {}: must be NAME=NUMBER, NAME one of {}", text, limit_names()));
  }
  const std::string_view value = std::string_view(text).substr(equals + 1);
  if (name == kBufferBytes) {
    limits.buffer_bytes = read_number(argument, value, 1U << 20, 1ULL << 40);
  } else {
    limits.*found->field = static_cast<std::uint32_t>(
        read_number(argument, value, 1, std::numeric_limits<std::int32_t>::max()));
  }
}

tcp::CongestionAlgorithm read_congestion(const std::string& text) {
  if (text == "cubic") return tcp::CongestionAlgorithm::cubic;
  if (text == "reno") return tcp::CongestionAlgorithm::reno;
  if (text == "bbr") return tcp::CongestionAlgorithm::bbr;
  throw WrongUsage(fmt::format("--congestion {}: must be cubic, reno or bbr", text));
}

bool has(const std::vector<Cidr>& list, const Cidr& cidr) {
  return std::ranges::find(list, cidr) != list.end();
}

// The kernel's address for `own`: the one given for its family, or the first other host of its
// prefix.
Cidr choose_peer(const Cidr& own, const std::vector<Cidr>& given) {
  const auto peer = std::ranges::find(given, own.address.family(),
                                      [](const Cidr& each) { return each.address.family(); });
  if (peer == given.end()) {
    const auto first = os::peer_of(own);
    if (first) return *first;
    throw WrongUsage(
        fmt::format("--address {}: its prefix has no other host for the kernel's side; give a "
                    "shorter prefix, such as {}/{}",
                    to_string(own), to_string(own.address), own.address.is_v4() ? 24 : 64));
  }
  if (peer->address == own.address) {
    throw WrongUsage(fmt::format("--peer-address {}: is Bowline's own; the two ends need two",
                                 to_string(*peer)));
  }
  if (!own.contains(peer->address)) {
    throw WrongUsage(fmt::format("--peer-address {}: must lie in the prefix of --address {}",
                                 to_string(*peer), to_string(own)));
  }
  return *peer;
}

// What one kind of link has and another has not.
void check_link(const NetworkOptions& options) {
  const bool packet = options.link.kind == LinkSpec::Kind::packet;
  if (options.mac && options.link.kind == LinkSpec::Kind::tun) {
    throw WrongUsage("--mac: a tun link has no MAC addresses; use it with tap or packet");
  }
  if (packet && options.mtu_given) {
    throw WrongUsage(
        fmt::format("--mtu: a packet link has that of its interface; set it there "
                    "(sudo ip link set {} mtu {})",
                    options.link.name, options.mtu));
  }
  if (packet && !options.peer_addresses.empty()) {
    throw WrongUsage("--peer-address: the interface of a packet link keeps its own addresses");
  }
  if (packet && options.addresses.empty() && !options.dhcp) {
    throw WrongUsage(
        "--address: a packet link needs one, of the interface's network and not the "
        "kernel's own, such as 192.0.2.77/24");
  }
}

void check_dhcp(const NetworkOptions& options) {
  if (!options.dhcp) return;
  if (options.link.kind == LinkSpec::Kind::tun) {
    throw WrongUsage(
        "--address dhcp: DHCP needs Ethernet, and a tun link carries bare IP; use --link tap:NAME "
        "or packet:INTERFACE");
  }
  for (const Cidr& own : options.addresses) {
    if (!own.address.is_v4()) continue;
    throw WrongUsage(fmt::format("--address {}: is there beside dhcp; leave out one of the two",
                                 to_string(own)));
  }
  if (options.gateway && options.gateway->is_v4()) {
    throw WrongUsage(fmt::format("--gateway {}: with --address dhcp the server names the router",
                                 to_string(*options.gateway)));
  }
}

}  // namespace

std::string limit_names() {
  std::string names;
  for (const LimitName& limit : kLimits) names += fmt::format("{}, ", limit.name);
  return names + std::string(kBufferBytes);
}

void add_watch_options(CLI::App& command, WatchOptions& options) {
  const auto* const group = "Seeing what happens";
  command
      .add_option("--pcap", options.pcap,
                  "Capture as pcapng; packets carry the stack's reasons as comments")
      ->type_name("FILE")
      ->group(group);
  command.add_flag("--trace", options.trace, "Print packets as tcpdump does, with reasons")
      ->group(group);
  command.add_flag("--ladder", options.ladder, "Print the diagram of each connection as it ends")
      ->group(group);
  command.add_flag("--json", options.json, "Print events as NDJSON, one object to a line")
      ->group(group);
}

void add_inspection_options(CLI::App& command, InspectionOptions& options) {
  const auto* const group = "Asking it while it runs";
  options.command = command.get_name();
  command
      .add_option("--control", options.control,
                  "Where bowline ss asks [PID.sock in a folder that it knows]")
      ->type_name("PATH")
      ->group(group);
  command.add_flag("--no-control", options.no_control, "Let nobody ask")->group(group);
  command
      .add_option_function<std::string>(
          "--metrics",
          [&](const std::string& text) {
            options.metrics = read_metrics_address("--metrics", text);
          },
          "/metrics for Prometheus, on this machine [127.0.0.1]")
      ->type_name("[ADDRESS:]PORT")
      ->group(group);
}

void add_network_options(CLI::App& command, NetworkOptions& options) {
  const auto* const group = "Network";
  command
      .add_option_function<std::string>(
          "--link", [&](const std::string& text) { options.link = read_link("--link", text); },
          "tun:NAME, tap:NAME or packet:INTERFACE, see docs/links.md [tun:bowline0]")
      ->type_name("LINK")
      ->group(group);
  command
      .add_option_function<std::string>(
          "--mac", [&](const std::string& text) { options.mac = read_mac("--mac", text); },
          "Bowline's own on a tap or packet link [a random one]")
      ->type_name("ADDRESS")
      ->group(group);
  command
      .add_option_function<std::vector<std::string>>(
          "--address",
          [&](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              if (text == "dhcp") {
                options.dhcp = true;
              } else {
                options.addresses.push_back(read_cidr("--address", text));
              }
            }
          },
          "Bowline's own, once for each family [10.77.0.2/24 and fd77::2/64]")
      ->type_name("CIDR|dhcp")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option_function<std::vector<std::string>>(
          "--peer-address",
          [&](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              options.peer_addresses.push_back(read_cidr("--peer-address", text));
            }
          },
          "The kernel's address on the link [the first other host of the prefix]")
      ->type_name("CIDR")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option_function<std::string>(
          "--gateway",
          [&](const std::string& text) { options.gateway = read_address("--gateway", text); },
          "Where everything beyond the link goes [nowhere]")
      ->type_name("ADDRESS")
      ->group(group);
  command
      .add_option_function<std::vector<std::string>>(
          "--dns",
          [&](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) {
              options.name_servers.push_back(read_address("--dns", text));
            }
          },
          "A name server; several are asked in turn [none: no names]")
      ->type_name("ADDRESS")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option_function<std::string>(
          "--mtu",
          [&](const std::string& text) {
            options.mtu = static_cast<std::uint32_t>(read_number("--mtu", text, 68, 65'535));
            options.mtu_given = true;
          },
          "Largest packet on a tun or tap link, in bytes [1500]")
      ->type_name("BYTES")
      ->group(group);
  command
      .add_option_function<std::string>(
          "--congestion",
          [&](const std::string& text) { options.congestion = read_congestion(text); },
          "How connections share the path: cubic, reno or bbr [cubic]")
      ->type_name("NAME")
      ->group(group);
  command
      .add_option_function<std::vector<std::string>>(
          "--limit",
          [&](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) read_limit(options.limits, text);
          },
          "A bound on what the stack holds; the names are below")
      ->type_name("NAME=NUMBER")
      ->allow_extra_args(false)
      ->group(group);
  add_watch_options(command, options.watch);
  add_inspection_options(command, options.inspection);
}

void complete(NetworkOptions& options) {
  check_link(options);
  check_dhcp(options);
  if (options.addresses.empty() && !options.dhcp) {
    options.addresses = {*Cidr::parse("10.77.0.2/24")};
    if (options.mtu >= kSmallestV6Mtu) options.addresses.push_back(*Cidr::parse("fd77::2/64"));
  }
  std::vector<Cidr> peers;
  for (const Cidr& own : options.addresses) {
    if (!own.address.is_v4() && options.mtu < kSmallestV6Mtu) {
      throw WrongUsage(fmt::format("--mtu {}: must be at least {} where there is an IPv6 address",
                                   options.mtu, kSmallestV6Mtu));
    }
    if (std::ranges::count(options.addresses, own.address, &Cidr::address) > 1) {
      throw WrongUsage(fmt::format("--address {}: is given twice", to_string(own)));
    }
    if (options.link.kind == LinkSpec::Kind::packet) continue;
    const Cidr peer = choose_peer(own, options.peer_addresses);
    if (!has(peers, peer)) peers.push_back(peer);
  }
  for (const Cidr& given : options.peer_addresses) {
    if (options.dhcp && given.address.is_v4()) peers.push_back(given);
    if (!has(peers, given)) {
      throw WrongUsage(
          fmt::format("--peer-address {}: there is no --address of its family", to_string(given)));
    }
  }
  options.peer_addresses = std::move(peers);
  const bool gateway_on_link =
      !options.gateway || std::ranges::any_of(options.addresses, [&](const Cidr& own) {
        return own.contains(*options.gateway);
      });
  if (!gateway_on_link) {
    throw WrongUsage(fmt::format("--gateway {}: must lie in the prefix of an --address",
                                 to_string(*options.gateway)));
  }
  if (options.name_servers.size() > dns::kMaxServers) {
    throw WrongUsage(fmt::format("--dns {}: is one too many; {} servers are asked at most",
                                 to_string(options.name_servers[dns::kMaxServers]),
                                 dns::kMaxServers));
  }
  if (options.inspection.no_control && !options.inspection.control.empty()) {
    throw WrongUsage("--no-control: contradicts --control");
  }
  if (options.watch.json && (options.watch.trace || options.watch.ladder)) {
    throw WrongUsage(fmt::format("--json: has standard output to itself; leave out {}",
                                 options.watch.trace ? "--trace" : "--ladder"));
  }
}

}  // namespace bowline::tools
