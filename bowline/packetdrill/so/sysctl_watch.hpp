#pragma once

// What a script has set in the system, as it happens.
//
// Shell commands of a script never reach the library. What they set is found in two places: in a
// file of `key=value` lines, which stand-ins for sysctl(8) write, and in /proc/sys, where programs
// write by themselves. Both are looked at again before each socket is made; of two values for one
// key the one that came later counts, and of two that came since the last look the one in /proc.

#include <cstddef>
#include <map>
#include <string>

#include "bowline/packetdrill/sysctl.hpp"

namespace bowline::inline v0::packetdrill {

/// Follows the settings of the system.
class SysctlWatch {
 public:
  /// Reads `file` (empty: there is none) and the files under `root`, "/proc/sys" but for tests.
  explicit SysctlWatch(std::string file, std::string root = "/proc/sys");

  /// Looks again.
  void look();
  /// Looks at the file alone, which costs next to nothing.
  void look_at_file() { read_file(); }
  /// All that was found.
  [[nodiscard]] const Sysctls& found() const noexcept { return found_; }

 private:
  void read_file();
  void read_root();

  std::string file_;
  std::string root_;
  std::size_t read_ = 0;                       // bytes of the file that were looked at
  std::map<std::string, std::string> rooted_;  // what stood under root at the last look
  Sysctls found_;
};

}  // namespace bowline::inline v0::packetdrill
