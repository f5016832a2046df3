#include "bowline/os/netlink.hpp"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstring>
#include <span>
#include <thread>

#include "bowline/base/byte_order.hpp"

namespace bowline::inline v0::os {
namespace {

constexpr std::string_view kPermissionRemedy =
    "run as root, or in a network namespace of your own (unshare -rn)";

std::unexpected<Error> refused(std::string_view what, int code) {
  if (code == EPERM)
    return failed(fmt::format("{}: not permitted: {}", what, kPermissionRemedy), code);
  return failed(fmt::format("{}: {}", what, describe(code)), code);
}

std::string text(const IpAddress& address) {
  std::array<char, IpAddress::kMaxText> buffer;
  return {buffer.data(), address.format(buffer)};
}

std::string text(const Cidr& cidr) { return fmt::format("{}/{}", text(cidr.address), cidr.prefix); }

unsigned char family_of(const IpAddress& address) { return address.is_v4() ? AF_INET : AF_INET6; }

void put_bytes(nlmsghdr* header, std::uint16_t type, std::span<const std::byte> bytes) {
  mnl_attr_put(header, type, bytes.size(), bytes.data());
}

void put_name(nlmsghdr* header, std::uint16_t type, std::string_view name) {
  mnl_attr_put_strz(header, type, std::string(name).c_str());
}

// Calls `work` with each attribute behind a message's fixed part. (libmnl's own loop is a macro in
// C.)
template <class Work>
void for_each_attribute(const nlmsghdr& message, unsigned fixed, Work work) {
  const auto call = [](const nlattr* attribute, void* context) {
    (*static_cast<Work*>(context))(*attribute);
    return MNL_CB_OK;
  };
  mnl_attr_parse(&message, fixed, call, &work);
}

}  // namespace

// One message to the kernel, in the making.
class Netlink::Request {
 public:
  Request(std::uint16_t type, std::uint16_t flags) : header_(mnl_nlmsg_put_header(buffer_.data())) {
    header_->nlmsg_type = type;
    header_->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  }
  template <class T>
  T& body() {
    return *static_cast<T*>(mnl_nlmsg_put_extra_header(header_, sizeof(T)));
  }
  [[nodiscard]] nlmsghdr* header() { return header_; }

 private:
  alignas(nlmsghdr) std::array<char, 1'024> buffer_{};
  nlmsghdr* header_;
};

void Netlink::Close::operator()(mnl_socket* socket) const noexcept { mnl_socket_close(socket); }

Outcome<Netlink> Netlink::open() {
  mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
  if (socket == nullptr) return refused("cannot open a netlink socket", errno);
  Netlink netlink(socket);
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
    return refused("cannot bind a netlink socket", errno);
  }
  return netlink;
}

