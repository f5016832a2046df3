#include "bowline/packetdrill/run/config.hpp"

#include <array>
#include <charconv>

#include "bowline/packetdrill/language/bounds.hpp"

namespace bowline::inline v0::packetdrill {
namespace {

constexpr std::array<std::string_view, 3> kModes = {"ipv4", "ipv4-mapped-ipv6", "ipv6"};

// Options of stock packetdrill that are about its own machinery: understood, and without effect.
constexpr std::array<std::string_view, 23> kWithoutEffect = {
    "gateway_ip",
    "netmask_ip",
    "speed",
    "verbose",
    "debug",
    "non_fatal",
    "mss",
    "code_format",
    "code_sockopt",
    "code_command",
    "dry_run",
    "init_scripts",
    "is_anyip",
    "send_omit_free",
    "psp_udp_port",
    "so_filename",
    "so_flags",
    "wire_client",
    "wire_server",
    "wire_server_ip",
    "wire_server_at",
    "wire_client_dev",
    "wire_server_dev",
};

[[noreturn]] void wrong(const Option& option, const std::string& expected) {
  throw SyntaxError(option.position,
                    "--" + option.name + ": expected " + expected + ", not '" + option.value + "'");
}

std::int64_t number(const Option& option, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const char* const end = option.value.data() + option.value.size();
  const auto [stop, error] = std::from_chars(option.value.data(), end, value);
  if (error != std::errc{} || stop != end || value < least || value > most) {
    wrong(option, "a number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

IpAddress address(const Option& option, AddressMode mode) {
  const auto value = IpAddress::parse(option.value);
  if (!value || value->is_v4() != (mode != AddressMode::ipv6)) {
    wrong(option, mode == AddressMode::ipv6 ? "an IPv6 address" : "an IPv4 address");
  }
  return *value;
}

void apply(const Option& option, RunConfig& config) {
  const std::string& name = option.name;
  if (name == "ip_version") {
    return;  // the first that was looked at
  }
  if (name == "local_ip") {
    config.local = address(option, config.mode);
  } else if (name == "remote_ip") {
    config.remote = address(option, config.mode);
  } else if (name == "bind_port") {
    config.bind_port = static_cast<std::uint16_t>(number(option, 1, 0xffff));
  } else if (name == "connect_port") {
    config.connect_port = static_cast<std::uint16_t>(number(option, 1, 0xffff));
  } else if (name == "mtu") {
    const std::int64_t least = config.mode == AddressMode::ipv6 ? 1280 : 68;
    config.mtu = static_cast<std::uint32_t>(number(option, least, 0xffff));
  } else if (name == "tolerance_usecs") {
    config.tolerance = std::chrono::microseconds(number(option, 0, 1'000'000'000));
  } else if (name == "tolerance_percent") {
    config.tolerance_percent = static_cast<double>(number(option, 0, 100));
  } else if (name == "tcp_ts_tick_usecs") {
    config.ts_tick = std::chrono::microseconds(number(option, 0, 1'000'000));
    if (*config.ts_tick == Duration::zero()) config.ts_tick.reset();
  } else if (name == "tcp_ts_ecr_scaled") {
    config.ts_ecr_scaled = true;
  } else if (name == "strict_segments") {
    config.strict_segments = true;
  } else if (name == "profile") {
    if (option.value != "linux" && option.value != "rfc") wrong(option, "linux or rfc");
    config.profile = option.value == "rfc" ? tcp::Profile::rfc : tcp::Profile::linux;
  } else {
    for (const std::string_view other : kWithoutEffect) {
      if (name == other) return;
    }
    throw SyntaxError(option.position, "--" + name + " is no option that is understood");
  }
}

void set_addresses(RunConfig& config) {
  if (config.mode == AddressMode::ipv6) {
    config.local = *IpAddress::parse("fd3d:a0b:17d6::1");
    config.remote = *IpAddress::parse("fd3d:fa7b:d17d::1");
    config.prefix = 48;
    // The 20 bytes by which an IPv6 header is larger, so that segments are as large as over IPv4.
    config.mtu = 1520;
  } else {
    config.local = *IpAddress::parse("192.168.0.1");
    config.remote = *IpAddress::parse("192.0.2.1");
    config.prefix = 16;
  }
}

}  // namespace

std::string_view name(AddressMode mode) noexcept { return kModes[static_cast<std::size_t>(mode)]; }

std::optional<AddressMode> address_mode(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kModes.size(); ++i) {
    if (kModes[i] == name) return static_cast<AddressMode>(i);
  }
  return std::nullopt;
}

std::optional<AddressMode> only_mode(const Script& script) noexcept {
  for (const Option& option : script.options) {
    if (option.name == "ip_version") return address_mode(option.value);
  }
  return std::nullopt;
}

bool runs_in(const Script& script, AddressMode mode) noexcept {
  if (const auto only = only_mode(script)) return *only == mode;
  for (const Option& option : script.options) {
    if (option.name != "local_ip" && option.name != "remote_ip") continue;
    const auto address = IpAddress::parse(option.value);
    if (address && address->is_v4() == (mode == AddressMode::ipv6)) return false;
  }
  return true;
}

std::expected<RunConfig, Problem> make_config(const Script& script, const RunOptions& options) {
  RunConfig config;
  config.mode = options.mode.value_or(AddressMode::ipv4);
  config.profile = options.profile.value_or(tcp::Profile::linux);
  config.strict_echo = options.strict_echo;
  config.folder = options.folder;
  try {
    for (const Option& option : script.options) {
      if (option.name != "ip_version") continue;
      const auto mode = address_mode(option.value);
      if (!mode) wrong(option, "ipv4, ipv4-mapped-ipv6 or ipv6");
      config.mode = *mode;
    }
    set_addresses(config);
    for (const Option& option : script.options) apply(option, config);
  } catch (const SyntaxError& error) {
    return std::unexpected(Problem{.position = error.position(), .message = error.what()});
  }
  return config;
}

Defines defines_of(AddressMode mode) {
  const bool v4_socket = mode == AddressMode::ipv4;
  const bool v4_packets = mode != AddressMode::ipv6;
  return {{"CMSG_LEVEL_IP", v4_socket ? "SOL_IP" : "SOL_IPV6"},
          {"CMSG_TYPE_RECVERR", v4_socket ? "IP_RECVERR" : "IPV6_RECVERR"},
          {"CODE", v4_packets ? "host_unreachable" : "address_unreachable"},
          {"TFO_COOKIE", v4_packets ? "3021b9d889017eeb" : "c1d1e9742a47a9bc"}};
}

}  // namespace bowline::inline v0::packetdrill
