#pragma once

// What the packets of a capture begin with: the numbers that libpcap gives link layers, as far as
// they carry IP in a form that is read here.

#include <cstdint>
#include <string>

namespace bowline::inline v0::explain {

/// A link type as it stands in a file. Any number may; those named are understood.
enum class LinkType : std::uint32_t {
  null = 0,  ///< BSD loopback: the address family in the capturing machine's order
  ethernet = 1,
  raw_12 = 12,  ///< raw IP, as OpenBSD and others number it
  raw_14 = 14,
  raw = 101,
  loop = 108,  ///< OpenBSD loopback: the address family in network order
  linux_sll = 113,
  ipv4 = 228,
  ipv6 = 229,
  linux_sll2 = 276,
};

/// Can packets of this type be taken apart?
[[nodiscard]] bool is_known(LinkType link) noexcept;

/// "Ethernet", "raw IP", "link type 105".
[[nodiscard]] std::string to_text(LinkType link);

}  // namespace bowline::inline v0::explain
