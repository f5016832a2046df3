#pragma once

// What a script has set in the system, as it happens.
//
// Shell commands of a script never reach the library. What they set is found in two places: in a
// file of `key=value` lines, which stand-ins for sysctl(8) write, and in /proc/sys, where programs
// write by themselves. Both are looked at again before each socket is made; of two values for one
// key the one that came later counts, and of two that came since the last look the one in /proc.
//
// What the machine itself is set to does not count: a script that says nothing gets the stack's
// defaults, wherever it runs. That somebody wrote to a file of /proc/sys is seen by inotify(7), so
// that a script may also write what stood there already.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bowline/packetdrill/sysctl.hpp"

namespace bowline::inline v0::packetdrill {

/// Follows the settings of the system.
class SysctlWatch {
 public:
  /// Reads `file` (empty: there is none), and from now on follows the files under `root`,
  /// "/proc/sys" but for tests.
  explicit SysctlWatch(std::string file, std::string root = "/proc/sys");
  ~SysctlWatch();
  SysctlWatch(const SysctlWatch&) = delete;
  SysctlWatch& operator=(const SysctlWatch&) = delete;

  /// Looks again.
  void look();
  /// Looks at the file alone, which costs next to nothing.
  void look_at_file() { read_file(); }
  /// All that was found.
  [[nodiscard]] const Sysctls& found() const noexcept { return found_; }

 private:
  void read_file();
  void follow_root();
  void read_root();
  void note_writers();
  [[nodiscard]] std::optional<std::string> value_of(std::string_view key) const;

  std::string file_;
  std::string root_;
  std::size_t read_ = 0;  // bytes of the file that were looked at
  struct Followed {
    std::string value;  // at the last look
    int watch = -1;     // inotify's; -1: a change alone is seen
    bool written = false;
  };
  std::map<std::string, Followed> rooted_;  // by key
  int inotify_ = -1;
  Sysctls found_;
};

}  // namespace bowline::inline v0::packetdrill
