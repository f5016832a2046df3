#include "bowline/sockets/address.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace bowline::inline v0::sockets {
namespace {

IpAddress from_in(const in_addr& address) noexcept { return IpAddress::v4(ntohl(address.s_addr)); }

IpAddress from_in6(const in6_addr& address) noexcept {
  std::array<std::byte, 16> bytes;
  std::memcpy(bytes.data(), &address, bytes.size());
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + 12, sizeof value);
    return IpAddress::v4(ntohl(value));
  }
  return IpAddress::v6(bytes);
}

}  // namespace

std::expected<sa_family_t, int> family_of(const sockaddr* address, socklen_t length) {
  if (length < sizeof(sa_family_t)) return std::unexpected(EINVAL);
  if (length > sizeof(sockaddr_storage)) return std::unexpected(EINVAL);
  if (address == nullptr) return std::unexpected(EFAULT);
  sa_family_t family{};
  std::memcpy(&family, address, sizeof family);
  return family;
}

std::expected<Endpoint, int> read_address(int domain, const sockaddr* address, socklen_t length) {
  const auto family = family_of(address, length);
  if (!family) return std::unexpected(family.error());
  if (length < (domain == AF_INET ? socklen_t{sizeof(sockaddr_in)} : kShortestIn6)) {
    return std::unexpected(EINVAL);
  }
  if (*family != domain) return std::unexpected(EAFNOSUPPORT);
  if (domain == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    return Endpoint{from_in(in.sin_addr), ntohs(in.sin_port)};
  }
  sockaddr_in6 in6{};
  std::memcpy(&in6, address, std::min<std::size_t>(length, sizeof in6));
  return Endpoint{from_in6(in6.sin6_addr), ntohs(in6.sin6_port)};
}

int write_address(int domain, const Endpoint& endpoint, sockaddr* address, socklen_t* length) {
  if (address == nullptr) return 0;
  if (length == nullptr) return EFAULT;
  if (static_cast<int>(*length) < 0) return EINVAL;
  sockaddr_storage storage{};
  socklen_t full = 0;
  if (domain == AF_INET) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    in.sin_addr.s_addr = htonl(endpoint.address.v4_value());
    full = sizeof in;
    std::memcpy(&storage, &in, full);
  } else {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(endpoint.port);
    // raw() is the mapped form of an IPv4 address. "Any" is :: whichever version it is of: that is
    // what the socket was bound to.
    if (!(endpoint.address.is_v4() && endpoint.address.is_unspecified())) {
      std::memcpy(&in6.sin6_addr, endpoint.address.raw().data(), sizeof in6.sin6_addr);
    }
    full = sizeof in6;
    std::memcpy(&storage, &in6, full);
  }
  std::memcpy(address, &storage, std::min(*length, full));
  *length = full;
  return 0;
}

IpAddress any_of(int domain) noexcept {
  return IpAddress::any(domain == AF_INET ? Family::ipv4 : Family::ipv6);
}

}  // namespace bowline::inline v0::sockets
