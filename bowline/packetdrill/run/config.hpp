#pragma once

// What a run of a script is made from: addresses, sizes, tolerances. Stock packetdrill's defaults,
// changed by the options of the script and of whoever runs it.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "bowline/base/time.hpp"
#include "bowline/packetdrill/language/lexer.hpp"
#include "bowline/packetdrill/language/script.hpp"
#include "bowline/tcp/settings.hpp"
#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::packetdrill {

/// Which addresses a script runs over.
enum class AddressMode : std::uint8_t {
  ipv4,    ///< AF_INET sockets
  mapped,  ///< AF_INET6 sockets with IPv4 addresses (::ffff:a.b.c.d)
  ipv6,    ///< AF_INET6 sockets
};

/// "ipv4", "ipv4-mapped-ipv6", "ipv6".
[[nodiscard]] std::string_view name(AddressMode mode) noexcept;
/// The mode of this name.
[[nodiscard]] std::optional<AddressMode> address_mode(std::string_view name) noexcept;

/// How a script is run.
struct RunConfig {
  AddressMode mode = AddressMode::ipv4;        ///< --ip_version
  tcp::Profile profile = tcp::Profile::linux;  ///< --profile
  IpAddress local{};                           ///< --local_ip: the stack's
  IpAddress remote{};                          ///< --remote_ip: the peer's
  std::uint8_t prefix = 16;                    ///< of the local address
  std::uint16_t bind_port = 8080;              ///< --bind_port
  std::uint16_t connect_port = 8080;           ///< --connect_port
  std::uint32_t mtu = 1500;                    ///< --mtu: of the link
  Duration tolerance = 4ms;                    ///< --tolerance_usecs
  double tolerance_percent = 12.5;             ///< --tolerance_percent, of the gap
  std::optional<Duration> ts_tick{};           ///< --tcp_ts_tick_usecs: check TS values
  bool ts_ecr_scaled = false;                  ///< --tcp_ts_ecr_scaled
  bool strict_segments = false;                ///< --strict_segments: never merge
  bool strict_echo = false;                    ///< compare what sent timestamps echo, too
  std::string folder{};                        ///< the script's; empty: it is in no file
};

/// What the command line says of all scripts; a script's own options win.
struct RunOptions {
  std::optional<AddressMode> mode{};      ///< nothing: the script's, or ipv4
  std::optional<tcp::Profile> profile{};  ///< nothing: the script's, or linux
  bool strict_echo = false;               ///< see RunConfig
  std::string folder{};                   ///< see RunConfig
};

/// The configuration of `script`, or which of its options is wrong.
[[nodiscard]] std::expected<RunConfig, Problem> make_config(const Script& script,
                                                            const RunOptions& options);

/// The mode that the options of `script` name; nothing: none.
[[nodiscard]] std::optional<AddressMode> only_mode(const Script& script) noexcept;
/// Can `script` be run in `mode`? In all three, unless its options name one, or an address of
/// another family.
[[nodiscard]] bool runs_in(const Script& script, AddressMode mode) noexcept;

/// Names whose meaning depends on the mode and that scripts expect to be defined: CMSG_LEVEL_IP,
/// CMSG_TYPE_RECVERR, CODE (a host that cannot be reached) and TFO_COOKIE (that of the peer under
/// the key of defaults.sh).
[[nodiscard]] Defines defines_of(AddressMode mode);

}  // namespace bowline::inline v0::packetdrill