int Netlink::talk(Request& request, Consumer consumer, void* context) {
  nlmsghdr* const header = request.header();
  header->nlmsg_seq = ++sequence_;
  if (consumer == nullptr) header->nlmsg_flags |= NLM_F_ACK;
  if (mnl_socket_sendto(socket_.get(), header, header->nlmsg_len) < 0) return errno;

  struct Hearing {
    Consumer consumer;
    void* context;
  } hearing{.consumer = consumer, .context = context};
  const auto hear = [](const nlmsghdr* message, void* data) {
    const auto& to = *static_cast<Hearing*>(data);
    return to.consumer == nullptr ? MNL_CB_OK : to.consumer(message, to.context);
  };
  std::array<char, 32'768> answer{};
  const unsigned port = mnl_socket_get_portid(socket_.get());
  while (true) {
    const ssize_t size = mnl_socket_recvfrom(socket_.get(), answer.data(), answer.size());
    if (size < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    const int result =
        mnl_cb_run(answer.data(), static_cast<std::size_t>(size), sequence_, port, hear, &hearing);
    if (result < 0) return errno;
    // A single answer that is not an acknowledgment ends itself; lists end with "done".
    if (result == MNL_CB_STOP || (header->nlmsg_flags & (NLM_F_DUMP | NLM_F_ACK)) == 0) return 0;
  }
}

Outcome<std::optional<InterfaceState>> Netlink::find(std::string_view name) {
  Request request(RTM_GETLINK, 0);
  request.body<ifinfomsg>().ifi_family = AF_UNSPEC;
  put_name(request.header(), IFLA_IFNAME, name);
  InterfaceState state;
  const auto read = [](const void* message, void* context) {
    const auto* header = static_cast<const nlmsghdr*>(message);
    auto& found = *static_cast<InterfaceState*>(context);
    const auto* body = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(header));
    found.index = static_cast<std::uint32_t>(body->ifi_index);
    found.up = (body->ifi_flags & IFF_UP) != 0;
    found.hardware = body->ifi_type;
    for_each_attribute(*header, sizeof(ifinfomsg), [&](const nlattr& attribute) {
      const int type = mnl_attr_get_type(&attribute);
      if (type == IFLA_MTU) found.mtu = mnl_attr_get_u32(&attribute);
      if (type == IFLA_TXQLEN) found.queue = mnl_attr_get_u32(&attribute);
      if (type == IFLA_ADDRESS && mnl_attr_get_payload_len(&attribute) == found.mac.size()) {
        std::memcpy(found.mac.data(), mnl_attr_get_payload(&attribute), found.mac.size());
      }
    });
    return MNL_CB_OK;
  };
  const int code = talk(request, read, &state);
  if (code == ENODEV) return std::optional<InterfaceState>{};
  if (code != 0) return refused(fmt::format("cannot look for interface {}", name), code);
  return state;
}

Outcome<std::uint32_t> Netlink::index_of(std::string_view name) {
  auto state = find(name);
  if (!state) return std::unexpected(state.error());
  if (!*state) {
    return failed(
        fmt::format("there is no interface {}: `ip link` lists those that there are", name),
        ENODEV);
  }
  return (*state)->index;
}

Outcome<std::vector<Cidr>> Netlink::addresses(std::string_view name) {
  const auto index = index_of(name);
  if (!index) return std::unexpected(index.error());
  struct Found {
    std::uint32_t index;
    std::vector<Cidr> addresses;
  } found{.index = *index, .addresses = {}};
  Request request(RTM_GETADDR, NLM_F_DUMP);
  request.body<ifaddrmsg>().ifa_family = AF_UNSPEC;
  const auto read = [](const void* message, void* context) {
    const auto* header = static_cast<const nlmsghdr*>(message);
    auto& to = *static_cast<Found*>(context);
    const auto* body = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(header));
    if (body->ifa_index != to.index) return MNL_CB_OK;
    std::optional<IpAddress> local;
    for_each_attribute(*header, sizeof(ifaddrmsg), [&](const nlattr& attribute) {
      const int type = mnl_attr_get_type(&attribute);
      const auto* bytes = static_cast<const std::byte*>(mnl_attr_get_payload(&attribute));
      const bool v4 = body->ifa_family == AF_INET && mnl_attr_get_payload_len(&attribute) == 4;
      const bool v6 = body->ifa_family == AF_INET6 && mnl_attr_get_payload_len(&attribute) == 16;
      // IPv4 has both, and IFA_LOCAL is ours; IPv6 has IFA_ADDRESS alone.
      if (type == IFA_LOCAL && v4) local = IpAddress::v4(load_be<std::uint32_t>(bytes));
      if (type == IFA_ADDRESS && v6 && !local) {
        local = IpAddress::v6(std::span<const std::byte, 16>(bytes, 16));
      }
    });
    if (local) to.addresses.push_back({.address = *local, .prefix = body->ifa_prefixlen});
    return MNL_CB_OK;
  };
  const int code = talk(request, read, &found);
  if (code != 0) return refused(fmt::format("cannot list the addresses of {}", name), code);
  return std::move(found.addresses);
}

