#include "bowline/os/tun.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>

#include "bowline/base/byte_order.hpp"
#include "bowline/os/netlink.hpp"
#include "bowline/os/random.hpp"
#include "bowline/os/virtio.hpp"

namespace bowline::inline v0::os {
namespace {

constexpr const char* kDevice = "/dev/net/tun";
// What differs between the two kinds of device.
struct Kind {
  LinkKind link;
  short flag;
  const char* name;        // in messages
  const char* mode;        // of `ip tuntap`
  std::uint32_t most_mtu;  // the kernel's own bound; no device takes a longer frame
};
constexpr Kind kTun{
    .link = LinkKind::ip, .flag = IFF_TUN, .name = "TUN", .mode = "tun", .most_mtu = 65'535};
constexpr Kind kTap{
    .link = LinkKind::ethernet, .flag = IFF_TAP, .name = "TAP", .mode = "tap", .most_mtu = 65'521};

std::unexpected<Error> cannot_open(int code) {
  std::string remedy;
  struct stat status{};
  if (code == ENOENT || code == ENODEV || code == ENXIO) {
    remedy = "load the module (sudo modprobe tun), or give the container the device";
  } else if (::stat(kDevice, &status) == 0) {
    remedy =
        fmt::format("its mode is {:04o}: run as root, or let users open it (sudo chmod 0666 {})",
                    status.st_mode & 07777U, kDevice);
  } else {
    remedy = "run as root";
  }
  return failed(fmt::format("cannot open {}: {}: {}", kDevice, describe(code), remedy), code);
}

std::unexpected<Error> cannot_attach(const Kind& kind, const std::string& name, bool existed,
                                     int code) {
  std::string why = describe(code);
  if (code == EBUSY) {
    why = "another process uses it: end that one, or choose another name";
  } else if (code == EPERM) {
    why = existed ? "it belongs to another user: choose another name, or run as root"
                  : fmt::format(
                        "not permitted: run as root or in a namespace of your own, or have it "
                        "made beforehand (sudo ip tuntap add {} mode {} user $USER)",
                        name, kind.mode);
  } else if (code == EINVAL) {
    why = existed
              ? fmt::format("it exists and is no {} device of a single queue: choose another name",
                            kind.name)
              : "the kernel refuses it: choose another name";
  }
  return failed(fmt::format("cannot use interface {}: {}", name, why), code);
}

Outcome<FileDescriptor> open_device(const Kind& kind, const TunOptions& options, bool existed) {
  FileDescriptor device(::open(kDevice, O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!device) return cannot_open(errno);

  ifreq request{};
  request.ifr_flags = static_cast<short>(kind.flag | IFF_NO_PI | IFF_VNET_HDR);
  options.name.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(device.get(), TUNSETIFF, &request) != 0) {
    return cannot_attach(kind, options.name, existed, errno);
  }
  const int header_size = sizeof(VirtioHeader);
  // UDP segments (TUN_F_USO4, TUN_F_USO6) are not asked for: a Frame has no way to say so.
  const unsigned offloads =
      options.offload ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN : 0U;
  if (::ioctl(device.get(), TUNSETVNETHDRSZ, &header_size) != 0 ||
      ::ioctl(device.get(), TUNSETOFFLOAD, offloads) != 0) {
    const int code = errno;
    return failed(
        fmt::format("cannot set up the offloads of {}: {}: it needs Linux 2.6.32 or newer",
                    options.name, describe(code)),
        code);
  }
  return device;
}

// Gives the kernel's side what it lacks. What is there already needs no permission and stays.
Outcome<void> configure(Netlink& netlink, const Kind& kind, const TunOptions& options,
                        bool existed) {
  const std::string& name = options.name;
  if (!existed) {
    if (auto done = netlink.set_mtu(name, options.mtu); !done) return done;
    if (auto done = netlink.set_queue(name, options.queue); !done) return done;
    if (kind.link == LinkKind::ip) {
      if (auto done = netlink.set_no_link_local(name); !done) return done;
    }
  }
  const auto present = netlink.addresses(name);
  if (!present) return std::unexpected(present.error());
  for (const Cidr& address : options.peer_addresses) {
    if (std::ranges::find(*present, address) != present->end()) continue;
    if (auto done = netlink.add_address(name, address); !done) return done;
  }
  const auto state = netlink.find(name);
  if (!state) return std::unexpected(state.error());
  if (*state && !(*state)->up) {
    if (auto done = netlink.set_up(name); !done) return done;
  }
  for (const Cidr& address : options.peer_addresses) {
    if (auto done = netlink.wait_until_local(address.address); !done) return done;
  }
  return {};
}

// Our own address on a TAP device, distinct from that of the kernel's side.
Outcome<wire::MacAddress> choose_mac(const TunOptions& options, const wire::MacAddress& kernels) {
  if (!options.mac) {
    const auto random = random_mac();
    if (!random) {
      return failed(fmt::format("cannot draw random numbers: {}", random.error().message()),
                    random.error().value());
    }
    return *random;
  }
  if (auto good = check_mac(*options.mac); !good) return std::unexpected(good.error());
  if (*options.mac == kernels) {
    return failed(fmt::format("the MAC address is that of the kernel's side of {}: choose another",
                              options.name),
                  EADDRINUSE);
  }
  return *options.mac;
}

Outcome<std::unique_ptr<TunLink>> create(const Kind& kind, const TunOptions& options) {
  if (auto good = check_interface_name(options.name); !good) return std::unexpected(good.error());
  if (options.mtu < 68 || options.mtu > kind.most_mtu) {
    return failed(fmt::format("an MTU of {} is out of range: 68 to {}", options.mtu, kind.most_mtu),
                  EINVAL);
  }
  auto netlink = Netlink::open();
  if (!netlink) return std::unexpected(netlink.error());
  auto before = netlink->find(options.name);
  if (!before) return std::unexpected(before.error());
  const bool existed = before->has_value();

  auto device = open_device(kind, options, existed);
  if (!device) return std::unexpected(device.error());
  if (auto done = configure(*netlink, kind, options, existed); !done)
    return std::unexpected(done.error());
  const auto after = netlink->find(options.name);
  if (!after) return std::unexpected(after.error());
  auto watch = InterfaceWatch::start(options.name, options.report);
  if (!watch) return std::unexpected(watch.error());

  LinkInfo info;
  info.kind = kind.link;
  if (kind.link == LinkKind::ethernet) {
    const auto mac = choose_mac(options, *after ? (*after)->mac : wire::MacAddress{});
    if (!mac) return std::unexpected(mac.error());
    info.mac = *mac;
  }
  info.mtu = *after ? (*after)->mtu : options.mtu;
  info.max_gso = kind.most_mtu;
  info.transmit_checksum = true;
  info.receive_merges = options.offload;
  return std::make_unique<TunLink>(std::move(*device), info, std::move(*watch));
}

}  // namespace

Outcome<std::unique_ptr<TunLink>> create_tun(const TunOptions& options) {
  return create(kTun, options);
}

Outcome<std::unique_ptr<TunLink>> create_tap(const TunOptions& options) {
  return create(kTap, options);
}

Outcome<void> check_mac(const wire::MacAddress& mac) {
  if (wire::is_group(mac)) {
    return failed(
        "the MAC address is a group's (its first byte is odd): choose one such as "
        "02:00:00:00:00:02",
        EINVAL);
  }
  if (mac == wire::MacAddress{}) {
    return failed("a MAC address of zeros is nobody's: choose one such as 02:00:00:00:00:02",
                  EINVAL);
  }
  return {};
}

std::optional<Cidr> peer_of(const Cidr& own) {
  const std::span<const std::byte> bytes = own.address.bytes();
  const auto bits = static_cast<unsigned>(8 * bytes.size());
  if (own.prefix >= bits) return std::nullopt;
  const bool point_to_point =
      own.prefix + 1U == bits;  // RFC 3021, RFC 6164: both numbers are hosts

  std::array<std::byte, 16> host{};
  std::ranges::copy(bytes, host.begin());
  for (unsigned bit = own.prefix; bit < bits; ++bit) {
    host[bit / 8] &= ~(std::byte{0x80} >> bit % 8);
  }
  const auto with_last = [&](unsigned number) {
    std::array<std::byte, 16> made = host;
    made[bytes.size() - 1] |= static_cast<std::byte>(number);
    return bytes.size() == 4 ? IpAddress::v4(load_be<std::uint32_t>(made.data()))
                             : IpAddress::v6(made);
  };
  const unsigned first = point_to_point ? 0 : 1;
  IpAddress peer = with_last(first);
  if (peer == own.address) peer = with_last(first + 1);
  return Cidr{.address = peer, .prefix = own.prefix};
}

}  // namespace bowline::inline v0::os
