// getsockopt and setsockopt of IPPROTO_IP and IPPROTO_IPV6: do_ip_setsockopt(),
// do_ipv6_setsockopt(), as far as the Stack has what they set.

#include <netinet/in.h>
#include <netinet/ip.h>

#include <bit>
#include <cerrno>

#include "bowline/sockets/socket.hpp"

namespace bowline::inline v0::sockets {
namespace {

// Newer than the oldest headers that this builds with.
constexpr int kLocalPortRange = 51;            // IP_LOCAL_PORT_RANGE
constexpr int kAddressPreferences = 72;        // IPV6_ADDR_PREFERENCES
constexpr std::size_t kMsfilterSize = 16;      // IP_MSFILTER_SIZE(0)
constexpr std::size_t kGroupFilterSize = 144;  // GROUP_FILTER_SIZE(0)
constexpr std::size_t kMtuInfoSize = 32;       // struct ip6_mtuinfo
constexpr std::size_t kMembershipSize = 20;    // struct ipv6_mreq, struct in6_pktinfo
constexpr std::size_t kControlHeader = 16;     // struct cmsghdr
constexpr int kDefaultHops = 64;
constexpr int kLeastMtu = 1280;
constexpr int kAddrForm = 1;       // IPV6_ADDRFORM
constexpr int kPacketOptions = 6;  // IPV6_2292PKTOPTIONS
constexpr int kEcnBits =
    3;  // INET_ECN_MASK: of a stream they are the protocol's, not the program's

// IP level: an int, or a single byte.
std::optional<int> int_or_byte(const OptionSource& from) noexcept {
  if (const auto value = from.as<int>()) return value;
  if (const auto value = from.as<unsigned char>()) return *value;
  return std::nullopt;
}

// ip6_sock_set_addr_preferences(): of each pair one at the most.
bool take_preferences(int value, int& preferences) noexcept {
  constexpr unsigned kTemporary = 0x1;
  constexpr unsigned kPublic = 0x2;
  constexpr unsigned kCareOf = 0x4;
  constexpr unsigned kCga = 0x8;
  constexpr unsigned kEither = 0x100;
  constexpr unsigned kHome = 0x400;
  constexpr unsigned kNotCga = 0x800;
  const auto asked = static_cast<unsigned>(value);
  const auto one_of = [asked](unsigned mask) { return std::popcount(asked & mask) <= 1; };
  const unsigned origin = asked & (kTemporary | kPublic | kEither);
  if (!one_of(kTemporary | kPublic | kEither) || !one_of(kHome | kCareOf) ||
      !one_of(kCga | kNotCga)) {
    return false;
  }
  auto now = static_cast<unsigned>(preferences);
  if (origin != 0) now = (now & ~(kTemporary | kPublic | kEither)) | origin;
  if ((asked & kCareOf) != 0) now = (now & ~kHome) | kCareOf;
  if ((asked & kHome) != 0) now = (now & ~kCareOf) | kHome;
  preferences = static_cast<int>(now);
  return true;
}

// Options that say nothing (a list of NOPs and its end) are all that can be sent here.
bool takes_options(const OptionSource& from) noexcept {
  constexpr std::size_t kMost = 40;
  if (from.size() > kMost) return false;
  const auto* bytes = static_cast<const std::byte*>(from.data());
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (bytes[i] == std::byte{IPOPT_END}) return true;
    if (bytes[i] != std::byte{IPOPT_NOP}) return false;
  }
  return true;
}

}  // namespace

Outcome Socket::get_ip_option(int option, OptionTarget to) {
  switch (option) {
    case IP_TOS:
      return to.put_int_or_byte(ip_.tos);
    case IP_TTL:
      return to.put_int_or_byte(ip_.ttl == -1 ? kDefaultHops : ip_.ttl);
    case IP_MTU_DISCOVER:
      return to.put_int_or_byte(ip_.mtu_discover);
    case IP_RECVERR:
      return to.put_int_or_byte(ip_.receive_errors ? 1 : 0);
    case IP_FREEBIND:
      return to.put_int_or_byte(ip_.free_bind ? 1 : 0);
    case IP_MTU: {
      const int mtu = path_mtu();
      return mtu > 0 ? to.put_int_or_byte(mtu) : failed(ENOTCONN);
    }
    case IP_OPTIONS:
      return to.put(nullptr, 0);
    case IP_MULTICAST_IF: {
      const in_addr any{};
      return to.put(&any, sizeof any);
    }
    case IP_UNICAST_IF:
      return to.put_int_or_byte(0);
    case kLocalPortRange:
      return to.put_int_or_byte(ip_.local_port_range);
    case IP_MSFILTER:
      return failed(to.room() < kMsfilterSize ? EINVAL : EADDRNOTAVAIL);
    default:
      return failed(ENOPROTOOPT);
  }
}

