// ns_launcher [--ordinary-user] PROGRAM [ARGUMENT...]
//
// Runs a program in a user and network namespace of its own. A sanitizer's runtime may start a
// thread, and a process with threads cannot make a user namespace; so this small program, never
// built with one, does it first and becomes the test by exec. Where no namespace can be had the
// test runs all the same and finds the reason in BOWLINE_NO_NAMESPACE.
//
// --ordinary-user: give up root first (uid 65534), so that the way of an ordinary user is tested by
// root as well. /dev/net/tun, which some systems keep for root, is opened to all in a mount
// namespace that only this process sees.

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "bowline/os/namespaces.hpp"

namespace {

constexpr uid_t kNobody = 65534;
constexpr int kUsage = 2;
constexpr int kCannotExecute = 127;

// Best effort: where it fails, the test meets the device as it is and says what it found.
void open_tun_to_all() {
  struct stat status{};
  if (::stat("/dev/net/tun", &status) != 0 || (status.st_mode & 0006U) == 0006U) return;
  const dev_t device = status.st_rdev;
  if (::unshare(CLONE_NEWNS) != 0 ||
      ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("bowline-test", "/dev/net", "tmpfs", 0, "mode=0755") != 0) {
    return;
  }
  const mode_t mask = ::umask(0);
  ::mknod("/dev/net/tun", S_IFCHR | 0666, device);
  ::umask(mask);
}

bool become_ordinary_user() {
  if (::geteuid() != 0) return true;
  open_tun_to_all();
  return ::setgroups(0, nullptr) == 0 && ::setresgid(kNobody, kNobody, kNobody) == 0 &&
         ::setresuid(kNobody, kNobody, kNobody) == 0 &&
         ::prctl(PR_SET_DUMPABLE, 1) == 0;  // else /proc/self stays root's, and so the maps
}

}  // namespace

int main(int argc, char** argv) {
  int first = 1;
  const bool ordinary = argc > 1 && std::string_view(argv[1]) == "--ordinary-user";
  if (ordinary) ++first;
  if (argc <= first) {
    std::fputs("usage: ns_launcher [--ordinary-user] PROGRAM [ARGUMENT...]\n", stderr);
    return kUsage;
  }
  // Opened now: the ordinary user may not be allowed to look into the folder where it is.
  const int program = ::open(argv[first], O_PATH | O_CLOEXEC);
  if (program < 0) {
    std::fprintf(stderr, "ns_launcher: %s: %s\n", argv[first], std::strerror(errno));
    return kCannotExecute;
  }
  if (ordinary && !become_ordinary_user()) {
    ::setenv("BOWLINE_NO_NAMESPACE", "cannot become an ordinary user", 1);
  } else if (const auto entered = bowline::os::enter_namespace(); !entered) {
    ::setenv("BOWLINE_NO_NAMESPACE", entered.error().message.c_str(), 1);
  } else {
    ::unsetenv("BOWLINE_NO_NAMESPACE");
    const bool both = *entered == bowline::os::Entered::user_and_network;
    ::setenv("BOWLINE_NAMESPACE", both ? "user and network" : "network", 1);
  }
  ::fexecve(program, argv + first, environ);
  std::fprintf(stderr, "ns_launcher: %s: %s\n", argv[first], std::strerror(errno));
  return kCannotExecute;
}
