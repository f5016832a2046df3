// getsockopt and setsockopt of IPPROTO_IP and IPPROTO_IPV6: do_ip_setsockopt(),
// do_ipv6_setsockopt(), as far as the Stack has what they set.

#include <netinet/in.h>
#include <netinet/ip.h>

#include <cerrno>

#include "bowline/sockets/socket.hpp"

namespace bowline::inline v0::sockets {
namespace {

constexpr int kDefaultHops = 64;
constexpr int kEcnBits =
    3;  // INET_ECN_MASK: of a stream they are the protocol's, not the program's

// IP level: an int, or a single byte.
std::optional<int> int_or_byte(const OptionSource& from) noexcept {
  if (const auto value = from.as<int>()) return value;
  if (const auto value = from.as<unsigned char>()) return *value;
  return std::nullopt;
}

// What fits in a byte is given in a byte to whoever has no room for an int.
Outcome put_int_or_byte(OptionTarget& to, int value) noexcept {
  if (to.room() > 0 && to.room() < sizeof(int) && value >= 0 && value <= 255) {
    const auto byte = static_cast<unsigned char>(value);
    return to.put(&byte, sizeof byte);
  }
  return to.put(value);
}

}  // namespace

Outcome Socket::get_ip_option(int option, OptionTarget to) {
  switch (option) {
    case IP_TOS:
      return put_int_or_byte(to, ip_.tos);
    case IP_TTL:
      return put_int_or_byte(to, ip_.ttl == -1 ? kDefaultHops : ip_.ttl);
    case IP_MTU_DISCOVER:
      return put_int_or_byte(to, ip_.mtu_discover);
    case IP_RECVERR:
      return put_int_or_byte(to, ip_.receive_errors ? 1 : 0);
    case IP_FREEBIND:
      return put_int_or_byte(to, ip_.free_bind ? 1 : 0);
    case IP_MTU: {
      const int mtu = path_mtu();
      return mtu > 0 ? put_int_or_byte(to, mtu) : failed(ENOTCONN);
    }
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
    default:
      return failed(ENOPROTOOPT);
  }
}

}  // namespace bowline::inline v0::sockets
