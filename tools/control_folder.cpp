#include "tools/control_folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

// Our user as the system outside of a user namespace knows it: in one, everybody is called 0, and
// all of them would meet in one folder.
unsigned long outer_uid() {
  std::ifstream map("/proc/self/uid_map");
  unsigned long inside = 0;
  unsigned long outside = 0;
  unsigned long count = 0;
  const unsigned long own = ::geteuid();
  while (map >> inside >> outside >> count) {
    if (own >= inside && own - inside < count) return outside + (own - inside);
  }
  return own;
}

bool is_ours(const std::string& folder, bool& there) {
  struct stat what{};
  there = ::lstat(folder.c_str(), &what) == 0;
  return there && S_ISDIR(what.st_mode) && what.st_uid == ::geteuid();
}

// Where a folder may be made or found, the preferred first.
std::vector<std::string> candidates() {
  std::vector<std::string> folders;
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");  // NOLINT: one thread
  bool there = false;
  // After su or sudo it may be another user's.
  if (runtime != nullptr && runtime[0] == '/' && is_ours(runtime, there)) {
    folders.push_back(fmt::format("{}/bowline", runtime));
  }
  folders.push_back(fmt::format("/tmp/bowline-{}", outer_uid()));
  return folders;
}

}  // namespace

std::vector<std::string> control_folders() {
  std::vector<std::string> folders = candidates();
  std::erase_if(folders, [](const std::string& folder) {
    bool there = false;
    return !is_ours(folder, there);
  });
  return folders;
}

std::string make_control_folder() {
  const std::string folder = candidates().front();
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw Failure(
        fmt::format("{}: cannot be made: {}", folder, std::generic_category().message(errno)));
  }
  bool there = false;
  if (!is_ours(folder, there) || ::chmod(folder.c_str(), 0700) != 0) {
    throw Failure(fmt::format("{}: belongs to another user", folder));
  }
  return folder;
}

std::vector<ControlSocket> find_control_sockets() {
  std::vector<ControlSocket> found;
  for (const std::string& folder : control_folders()) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      int pid = 0;
      const char* const end = name.data() + name.size();
      const auto [stopped, failure] = std::from_chars(name.data(), end, pid);
      if (failure == std::errc{} && std::string_view(stopped, end) == ".sock" && pid > 0) {
        found.push_back({entry.path().string(), pid});
      }
    }
  }
  std::ranges::sort(found, {}, &ControlSocket::pid);
  return found;
}

std::string control_path(const std::string& folder, int pid) {
  return fmt::format("{}/{}.sock", folder, pid);
}

}  // namespace bowline::tools