Outcome<void> Netlink::set_up(std::string_view name) {
  const auto index = index_of(name);
  if (!index) return std::unexpected(index.error());
  Request request(RTM_NEWLINK, 0);
  auto& body = request.body<ifinfomsg>();
  body.ifi_index = static_cast<int>(*index);
  body.ifi_flags = IFF_UP;
  body.ifi_change = IFF_UP;
  const int code = talk(request);
  if (code != 0) {
    return refused(fmt::format("cannot bring {0} up (sudo ip link set {0} up)", name), code);
  }
  return {};
}

int Netlink::set_number(std::uint32_t index, std::uint16_t attribute, std::uint32_t value) {
  Request request(RTM_NEWLINK, 0);
  request.body<ifinfomsg>().ifi_index = static_cast<int>(index);
  mnl_attr_put_u32(request.header(), attribute, value);
  return talk(request);
}

Outcome<void> Netlink::set_mtu(std::string_view name, std::uint32_t mtu) {
  const auto index = index_of(name);
  if (!index) return std::unexpected(index.error());
  if (const int code = set_number(*index, IFLA_MTU, mtu); code != 0) {
    return refused(fmt::format("cannot set the MTU of {} to {} (68 to 65535)", name, mtu), code);
  }
  return {};
}

Outcome<void> Netlink::set_queue(std::string_view name, std::uint32_t packets) {
  const auto index = index_of(name);
  if (!index) return std::unexpected(index.error());
  if (const int code = set_number(*index, IFLA_TXQLEN, packets); code != 0) {
    return refused(fmt::format("cannot make the queue of {} {} packets long", name, packets), code);
  }
  return {};
}

Outcome<void> Netlink::set_no_link_local(std::string_view name) {
  const auto index = index_of(name);
  if (!index) return std::unexpected(index.error());
  Request request(RTM_NEWLINK, 0);
  request.body<ifinfomsg>().ifi_index = static_cast<int>(*index);
  nlattr* const families = mnl_attr_nest_start(request.header(), IFLA_AF_SPEC);
  nlattr* const v6 = mnl_attr_nest_start(request.header(), AF_INET6);
  mnl_attr_put_u8(request.header(), IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  mnl_attr_nest_end(request.header(), v6);
  mnl_attr_nest_end(request.header(), families);
  const int code = talk(request);
  // Without IPv6 in the kernel there is nothing to switch off.
  if (code != 0 && code != EAFNOSUPPORT && code != EOPNOTSUPP) {
    return refused(fmt::format("cannot switch off link-local addresses of {}", name), code);
  }
  return {};
}

Outcome<void> Netlink::add_address(std::string_view name, const Cidr& address) {
  // The kernel would take some of these.
  if (address.address.is_multicast() || address.address.is_unspecified() ||
      address.address.is_limited_broadcast()) {
    return failed(
        fmt::format("cannot give {} the address {}: it is no host's (a group, or unspecified)",
                    name, text(address)),
        EADDRNOTAVAIL);
  }
  const auto index = index_of(name);
  if (!index) return std::unexpected(index.error());
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  auto& body = request.body<ifaddrmsg>();
  body.ifa_family = family_of(address.address);
  body.ifa_prefixlen = address.prefix;
  body.ifa_index = *index;
  put_bytes(request.header(), IFA_LOCAL, address.address.bytes());
  put_bytes(request.header(), IFA_ADDRESS, address.address.bytes());
  if (!address.address.is_v4()) mnl_attr_put_u32(request.header(), IFA_FLAGS, IFA_F_NODAD);
  const int code = talk(request);
  if (code != 0 && code != EEXIST) {
    return refused(fmt::format("cannot give {0} the address {1} (sudo ip address add {1} dev {0})",
                               name, text(address)),
                   code);
  }
  return {};
}

bool Netlink::is_local(const IpAddress& address, int& code) {
  Request request(RTM_GETROUTE, 0);
  auto& body = request.body<rtmsg>();
  body.rtm_family = family_of(address);
  body.rtm_dst_len = static_cast<unsigned char>(8 * address.bytes().size());
  put_bytes(request.header(), RTA_DST, address.bytes());
  bool local = false;
  const auto read = [](const void* message, void* context) {
    const auto* header = static_cast<const nlmsghdr*>(message);
    const auto* route = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(header));
    *static_cast<bool*>(context) = route->rtm_type == RTN_LOCAL;
    return MNL_CB_OK;
  };
  code = talk(request, read, &local);
  return code == 0 && local;
}

