#pragma once

// The text of a resolv.conf (resolv.conf(5)) as a Config. A pure function: who reads the file, if
// there is one, decides that.

#include <cstdint>
#include <string_view>

#include "bowline/dns/config.hpp"

namespace bowline::inline v0::dns {

/// What a resolv.conf says.
struct ResolvConf {
  Config config;  ///< what the file asks for
  /// Lines that say nothing we know, or say it wrong: they are passed over, as resolvers do.
  std::uint32_t ignored_lines = 0;
  /// The first of them, from 1; 0: none.
  std::uint32_t first_ignored = 0;
};

/// Reads `nameserver`, `search`, `domain` and of `options` ndots, timeout, attempts and rotate.
/// The last of `search` and `domain` counts. ndots goes to 15, timeout to 30 s, attempts to 5.
[[nodiscard]] ResolvConf parse_resolv_conf(std::string_view text) noexcept;

}  // namespace bowline::inline v0::dns
