#include "tools/tun_end.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string_view>

#include "bowline/os/namespaces.hpp"
#include "tools/arguments.hpp"
#include "tools/failure.hpp"

namespace bowline::tools {
namespace {

os::FileDescriptor open_namespace(const std::string& argument, const std::string& name) {
  const std::string path = name.find('/') == std::string::npos ? "/run/netns/" + name : name;
  os::FileDescriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor) {
    throw Failure(
        fmt::format("{}: cannot open the network namespace {}: {}: make it (ip "
                    "netns add NAME), or give a path such as /proc/PID/ns/net",
                    argument, path, os::describe(errno)));
  }
  return descriptor;
}

}  // namespace

TunEnd read_tun_end(const std::string& argument, const std::string& text) {
  const std::size_t at = text.find('@');
  const LinkSpec link = read_link(argument, text.substr(0, at));
  if (link.kind != LinkSpec::Kind::tun) {
    throw WrongUsage(fmt::format("{} {}: must be tun:NAME or tun:NAME@NAMESPACE", argument, text));
  }
  TunEnd end{.name = link.name, .network_namespace = {}};
  if (at != std::string::npos) end.network_namespace = text.substr(at + 1);
  if (at != std::string::npos && end.network_namespace.empty()) {
    throw WrongUsage(fmt::format("{} {}: names no namespace after the @", argument, text));
  }
  return end;
}

std::unique_ptr<os::TunLink> open_tun_end(const std::string& argument, const TunEnd& end,
                                          std::uint32_t mtu, const std::vector<Cidr>& addresses) {
  os::TunOptions options;
  options.name = end.name;
  options.mtu = mtu;
  options.peer_addresses = addresses;
  options.report = [](std::string_view line) { fmt::print(stderr, "{}\n", line); };
  if (end.network_namespace.empty()) return or_fail(os::create_tun(options));
  std::unique_ptr<os::TunLink> link;
  const os::FileDescriptor there = open_namespace(argument, end.network_namespace);
  or_fail(os::within(there, [&]() -> os::Outcome<void> {
    auto made = os::create_tun(options);
    if (!made) return std::unexpected(made.error());
    link = std::move(*made);
    return {};
  }));
  return link;
}

os::FileDescriptor end_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  os::FileDescriptor descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!descriptor) throw Failure(fmt::format("cannot watch signals: {}", os::describe(errno)));
  return descriptor;
}

}  // namespace bowline::tools
