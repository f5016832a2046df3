#include "bowline/os/interface_watch.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace bowline::inline v0::os {

Outcome<InterfaceWatch> InterfaceWatch::start(std::string_view name, InterfaceReport report) {
  InterfaceWatch watch;
  // Of the local kind, which every kernel has; for this it is as good as a network socket.
  watch.socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!watch.socket_) {
    const int code = errno;
    return failed(fmt::format("cannot open a socket: {}", describe(code)), code);
  }
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(watch.socket_.get(), SIOCGIFINDEX, &request) != 0) {
    return failed(
        fmt::format("there is no interface {}: `ip link` lists those that there are", name),
        ENODEV);
  }
  watch.index_ = request.ifr_ifindex;
  watch.name_ = name;
  watch.look();
  watch.report_ = std::move(report);  // the first state is no news
  return watch;
}

void InterfaceWatch::look() noexcept {
  if (!socket_ || gone_) return;
  // By number, since it may have been renamed.
  ifreq request{};
  request.ifr_ifindex = index_;
  if (::ioctl(socket_.get(), SIOCGIFNAME, &request) != 0) {
    gone_ = true;
    up_ = false;
    tell("gone: somebody deleted it; nothing comes or goes any more");
    return;
  }
  if (::ioctl(socket_.get(), SIOCGIFFLAGS, &request) == 0) {
    const bool up = (static_cast<unsigned short>(request.ifr_flags) & IFF_UP) != 0;
    if (up != up_) {
      up_ = up;
      tell(up ? "up" : "down: nothing comes or goes until it is up again");
    }
  }
  if (::ioctl(socket_.get(), SIOCGIFMTU, &request) == 0 && request.ifr_mtu > 0) {
    const auto mtu = static_cast<std::uint32_t>(request.ifr_mtu);
    if (mtu != mtu_) {
      mtu_ = mtu;
      std::array<char, 32> text;
      const auto end = fmt::format_to_n(text.data(), text.size(), "MTU {}", mtu);
      tell({text.data(), end.size});
    }
  }
}

void InterfaceWatch::tell(std::string_view what) const noexcept {
  if (report_) report_(fmt::format("interface {}: {}", name_, what));
}

}  // namespace bowline::inline v0::os
