#pragma once

// Addresses as the calls have them (sockaddr_in, sockaddr_in6) and as the Stack has them
// (Endpoint). A socket of AF_INET6 speaks of IPv4 peers by mapped addresses, ::ffff:a.b.c.d (RFC
// 3493 section 3.7); the Stack knows them as IPv4, which they are.

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <expected>

#include "bowline/wire/ip_address.hpp"

namespace bowline::inline v0::sockets {

/// The shortest sockaddr of AF_INET6 that Linux takes: without sin6_scope_id (RFC 2133).
inline constexpr socklen_t kShortestIn6 = 24;

/// Reads the family of `address`; the error is an errno: EINVAL when it is too short to have one,
/// EFAULT when it is null.
[[nodiscard]] std::expected<sa_family_t, int> family_of(const sockaddr* address, socklen_t length);

/// Reads an address of `domain` (AF_INET, AF_INET6). The error is an errno: EINVAL (too short),
/// EAFNOSUPPORT (another family), EFAULT (null).
[[nodiscard]] std::expected<Endpoint, int> read_address(int domain, const sockaddr* address,
                                                        socklen_t length);

/// Writes `endpoint` as a socket of `domain` speaks of it: as much as `*length` has room for, and
/// the full length into it. Nothing when `address` is null. Returns 0, or EINVAL for a negative
/// length, or EFAULT.
[[nodiscard]] int write_address(int domain, const Endpoint& endpoint, sockaddr* address,
                                socklen_t* length);

/// The unspecified address of `domain`.
[[nodiscard]] IpAddress any_of(int domain) noexcept;

}  // namespace bowline::inline v0::sockets