Outcome<void> Netlink::wait_until_local(const IpAddress& address) {
  int code = 0;
  for (int tries = 0; tries < 10'000; ++tries) {
    if (is_local(address, code)) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return refused(fmt::format("the kernel does not take packets to {}", text(address)),
                 code != 0 ? code : ETIMEDOUT);
}

Outcome<void> Netlink::add_route(const Cidr& destination, std::string_view name,
                                 const std::optional<IpAddress>& gateway) {
  const auto index = index_of(name);
  if (!index) return std::unexpected(index.error());
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);
  auto& body = request.body<rtmsg>();
  body.rtm_family = family_of(destination.address);
  body.rtm_dst_len = destination.prefix;
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_STATIC;
  body.rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  body.rtm_type = RTN_UNICAST;
  put_bytes(request.header(), RTA_DST, destination.address.bytes());
  if (gateway) put_bytes(request.header(), RTA_GATEWAY, gateway->bytes());
  mnl_attr_put_u32(request.header(), RTA_OIF, *index);
  const int code = talk(request);
  if (code != 0) {
    return refused(fmt::format("cannot route {} to {}", text(destination), name), code);
  }
  return {};
}

Outcome<void> Netlink::create_veth(std::string_view name, std::string_view peer,
                                   int peer_namespace) {
  for (const std::string_view each : {name, peer}) {
    if (auto good = check_interface_name(each); !good) return good;
  }
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  nlmsghdr* const header = request.header();
  request.body<ifinfomsg>().ifi_family = AF_UNSPEC;
  put_name(header, IFLA_IFNAME, name);
  nlattr* const info = mnl_attr_nest_start(header, IFLA_LINKINFO);
  put_name(header, IFLA_INFO_KIND, "veth");
  nlattr* const data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
  nlattr* const other = mnl_attr_nest_start(header, VETH_INFO_PEER);
  request.body<ifinfomsg>().ifi_family = AF_UNSPEC;
  put_name(header, IFLA_IFNAME, peer);
  if (peer_namespace >= 0) {
    mnl_attr_put_u32(header, IFLA_NET_NS_FD, static_cast<std::uint32_t>(peer_namespace));
  }
  mnl_attr_nest_end(header, other);
  mnl_attr_nest_end(header, data);
  mnl_attr_nest_end(header, info);
  const int code = talk(request);
  if (code != 0) return refused(fmt::format("cannot make the pair {} and {}", name, peer), code);
  return {};
}

Outcome<void> Netlink::remove(std::string_view name) {
  const auto index = index_of(name);
  if (!index) return std::unexpected(index.error());
  Request request(RTM_DELLINK, 0);
  request.body<ifinfomsg>().ifi_index = static_cast<int>(*index);
  const int code = talk(request);
  if (code != 0) return refused(fmt::format("cannot delete {}", name), code);
  return {};
}

Outcome<void> check_interface_name(std::string_view name) {
  if (name.empty()) return failed("an interface needs a name, such as bowline0", EINVAL);
  if (name.size() >= IFNAMSIZ) {
    return failed(
        fmt::format("interface name {} is too long: at most {} characters", name, IFNAMSIZ - 1),
        ENAMETOOLONG);
  }
  const bool good = name != "." && name != ".." && std::ranges::none_of(name, [](char c) {
                      return c == '/' || c == ':' || c == '%' ||
                             std::isspace(static_cast<unsigned char>(c)) != 0 ||
                             std::iscntrl(static_cast<unsigned char>(c)) != 0;
                    });
  if (!good) {
    return failed(
        fmt::format("\"{}\" cannot be an interface's name: letters, digits, '-' and '_' can", name),
        EINVAL);
  }
  return {};
}

}  // namespace bowline::inline v0::os
