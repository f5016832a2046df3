#pragma once

// Settings of Linux (sysctl) as settings of a Stack.
//
// A packetdrill script says what it assumes of the system in shell commands. What of that concerns
// TCP comes here as lines `net.ipv4.tcp_sack=0`, or as the files of /proc/sys; what Bowline has no
// such thing for is kept, and changes nothing.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "bowline/tcp/settings.hpp"

namespace bowline::inline v0::packetdrill {

/// Values by their names, the later one counts.
class Sysctls {
 public:
  /// `key` as sysctl(8) or as a path names it: net.ipv4.tcp_sack, net/ipv4/tcp_sack,
  /// /proc/sys/net/ipv4/tcp_sack.
  void assign(std::string_view key, std::string_view value);
  /// One line `key=value` or `key = value`; -e and -q and -w in front are options of sysctl(8).
  /// A line `ip=...` has the arguments of ip(8): see assign_route(). Others are left alone: false.
  bool assign_line(std::string_view line);
  /// What `ip route change ...` says of the route to the peer: route.mtu, route.initcwnd and so on,
  /// as if they were settings. False: it says something else as well, or nothing.
  bool assign_route(std::string_view arguments);

  /// The keys that apply_to() knows, as sysctl(8) spells them.
  [[nodiscard]] static std::span<const std::string_view> known() noexcept;

  /// The value of `key`, in any of its spellings.
  [[nodiscard]] std::optional<std::string_view> value(std::string_view key) const;
  /// The same as a number, decimal or 0x…; nothing: there is none, or it is none.
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view key) const;
  /// Does the queueing discipline, the arguments of tc(8) under the key `tc`, have room for
  /// nothing?
  [[nodiscard]] bool interface_refuses() const;
  /// `settings` with what has been assigned. A value that cannot be read or is out of range changes
  /// nothing.
  [[nodiscard]] tcp::Settings apply_to(tcp::Settings settings) const;

  /// How often something was assigned that makes Linux forget the servers that it knows: ip(8)'s
  /// "tcp_metrics flush" as tcp_metrics.flush, or net.ipv4.tcp_fastopen_cookies = 0 of kernels that
  /// had it.
  [[nodiscard]] std::uint32_t flushes() const noexcept { return flushes_; }

  friend bool operator==(const Sysctls&, const Sysctls&) = default;

 private:
  std::map<std::string, std::string, std::less<>> values_;
  std::uint32_t flushes_ = 0;
};

}  // namespace bowline::inline v0::packetdrill
