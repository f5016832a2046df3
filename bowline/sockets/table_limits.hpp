#pragma once

// The numbers that Linux takes from sysctl and ulimit.

#include <cstdint>

namespace bowline::inline v0::sockets {

/// Bounds and defaults of a SocketTable, with Linux's values.
struct TableLimits {
  /// The lowest descriptor that is given out: a process has 0, 1 and 2 already.
  int first_descriptor = 3;
  /// How many there may be; the next is EMFILE (ulimit -n).
  int descriptors = 1024;
  /// The largest backlog of a listener; larger ones, and negative ones, mean this
  /// (net.core.somaxconn).
  std::uint32_t somaxconn = 4096;
  /// The largest SO_SNDBUF that may be asked for, before it is doubled (net.core.wmem_max);
  /// SO_SNDBUFFORCE goes beyond.
  std::uint32_t wmem_max = 212'992;
  /// The same of SO_RCVBUF (net.core.rmem_max).
  std::uint32_t rmem_max = 212'992;
  /// May the program use the options that need CAP_NET_ADMIN (SO_SNDBUFFORCE, SO_RCVBUFFORCE,
  /// SO_MARK, SO_PRIORITY above 6)? Without: EPERM.
  bool net_admin = true;
};

}  // namespace bowline::inline v0::sockets
