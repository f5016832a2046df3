#pragma once

// Commands in backticks: shell commands, by which a script says what it assumes of the system.
//
// No shell is run. What is a setting of TCP is understood as one; what only tidies up or looks is
// passed over; all else is named in a note, so that nobody takes a script for run that asked for
// more than was done.

#include <string>
#include <string_view>
#include <vector>

#include "bowline/packetdrill/sysctl.hpp"

namespace bowline::inline v0::packetdrill {

/// What the commands so far have asked for.
struct SystemSettings {
  Sysctls sysctls;                            ///< by name, what a route says among them
  std::vector<std::string> not_understood{};  ///< commands that ask for something else
};

/// Adds what `text`, one or more shell commands, asks for. A `…/defaults.sh` is read where it lies,
/// seen from `folder`; where there is none (or `folder` is empty), it is that of stock packetdrill.
void understand(std::string_view text, SystemSettings& settings, const std::string& folder = {});

}  // namespace bowline::inline v0::packetdrill
