#include "bowline/os/namespaces.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <filesystem>

#include "bowline/os/netlink.hpp"

namespace bowline::inline v0::os {
namespace {

constexpr std::string_view kRemedy =
    "run as root, or allow user namespaces (sysctl user.max_user_namespaces, "
    "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)";

bool is_only_thread() {
  std::error_code ignored;
  std::filesystem::directory_iterator tasks("/proc/self/task", ignored);
  return ignored || std::distance(begin(tasks), end(tasks)) == 1;
}

Outcome<void> write_file(const char* path, const std::string& content) {
  const FileDescriptor file(::open(path, O_WRONLY | O_CLOEXEC));
  if (!file ||
      ::write(file.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
    const int code = errno;
    return failed(fmt::format("cannot write {}: {}: {}", path, describe(code), kRemedy), code);
  }
  return {};
}

// The user becomes root of the namespace, and is nobody else in it (user_namespaces(7)).
Outcome<void> map_ids(uid_t user, gid_t group) {
  // Before a group may be mapped by an ordinary user, dropping groups must be out of the question.
  if (auto done = write_file("/proc/self/setgroups", "deny");
      !done && done.error().code.value() != ENOENT) {
    return done;
  }
  if (auto done = write_file("/proc/self/uid_map", fmt::format("0 {} 1\n", user)); !done)
    return done;
  return write_file("/proc/self/gid_map", fmt::format("0 {} 1\n", group));
}

Outcome<void> bring_loopback_up() {
  auto netlink = Netlink::open();
  if (!netlink) return std::unexpected(netlink.error());
  return netlink->set_up("lo");
}

Outcome<Entered> unshare_namespaces() {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) {
    if (auto done = map_ids(user, group); !done) return std::unexpected(done.error());
    return Entered::user_and_network;
  }
  const int code = errno;
  if (user == 0 && ::unshare(CLONE_NEWNET) == 0) return Entered::network_only;
  return failed(
      fmt::format("cannot make a user and network namespace: {}: {}", describe(code), kRemedy),
      code);
}

FileDescriptor open_own_network() {
  return FileDescriptor(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

Outcome<void> enter(const FileDescriptor& network_namespace) {
  if (::setns(network_namespace.get(), CLONE_NEWNET) == 0) return {};
  const int code = errno;
  return failed(fmt::format("cannot enter a network namespace: {}", describe(code)), code);
}

}  // namespace

Outcome<Entered> enter_namespace() {
  if (!is_only_thread()) {
    return failed(
        "cannot make a user namespace: this process has several threads already, and only one "
        "with a single thread may: enter it first",
        EINVAL);
  }
  auto entered = unshare_namespaces();
  if (!entered) return entered;
  if (auto up = bring_loopback_up(); !up) return std::unexpected(up.error());
  return entered;
}

Outcome<FileDescriptor> make_network_namespace() {
  const FileDescriptor home = open_own_network();
  if (!home || ::unshare(CLONE_NEWNET) != 0) {
    const int code = errno;
    return failed(fmt::format("cannot make a network namespace: {}: {}", describe(code), kRemedy),
                  code);
  }
  FileDescriptor made = open_own_network();
  const int code = errno;
  auto up = bring_loopback_up();
  if (auto back = enter(home); !back) return std::unexpected(back.error());
  if (!made)
    return failed(fmt::format("cannot open a network namespace: {}", describe(code)), code);
  if (!up) return std::unexpected(up.error());
  return made;
}

Outcome<void> within(const FileDescriptor& network_namespace,
                     const std::function<Outcome<void>()>& work) {
  const FileDescriptor home = open_own_network();
  if (!home) return failed("cannot open /proc/thread-self/ns/net: is /proc mounted?", errno);
  if (auto entered = enter(network_namespace); !entered) return entered;
  Outcome<void> result = work();
  if (auto back = enter(home); !back) return back;
  return result;
}

}  // namespace bowline::inline v0::os
