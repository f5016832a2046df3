#pragma once

// Commands in backticks: shell commands, by which a script says what it assumes of the system.
//
// No shell is run. What is a setting of TCP is understood as one; what only tidies up or looks is
// passed over; all else is named in a note, so that nobody takes a script for run that asked for
// more than was done.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bowline/packetdrill/sysctl.hpp"

namespace bowline::inline v0::packetdrill {

/// What the commands so far have asked for.
struct SystemSettings {
  Sysctls sysctls;                            ///< by name
  std::uint8_t initial_window = 0;            ///< segments (ip route ... initcwnd); 0: nothing said
  std::uint32_t route_mtu = 0;                ///< ip route ... mtu; 0: nothing said
  std::vector<std::string> not_understood{};  ///< commands that ask for something else

  /// `settings` with all of it.
  [[nodiscard]] tcp::Settings apply_to(tcp::Settings settings) const;
};

/// Adds what `text`, one or more shell commands, asks for.
void understand(std::string_view text, SystemSettings& settings);

}  // namespace bowline::inline v0::packetdrill
