#pragma once

// Where the control sockets of running instances are: PID.sock in a folder that only its user may
// enter, $XDG_RUNTIME_DIR/bowline or, where that is not the user's own, /tmp/bowline-UID.

#include <string>
#include <vector>

namespace bowline::tools {

/// The folders that may hold sockets of this user, the preferred one first. A folder in /tmp that
/// somebody else made under our name is not among them. Nothing is created.
[[nodiscard]] std::vector<std::string> control_folders();

/// The folder for new sockets, created if need be, mode 0700. Throws Failure where it cannot be
/// had, or is another's.
[[nodiscard]] std::string make_control_folder();

/// A socket of an instance.
struct ControlSocket {
  std::string path;
  int pid = 0;
};

/// The sockets that are there; of instances that have ended, too.
[[nodiscard]] std::vector<ControlSocket> find_control_sockets();

/// "FOLDER/PID.sock".
[[nodiscard]] std::string control_path(const std::string& folder, int pid);

}  // namespace bowline::tools
