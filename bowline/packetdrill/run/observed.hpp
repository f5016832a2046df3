#pragma once

// A packet as the script sees it: what the stack sent, taken apart, in the script's numbers; and
// what a script expects, in the same form, so that both print alike and compare field by field.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "bowline/packetdrill/language/script.hpp"
#include "bowline/packetdrill/run/config.hpp"
#include "bowline/wire/ip.hpp"

namespace bowline::inline v0::packetdrill {

/// A packet that the stack sent.
struct Observed {
  wire::IpHeader ip;                                 ///< its IP header
  bool ip_options = false;                           ///< the IP header has some
  std::variant<TcpSpec, UdpSpec, IcmpSpec> layer{};  ///< the rest; live numbers at first
  std::uint16_t source_port = 0;                     ///< of TCP and UDP
  std::uint16_t destination_port = 0;                ///< of TCP and UDP
  std::vector<std::byte> payload{};                  ///< of TCP and UDP

  [[nodiscard]] Endpoint source() const noexcept { return {ip.source, source_port}; }  ///< Whose.
  /// To whom.
  [[nodiscard]] Endpoint destination() const noexcept { return {ip.destination, destination_port}; }
};

/// Takes `packet` apart. The error is what is wrong with it: a packet that no stack may send.
[[nodiscard]] std::expected<Observed, std::string> observe(std::span<const std::byte> packet);

/// One field of a packet in print.
struct Field {
  std::string name;  ///< for a person: "window"
  std::string text;  ///< as in a script: "win 1000"; empty: not there
  bool any = false;  ///< the script leaves it open
};

/// The fields of what a script expects, in order of printing.
[[nodiscard]] std::vector<Field> fields_of(const PacketSpec& expected, AddressMode mode);
/// The fields of what was sent, in the same order, those that `expected` leaves open included.
[[nodiscard]] std::vector<Field> fields_of(const Observed& sent, const PacketSpec& expected);

/// "mss 1460,sackOK": TCP options as a script writes them.
[[nodiscard]] std::string options_text(std::span<const std::uint8_t> options);
/// "SEW", "S.", "P.5": TCP flags; with `ace`, ECE, CWR and AE as a number.
[[nodiscard]] std::string flags_text(std::uint16_t flags, bool ace);
/// The whole packet in one line, for --verbose.
[[nodiscard]] std::string to_text(const Observed& sent);

/// One TCP option in raw options.
struct RawOption {
  std::uint8_t kind = 0;                ///< its number
  std::span<const std::uint8_t> value;  ///< without kind and length
};
/// Those in `options`, one after the other; what is malformed ends them.
[[nodiscard]] std::vector<RawOption> split_options(std::span<const std::uint8_t> options);

}  // namespace bowline::inline v0::packetdrill
