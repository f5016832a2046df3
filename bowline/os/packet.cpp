#include "bowline/os/packet.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "bowline/base/byte_order.hpp"
#include "bowline/os/netlink.hpp"
#include "bowline/os/random.hpp"
#include "bowline/os/tun.hpp"

namespace bowline::inline v0::os {
namespace {

// A segment of 64 KiB is to be taken without the software segmentation that a frame over 65535
// bytes would meet with (netdevice.h, GSO_LEGACY_MAX_SIZE).
constexpr std::uint32_t kLargestPacket = 65'535 - wire::kEthernetHeaderSize;
// Room for a hundred merged segments. Beyond net.core.rmem_max only the real root may ask for it;
// others get what that allows.
constexpr int kReceiveBuffer = 8 << 20;
constexpr int kSendBuffer = 4 << 20;

std::unexpected<Error> cannot(const std::string& what, const std::string& interface, int code) {
  if (code == EPERM || code == EACCES) {
    return failed(fmt::format("cannot {} on {}: not permitted: it takes CAP_NET_RAW: run as root "
                              "(sudo), or in a network namespace of your own (unshare -rn)",
                              what, interface),
                  code);
  }
  return failed(fmt::format("cannot {} on {}: {}", what, interface, describe(code)), code);
}

template <class T>
bool set(const FileDescriptor& socket, int level, int option, const T& value) {
  return ::setsockopt(socket.get(), level, option, &value, sizeof value) == 0;
}

// What the kernel hands to us: frames from outside, to `mac` or to a group, that hold IP or ARP and
// no VLAN tag (a priority, tag number 0, is none). The kernel has taken tags out of the frames by
// then. Everything else it need not copy.
std::array<sock_filter, 19> filter_for(const wire::MacAddress& mac) {
  constexpr std::uint32_t kAncillary = static_cast<std::uint32_t>(SKF_AD_OFF);
  const std::uint32_t mac_high = load_be<std::uint32_t>(mac.data());
  const std::uint32_t mac_low = load_be<std::uint16_t>(mac.data() + 4);
  const auto load = [](std::uint16_t size, std::uint32_t at) -> sock_filter {
    return BPF_STMT(static_cast<std::uint16_t>(BPF_LD | BPF_ABS | size), at);
  };
  // Jumps count the instructions between; the last two are "drop" (17) and "keep" (18).
  const auto equal = [](std::uint32_t value, std::uint8_t yes, std::uint8_t no) -> sock_filter {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
  };
  return {{
      load(BPF_W, kAncillary + SKF_AD_PKTTYPE),           // 0
      equal(PACKET_OUTGOING, 15, 0),                      // 1
      load(BPF_W, kAncillary + SKF_AD_VLAN_TAG_PRESENT),  // 2
      equal(0, 3, 0),                                     // 3: untagged, to 7
      load(BPF_W, kAncillary + SKF_AD_VLAN_TAG),          // 4
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x0fff),        // 5
      equal(0, 0, 10),                                    // 6
      load(BPF_H, 12),                                    // 7
      equal(ETH_P_IP, 2, 0),                              // 8: to 11
      equal(ETH_P_IPV6, 1, 0),                            // 9: to 11
      equal(ETH_P_ARP, 0, 6),                             // 10
      load(BPF_B, 0),                                     // 11
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 5, 0),      // 12: a group
      load(BPF_W, 0),                                     // 13
      equal(mac_high, 0, 2),                              // 14
      load(BPF_H, 4),                                     // 15
      equal(mac_low, 1, 0),                               // 16
      BPF_STMT(BPF_RET | BPF_K, 0),                       // 17
      BPF_STMT(BPF_RET | BPF_K, 0xffff'ffff),             // 18
  }};
}

// The interface's number and hardware address; errors for one that will not do.
Outcome<InterfaceState> examine(Netlink& netlink, const std::string& name) {
  const auto state = netlink.find(name);
  if (!state) return std::unexpected(state.error());
  if (!*state) {
    return failed(
        fmt::format("there is no interface {}: `ip link` lists those that there are", name),
        ENODEV);
  }
  if ((*state)->hardware != ARPHRD_ETHER) {
    return failed(fmt::format("{} is no Ethernet interface: a packet link needs one (`ip link` "
                              "says link/ether); on others use tun:NAME",
                              name),
                  EINVAL);
  }
  if (!(*state)->up) {
    return failed(fmt::format("{0} is down: bring it up (sudo ip link set {0} up)", name),
                  ENETDOWN);
  }
  return **state;
}

Outcome<void> check_addresses(Netlink& netlink, const PacketOptions& options) {
  const auto kernels = netlink.addresses(options.interface);
  if (!kernels) return std::unexpected(kernels.error());
  for (const Cidr& own : options.own_addresses) {
    if (std::ranges::find(*kernels, own.address, &Cidr::address) == kernels->end()) continue;
    std::array<char, IpAddress::kMaxText> text;
    return failed(
        fmt::format("{} is the kernel's own address on {}: it would answer Bowline's connections "
                    "with resets; give Bowline another one of the network",
                    std::string_view(text.data(), own.address.format(text)), options.interface),
        EADDRINUSE);
  }
  return {};
}

Outcome<wire::MacAddress> choose_mac(const PacketOptions& options,
                                     const wire::MacAddress& kernels) {
  if (options.mac) {
    if (auto good = check_mac(*options.mac); !good) return std::unexpected(good.error());
    if (*options.mac == kernels) {
      return failed(fmt::format("the MAC address is that of the kernel on {}: choose another",
                                options.interface),
                    EADDRINUSE);
    }
    return *options.mac;
  }
  const auto random = random_mac();
  if (random) return *random;
  return failed(fmt::format("cannot draw random numbers: {}", random.error().message()),
                random.error().value());
}

// Frames for `address` (of `type`) come in as well, as long as the socket is open.
bool join(const FileDescriptor& socket, std::uint32_t index, std::uint16_t type,
          const wire::MacAddress& address) {
  packet_mreq request{};
  request.mr_ifindex = static_cast<int>(index);
  request.mr_type = type;
  request.mr_alen = static_cast<std::uint16_t>(address.size());
  std::memcpy(request.mr_address, address.data(), address.size());
  return set(socket, SOL_PACKET, PACKET_ADD_MEMBERSHIP, request);
}

Outcome<FileDescriptor> open_socket(const std::string& name, const InterfaceState& interface,
                                    const wire::MacAddress& mac) {
  // Of no protocol at first, so that nothing arrives before the filter stands.
  FileDescriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return cannot("open a packet socket", name, errno);

  auto instructions = filter_for(mac);
  const sock_fprog program{.len = static_cast<unsigned short>(instructions.size()),
                           .filter = instructions.data()};
  if (!set(socket, SOL_SOCKET, SO_ATTACH_FILTER, program)) {
    return cannot("attach a filter", name, errno);
  }
  const int yes = 1;
  if (!set(socket, SOL_PACKET, PACKET_VNET_HDR, yes)) {
    return cannot("use offloads (Linux 2.6.27 has them)", name, errno);
  }
  // Linux 4.20; before it the filter does the same, a little later.
  static_cast<void>(set(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, yes));
  if (!set(socket, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBuffer)) {
    static_cast<void>(set(socket, SOL_SOCKET, SO_RCVBUF, kReceiveBuffer));
  }
  if (!set(socket, SOL_SOCKET, SO_SNDBUFFORCE, kSendBuffer)) {
    static_cast<void>(set(socket, SOL_SOCKET, SO_SNDBUF, kSendBuffer));
  }

  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(interface.index);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return cannot("listen to frames", name, errno);
  }
  if (!join(socket, interface.index, PACKET_MR_UNICAST, mac)) {
    return cannot("take frames for another MAC address", name, errno);
  }
  // All groups rather than each that NDP joins: the filter and the Stack tell them apart.
  if (!join(socket, interface.index, PACKET_MR_ALLMULTI, {})) {
    return cannot("take frames for groups", name, errno);
  }
  return socket;
}

}  // namespace

Outcome<std::unique_ptr<PacketLink>> open_packet(const PacketOptions& options) {
  if (auto good = check_interface_name(options.interface); !good) {
    return std::unexpected(good.error());
  }
  auto netlink = Netlink::open();
  if (!netlink) return std::unexpected(netlink.error());
  const auto interface = examine(*netlink, options.interface);
  if (!interface) return std::unexpected(interface.error());
  if (auto free = check_addresses(*netlink, options); !free) return std::unexpected(free.error());
  const auto mac = choose_mac(options, interface->mac);
  if (!mac) return std::unexpected(mac.error());
  auto socket = open_socket(options.interface, *interface, *mac);
  if (!socket) return std::unexpected(socket.error());
  auto watch = InterfaceWatch::start(options.interface, options.report);
  if (!watch) return std::unexpected(watch.error());

  LinkInfo info;
  info.kind = LinkKind::ethernet;
  info.mac = *mac;
  info.mtu = std::min(interface->mtu, 65'535U);
  info.max_gso = options.offload ? kLargestPacket : 0;
  info.transmit_checksum = options.offload;
  info.receive_merges = true;
  return std::make_unique<PacketLink>(std::move(*socket), info, std::move(*watch));
}

}  // namespace bowline::inline v0::os