Outcome Socket::set_ip_option(int option, OptionSource from) {
  const auto given = int_or_byte(from);
  const int value = given.value_or(0);
  switch (option) {
    case IP_TOS:
      ip_.tos =
          type_ == SOCK_STREAM ? (value & 0xff & ~kEcnBits) | (ip_.tos & kEcnBits) : value & 0xff;
      return returned(0);
    case IP_TTL:
      if (!given || (value != -1 && (value < 1 || value > 255))) return failed(EINVAL);
      ip_.ttl = value;
      return returned(0);
    case IP_MTU_DISCOVER:
      if (value < IP_PMTUDISC_DONT || value > IP_PMTUDISC_OMIT) return failed(EINVAL);
      ip_.mtu_discover = value;
      return returned(0);
    case IP_RECVERR:
      ip_.receive_errors = value != 0;
      return returned(0);
    case IP_FREEBIND:
      if (!given) return failed(EINVAL);
      ip_.free_bind = value != 0;
      return returned(0);
    case IP_OPTIONS:
      return takes_options(from) ? returned(0) : failed(EINVAL);
    case IP_MULTICAST_IF:  // of datagrams
    case IP_MULTICAST_TTL:
    case IP_MSFILTER:
      return failed(EINVAL);
    case IP_UNICAST_IF:
      if (from.size() != sizeof(int)) return failed(EINVAL);
      return value == 0 ? returned(0) : failed(EADDRNOTAVAIL);
    case kLocalPortRange: {
      const auto range = static_cast<std::uint32_t>(value);
      const std::uint32_t low = range & 0xffffU;
      const std::uint32_t high = range >> 16U;
      if (from.size() != sizeof(int) || (low != 0 && high != 0 && low > high)) {
        return failed(EINVAL);
      }
      ip_.local_port_range = value;
      return returned(0);
    }
    default:
      return failed(ENOPROTOOPT);
  }
}

Outcome Socket::get_ipv6_option(int option, OptionTarget to) {
  switch (option) {
    case IPV6_V6ONLY:
      return to.put(ip_.v6_only);
    case IPV6_TCLASS:
      return to.put(ip_.traffic_class);
    case IPV6_UNICAST_HOPS:
      return to.put(ip_.unicast_hops == -1 ? kDefaultHops : ip_.unicast_hops);
    case IPV6_MTU_DISCOVER:
      return to.put(ip_.mtu_discover_v6);
    case IPV6_RECVERR:
      return to.put(ip_.receive_errors_v6);
    case IPV6_MTU: {
      const int mtu = path_mtu();
      return mtu > 0 ? to.put(mtu) : failed(ENOTCONN);
    }
    case kAddrForm:
      return remote() ? to.put(domain_) : failed(ENOTCONN);
    case IPV6_PATHMTU:
      return failed(to.room() < kMtuInfoSize ? EINVAL : ENOTCONN);
    case MCAST_MSFILTER:
      return failed(to.room() < kGroupFilterSize ? EINVAL : EADDRNOTAVAIL);
    case kPacketOptions:  // headers that nobody set are empty
    case IPV6_HOPOPTS:
    case IPV6_RTHDRDSTOPTS:
    case IPV6_RTHDR:
    case IPV6_DSTOPTS:
      return to.put(nullptr, 0);
    case kAddressPreferences:
      return to.put(ip_.address_preferences);
    case IPV6_UNICAST_IF:
      return to.put(0);
    default:
      return failed(ENOPROTOOPT);
  }
}

Outcome Socket::set_ipv6_option(int option, OptionSource from) {
  const auto value = from.as<int>();
  switch (option) {
    case IPV6_V6ONLY:
      if (!value || has_port()) return failed(EINVAL);
      ip_.v6_only = *value != 0;
      return returned(0);
    case IPV6_TCLASS:
      if (!value || *value < -1 || *value > 255) return failed(EINVAL);
      ip_.traffic_class = *value == -1 ? 0 : *value;
      if (type_ == SOCK_STREAM) ip_.traffic_class &= ~kEcnBits;
      return returned(0);
    case IPV6_UNICAST_HOPS:
      if (!value || *value < -1 || *value > 255) return failed(EINVAL);
      ip_.unicast_hops = *value;
      return returned(0);
    case IPV6_MTU_DISCOVER:
      if (!value || *value < IPV6_PMTUDISC_DONT || *value > IPV6_PMTUDISC_OMIT) {
        return failed(EINVAL);
      }
      ip_.mtu_discover_v6 = *value;
      return returned(0);
    case IPV6_RECVERR:
      if (!value) return failed(EINVAL);
      ip_.receive_errors_v6 = *value != 0;
      return returned(0);
    case kAddrForm:
      return failed(value && *value == AF_INET && !remote() ? ENOTCONN : EINVAL);
    case kPacketOptions:
      return from.size() <= kControlHeader ? returned(0) : failed(EINVAL);
    case IPV6_MTU:
      if (!value || (*value != 0 && *value < kLeastMtu)) return failed(EINVAL);
      return returned(0);
    case IPV6_PKTINFO:
      return from.size() < kMembershipSize ? failed(EINVAL) : returned(0);
    case IPV6_ADD_MEMBERSHIP:  // of datagrams
    case IPV6_DROP_MEMBERSHIP:
      return failed(from.size() < kMembershipSize ? EINVAL : EPROTO);
    case IPV6_JOIN_ANYCAST:
    case IPV6_LEAVE_ANYCAST:
      if (from.size() < kMembershipSize) return failed(EINVAL);
      return failed(option == IPV6_JOIN_ANYCAST ? EPERM : ENOENT);
    case MCAST_MSFILTER:
      return failed(EINVAL);
    case IPV6_IPSEC_POLICY:
    case IPV6_XFRM_POLICY:
    case IPV6_HOPOPTS:
    case IPV6_RTHDRDSTOPTS:
    case IPV6_DSTOPTS:
      return failed(EPERM);
    case IPV6_RTHDR:
      return from.size() == 0 ? returned(0) : failed(EINVAL);
    case kAddressPreferences:
      if (!value || !take_preferences(*value, ip_.address_preferences)) return failed(EINVAL);
      return returned(0);
    case IPV6_UNICAST_IF:
      if (!value || from.size() != sizeof(int)) return failed(EINVAL);
      return *value == 0 ? returned(0) : failed(EADDRNOTAVAIL);
    default:
      return failed(ENOPROTOOPT);
  }
}

}  // namespace bowline::inline v0::sockets
